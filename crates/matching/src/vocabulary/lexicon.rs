//! Reads the vocabulary's files.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use data_encoding::BASE64URL_NOPAD;

/// One line of an `esco-*.tsv`: id, label, further words, numbers of the nearest.
pub(super) struct Entry {
    pub(super) uuid: String,
    pub(super) label: &'static str,
    pub(super) words: &'static str,
    pub(super) near: Vec<u32>,
}

/// Every entry of a file. Lines that begin with `#` are for readers.
pub(super) fn entries(file: &'static str) -> impl Iterator<Item = Entry> {
    file.lines().filter(|line| !line.starts_with('#')).filter_map(entry)
}

fn entry(line: &'static str) -> Option<Entry> {
    let mut cells = line.split('\t');
    let uuid = uuid(cells.next()?)?;
    let (label, words) = (cells.next()?, cells.next()?);
    let near = cells.next()?.split(',').filter_map(|number| number.parse().ok()).collect();
    Some(Entry { uuid, label, words, near })
}

/// From 22 characters of base64 to the printed form.
fn uuid(text: &str) -> Option<String> {
    let bytes: [u8; 16] = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()?;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    let mut parts = Vec::with_capacity(5);
    let mut rest = hex.as_str();
    for length in [8, 4, 4, 4, 12] {
        let (part, after) = rest.split_at_checked(length)?;
        parts.push(part);
        rest = after;
    }
    Some(parts.join("-"))
}

/// Local ids with their names, the group's own first.
type Members = Vec<(String, Vec<String>)>;

/// Every group of `technologies.toml`; read once.
pub(super) fn technologies() -> &'static [(String, Members)] {
    static GROUPS: LazyLock<Vec<(String, Members)>> = LazyLock::new(groups);
    &GROUPS
}

fn groups() -> Vec<(String, Members)> {
    // The file is compiled in, and a test reads it.
    let Ok(file) = read() else { return Vec::new() };
    let own_first = |(group, mut members): (String, BTreeMap<String, Vec<String>>)| {
        let own = members.remove(NAMES).unwrap_or_default();
        let all = [(group.clone(), own)].into_iter().chain(members).collect();
        (group, all)
    };
    file.into_iter().map(own_first).collect()
}

fn read() -> Result<BTreeMap<String, BTreeMap<String, Vec<String>>>, toml::de::Error> {
    toml::from_str(TECHNOLOGIES)
}

const TECHNOLOGIES: &str = include_str!("../../data/technologies.toml");
const NAMES: &str = "names";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_printed_as_esco_does() {
        let text = BASE64URL_NOPAD
            .encode(&[0, 5, 193, 81, 91, 90, 74, 102, 138, 172, 96, 231, 52, 190, 177, 171]);
        assert_eq!(uuid(&text).as_deref(), Some("0005c151-5b5a-4a66-8aac-60e734beb1ab"));
        assert_eq!(uuid("short"), None);
    }

    #[test]
    fn each_group_names_itself_and_has_members() {
        assert!(read().is_ok());
        for (group, members) in technologies() {
            let own = members.first();
            assert!(own.is_some_and(|(id, names)| id == group && !names.is_empty()), "{group}");
            assert!(members.len() > 2, "{group}");
        }
    }
}
