//! The prefilter changes no verdict: Debian's Core Rule Set with it and without it, on the attacks
//! of `cases/crs3.toml` and on variations of them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of a test"
)]

use std::{fs, net::IpAddr};

use firewall::{Files, Mode, Options, Phase, RequestView, Ruleset, Source, Verdict};

const RULES: &str = "/usr/share/modsecurity-crs/rules";
const SETUP: &str = "SecRuleEngine DetectionOnly\nSecRequestBodyAccess On\n\
    SecDefaultAction \"phase:1,log,pass\"\nSecDefaultAction \"phase:2,log,pass\"\n\
    SecAction \"id:900990,phase:1,nolog,pass,t:none,setvar:tx.crs_setup_version=334,\
    setvar:tx.paranoia_level=4\"\n";
/// How many requests of four values each are made.
const REQUESTS: usize = 120;

struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(path).ok()
    }

    fn glob(&self, _pattern: &str) -> Vec<String> {
        Vec::new()
    }
}

fn rules() -> Ruleset {
    let entries = fs::read_dir(RULES).unwrap_or_else(|fault| {
        panic!("`{RULES}`: {fault}; run `cargo xtask install` for the package `modsecurity-crs`")
    });
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "conf"));
    files.sort();
    let text = |file: &str| Source::new(file, fs::read_to_string(file).unwrap());
    let mut sources = vec![Source::new("setup.conf", SETUP)];
    sources.extend(files.iter().map(|file| text(file.to_str().unwrap())));
    Ruleset::compile(&sources, &Disk).unwrap()
}

/// Every text of the cases: targets, bodies, header values, and their parts.
fn attacks() -> Vec<Vec<u8>> {
    let cases: toml::Table = include_str!("../cases/crs3.toml").parse().unwrap();
    let mut texts = Vec::new();
    collect(&toml::Value::Table(cases), &mut texts);
    let parts = texts.iter().flat_map(|text| text.split(['&', '?', '=', ';'])).map(str::to_owned);
    let mut all: Vec<Vec<u8>> =
        texts.iter().cloned().chain(parts).map(String::into_bytes).collect();
    all.sort();
    all.dedup();
    all
}

fn collect(value: &toml::Value, out: &mut Vec<String>) {
    match value {
        toml::Value::String(text) => out.push(text.clone()),
        toml::Value::Array(list) => list.iter().for_each(|value| collect(value, out)),
        toml::Value::Table(table) => table.values().for_each(|value| collect(value, out)),
        _ => {}
    }
}

/// Chance that is the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 40).unwrap() % end.max(1)
    }

    /// The text with a few bytes cut out, put in, or in the other case.
    fn varied(&mut self, text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        for _ in 0..self.below(4) {
            let at = self.below(text.len());
            match self.below(3) {
                0 if !text.is_empty() => drop(text.remove(at)),
                1 => text.insert(at, b"'\"<>(;|& \t\0\\/%x-"[self.below(16)]),
                _ => text.iter_mut().skip(at).take(3).for_each(|byte| *byte ^= 0x20),
            }
        }
        text
    }
}

fn inspect(rules: &Ruleset, values: &[Vec<u8>], without_prefilter: bool) -> Verdict {
    let body: Vec<u8> = values.iter().take(2).fold(Vec::new(), |mut body, value| {
        body.extend(b"a=");
        value.iter().for_each(|byte| body.extend(format!("%{byte:02x}").bytes()));
        body.push(b'&');
        body
    });
    let field = |index: usize| values[index].as_slice();
    let headers: [(&[u8], &[u8]); 5] = [
        (b"Host", b"api.example.org"),
        (b"Content-Type", b"application/x-www-form-urlencoded"),
        (b"User-Agent", field(2)),
        (b"Cookie", field(3)),
        (b"Referer", field(2)),
    ];
    let request = RequestView {
        method: b"POST",
        target: field(3),
        protocol: b"HTTP/1.1",
        headers: &headers,
        body: &body,
        remote_address: IpAddr::from([192, 0, 2, 7]),
        unique_id: "unique",
    };
    let options =
        Options { mode: Some(Mode::DetectionOnly), without_prefilter, ..Options::default() };
    rules.inspect(&request, options, Phase::RequestBody)
}

#[test]
fn the_prefilter_changes_no_verdict() {
    let (rules, attacks) = (rules(), attacks());
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    let mut matches = 0;

    for _ in 0..REQUESTS {
        let values: Vec<Vec<u8>> = (0..4)
            .map(|_| {
                let text = &attacks[chance.below(attacks.len())];
                chance.varied(text)
            })
            .collect();
        let seen = |verdict: Verdict| -> Vec<(u32, String, String)> {
            let all = verdict.matched.into_iter();
            all.map(|found| (found.id, found.variable, found.data)).collect()
        };
        let with = seen(inspect(&rules, &values, false));
        let without = seen(inspect(&rules, &values, true));
        matches += with.len();
        assert_eq!(with, without, "{values:?}");
    }

    assert!(matches > REQUESTS);
}
