//! Pay: what a job offers, what the client is billed, what a candidate asks for.

use kernel::{CurrencyCode, FieldError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bounded::Whole;
use crate::named;

/// An amount in the currency's minor unit.
pub type AmountMinor = Whole<0, { kernel::money::AMOUNT_MAX }>;

/// What an amount is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// An hour's work.
    Hour,
    /// A day's work.
    Day,
    /// A week's work.
    Week,
    /// A month's work.
    Month,
    /// A year's work.
    Year,
}

/// Whether taxes and contributions are the employer's or the contractor's affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayKind {
    /// An employee's gross pay.
    Gross,
    /// A contractor's rate.
    ContractorRate,
}

/// What a job pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Compensation {
    /// The least, in minor units.
    #[schema(value_type = named::AmountMinor)]
    pub min_minor: AmountMinor,
    /// The most, in minor units; not below the least.
    #[schema(value_type = named::AmountMinor)]
    pub max_minor: AmountMinor,
    /// Active ISO 4217 currency.
    pub currency: CurrencyCode,
    /// What it is paid for.
    pub period: Period,
    /// Employee's pay or contractor's rate.
    pub kind: PayKind,
    /// Whether the public may see it.
    #[serde(default)]
    pub disclose: bool,
}

/// What the client is billed. Confidential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BillRate {
    /// The amount, in minor units.
    #[schema(value_type = named::AmountMinor)]
    pub amount_minor: AmountMinor,
    /// Active ISO 4217 currency.
    pub currency: CurrencyCode,
    /// What it is billed for.
    pub period: Period,
}

/// What a candidate asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DesiredCompensation {
    /// The least, in minor units.
    #[schema(value_type = named::AmountMinor)]
    pub min_minor: AmountMinor,
    /// Active ISO 4217 currency.
    pub currency: CurrencyCode,
    /// What it is paid for.
    pub period: Period,
}

impl Compensation {
    pub(crate) fn check(&self) -> Option<FieldError> {
        (self.min_minor > self.max_minor).then(|| {
            FieldError::new(
                "/compensation/max_minor",
                "range",
                "expected `max_minor` to be at least `min_minor`",
            )
        })
    }
}
