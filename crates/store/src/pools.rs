//! The tenants' candidates in memory, ready to be ranked.
//!
//! A pool is built from projections when its tenant first asks, and brought up to date from the
//! change log before each ranking: what was committed before a request is seen by it. Between
//! rankings it follows too, so that nobody who was erased stays in memory. At most so many tenants
//! are kept; the one that was used least lately goes first.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{CandidateId, TenantId, Timestamp};
use matching::policy::PolicyError;
use matching::{Exchange, Opening, Policy, Pool, Question, Ranking, Scope};
use policy::{Engine, Permit};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::changes::{self, Slice};
use crate::projections::MatcherView;
use crate::resources::Resource;
use crate::{Store, StoreError};

/// The pools of the tenants that used theirs latest, the latest last.
pub struct Pools {
    kept: Mutex<Vec<Kept>>,
    tenants_max: usize,
    rules: Arc<Rules>,
}

/// A tenant's pool.
struct Kept {
    tenant: TenantId,
    pool: Shared,
    used_at: Timestamp,
}

/// By what everybody is ranked.
struct Rules {
    policy: Policy,
    exchange: Exchange,
}

/// A pool and how far it has followed the change log.
#[derive(Default)]
struct Followed {
    pool: Pool,
    /// None until it was built.
    place: Option<i64>,
}

type Shared = Arc<RwLock<Followed>>;

/// A ranking that is to be made.
pub struct Task {
    /// For which job.
    pub opening: Opening,
    /// Who is ranked: everybody when none are named.
    pub only: Option<Vec<CandidateId>>,
    /// How many of the best are explained.
    pub top: usize,
    /// When, by the platform's clock.
    pub at: Timestamp,
}

impl Pools {
    /// Pools for so many tenants, at least one, ranked by the policy that comes with the project.
    ///
    /// # Errors
    /// Never: the policy is compiled in and a test reads it.
    pub fn new(tenants_max: usize) -> Result<Self, PolicyError> {
        let rules = Rules { policy: Policy::v1()?, exchange: Exchange::built_in() };
        let kept = Mutex::default();
        Ok(Self { kept, tenants_max: tenants_max.max(1), rules: Arc::new(rules) })
    }

    /// The policy that everybody is ranked by.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.rules.policy
    }

    /// Ranks the candidates of the permit's tenant, as they are now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rank(
        &self,
        store: &Store,
        permit: &Permit,
        task: Task,
    ) -> Result<Ranking, StoreError> {
        let pool = self.current(store, permit, task.at).await?;
        let rules = Arc::clone(&self.rules);
        // Ranking many takes milliseconds, which is long for a thread that serves others.
        let ranked = tokio::task::spawn_blocking(move || {
            let question = Question {
                opening: &task.opening,
                policy: &rules.policy,
                exchange: &rules.exchange,
            };
            let scope = task.only.as_deref().map_or(Scope::All, Scope::Only);
            pool.pool.rank(&question, &scope, task.top)
        });
        ranked.await.map_err(|error| StoreError::Setup(error.to_string()))
    }

    async fn current(
        &self,
        store: &Store,
        permit: &Permit,
        now: Timestamp,
    ) -> Result<OwnedRwLockReadGuard<Followed>, StoreError> {
        let tenant = permit.tenant().ok_or(StoreError::NoTenant)?;
        let mut held = self.of(tenant, now).write_owned().await;
        held.catch_up(store, permit).await?;
        Ok(OwnedRwLockWriteGuard::downgrade(held))
    }

    /// Lets go of the pools that nobody has asked for a while, and brings the others up to date:
    /// who was erased leaves memory, whether anybody is ranked or not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_current(
        &self,
        store: &Store,
        policy: &Engine,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.forget_idle(now);
        let kept: Vec<(TenantId, Shared)> =
            self.kept().iter().map(|kept| (kept.tenant, Arc::clone(&kept.pool))).collect();
        for (tenant, pool) in kept {
            let permit = policy.system(tenant, "pool");
            pool.write_owned().await.catch_up(store, &permit).await?;
        }
        Ok(())
    }

    /// How many rows of candidates of a tenant are in memory, also of those who were removed or
    /// replaced; none where its pool is not.
    pub async fn held(&self, tenant: TenantId) -> Option<usize> {
        let pool = self.kept().iter().find(|kept| kept.tenant == tenant)?.pool.clone();
        Some(pool.read_owned().await.pool.rows_held())
    }

    fn forget_idle(&self, now: Timestamp) {
        self.kept().retain(|kept| kept.used_at.plus(IDLE) > now);
    }

    /// The tenant's pool, which is now the one that was used latest.
    fn of(&self, tenant: TenantId, now: Timestamp) -> Shared {
        let mut all = self.kept();
        let known = all.iter().position(|kept| kept.tenant == tenant).map(|at| all.remove(at));
        if all.len() >= self.tenants_max {
            all.remove(0);
        }
        let pool = known.map(|kept| kept.pool).unwrap_or_default();
        all.push(Kept { tenant, pool: Arc::clone(&pool), used_at: now });
        pool
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Followed {
    /// Brings the pool up to everything that is committed, from the start where it fell behind what
    /// the log keeps.
    async fn catch_up(&mut self, store: &Store, permit: &Permit) -> Result<(), StoreError> {
        match self.follow(store, permit).await {
            Err(StoreError::WindowOver) => {
                *self = Self::default();
                self.follow(store, permit).await
            }
            other => other,
        }
    }

    async fn follow(&mut self, store: &Store, permit: &Permit) -> Result<(), StoreError> {
        let Some(mut place) = self.place else { return self.build(store, permit).await };
        let kinds: Vec<_> = Resource::find("candidate").into_iter().collect();
        loop {
            let view = store.view(permit).await?;
            let slice = changes::after(&view, &kinds, Some(place), CHANGES_MAX).await?;
            drop(view);
            self.take(store, permit, &slice).await?;
            place = slice.up_to;
            self.place = Some(place);
            if !slice.has_more {
                return Ok(());
            }
        }
    }

    /// Reads every projection. What changes meanwhile is after the place, and is taken next time.
    async fn build(&mut self, store: &Store, permit: &Permit) -> Result<(), StoreError> {
        let view = store.view(permit).await?;
        let place = changes::end(&view).await?;
        drop(view);
        let mut pool = Pool::new();
        let mut last = None;
        let matcher = MatcherView::open(store, permit).await?;
        loop {
            let part = matcher.after(last, PART_MAX).await?;
            let Some((id, _)) = part.last() else { break };
            last = Some(*id);
            for (candidate, projection) in &part {
                pool.insert(*candidate, projection).map_err(full)?;
            }
        }
        *self = Self { pool, place: Some(place) };
        Ok(())
    }

    async fn take(
        &mut self,
        store: &Store,
        permit: &Permit,
        slice: &Slice,
    ) -> Result<(), StoreError> {
        let changed: Vec<CandidateId> =
            slice.entries.iter().filter_map(|entry| entry.id.parse().ok()).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let found = MatcherView::open(store, permit).await?.of(&changed).await?;
        let there: HashSet<CandidateId> = found.iter().map(|(candidate, _)| *candidate).collect();
        let mut is_gone = false;
        for candidate in &changed {
            is_gone |= self.pool.remove(*candidate) && !there.contains(candidate);
        }
        for (candidate, projection) in &found {
            self.pool.insert(*candidate, projection).map_err(full)?;
        }
        // Who has no projection any more was erased: nothing of them stays in a dead row.
        if is_gone {
            self.pool.purge();
        }
        Ok(())
    }
}

fn full(error: matching::pool::PoolFull) -> StoreError {
    StoreError::Setup(error.to_string())
}

/// A pool that nobody asks for so long is not kept.
const IDLE: Duration = Duration::from_secs(10 * 60);
const CHANGES_MAX: u64 = 1_000;
const PART_MAX: u64 = 2_000;

#[cfg(test)]
mod tests {
    use kernel::SystemClock;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn the_pool_that_was_used_least_lately_goes() {
        let pools = Pools::new(2).unwrap();
        let [one, two, three] = [(); 3].map(|()| TenantId::new(&SystemClock));
        let (first, second) = (pools.of(one, NOW), pools.of(two, NOW));

        assert!(Arc::ptr_eq(&first, &pools.of(one, NOW)));
        drop(pools.of(three, NOW));

        assert!(Arc::ptr_eq(&first, &pools.of(one, NOW)));
        assert!(!Arc::ptr_eq(&second, &pools.of(two, NOW)));
        assert_eq!(pools.kept().len(), 2);
    }

    #[test]
    fn a_pool_that_nobody_asks_goes_after_a_while() {
        let pools = Pools::new(2).unwrap();
        let [one, two] = [(); 2].map(|()| TenantId::new(&SystemClock));
        let (idle, used) = (pools.of(one, NOW), pools.of(two, NOW.plus(IDLE)));

        pools.forget_idle(NOW.plus(IDLE));

        assert_eq!(Arc::strong_count(&idle), 1);
        assert!(Arc::ptr_eq(&used, &pools.of(two, NOW.plus(IDLE))));
    }
}
