//! From a drafted link to one that runs.

use crate::{
    Files,
    address::AddressSet,
    pattern::Pattern,
    phrases::Phrases,
    seclang::{
        action::{Action, Placed},
        check::{Check as Wish, Operator},
        hint::nearest,
        include::beside,
        place::{Fault, Place},
        target::{Role, Target},
        template::Template,
    },
    transform::Transform,
    validate::ByteRange,
};

use super::{
    Check, Link, Look, Matcher, NumberOperator, Test, Text, TextOperator,
    assemble::DraftLink,
    deeds,
    intern::{Shared, is_stable},
    tests::integer,
};

/// What compiling a link needs besides the link.
pub(crate) struct Context<'a> {
    pub(crate) files: &'a dyn Files,
    /// The file the link stands in.
    pub(crate) file: &'a str,
    pub(crate) census: &'a deeds::Census,
    /// What `SecDefaultAction` said; its transformations come first.
    pub(crate) defaults: &'a [Placed],
}

/// Compiles one link.
pub(crate) fn compile(
    draft: &DraftLink,
    shared: &mut Shared,
    context: &Context<'_>,
) -> Result<Link, Fault> {
    let chain = transformations(context.defaults.iter().chain(&draft.actions))?;
    let form = shared.form(&chain);
    let has = |wanted: &Action| draft.actions.iter().any(|placed| placed.action == *wanted);
    let multi = has(&Action::MultiMatch);
    let look = look(draft, form, multi, shared)?;
    let (check, negated) = match &draft.check {
        None => (Check::Test(test(&always(), shared, context, draft.place)?), false),
        Some(wish) => (check(wish, shared, context, draft.place)?, wish.negated),
    };
    let deeds = deeds::compile(&draft.actions, &mut shared.names, context.census)?;
    let text = |pick: fn(&Action) -> Option<&Template>| {
        draft.actions.iter().rev().find_map(|placed| pick(&placed.action))
    };
    let message = text(|action| match action {
        Action::Msg(template) => Some(template),
        _ => None,
    });
    let data = text(|action| match action {
        Action::LogData(template) => Some(template),
        _ => None,
    });
    Ok(Link {
        look,
        check,
        negated,
        capture: has(&Action::Capture),
        multi,
        sets: deeds.sets,
        after: deeds.after,
        message: message.map(|template| Text::new(template, &mut shared.names)),
        data: data.map(|template| Text::new(template, &mut shared.names)),
        form,
    })
}

/// Transformations a rule may have.
const TRANSFORMATIONS_MAX: usize = 32;

fn transformations<'a>(actions: impl Iterator<Item = &'a Placed>) -> Result<Vec<Transform>, Fault> {
    let mut chain = Vec::new();
    for placed in actions {
        let Action::Transform(name) = &placed.action else { continue };
        if name.eq_ignore_ascii_case("none") {
            chain.clear();
            continue;
        }
        let Some(transform) = Transform::named(name) else {
            let message = format!("unknown transformation `{name}`");
            let hint = nearest(name, Transform::all().map(Transform::name));
            return Err(Fault::new(placed.place, message).hint(hint));
        };
        chain.push(transform);
        if chain.len() > TRANSFORMATIONS_MAX {
            let message = format!("a rule may have {TRANSFORMATIONS_MAX} transformations");
            return Err(Fault::new(placed.place, message));
        }
    }
    Ok(chain)
}

fn look(draft: &DraftLink, form: u32, multi: bool, shared: &mut Shared) -> Result<Look, Fault> {
    if draft.check.is_none() {
        return Ok(Look::Nothing);
    }
    let mut targets: Vec<(Target, Matcher)> = Vec::with_capacity(draft.targets.len());
    for target in &draft.targets {
        let matcher = Matcher::new(target).map_err(|message| Fault::new(draft.place, message))?;
        targets.push((target.clone(), matcher));
    }
    if targets.iter().all(|(target, _)| target.role == Role::Exclude) {
        return Err(Fault::new(draft.place, "the rule excludes targets and looks at none"));
    }
    let is_bucket =
        targets.iter().all(|(target, _)| target.role == Role::Exclude || is_plain(target));
    Ok(if is_bucket {
        Look::Bucket(shared.bucket(&targets, form, multi))
    } else {
        Look::Live(shared.live(&targets))
    })
}

fn is_plain(target: &Target) -> bool {
    target.role == Role::Look && is_stable(target.variable)
}

fn always() -> Wish {
    Wish { negated: false, operator: Operator::UnconditionalMatch, argument: Template::default() }
}

fn check(
    wish: &Wish,
    shared: &mut Shared,
    context: &Context<'_>,
    place: Place,
) -> Result<Check, Fault> {
    if wish.argument.constant().is_some() {
        return Ok(Check::Test(test(wish, shared, context, place)?));
    }
    let text = Text::new(&wish.argument, &mut shared.names);
    if let Some(operator) = number_operator(wish.operator) {
        return Ok(Check::Number(operator, text));
    }
    match text_operator(wish.operator) {
        Some(operator) => Ok(Check::Text(operator, text)),
        None => Err(Fault::new(place, format!("`@{}` takes no macros", wish.operator.name()))),
    }
}

fn test(
    wish: &Wish,
    shared: &mut Shared,
    context: &Context<'_>,
    place: Place,
) -> Result<u32, Fault> {
    let argument = wish.argument.constant().unwrap_or_default();
    let reads = matches!(
        wish.operator,
        Operator::PmFromFile | Operator::Pmf | Operator::IpMatchFromFile | Operator::IpMatchF
    );
    let folder = if reads { context.file } else { "" };
    shared
        .test((wish.operator, argument, folder), || make(wish.operator, argument, context))
        .map_err(|message| Fault::new(place, message))
}

fn make(operator: Operator, argument: &str, context: &Context<'_>) -> Result<Test, String> {
    if let Some(operator) = number_operator(operator) {
        return Ok(Test::Number(operator, integer(argument.as_bytes())));
    }
    if let Some(operator) = text_operator(operator) {
        return Ok(Test::Text(operator, argument.as_bytes().into()));
    }
    Ok(match operator {
        Operator::Rx | Operator::RxGlobal => {
            Test::Pattern(Pattern::compile(argument).map_err(|fault| fault.to_string())?.into())
        }
        Operator::Pm => {
            Test::Phrases(Phrases::words(argument).map_err(|fault| fault.to_string())?.into())
        }
        Operator::PmFromFile | Operator::Pmf => {
            let text = read(argument, context)?;
            Test::Phrases(
                Phrases::lines([text.as_slice()]).map_err(|fault| fault.to_string())?.into(),
            )
        }
        Operator::IpMatch => addresses(argument)?,
        Operator::IpMatchFromFile | Operator::IpMatchF => {
            addresses(&String::from_utf8_lossy(&read(argument, context)?))?
        }
        Operator::DetectSqli => Test::Sqli,
        Operator::DetectXss => Test::Xss,
        Operator::ValidateByteRange => {
            Test::ByteRange(ByteRange::parse(argument).map_err(|fault| fault.to_string())?.into())
        }
        Operator::ValidateUrlEncoding => Test::UrlEncoding,
        Operator::ValidateUtf8Encoding => Test::Utf8,
        Operator::UnconditionalMatch => Test::Always,
        // No data base of places and no name server is asked: nothing is ever found there.
        _ => Test::Never,
    })
}

/// Several files may be named, with white space between them.
fn read(argument: &str, context: &Context<'_>) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    for name in argument.split_ascii_whitespace() {
        let path = beside(context.file, name);
        let bytes = context.files.read(&path).or_else(|| context.files.read(name));
        all.extend(bytes.ok_or_else(|| format!("there is no file `{path}`"))?);
        all.push(b'\n');
    }
    Ok(all)
}

fn addresses(text: &str) -> Result<Test, String> {
    let set = AddressSet::parse(&text.replace(',', "\n")).map_err(|fault| fault.to_string())?;
    Ok(Test::Addresses(set.into()))
}

const fn number_operator(operator: Operator) -> Option<NumberOperator> {
    Some(match operator {
        Operator::Eq => NumberOperator::Eq,
        Operator::Ge => NumberOperator::Ge,
        Operator::Gt => NumberOperator::Gt,
        Operator::Le => NumberOperator::Le,
        Operator::Lt => NumberOperator::Lt,
        _ => return None,
    })
}

const fn text_operator(operator: Operator) -> Option<TextOperator> {
    Some(match operator {
        Operator::Streq => TextOperator::Equal,
        Operator::Contains | Operator::Strmatch => TextOperator::Contains,
        Operator::ContainsWord => TextOperator::ContainsWord,
        Operator::BeginsWith => TextOperator::Begins,
        Operator::EndsWith => TextOperator::Ends,
        Operator::Within => TextOperator::Within,
        _ => return None,
    })
}
