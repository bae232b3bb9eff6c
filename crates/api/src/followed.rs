//! Following what happens: which kinds of things a caller may follow.

use gate::Dossier;
use serde::{Deserialize, Deserializer};
use store::resources::{RESOURCES, Resource};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::may::May;
use crate::reply::Refused;

/// A kind of thing that can be followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind(&'static Resource);

/// The kinds that were asked for, or all that the caller may see.
///
/// # Errors
/// When the caller asks for one that they may not see.
pub(crate) fn kinds(
    asked: Vec<Kind>,
    may: &May<'_>,
    dossier: &Dossier,
) -> Result<Vec<&'static Resource>, Refused> {
    if asked.is_empty() {
        return Ok(RESOURCES.iter().filter(|resource| may.does(resource.action)).collect());
    }
    let insist = |Kind(resource): Kind| may.insist(resource.action, dossier).map(|()| resource);
    asked.into_iter().map(insist).collect()
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let known = Resource::find(&name).map(Self);
        known.ok_or_else(|| serde::de::Error::custom("expected a kind of resource"))
    }
}

impl PartialSchema for Kind {
    fn schema() -> RefOr<Schema> {
        let names = RESOURCES.iter().map(|resource| resource.name);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
    }
}

impl ToSchema for Kind {
    fn name() -> std::borrow::Cow<'static, str> {
        "ResourceKind".into()
    }
}
