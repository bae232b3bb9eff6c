//! Personal data as a type: it cannot be printed or serialised by accident.

use serde::{Deserialize, Deserializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A value about a person.
///
/// It has no `Debug`, `Display` or `Serialize`: the only way to the value is [`Pii::open`], which
/// states why. So personal data cannot reach a log, an error or a reply unless somebody wrote it
/// down on purpose.
///
/// ```compile_fail
/// let name = kernel::Pii::new("Ada".to_owned());
/// println!("{name:?}");
/// ```
///
/// ```compile_fail
/// let name = kernel::Pii::new("Ada".to_owned());
/// serde_json::to_string(&name).unwrap();
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Pii<T>(T);

/// Why personal data is opened. The audit trail and code review read these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To answer a caller whose permit covers it.
    Answer,
    /// To change it on a caller's behalf.
    Change,
    /// To compute the blind index that finds it again.
    Index,
    /// To seal it for storage.
    Seal,
    /// To take out of it what the matcher may see.
    Project,
    /// To show its last characters, and nothing else of it.
    Mask,
    /// To show it whole to a caller who stated why.
    Reveal,
}

impl<T> Pii<T> {
    /// Marks a value as personal.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for a stated purpose.
    #[must_use]
    pub const fn open(&self, _purpose: Purpose) -> &T {
        &self.0
    }

    /// Personal data made from personal data.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Pii<U> {
        Pii(f(self.0))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pii<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

impl<T: PartialSchema> PartialSchema for Pii<T> {
    fn schema() -> RefOr<Schema> {
        T::schema()
    }
}

impl<T: ToSchema> ToSchema for Pii<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        T::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}
