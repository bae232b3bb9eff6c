//! Builds the JSON document of a draft whose personal data has to be opened on purpose.

use kernel::{Pii, Purpose};
use serde::Serialize;
use serde_json::{Map, Value};

/// A JSON object in the making.
#[derive(Default)]
pub(crate) struct Document(Map<String, Value>);

impl Document {
    /// Adds a member that is about nobody in person.
    pub(crate) fn clear(mut self, name: &str, value: &impl Serialize) -> Self {
        self.0.insert(name.to_owned(), json(value));
        self
    }

    /// Adds a personal member, opened for a stated purpose; null when it is not known.
    pub(crate) fn personal<T: Serialize>(
        self,
        name: &str,
        value: Option<&Pii<T>>,
        purpose: Purpose,
    ) -> Self {
        self.clear(name, &value.map(|value| value.open(purpose)))
    }
}

impl From<Value> for Document {
    fn from(value: Value) -> Self {
        match value {
            Value::Object(members) => Self(members),
            _ => Self::default(),
        }
    }
}

impl From<Document> for Value {
    fn from(document: Document) -> Self {
        Self::Object(document.0)
    }
}

/// INVARIANT: the domain's types have string keys and infallible `Serialize`, so that nothing is
/// ever replaced by null; the round-trip tests of the drafts hold this.
fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
