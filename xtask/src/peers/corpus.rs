//! Values to ask about: attacks and ordinary text, and what chance makes of them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::random::Random;
use crate::{
    error::{ChoreError, Outcome},
    workspace::Workspace,
};

/// Longer values are cut.
const VALUE_BYTES_MAX: usize = 2000;

/// Seeds, in order and without doubles.
pub(super) struct Corpus {
    seeds: Vec<Vec<u8>>,
}

impl Corpus {
    /// From our own cases, and from the tests of the Core Rule Set where there is a checkout.
    pub(super) fn gather(workspace: &Workspace, crs: Option<&Path>) -> Outcome<Self> {
        let mut seeds = BTreeSet::new();
        let cases = workspace.root().join("crates/firewall/cases");
        for path in files(&cases, "toml")? {
            take_quoted(&read(&path)?, &mut seeds);
        }
        if let Some(crs) = crs {
            for path in files(&crs.join("tests/regression/tests"), "yaml")? {
                take_fields(&read(&path)?, &mut seeds);
            }
        }
        Ok(Self { seeds: seeds.into_iter().collect() })
    }

    /// All seeds, then mutations of them, until there are so many.
    pub(super) fn values(&self, random: &mut Random, count: usize) -> Vec<Vec<u8>> {
        let mut values: Vec<Vec<u8>> = self.seeds.iter().take(count).cloned().collect();
        while values.len() < count {
            let is_seed = random.percent(70);
            values.push(if is_seed { self.mutated(random) } else { assembled(random) });
        }
        values
    }

    /// A seed as it is.
    pub(super) fn seed(&self, random: &mut Random) -> Vec<u8> {
        random.pick(&self.seeds).cloned().unwrap_or_default()
    }

    /// A seed after one to five changes.
    pub(super) fn mutated(&self, random: &mut Random) -> Vec<u8> {
        let mut value = self.seed(random);
        for _ in 0..1 + random.below(3) + random.below(3) {
            self.change(&mut value, random);
        }
        value.truncate(VALUE_BYTES_MAX);
        value
    }

    fn change(&self, value: &mut Vec<u8>, random: &mut Random) {
        let at = random.below(value.len() + 1);
        match random.below(6) {
            0 | 1 => drop(value.splice(at..at, piece(random))),
            2 => drop(value.splice(at..at, self.piece_of_seed(random))),
            3 => value.insert(at, u8::try_from(random.below(256)).unwrap_or(0)),
            4 => drop(value.drain(at..(at + 1 + random.below(5)).min(value.len()))),
            _ => value.rotate_left(at),
        }
    }

    fn piece_of_seed(&self, random: &mut Random) -> Vec<u8> {
        let seed = self.seed(random);
        let start = random.below(seed.len() + 1);
        let end = (start + 1 + random.below(20)).min(seed.len());
        seed.get(start..end).unwrap_or_default().to_vec()
    }
}

/// Nothing but pieces.
fn assembled(random: &mut Random) -> Vec<u8> {
    let count = 1 + random.below(14);
    (0..count).flat_map(|_| piece(random)).collect()
}

fn piece(random: &mut Random) -> Vec<u8> {
    random.pick(PIECES).map_or_else(Vec::new, |piece| piece.to_vec())
}

fn read(path: &Path) -> Outcome<String> {
    let bytes = fs::read(path).map_err(ChoreError::path(path))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The files below a folder whose names end so, in order.
pub(super) fn files(folder: &Path, ending: &str) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(ChoreError::path(folder))? {
        let path = entry.map_err(ChoreError::path(folder))?.path();
        if path.is_dir() {
            found.extend(files(&path, ending)?);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// What stands in quotes in our cases.
fn take_quoted(text: &str, seeds: &mut BTreeSet<Vec<u8>>) {
    for line in text.lines() {
        for quote in ['"', '\''] {
            if let Some((_, rest)) = line.split_once(quote)
                && let Some((quoted, _)) = rest.rsplit_once(quote)
            {
                add(quoted.as_bytes(), seeds);
            }
        }
    }
}

/// What requests of regression tests carry: whole fields, decoded, and each argument.
fn take_fields(text: &str, seeds: &mut BTreeSet<Vec<u8>>) {
    for line in text.lines() {
        let Some((_, field)) = line.split_once(": ") else { continue };
        let field = field.trim().trim_matches(['"', '\'']);
        add(field.as_bytes(), seeds);
        add(&percent_decoded(field), seeds);
        for argument in field.split(['?', '&']) {
            if let Some((_, value)) = argument.split_once('=') {
                add(&percent_decoded(value), seeds);
            }
        }
    }
}

fn add(value: &[u8], seeds: &mut BTreeSet<Vec<u8>>) {
    seeds.insert(value.get(..VALUE_BYTES_MAX).unwrap_or(value).to_vec());
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let decoded = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        rest = after;
        out.push(match (first, decoded) {
            (b'%', Some(byte)) => {
                rest = after.get(2..).unwrap_or_default();
                byte
            }
            (b'+', _) => b' ',
            _ => *first,
        });
    }
    out
}

/// What means something to SQL, HTML, shells, paths or a decoder.
const PIECES: &[&[u8]] = &[
    b"'",
    b"\"",
    b"`",
    b"--",
    b"-- ",
    b"#",
    b"/*",
    b"*/",
    b"/*!",
    b";",
    b"(",
    b")",
    b",",
    b"=",
    b"1",
    b"0x41",
    b"1e5",
    b"1.e",
    b"1.",
    b".",
    b"$1",
    b"$$",
    b"$a$",
    b"@",
    b"@@",
    b"q'[",
    b"]'",
    b"n'",
    b"x'41'",
    b"b'01'",
    b"u&'",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\\",
    b"\\N",
    b"<",
    b">",
    b"<!--",
    b"-->",
    b"<?",
    b"<%",
    b"%>",
    b"</",
    b"/>",
    b"<a href=",
    b"javascript:",
    b"&#x6a;",
    b"&#106",
    b" style=",
    b" onload=",
    b" onerror=",
    b" onfoo=",
    b"\0",
    b"\t",
    b"\n",
    b" ",
    b"  ",
    b"\xa0",
    b"\xc2\xa0",
    b"\xff",
    b"\x7f",
    b"::",
    b"<=>",
    b"||",
    b"&&",
    b"!",
    b"~",
    b"+",
    b"-",
    b"*",
    b"%",
    b"^",
    b"?",
    b":",
    b":=",
    b"<![CDATA[",
    b"]]>",
    b"<!doctype",
    b"<svg",
    b"<xsl",
    b"attributename=",
    b"xmlns",
    b" union ",
    b" union all ",
    b" select ",
    b" or ",
    b" and ",
    b" if ",
    b" in ",
    b" like(",
    b" user(",
    b"sp_password",
    b" into outfile",
    b" collate x_y",
    b" int ",
    b" not ",
    b" from ",
    b" where ",
    b" sleep(",
    b" waitfor delay",
    b" drop table ",
    b"a",
    b"b1",
    b"%41",
    b"%u0041",
    b"%uff1c",
    b"%u0131",
    b"%zz",
    b"%c0%af",
    b"\\u0041",
    b"\\uff1c",
    b"\\x41",
    b"\\101",
    b"\\n",
    b"\\61 ",
    b"&lt;",
    b"&ltscript",
    b"&quot",
    b"&#0000060;",
    b"../",
    b"..\\",
    b"./",
    b"//",
    b"/etc/passwd",
    b"\xc3\xa9",
    b"\xe2\x82\xac",
    b"\xf0\x9f\x98\x80",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"QUJD",
    b"==",
    b"cmd /c",
    b";cat /etc/passwd",
    b"${jndi:ldap://x}",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_give_arguments_decoded() {
        let mut seeds = BTreeSet::new();

        take_fields("uri: \"/?a=b%20c&d=%3C+x\"\nnothing", &mut seeds);

        for seed in ["b c", "< x", "/?a=b%20c&d=%3C+x", "/?a=b c&d=< x"] {
            assert!(seeds.contains(seed.as_bytes()), "`{seed}`");
        }
    }

    #[test]
    fn the_same_chance_gives_the_same_values() {
        let corpus = Corpus { seeds: vec![b"one".to_vec(), b"two".to_vec()] };
        let values = |seed| corpus.values(&mut Random::from_seed(seed), 50);

        assert_eq!(values(1).len(), 50);
        assert_eq!(values(1), values(1));
        assert_ne!(values(1), values(2));
    }
}
