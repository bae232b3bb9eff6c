//! Amounts in the currency's minor unit. No fractions, no floats.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::CurrencyCode;

/// An amount of money in the currency's minor unit (cents, pence, yen).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Amount in minor units, 0 to 10^13.
    #[schema(minimum = 0, maximum = 10_000_000_000_000_i64)]
    pub amount_minor: i64,
    /// Active ISO 4217 currency.
    pub currency: CurrencyCode,
}

/// The largest amount that the product takes, in minor units.
pub const AMOUNT_MAX: i64 = 10_000_000_000_000;
