//! A rule as people write it: in the configuration, in the contract, in a usage plan.

use serde::{Deserialize, Serialize};
use throttle::{By, Calendar, Limit, Period, PlaceRule, Rule, RuleError};

use crate::{Mode, OnStoreError};

/// A rule, written down. One of four: `max` in `window_s`, `max` for each `per`, `per_second` with
/// a `burst`, or `at_once`.
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
    /// So many at work at once, on each node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<u32>,
    /// What happens while the store of limits is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_store_error: Option<OnStoreError>,
    /// Where it is counted, when nodes share a store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// What a rule means.
#[derive(Clone, Debug, PartialEq)]
pub enum Meant {
    /// It counts requests in time.
    Counted(Rule),
    /// It counts requests at work.
    AtOnce(PlaceRule),
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
    /// None of the four, or parts of several.
    #[error(
        "rule `{0}`: expected `max` with `window_s`, or `max` with `per`, or `per_second` with \
         `burst`, or `at_once` alone"
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
    /// Something that only a shared count has.
    #[error(
        "rule `{0}`: expected `at_once` without `mode` and `on_store_error`: each node counts what \
         is at work on it, and asks no store"
    )]
    Shared(String),
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

    /// So many at work at once, on each node.
    #[must_use]
    pub fn at_once(name: &str, by: Key, at_once: u32) -> Self {
        Self { at_once: Some(at_once), ..Self::blank(name, by) }
    }

    /// The same, which does so while the store of limits is away.
    #[must_use]
    pub fn on_store_error(self, on_store_error: OnStoreError) -> Self {
        Self { on_store_error: Some(on_store_error), ..self }
    }

    /// The same, counted in this way.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode: Some(mode), ..self }
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
            at_once: None,
            on_store_error: None,
            mode: None,
        }
    }

    /// What it means.
    ///
    /// # Errors
    /// When it cannot be meant.
    pub fn meant(&self) -> Result<Meant, SpecError> {
        let Some(at_once) = self.at_once else { return self.counted().map(Meant::Counted) };
        let counts_in_time = self.max.is_some()
            || self.window_s.is_some()
            || self.per.is_some()
            || self.zone.is_some()
            || self.per_second.is_some()
            || self.burst.is_some();
        if counts_in_time {
            return Err(SpecError::Shape(self.told()));
        }
        if self.mode.is_some() || self.on_store_error.is_some() {
            return Err(SpecError::Shared(self.told()));
        }
        Ok(Meant::AtOnce(PlaceRule::new(&self.name, self.by(), at_once)?))
    }

    /// The rule that counts in time.
    ///
    /// # Errors
    /// When it cannot be meant, or counts what is at work.
    pub fn rule(&self) -> Result<Rule, SpecError> {
        match self.meant()? {
            Meant::Counted(rule) => Ok(rule),
            Meant::AtOnce(_) => Err(SpecError::Shape(self.told())),
        }
    }

    fn counted(&self) -> Result<Rule, SpecError> {
        let limit = match (self.max, self.window_s, self.per, self.per_second, self.burst) {
            (Some(count), Some(window_s), None, None, None) if self.zone.is_none() => {
                Limit::Window { count, per_ms: u64::from(window_s) * 1000 }
            }
            (Some(_), None, Some(_), None, None) if self.mode == Some(Mode::Async) => {
                return Err(SpecError::Async(self.told()));
            }
            (Some(count), None, Some(per), None, None) => {
                Limit::Quota { count, calendar: self.calendar(per)? }
            }
            (None, None, None, Some(count), Some(burst)) if self.zone.is_none() => {
                Limit::Rate { count, per_ms: 1000, burst }
            }
            _ => return Err(SpecError::Shape(self.told())),
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
        Calendar::new(period, zone).map_err(|_| SpecError::Zone(self.told()))
    }

    /// As much of its name as a name may have: it was not checked yet.
    fn told(&self) -> String {
        self.name.chars().take(64).collect()
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
    fn each_of_the_four_is_a_rule() {
        let window = spec();
        let day = Spec { window_s: None, per: Some(Per::Day), zone: zone("Asia/Tokyo"), ..spec() };
        let rate = Spec::rate("token", Key::Address, 5, 9);

        assert_eq!(window.rule().unwrap().limit().window_s(), Some(900));
        assert_eq!(day.rule().unwrap().limit().window_s(), None);
        assert_eq!(rate.rule().unwrap().limit().count(), 9);
        let Meant::AtOnce(places) = few().meant().unwrap() else { panic!("it counts in time") };
        assert_eq!((places.name(), places.most()), ("few", 2));
        assert_eq!(few().rule(), Err(SpecError::Shape("few".to_owned())));
    }

    #[test]
    fn what_is_at_work_is_counted_by_nothing_else_and_in_no_store() {
        for spec in [
            Spec { max: Some(1), ..few() },
            Spec { window_s: Some(1), ..few() },
            Spec { per: Some(Per::Day), ..few() },
            Spec { zone: zone("UTC"), ..few() },
            Spec { per_second: Some(1), ..few() },
            Spec { burst: Some(1), ..few() },
            Spec { at_once: Some(1), ..spec() },
        ] {
            let told = spec.meant().unwrap_err();
            assert!(matches!(told, SpecError::Shape(_)), "{spec:?}");
            assert!(told.to_string().contains("or `at_once` alone"), "{told}");
        }
        // Also what would be the default: nobody is to read it as a count of all nodes.
        for spec in [
            few().mode(Mode::Sync),
            few().mode(Mode::Local),
            few().on_store_error(OnStoreError::Local),
        ] {
            assert_eq!(spec.meant(), Err(SpecError::Shared("few".to_owned())), "{spec:?}");
        }
        for wrong in [0, 100_001] {
            let spec = Spec { at_once: Some(wrong), ..few() };
            assert!(matches!(spec.meant(), Err(SpecError::Rule(RuleError::Limit(..)))));
        }
    }

    fn few() -> Spec {
        Spec::at_once("few", Key::Client, 2)
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
        let late = Spec { window_s: None, per: Some(Per::Day), ..spec().mode(Mode::Async) };
        assert_eq!(late.rule(), Err(SpecError::Async("token".to_owned())));
        let nobody = Spec { by: Vec::new(), ..spec() };
        assert!(matches!(nobody.rule(), Err(SpecError::Rule(RuleError::Nobody(_)))));
    }

    fn zone(name: &str) -> Option<String> {
        Some(name.to_owned())
    }
}
