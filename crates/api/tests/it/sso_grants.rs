//! What applications get of people where an identity provider vouches for them: no password, and
//! of who came past the provider nothing that lasts.

use policy::Role;
use serde_json::json;
use testkit::{Credentials, Database, IdentityProvider, PASSWORD, Person, Platform};

use crate::granting::{SCOPES, code, redeem, refresh};
use crate::login::{self, LOGIN, REFRESH, ask, begun, tokens};
use crate::sso::{Bench, vouching};

/// Where everybody here comes from.
const NEAR: Option<&str> = Some("198.51.100.0/24");

#[tokio::test]
async fn with_a_provider_no_application_takes_a_password() {
    for database in Database::BOTH {
        let bench = Bench::made(database, NEAR).await;
        let known = login::own(&bench.acme).await;
        let invited = bench.acme.take_on("glass", Role::SystemAdmin).await;
        let glass = bench.acme.enrol(&invited).await;
        bench.acme.flag_break_glass(invited.user).await;
        let nobody = bench.platform.stranger();

        let body = json!({ "email": glass.email, "password": PASSWORD });
        let refused = ask(&nobody, &known, LOGIN, &body).await.is(403);

        refused.problem("staff.local_closed");
        assert_eq!(bench.last_reason().await, "local_closed");
    }
}

/// An agency whose own application takes passwords, and a provider that it names later.
struct Before {
    provider: IdentityProvider,
    platform: Platform,
    known: Credentials,
    mara: Person,
}

impl Before {
    async fn on(database: Database) -> Self {
        let provider = IdentityProvider::start().await;
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = login::own(&acme).await;
        let mara = acme.enrolled("mara", Role::Recruiter).await;
        Self { provider, platform, known, mara }
    }
}

#[tokio::test]
async fn a_login_that_waits_for_a_code_ends_when_a_provider_comes() {
    for database in Database::BOTH {
        let Before { provider, platform, known, mara } = Before::on(database).await;
        let login = begun(&platform, &known, &mara).await;
        let vouched = platform.vouched_by(vouching(&provider, NEAR));

        let body = json!({ "login": login, "code": mara.code() });
        let refused = ask(&vouched.stranger(), &known, LOGIN, &body).await.is(403);

        refused.problem("staff.local_closed");
        ask(&platform.stranger(), &known, LOGIN, &body).await.is(200);
    }
}

#[tokio::test]
async fn what_a_login_gave_is_not_renewed_once_a_provider_vouches() {
    for database in Database::BOTH {
        let Before { provider, platform, known, mara } = Before::on(database).await;
        let given = tokens(&platform, &known, &mara).await;
        let app = platform.stranger().with_token(given.text_of("/access_token"));
        app.get("/v1/jobs").await.is(200);
        let vouched = platform.vouched_by(vouching(&provider, None));

        let body = json!({ "refresh_token": given.text_of("/refresh_token") });
        let refused = ask(&vouched.stranger(), &known, REFRESH, &body).await.is(400);

        assert_eq!(refused.body()["code"], "oauth.invalid_grant");
        let trail = platform.audit().await;
        let attempt = trail.iter().rfind(|entry| entry["class_uid"] == 3002).unwrap();
        assert_eq!(attempt["status_code"], "person_unvouched");
        app.get("/v1/jobs").await.is(401).problem("auth.invalid_token");
    }
}

#[tokio::test]
async fn what_is_granted_past_the_provider_lasts_for_one_token() {
    for database in Database::BOTH {
        let bench = Bench::made(database, NEAR).await;
        let known = bench.acme.asking(SCOPES).await;
        let invited = bench.acme.take_on("glass", Role::Recruiter).await;
        let glass = bench.acme.enrol(&invited).await;
        bench.acme.flag_break_glass(invited.user).await;
        let (nobody, past, vouched) =
            (bench.platform.stranger(), bench.acme.browser(), bench.acme.browser());
        past.sign_in(&glass).await;
        bench.sign_in(&vouched, &[]).await.is(200);

        let moment = code(&past, &known.client_id).await;
        let moment = redeem(&nobody, &known, &moment).await.is(200);
        let day = code(&vouched, &known.client_id).await;
        let day = redeem(&nobody, &known, &day).await.is(200);

        assert_eq!(moment.body().get("refresh_token"), None);
        let app = nobody.with_token(moment.text_of("/access_token"));
        app.get("/v1/jobs").await.is(200);
        refresh(&nobody, &known, &day.text_of("/refresh_token")).await.is(200);
    }
}
