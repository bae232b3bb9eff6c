//! Signing in with a passkey: no name, no password, one touch.
//!
//! It is counted by address alone. Whoever knows somebody's name can slow their passwords and
//! codes, never their passkeys.

use std::sync::Arc;

use axum::extract::State;
use gate::{App, Dossier};
use http::{HeaderMap, StatusCode};
use signin::{ADDRESS, Ticket};
use store::staff::{Account, Status};
use store::{passkeys, sign_in_delays, staff};
use watch::Person;

use super::Asked;
use super::proof::{NoProof, PasskeyProofForm, Proof};
use crate::Settings;
use crate::extract::{Body, Facts};
use crate::reply::Refused;
use crate::staff::page::{Page, PageAnswer};
use crate::staff::sign_in::{Door, Who, attempted};
use crate::staff::{asked, cookies, may_enter, sessions};

/// Signs in with a passkey.
#[utoipa::path(
    post, path = "/staff/sign-in/passkey", operation_id = "staff.prove_passkey",
    tag = "Staff pages",
    request_body(content = PasskeyProofForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Signed in"),
        (status = 403, description = "Not so", body = String, content_type = "text/html"),
        (status = 429, description = "Too many", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({
        "action": "staff.sign_in", "access": "public", "error_form": "page", "body_max": 16384,
        "sensitive": "high",
        "limits": [{ "name": "sign-in", "by": ["address"], "max": 60, "window_s": 900 }]
    })))
)]
pub(crate) async fn prove_passkey(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Body(sent): Body<PasskeyProofForm>,
) -> PageAnswer {
    let (sign_in, now) = (&api.sign_in, dossier.received_at);
    sign_in.is_open(dossier.origin())?;
    let visit = sign_in.visit(&headers, &sent.form)?;
    let door = Door { sign_in, headers: &headers, now, from: dossier.origin() };
    let from = dossier.origin().map(|address| sign_in.key.of_address(address));
    let subjects: Vec<_> = from.iter().map(|from| (*from, ADDRESS)).collect();
    if let Err(wait) = sign_in_delays::attempt(&app.store, &subjects, now).await? {
        attempted(&dossier, sign_in.method("passkey"), Who::Nobody, Err("throttled"));
        return Ok(door.wait(wait));
    }
    let name = visit.name();
    let judged = sent.judge((&app, sign_in), Asked::SignIn(&name), now).await?;
    let ticket = Ticket::generate();
    let begun = match &judged {
        Ok(proof) => begin((&app, &api), &dossier, proof, &ticket).await?,
        Err(NoProof { why, .. }) => Err(*why),
    };
    let presented = match &judged {
        Ok(proof) => Some(&proof.presented),
        Err(no_proof) => no_proof.presented.as_ref(),
    };
    let session = begun.as_ref().ok().cloned();
    let who = match presented {
        Some(presented) => {
            let account = &presented.account;
            let named = || format!("passkey:{}", presented.passkey.id);
            let person = Person { tenant: account.tenant, user: account.id };
            Who::Person(person, session.or_else(|| Some(named())))
        }
        None => Who::Nobody,
    };
    let proven = judged.as_ref().ok().map(Proof::proven);
    let outcome = begun.as_ref().map(|_| proven).map_err(|why| *why);
    attempted(&dossier, sign_in.method("passkey"), who, outcome);
    if begun.is_err() {
        let text = "This passkey was not accepted. Try again, or sign in another way.".to_owned();
        return Ok(door.page(StatusCode::FORBIDDEN, &[text]));
    }
    if let Some(from) = from {
        sign_in_delays::take_back(&app.store, &from).await?;
    }
    // The visit ends here: what was sealed for it can begin no second session.
    let page = Page::see(asked::next(&headers)).with(cookies::session(&ticket));
    Ok(page.with(cookies::no_visit()))
}

/// One transaction: the counter goes forward, and the session begins, or neither.
async fn begin(
    (app, api): (&App, &Settings),
    dossier: &Dossier,
    proof: &Proof,
    ticket: &Ticket,
) -> Result<Result<String, &'static str>, Refused> {
    let Proof { presented, used } = proof;
    if presented.environment != api.environment {
        return Ok(Err("account_environment"));
    }
    let permit = app.policy.system(presented.account.tenant, "sign-in");
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let account = staff::require(&tx, presented.account.id).await?;
    if let Err(why) = is_welcome(&account, api) {
        return Ok(Err(why));
    }
    if !passkeys::used(&mut tx, presented.passkey.id, *used).await? {
        return Ok(Err("passkey_cloned"));
    }
    let proven = (proof.proven(), ticket);
    let id = sessions::begin(&mut tx, (api, dossier), account, proven).await?;
    tx.commit(None).await?;
    Ok(Ok(id.to_string()))
}

fn is_welcome(account: &Account, api: &Settings) -> Result<(), &'static str> {
    match () {
        () if account.status != Status::Active => Err("account_inactive"),
        () if !api.sign_in.welcomes(account) => Err("account_not_break_glass"),
        () if !may_enter(&account.roles, api.environment) => Err("account_role"),
        () => Ok(()),
    }
}
