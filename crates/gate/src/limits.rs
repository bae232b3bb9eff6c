//! How often somebody may call, and how much at once (controls: THR-1, THR-2).
//!
//! Rules are data: some come with the gate's settings, some with the contract's operations, some
//! with usage plans. Which of them a request is under is decided here; where it is counted is the
//! affair of [`counters`], but for what is at work at once, which each node counts for itself. The
//! rings that ask are `flood`, by address and before anything costs, and `quota`, when the caller
//! is known.

mod alerts;
mod bank;
mod lint;
mod plans;
mod rules;
mod told;
mod usage_rule;

use std::hash::RandomState;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::HeaderMap;
use kernel::{Problem, TenantId, UsagePlanId};
use store::usage_plans::alerts::NewAlert;
use throttle::{Concurrency, Held, Left, Limit, Period, Subject, Verdict};

use crate::Dossier;
use crate::cidr::Cidr;
use crate::contract::{Contract, Operation};

pub use bank::DatabaseBank;
pub use counters::bank::Banked;
pub use counters::store::Store;
pub use counters::{
    Counters, Health, Key, Mode, Moment, OnStoreError, Per, RedisConfig, RedisError, Shared, Spec,
    SpecError,
};
pub use lint::LintFault;
pub(crate) use told::{BUSY, CODES, EXCEEDED, Told, UNCOUNTED, VIOLATED};

pub use rules::LimitRules;
pub use usage_rule::UsageRule;

use alerts::Alerts;
use plans::Plans;

/// What is allowed to whom, by the operator's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitsPlan {
    /// How many nodes share the limits while the store of limits is away.
    pub nodes: u32,
    /// Requests that bring no credentials, by address.
    pub strangers: Spec,
    /// Requests whose credentials prove nothing, by address; counted by each node for itself.
    pub unproven: Spec,
    /// What every request of a known caller is charged.
    pub common: Vec<Spec>,
    /// What requests to an operation, by its index, are charged besides. One with the name of a
    /// rule of the contract or of a common one takes its place.
    pub rules: Vec<(usize, Spec)>,
    /// Requests of one tenant that are at work at once: a rule that everybody is under.
    pub tenant_concurrency_max: u32,
    /// From where requests are not counted by address.
    pub exempt: Vec<Cidr>,
}

impl LimitsPlan {
    fn tenant_cap(&self) -> Spec {
        Spec::at_once(TENANT_CONCURRENCY, Key::Tenant, self.tenant_concurrency_max)
    }
}

/// The limits of a gate.
pub struct Limits {
    counters: Arc<Counters>,
    /// For what is shown and written. A request is charged by its own.
    rules: ArcSwap<LimitRules>,
    alerts: Alerts,
    operations: Arc<[OperationLimits]>,
    at_work: Arc<Concurrency>,
}

/// What an operation says about its limits, and how it is named.
#[derive(Clone, Debug)]
pub(crate) struct OperationLimits {
    pub(crate) index: usize,
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) limits: Vec<Spec>,
}

/// A usage plan, compiled with the platform's limits around it.
pub(crate) struct InForce {
    pub(crate) id: UsagePlanId,
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) plans: Plans,
    /// Its own rules for all operations.
    pub(crate) own: Vec<String>,
    /// Its own rules whose use is told: those with a period.
    pub(crate) watched: Vec<String>,
}

/// The plan that somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanInForce {
    /// Its id.
    pub id: UsagePlanId,
    /// What its administrators call it.
    pub name: String,
    /// Its version.
    pub version: i64,
}

/// Who asks, and for what.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// From where.
    pub origin: IpAddr,
    /// The proven client or person.
    pub client: Option<&'a str>,
    /// The API key that proved the client.
    pub api_key: Option<&'a str>,
    /// The proven tenant.
    pub tenant: Option<&'a str>,
    /// The same, as its id.
    pub tenant_id: Option<TenantId>,
    /// The operation, by its index and label.
    pub operation: (usize, &'a str),
}

impl<'a> Asker<'a> {
    /// Whoever sent this request; nothing before its origin and operation are known.
    #[must_use]
    pub fn of(dossier: &'a Dossier, tenant: Option<&'a str>) -> Option<Self> {
        let operation = dossier.operation()?;
        let caller = dossier.caller().filter(|caller| !caller.is_anonymous());
        Some(Self {
            origin: dossier.origin()?,
            client: caller.map(|caller| caller.client_or_id()),
            api_key: caller
                .and_then(|caller| caller.credential())
                .filter(|credential| credential.starts_with(API_KEY)),
            tenant,
            tenant_id: caller.and_then(|caller| caller.tenant()),
            operation: (operation.index, &operation.label),
        })
    }
}

/// Where a caller stands with one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The rule.
    pub name: String,
    /// The operations that it counts, by their labels; none where it counts all.
    pub operations: Vec<String>,
    /// How many are allowed.
    pub count: u32,
    /// In how many seconds; nothing for a calendar's days and months.
    pub window_s: Option<u64>,
    /// In which period of a calendar, and in which time zone.
    pub per: Option<(Per, String)>,
    /// How many are left.
    pub remaining: u32,
    /// In how many seconds there will be more; nothing for what is at work at once, on this node.
    pub reset_s: Option<u64>,
}

/// How many requests may be at work at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtOnce {
    /// The rule.
    pub name: &'static str,
    /// How many.
    pub max: u32,
    /// How many more.
    pub remaining: u32,
}

impl Limits {
    /// Limits after a plan and a contract.
    ///
    /// # Errors
    /// When a rule cannot be meant, or an operation would be charged more rules than is possible.
    pub fn new(
        counters: Counters,
        plan: &LimitsPlan,
        contract: &Contract,
    ) -> Result<Arc<Self>, SpecError> {
        let operations: Arc<[OperationLimits]> =
            contract.operations().map(|operation| OperationLimits::of(operation)).collect();
        let counters = Arc::new(counters);
        Ok(Arc::new(Self {
            rules: ArcSwap::from_pointee(LimitRules::new(plan, &operations, &counters)?),
            alerts: Alerts::default(),
            operations,
            at_work: Concurrency::new(RandomState::new()),
            counters,
        }))
    }

    /// The rules in force.
    pub(crate) fn rules(&self) -> Arc<LimitRules> {
        self.rules.load_full()
    }

    /// The rules of another plan, for the same operations. They hold when they are adopted, and go
    /// on counting where those before them stopped.
    ///
    /// # Errors
    /// As [`Limits::new`].
    pub fn compiled(&self, plan: &LimitsPlan) -> Result<Arc<LimitRules>, SpecError> {
        LimitRules::new(plan, &self.operations, &self.counters).map(Arc::new)
    }

    /// Shows other rules from now on.
    pub(crate) fn follow(&self, rules: Arc<LimitRules>) {
        self.rules.store(rules);
    }

    /// Charges a request that brings no credentials.
    pub(crate) async fn stranger(
        &self,
        rules: &LimitRules,
        origin: IpAddr,
        at: Moment<'_>,
    ) -> Result<Told, Problem> {
        let Some(address) = rules.counted(origin) else { return Ok(Told::default()) };
        let who = Subject { address: Some(address), ..Subject::default() };
        Told::settle(&self.counters.charge(&rules.strangers, &who, at).await, &Left::default())
    }

    /// Whether an address may bring further credentials that nobody has believed yet.
    pub(crate) fn may_try(
        &self,
        rules: &LimitRules,
        origin: IpAddr,
        now_ms: u64,
    ) -> Result<(), Problem> {
        let Some(address) = rules.counted(origin) else { return Ok(()) };
        let who = Subject { address: Some(address), ..Subject::default() };
        let verdict = self.counters.check_here(&rules.unproven, &who, now_ms);
        if verdict.is_admitted() { Ok(()) } else { Err(told::exceeded(&verdict, &Left::default())) }
    }

    /// Counts credentials that proved nothing.
    pub(crate) fn proved_nothing(&self, rules: &LimitRules, origin: IpAddr, now_ms: u64) {
        let Some(address) = rules.counted(origin) else { return };
        let who = Subject { address: Some(address), ..Subject::default() };
        self.counters.note_here(&rules.unproven, &who, now_ms);
    }

    /// Takes the places that the caller and the operation need, and charges what they are charged;
    /// or does neither.
    pub(crate) async fn charge(
        &self,
        rules: &LimitRules,
        asker: &Asker<'_>,
        at: Moment<'_>,
    ) -> Result<(Told, Held), Problem> {
        let who = rules.subject(asker);
        let own = rules.plan_of(asker);
        let plans = own.as_ref().map_or(&rules.usage, |(_, own)| &own.plans);
        let duties = plans.of(asker.operation.0);
        // The places first: what is refused for want of one is charged nothing. INVARIANT: they
        // are given back when this returns without them, also when the caller hangs up meanwhile.
        let held = self.at_work.hold(&duties.places, &who);
        let (held, left) = held.map_err(|left| told::busy(&left))?;
        let answer = self.counters.charge(&duties.counted, &who, at).await;
        if let (Some((subject, own)), Some(tenant)) = (&own, asker.tenant_id) {
            self.alerts.watch(own, (tenant, subject), &answer, at.now_ms);
        }
        Ok((Told::settle(&answer, &left)?, held))
    }

    /// Adds points to a score, where limits are counted: whether it is beyond its end.
    pub(crate) async fn strike(
        &self,
        score: &counters::Score,
        who: &Subject<'_>,
        points: u32,
        now_ms: u64,
    ) -> bool {
        self.counters.strike(score, who, points, now_ms).await
    }

    /// Where a caller stands, rule by rule; nobody in particular, with the rule for strangers. What
    /// some operations are charged besides comes last, and the tenant's cap is shown apart. Charges
    /// nothing.
    pub async fn standing(&self, asker: &Asker<'_>, at: Moment<'_>) -> Vec<Stand> {
        let rules = self.rules();
        let who = rules.subject(asker);
        let own = rules.plan_of(asker);
        let plans = own.as_ref().map_or(&rules.usage, |(_, own)| &own.plans);
        let counted = match (&own, asker.client) {
            (None, None) => &rules.strangers,
            _ => &plans.common().counted,
        };
        let mut all = stands(&self.counters.standing(counted, &who, at).await);
        all.extend(places(&self.at_work.left(&plans.common().places, &who)));
        for shown in plans.shown() {
            let who = Subject { operation: shown.operations.first().map(String::as_str), ..who };
            let mut stands = stands(&self.counters.standing(&shown.duties.counted, &who, at).await);
            stands.extend(places(&self.at_work.left(&shown.duties.places, &who)));
            let operations = || shown.operations.clone();
            all.extend(stands.into_iter().map(|one| Stand { operations: operations(), ..one }));
        }
        all
    }

    /// How many requests of a caller's tenant may be at work at once on this node, and how many
    /// more.
    #[must_use]
    pub fn at_once(&self, asker: &Asker<'_>) -> Option<AtOnce> {
        let rules = self.rules();
        let left = self.at_work.left(&rules.usage.common().places, &rules.subject(asker));
        let mut cap = left.each().filter(|(rule, _)| rule.name() == TENANT_CONCURRENCY);
        let (rule, remaining) = cap.next()?;
        Some(AtOnce { name: TENANT_CONCURRENCY, max: rule.most(), remaining })
    }

    /// The usage plan that an asker has, if any.
    #[must_use]
    pub fn plan_in_force(&self, asker: &Asker<'_>) -> Option<PlanInForce> {
        let rules = self.rules();
        let (_, own) = rules.plan_of(asker)?;
        Some(PlanInForce { id: own.id, name: own.name.clone(), version: own.version })
    }

    /// How much of its plan a client or API key has left; nothing where none is in force here yet.
    /// An administrator's list asks this for each, and so waits once for each.
    pub async fn usage_of(&self, subject: &str, tenant: TenantId, now_ms: u64) -> Vec<Stand> {
        let Some(own) = self.rules().in_force.load().get(subject).cloned() else {
            return Vec::new();
        };
        let tenant = tenant.to_string();
        let who = Subject {
            client: Some(subject),
            api_key: Some(subject),
            tenant: Some(&tenant),
            ..Subject::default()
        };
        let duties = own.plans.common();
        let mut stands = stands(&self.counters.standing(&duties.counted, &who, now_ms).await);
        stands.extend(places(&self.at_work.left(&duties.places, &who)));
        stands.into_iter().filter(|stand| own.own.contains(&stand.name)).collect()
    }

    /// What is wrong with a usage plan's rules; nothing for a plan that can be meant.
    #[must_use]
    pub fn lint(&self, rules: &[UsageRule]) -> Vec<LintFault> {
        lint::lint(rules, &self.rules().settings, &self.operations)
    }

    /// What is to be told of the use of plans.
    pub(crate) fn take_alerts(&self) -> Vec<(TenantId, NewAlert)> {
        self.alerts.take()
    }

    /// Waits until something is to be told.
    pub(crate) async fn alerted(&self) {
        self.alerts.noticed.notified().await;
    }

    /// How the store of limits is; nothing where this node counts alone.
    #[must_use]
    pub fn health(&self) -> Option<Health> {
        self.counters.health()
    }

    /// See [`Counters::bank_health`].
    #[must_use]
    pub fn bank_health(&self) -> Option<Health> {
        self.counters.bank_health()
    }

    /// See [`Counters::unfollowed`].
    #[must_use]
    pub fn unfollowed(&self) -> u64 {
        self.counters.unfollowed()
    }

    /// See [`Counters::exchange`].
    pub async fn exchange(&self, now_ms: u64) {
        self.counters.exchange(now_ms).await;
    }

    /// See [`Counters::tend`].
    pub async fn tend(&self) {
        self.counters.tend().await;
    }

    /// See [`Counters::close`].
    pub async fn close(&self) {
        self.counters.close().await;
    }
}

impl OperationLimits {
    fn of(operation: &Operation) -> Self {
        Self {
            index: operation.index,
            id: operation.id.clone(),
            label: operation.label.clone(),
            limits: operation.limits.clone(),
        }
    }

    /// Whether it is meant by an operationId, or a method and path.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.id == name || self.label == name
    }
}

/// How ids of API keys begin, and no other credential's.
const API_KEY: &str = "key_";
/// What headers and problems call the cap of a tenant.
const TENANT_CONCURRENCY: &str = "tenant-concurrency";

fn stands(verdict: &Verdict<'_>) -> Vec<Stand> {
    let stand = |(rule, standing): (&throttle::Rule, throttle::Standing)| Stand {
        name: rule.name().to_owned(),
        operations: Vec::new(),
        count: rule.limit().count(),
        window_s: rule.limit().window_s(),
        per: period(rule.limit()),
        remaining: standing.remaining,
        reset_s: Some(standing.reset_ms.div_ceil(1000)),
    };
    verdict.standings().map(stand).collect()
}

/// All but the tenant's cap.
fn places(left: &Left<'_>) -> Vec<Stand> {
    let named = left.each().filter(|(rule, _)| rule.name() != TENANT_CONCURRENCY);
    let stand = |(rule, remaining): (&throttle::PlaceRule, u32)| Stand {
        name: rule.name().to_owned(),
        operations: Vec::new(),
        count: rule.most(),
        window_s: None,
        per: None,
        remaining,
        reset_s: None,
    };
    named.map(stand).collect()
}

fn period(limit: &Limit) -> Option<(Per, String)> {
    let Limit::Quota { calendar, .. } = limit else { return None };
    let per = match calendar.period() {
        Period::Day => Per::Day,
        Period::Week => Per::Week,
        Period::Month => Per::Month,
    };
    Some((per, calendar.zone().to_owned()))
}

impl Told {
    /// Adds what is told to an answer; other rings may have added theirs.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        for (name, value) in self.into_headers() {
            headers.append(name, value);
        }
    }
}

#[cfg(test)]
mod tests;
