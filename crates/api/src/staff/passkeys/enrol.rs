//! Enrolling with a passkey, by the same link as with a password, and with nothing beside it.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use http::{HeaderMap, StatusCode};
use kernel::Problem;
use serde::Deserialize;
use signin::passkey::{NewPasskey, PasskeyError, SentRegistration, register};
use signin::short_agent;
use store::StoreError;
use store::staff::{self, Credentials};
use utoipa::ToSchema;

use super::Asked;
use super::proof::decode;
use crate::Settings;
use crate::extract::{Body, Facts};
use crate::reply::Refused;
use crate::staff::enrol::{attempted, invited, setup_page};
use crate::staff::page::{Page, PageAnswer};
use crate::staff::{LINK_OVER, SignIn, html};

/// A new passkey for a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyEnrolForm {
    /// Ties the form to the page that it was on.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    form: String,
    /// The link's secret.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    link: String,
    /// The challenge, sealed.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,1024}$")]
    asked: String,
    /// `clientDataJSON`.
    #[schema(min_length = 1, max_length = 5462, pattern = "^[A-Za-z0-9_-]+$")]
    client_data: String,
    /// `attestationObject`.
    #[schema(min_length = 1, max_length = 5462, pattern = "^[A-Za-z0-9_-]+$")]
    attestation: String,
}

/// Sets a passkey as what somebody signs in with.
#[utoipa::path(
    post, path = "/staff/enrol/passkey", operation_id = "staff.enrolled_by_passkey",
    tag = "Staff pages",
    request_body(content = PasskeyEnrolForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Enrolled", body = String, content_type = "text/html"),
        (status = 422, description = "Not so", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({
        "action": "staff.enrol", "access": "public", "error_form": "page", "body_max": 16384,
        "sensitive": "high",
        "limits": [{ "name": "sign-in", "by": ["address"], "max": 60, "window_s": 900 }]
    })))
)]
pub(crate) async fn enrol(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Body(sent): Body<PasskeyEnrolForm>,
) -> PageAnswer {
    let (sign_in, now) = (&api.sign_in, dossier.received_at);
    let visit = sign_in.visit(&headers, &sent.form)?;
    let (link, invited) = invited(&app, &api, &dossier, &sent.link).await?;
    let (name, of) = (visit.name(), link.hash().to_text());
    let made =
        Made { asked: &sent.asked, client_data: &sent.client_data, object: &sent.attestation };
    let made = made.judge((&app, sign_in), Asked::Enrolment(&name, &of), now).await?;
    let again = |why| {
        attempted(&dossier, &invited, Err(why));
        let secret = signin::TotpSecret::generate();
        setup_page((sign_in, now), &visit, (&link, &invited), &secret, &[NOT_ACCEPTED.to_owned()])
    };
    let passkey = match made {
        Ok(passkey) => passkey,
        Err(why) => return again(why),
    };
    let label = short_agent(dossier.user_agent.as_deref().unwrap_or_default());
    let permit = app.policy.system(invited.enrolment.tenant, "enrolment");
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let credentials = Credentials::Passkey(passkey, label);
    match staff::enrol(&mut tx, invited.enrolment.user, &link.hash(), credentials).await {
        Ok(true) => tx.commit(None).await?,
        Ok(false) => {
            attempted(&dossier, &invited, Err("link_taken"));
            return Err(Problem::new(&LINK_OVER).into());
        }
        Err(StoreError::Taken(_)) => return again("passkey_taken"),
        Err(error) => return Err(error.into()),
    }
    attempted(&dossier, &invited, Ok(()));
    Ok(Page::new(StatusCode::OK, html::page("Your passkey is ready", false, DONE)))
}

/// What a browser made.
pub(super) struct Made<'a> {
    pub(super) asked: &'a str,
    pub(super) client_data: &'a str,
    pub(super) object: &'a str,
}

impl Made<'_> {
    /// Whether it is a passkey for what was asked.
    pub(super) async fn judge(
        &self,
        (app, sign_in): (&App, &SignIn),
        asked: Asked<'_>,
        now: kernel::Timestamp,
    ) -> Result<Result<NewPasskey, &'static str>, Refused> {
        let Some(at) = &sign_in.passkeys_at else { return Ok(Err("passkeys_nowhere")) };
        let challenge = match sign_in.answered(app, asked, (self.asked, now)).await? {
            Ok(challenge) => challenge,
            Err(why) => return Ok(Err(why)),
        };
        let (Some(client_data), Some(attestation)) =
            (decode(self.client_data), decode(self.object))
        else {
            return Ok(Err(PasskeyError::Malformed.reason()));
        };
        let sent = SentRegistration { client_data: &client_data, attestation: &attestation };
        Ok(register(at, &challenge, sent).map_err(|error| error.reason()))
    }
}

pub(super) const NOT_ACCEPTED: &str =
    "The passkey was not accepted. Please try again, or with another device.";
const DONE: &str = "<p>You can sign in from now on, with this passkey and nothing else. Nobody \
                    can watch you type it, and no other site can ask for it.</p><p>If the device \
                    may get lost, add a second passkey on another one: sign in, and open <em>Your \
                    passkeys</em>. Who has none left asks an administrator for a new link.</p>\
                    <p><a class=\"button\" href=\"/staff/sign-in\">Go to sign in</a></p>";
