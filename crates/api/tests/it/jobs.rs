//! Jobs: their life.

use policy::{Role, SCOPES};
use serde_json::{Value, json};
use store::tenants::Settings;
use testkit::{Answer, Caller, Database, Platform, Setup, Tenant, days, samples};

async fn with_partner(platform: &Platform) -> (Tenant, Caller) {
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;
    (acme, mara)
}

async fn job(mara: &Caller, acme: &Tenant) -> String {
    let id = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();
    format!("/v1/jobs/{id}")
}

async fn make(mara: &Caller, job: &str, name: &str) -> Answer {
    let path = format!("{job}/{name}");
    match name {
        "close" => mara.post(&path, json!({ "reason": "client_withdrew" })).await,
        "fill" => mara.post(&path, json!({ "filled_count": 1 })).await,
        _ => mara.take(&path).await,
    }
}

/// Makes moves one after another; each leaves the job in the state beside it.
async fn moves(mara: &Caller, job: &str, path: &[(&str, &str)]) -> Value {
    let mut body = Value::Null;
    for (name, status) in path {
        body = make(mara, job, name).await.is(200).body();
        assert_eq!(body["status"], *status, "{name}");
    }
    body
}

fn legal(refused: Answer) -> Value {
    refused.is(409).problem("jobs.illegal_transition").body()["legal_transitions"].clone()
}

#[tokio::test]
async fn a_job_lives_from_draft_to_filled() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, mara) = with_partner(&platform).await;
        let job = job(&mara, &acme).await;
        let path = [
            ("open", "open"),
            ("pause", "paused"),
            ("resume", "open"),
            ("pause", "paused"),
            ("open", "open"),
            ("fill", "filled"),
        ];

        let body = moves(&mara, &job, &path).await;

        assert_eq!(body["close_reason"], "filled");
        assert_eq!(body["filled_count"], 1);
        assert!(body["closed_at"].is_string() && body["opened_at"].is_string());
    }
}

#[tokio::test]
async fn a_closed_job_is_opened_again() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, mara) = with_partner(&platform).await;
        let job = job(&mara, &acme).await;
        let closed = moves(&mara, &job, &[("open", "open"), ("close", "closed")]).await;
        assert_eq!(closed["close_reason"], "client_withdrew");

        let reopened = moves(&mara, &job, &[("reopen", "open")]).await;

        assert_eq!(reopened["closed_at"], Value::Null);
        assert_ne!(reopened["opened_at"], closed["opened_at"]);
    }
}

#[tokio::test]
async fn a_job_is_not_opened_again_after_ninety_days() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, SCOPES).await;
    let mara = acme.sign_in(&known).await;
    let job = job(&mara, &acme).await;
    moves(&mara, &job, &[("open", "open"), ("close", "closed")]).await;
    platform.clock().advance(days(91));
    let mara = acme.sign_in(&known).await;
    mara.get(&job).await.is(200);

    assert_eq!(legal(make(&mara, &job, "reopen").await), json!([]));
}

#[tokio::test]
async fn illegal_moves_are_refused_with_the_legal_ones() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;
    let draft = job(&mara, &acme).await;
    let filled = job(&mara, &acme).await;
    moves(&mara, &filled, &[("open", "open"), ("fill", "filled")]).await;
    let open = job(&mara, &acme).await;
    moves(&mara, &open, &[("open", "open")]).await;

    for name in ["pause", "resume", "close", "fill", "reopen"] {
        let refused = make(&mara, &draft, name).await;
        assert_eq!(legal(refused), json!(["submit", "open", "cancel"]), "{name}");
    }
    for name in ["submit", "open", "pause", "resume", "close", "fill", "reopen", "cancel"] {
        assert_eq!(legal(make(&mara, &filled, name).await), json!([]), "{name}");
    }
    for name in ["submit", "cancel", "reopen", "resume"] {
        let refused = make(&mara, &open, name).await;
        assert_eq!(legal(refused), json!(["pause", "close"]), "{name}");
    }
    assert_eq!(mara.get(&draft).await.etag(), "\"v1\"");
    make(&mara, &draft, "pause").await.is(409).problem("jobs.illegal_transition");
}

#[tokio::test]
async fn a_job_is_not_filled_before_everybody_is_found() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;
    let two = samples::with(samples::job(acme.company()), json!({ "openings": 2 }));
    let job = format!("/v1/jobs/{}", mara.post("/v1/jobs", two).await.is(201).id());
    make(&mara, &job, "open").await.is(200);

    assert_eq!(legal(make(&mara, &job, "fill").await), json!(["pause", "close"]));
    let filled = mara.post(&format!("{job}/fill"), json!({ "filled_count": 2 })).await.is(200);
    assert_eq!(filled.body()["status"], "filled");
}

#[tokio::test]
async fn an_agency_that_wants_two_pairs_of_eyes_gets_them() {
    let settings = Settings { auto_approve: false, ..Settings::default() };
    let platform = Platform::with(Setup { settings, ..Setup::default() }).await;
    let (acme, mara) = with_partner(&platform).await;
    let job = job(&mara, &acme).await;

    assert_eq!(legal(make(&mara, &job, "open").await), json!(["submit", "cancel"]));
    moves(&mara, &job, &[("submit", "pending_approval")]).await;
    let approved = make(&mara, &job, "approve").await.is(403);
    assert_eq!(
        approved.problem("auth.forbidden").body()["detail"],
        "only a person may do this, not an application"
    );
    moves(&mara, &job, &[("cancel", "cancelled")]).await;
}

#[tokio::test]
async fn only_what_never_was_open_is_deleted() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, mara) = with_partner(&platform).await;
        let opened = job(&mara, &acme).await;
        moves(&mara, &opened, &[("open", "open")]).await;
        let draft = job(&mara, &acme).await;

        let ana = mara.post("/v1/candidates", samples::candidate()).await.is(201).id();
        let named =
            json!({ "job_id": draft.trim_start_matches("/v1/jobs/"), "candidate_ids": [ana] });
        let run = mara.post("/v1/matcher", named).await.is(200);
        let matched = format!("/v1/matches/{}", run.text_of("/scores/0/match_id"));

        mara.delete(&opened).await.is(409).problem("jobs.not_deletable");
        assert!(mara.delete(&draft).await.is(204).bytes().is_empty());

        mara.get(&draft).await.is(404);
        mara.get(&matched).await.is(404);
        mara.get(&opened).await.is(200);
        mara.delete(&draft).await.is(404);
    }
}

#[tokio::test]
async fn a_reference_is_given_once() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, mara) = with_partner(&platform).await;
        let named = samples::with(samples::job(acme.company()), json!({ "external_ref": "R-1" }));
        mara.post("/v1/jobs", named.clone()).await.is(201);

        mara.post("/v1/jobs", named).await.is(409).problem("taken");
        let other = job(&mara, &acme).await;
        let steal = mara.patch(&other, json!({ "external_ref": "R-1" })).await;
        steal.is(409).problem("taken");
    }
}

#[tokio::test]
async fn what_the_client_is_billed_and_pays_is_not_for_partners() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;
    let job = job(&mara, &acme).await;
    let company = format!("/v1/clients/{}", acme.company());

    let read = mara.get(&job).await.is(200).body();
    let patched = mara.patch(&job, json!({ "title": "Changed" })).await.is(200).body();
    let listed = mara.get("/v1/jobs").await.is(200).body()["data"][0].clone();
    for body in [read, patched, listed] {
        assert!(body.get("bill_rate").is_none());
        assert!(!body.to_string().contains("987654"));
    }
    mara.get(&company).await.is(200);
    let client = mara.patch(&company, json!({ "country": "GR" })).await.is(200).body();
    assert!(client.get("fee_arrangement").is_none());
}

#[tokio::test]
async fn filters_of_the_agency_narrow_its_list() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, mara) = with_partner(&platform).await;
        let company = mara.post("/v1/clients", samples::company()).await.is(201).id();
        let open = job(&mara, &acme).await;
        moves(&mara, &open, &[("open", "open")]).await;
        let other = samples::with(samples::job(&company), json!({ "visibility": "internal" }));
        let other = mara.post("/v1/jobs", other).await.is(201).id();
        let open = open.trim_start_matches("/v1/jobs/").to_owned();

        for (query, expected) in [
            ("status=open".to_owned(), vec![&open]),
            ("status=draft".to_owned(), vec![&other]),
            ("visibility=internal".to_owned(), vec![&other]),
            (format!("client_id={company}"), vec![&other]),
            (format!("client_id={company}&status=open"), vec![]),
            ("q=rust".to_owned(), vec![&other, &open]),
        ] {
            let listed = mara.get(&format!("/v1/jobs?{query}")).await.is(200).ids();
            assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{query}");
        }
    }
}

#[tokio::test]
async fn clients_move_by_their_table() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, mara) = with_partner(&platform).await;
        let company = format!("/v1/clients/{}", acme.company());
        mara.get(&company).await.is(200);

        let refused = mara.take(&format!("{company}/hold")).await.is(409);
        let refused = refused.problem("clients.illegal_transition").body();
        assert_eq!(refused["legal_transitions"], json!(["activate"]));
        for (name, status) in [
            ("activate", "active"),
            ("hold", "on_hold"),
            ("resume", "active"),
            ("hold", "on_hold"),
            ("archive", "archived"),
        ] {
            let moved = mara.take(&format!("{company}/{name}")).await.is(200);
            assert_eq!(moved.body()["status"], status);
        }
    }
}
