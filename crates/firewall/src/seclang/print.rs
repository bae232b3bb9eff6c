//! Sentences back to text, for tests of the parser.

use super::{
    action::{Action, Change, SetVar},
    check::Check,
    ctl::Ctl,
    target::{Role, Selector, Target},
    template::{Part, Template},
};

/// `SecRule` with its targets, check and actions.
pub(super) fn rule(targets: &[Target], check: &Check, actions: &[Action]) -> String {
    let actions: Vec<String> = actions.iter().map(action).collect();
    format!(
        "SecRule {} {} \\\n    {}\n",
        quoted(&targets_text(targets)),
        quoted(&check_text(check)),
        quoted(&actions.join(",\\\n    ")),
    )
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}

fn targets_text(targets: &[Target]) -> String {
    let texts: Vec<String> = targets.iter().map(target).collect();
    texts.join("|")
}

fn target(target: &Target) -> String {
    let sign = match target.role {
        Role::Look => "",
        Role::Count => "&",
        Role::Exclude => "!",
    };
    let name = target.variable.name();
    match &target.selector {
        Selector::All => format!("{sign}{name}"),
        Selector::Key(text) | Selector::XPath(text) => format!("{sign}{name}:{text}"),
        Selector::Regex(text) => format!("{sign}{name}:/{}/", text.replace('/', "\\/")),
    }
}

fn check_text(check: &Check) -> String {
    let sign = if check.negated { "!" } else { "" };
    format!("{sign}@{} {}", check.operator.name(), template(&check.argument))
}

fn template(template: &Template) -> String {
    let parts = template.parts.iter().map(|part| match part {
        Part::Text(text) => text.clone(),
        Part::Macro { variable, key: None } => format!("%{{{}}}", variable.name()),
        Part::Macro { variable, key: Some(key) } => format!("%{{{}.{key}}}", variable.name()),
    });
    parts.collect()
}

fn value(text: &str) -> String {
    format!("'{}'", text.replace('\'', "\\'"))
}

fn action(action: &Action) -> String {
    match action {
        Action::Id(id) => format!("id:{id}"),
        Action::Phase(phase) => format!("phase:{phase}"),
        Action::Msg(text) => format!("msg:{}", value(&template(text))),
        Action::LogData(text) => format!("logdata:{}", value(&template(text))),
        Action::Tag(text) => format!("tag:{}", value(text)),
        Action::Transform(name) => format!("t:{name}"),
        Action::Status(status) => format!("status:{status}"),
        Action::Log(on) => if *on { "log" } else { "nolog" }.to_owned(),
        Action::SetVar(set) => format!("setvar:{}", value(&set_var(set))),
        Action::Ctl(Ctl::RuleRemoveByTag(tag)) => {
            format!("ctl:{}", value(&format!("ruleRemoveByTag={tag}")))
        }
        Action::Ctl(Ctl::RuleRemoveTargetById((from, to), targets)) => {
            format!("ctl:ruleRemoveTargetById={from}-{to};{}", targets_text(targets))
        }
        Action::Deny => "deny".to_owned(),
        Action::Pass => "pass".to_owned(),
        Action::Capture => "capture".to_owned(),
        other => format!("{other:?}").to_ascii_lowercase(),
    }
}

fn set_var(set: &SetVar) -> String {
    let place = format!("{}.{}", set.collection.name(), template(&set.name));
    match &set.change {
        Change::Unset => format!("!{place}"),
        Change::Set(text) => format!("{place}={}", template(text)),
        Change::Add(text) => format!("{place}=+{}", template(text)),
        Change::Subtract(text) => format!("{place}=-{}", template(text)),
    }
}
