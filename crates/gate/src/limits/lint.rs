//! Whether the rules of a usage plan can be meant together, and beside the operator's.

mod places;

use counters::{Key, Per, Spec};
use throttle::RULES_MAX;

use super::usage_rule::UsageRule;
use super::{LimitsPlan, OperationLimits, TENANT_CONCURRENCY};

/// Something wrong with a plan's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintFault {
    /// Where, as a JSON Pointer into the rules: `/0/max`.
    pub pointer: String,
    /// What kind of fault.
    pub code: &'static str,
    /// What was expected.
    pub detail: &'static str,
}

/// Everything that is wrong; a plan with any of it is not taken.
pub(super) fn lint(
    rules: &[UsageRule],
    settings: &LimitsPlan,
    operations: &[OperationLimits],
) -> Vec<LintFault> {
    let mut faults = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        faults.extend(alone(at, rule, settings, operations));
        let is_repeated = |other: &UsageRule| {
            other.name == rule.name && overlap(other.operation.as_ref(), rule.operation.as_ref())
        };
        if rules.iter().take(at).any(is_repeated) {
            faults.push(fault(at, "/name", "repeated", "expected each name once"));
        }
    }
    // What cannot be meant by itself is not held against the others.
    if faults.is_empty() {
        faults.extend(together(rules));
        faults.extend(places::together(rules));
        faults.extend(beside_the_platform(rules, settings, operations));
        faults.extend(too_many(rules, settings, operations));
    }
    faults
}

fn alone(
    at: usize,
    rule: &UsageRule,
    settings: &LimitsPlan,
    operations: &[OperationLimits],
) -> Option<LintFault> {
    if rule.spec(Key::Client).meant().is_err() {
        return Some(fault(at, "", "rule", WELL_FORMED));
    }
    if let Some(name) = &rule.operation
        && !operations.iter().any(|operation| operation.is_named(name))
    {
        let detail = "expected an operationId, or a method and path, of this API";
        return Some(fault(at, "/operation", "unknown_operation", detail));
    }
    // The rule `client` is the operator's default for a client, which a plan is there to replace.
    let taken = settings.common.iter().filter(|spec| !spec.is_by_client_alone());
    let taken = taken.chain(settings.rules.iter().map(|(_, spec)| spec));
    let taken = taken.chain(operations.iter().flat_map(|operation| &operation.limits));
    let mut names = taken.map(|spec| spec.name.as_str()).chain([TENANT_CONCURRENCY]);
    names.any(|name| name == rule.name).then(|| {
        fault(at, "/name", "reserved", "expected a name that no limit of the platform has")
    })
}

/// Rules whose numbers contradict each other, each pair once.
fn together(rules: &[UsageRule]) -> Vec<LintFault> {
    let in_time = rules.iter().enumerate().filter(|(_, rule)| rule.at_once.is_none());
    let shapes: Vec<Shape<'_>> = in_time.map(|(at, rule)| Shape::of(at, rule)).collect();
    let mut faults = Vec::new();
    for narrow in &shapes {
        for wide in shapes.iter().filter(|wide| wide.at != narrow.at) {
            let same = narrow.operation == wide.operation;
            let covers = same || narrow.operation.is_none();
            let is_shorter = (narrow.seconds, narrow.at) < (wide.seconds, wide.at);
            if same && is_shorter && narrow.most > wide.most {
                let detail = "expected no more than a rule for a longer time allows in all of it";
                faults.push(fault(narrow.at, narrow.member, "contradictory", detail));
            } else if covers && narrow.capacity(wide.seconds) < wide.most && (is_shorter || !same) {
                let detail =
                    "expected what can be reached: another rule lets fewer pass in that time";
                faults.push(fault(wide.at, wide.member, "unreachable", detail));
            }
        }
    }
    faults
}

/// What one client may is no more than what the limits of the platform, which stay beside the plan,
/// let it: the operator's for a client and for all of a tenant, and the contract's.
fn beside_the_platform(
    rules: &[UsageRule],
    settings: &LimitsPlan,
    operations: &[OperationLimits],
) -> Vec<LintFault> {
    let is_replaced =
        |spec: &Spec| rules.iter().any(|rule| rule.operation.is_none() && rule.name == spec.name);
    let cap = settings.tenant_cap();
    let common = settings.common.iter().filter(|spec| !is_replaced(spec));
    let common: Vec<&Spec> = common.chain([&cap]).collect();
    let mut faults = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let mut limits = common.clone();
        if let Some(name) = &rule.operation {
            let named = operations.iter().filter(|operation| operation.is_named(name));
            limits.extend(named.flat_map(|operation| of_operation(operation, settings)));
        } else {
            // What counts each operation apart bounds no sum of them.
            limits.retain(|spec| !spec.by.contains(&Key::Operation));
        }
        limits.retain(|spec| counts_all(spec));
        let shape = Shape::of(at, rule);
        let narrower = limits.into_iter().find(|spec| match rule.at_once {
            Some(most) => spec.at_once.is_some_and(|limit| limit < most),
            None => spec.at_once.is_none() && is_narrower(spec, &shape),
        });
        if let Some(limit) = narrower {
            let detail = match limit.by.contains(&Key::Tenant) {
                true => "expected no more than all clients of the agency may together",
                false => "expected no more than the platform's own limits for a client allow",
            };
            faults.push(fault(at, shape.member, "unreachable", detail));
        }
    }
    faults
}

/// The limits of an operation: the operator's in place of the contract's of the same name.
fn of_operation<'s>(
    operation: &'s OperationLimits,
    settings: &'s LimitsPlan,
) -> impl Iterator<Item = &'s Spec> {
    let index = operation.index;
    let configured = settings.rules.iter().filter(move |(of, _)| *of == index);
    let configured: Vec<&Spec> = configured.map(|(_, spec)| spec).collect();
    let is_named = |spec: &&Spec| !configured.iter().any(|known| known.name == spec.name);
    let own: Vec<&Spec> = operation.limits.iter().filter(is_named).collect();
    configured.into_iter().chain(own)
}

/// Whether all that a client does is counted by this limit, of an operation where it has one.
fn counts_all(spec: &Spec) -> bool {
    spec.by.iter().all(|key| matches!(key, Key::Client | Key::Tenant | Key::Operation))
}

/// Whether this limit lets fewer pass.
fn is_narrower(spec: &Spec, shape: &Shape<'_>) -> bool {
    let written = written(spec);
    let limit = Shape::of(usize::MAX, &written);
    let both = (shape.per_second, limit.per_second);
    let is_faster = matches!(both, (Some(rule), Some(limit)) if rule > limit);
    limit.capacity(shape.seconds) < shape.most || is_faster
}

/// Every request is charged all its rules at once, and these are bounded.
fn too_many(
    rules: &[UsageRule],
    settings: &LimitsPlan,
    operations: &[OperationLimits],
) -> Option<LintFault> {
    let is_too_much = operations.iter().any(|operation| {
        let own = rules
            .iter()
            .filter(|rule| rule.operation.as_deref().is_none_or(|name| operation.is_named(name)));
        let configured = settings.rules.iter().filter(|(index, _)| *index == operation.index);
        let platforms = configured.map(|(_, spec)| spec).chain(&operation.limits);
        let at_once = platforms.chain(&settings.common).map(|spec| spec.at_once);
        let (places, counts): (Vec<_>, Vec<_>) =
            at_once.chain(own.map(|rule| rule.at_once)).partition(Option::is_some);
        places.len().max(counts.len()) > RULES_MAX
    });
    is_too_much.then(|| LintFault {
        pointer: String::new(),
        code: "too_many",
        detail: "expected fewer rules: with those of the platform a request has at most 8, and 8 \
                 `at_once`",
    })
}

/// A rule as numbers.
struct Shape<'r> {
    at: usize,
    operation: Option<&'r str>,
    /// The member to mend.
    member: &'static str,
    /// How many at most in its own time.
    most: u64,
    /// Its own time.
    seconds: u64,
    is_calendar: bool,
    per_second: Option<u64>,
}

impl<'r> Shape<'r> {
    fn of(at: usize, rule: &'r UsageRule) -> Self {
        let operation = rule.operation.as_deref();
        let blank = Self {
            at,
            operation,
            member: "/max",
            most: u64::from(rule.max.unwrap_or(0)),
            seconds: 1,
            is_calendar: false,
            per_second: None,
        };
        if let Some(at_once) = rule.at_once {
            return Self { member: "/at_once", most: at_once.into(), ..blank };
        }
        match (rule.window_s, rule.per, rule.per_second, rule.burst) {
            (Some(window_s), ..) => Self { seconds: window_s.into(), ..blank },
            (_, Some(per), ..) => Self { seconds: longest_s(per), is_calendar: true, ..blank },
            (.., Some(per_second), Some(burst)) => Self {
                member: "/burst",
                most: burst.into(),
                seconds: u64::from(burst.div_ceil(per_second.max(1))).max(1),
                per_second: Some(per_second.into()),
                ..blank
            },
            _ => blank,
        }
    }

    /// How many it lets pass in a time at most.
    fn capacity(&self, seconds: u64) -> u64 {
        if let Some(per_second) = self.per_second {
            return self.most.saturating_add(per_second.saturating_mul(seconds));
        }
        // A time that is longer than a day may touch one day more.
        let straddles = u64::from(self.is_calendar && seconds > self.seconds);
        self.most.saturating_mul(seconds.div_ceil(self.seconds.max(1)) + straddles)
    }
}

fn written(spec: &Spec) -> UsageRule {
    UsageRule {
        name: spec.name.clone(),
        operation: None,
        max: spec.max,
        window_s: spec.window_s,
        per: spec.per,
        zone: spec.zone.clone(),
        per_second: spec.per_second,
        burst: spec.burst,
        at_once: spec.at_once,
    }
}

/// With the hour that a day in autumn has more.
const fn longest_s(per: Per) -> u64 {
    let days = match per {
        Per::Day => 1,
        Per::Week => 7,
        Per::Month => 31,
    };
    days * 86_400 + 3600
}

fn overlap(one: Option<&String>, other: Option<&String>) -> bool {
    one.is_none() || other.is_none() || one == other
}

fn fault(at: usize, member: &str, code: &'static str, detail: &'static str) -> LintFault {
    LintFault { pointer: format!("/{at}{member}"), code, detail }
}

const WELL_FORMED: &str = "expected a name of lower-case letters, digits, `-`, `_` and `.`, and \
     one of: `max` with `window_s`; `max` with `per`, and a `zone` of the IANA database; \
     `per_second` with `burst`; `at_once` from 1 to 100000";

#[cfg(test)]
mod tests {
    use super::*;

    fn window(name: &str, max: u32, window_s: u32) -> UsageRule {
        let (max, window_s) = (Some(max), Some(window_s));
        UsageRule { name: name.to_owned(), max, window_s, ..UsageRule::default() }
    }

    fn daily(max: u32) -> UsageRule {
        let (max, per) = (Some(max), Some(Per::Day));
        UsageRule { name: "daily".to_owned(), max, per, ..UsageRule::default() }
    }

    fn rate(name: &str, per_second: u32, burst: u32) -> UsageRule {
        let (per_second, burst) = (Some(per_second), Some(burst));
        UsageRule { name: name.to_owned(), per_second, burst, ..UsageRule::default() }
    }

    fn few(name: &str, at_once: u32) -> UsageRule {
        UsageRule { name: name.to_owned(), at_once: Some(at_once), ..UsageRule::default() }
    }

    fn named(name: &str, rule: UsageRule) -> UsageRule {
        UsageRule { name: name.to_owned(), ..rule }
    }

    fn on(operation: &str, rule: UsageRule) -> UsageRule {
        UsageRule { operation: Some(operation.to_owned()), ..rule }
    }

    fn faults(rules: &[UsageRule]) -> Vec<(String, &'static str)> {
        let settings = LimitsPlan {
            nodes: 1,
            strangers: Spec::window("strangers", Key::Address, 100, 900),
            unproven: Spec::window("unproven", Key::Address, 100, 900),
            common: vec![
                Spec::rate("client", Key::Client, 50, 200),
                Spec::rate("tenant", Key::Tenant, 200, 1000),
                Spec::at_once("at-once", Key::Client, 6),
            ],
            rules: Vec::new(),
            tenant_concurrency_max: 9,
            exempt: Vec::new(),
        };
        let operations = [OperationLimits {
            index: 0,
            id: "import.create".to_owned(),
            label: "POST /v1/imports".to_owned(),
            limits: vec![
                Spec::window("imports", Key::Client, 20, 3600),
                Spec::at_once("imports-at-once", Key::Tenant, 4),
            ],
        }];
        let found = lint(rules, &settings, &operations);
        found.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn contradictory_plans_are_refused_with_the_place() {
        let several = || (0..7).map(|n| window(&format!("w{n}"), 10, 60)).collect::<Vec<_>>();
        for (rules, pointer, code) in [
            (vec![window("a b", 1, 60)], "/0", "rule"),
            (vec![UsageRule { name: "a".to_owned(), ..UsageRule::default() }], "/0", "rule"),
            (vec![window("a", 1, 60), window("a", 1, 60)], "/1/name", "repeated"),
            (vec![window("tenant", 1, 60)], "/0/name", "reserved"),
            (vec![window("imports", 1, 60)], "/0/name", "reserved"),
            (vec![on("job.fly", window("a", 1, 60))], "/0/operation", "unknown_operation"),
            // 2000 in a minute, and 1000 a day.
            (vec![window("minute", 2000, 60), daily(1000)], "/0/max", "contradictory"),
            (vec![daily(1000), window("minute", 2000, 60)], "/1/max", "contradictory"),
            // One a minute is 1500 in the longest day.
            (vec![window("minute", 1, 60), daily(2000)], "/1/max", "unreachable"),
            (vec![rate("slow", 1, 5), window("minute", 100, 60)], "/1/max", "unreachable"),
            (
                vec![daily(10), on("POST /v1/imports", named("imports-daily", daily(11)))],
                "/1/max",
                "unreachable",
            ),
            // The contract has 20 an hour for a client, and the operator 50 a second.
            (vec![on("import.create", window("import-hour", 21, 3600))], "/0/max", "unreachable"),
            (vec![on("import.create", rate("fast", 1, 21))], "/0/burst", "unreachable"),
            (vec![rate("fast", 60, 100)], "/0/burst", "unreachable"),
            (vec![window("minute", 3201, 60)], "/0/max", "unreachable"),
            // The tenant has 200 a second.
            (vec![rate("client", 201, 300)], "/0/burst", "unreachable"),
            (vec![window("second", 1300, 1)], "/0/max", "unreachable"),
            (several(), "", "too_many"),
            (vec![few("few", 0)], "/0", "rule"),
            (vec![UsageRule { max: Some(9), ..few("few", 1) }], "/0", "rule"),
            (vec![few("tenant-concurrency", 2)], "/0/name", "reserved"),
            (vec![few("imports-at-once", 2)], "/0/name", "reserved"),
            // The operator has 6 for a client, or for all of an agency 9, and the contract 4.
            (vec![few("few", 7)], "/0/at_once", "unreachable"),
            (vec![few("at-once", 10)], "/0/at_once", "unreachable"),
            (vec![on("import.create", few("few", 5))], "/0/at_once", "unreachable"),
            (vec![few("few", 2), few("more", 3)], "/1/at_once", "unreachable"),
            (vec![on("import.create", few("few", 3)), few("all", 2)], "/0/at_once", "unreachable"),
            ((0..8).map(|n| few(&format!("f{n}"), 2)).collect(), "", "too_many"),
        ] {
            assert_eq!(faults(&rules), [(pointer.to_owned(), code)], "{rules:?}");
        }
    }

    #[test]
    fn plans_that_can_be_meant_are_taken() {
        for rules in [
            vec![],
            vec![rate("client", 100, 400)],
            // In place of the operator's for a client, so that only the tenant's bounds it.
            vec![rate("client", 100, 400), window("minute", 6000, 60)],
            vec![window("import-hour", 2000, 3600)],
            vec![rate("client", 10, 50), window("minute", 500, 60), daily(10_000)],
            vec![daily(1500), window("minute", 1, 60)],
            vec![daily(100), on("import.create", window("import-hour", 5, 3600))],
            vec![few("few", 6), window("minute", 1, 60)],
            // In place of the operator's for a client.
            vec![few("at-once", 9)],
            vec![few("few", 3), on("import.create", few("fewer", 2))],
            // What one operation has bounds no other.
            vec![on("import.create", few("few", 2)), few("all", 5)],
        ] {
            assert_eq!(faults(&rules), [], "{rules:?}");
        }
    }
}
