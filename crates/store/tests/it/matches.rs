//! The matcher's own view, and what becomes of matches when their candidate or job goes.

use std::str::FromStr;
use std::sync::Arc;

use kernel::Purpose;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};
use store::projections::MatcherView;
use store::{Pools, candidates, chores::Worker};

use crate::base::{Base, on_both, on_postgres};
use crate::samples;

/// Words that stand nowhere but in what identifies somebody.
fn ana() -> serde_json::Value {
    json!({
        "given_name": "Q7given", "family_name": "Q7family", "phone": "+447700900123",
        "summary": "Q7given Q7family builds ledgers with Rust.",
        "employments_history": [{ "title": "Engineer at Q7employer", "employer": "Q7employer",
            "description": "Wrote the ledger of Q7employer." }],
        "education": [{ "institution": "Q7school", "end_year": 1979 }],
    })
}

fn worker(base: &Base) -> Worker {
    let pools = Arc::new(Pools::new(1).unwrap());
    Worker::new(Arc::clone(&base.store), Arc::new(policy::Engine::load().unwrap()), pools)
}

async fn with_ana(base: &Base) -> (kernel::TenantId, candidates::Candidate) {
    let acme = base.found("acme").await;
    let mut tx = base.change(acme).await;
    let draft = samples::candidate("q7@example.org", ana());
    let added = candidates::add(&mut tx, &draft, samples::state()).await.unwrap();
    tx.commit(None).await.unwrap();
    (acme, added)
}

#[tokio::test]
async fn a_projection_tells_what_somebody_can_and_not_who_they_are() {
    on_both(async |base| {
        let (acme, added) = with_ana(base).await;

        let matcher = MatcherView::open(&base.store, &base.permit(acme)).await.unwrap();
        let seen = matcher.after(None, 10).await.unwrap();

        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].0, added.id);
        let text = seen[0].1.text.as_str();
        assert!(text.contains("ledgers") && text.contains("Rust"), "{text}");
        let whole = serde_json::to_string(&seen[0].1).unwrap();
        for word in ["Q7", "q7@", "900123", "1979"] {
            assert!(!whole.contains(word), "{word}: {whole}");
        }
        let zeta = base.found("zeta").await;
        let other = MatcherView::open(&base.store, &base.permit(zeta)).await.unwrap();
        assert!(other.after(None, 10).await.unwrap().is_empty());
        assert!(other.of(&[added.id]).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_matchers_role_reads_projections_and_nothing_else() {
    on_postgres(async |base| {
        let (acme, _) = with_ana(base).await;
        let options = PgConnectOptions::from_str(&base.ground.config.url).unwrap();
        let options = options.options([("role", "ringwall_matcher")]);
        let mut on = options.connect().await.unwrap();
        let enter = "select set_config('app.tenant', $1, false)";
        sqlx::query(enter).bind(acme.uuid().to_string()).execute(&mut on).await.unwrap();

        let mine = sqlx::query("select projection from projection").fetch_all(&mut on).await;
        assert_eq!(mine.unwrap().len(), 1);
        for table in base.raw.tables().await.into_iter().filter(|table| table != "projection") {
            let sql = format!("select * from {table}");
            let refused = sqlx::query(AssertSqlSafe(sql)).execute(&mut on).await.err();
            let said = refused.map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains("permission denied"), "{table}: {said:?}");
        }
        for sql in [
            "select given_name, email, date_of_birth from candidate, employment",
            "update projection set version = 7",
            "delete from projection",
        ] {
            let refused = sqlx::query(sql).execute(&mut on).await.unwrap_err().to_string();
            assert!(refused.contains("permission denied") || refused.contains("does not exist"));
        }
        sqlx::query("select set_config('app.tenant', '', false)").execute(&mut on).await.unwrap();
        let none = sqlx::query("select projection from projection").fetch_all(&mut on).await;
        assert!(none.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_matchers_role_has_no_power() {
    on_postgres(async |base| {
        let sql = "select rolsuper or rolbypassrls or rolcanlogin or rolcreaterole or rolcreatedb \
             from pg_roles where rolname = 'ringwall_matcher'";
        assert_eq!(base.raw.column::<bool>(sql).await, [false]);
        let back = "select pg_has_role('ringwall_matcher', 'ringwall_app', 'member')";
        assert_eq!(base.raw.column::<bool>(back).await, [false]);
    })
    .await;
}

#[tokio::test]
async fn an_erased_candidate_has_no_projection() {
    on_both(async |base| {
        let (acme, added) = with_ana(base).await;
        let mut tx = base.change(acme).await;
        let step = candidates::Step { event: "candidate.erasure_requested", fields: Vec::new() };
        let state = candidates::State {
            status: staffing::candidate::life::CandidateStatus::ErasureRequested,
            ..added.state()
        };
        candidates::save(&mut tx, &added, None, state, step).await.unwrap();
        tx.commit(None).await.unwrap();
        let count = "select count(*) from projection";
        assert_eq!(base.raw.column::<i64>(count).await, [1]);

        worker(base).run_due(|| false).await.unwrap();

        assert_eq!(base.raw.column::<i64>(count).await, [0]);
    })
    .await;
}

#[tokio::test]
async fn who_was_there_before_gets_a_projection_when_work_begins() {
    on_both(async |base| {
        let (acme, added) = with_ana(base).await;
        base.raw.run("delete from projection").await;

        worker(base).begin().await.unwrap();

        let matcher = MatcherView::open(&base.store, &base.permit(acme)).await.unwrap();
        let seen = matcher.of(&[added.id]).await.unwrap();
        assert!(seen[0].1.text.as_str().contains("ledgers"));
        let view = base.view(acme).await;
        let same = added.document(&view, Purpose::Answer).unwrap();
        assert_eq!(same.open(Purpose::Answer)["given_name"], "Q7given");
    })
    .await;
}
