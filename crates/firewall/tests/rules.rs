//! Rules against requests, as cases: `cases/rules.toml` and `cases/errors.toml`.

use std::net::{IpAddr, Ipv4Addr};

use firewall::{Mode, NoFiles, Options, Phase, RequestView, Ruleset, Source, Verdict};
use serde::Deserialize;

const REMOTE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

#[derive(Deserialize)]
struct Cases<T> {
    case: Vec<T>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    rules: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    ids: Vec<u32>,
    /// Of the first match.
    message: Option<String>,
    /// Of the first match.
    data: Option<String>,
    status: Option<u16>,
}

#[derive(Deserialize)]
struct Fault {
    name: String,
    rules: String,
    at: (u32, u32),
    message: Option<String>,
    hint: Option<String>,
}

#[expect(clippy::expect_used, reason = "a helper of tests")]
fn compile(text: &str) -> Ruleset {
    Ruleset::compile(&[Source::new("rules.conf", text)], &NoFiles).expect("the rules compile")
}

fn inspect(case: &Case, options: Options) -> Verdict {
    let headers: Vec<(&[u8], &[u8])> =
        case.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    let request = RequestView {
        method: case.method.as_deref().unwrap_or("GET").as_bytes(),
        target: case.target.as_deref().unwrap_or("/").as_bytes(),
        protocol: b"HTTP/1.1",
        headers: &headers,
        body: case.body.as_bytes(),
        remote_address: REMOTE,
        unique_id: "unique",
    };
    compile(&case.rules).inspect(&request, options, Phase::RequestBody)
}

fn ids(verdict: &Verdict) -> Vec<u32> {
    verdict.matched.iter().filter(|one| one.logged).map(|one| one.id).collect()
}

#[test]
fn faults_are_told_with_their_place() {
    let cases: Cases<Fault> = toml::from_str(include_str!("../cases/errors.toml")).expect("cases");
    for case in cases.case {
        let sources = [Source::new("rules.conf", case.rules.as_str())];
        let faults = Ruleset::compile(&sources, &NoFiles).expect_err(&case.name);

        let fault = faults.first().expect("a fault");
        assert_eq!((fault.line, fault.column), case.at, "{}: {fault}", case.name);
        assert_eq!(faults.len(), 1, "{}: {faults:?}", case.name);
        if let Some(message) = &case.message {
            assert_eq!(&fault.message, message, "{}", case.name);
            assert_eq!(fault.hint, case.hint, "{}", case.name);
        }
    }
}

#[test]
fn rules_match_as_the_cases_say() {
    let cases: Cases<Case> = toml::from_str(include_str!("../cases/rules.toml")).expect("cases");
    for case in cases.case {
        let verdict = inspect(&case, Options::default());

        assert_eq!(ids(&verdict), case.ids, "{}: {:?}", case.name, verdict.matched);
        let status = verdict.interruption.as_ref().map(|interruption| interruption.status);
        assert_eq!(status, case.status, "{}", case.name);
        let first = verdict.matched.first();
        if let Some(message) = &case.message {
            assert_eq!(first.map(|one| &one.message), Some(message), "{}", case.name);
        }
        if let Some(data) = &case.data {
            assert_eq!(first.map(|one| &one.data), Some(data), "{}", case.name);
        }
    }
}

#[test]
fn the_prefilter_changes_no_verdict_and_neither_does_explaining() {
    let cases: Cases<Case> = toml::from_str(include_str!("../cases/rules.toml")).expect("cases");
    for case in cases.case {
        let usual = inspect(&case, Options::default());
        let plain = inspect(&case, Options { without_prefilter: true, ..Options::default() });
        let mut explained = inspect(&case, Options { explain: true, ..Options::default() });

        assert!(!explained.events.is_empty(), "{}", case.name);
        explained.events.clear();
        assert_eq!(usual, plain, "{}", case.name);
        assert_eq!(usual, explained, "{}", case.name);
    }
}

#[test]
fn switched_off_it_does_nothing() {
    let cases: Cases<Case> = toml::from_str(include_str!("../cases/rules.toml")).expect("cases");
    for case in cases.case {
        let verdict = inspect(&case, Options { mode: Some(Mode::Off), ..Options::default() });

        assert_eq!(verdict, Verdict::default(), "{}", case.name);
    }
}
