//! Compiles rule files and inspects one request:
//!
//! ```sh
//! cargo run -p firewall --example inspect -- \
//!     setup.conf 'rules/*.conf' -- GET '/?q=1%27%20or%201=1' 'Host: example.com'
//! ```

use std::{error::Error, fs, net::Ipv4Addr};

use firewall::{Files, Options, Phase, RequestView, Ruleset, Source};

/// The file system, for `Include` and `@pmFromFile`.
struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(path).ok()
    }

    /// Only `folder/*.ending`, which is what rule sets use.
    fn glob(&self, pattern: &str) -> Vec<String> {
        let (folder, name) = pattern.rsplit_once('/').unwrap_or((".", pattern));
        let Some((before, after)) = name.split_once('*') else {
            return vec![pattern.to_owned()];
        };
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let fitting = names.filter(|name| name.starts_with(before) && name.ends_with(after));
        let mut paths: Vec<String> = fitting.map(|name| format!("{folder}/{name}")).collect();
        paths.sort();
        paths
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut halves = arguments.splitn(2, |argument| argument == "--");
    let includes = halves.next().unwrap_or_default();
    let request = halves.next().unwrap_or_default();

    let text: String = includes.iter().map(|path| format!("Include {path}\n")).collect();
    let rules = match Ruleset::compile(&[Source::new("arguments", text)], &Disk) {
        Ok(rules) => rules,
        Err(faults) => {
            faults.iter().for_each(|fault| eprintln!("{fault}"));
            return Err(format!("{} faults", faults.len()).into());
        }
    };
    println!("{} rules", rules.rules());
    rules.lint().iter().for_each(|lint| println!("{lint}"));

    let [method, target, headers @ ..] = request else { return Ok(()) };
    let headers: Vec<(&[u8], &[u8])> = headers
        .iter()
        .filter_map(|header| header.split_once(": "))
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    let view = RequestView {
        method: method.as_bytes(),
        target: target.as_bytes(),
        protocol: b"HTTP/1.1",
        headers: &headers,
        body: b"",
        remote_address: Ipv4Addr::LOCALHOST.into(),
        unique_id: "example",
    };
    let verdict = rules.inspect(&view, Options::default(), Phase::RequestBody);
    for matched in verdict.matched {
        println!("{} {}: {}", matched.id, matched.message, matched.data);
    }
    println!("score {}, {:?}", verdict.score, verdict.interruption);
    Ok(())
}
