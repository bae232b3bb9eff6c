//! Proving again who one is, with a passkey.

use std::sync::Arc;

use axum::extract::State;
use gate::{App, Dossier};
use http::StatusCode;
use policy::Permit as Allowed;
use signin::{ADDRESS, Ticket};
use store::staff::{self, Status};
use store::{StoreError, passkeys, sign_in_delays};
use watch::Person;

use super::Asked;
use super::proof::{NoProof, PasskeyProofForm, Proof};
use crate::Settings;
use crate::extract::{Body, Facts, Permit};
use crate::reply::Refused;
use crate::staff::account::Own;
use crate::staff::page::{Page, PageAnswer};
use crate::staff::second_factor::wait_text;
use crate::staff::sign_in::{Who, attempted};
use crate::staff::{cookies, sessions, step_up};

/// Proves again who one is, with a passkey. The session gets a new name, and ends when it would
/// have.
#[utoipa::path(
    post, path = "/staff/step-up/passkey", operation_id = "staff.stepped_up_by_passkey",
    tag = "Staff pages",
    request_body(content = PasskeyProofForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Proven"),
        (status = 403, description = "Not so", body = String, content_type = "text/html"),
        (status = 429, description = "Too many", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({
        "action": "session.step_up", "error_form": "page", "body_max": 16384, "sensitive": "high"
    })))
)]
pub(crate) async fn prove(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(sent): Body<PasskeyProofForm>,
) -> PageAnswer {
    let (sign_in, own, now) = (&api.sign_in, Own::of(&permit)?, dossier.received_at);
    own.check(sign_in, &sent.form)?;
    let tenant = permit.tenant().ok_or(StoreError::NoTenant)?;
    let who = |session| Who::Person(Person { tenant, user: own.user }, session);
    let from = dossier.origin().map(|address| sign_in.key.of_address(address));
    let subjects: Vec<_> = from.iter().map(|from| (*from, ADDRESS)).collect();
    if let Err(wait) = sign_in_delays::attempt(&app.store, &subjects, now).await? {
        attempted(&dossier, sign_in.method("passkey"), who(None), Err("throttled"));
        let (seconds, text) = wait_text(wait);
        let text = [text];
        let told = (StatusCode::TOO_MANY_REQUESTS, text.as_slice());
        return Ok(step_up::page(&app, sign_in, (&permit, now), told).await?.retry_after(seconds));
    }
    let ticket = Ticket::generate();
    let name = own.name();
    let judged = sent.judge((&app, sign_in), Asked::StepUp(&name), now).await?;
    let renewed = match &judged {
        Ok(proof) => renew((&app, &api), (&dossier, &permit), (&own, proof), &ticket).await?,
        Err(NoProof { why, .. }) => Err(*why),
    };
    let session = renewed.as_ref().ok().cloned();
    let proven = judged.as_ref().ok().map(Proof::proven);
    let outcome = renewed.as_ref().map(|_| proven).map_err(|why| *why);
    attempted(&dossier, sign_in.method("passkey"), who(session), outcome);
    if renewed.is_err() {
        let told = [String::from("This passkey was not accepted. Please try again.")];
        let told = (StatusCode::FORBIDDEN, told.as_slice());
        return step_up::page(&app, sign_in, (&permit, now), told).await;
    }
    if let Some(from) = from {
        sign_in_delays::take_back(&app.store, &from).await?;
    }
    Ok(Page::see("/staff").with(cookies::session(&ticket)))
}

/// One transaction: the counter goes forward, the old session ends, and a new one takes its place.
async fn renew(
    (app, api): (&App, &Settings),
    (dossier, permit): (&Dossier, &Allowed),
    (own, proof): (&Own, &Proof),
    ticket: &Ticket,
) -> Result<Result<String, &'static str>, Refused> {
    let Proof { presented, used } = proof;
    if presented.passkey.user != own.user {
        return Ok(Err("passkey_user"));
    }
    let mut tx = app.store.tenant(permit, &dossier.witness()).await?;
    let account = staff::require(&tx, own.user).await?;
    if account.status != Status::Active {
        return Ok(Err("account_inactive"));
    }
    if !passkeys::used(&mut tx, presented.passkey.id, *used).await? {
        return Ok(Err("passkey_cloned"));
    }
    let proven = (proof.proven(), ticket);
    let (id, ended) = sessions::renew(&mut tx, (api, own), account, proven).await?;
    tx.commit(None).await?;
    app.revocations.learn(&ended);
    Ok(Ok(id.to_string()))
}
