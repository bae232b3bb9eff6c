//! What rules need not look at: because the contract admits nothing there that they look for, or
//! because an operator says so.

use firewall::{CompileError, Exclusion, Exclusions, Ruleset, Selection};

use super::Known;
use crate::contract::{Harmless, Operation};

/// What an operator excludes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// For this operation alone: its [`Operation::index`]. `None`: for all of them.
    pub operation: Option<usize>,
    /// Which rules, and from what.
    pub exclusions: Vec<Exclusion>,
}

/// Who judges running text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// All rules.
    ByAllRules,
    /// Our own, which are made for text. The Core Rule Set takes prose about SQL for SQL.
    ByOurRules,
}

/// The exclusions of each operation, in the order of their index.
///
/// # Errors
/// When a name of the contract, or a stated one, cannot stand in a rule's target.
pub(super) fn compile(rules: &Ruleset, known: &Known) -> Result<Vec<Exclusions>, CompileError> {
    let of = |operation: &Operation| {
        let mut list = known.trust.map(|text| proven(operation, text)).unwrap_or_default();
        let concerns = |stated: &&Stated| stated.operation.is_none_or(|at| at == operation.index);
        list.extend(known.stated.iter().filter(concerns).flat_map(|s| s.exclusions.clone()));
        rules.exclusions(&list)
    };
    known.contract.operations().map(|operation| of(operation)).collect()
}

fn proven(operation: &Operation, text: Text) -> Vec<Exclusion> {
    let mut targets = Vec::new();
    let harmless = &operation.harmless;
    if harmless.path {
        targets.extend(["REQUEST_FILENAME", "REQUEST_BASENAME"].map(str::to_owned));
    }
    for name in &harmless.query {
        targets.extend([format!("ARGS:{name}"), format!("ARGS_GET:{name}")]);
    }
    for way in &harmless.body {
        let name = member(way);
        targets.extend([format!("ARGS:{name}"), format!("ARGS_POST:{name}")]);
    }
    for name in &harmless.form {
        targets.extend([format!("ARGS:{name}"), format!("ARGS_POST:{name}")]);
    }
    for name in &harmless.opaque {
        targets.extend(["ARGS", "ARGS_GET", "ARGS_POST"].map(|of| format!("{of}:{name}")));
        let name = regex::escape(name);
        let member = format!("/^json\\.(?:.*\\.)?{name}$/");
        targets.extend(["ARGS", "ARGS_POST"].map(|of| format!("{of}:{member}")));
    }
    let declared = DECLARED_ELSEWHERE.iter().map(|id| Selection::Ids(*id, *id));
    let mut list: Vec<Exclusion> =
        declared.map(|rules| Exclusion { rules, target: None }).collect();
    if !targets.is_empty() {
        let target = Some(targets.join("|"));
        let tags = INJECTION_TAGS.iter().map(|tag| Selection::Tag((*tag).to_owned()));
        list.extend(tags.map(|rules| Exclusion { rules, target: target.clone() }));
    }
    let text = if text == Text::ByOurRules { text_targets(harmless) } else { Vec::new() };
    if !text.is_empty() {
        let target = Some(text.join("|"));
        let tags = INJECTION_TAGS.iter().filter(|tag| **tag != OUR_TAG);
        let tags = tags.chain(&["attack-protocol"]).map(|tag| Selection::Tag((*tag).to_owned()));
        list.extend(tags.map(|rules| Exclusion { rules, target: target.clone() }));
    }
    list
}

/// Where running text and addresses stand.
fn text_targets(harmless: &Harmless) -> Vec<String> {
    let members = harmless.text.iter().map(|way| member(way));
    let posted = members.chain(harmless.form_text.iter().cloned());
    let mut targets: Vec<String> =
        posted.flat_map(|name| [format!("ARGS:{name}"), format!("ARGS_POST:{name}")]).collect();
    if !harmless.text.is_empty() {
        // Its values are looked at one by one, under their names.
        targets.push("REQUEST_BODY".to_owned());
    }
    let words = harmless.words.iter();
    targets.extend(words.flat_map(|name| [format!("ARGS:{name}"), format!("ARGS_GET:{name}")]));
    targets
}

/// The name that the JSON body processor gives to a member: `json.skills.0.level`.
fn member(way: &[Option<String>]) -> String {
    if way.iter().all(Option::is_some) {
        let names: Vec<&str> = way.iter().flatten().map(String::as_str).collect();
        return format!("json.{}", names.join("."));
    }
    let parts: Vec<&str> = way.iter().map(|part| part.as_deref().unwrap_or("[0-9]+")).collect();
    format!("/^json\\.{}$/", parts.join("\\."))
}

/// The rules of the Core Rule Set that hold lists of methods, media types and character sets, and
/// the form of a media type. The contract has the true lists: the ring outside of this one and
/// validation refuse what is not on them.
const DECLARED_ELSEWHERE: &[u32] = &[911_100, 920_420, 920_470, 920_480];

const OUR_TAG: &str = "ringwall/injection";

/// The tags of rules that look for injection into values: ours, and those of the Core Rule Set.
const INJECTION_TAGS: &[&str] = &[
    OUR_TAG,
    "attack-sqli",
    "attack-xss",
    "attack-rce",
    "attack-lfi",
    "attack-rfi",
    "attack-ssrf",
    "attack-ssti",
    "attack-fixation",
    "attack-generic",
    "attack-injection-php",
    "attack-injection-java",
    "attack-injection-generic",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_the_names_that_rules_know() {
        let some = |name: &str| Some(name.to_owned());

        assert_eq!(member(&[some("rate"), some("minor")]), "json.rate.minor");
        assert_eq!(
            member(&[some("skills"), None, some("level")]),
            "/^json\\.skills\\.[0-9]+\\.level$/"
        );
    }
}
