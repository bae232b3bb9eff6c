//! A rule as people write it: in the configuration, in the contract, in a usage plan.

use serde::{Deserialize, Serialize};
use throttle::{By, Calendar, Limit, Period, Rule, RuleError};

use crate::{Mode, OnStoreError};

/// A rule, written down. One of three: `max` in `window_s`, `max` for each `per`, or `per_second`
/// with a `burst`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Its name, in headers, metrics and problems.
    pub name: String,
    /// What it tells callers apart by, all together.
    pub by: Vec<Key>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// In any window of so many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_s: Option<u32>,
    /// In each day, week or month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Per>,
    /// The time zone of `per`, as the IANA database names it; UTC otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// So many a second, evenly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    /// After so many at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// What happens while the store of limits is away.
    #[serde(default)]
    pub on_store_error: OnStoreError,
    /// Where it is counted, when nodes share a store.
    #[serde(default)]
    pub mode: Mode,
}

/// What callers are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Key {
    /// IPv4 whole, IPv6 by /64.
    Address,
    /// The client, or the person.
    Client,
    /// The API key of a client.
    #[serde(rename = "api_key")]
    ApiKey,
    /// The tenant.
    Tenant,
    /// The operation.
    Operation,
}

/// A calendar's period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first to the first.
    Month,
}

/// A rule that cannot be meant as it is written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// None of the three, or parts of several.
    #[error(
        "rule `{0}`: expected `max` with `window_s`, or `max` with `per`, or `per_second` with \
         `burst`"
    )]
    Shape(String),
    /// No such time zone.
    #[error("rule `{0}`: expected a time zone as the IANA database names it")]
    Zone(String),
    /// A quota that would be exceeded.
    #[error(
        "rule `{0}`: expected `mode = \"sync\"` or `\"local\"`: what is sold by the day, week or \
         month is never let in beyond its number"
    )]
    Async(String),
    /// See [`RuleError`].
    #[error(transparent)]
    Rule(#[from] RuleError),
}

impl Spec {
    /// At most `max` in any window of so many seconds.
    #[must_use]
    pub fn window(name: &str, by: Key, max: u32, window_s: u32) -> Self {
        Self { max: Some(max), window_s: Some(window_s), ..Self::blank(name, by) }
    }

    /// So many a second, evenly, after `burst` at once.
    #[must_use]
    pub fn rate(name: &str, by: Key, per_second: u32, burst: u32) -> Self {
        Self { per_second: Some(per_second), burst: Some(burst), ..Self::blank(name, by) }
    }

    /// The same, which does so while the store of limits is away.
    #[must_use]
    pub fn on_store_error(self, on_store_error: OnStoreError) -> Self {
        Self { on_store_error, ..self }
    }

    /// The same, counted in this way.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Whether it is counted for each client, and by nothing else.
    #[must_use]
    pub fn is_by_client_alone(&self) -> bool {
        self.by == [Key::Client]
    }

    fn blank(name: &str, by: Key) -> Self {
        Self {
            name: name.to_owned(),
            by: vec![by],
            max: None,
            window_s: None,
            per: None,
            zone: None,
            per_second: None,
            burst: None,
            on_store_error: OnStoreError::default(),
            mode: Mode::default(),
        }
    }

    /// The rule.
    ///
    /// # Errors
    /// When it cannot be meant.
    pub fn rule(&self) -> Result<Rule, SpecError> {
        let shape = || SpecError::Shape(self.name.chars().take(64).collect());
        let limit = match (self.max, self.window_s, self.per, self.per_second, self.burst) {
            (Some(count), Some(window_s), None, None, None) if self.zone.is_none() => {
                Limit::Window { count, per_ms: u64::from(window_s) * 1000 }
            }
            (Some(_), None, Some(_), None, None) if self.mode == Mode::Async => {
                return Err(SpecError::Async(self.name.chars().take(64).collect()));
            }
            (Some(count), None, Some(per), None, None) => {
                Limit::Quota { count, calendar: self.calendar(per)? }
            }
            (None, None, None, Some(count), Some(burst)) if self.zone.is_none() => {
                Limit::Rate { count, per_ms: 1000, burst }
            }
            _ => return Err(shape()),
        };
        Ok(Rule::new(&self.name, self.by(), limit)?)
    }

    fn calendar(&self, per: Per) -> Result<Calendar, SpecError> {
        let zone = self.zone.as_deref().unwrap_or("UTC");
        let period = match per {
            Per::Day => Period::Day,
            Per::Week => Period::Week,
            Per::Month => Period::Month,
        };
        Calendar::new(period, zone)
            .map_err(|_| SpecError::Zone(self.name.chars().take(64).collect()))
    }

    fn by(&self) -> By {
        let has = |key| self.by.contains(&key);
        By {
            address: has(Key::Address),
            client: has(Key::Client),
            api_key: has(Key::ApiKey),
            tenant: has(Key::Tenant),
            operation: has(Key::Operation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        Spec::window("token", Key::Address, 60, 900)
    }

    #[test]
    fn each_of_the_three_is_a_rule() {
        let window = spec();
        let day = Spec { window_s: None, per: Some(Per::Day), zone: zone("Asia/Tokyo"), ..spec() };
        let rate = Spec::rate("token", Key::Address, 5, 9);

        assert_eq!(window.rule().unwrap().limit().window_s(), Some(900));
        assert_eq!(day.rule().unwrap().limit().window_s(), None);
        assert_eq!(rate.rule().unwrap().limit().count(), 9);
    }

    #[test]
    fn parts_of_several_are_refused() {
        let wrong = [
            Spec { max: None, ..spec() },
            Spec { window_s: None, ..spec() },
            Spec { per: Some(Per::Week), ..spec() },
            Spec { per_second: Some(1), ..spec() },
            Spec { burst: Some(1), ..spec() },
            Spec { zone: zone("UTC"), ..spec() },
        ];
        for spec in wrong {
            assert_eq!(spec.rule(), Err(SpecError::Shape("token".to_owned())), "{spec:?}");
        }
        let nowhere = Spec { window_s: None, per: Some(Per::Day), zone: zone("Mars/X"), ..spec() };
        assert_eq!(nowhere.rule(), Err(SpecError::Zone("token".to_owned())));
        let late = Spec { window_s: None, per: Some(Per::Day), mode: Mode::Async, ..spec() };
        assert_eq!(late.rule(), Err(SpecError::Async("token".to_owned())));
        let nobody = Spec { by: Vec::new(), ..spec() };
        assert!(matches!(nobody.rule(), Err(SpecError::Rule(RuleError::Nobody(_)))));
    }

    fn zone(name: &str) -> Option<String> {
        Some(name.to_owned())
    }
}
