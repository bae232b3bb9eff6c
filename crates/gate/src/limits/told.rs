//! What a caller is told about limits: `RateLimit` and `RateLimit-Policy`
//! (draft-ietf-httpapi-ratelimit-headers-10), `Retry-After` (RFC 9110 §10.2.3), and the draft's
//! problem types.

use std::fmt::Write as _;

use counters::Answer;
use http::{HeaderName, HeaderValue};
use kernel::{Code, Problem};
use throttle::{Left, Rule, Standing, Verdict};

/// The two fields of an answer; empty where nothing was counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    policy: String,
    limit: String,
}

impl Told {
    /// What came of charging a request that has its places: what to tell, or the refusal.
    pub(super) fn settle(answer: &Answer<'_>, places: &Left<'_>) -> Result<Self, Problem> {
        match answer {
            Answer::Counted(verdict) | Answer::Alone(verdict) if verdict.is_admitted() => {
                Ok(Self::of(verdict).and_of(places))
            }
            Answer::Counted(verdict) | Answer::Alone(verdict) => Err(exceeded(verdict, places)),
            Answer::Closed(rule) => Err(uncounted(rule)),
        }
    }

    /// All rules in the one, the tightest in the other.
    fn of(verdict: &Verdict<'_>) -> Self {
        let mut told = Self::default();
        for (rule, _) in verdict.standings() {
            begin(&mut told.policy, POLICY_BYTES);
            // Writing to a string cannot fail.
            let _infallible = write!(told.policy, "\"{}\"", rule.name());
            let _infallible = write!(told.policy, ";q={}", rule.limit().count());
            if let Some(seconds) = rule.limit().window_s() {
                let _infallible = write!(told.policy, ";w={seconds}");
            }
        }
        if let Some((rule, standing)) = verdict.tightest() {
            let Standing { remaining, reset_ms, .. } = standing;
            let (name, reset_s) = (rule.name(), reset_ms.div_ceil(1000));
            begin(&mut told.limit, LIMIT_BYTES);
            let _infallible = write!(told.limit, "\"{name}\";r={remaining};t={reset_s}");
        }
        told
    }

    /// And what is at work at once: nobody knows in how many seconds a place becomes free.
    fn and_of(mut self, places: &Left<'_>) -> Self {
        for (rule, _) in places.each() {
            begin(&mut self.policy, POLICY_BYTES);
            let _infallible = write!(self.policy, "\"{}\";q={}", rule.name(), rule.most());
            self.policy.push_str(";qu=\"concurrent-requests\"");
        }
        // Beside the tightest in time: requests and places are not to be compared.
        if let Some((rule, left)) = places.tightest() {
            begin(&mut self.limit, LIMIT_BYTES);
            let _infallible = write!(self.limit, "\"{}\";r={left}", rule.name());
        }
        self
    }

    /// As fields of an answer.
    pub(super) fn into_headers(self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let named = [(POLICY, self.policy), (LIMIT, self.limit)];
        named.into_iter().filter(|(_, value)| !value.is_empty()).filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
        })
    }
}

/// Begins an item of a list. As a rule all of it fits into what is taken at first.
fn begin(field: &mut String, bytes: usize) {
    if field.is_empty() {
        field.reserve(bytes);
    } else {
        field.push_str(", ");
    }
}

/// A rule has no room.
pub(super) fn exceeded(verdict: &Verdict<'_>, places: &Left<'_>) -> Problem {
    let told = Told::of(verdict).and_of(places);
    let violated = verdict.violated().map(|(rule, _)| rule.name().to_owned()).collect();
    // A client that comes back at once would be refused once more.
    let seconds = verdict.retry_after_ms().div_ceil(1000).max(1);
    Problem::new(&EXCEEDED)
        .detail(format!("there is room again in {seconds} seconds"))
        .header("retry-after", seconds.to_string())
        .header(POLICY, told.policy)
        .header(LIMIT, told.limit)
        .member(VIOLATED, violated)
}

/// All places of a rule are taken.
pub(super) fn busy(places: &Left<'_>) -> Problem {
    let told = Told::default().and_of(places);
    Problem::new(&BUSY)
        .header("retry-after", "1")
        .header(POLICY, told.policy)
        .header(LIMIT, told.limit)
        .member(VIOLATED, places.full().map(|rule| rule.name().to_owned()).collect())
}

/// The store is away, and this rule lets nobody pass uncounted.
fn uncounted(rule: &Rule) -> Problem {
    Problem::new(&UNCOUNTED)
        .header("retry-after", "5")
        .member(VIOLATED, vec![rule.name().to_owned()])
}

const POLICY: &str = "ratelimit-policy";
const LIMIT: &str = "ratelimit";
/// The draft's member for the names of policies.
pub(crate) const VIOLATED: &str = "violated-policies";
/// Room for four rules with the usual names.
const POLICY_BYTES: usize = 160;
/// Room for one in time and one about places.
const LIMIT_BYTES: usize = 64;

/// A limit has no room left.
pub(crate) const EXCEEDED: Code = Code {
    status: 429,
    name: "limits.exceeded",
    title: "Too many requests",
    mend: "Wait `Retry-After` seconds. `RateLimit` tells in each answer what is left, and \
           `GET /v1/limits` shows all limits of a client.",
};
/// Somebody has as many requests at work as they may.
pub(crate) const BUSY: Code = Code {
    status: 429,
    name: "limits.busy",
    title: "Too many requests at once",
    mend: "Wait for answers before you send more: `violated-policies` names the limit. All clients \
           of a tenant share the places of `tenant-concurrency`.",
};
/// Nothing can be counted at the moment.
pub(crate) const UNCOUNTED: Code = Code {
    status: 503,
    name: "limits.uncounted",
    title: "Requests cannot be counted at the moment",
    mend: "Try again after `Retry-After` seconds.",
};

/// The problems that limits make.
pub(crate) const CODES: &[&Code] = &[&EXCEEDED, &BUSY, &UNCOUNTED];

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use counters::{Counters, Key, OnStoreError, Plan, Spec};
    use throttle::{By, Concurrency, PlaceRule, PlaceRules, Subject};

    use super::*;

    fn spec(name: &str, max: u32) -> Spec {
        Spec::window(name, Key::Client, max, 900)
    }

    #[tokio::test]
    async fn all_rules_are_told_and_the_tightest_in_detail() {
        let rules = [spec("narrow", 2), spec("wide", 50)];
        let rules = rules.map(|spec| (spec.rule().unwrap(), OnStoreError::Local));
        let plan = Plan::new(rules.into(), 1).unwrap();
        let counters = Counters::local(64);
        let who = Subject { client: Some("one"), ..Subject::default() };

        let none = Left::default();
        let first = Told::settle(&counters.charge(&plan, &who, 1_000_000).await, &none).unwrap();
        Told::settle(&counters.charge(&plan, &who, 1_000_000).await, &none).unwrap();
        let third =
            Told::settle(&counters.charge(&plan, &who, 1_000_000).await, &none).unwrap_err();

        assert_eq!(first.policy, "\"narrow\";q=2;w=900, \"wide\";q=50;w=900");
        assert!(first.limit.starts_with("\"narrow\";r=1;t="), "{}", first.limit);
        assert_eq!(third.code, &EXCEEDED);
        assert_eq!(third.members, [(VIOLATED, vec!["narrow".to_owned()])]);
        assert!(third.headers.iter().any(|(name, _)| *name == "retry-after"));
    }

    #[tokio::test]
    async fn places_are_told_without_a_time_beside_what_counts_in_time() {
        let wide = (spec("wide", 50).rule().unwrap(), OnStoreError::Local);
        let plan = Plan::new(vec![wide], 1).unwrap();
        let few = PlaceRule::new("few", By::CLIENT, 1).unwrap();
        let all = PlaceRule::new("all", By::TENANT, 9).unwrap();
        let (rules, at_work) =
            (PlaceRules::new(vec![few, all]).unwrap(), Concurrency::new(RandomState::new()));
        let who = Subject { client: Some("one"), tenant: Some("acme"), ..Subject::default() };

        let (_held, left) = at_work.hold(&rules, &who).unwrap();
        let answer = Counters::local(64).charge(&plan, &who, 1_000_000).await;
        let told = Told::settle(&answer, &left).unwrap();
        let refusal = busy(&at_work.hold(&rules, &who).unwrap_err());

        let places = r#""few";q=1;qu="concurrent-requests", "all";q=9;qu="concurrent-requests""#;
        assert_eq!(told.policy, format!("\"wide\";q=50;w=900, {places}"));
        let (in_time, at_once) = told.limit.split_once(", ").unwrap();
        assert!(in_time.starts_with("\"wide\";r=49;t="), "{}", told.limit);
        assert_eq!(at_once, "\"few\";r=0");
        assert_eq!((refusal.code.name, refusal.code.status), ("limits.busy", 429));
        assert_eq!(refusal.members, [(VIOLATED, vec!["few".to_owned()])]);
        let header = |named: &str| {
            let mut all = refusal.headers.iter().filter(|(name, _)| *name == named);
            all.next().map(|(_, value)| value.clone())
        };
        assert_eq!(header(POLICY).as_deref(), Some(places));
        assert_eq!(header(LIMIT).as_deref(), Some("\"few\";r=0"));
        assert_eq!(header("retry-after").as_deref(), Some("1"));
    }
}
