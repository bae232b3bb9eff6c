//! Dated exchange rates, as data.

use std::collections::BTreeMap;

use kernel::CurrencyCode;
use serde::{Deserialize, Serialize};

use crate::digest::Fingerprint;
use crate::projection::{Pay, PayPeriod};

/// A table of exchange rates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Which table this is; part of every answer that used it.
    pub version: String,
    /// How many millionths of a euro one minor unit of the currency is worth.
    pub micro_euros_per_minor: BTreeMap<String, u64>,
}

/// A table of exchange rates that does not make sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// Not of the expected form.
    #[error("expected a table of exchange rates: {0}")]
    Form(String),
    /// Not a currency.
    #[error("`{0}` is no currency of ISO 4217")]
    Currency(String),
    /// A rate of nothing.
    #[error("the rate of `{0}` is zero")]
    Zero(String),
}

impl Exchange {
    /// Reads a table.
    ///
    /// # Errors
    /// When it is not of the expected form, or a currency or rate makes no sense.
    pub fn parse(text: &str) -> Result<Self, ExchangeError> {
        let table: Self = toml::from_str(text)
            .map_err(|error| ExchangeError::Form(error.message().to_owned()))?;
        for (currency, rate) in &table.micro_euros_per_minor {
            CurrencyCode::parse(currency).map_err(|_| ExchangeError::Currency(currency.clone()))?;
            if *rate == 0 {
                return Err(ExchangeError::Zero(currency.clone()));
            }
        }
        Ok(table)
    }

    /// The rates that come with the project: rounded, for want of better ones.
    #[must_use]
    pub fn built_in() -> Self {
        Self::parse(BUILT_IN).unwrap_or_else(|_| Self {
            version: "none".to_owned(),
            micro_euros_per_minor: BTreeMap::new(),
        })
    }

    /// Millionths of a euro for one minor unit; none for a currency that is not in the table.
    #[must_use]
    pub fn rate(&self, currency: CurrencyCode) -> Option<u64> {
        self.micro_euros_per_minor.get(currency.as_str()).copied()
    }

    /// Pay for a year in thousandths of a euro; none for a currency that is not in the table.
    #[must_use]
    pub fn yearly(&self, pay: &Pay) -> Option<u64> {
        Some(convert(yearly_minor(pay), self.rate(pay.currency)?))
    }

    /// The fingerprint of the whole table.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self)
    }
}

/// Minor units at a rate, in thousandths of a euro.
pub(crate) const fn convert(minor: u64, rate: u64) -> u64 {
    minor.saturating_mul(rate) / 1_000
}

/// Pay for a year of full-time work: 2,080 hours, 260 days, 52 weeks or 12 months.
pub(crate) const fn yearly_minor(pay: &Pay) -> u64 {
    let times = match pay.period {
        PayPeriod::Hour => 2_080,
        PayPeriod::Day => 260,
        PayPeriod::Week => 52,
        PayPeriod::Month => 12,
        PayPeriod::Year => 1,
    };
    pay.amount_minor.saturating_mul(times)
}

const BUILT_IN: &str = include_str!("../data/exchange.toml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_make_no_sense_are_refused() {
        let zero = "version = 'x'\n[micro_euros_per_minor]\nUSD = 0";
        assert_eq!(Exchange::parse(zero), Err(ExchangeError::Zero("USD".to_owned())));
        let unknown = "version = 'x'\n[micro_euros_per_minor]\nXYZ = 1";
        assert_eq!(Exchange::parse(unknown), Err(ExchangeError::Currency("XYZ".to_owned())));
        assert!(matches!(Exchange::parse("version = 1"), Err(ExchangeError::Form(_))));
    }

    #[test]
    fn the_built_in_table_can_be_read() {
        let table = Exchange::built_in();

        assert!(Exchange::parse(BUILT_IN).is_ok());
        assert_eq!(table.rate(CurrencyCode::parse("EUR").unwrap()), Some(10_000));
    }

    #[test]
    fn periods_become_years() {
        let currency = CurrencyCode::parse("EUR").unwrap();
        let hour = Pay { amount_minor: 5_000, currency, period: PayPeriod::Hour };

        assert_eq!(Exchange::built_in().yearly(&hour), Some(104_000_000));
    }
}
