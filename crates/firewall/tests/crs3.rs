//! Debian's Core Rule Set 3.3 compiles, and finds what libmodsecurity finds: `cases/crs3.toml`.

use std::{collections::BTreeSet, fs, io, net::IpAddr, path::PathBuf};

use firewall::{Files, Mode, Options, Phase, RequestView, Ruleset, Source};
use serde::Deserialize;

const RULES: &str = "/usr/share/modsecurity-crs/rules";

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default = "one")]
    level: u8,
    method: Option<String>,
    #[serde(default = "root")]
    target: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<String>,
    ids: BTreeSet<u32>,
}

const fn one() -> u8 {
    1
}

fn root() -> String {
    "/".to_owned()
}

struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(path).ok()
    }

    fn glob(&self, _pattern: &str) -> Vec<String> {
        Vec::new()
    }
}

const SETUP: &str = r#"
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/soap\+|/)|text/)xml" \
    "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/json" \
    "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecDefaultAction "phase:1,log,auditlog,pass"
SecDefaultAction "phase:2,log,auditlog,pass"
SecAction "id:900990,phase:1,nolog,pass,t:none,setvar:tx.crs_setup_version=334"
"#;

/// The packaged rules, in the order of their files.
fn packaged() -> io::Result<Vec<Source>> {
    let mut files = fs::read_dir(RULES)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    files.retain(|file| file.extension().is_some_and(|end| end == "conf"));
    files.sort();
    let mut sources = vec![Source::new("setup.conf", SETUP)];
    for file in files {
        sources.push(Source::new(file.display().to_string(), fs::read_to_string(&file)?));
    }
    Ok(sources)
}

fn found(rules: &Ruleset, case: &Case) -> BTreeSet<u32> {
    let length = case.body.as_ref().map(|body| body.len().to_string());
    let usual = [
        ("Host", "api.example.org"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"),
        ("Accept", "*/*"),
    ];
    let own: Vec<(&str, &str)> =
        case.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let is_own = |name: &str| own.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    let headers: Vec<(&[u8], &[u8])> = usual
        .into_iter()
        .filter(|(name, _)| !is_own(name))
        .chain(own.iter().copied().filter(|(_, value)| *value != "-"))
        .chain(length.as_deref().map(|length| ("Content-Length", length)))
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    let method = if case.body.is_some() { "POST" } else { "GET" };
    let request = RequestView {
        method: case.method.as_deref().unwrap_or(method).as_bytes(),
        target: case.target.as_bytes(),
        protocol: b"HTTP/1.1",
        headers: &headers,
        body: case.body.as_deref().unwrap_or_default().as_bytes(),
        remote_address: IpAddr::from([192, 0, 2, 7]),
        unique_id: "unique",
    };
    let options = Options {
        mode: Some(Mode::DetectionOnly),
        tx: vec![("paranoia_level".to_owned(), case.level.to_string())],
        ..Options::default()
    };
    let verdict = rules.inspect(&request, options, Phase::RequestBody);
    let ids = verdict.matched.iter().filter(|found| found.logged).map(|found| found.id);
    ids.filter(|id| *id < SUMS).collect()
}

/// From here on rules only sum up.
const SUMS: u32 = 949_000;

#[test]
fn packaged_rules_find_what_libmodsecurity_finds() {
    let cases: Cases = toml::from_str(include_str!("../cases/crs3.toml")).unwrap();
    let sources = packaged().unwrap_or_else(|fault| {
        panic!("`{RULES}`: {fault}; run `cargo xtask install` for the package `modsecurity-crs`")
    });
    let rules = Ruleset::compile(&sources, &Disk).unwrap_or_else(|faults| {
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    });

    let wrong: Vec<String> = cases
        .case
        .iter()
        .map(|case| (case, found(&rules, case)))
        .filter(|(case, found)| case.ids != *found)
        .map(|(case, found)| format!("{}: expected {:?}, found {found:?}", case.name, case.ids))
        .collect();

    assert!(cases.case.len() >= 60);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
