//! The condition of a rule: `!@rx ^a`.

use super::{
    hint::nearest,
    place::{Fault, Piece},
    template::Template,
};

macro_rules! operators {
    ($($name:literal $variant:ident $argument:ident,)*) => {
        /// An operator's name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Operator {
            $($variant,)*
        }

        impl Operator {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// As rules write it, without the `@`.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            const fn argument(self) -> Argument {
                match self { $(Self::$variant => Argument::$argument,)* }
            }
        }
    };
}

/// What stands after an operator's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Argument {
    /// Nothing.
    Empty,
    /// A text that macros may be part of.
    Macros,
    /// A text as it is.
    Plain,
    /// Nothing, or what we do not need.
    Free,
}

// One macro, so that an operator is named in one place.
operators! {
    "rx" Rx Plain,
    "rxGlobal" RxGlobal Plain,
    "pm" Pm Plain,
    "pmf" Pmf Plain,
    "pmFromFile" PmFromFile Plain,
    "streq" Streq Macros,
    "strmatch" Strmatch Macros,
    "contains" Contains Macros,
    "containsWord" ContainsWord Macros,
    "beginsWith" BeginsWith Macros,
    "endsWith" EndsWith Macros,
    "within" Within Macros,
    "eq" Eq Macros,
    "ge" Ge Macros,
    "gt" Gt Macros,
    "le" Le Macros,
    "lt" Lt Macros,
    "ipMatch" IpMatch Plain,
    "ipMatchF" IpMatchF Plain,
    "ipMatchFromFile" IpMatchFromFile Plain,
    "detectSQLi" DetectSqli Empty,
    "detectXSS" DetectXss Empty,
    "validateByteRange" ValidateByteRange Plain,
    "validateUrlEncoding" ValidateUrlEncoding Free,
    "validateUtf8Encoding" ValidateUtf8Encoding Free,
    "unconditionalMatch" UnconditionalMatch Free,
    "noMatch" NoMatch Free,
    "geoLookup" GeoLookup Free,
    "rbl" Rbl Free,
}

/// The condition of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) negated: bool,
    pub(crate) operator: Operator,
    pub(crate) argument: Template,
}

impl Check {
    /// Parses `[!]@name argument`, or a pattern alone.
    pub(crate) fn parse(piece: &Piece) -> Result<Self, Fault> {
        let piece = piece.trim();
        let text = piece.text();
        let negated = text.starts_with('!');
        let from = usize::from(negated);
        let body = text.get(from..).unwrap_or_default();
        let body_start = from + (body.len() - body.trim_start().len());
        let body = body.trim_start();
        let Some(named) = body.strip_prefix('@') else {
            let argument = Template::text(body);
            return Ok(Self { negated, operator: Operator::Rx, argument });
        };
        let length = named.find(|c: char| c.is_ascii_whitespace()).unwrap_or(named.len());
        let name = named.get(..length).unwrap_or_default();
        let operator = find(name).ok_or_else(|| {
            let names = Operator::ALL.iter().map(|operator| operator.name());
            piece
                .fault(body_start, format!("unknown operator `@{name}`"))
                .hint(nearest(name, names))
        })?;
        let argument = piece.slice(body_start + 1 + length, text.len());
        let argument = operator.read(&argument.trim())?;
        Ok(Self { negated, operator, argument })
    }
}

fn find(name: &str) -> Option<Operator> {
    Operator::ALL.iter().copied().find(|operator| operator.name().eq_ignore_ascii_case(name))
}

impl Operator {
    fn read(self, argument: &Piece) -> Result<Template, Fault> {
        let is_empty = argument.text().is_empty();
        match self.argument() {
            Argument::Macros => Template::parse(argument),
            Argument::Plain if is_empty => {
                Err(argument.fault(0, format!("`@{}` needs an argument", self.name())))
            }
            Argument::Empty if !is_empty => {
                Err(argument.fault(0, format!("`@{}` takes no argument", self.name())))
            }
            _ if is_empty => Ok(Template::default()),
            _ => Ok(Template::text(argument.text())),
        }
    }
}
