//! How often somebody may call (controls: THR-1, THR-2).
//!
//! Rules are data: some come with the gate's settings, some with the contract's operations. Which
//! of them a request is charged is decided here; where it is counted is the affair of [`counters`].
//! The rings that ask are `flood`, by address and before anything costs, and `quota`, when the
//! caller is known.

mod plans;
mod told;

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use counters::Plan;
use http::HeaderMap;
use kernel::{Problem, TenantId};
use throttle::{Concurrency, Held, Subject, Verdict};

use crate::Dossier;
use crate::cidr::Cidr;
use crate::contract::Contract;

pub use counters::{
    Counters, Health, Key, OnStoreError, Per, RedisConfig, RemoteError, Spec, SpecError,
};
pub(crate) use told::{BUSY, CODES, EXCEEDED, Told, UNCOUNTED};

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
    /// Requests of one tenant that are at work at once.
    pub tenant_concurrency_max: u32,
    /// From where requests are not counted by address.
    pub exempt: Vec<Cidr>,
}

/// The limits of a gate.
pub struct Limits {
    counters: Counters,
    strangers: Plan,
    unproven: Plan,
    usage: ArcSwap<Plans>,
    at_work: Arc<Concurrency>,
    exempt: Vec<Cidr>,
}

/// Who asks, and for what.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// From where.
    pub origin: IpAddr,
    /// The proven client or person.
    pub client: Option<&'a str>,
    /// The proven tenant.
    pub tenant: Option<&'a str>,
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
            tenant,
            operation: (operation.index, &operation.label),
        })
    }
}

/// Where a caller stands with one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The rule.
    pub name: String,
    /// How many are allowed.
    pub count: u32,
    /// In how many seconds; nothing for a calendar's days and months.
    pub window_s: Option<u64>,
    /// How many are left.
    pub remaining: u32,
    /// In how many seconds there will be more.
    pub reset_s: u64,
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
        let alone = |spec: &Spec| plans::plan(&[spec], plan.nodes);
        Ok(Arc::new(Self {
            strangers: alone(&plan.strangers)?,
            unproven: alone(&plan.unproven)?,
            usage: ArcSwap::from_pointee(Plans::new(plan, contract)?),
            at_work: Concurrency::new(plan.tenant_concurrency_max),
            exempt: plan.exempt.clone(),
            counters,
        }))
    }

    /// Charges a request that brings no credentials.
    pub(crate) async fn stranger(&self, origin: IpAddr, now_ms: u64) -> Result<Told, Problem> {
        let Some(address) = self.counted(origin) else { return Ok(Told::default()) };
        let who = Subject { address: Some(address), ..Subject::default() };
        Told::settle(&self.counters.charge(&self.strangers, &who, now_ms).await)
    }

    /// Whether an address may bring further credentials that nobody has believed yet.
    pub(crate) fn may_try(&self, origin: IpAddr, now_ms: u64) -> Result<(), Problem> {
        let Some(address) = self.counted(origin) else { return Ok(()) };
        let who = Subject { address: Some(address), ..Subject::default() };
        let verdict = self.counters.check_here(&self.unproven, &who, now_ms);
        if verdict.is_admitted() { Ok(()) } else { Err(told::exceeded(&verdict)) }
    }

    /// Counts credentials that proved nothing.
    pub(crate) fn proved_nothing(&self, origin: IpAddr, now_ms: u64) {
        let Some(address) = self.counted(origin) else { return };
        let who = Subject { address: Some(address), ..Subject::default() };
        self.counters.note_here(&self.unproven, &who, now_ms);
    }

    /// Charges what the caller and the operation are charged.
    pub(crate) async fn charge(&self, asker: &Asker<'_>, now_ms: u64) -> Result<Told, Problem> {
        let usage = self.usage.load_full();
        let who = self.subject(asker);
        Told::settle(&self.counters.charge(usage.of(asker.operation.0), &who, now_ms).await)
    }

    /// Takes one of the places that a tenant has at once.
    pub(crate) fn hold(&self, tenant: TenantId) -> Result<Held, Problem> {
        self.at_work.hold(tenant.uuid().as_u128()).ok_or_else(told::busy)
    }

    /// Where a caller stands, rule by rule; nobody in particular, with the rule for strangers.
    /// Charges nothing.
    pub async fn standing(&self, asker: &Asker<'_>, now_ms: u64) -> Vec<Stand> {
        let usage = self.usage.load_full();
        let who = self.subject(asker);
        let plan = if asker.client.is_some() { usage.common() } else { &self.strangers };
        stands(&self.counters.standing(plan, &who, now_ms).await)
    }

    /// How the store of limits is; nothing where this node counts alone.
    #[must_use]
    pub fn health(&self) -> Option<Health> {
        self.counters.health()
    }

    fn subject<'a>(&self, asker: &Asker<'a>) -> Subject<'a> {
        Subject {
            address: self.counted(asker.origin),
            client: asker.client,
            tenant: asker.tenant,
            operation: Some(asker.operation.1),
        }
    }

    /// The address, if it is counted.
    fn counted(&self, origin: IpAddr) -> Option<IpAddr> {
        let is_exempt = self.exempt.iter().any(|network| network.contains(origin));
        (!is_exempt).then_some(origin)
    }
}

fn stands(verdict: &Verdict<'_>) -> Vec<Stand> {
    let stand = |(rule, standing): (&throttle::Rule, throttle::Standing)| Stand {
        name: rule.name().to_owned(),
        count: rule.limit().count(),
        window_s: rule.limit().window_s(),
        remaining: standing.remaining,
        reset_s: standing.reset_ms.div_ceil(1000),
    };
    verdict.standings().map(stand).collect()
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
mod tests {
    use kernel::SystemClock;
    use serde_json::json;

    use super::*;

    fn limits(tenant_concurrency_max: u32) -> Arc<Limits> {
        let by_client = Spec::window("client", Key::Client, 1, 60);
        let plan = LimitsPlan {
            nodes: 1,
            strangers: by_client.clone(),
            unproven: by_client,
            common: Vec::new(),
            rules: Vec::new(),
            tenant_concurrency_max,
            exempt: Vec::new(),
        };
        let document = json!({
            "openapi": "3.1.0", "info": { "title": "t", "version": "1" }, "paths": {}
        });
        let contract = Contract::compile(&document).unwrap();
        Limits::new(Counters::local(64), &plan, &contract).unwrap()
    }

    #[test]
    fn a_tenant_has_so_many_places_and_takes_none_of_anothers() {
        let limits = limits(2);
        let (one, other) = (TenantId::new(&SystemClock), TenantId::new(&SystemClock));
        let first = limits.hold(one).unwrap();
        let _second = limits.hold(one).unwrap();

        assert_eq!(limits.hold(one).unwrap_err().code.name, "limits.busy");
        assert!(limits.hold(other).is_ok());
        drop(first);
        assert!(limits.hold(one).is_ok());
    }
}
