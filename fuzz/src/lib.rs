//! What the fuzz targets share: a rule set, and requests made of bytes.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use firewall::{Files, NoFiles, Options, Phase, RequestView, Ruleset, Source, Verdict};

/// The Core Rule Set under `RINGWALL_CRS`, else a few rules with one of each kind.
pub fn ruleset() -> Ruleset {
    let Some(folder) = std::env::var_os("RINGWALL_CRS") else {
        return compile(&Source::new("built in", RULES), &NoFiles);
    };
    let folder = Path::new(&folder);
    let rules = fs::read_dir(folder.join("rules")).expect("RINGWALL_CRS has a folder `rules`");
    let mut paths: Vec<_> = rules.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "conf"));
    paths.sort();
    paths.insert(0, folder.join("crs-setup.conf.example"));
    let includes = paths.iter().map(|path| format!("Include {}\n", path.display()));
    let text = format!("{ENGINE}{LEVEL}{}", includes.collect::<String>());
    compile(&Source::new("all", text), &Disk)
}

fn compile(source: &Source, files: &dyn Files) -> Ruleset {
    match Ruleset::compile(std::slice::from_ref(source), files) {
        Ok(rules) => rules,
        Err(faults) => panic!("{}", faults[0]),
    }
}

/// Reads bytes as a request: a line, header fields, an empty line, a body. Anything is one.
pub fn inspect(rules: &Ruleset, data: &[u8], without_prefilter: bool) -> Verdict {
    let (head, body) = match data.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut words = lines.next().unwrap_or_default().splitn(3, |byte| *byte == b' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let headers: Vec<(&[u8], &[u8])> = lines
        .map(|line| match line.iter().position(|byte| *byte == b':') {
            Some(at) => (&line[..at], line[at + 1..].trim_ascii_start()),
            None => (line, &[][..]),
        })
        .collect();
    let view = RequestView {
        method,
        target,
        protocol: words.next().unwrap_or(b"HTTP/1.1"),
        headers: &headers,
        body,
        remote_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        unique_id: "fuzz",
    };
    let options = Options { without_prefilter, ..Options::default() };
    rules.inspect(&view, options, Phase::RequestBody)
}

/// Opens files of the disk.
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(path).ok()
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        vec![pattern.to_owned()]
    }
}

const ENGINE: &str = r#"SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "^application/json" \
    "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:Content-Type "^(?:application|text)/xml" \
    "id:200002,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
"#;

const LEVEL: &str = "SecAction \"id:900000,phase:1,pass,t:none,nolog,\
    setvar:tx.blocking_paranoia_level=4,setvar:tx.detection_paranoia_level=4\"\n";

const RULES: &str = r#"SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "^application/json" \
    "id:1,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:Content-Type "^(?:application|text)/xml" \
    "id:2,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule ARGS|ARGS_NAMES|REQUEST_COOKIES|XML:/*|XML://@* "@rx (?i)union\s+(?:all\s+)?select" \
    "id:10,phase:2,pass,log,capture,t:none,t:urlDecodeUni,t:replaceComments,setvar:tx.a=+5"
SecRule ARGS "@detectSQLi" "id:11,phase:2,pass,log,multiMatch,t:none,t:urlDecodeUni,t:cmdLine"
SecRule ARGS|REQUEST_HEADERS "@detectXSS" \
    "id:12,phase:2,pass,log,t:none,t:utf8toUnicode,t:urlDecodeUni,t:htmlEntityDecode,t:jsDecode"
SecRule ARGS|REQUEST_URI "@pm passwd script ${jndi sleep |00 41|" "id:13,phase:2,pass,log,t:none"
SecRule REQUEST_URI "@rx (?:^|[\\/])\.\.[\\/]" "id:14,phase:1,pass,log,t:none,t:normalizePathWin"
SecRule ARGS "@rx ^(a+)+\x{24}(?!b)|(x)\2" "id:15,phase:2,pass,log,capture,t:none"
SecRule &ARGS "@gt 3" "id:16,phase:2,pass,log,chain"
SecRule MATCHED_VARS|ARGS:/^q/ "@contains a" "t:none,setvar:tx.%{MATCHED_VAR_NAME}=%{MATCHED_VAR}"
SecRule REQUEST_BODY|FILES|FILES_NAMES|MULTIPART_PART_HEADERS "@validateByteRange 9-126" \
    "id:17,phase:2,pass,log,t:none"
SecRule TX:/^ARGS/ "@unconditionalMatch" "id:18,phase:2,pass,log"
SecRule REQUEST_HEADERS:Host "!@within %{tx.hosts}" "id:19,phase:1,pass,log"
"#;
