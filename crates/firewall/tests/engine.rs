//! What a caller can ask of the engine besides a verdict: files, lints, limits, exclusions,
//! explanations, answers.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use firewall::{
    Disruption, Exclusion, Files, Limits, Mode, NoFiles, Options, Phase, RequestView, Ruleset,
    Selection, Source, Step, Transaction, Verdict,
};

const CLIENT: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), 4000);
const SERVER: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 443);

/// Files in memory. A pattern is a folder with `*.conf`.
#[derive(Default)]
struct Memory(BTreeMap<&'static str, &'static str>);

impl Files for Memory {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.0.get(path).map(|text| text.as_bytes().to_vec())
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        let Some(folder) = pattern.strip_suffix("*.conf") else { return vec![pattern.to_owned()] };
        let fits = |path: &&&str| path.starts_with(folder) && path.ends_with(".conf");
        self.0.keys().filter(fits).map(ToString::to_string).collect()
    }
}

#[expect(clippy::expect_used, reason = "a helper of tests")]
fn compile(text: &str) -> Ruleset {
    Ruleset::compile(&[Source::new("rules.conf", text)], &NoFiles).expect("the rules compile")
}

fn get<'a>(target: &'a str) -> RequestView<'a> {
    RequestView {
        method: b"GET",
        target: target.as_bytes(),
        protocol: b"HTTP/1.1",
        headers: &[],
        body: b"",
        remote_address: CLIENT.0,
        unique_id: "1",
    }
}

fn ids(verdict: &Verdict) -> Vec<u32> {
    verdict.matched.iter().map(|one| one.id).collect()
}

fn post(rules: &Ruleset, options: Options, media_type: &str, body: &[u8]) -> Transaction {
    let mut transaction = rules.transaction(options);
    transaction.connection(CLIENT, SERVER);
    transaction.request_line(b"POST", b"/", b"HTTP/1.1");
    transaction.request_header(b"Content-Type", media_type.as_bytes());
    transaction.phase1();
    body.chunks(3).for_each(|piece| transaction.request_body(piece));
    transaction
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn includes_are_found_beside_the_file_that_names_them() {
    let files = Memory(BTreeMap::from([
        ("etc/main.conf", "Include rules/*.conf\nIncludeOptional none/*.conf"),
        ("etc/rules/a.conf", "SecRule ARGS \"@pmFromFile a.data\" \"id:1,phase:1,pass\""),
        ("etc/rules/a.data", "# words\nunion\n\nselect\n"),
    ]));

    let rules = Ruleset::compile(&[Source::new("top", "Include etc/main.conf")], &files).unwrap();

    assert_eq!(rules.rules(), 1);
    let verdict = rules.inspect(&get("/?q=unions"), Options::default(), Phase::RequestHeaders);
    assert_eq!(ids(&verdict), [1]);
}

#[test]
fn faults_of_included_files_name_them_and_a_circle_ends() {
    let files = Memory(BTreeMap::from([("a.conf", "Include b.conf\nSecNone"), ("b.conf", "x")]));
    let faults = Ruleset::compile(&[Source::new("top", "Include a.conf")], &files).unwrap_err();
    let places: Vec<(&str, u32)> =
        faults.iter().map(|fault| (fault.file.as_str(), fault.line)).collect();
    assert_eq!(places, [("a.conf", 2), ("b.conf", 1)]);

    let circle = Memory(BTreeMap::from([("a.conf", "Include a.conf")]));
    let faults = Ruleset::compile(&[Source::new("top", "Include a.conf")], &circle).unwrap_err();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].to_string(), "a.conf:1:1: includes are nested deeper than 16");
}

#[test]
fn rules_that_can_never_match_are_named() {
    let rules = compile(
        "SecRule RESPONSE_BODY \"@rx a\" \"id:1,phase:2,pass\"\n\
         SecRule REMOTE_ADDR \"@rbl x\" \"id:2,phase:1,pass\"\n\
         SecRule ARGS \"@streq A\" \"id:3,phase:1,pass,t:lowercase\"\n\
         SecAction \"id:4,phase:1,pass,skipAfter:NOWHERE\"\n\
         SecRule RESPONSE_BODY|ARGS \"@rx a\" \"id:5,phase:2,pass\"",
    );

    let lints = rules.lint();

    assert_eq!(lints.iter().map(|lint| lint.id).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(
        lints[0].to_string(),
        "rules.conf:1: rule 1: `RESPONSE_BODY` is not known before phase 4"
    );
}

#[test]
fn patterns_that_run_within_a_limit_on_steps_are_named() {
    let rules = compile(
        "SecRule ARGS \"@rx (a+)=(?!\\1)\" \"id:1,phase:2,pass\"\n\
         SecRule ARGS \"@rx (?<name>a+)\" \"id:2,phase:2,pass\"",
    );

    assert_eq!(rules.lint().iter().map(|lint| lint.id).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_body_over_its_limit_is_refused_or_read_in_part() {
    let reject = compile("SecRequestBodyLimit 4\nSecRule ARGS_POST:a \"@rx .\" \"id:1,phase:2\"");
    let stopped = post(&reject, Options::default(), FORM, b"a=12345").phase2();
    let interruption = stopped.expect("an interruption");
    assert_eq!((interruption.status, interruption.rule_id), (413, 0));

    let partial = compile(
        "SecRequestBodyLimit 4\nSecRequestBodyLimitAction ProcessPartial\n\
         SecRule ARGS_POST:a \"@streq 12\" \"id:1,phase:2,pass\"\n\
         SecRule INBOUND_DATA_ERROR \"@eq 1\" \"id:2,phase:2,pass\"",
    );
    let mut transaction = post(&partial, Options::default(), FORM, b"a=12345");
    assert_eq!(transaction.phase2(), None);
    assert_eq!(ids(&transaction.finish()), [1, 2]);
}

#[test]
fn too_many_arguments_are_an_error_of_the_body() {
    let rules = compile(
        "SecArgumentsLimit 2\nSecRule REQBODY_ERROR \"!@eq 0\" \"id:1,phase:2,deny,status:400\"\n\
         SecRule &ARGS \"!@eq 2\" \"id:2,phase:2,deny\"",
    );

    let stopped = post(&rules, Options::default(), FORM, b"a=1&b=2&c=3").phase2();

    assert_eq!(stopped.map(|interruption| interruption.rule_id), Some(1));
}

#[test]
fn a_full_arena_refuses_unless_it_only_detects() {
    let rules = compile("SecRule ARGS \"@rx a\" \"id:1,phase:1,pass\"");
    let limits = Some(Limits { arena_bytes_max: 32, ..Limits::default() });
    let request = get("/?q=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");

    let options = Options { limits: limits.clone(), ..Options::default() };
    let verdict = rules.inspect(&request, options, Phase::RequestBody);
    assert_eq!(verdict.interruption.map(|interruption| interruption.status), Some(413));

    let mode = Some(Mode::DetectionOnly);
    let options = Options { limits, mode, ..Options::default() };
    assert!(!rules.inspect(&request, options, Phase::RequestBody).is_blocked());
}

#[test]
fn messages_end_where_logs_would_drown() {
    let rules = compile("SecRule ARGS \"@rx a\" \"id:1,phase:1,pass,logdata:'%{MATCHED_VAR}'\"");
    let target = format!("/?{}={}", "n".repeat(5000), "a".repeat(9000));

    let verdict = rules.inspect(&get(&target), Options::default(), Phase::RequestHeaders);

    assert_eq!(verdict.matched[0].data.len(), 4096);
    assert_eq!(verdict.matched[0].variable.len(), 4096);
}

#[test]
fn exclusions_from_outside_hold_for_one_transaction() {
    let rules = compile(
        "SecRule ARGS \"@rx z\" \"id:1,phase:1,pass,tag:'attack-sqli'\"\n\
         SecRule ARGS_NAMES|ARGS \"@rx z\" \"id:2,phase:1,pass\"\n\
         SecRule REQUEST_METHOD \"@streq GET\" \"id:3,phase:1,pass\"",
    );
    let run = |list: &[Exclusion]| {
        let exclusions = Some(rules.exclusions(list).unwrap());
        let options = Options { exclusions, ..Options::default() };
        ids(&rules.inspect(&get("/?a=z&b=z"), options, Phase::RequestHeaders))
    };
    let exclusion = |rules: Selection, target: Option<&str>| Exclusion {
        rules,
        target: target.map(ToOwned::to_owned),
    };

    let tag = || Selection::Tag("attack-sqli".to_owned());
    assert_eq!(run(&[]), [1, 2, 3]);
    assert_eq!(run(&[exclusion(tag(), None)]), [2, 3]);
    assert_eq!(run(&[exclusion(tag(), Some("ARGS:a"))]), [1, 2, 3]);
    assert_eq!(run(&[exclusion(tag(), Some("ARGS:a|ARGS:/^b$/"))]), [2, 3]);
    assert_eq!(run(&[exclusion(Selection::All, Some("ARGS"))]), [3]);
    assert_eq!(run(&[exclusion(Selection::Ids(2, 3), None)]), [1]);
    assert!(rules.exclusions(&[exclusion(Selection::All, Some("ARG:a"))]).is_err());
}

#[test]
fn variables_are_set_before_the_first_phase() {
    let rules = compile("SecRule TX:level \"@ge 2\" \"id:1,phase:1,pass\"");
    let tx = vec![("LEVEL".to_owned(), "3".to_owned())];

    let options = Options { tx, ..Options::default() };
    let verdict = rules.inspect(&get("/"), options, Phase::RequestHeaders);

    assert_eq!(ids(&verdict), [1]);
}

#[test]
fn an_explanation_tells_what_each_rule_saw() {
    let rules = compile(
        "SecRule ARGS \"@rx b+\" \"id:1,phase:1,pass,capture,t:lowercase,setvar:tx.n=+2\"\n\
         SecRule ARGS \"@rx zz\" \"id:2,phase:1,pass,skipAfter:END\"\n\
         SecAction \"id:3,phase:1,pass,skipAfter:END\"\nSecAction \"id:4,phase:1\"\nSecMarker END",
    );

    let options = Options { explain: true, ..Options::default() };
    let verdict = rules.inspect(&get("/?q=aBB"), options, Phase::RequestHeaders);

    let steps: Vec<(u32, Step)> =
        verdict.events.into_iter().map(|event| (event.id, event.step)).collect();
    let matched = Step::Matched {
        link: 0,
        variable: "ARGS:q".to_owned(),
        value: b"abb".to_vec(),
        span: Some((1, 3)),
        transformations: vec!["lowercase"],
    };
    assert_eq!(steps[0], (1, matched));
    assert_eq!(steps[1], (1, Step::Set { variable: "tx.n".to_owned(), value: b"2".to_vec() }));
    assert!(matches!(steps[2], (2, Step::Looked { .. })));
    assert_eq!(steps[4], (3, Step::Skipped { to: "END".to_owned(), rules: 1 }));
}

#[test]
fn answers_are_looked_into_by_media_type() {
    let rules = compile(
        "SecResponseBodyAccess On\nSecResponseBodyMimeType application/json\n\
         SecRule RESPONSE_STATUS \"@streq 500\" \"id:1,phase:3,pass\"\n\
         SecRule RESPONSE_HEADERS:Server \"@rx php\" \"id:2,phase:3,pass\"\n\
         SecRule RESPONSE_BODY \"@contains stack trace\" \"id:3,phase:4,deny,status:502\"",
    );
    let answer = |media_type: &str| {
        let mut transaction = rules.transaction(Options::default());
        transaction.request(&get("/"), Phase::RequestBody);
        transaction.response_line(500, b"HTTP/1.1");
        transaction.response_header(b"Server", b"php");
        transaction.response_header(b"Content-Type", media_type.as_bytes());
        transaction.phase3();
        let wanted = transaction.wants_response_body();
        transaction.response_body(b"a stack ");
        transaction.response_body(b"trace");
        let stopped = transaction.phase4().map(|stop| (stop.status, stop.action));
        (wanted, stopped, ids(&transaction.finish()))
    };

    let denied = Some((502, Disruption::Deny));
    assert_eq!(answer("application/json; charset=utf-8"), (true, denied, vec![1, 2, 3]));
    assert_eq!(answer("image/png"), (false, None, vec![1, 2]));
}

#[test]
fn disruptions_differ() {
    let stop = |action: &str| {
        let rules = compile(&format!("SecAction \"id:1,phase:1,{action}\""));
        let verdict = rules.inspect(&get("/?to=x"), Options::default(), Phase::RequestHeaders);
        verdict.interruption.map(|stop| (stop.status, stop.action))
    };

    let target = Disruption::Redirect("https://h/x".to_owned());
    assert_eq!(stop("drop"), Some((403, Disruption::Drop)));
    assert_eq!(stop("redirect:'https://h/%{ARGS.to}'"), Some((302, target.clone())));
    assert_eq!(stop("status:307,redirect:'https://h/%{ARGS.to}'"), Some((307, target)));
    assert_eq!(stop("pass"), None);
}

#[test]
fn time_is_given() {
    let rules = compile(
        "SecAction \"id:1,phase:1,pass,logdata:'%{TIME_YEAR}-%{TIME_MON}-%{TIME_DAY} %{TIME} \
         %{TIME_WDAY} %{TIME_EPOCH}'\"",
    );
    let at = |unix_seconds: i64| {
        let options = Options { unix_seconds, ..Options::default() };
        rules.inspect(&get("/"), options, Phase::RequestHeaders).matched[0].data.clone()
    };

    assert_eq!(at(0), "1970-01-01 00:00:00 4 0");
    assert_eq!(at(951_782_399), "2000-02-28 23:59:59 1 951782399");
    assert_eq!(at(951_868_799), "2000-02-29 23:59:59 2 951868799");
    assert_eq!(at(-1), "1969-12-31 23:59:59 3 -1");
}
