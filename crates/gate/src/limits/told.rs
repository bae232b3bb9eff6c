//! What a caller is told about limits: `RateLimit` and `RateLimit-Policy`
//! (draft-ietf-httpapi-ratelimit-headers-10), `Retry-After` (RFC 9110 §10.2.3), and the draft's
//! problem types.

use std::fmt::Write as _;

use counters::Answer;
use http::{HeaderName, HeaderValue};
use kernel::{Code, Problem};
use throttle::{Rule, Standing, Verdict};

/// The two fields of an answer; empty where nothing was counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    policy: String,
    limit: String,
}

impl Told {
    /// What came of charging: what to tell, or the refusal.
    pub(super) fn settle(answer: &Answer<'_>) -> Result<Self, Problem> {
        match answer {
            Answer::Counted(verdict) | Answer::Alone(verdict) if verdict.is_admitted() => {
                Ok(Self::of(verdict))
            }
            Answer::Counted(verdict) | Answer::Alone(verdict) => Err(exceeded(verdict)),
            Answer::Closed(rule) => Err(uncounted(rule)),
        }
    }

    /// All rules in the one, the tightest in the other.
    fn of(verdict: &Verdict<'_>) -> Self {
        let mut told = Self::default();
        for (rule, _) in verdict.standings() {
            let comma = if told.policy.is_empty() { "" } else { ", " };
            // Writing to a string cannot fail.
            let _infallible = write!(told.policy, "{comma}\"{}\"", rule.name());
            let _infallible = write!(told.policy, ";q={}", rule.limit().count());
            if let Some(seconds) = rule.limit().window_s() {
                let _infallible = write!(told.policy, ";w={seconds}");
            }
        }
        if let Some((rule, standing)) = verdict.tightest() {
            let Standing { remaining, reset_ms, .. } = standing;
            let (name, reset_s) = (rule.name(), reset_ms.div_ceil(1000));
            let _infallible = write!(told.limit, "\"{name}\";r={remaining};t={reset_s}");
        }
        told
    }

    /// As fields of an answer.
    pub(super) fn into_headers(self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let named = [(POLICY, self.policy), (LIMIT, self.limit)];
        named.into_iter().filter(|(_, value)| !value.is_empty()).filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
        })
    }
}

/// A rule has no room.
pub(super) fn exceeded(verdict: &Verdict<'_>) -> Problem {
    let told = Told::of(verdict);
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

/// A tenant has all its places taken.
pub(super) fn busy() -> Problem {
    Problem::new(&BUSY)
        .header("retry-after", "1")
        .member(VIOLATED, vec![TENANT_CONCURRENCY.to_owned()])
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
pub(super) const TENANT_CONCURRENCY: &str = "tenant-concurrency";

/// A limit has no room left.
pub(crate) const EXCEEDED: Code = Code {
    status: 429,
    name: "limits.exceeded",
    title: "Too many requests",
    mend: "Wait `Retry-After` seconds. `RateLimit` tells in each answer what is left, and \
           `GET /v1/limits` shows all limits of a client.",
};
/// A tenant has as many requests at work as it may.
pub(crate) const BUSY: Code = Code {
    status: 429,
    name: "limits.busy",
    title: "Too many requests at once",
    mend: "Wait for answers before you send more; all clients of a tenant share its places.",
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
    use counters::{Counters, Key, Plan, Spec};
    use throttle::Subject;

    use super::*;

    fn spec(name: &str, max: u32) -> Spec {
        Spec::window(name, Key::Client, max, 900)
    }

    #[tokio::test]
    async fn all_rules_are_told_and_the_tightest_in_detail() {
        let rules = [spec("narrow", 2), spec("wide", 50)];
        let rules = rules.map(|spec| (spec.rule().unwrap(), spec.on_store_error));
        let plan = Plan::new(rules.into(), 1).unwrap();
        let counters = Counters::local(64);
        let who = Subject { client: Some("one"), ..Subject::default() };

        let first = Told::settle(&counters.charge(&plan, &who, 1_000_000).await).unwrap();
        Told::settle(&counters.charge(&plan, &who, 1_000_000).await).unwrap();
        let third = Told::settle(&counters.charge(&plan, &who, 1_000_000).await).unwrap_err();

        assert_eq!(first.policy, "\"narrow\";q=2;w=900, \"wide\";q=50;w=900");
        assert!(first.limit.starts_with("\"narrow\";r=1;t="), "{}", first.limit);
        assert_eq!(third.code, &EXCEEDED);
        assert_eq!(third.members, [(VIOLATED, vec!["narrow".to_owned()])]);
        assert!(third.headers.iter().any(|(name, _)| *name == "retry-after"));
    }
}
