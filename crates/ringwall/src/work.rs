//! Background work, beside the requests: consent and retention, imports, exports, pruning, and
//! hearing of revocations.

use std::sync::Arc;
use std::time::Duration;

use gate::revocations::HEAR_EVERY;
use gate::{App, Tasks};
use store::chores::Worker;
use tokio::time::{MissedTickBehavior, interval};

use crate::wire::Base;

/// Starts it; it ends with the step that it is in when the process is asked to stop.
pub(crate) fn start(base: &Base, tasks: &Tasks) {
    keep_pools(base, tasks);
    let (store, policy) = (Arc::clone(&base.store), Arc::clone(&base.policy));
    let worker = Worker::new(store, policy, Arc::clone(&base.pools));
    let told = tasks.clone();
    tasks.spawn(async move {
        let mut stopping = told.stopping();
        let mut next = interval(LOOK);
        next.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut has_begun = false;
        loop {
            tokio::select! {
                () = &mut stopping => return,
                _ = next.tick() => {}
            }
            if !has_begun {
                has_begun = tell(worker.begin().await);
            } else {
                tell(worker.run_due(|| told.is_stopping()).await);
            }
        }
    });
}

/// Hears of revocations, keys, bans and plans every second, writes which API keys and sessions were
/// used, tells of the use of plans, and forgets what is over every minute.
pub(crate) fn hear(app: Arc<App>, tasks: &Tasks) {
    let (telling, stopped) = (Arc::clone(&app), tasks.stopping());
    tasks.spawn(async move { telling.usage.work(stopped).await });
    tasks.spawn(gate::pressure::watch(Arc::clone(&app), tasks.clone()));
    let mut stopping = tasks.stopping();
    tasks.spawn(async move {
        let mut next = interval(HEAR_EVERY);
        next.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for turn in 1_u64.. {
            tokio::select! {
                () = &mut stopping => return,
                _ = next.tick() => {}
            }
            let heard = app.hear().await;
            let pruned = match turn % PRUNE_TURNS {
                0 => prune(&app).await,
                _ => Ok(()),
            };
            let written = app.keys.write_uses().await;
            let seen = app.sessions.write_uses().await;
            let secrets = app.secrets.write_uses(app.clock.now()).await;
            if let Err(error) = heard.and(pruned).and(written).and(seen).and(secrets) {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(
                    error,
                    "cannot hear of revocations, keys, bans and plans; trying again"
                );
            }
        }
    });
}

/// Removes what is over from the database.
async fn prune(app: &App) -> Result<(), store::StoreError> {
    app.revocations.prune().await?;
    app.bans.prune().await?;
    app.signing.prune().await?;
    app.usage.prune().await
}

/// Keeps those who may be ranked as they are in the database: who was erased leaves memory.
fn keep_pools(base: &Base, tasks: &Tasks) {
    let (store, policy) = (Arc::clone(&base.store), Arc::clone(&base.policy));
    let (pools, clock) = (Arc::clone(&base.pools), Arc::clone(&base.clock));
    let mut stopping = tasks.stopping();
    tasks.spawn(async move {
        let mut next = interval(POOLS_EVERY);
        next.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut stopping => return,
                _ = next.tick() => {}
            }
            tell(pools.keep_current(&store, &policy, clock.now()).await);
        }
    });
}

/// Whether it went well. What failed is tried again with the next look.
fn tell<T>(done: Result<T, store::StoreError>) -> bool {
    if let Err(error) = &done {
        let error: &dyn std::error::Error = error;
        tracing::warn!(error, "cannot look for background work; trying again");
    }
    done.is_ok()
}

/// In turns of [`HEAR_EVERY`].
const PRUNE_TURNS: u64 = 60;
/// How long somebody who was erased may stay in the memory of a node.
const POOLS_EVERY: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(500);
