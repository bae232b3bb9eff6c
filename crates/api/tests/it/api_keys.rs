//! API keys: made, used, replaced and revoked by the client whose they are.

use std::time::Duration;

use policy::Role;
use serde_json::{Value, json};
use testkit::{Answer, Caller, Database, Platform, days, minutes};

const SCOPES: &[&str] = &["read:jobs", "write:jobs", "manage:keys"];

fn draft(scopes: &[&str]) -> Value {
    json!({ "name": "nightly sync", "scopes": scopes })
}

async fn made(by: &Caller, draft: Value) -> Answer {
    by.post("/v1/api-keys", draft).await.is(201)
}

async fn last_attempt(platform: &Platform) -> Value {
    let trail = platform.audit().await;
    trail.into_iter().rfind(|entry| entry["class_uid"] == 3002).unwrap()
}

#[tokio::test]
async fn what_is_no_key_of_ours_is_refused_and_written_down() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.partner(SCOPES).await;
        let key = made(&mara, draft(&["read:jobs"])).await.text_of("/key");
        let nobody = platform.stranger();
        let other = oauth::ApiKey::generate(oauth::KeyEnvironment::Live);
        let test = oauth::ApiKey::generate(oauth::KeyEnvironment::Test);
        let typo = key.replace("rw_live_", "rw_live_x").chars().take(key.len()).collect::<String>();
        let last = if key.ends_with('a') { "b" } else { "a" };
        let mistyped = format!("{}{last}", &key[..key.len() - 1]);

        for (text, reason) in [
            (other.whole().expose(), "key_unknown"),
            (test.whole().expose(), "key_unknown"),
            (&typo, "key_form"),
            (&mistyped, "key_checksum"),
        ] {
            let refused = nobody.get("/v1/jobs").with_header("x-api-key", text).await;
            refused.is(401).problem("auth.invalid_api_key");
            let attempt = last_attempt(&platform).await;
            assert_eq!(attempt["status_code"], reason, "{text}");
            assert_eq!(attempt["auth_protocol"], "api_key");
        }
        let trail = Value::from(platform.audit().await).to_string();
        assert!(!trail.contains(&key[17..]));
    }
}

#[tokio::test]
async fn a_key_is_shown_once_and_only_its_hash_is_kept() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.partner(SCOPES).await;

        let answer = made(&mara, draft(&["read:jobs"])).await;

        let key = answer.text_of("/key");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(key.starts_with(&answer.text_of("/prefix")) && key.starts_with("rw_live_"));
        assert!(key.ends_with(&answer.text_of("/last_four")));
        let listed = mara.get("/v1/api-keys").await.is(200);
        let read = mara.get(&format!("/v1/api-keys/{}", answer.id())).await.is(200);
        for shown in [listed, read] {
            assert!(!String::from_utf8_lossy(shown.bytes()).contains(&key), "{shown:?}");
        }
        assert!(!platform.everything().await.contains(&key[17..]));
    }
}

#[tokio::test]
async fn a_key_may_what_it_was_given_in_either_header_and_never_in_the_url() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.partner(SCOPES).await;
        let key = made(&mara, draft(&["read:jobs"])).await.text_of("/key");
        let (nobody, bearer) = (platform.stranger(), mara.with_token(&key));

        nobody.get("/v1/jobs").with_header("x-api-key", &key).await.is(200);
        bearer.get("/v1/jobs").await.is(200);
        let job = testkit::samples::job(acme.company());
        bearer.post("/v1/jobs", job).await.is(403).problem("auth.scope_missing");
        let url = format!("/v1/clients?api_key={key}&access_token={}", mara.bearer());
        nobody.get(&url).await.is(401);
        let twice = nobody.get("/v1/jobs").with_header("x-api-key", &key);
        assert!(twice.with_another("x-api-key", &key).await.status() >= 400);
        let two = bearer.get("/v1/jobs").with_header("x-api-key", &key);
        two.await.is(401);
    }
}

#[tokio::test]
async fn a_key_has_no_more_scope_than_the_token_that_made_it_and_makes_no_keys() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, SCOPES).await;
    let narrow = platform.stranger().token(&known.client_id, known.secret.expose());
    let narrow = narrow.form("grant_type=client_credentials&scope=manage:keys+read:jobs").await;
    let narrow = platform.stranger().with_token(narrow.is(200).text_of("/access_token"));
    let ask = |scopes: &[&str]| narrow.post("/v1/api-keys", draft(scopes));

    ask(&["write:jobs"]).await.is(422).at("/scopes/0");
    ask(&["read:jobs", "read:candidates"]).await.is(422).at("/scopes/1");
    ask(&["read:jobs", "manage:keys"]).await.is(422).at("/scopes/1");
    ask(&[]).await.is(422);
    let wide = acme.sign_in(&known).await;
    let key = made(&wide, draft(&["read:jobs", "write:jobs"])).await.id();
    // A narrower token does not get a wide key by replacing one.
    narrow.post(&format!("/v1/api-keys/{key}/rotate"), json!({})).await.is(422);
    let mine = made(&narrow, draft(&["read:jobs"])).await.text_of("/key");
    let by_key = narrow.with_token(mine);
    by_key.post("/v1/api-keys", draft(&["read:jobs"])).await.is(403);
}

#[tokio::test]
async fn a_key_is_good_from_its_networks_only() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.partner(SCOPES).await;
    let from = |network: &str| {
        let mut draft = draft(&["read:jobs"]);
        draft["networks"] = json!([network]);
        draft
    };

    mara.post("/v1/api-keys", from("anywhere")).await.is(422).at("/networks/0");
    let far = made(&mara, from("203.0.113.0/24")).await.text_of("/key");
    let near = made(&mara, from("198.51.100.0/24")).await.text_of("/key");

    mara.with_token(&far).get("/v1/jobs").await.is(401).problem("auth.invalid_api_key");
    assert_eq!(last_attempt(&platform).await["status_code"], "key_network");
    mara.with_token(&near).get("/v1/jobs").await.is(200);
}

#[tokio::test]
async fn a_key_ends_after_ninety_days_or_when_it_was_said() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, SCOPES).await;
    let mara = acme.sign_in(&known).await;
    let lasting = |days: u32| {
        let mut draft = draft(&["read:jobs"]);
        draft["expires_in_days"] = json!(days);
        draft
    };

    mara.post("/v1/api-keys", lasting(366)).await.is(422).at("/expires_in_days");
    mara.post("/v1/api-keys", lasting(0)).await.is(422).at("/expires_in_days");
    let short = made(&mara, lasting(1)).await.text_of("/key");
    let usual = made(&mara, draft(&["read:jobs"])).await.text_of("/key");
    let get = async |key: &str| mara.with_token(key).get("/v1/jobs").await.status();

    platform.clock().advance(days(1));
    assert_eq!((get(&short).await, get(&usual).await), (401, 200));
    assert_eq!(last_attempt(&platform).await["status_code"], "key_expired");
    platform.clock().advance(days(89));
    assert_eq!(get(&usual).await, 401);
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once_also_when_it_was_just_used() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.partner(SCOPES).await;
        let answer = made(&mara, draft(&["read:jobs"])).await;
        let by_key = mara.with_token(answer.text_of("/key"));
        by_key.get("/v1/jobs").await.is(200);

        let path = format!("/v1/api-keys/{}/revoke", answer.id());
        mara.take(&path).await.is(200);

        by_key.get("/v1/jobs").await.is(401).problem("auth.invalid_api_key");
        assert_eq!(last_attempt(&platform).await["status_code"], "key_revoked");
        let trail = acme.audit().await;
        let changes = trail.iter().filter(|entry| entry["resources"][0]["type"] == "api_key");
        assert_eq!(changes.count(), 2);
        // And for good, when nobody remembers the revocation any more.
        platform.clock().advance(minutes(14));
        by_key.get("/v1/jobs").await.is(401);
    }
}

#[tokio::test]
async fn a_key_that_another_node_revoked_is_refused_within_two_seconds() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.partner(SCOPES).await;
    let answer = made(&mara, draft(&["read:jobs"])).await;
    let by_key = mara.with_token(answer.text_of("/key"));
    by_key.get("/v1/jobs").await.is(200);
    let key_id = answer.text_of("/prefix").replace("rw_live_", "");

    acme.revoke(store::revocations::Revoked::ApiKey, &key_id).await;
    platform.clock().advance(Duration::from_secs(1));

    by_key.get("/v1/jobs").await.is(401);
}

#[tokio::test]
async fn a_key_that_is_replaced_without_an_overlap_ends_on_every_node() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.partner(SCOPES).await;
        let old = made(&mara, draft(&["read:jobs"])).await;
        let by_old = mara.with_token(old.text_of("/key"));
        by_old.get("/v1/jobs").await.is(200);
        let other = platform.revoked();

        let path = format!("/v1/api-keys/{}/rotate", old.id());
        let new = mara.post(&path, json!({ "overlap_hours": 0 })).await.is(201);

        by_old.get("/v1/jobs").await.is(401).problem("auth.invalid_api_key");
        // What other nodes remember of it does not count: they hear of this.
        assert_eq!(platform.revoked(), other + 1);
        assert_eq!(last_attempt(&platform).await["status_code"], "key_revoked");
        mara.with_token(new.text_of("/key")).get("/v1/jobs").await.is(200);
    }
}

#[tokio::test]
async fn a_replaced_key_stays_good_for_its_overlap() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = acme.register(Role::Partner, SCOPES).await;
        let mara = acme.sign_in(&known).await;
        let old = made(&mara, draft(&["read:jobs"])).await;
        let path = format!("/v1/api-keys/{}/rotate", old.id());

        let new = mara.post(&path, json!({ "overlap_hours": 1 })).await.is(201);

        let (old, new) = (old.text_of("/key"), new.text_of("/key"));
        let get = async |key: &str| mara.with_token(key).get("/v1/jobs").await.status();
        assert_eq!((get(&old).await, get(&new).await), (200, 200));
        platform.clock().advance(minutes(61));
        assert_eq!((get(&old).await, get(&new).await), (401, 200));
        let again = acme.sign_in(&known).await;
        again.post(&path, json!({})).await.is(409).problem("api_keys.ended");
    }
}

#[tokio::test]
async fn the_last_use_is_known_to_the_minute() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.partner(SCOPES).await;
        let answer = made(&mara, draft(&["read:jobs"])).await;
        let by_key = mara.with_token(answer.text_of("/key"));
        let path = format!("/v1/api-keys/{}", answer.id());
        assert!(answer.body().get("last_used_at").is_none());

        by_key.get("/v1/jobs").await.is(200);
        platform.clock().advance(Duration::from_secs(2));

        let used = mara.get(&path).await.is(200);
        assert!(used.text_of("/last_used_at").ends_with(":00.000Z"), "{used:?}");
        assert_eq!(used.text_of("/last_used_from"), "198.51.100.7");
    }
}

#[tokio::test]
async fn a_client_sees_and_ends_its_own_keys_only() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, zeta) = (platform.tenant("acme").await, platform.tenant("zeta").await);
        let (mara, beside) = (acme.partner(SCOPES).await, acme.partner(SCOPES).await);
        let other = zeta.partner(SCOPES).await;
        let id = made(&mara, draft(&["read:jobs"])).await.id();

        for stranger in [&beside, &other] {
            stranger.get(&format!("/v1/api-keys/{id}")).await.is(404);
            stranger.take(&format!("/v1/api-keys/{id}/revoke")).await.is(404);
            let rotate = format!("/v1/api-keys/{id}/rotate");
            stranger.post(&rotate, json!({})).await.is(404);
            let listed = stranger.get("/v1/api-keys").await.is(200);
            assert!(listed.ids().is_empty());
        }
        assert_eq!(mara.get("/v1/api-keys").await.is(200).ids(), [id]);
    }
}

#[tokio::test]
async fn token_and_key_sent_together_are_of_one_client() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (mara, beside) = (acme.partner(SCOPES).await, acme.partner(SCOPES).await);
    let key = made(&mara, draft(&["read:jobs"])).await.text_of("/key");

    mara.get("/v1/jobs").with_header("x-api-key", &key).await.is(200);
    beside.get("/v1/jobs").with_header("x-api-key", &key).await.is(401);

    assert_eq!(last_attempt(&platform).await["status_code"], "clients_differ");
}

#[tokio::test]
async fn a_client_has_twenty_live_keys_at_most_and_a_strict_one_none() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, SCOPES).await;
    let mara = acme.sign_in(&known).await;
    let mut keys = Vec::new();
    for _ in 0..20 {
        keys.push(made(&mara, draft(&["read:jobs"])).await);
    }

    mara.post("/v1/api-keys", draft(&["read:jobs"])).await.is(409).problem("limit_reached");
    mara.take(&format!("/v1/api-keys/{}/revoke", keys[0].id())).await.is(200);
    made(&mara, draft(&["read:jobs"])).await;
    acme.set_keys(&known.client_id, &[testkit::Signer::new().jwk("k1")], true).await;
    mara.post("/v1/api-keys", draft(&["read:jobs"])).await.is(409).problem("api_keys.profile");
    mara.with_token(keys[1].text_of("/key")).get("/v1/jobs").await.is(401);
}

#[tokio::test]
async fn a_person_makes_no_keys() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;

    for role in Role::ALL {
        let person = acme.person(role);
        person.get("/v1/api-keys").await.is(403).problem("auth.forbidden");
        let made = person.post("/v1/api-keys", draft(&["read:jobs"])).await.is(403);
        made.problem("auth.forbidden");
    }
}
