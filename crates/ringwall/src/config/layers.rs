//! Reads the layers into leaves: one key, one value, one source.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Value;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::faults::{Fault, Source};
use super::sections::Config;
use super::{Flag, Layers};

/// One key of one layer.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// Sections and name, joined by dots.
    pub(super) key: String,
    /// Its value, not yet known to fit.
    pub(super) value: Value,
    /// Where it stands.
    pub(super) source: Source,
}

/// The effective values: at first the defaults, in the order in which the default file has them.
pub(super) struct Reference {
    leaves: Vec<Leaf>,
}

impl Reference {
    /// Reads the default configuration.
    pub(super) fn read(text: &str) -> Result<Self, Vec<Fault>> {
        let leaves = parse(text, |_| Source::Default)?;
        Ok(Self { leaves })
    }

    /// Values that were read before.
    pub(super) const fn of(leaves: Vec<Leaf>) -> Self {
        Self { leaves }
    }

    /// The leaf of a key.
    pub(super) fn leaf(&self, key: &str) -> Option<&Leaf> {
        self.leaves.iter().find(|leaf| leaf.key == key)
    }

    /// What does not fit of the key's value, with all other keys as they are.
    pub(super) fn check(&self, leaf: &Leaf) -> Vec<Fault> {
        if self.leaf(&leaf.key).is_some() {
            return self.unfit(leaf);
        }
        let section = format!("{}.", leaf.key);
        if self.leaves.iter().any(|known| known.key.starts_with(&section)) {
            // A section that is there but empty says nothing, and is not wrong.
            return match &leaf.value {
                Value::Table(table) if table.is_empty() => Vec::new(),
                _ => vec![Fault::new(&leaf.key, leaf.source.clone(), "expected a section")],
            };
        }
        vec![Fault::new(&leaf.key, leaf.source.clone(), self.unknown(leaf))]
    }

    /// Reading stops at the first fault. Of a list, what is at fault is left out and the rest read
    /// once more; what is then wrong with the list as a whole may be for want of it.
    fn unfit(&self, leaf: &Leaf) -> Vec<Fault> {
        let mut rest = leaf.clone();
        let mut places = match &rest.value {
            Value::Array(items) => (0..items.len()).collect(),
            _ => Vec::new(),
        };
        let mut faults = Vec::new();
        while let Err(fault) = self.with(Some(&rest)) {
            let element = element(&fault.key, &leaf.key);
            let (Some((at, within)), Value::Array(items)) = (element, &mut rest.value) else {
                return if faults.is_empty() { vec![fault] } else { faults };
            };
            if at >= items.len() {
                return vec![fault];
            }
            items.remove(at);
            let key = format!("{}[{}]{within}", leaf.key, places.remove(at));
            faults.push(Fault { key, ..fault });
            if faults.len() == LIST_FAULTS_MAX {
                break;
            }
        }
        faults
    }

    /// Lays a value that fits over the one before.
    pub(super) fn put(&mut self, leaf: Leaf) {
        if let Some(known) = self.leaves.iter_mut().find(|known| known.key == leaf.key) {
            *known = leaf;
        }
    }

    /// The configuration that the values make.
    pub(super) fn config(&self) -> Result<Config, Fault> {
        self.with(None)
    }

    /// The values.
    pub(super) fn into_leaves(self) -> Vec<Leaf> {
        self.leaves
    }

    fn with(&self, changed: Option<&Leaf>) -> Result<Config, Fault> {
        let mut root = toml::Table::new();
        for leaf in &self.leaves {
            let leaf = changed.filter(|changed| changed.key == leaf.key).unwrap_or(leaf);
            insert(&mut root, &leaf.key, leaf.value.clone());
        }
        serde_path_to_error::deserialize(root.into_deserializer()).map_err(|error| {
            let source = changed.map_or(Source::Default, |leaf| leaf.source.clone());
            Fault::new(&error.path().to_string(), source, error.inner().message())
        })
    }

    /// Says that there is no such key, and which one was probably meant.
    fn unknown(&self, leaf: &Leaf) -> String {
        let likeness = |known: &str| match (leaf.key.rsplit_once('.'), known.rsplit_once('.')) {
            (_, Some((_, name))) if leaf.key.rsplit('.').next() == Some(name) => 0.99,
            (Some((section, name)), Some((known_section, known_name)))
                if section == known_section =>
            {
                strsim::jaro_winkler(name, known_name)
            }
            _ => strsim::jaro_winkler(&leaf.key, known),
        };
        let best = self
            .leaves
            .iter()
            .map(|known| (likeness(&known.key), known.key.as_str()))
            .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
            .max_by(|(a, _), (b, _)| a.total_cmp(b));
        match (best, &leaf.source) {
            (None, _) => "there is no such key".to_owned(),
            (Some((_, key)), Source::Environment(_)) => {
                format!("there is no such key; did you mean `{}`?", variable(key))
            }
            (Some((_, key)), _) => format!("there is no such key; did you mean `{key}`?"),
        }
    }
}

/// Reads file, environment and flags, in this order, with what cannot be read at all.
pub(super) fn gather(layers: &Layers, reference: &Reference) -> (Vec<Leaf>, Vec<Fault>) {
    let mut leaves = Vec::new();
    let mut faults = Vec::new();
    if let Some(path) = &layers.file {
        match read_file(path) {
            Ok(mut found) => leaves.append(&mut found),
            Err(mut found) => faults.append(&mut found),
        }
    }
    let mut variables: Vec<_> = layers.environment.iter().filter_map(with_prefix).collect();
    variables.sort();
    for (name, value) in variables {
        match read_variable(&name, value, reference) {
            Ok(leaf) => leaves.push(leaf),
            Err(fault) => faults.push(fault),
        }
    }
    leaves.extend(layers.flags.iter().map(read_flag));
    (leaves, faults)
}

fn read_file(path: &Path) -> Result<Vec<Leaf>, Vec<Fault>> {
    let source = |line| Source::File(path.to_owned(), line);
    let whole = |message: String| vec![Fault::new("", source(0), message)];
    let text = read_text(path).map_err(|error| whole(format!("cannot be read: {error}")))?;
    parse(&text, source)
}

fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "more than a megabyte"));
    }
    Ok(text)
}

/// Reads a document. Its syntax errors are told without the text, which may hold a secret.
fn parse(text: &str, source: impl Fn(usize) -> Source) -> Result<Vec<Leaf>, Vec<Fault>> {
    let line = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let fault = |error: &toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start);
            Fault::new("", source(line(at)), format!("this is not TOML: {}", error.message()))
        };
        return Err(errors.iter().map(fault).collect());
    }
    let mut found = Vec::new();
    let mut faults = Vec::new();
    walk(document.get_ref(), "", &mut |at, key, value| {
        let source = source(line(at));
        match Value::deserialize(ValueDeserializer::from(value)) {
            Ok(value) => found.push((at, Leaf { key, value, source })),
            Err(error) => faults.push(Fault::new(&key, source, error.message())),
        }
    });
    found.sort_by_key(|(at, _)| *at);
    if faults.is_empty() {
        Ok(found.into_iter().map(|(_, leaf)| leaf).collect())
    } else {
        Err(faults)
    }
}

/// Visits all keys below a table. An empty table is visited too, as a key may be hidden by it.
fn walk<'a>(
    table: &DeTable<'a>,
    prefix: &str,
    visit: &mut dyn FnMut(usize, String, toml::Spanned<DeValue<'a>>),
) {
    for (name, value) in table {
        let key = format!("{prefix}{}", name.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => walk(inner, &format!("{key}."), visit),
            _ => visit(name.span().start, key, value.clone()),
        }
    }
}

fn with_prefix((name, value): &(OsString, OsString)) -> Option<(String, &OsStr)> {
    let name = name.to_string_lossy();
    name.starts_with(PREFIX).then(|| (name.into_owned(), value.as_os_str()))
}

fn read_variable(name: &str, value: &OsStr, reference: &Reference) -> Result<Leaf, Fault> {
    let rest = name.strip_prefix(PREFIX).unwrap_or_default();
    let key = rest.split("__").collect::<Vec<_>>().join(".").to_ascii_lowercase();
    let source = Source::Environment(name.to_owned());
    let Some(text) = value.to_str() else {
        return Err(Fault::new(&key, source, "expected text in UTF-8"));
    };
    let is_text = matches!(reference.leaf(&key), Some(Leaf { value: Value::String(_), .. }));
    // Where a text is expected, `true` and `42` are texts too; quotes are allowed.
    let is_toml = !is_text || text.starts_with(['"', '\'']);
    let parsed = ValueDeserializer::parse(text).and_then(Value::deserialize);
    let value = match parsed {
        Ok(value) if is_toml => value,
        _ => Value::String(text.to_owned()),
    };
    Ok(Leaf { key, value, source })
}

fn read_flag(flag: &Flag) -> Leaf {
    Leaf {
        key: flag.key.to_owned(),
        value: Value::String(flag.value.clone()),
        source: Source::Flag(flag.name),
    }
}

/// Which element of a list a key is of, and where in it.
fn element<'k>(key: &'k str, list: &str) -> Option<(usize, &'k str)> {
    let (at, within) = key.strip_prefix(list)?.strip_prefix('[')?.split_once(']')?;
    Some((at.parse().ok()?, within))
}

/// The environment variable of a key.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

/// Puts a value at a dotted key, and makes the sections above it.
fn insert(table: &mut toml::Table, key: &str, value: Value) {
    let Some((section, rest)) = key.split_once('.') else {
        table.insert(key.to_owned(), value);
        return;
    };
    let inner = table.entry(section).or_insert_with(|| Value::Table(toml::Table::new()));
    if let Value::Table(inner) = inner {
        insert(inner, rest, value);
    }
}

/// What names of our environment variables start with.
const PREFIX: &str = "RINGWALL__";

/// A configuration file is small; this is far above any.
const FILE_BYTES_MAX: u64 = 1_048_576;

/// All is read anew after each of them; nobody mends more at once.
const LIST_FAULTS_MAX: usize = 20;

/// Below this likeness, a guess would mislead.
const LIKENESS_MIN: f64 = 0.8;
