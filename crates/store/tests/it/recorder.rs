//! The way into the audit trail for what changes nothing.

use std::sync::Arc;
use std::time::Duration;

use store::{Recorder, StoreError};
use watch::Event;

use crate::base::{Base, on_both};

async fn written(base: &Base) -> Vec<Vec<u8>> {
    let order = base.raw.written();
    base.raw.column(&format!("select body from audit_entry order by {order}")).await
}

/// Runs the recorder's work beside a use of it, until every copy of the recorder is gone.
async fn beside<T>(base: &Base, using: impl AsyncFnOnce(Recorder) -> T) -> T {
    let (recorder, work) = Recorder::new(Arc::clone(&base.store));
    let ((), used) = tokio::join!(work, using(recorder));
    used
}

fn bodies(events: &[Event]) -> Vec<Vec<u8>> {
    events.iter().map(Event::canonical).collect()
}

#[tokio::test]
async fn a_witnessed_event_is_on_disk_when_the_call_returns() {
    on_both(async |base| {
        let event = base.attempt();

        let seen = beside(base, async |recorder| {
            recorder.witness(event.clone()).await.unwrap();
            written(base).await
        })
        .await;

        assert_eq!(seen, bodies(&[event]));
    })
    .await;
}

#[tokio::test]
async fn all_noted_events_are_on_disk_in_order_after_the_end() {
    on_both(async |base| {
        let events: Vec<_> = (0..700).map(|_| base.attempt()).collect();

        beside(base, async |recorder| {
            for event in &events {
                recorder.note(event.clone()).await.unwrap();
            }
        })
        .await;

        assert_eq!(written(base).await, bodies(&events));
    })
    .await;
}

#[tokio::test]
async fn a_recorded_event_hashes_to_its_leaf() {
    on_both(async |base| {
        let event = base.attempt();

        beside(base, async |recorder| recorder.note(event.clone()).await.unwrap()).await;

        let hashes: Vec<Vec<u8>> = base.raw.column("select leaf_hash from audit_entry").await;
        assert_eq!(hashes, [watch::leaf_hash(&event.canonical())]);
    })
    .await;
}

#[tokio::test]
async fn an_event_that_is_written_already_holds_nobody_up() {
    on_both(async |base| {
        let (first, second) = (base.attempt(), base.attempt());

        // As after a commit whose answer was lost.
        beside(base, async |recorder| {
            recorder.witness(first.clone()).await.unwrap();
            recorder.note(first.clone()).await.unwrap();
            recorder.witness(second.clone()).await.unwrap();
        })
        .await;

        assert_eq!(written(base).await, bodies(&[first, second]));
    })
    .await;
}

#[tokio::test]
async fn without_a_database_a_witness_is_refused_in_time() {
    on_both(async |base| {
        base.store.close().await.unwrap();
        let (recorder, work) = Recorder::new(Arc::clone(&base.store));
        tokio::time::pause();
        let started = tokio::time::Instant::now();

        let refused = tokio::select! {
            refused = recorder.witness(base.attempt()) => refused,
            () = work => Ok(()),
        };

        let took = started.elapsed();
        tokio::time::resume();
        assert!(matches!(refused, Err(StoreError::AuditUnavailable)), "{refused:?}");
        assert!(took <= Duration::from_millis(2_010), "{took:?}");
    })
    .await;
}

#[tokio::test]
async fn a_full_queue_refuses_in_time_instead_of_dropping() {
    on_both(async |base| {
        // Nobody does the work.
        let (recorder, work) = Recorder::new(Arc::clone(&base.store));
        let event = base.attempt();
        let mut taken = 0_u32;
        tokio::time::pause();
        let started = tokio::time::Instant::now();

        let refused = loop {
            match recorder.note(event.clone()).await {
                Ok(()) => taken += 1,
                Err(refused) => break refused,
            }
        };

        let took = started.elapsed();
        tokio::time::resume();
        drop(work);
        assert!(matches!(refused, StoreError::AuditUnavailable), "{refused:?}");
        assert_eq!(taken, 8_192);
        assert!(took <= Duration::from_millis(2_010), "{took:?}");
    })
    .await;
}

#[tokio::test]
async fn a_recorder_whose_work_ended_refuses() {
    on_both(async |base| {
        let (recorder, work) = Recorder::new(Arc::clone(&base.store));
        drop(work);

        let noted = recorder.note(base.attempt()).await;
        let witnessed = recorder.witness(base.attempt()).await;

        assert!(matches!(noted, Err(StoreError::AuditUnavailable)), "{noted:?}");
        assert!(matches!(witnessed, Err(StoreError::AuditUnavailable)), "{witnessed:?}");
    })
    .await;
}
