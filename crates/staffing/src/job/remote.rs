//! Where and when the work is done.

use kernel::{CountryCode, FieldError, TimeZoneName};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, OneOfBuilder};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::bounded::{List, Whole};
use crate::calendar::Window;

/// Countries to choose from, at least one.
pub type CountriesAllowed = List<CountryCode, 1, 250>;
/// Countries left out.
pub type CountriesExcluded = List<CountryCode, 0, 250>;
/// Hours of a day.
pub type OverlapHours = Whole<0, 12>;
/// A share in percent.
pub type Percent = Whole<0, 100>;

/// Where and when the work is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemotePolicy {
    /// How much of it is remote.
    pub kind: RemoteKind,
    /// The only countries to work from. Either this or `worldwide`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub countries_allowed: Option<CountriesAllowed>,
    /// Any country will do. Either this or `countries_allowed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub worldwide: Option<Always>,
    /// Countries that will not do, for legal or other reasons.
    #[serde(default)]
    pub countries_excluded: CountriesExcluded,
    /// The team's time zone; the agency's when there is none.
    pub base_time_zone: Option<TimeZoneName>,
    /// Hours a day that must overlap with the team's.
    #[schema(inline)]
    pub min_overlap_hours: Option<OverlapHours>,
    /// Hours of one day at which everybody works, in the team's time zone.
    pub core_hours: Option<Window>,
    /// Share of the time spent travelling.
    #[schema(inline)]
    pub travel_percent: Option<Percent>,
}

/// How much of the work is remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RemoteKind {
    /// All.
    Remote,
    /// Some.
    Hybrid,
    /// None.
    OnSite,
}

/// The literal `true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
pub struct Always;

impl TryFrom<bool> for Always {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, Self::Error> {
        if value { Ok(Self) } else { Err("expected `true`, or no such member") }
    }
}

impl From<Always> for bool {
    fn from(_: Always) -> Self {
        true
    }
}

impl PartialSchema for Always {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Boolean)
            .enum_values(Some([true]))
            .into()
    }
}
impl ToSchema for Always {}

impl RemotePolicy {
    pub(crate) fn check(&self) -> Option<FieldError> {
        if self.worldwide.is_some() == self.countries_allowed.is_some() {
            return Some(FieldError::new(
                "/remote_policy",
                "exclusive",
                "expected either `countries_allowed` or `worldwide`",
            ));
        }
        let hours = self.core_hours.filter(|hours| hours.start >= hours.end);
        hours.map(|_| {
            FieldError::new(
                "/remote_policy/core_hours/end",
                "range",
                "expected `end` to be later than `start`",
            )
        })
    }
}

/// The schema of a remote policy: its members, and exactly one of the two ways to say where.
pub(crate) struct OneWay;

impl PartialSchema for OneWay {
    fn schema() -> RefOr<Schema> {
        let with = |name: &str| ObjectBuilder::new().required(name);
        AllOfBuilder::new()
            .item(RemotePolicy::schema())
            .item(OneOfBuilder::new().item(with("countries_allowed")).item(with("worldwide")))
            .into()
    }
}

impl ToSchema for OneWay {
    fn name() -> std::borrow::Cow<'static, str> {
        RemotePolicy::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        RemotePolicy::schemas(schemas);
    }
}
