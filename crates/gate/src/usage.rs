//! Usage plans in force: read every second, as revocations are, so that no request asks the
//! database; and what is told when most of one is used.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::{Clock, TenantId, Timestamp, UsagePlanId};
use policy::Engine;
use store::usage_plans::alerts::{self, NewAlert};
use store::usage_plans::assignments::{AssigneeKind, Assignment};
use store::usage_plans::{self, UsagePlan};
use store::{Store, StoreError, Witness, quotas};
use tokio::sync::Mutex;
use watch::Scene;

use crate::limits::{InForce, Key, LimitRules, Limits, UsageRule};
use crate::tasks::Stopping;

/// What is known of all plans.
pub struct Usage {
    store: Arc<Store>,
    policy: Arc<Engine>,
    clock: Arc<dyn Clock>,
    limits: Arc<Limits>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    heard_at: Option<Timestamp>,
    plans: HashMap<UsagePlanId, UsagePlan>,
    assigned: HashMap<(AssigneeKind, String), Assignment>,
    /// Compiled, by plan, version and what counts.
    compiled: HashMap<(UsagePlanId, i64, AssigneeKind), Arc<InForce>>,
}

impl Usage {
    /// No plan is in force yet: [`Usage::hear`] first.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        policy: Arc<Engine>,
        clock: Arc<dyn Clock>,
        limits: Arc<Limits>,
    ) -> Self {
        Self { store, policy, clock, limits, known: Mutex::default() }
    }

    /// Reads what changed since the last time, and puts it in force.
    ///
    /// # Errors
    /// When the database fails; what is in force stays so.
    pub async fn hear(&self) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        let (plans, assigned) = usage_plans::news(&self.store, known.heard_at).await?;
        known.heard_at = Some(now);
        if known.learn(plans, assigned) {
            let rules = self.limits.rules();
            rules.put_in_force(known.compile(&rules));
        }
        Ok(())
    }

    /// Compiles all plans with other rules around them, and swaps the rules. INVARIANT: nothing is
    /// heard between the two, so no plan is missing from the new rules.
    pub(crate) async fn follow(&self, rules: &Arc<LimitRules>, swap: impl FnOnce()) {
        let mut known = self.known.lock().await;
        known.compiled.clear();
        rules.put_in_force(known.compile(rules));
        self.limits.follow(Arc::clone(rules));
        swap();
    }

    /// Removes from the database what nobody needs any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        usage_plans::prune(&self.store, now).await?;
        quotas::prune(&self.store, now).await?;
        Ok(())
    }

    /// Tells what is to be told; how much that was.
    pub async fn work_off(&self) -> usize {
        let waiting = self.limits.take_alerts();
        for (tenant, alert) in &waiting {
            if let Err(error) = self.tell(*tenant, alert).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, plan = %alert.plan, "cannot write that a plan is used");
            }
        }
        waiting.len()
    }

    /// Tells for as long as the process runs.
    pub async fn work(&self, stopping: Stopping) {
        let mut stopping = std::pin::pin!(stopping);
        loop {
            tokio::select! {
                () = &mut stopping => return,
                () = self.limits.alerted() => {}
            }
            self.work_off().await;
        }
    }

    async fn tell(&self, tenant: TenantId, alert: &NewAlert) -> Result<(), StoreError> {
        let scene = Scene {
            at: self.clock.now(),
            request: None,
            trace: None,
            tenant: Some(tenant),
            source_ip: None,
            user_agent: None,
        };
        let witness = Witness { scene, operation: OPERATION.to_owned(), claim: None };
        let permit = self.policy.system(tenant, OPERATION);
        let mut tx = self.store.tenant(&permit, &witness).await?;
        if alerts::tell(&mut tx, alert).await? {
            tx.commit(None).await?;
        }
        Ok(())
    }
}

impl Known {
    /// Whether anything is other than before.
    fn learn(&mut self, plans: Vec<UsagePlan>, assigned: Vec<Assignment>) -> bool {
        let mut changed = false;
        for plan in plans {
            // The overlap of two readings brings the same again.
            if self.plans.get(&plan.id).is_some_and(|known| known.version >= plan.version) {
                continue;
            }
            changed = true;
            self.plans.insert(plan.id, plan);
        }
        for one in assigned {
            let place = (one.kind, one.subject.clone());
            if self.assigned.get(&place).is_some_and(|known| known.changed_at > one.changed_at) {
                continue;
            }
            changed |= self.assigned.insert(place, one.clone()).as_ref() != Some(&one);
        }
        changed
    }

    fn compile(&mut self, limits: &LimitRules) -> HashMap<String, Arc<InForce>> {
        let mut compiled = HashMap::new();
        let mut in_force = HashMap::new();
        for ((kind, subject), one) in &self.assigned {
            let plan = one.plan.and_then(|id| self.plans.get(&id));
            // A plan of another tenant is nobody's, whatever a row says.
            let Some(plan) =
                plan.filter(|plan| plan.deleted_at.is_none() && plan.tenant == one.tenant)
            else {
                continue;
            };
            let place = (plan.id, plan.version, *kind);
            let ready = compiled.get(&place).or_else(|| self.compiled.get(&place)).cloned();
            let ready = ready.or_else(|| compile(limits, plan, *kind).map(Arc::new));
            if let Some(ready) = ready {
                compiled.insert(place, Arc::clone(&ready));
                in_force.insert(subject.clone(), ready);
            }
        }
        self.compiled = compiled;
        in_force
    }
}

/// A plan was checked when it was written. One that an upgrade no longer understands is told, and
/// its holders have the operator's limits.
fn compile(limits: &LimitRules, plan: &UsagePlan, kind: AssigneeKind) -> Option<InForce> {
    let by = match kind {
        AssigneeKind::Client => Key::Client,
        AssigneeKind::ApiKey => Key::ApiKey,
    };
    let rules = serde_json::from_str::<Vec<UsageRule>>(&plan.rules);
    let compiled = rules.map_err(|error| error.to_string()).and_then(|rules| {
        let plans = limits.compile(&rules, by)?;
        Ok((rules, plans))
    });
    match compiled {
        Ok((rules, plans)) => {
            let named = |is_meant: fn(&UsageRule) -> bool| {
                let meant = rules.iter().filter(|rule| is_meant(rule));
                meant.map(|rule| rule.name.clone()).collect()
            };
            Some(InForce {
                id: plan.id,
                name: plan.name.clone(),
                version: plan.version,
                plans,
                own: named(|rule| rule.operation.is_none()),
                watched: named(|rule| rule.max.is_some()),
            })
        }
        Err(error) => {
            tracing::error!(plan = %plan.id, error, "a usage plan cannot be meant any more");
            None
        }
    }
}

/// Who tells, in audit entries.
const OPERATION: &str = "usage plans";
