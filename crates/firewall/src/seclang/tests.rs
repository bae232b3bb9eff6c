//! What is printed is read again as it was.

use proptest::prelude::*;

use super::{
    action::{Action, Change, SetVar},
    ast::Directive,
    check::{Check, Operator},
    ctl::Ctl,
    directive::parse_sentence,
    place::logical_lines,
    print,
    target::{Role, Selector, Target},
    template::{Part, Template},
    variable::Variable,
};

/// Texts with everything that is special somewhere, but backslashes, which quotes cannot end with.
const TEXT: &str = "[a-z'\",;|:= %.é]{0,12}";

fn variable() -> impl Strategy<Value = Variable> {
    prop::sample::select(Variable::ALL)
}

fn selector(variable: Variable) -> BoxedStrategy<Selector> {
    if variable == Variable::Xml {
        return prop::sample::select(&["/*", "//@*"])
            .prop_map(|path| Selector::XPath(path.to_owned()))
            .boxed();
    }
    if !variable.is_collection() {
        return Just(Selector::All).boxed();
    }
    prop_oneof![
        Just(Selector::All),
        "[a-zA-Z_-][a-zA-Z0-9_.-]{0,8}".prop_map(Selector::Key),
        "[a-z^$.+/-]{1,8}".prop_map(Selector::Regex),
    ]
    .boxed()
}

fn target() -> impl Strategy<Value = Target> {
    let role = prop::sample::select(&[Role::Look, Role::Count, Role::Exclude]);
    (variable(), role).prop_flat_map(|(variable, role)| {
        selector(variable).prop_map(move |selector| Target { variable, selector, role })
    })
}

fn template() -> impl Strategy<Value = Template> {
    let text = TEXT.prop_filter_map("not empty", |text| {
        let text = text.trim().to_owned();
        (!text.is_empty() && !text.contains("%{")).then_some(Part::Text(text))
    });
    let tx =
        "[a-z0-9_]{1,8}".prop_map(|key| Part::Macro { variable: Variable::Tx, key: Some(key) });
    let single = Just(Part::Macro { variable: Variable::MatchedVar, key: None });
    // Texts side by side would be read as one.
    (prop::option::of(text), prop::collection::vec(prop_oneof![tx, single], 1..3))
        .prop_map(|(text, macros)| Template { parts: text.into_iter().chain(macros).collect() })
}

fn check() -> impl Strategy<Value = Check> {
    let operators = prop::sample::select(&[Operator::Streq, Operator::Contains, Operator::Lt]);
    let text = (operators, template());
    let plain = "[a-z(\"'|){}$^.+:-]{1,10}".prop_map(|text| (Operator::Rx, Template::text(&text)));
    let empty = Just((Operator::DetectSqli, Template::default()));
    (any::<bool>(), prop_oneof![text, plain, empty])
        .prop_map(|(negated, (operator, argument))| Check { negated, operator, argument })
}

fn action() -> impl Strategy<Value = Action> {
    let filled = TEXT.prop_filter_map("not empty", |text| {
        let text = text.trim().to_owned();
        (!text.is_empty()).then_some(text)
    });
    let change = prop_oneof![
        Just(Change::Unset),
        template().prop_map(Change::Set),
        template().prop_map(Change::Add),
        template().prop_map(Change::Subtract),
    ];
    let name = "[a-z][a-z0-9_]{0,8}".prop_map(|name| Template::text(&name));
    let set = (name, change).prop_map(|(name, change)| {
        Action::SetVar(SetVar { collection: Variable::Tx, name, change })
    });
    prop_oneof![
        (1..u32::MAX).prop_map(Action::Id),
        (1..=5_u8).prop_map(Action::Phase),
        template().prop_map(Action::Msg),
        template().prop_map(Action::LogData),
        filled.clone().prop_map(Action::Tag),
        filled.prop_map(|tag| Action::Ctl(Ctl::RuleRemoveByTag(tag))),
        set,
        ((1..9_u32), target()).prop_map(|(id, target)| {
            Action::Ctl(Ctl::RuleRemoveTargetById((id, id + 1), vec![target]))
        }),
        prop::sample::select(&["none", "lowercase"])
            .prop_map(|name| Action::Transform(name.to_owned())),
        (100..600_u16).prop_map(Action::Status),
        any::<bool>().prop_map(Action::Log),
        prop::sample::select(vec![Action::Deny, Action::Pass, Action::Capture]),
    ]
}

/// A value that begins with a sign is read as a sum; one with a comma or a quote needs its quotes.
fn is_plain(action: &Action) -> bool {
    let begins_with_sign = |template: &Template| match template.parts.first() {
        Some(Part::Text(text)) => text.starts_with(['+', '-']),
        _ => false,
    };
    let has_comma = |targets: &[Target]| {
        targets.iter().any(|target| matches!(&target.selector, Selector::Regex(_)))
    };
    match action {
        Action::SetVar(SetVar { change: Change::Set(template), .. }) => !begins_with_sign(template),
        Action::Ctl(Ctl::RuleRemoveTargetById(_, targets)) => !has_comma(targets),
        _ => true,
    }
}

proptest! {
    #[test]
    fn a_printed_rule_is_read_as_it_was(
        targets in prop::collection::vec(target(), 1..4),
        check in check(),
        actions in prop::collection::vec(action().prop_filter("plain", is_plain), 1..6),
    ) {
        let text = print::rule(&targets, &check, &actions);
        let lines = logical_lines(&text);
        prop_assert_eq!(lines.len(), 1, "{}", text);

        let sentence = lines.first().map(parse_sentence);

        let Some(Ok(sentence)) = sentence else {
            return Err(TestCaseError::fail(format!("{sentence:?}\n{text}")));
        };
        let Directive::Rule { targets: read_targets, check: read_check, actions: read } =
            sentence.directive
        else {
            return Err(TestCaseError::fail(text));
        };
        let read: Vec<Action> = read.into_iter().map(|placed| placed.action).collect();
        prop_assert_eq!(read_targets, targets, "{}", text);
        prop_assert_eq!(read_check, check, "{}", text);
        prop_assert_eq!(read, actions, "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_place_within(text in "(?s).{0,200}") {
        let lines = text.split('\n').count() as u32;
        for line in logical_lines(&text) {
            if let Err(fault) = parse_sentence(&line) {
                prop_assert!(fault.place.line >= 1 && fault.place.line <= lines);
                prop_assert!(fault.place.column >= 1);
            }
        }
    }
}
