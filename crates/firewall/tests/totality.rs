//! No rule text and no request makes the engine panic, and the prefilter changes nothing.

use std::net::{IpAddr, Ipv6Addr};

use firewall::{Mode, NoFiles, Options, Phase, RequestView, Ruleset, Source};
use proptest::prelude::*;

const TARGETS: &[&str] = &[
    "ARGS",
    "ARGS_NAMES",
    "ARGS:a",
    "ARGS|!ARGS:/b/",
    "&ARGS",
    "REQUEST_COOKIES",
    "REQUEST_HEADERS",
    "REQUEST_URI|REQUEST_BODY",
    "XML:/*|XML://@*",
    "TX:/a/",
    "TX:a",
    "&TX:a",
    "MATCHED_VARS",
    "MATCHED_VARS_NAMES",
    "FILES|FILES_NAMES",
    "MULTIPART_PART_HEADERS",
    "REQBODY_ERROR",
    "IP:a",
    "REQUEST_LINE",
    "TIME|TIME_EPOCH",
    "FULL_REQUEST",
    "RULE:id",
    "HIGHEST_SEVERITY",
    "REQBODY_PROCESSOR",
    "ARGS|TX|&MATCHED_VAR",
];
const CHECKS: &[&str] = &[
    "@rx a",
    "!@rx ^a",
    "@rx (a)(b)?",
    "@pm a b",
    "!@pm a",
    "@streq a",
    "!@streq %{tx.a}",
    "@contains a",
    "@containsWord a",
    "@within abc %{tx.a}",
    "!@within ab",
    "@endsWith a",
    "@beginsWith %{ARGS.a}",
    "@eq 1",
    "@lt %{tx.a}",
    "!@ge 2",
    "@detectSQLi",
    "@detectXSS",
    "@validateByteRange 32-126",
    "@validateUrlEncoding",
    "@validateUtf8Encoding",
    "@ipMatch ::1",
    "@unconditionalMatch",
    "@noMatch",
];
const ACTIONS: &[&str] = &[
    "capture",
    "multiMatch",
    "t:lowercase",
    "t:urlDecodeUni,t:htmlEntityDecode",
    "t:none",
    "t:base64Decode",
    "t:length",
    "t:cmdLine",
    "t:sha1,t:hexEncode",
    "setvar:tx.a=+1",
    "setvar:'tx.%{MATCHED_VAR}=%{tx.a}'",
    "setvar:!tx.a",
    "setvar:tx.a=-9223372036854775807",
    "msg:'%{MATCHED_VAR_NAME} %{RULE.id}',logdata:'%{TX.0} %{RULE.msg}'",
    "initcol:ip=%{REMOTE_ADDR},setvar:ip.a=1",
    "ctl:ruleRemoveById=1-3",
    "ctl:ruleEngine=Off",
    "ctl:ruleRemoveTargetById=0-9;ARGS:a",
    "ctl:requestBodyProcessor=JSON",
    "ctl:requestBodyProcessor=XML",
    "ctl:requestBodyProcessor=MULTIPART",
    "ctl:forceRequestBodyVariable=On",
    "severity:2,tag:x",
];
/// What only the head of a chain may have.
const HEADS: &[&str] = &["deny", "pass", "skip:1", "skipAfter:M", "allow:phase", "block", "drop"];

/// Directives with anything after them.
const RULE_LIKE: &str = "(?s)(Sec(Rule|Action|Marker)[ \"',:|@a-z&!/\\\\\n]{0,40}){0,6}";

fn link() -> impl Strategy<Value = (&'static str, &'static str, Vec<&'static str>)> {
    let actions = prop::collection::vec(prop::sample::select(ACTIONS), 0..4);
    (prop::sample::select(TARGETS), prop::sample::select(CHECKS), actions)
}

fn rule() -> impl Strategy<Value = String> {
    let head = (prop::sample::select(HEADS), 1..=5_u8);
    (head, prop::collection::vec(link(), 1..4)).prop_map(|((head, phase), links)| {
        let mut text = String::new();
        for (index, (targets, check, actions)) in links.iter().enumerate() {
            let mut all: Vec<String> = actions.iter().map(ToString::to_string).collect();
            if index == 0 {
                all.push(format!("id:#,phase:{phase},{head}"));
            }
            if index + 1 < links.len() {
                all.push("chain".to_owned());
            }
            text += &format!("SecRule \"{targets}\" \"{check}\" \"{}\"\n", all.join(","));
        }
        text
    })
}

fn rules() -> impl Strategy<Value = String> {
    prop::collection::vec(rule(), 1..8).prop_map(|rules| {
        let numbered = rules.iter().enumerate().map(|(id, rule)| {
            let marker = if id % 3 == 2 { "SecMarker M\n" } else { "" };
            rule.replace("id:#", &format!("id:{}", id + 1)) + marker
        });
        numbered.collect()
    })
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        "[ab=&%20+<>'\"{}:,\\[\\]/;-]{0,60}".prop_map(String::into_bytes),
    ]
}

#[derive(Debug, Clone)]
struct Message {
    target: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
}

fn message() -> impl Strategy<Value = Message> {
    let name = prop::sample::select(vec![&b"Cookie"[..], b"Content-Type", b"Host", b"a"]);
    let types = prop::sample::select(vec![
        &b"application/x-www-form-urlencoded"[..],
        b"multipart/form-data; boundary=a",
        b"a=b; c=d",
    ]);
    let value = prop_oneof![types.prop_map(<[u8]>::to_vec), bytes()];
    let header = (name.prop_map(<[u8]>::to_vec), value);
    (bytes(), prop::collection::vec(header, 0..4), bytes())
        .prop_map(|(target, headers, body)| Message { target, headers, body })
}

fn run(rules: &Ruleset, message: &Message, options: Options) -> firewall::Verdict {
    let headers: Vec<(&[u8], &[u8])> =
        message.headers.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    let view = RequestView {
        method: b"POST",
        target: &message.target,
        protocol: b"HTTP/1.1",
        headers: &headers,
        body: &message.body,
        remote_address: IpAddr::V6(Ipv6Addr::LOCALHOST),
        unique_id: "x",
    };
    let mut transaction = rules.transaction(options);
    transaction.request(&view, Phase::RequestBody);
    transaction.response_line(200, b"HTTP/1.1");
    transaction.response_header(b"Content-Type", b"text/html");
    transaction.phase3();
    transaction.response_body(&message.body);
    transaction.phase4();
    transaction.phase5();
    transaction.finish()
}

proptest! {
    #[test]
    fn rules_and_requests_of_all_kinds_are_evaluated_alike_with_and_without_the_prefilter(
        text in rules(),
        message in message(),
    ) {
        let rules = Ruleset::compile(&[Source::new("rules", text.as_str())], &NoFiles);
        let Ok(rules) = rules else {
            return Err(TestCaseError::fail(format!("{:?}\n{text}", rules.err())));
        };

        let usual = run(&rules, &message, Options::default());
        let plain = run(
            &rules,
            &message,
            Options { without_prefilter: true, ..Options::default() },
        );

        prop_assert_eq!(usual, plain, "{}", text);
    }

    #[test]
    fn a_small_arena_refuses_and_does_not_panic(text in rules(), message in message()) {
        let rules = Ruleset::compile(&[Source::new("rules", text.as_str())], &NoFiles);
        let Ok(rules) = rules else { return Ok(()) };
        let limits = firewall::Limits { arena_bytes_max: 64, ..firewall::Limits::default() };
        let mode = Some(Mode::On);

        let verdict =
            run(&rules, &message, Options { limits: Some(limits), mode, ..Options::default() });

        prop_assert!(verdict.matched.len() <= 1024);
    }

    #[test]
    fn any_text_compiles_or_is_refused(text in RULE_LIKE) {
        if let Err(faults) = Ruleset::compile(&[Source::new("rules", text)], &NoFiles) {
            prop_assert!(faults.iter().all(|fault| fault.line >= 1 && fault.column >= 1));
        }
    }
}
