//! What the firewall leaves out, by operation: `[[firewall.exclusions]]`.

use firewall::Selection;
use serde::Deserialize;

use super::words::{Word, list};

/// Rules that are left out, or that do not look at some things.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct FirewallExclusion {
    /// For one operation, by its operationId or its method and path; for all where it names none.
    pub(crate) operation: Option<String>,
    /// Which rules.
    pub(crate) rules: Vec<RuleSelection>,
    /// What they do not look at; they are left out where it names nothing.
    pub(crate) targets: Vec<String>,
}

/// Some rules, and how they were named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleSelection {
    pub(crate) written: String,
    pub(crate) selection: Selection,
}

/// An exclusion as it is written; it may still name nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    operation: Option<String>,
    #[serde(deserialize_with = "list")]
    rules: Vec<RuleSelection>,
    #[serde(default)]
    targets: Vec<String>,
}

impl TryFrom<Written> for FirewallExclusion {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { operation, rules, targets } = written;
        if rules.is_empty() {
            return Err("expected `rules`: ids, ranges of ids or tags");
        }
        if targets.len() > TARGETS_MAX {
            return Err("expected at most 100 `targets`");
        }
        Ok(Self { operation, rules, targets })
    }
}

impl Word for RuleSelection {
    const EXPECTED: &'static str =
        "an id such as \"942100\", a range such as \"942100-942999\", or a tag";

    fn parse(text: &str) -> Option<Self> {
        let selection = match text.split_once('-') {
            Some((from, to)) if is_number(from) && is_number(to) => {
                let (from, to) = (from.parse().ok()?, to.parse().ok()?);
                (from <= to).then_some(Selection::Ids(from, to))?
            }
            _ if is_number(text) => {
                let id = text.parse().ok()?;
                Selection::Ids(id, id)
            }
            _ if is_tag(text) => Selection::Tag(text.to_owned()),
            _ => return None,
        };
        Some(Self { written: text.to_owned(), selection })
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_tag(text: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(is_fit)
}

const TARGETS_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_no_rule_is_refused() {
        for text in ["", "9-1", "942100 942110", "99999999999", "it's"] {
            assert_eq!(RuleSelection::parse(text), None, "{text}");
        }
    }

    #[test]
    fn rules_are_named_by_id_range_or_tag() {
        for (text, selection) in [
            ("942100", Selection::Ids(942_100, 942_100)),
            ("942100-942999", Selection::Ids(942_100, 942_999)),
            ("attack-sqli", Selection::Tag("attack-sqli".to_owned())),
            ("ringwall/injection", Selection::Tag("ringwall/injection".to_owned())),
        ] {
            assert_eq!(RuleSelection::parse(text).unwrap().selection, selection, "{text}");
        }
    }
}
