//! Query strings as types. The contract has checked names, forms and limits before.

use kernel::Problem;
use kernel::problem::INVALID;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::reply::Refused;

/// Parses a query string: a parameter given several times becomes a list.
///
/// # Errors
/// When it does not fit the type.
pub(crate) fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Refused> {
    let mut members = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = Value::String(value.into_owned());
        match members.get_mut(name.as_ref()) {
            Some(Value::Array(list)) => list.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
            None => {
                members.insert(name.into_owned(), value);
            }
        }
    }
    serde_json::from_value(Value::Object(members)).map_err(|_| Problem::new(&INVALID).into())
}

/// For lists: one value or several.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// Given several times.
    Many(Vec<T>),
    /// Given once.
    One(T),
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T> From<OneOrMany<T>> for Vec<T> {
    fn from(values: OneOrMany<T>) -> Self {
        match values {
            OneOrMany::Many(values) => values,
            OneOrMany::One(value) => vec![value],
        }
    }
}

/// Reads a number from the text that query parameters are.
///
/// # Errors
/// When the text is no number.
pub(crate) fn number<'de, D, N>(deserializer: D) -> Result<Option<N>, D::Error>
where
    D: serde::Deserializer<'de>,
    N: std::str::FromStr,
{
    use serde::Deserialize;
    let text = Option::<String>::deserialize(deserializer)?;
    let number = text.map(|text| text.parse().map_err(|_| serde::de::Error::custom("a number")));
    number.transpose()
}
