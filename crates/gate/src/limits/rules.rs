//! The rules of one plan of limits, compiled: what a reload replaces, while counts stay.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use counters::{Counters, Key, Plan, Spec, SpecError};
use throttle::Subject;

use super::plans::{self, Plans};
use super::{Asker, InForce, LimitsPlan, OperationLimits, UsageRule};

/// What requests are under.
pub struct LimitRules {
    pub(super) strangers: Plan,
    pub(super) unproven: Plan,
    /// What everybody is under who has no plan.
    pub(super) usage: Plans,
    /// Usage plans, by the client or API key that has one, with these rules around them.
    pub(super) in_force: ArcSwap<HashMap<String, Arc<InForce>>>,
    pub(super) settings: LimitsPlan,
    operations: Arc<[OperationLimits]>,
    /// What they are charged to, which tells what it can charge while a request waits.
    counters: Arc<Counters>,
}

impl LimitRules {
    pub(super) fn new(
        plan: &LimitsPlan,
        operations: &Arc<[OperationLimits]>,
        counters: &Arc<Counters>,
    ) -> Result<Self, SpecError> {
        let alone = |spec: &Spec| {
            // Strangers are counted in time.
            spec.rule()?;
            plans::duties(&[spec], plan.nodes, counters).map(|duties| duties.counted)
        };
        Ok(Self {
            strangers: alone(&plan.strangers)?,
            unproven: alone(&plan.unproven)?,
            usage: Plans::new(plan, operations, counters)?,
            in_force: ArcSwap::default(),
            settings: plan.clone(),
            operations: Arc::clone(operations),
            counters: Arc::clone(counters),
        })
    }

    /// A plan's rules with the platform's around them.
    pub(crate) fn compile(&self, rules: &[UsageRule], by: Key) -> Result<Plans, String> {
        let mut settings = self.settings.clone();
        let (special, general): (Vec<_>, Vec<_>) =
            rules.iter().partition(|rule| rule.operation.is_some());
        settings.common.retain(|known| !general.iter().any(|rule| rule.name == known.name));
        let general: Vec<Spec> = general.into_iter().map(|rule| rule.spec(by)).collect();
        settings.common.splice(0..0, general);
        for rule in special {
            let name = rule.operation.as_deref().unwrap_or_default();
            let operation = self.operations.iter().find(|operation| operation.is_named(name));
            let operation = operation.ok_or("a rule names an operation that is gone")?;
            settings.rules.push((operation.index, rule.spec(by)));
        }
        Plans::new(&settings, &self.operations, &self.counters).map_err(|error| error.to_string())
    }

    /// Puts these plans in force, in place of all before.
    pub(crate) fn put_in_force(&self, plans: HashMap<String, Arc<InForce>>) {
        self.in_force.store(Arc::new(plans));
    }

    /// A key's own plan, or else its client's.
    pub(super) fn plan_of<'a>(&self, asker: &Asker<'a>) -> Option<(&'a str, Arc<InForce>)> {
        let in_force = self.in_force.load();
        if in_force.is_empty() {
            return None;
        }
        let names = [asker.api_key, asker.client].into_iter().flatten();
        let mut found = names.filter_map(|name| Some((name, Arc::clone(in_force.get(name)?))));
        found.next()
    }

    pub(super) fn subject<'a>(&self, asker: &Asker<'a>) -> Subject<'a> {
        Subject {
            address: self.counted(asker.origin),
            client: asker.client,
            api_key: asker.api_key,
            tenant: asker.tenant,
            operation: Some(asker.operation.1),
        }
    }

    /// The address, if it is counted.
    pub(super) fn counted(&self, origin: IpAddr) -> Option<IpAddr> {
        let is_exempt = self.settings.exempt.iter().any(|network| network.contains(origin));
        (!is_exempt).then_some(origin)
    }
}
