//! Rules that compile and cannot do what they seem to do.

use crate::{
    Lint, Phase,
    pattern::Pattern,
    seclang::{
        action::Action,
        check::Operator,
        target::{Role, Target},
        variable::Variable,
    },
};

use super::{
    Rule,
    assemble::{Assembly, Draft, DraftLink},
};

/// Looks at every rule.
pub(crate) fn lint(assembly: &Assembly, rules: &[Rule]) -> Vec<Lint> {
    let mut lints = Vec::new();
    for (index, (draft, rule)) in assembly.drafts.iter().zip(rules).enumerate() {
        let mut say = |line: u32, message: String| {
            lints.push(Lint { file: draft.file.to_string(), line, id: draft.id, message });
        };
        for link in &draft.links {
            for message in never(draft, link).into_iter().chain(bounded(link)) {
                say(link.place.line, message);
            }
        }
        if let Some(name) = &rule.marker {
            let is_there = |after: bool| {
                assembly
                    .markers
                    .iter()
                    .any(|(marker, position)| **marker == **name && (!after || *position > index))
            };
            if !is_there(true) {
                let message = if is_there(false) {
                    format!(
                        "the marker `{name}` stands before it: the rest of the phase is skipped"
                    )
                } else {
                    format!("there is no marker `{name}`: the rest of the phase is skipped")
                };
                say(rule.line, message);
            }
        }
    }
    lints
}

/// Why a link can never match.
fn never(draft: &Draft, link: &DraftLink) -> Option<String> {
    let check = link.check.as_ref()?;
    let operator = check.operator;
    let is_silent = matches!(operator, Operator::GeoLookup | Operator::Rbl | Operator::NoMatch);
    if is_silent && !check.negated {
        return Some(format!("`@{}` never matches in this engine", operator.name()));
    }
    let looks: Vec<&Target> =
        link.targets.iter().filter(|target| target.role == Role::Look).collect();
    if looks.len() != link.targets.iter().filter(|target| target.role != Role::Exclude).count() {
        return None;
    }
    if let Some(target) = looks.iter().find(|target| first_phase(target.variable) <= draft.phase) {
        let _: &&Target = target;
        let lower = lowered(link) && constant_has_capital(check);
        return lower.then(|| "`t:lowercase` leaves no capital for its text to equal".to_owned());
    }
    let target = looks.first()?;
    let known = first_phase(target.variable).number();
    let name = target.variable.name();
    Some(format!("`{name}` is not known before phase {known}"))
}

/// Says that a pattern is not matched in linear time, but within a limit on steps.
fn bounded(link: &DraftLink) -> Option<String> {
    let check = link.check.as_ref().filter(|check| check.operator == Operator::Rx)?;
    let text = check.argument.constant()?;
    let may_be = ["(?=", "(?!", "(?<", "(?>", "++", "*+", "?+", "}+", "\\"];
    if !may_be.iter().any(|sign| text.contains(sign)) {
        return None;
    }
    let pattern = Pattern::compile(text).ok()?;
    pattern.is_bounded().then(|| {
        "no regular expression can say this pattern: it is matched within a limit on steps, and \
         beyond the limit it counts as a match"
            .to_owned()
    })
}

/// When a variable is filled first.
const fn first_phase(variable: Variable) -> Phase {
    match variable {
        Variable::ArgsPost
        | Variable::ArgsPostNames
        | Variable::Files
        | Variable::FilesNames
        | Variable::FilesSizes
        | Variable::FilesCombinedSize
        | Variable::RequestBody
        | Variable::RequestBodyLength
        | Variable::MultipartPartHeaders
        | Variable::MultipartName
        | Variable::MultipartFilename
        | Variable::Xml => Phase::RequestBody,
        Variable::ResponseStatus
        | Variable::ResponseHeaders
        | Variable::ResponseHeadersNames
        | Variable::ResponseProtocol
        | Variable::ResponseContentType => Phase::ResponseHeaders,
        Variable::ResponseBody | Variable::ResponseContentLength | Variable::ResponseArgs => {
            Phase::ResponseBody
        }
        _ => Phase::RequestHeaders,
    }
}

fn lowered(link: &DraftLink) -> bool {
    let mut transforms = link.actions.iter().filter_map(|placed| match &placed.action {
        Action::Transform(name) => Some(name.as_str()),
        _ => None,
    });
    transforms.next_back().is_some_and(|name| name.eq_ignore_ascii_case("lowercase"))
}

fn constant_has_capital(check: &crate::seclang::check::Check) -> bool {
    let compares = matches!(
        check.operator,
        Operator::Streq | Operator::Contains | Operator::BeginsWith | Operator::EndsWith
    );
    compares
        && !check.negated
        && check
            .argument
            .constant()
            .is_some_and(|text| text.bytes().any(|byte| byte.is_ascii_uppercase()))
}
