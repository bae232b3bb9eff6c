//! Audit entries of what changes nothing: authentication attempts and authorization decisions.
//!
//! Many requests share one commit (group commit). The queue is bounded: when it is full, requests
//! wait, and are refused when the wait is too long; entries are never dropped silently.

use std::sync::Arc;
use std::time::Duration;

use policy::{Caller, CallerKind};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;
use watch::{Actor, Event};

use crate::entities::audit_entry;
use crate::{Store, StoreError, dialect};

/// The way into the audit trail for events without a transaction of their own.
#[derive(Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Entry>,
    /// Told when somebody waits.
    awaited: Arc<Notify>,
}

struct Entry {
    event: Event,
    written: Option<oneshot::Sender<()>>,
}

impl Recorder {
    /// A recorder, and the work that writes what it is given until every copy of it is gone. The
    /// caller runs that work.
    pub fn new(store: Arc<Store>) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, entries) = mpsc::channel(QUEUE_MAX);
        let awaited = Arc::new(Notify::new());
        (Self { queue, awaited: Arc::clone(&awaited) }, write_all(store, entries, awaited))
    }

    /// Takes an event that is written soon: within one commit of the ones before it.
    ///
    /// # Errors
    /// [`StoreError::AuditUnavailable`] when the queue stays full.
    pub async fn note(&self, event: Event) -> Result<(), StoreError> {
        self.send(Entry { event, written: None }).await
    }

    /// Takes an event and returns when it is on disk.
    ///
    /// # Errors
    /// [`StoreError::AuditUnavailable`] when that takes too long.
    pub async fn witness(&self, event: Event) -> Result<(), StoreError> {
        let (written, wait) = oneshot::channel();
        let entry = Entry { event, written: Some(written) };
        let all = async {
            self.send(entry).await?;
            self.awaited.notify_one();
            wait.await.map_err(|_| StoreError::AuditUnavailable)
        };
        tokio::time::timeout(WAIT_MAX, all).await.map_err(|_| StoreError::AuditUnavailable)?
    }

    /// Takes an event without waiting; false when the queue is full or closed. For requests whose
    /// caller has hung up, where nobody is left to wait.
    #[must_use]
    pub fn offer(&self, event: Event) -> bool {
        self.queue.try_send(Entry { event, written: None }).is_ok()
    }

    async fn send(&self, entry: Entry) -> Result<(), StoreError> {
        let Err(mpsc::error::TrySendError::Full(entry)) = self.queue.try_send(entry) else {
            return if self.queue.is_closed() { Err(StoreError::AuditUnavailable) } else { Ok(()) };
        };
        match tokio::time::timeout(WAIT_MAX, self.queue.send(entry)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(StoreError::AuditUnavailable),
        }
    }
}

/// Who acts, in the audit trail's words.
#[must_use]
pub fn actor(caller: &Caller) -> Actor {
    match caller.kind() {
        CallerKind::Anonymous => Actor::Anonymous,
        CallerKind::Client => Actor::Client {
            client_id: caller.id().to_owned(),
            credential: caller.credential().map(ToOwned::to_owned),
        },
        CallerKind::Staff => Actor::Staff {
            user: caller.id().to_owned(),
            is_mfa: caller.is_mfa(),
            client_id: caller.through().map(ToOwned::to_owned),
        },
        CallerKind::System => Actor::System { reason: caller.id().to_owned() },
    }
}

async fn write_all(store: Arc<Store>, mut entries: mpsc::Receiver<Entry>, awaited: Arc<Notify>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while entries.recv_many(&mut batch, BATCH_MAX).await > 0 {
        if batch.len() < BATCH_MAX && batch.iter().all(|entry| entry.written.is_none()) {
            linger(&awaited).await;
            top_up(&mut entries, &mut batch);
        }
        write(&store, &mut batch).await;
    }
}

/// Lets entries that nobody waits for gather, so that more of them share a commit.
async fn linger(awaited: &Notify) {
    let _waited_long_enough = tokio::time::timeout(LINGER, awaited.notified()).await;
}

/// Takes what has come meanwhile.
fn top_up(entries: &mut mpsc::Receiver<Entry>, batch: &mut Vec<Entry>) {
    while batch.len() < BATCH_MAX {
        let Ok(entry) = entries.try_recv() else { return };
        batch.push(entry);
    }
}

/// Writes one batch, trying again until it is written: an entry that was taken is kept.
async fn write(store: &Store, batch: &mut Vec<Entry>) {
    let mut wait = RETRY_FIRST;
    while let Err(error) = commit(store, batch).await {
        log_failure(&error, batch.len());
        tokio::time::interval_at(Instant::now() + wait, wait).tick().await;
        wait = (wait * 2).min(RETRY_LAST);
    }
    for entry in batch.drain(..) {
        if let Some(written) = entry.written {
            // Whoever waited may have given up; the entry is written all the same.
            let _gone = written.send(());
        }
    }
}

fn log_failure(error: &StoreError, entries: usize) {
    let error: &dyn std::error::Error = error;
    tracing::error!(error, entries, "cannot write audit entries; trying again");
}

/// One statement, which is a transaction by itself. When the connection broke after the commit and
/// before the answer, the entries are there already and are written no second time.
async fn commit(store: &Store, batch: &[Entry]) -> Result<(), StoreError> {
    let entries = batch.iter().map(|entry| audit_entry::entry(&entry.event)).collect();
    dialect::audit::insert(&store.db().write, entries).await?;
    Ok(())
}

/// What a crash may lose of the decisions on permitted reads.
const LINGER: Duration = Duration::from_millis(5);
const QUEUE_MAX: usize = 8192;
const BATCH_MAX: usize = 256;
const WAIT_MAX: Duration = Duration::from_secs(2);
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LAST: Duration = Duration::from_secs(2);
