//! Writing candidates.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use kernel::id::kinds::Candidate as CandidateKind;
use kernel::{Problem, Purpose};
use serde::Deserialize;
use staffing::candidate::CandidateDraft;
use staffing::candidate::consent::{Basis, Consent, ConsentGrant};
use staffing::candidate::life::{CandidateStatus, retain_until};
use staffing::event::CandidateEvent;
use staffing::merge::{changed_fields, merge};
use staffing::patch::CandidatePatch;
use store::candidates::{self, Candidate, State as CandidateState, Step};
use store::tenants;
use utoipa::ToSchema;

use super::{BEING_ERASED, CandidateView, view};
use crate::checked::{checked, current};
use crate::extract::{At, Body, Facts, IfMatch, Patch, Permit, parse};
use crate::may::May;
use crate::reply::{Answer, Refused, Reply};

/// What a candidate says to the processing of their data: exactly one of the two.
#[derive(Deserialize, ToSchema)]
// One member names the step. It is not serde's tag, whose objects would take further members.
#[serde(untagged)]
pub(crate) enum ConsentStep {
    /// They agree, or another ground stands.
    Grant(Granting),
    /// They no longer agree.
    Withdraw(Withdrawing),
}

/// They agree, or another ground stands.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Granting {
    /// On which ground, and how.
    grant: ConsentGrant,
}

/// They no longer agree.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Withdrawing {
    /// Nothing more to say.
    withdraw: Withdrawal,
}

/// Nothing more to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Withdrawal {}

/// Write a candidate down.
#[utoipa::path(
    post, path = "/v1/candidates", operation_id = "candidate.create", tag = "Candidates",
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255,
        pattern = "^[!-~]+$")),
    request_body = CandidateDraft,
    responses((status = 201, description = "They are written down", body = CandidateView)),
    extensions(("x-ringwall" = json!({"action": "candidate.create", "sensitive": "high"})))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(draft): Body<CandidateDraft>,
) -> Answer {
    let draft = checked(draft, CandidateDraft::check)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let months = tenants::own(&tx).await?.settings.candidate_months;
    let state = CandidateState {
        status: CandidateStatus::default(),
        consent: Consent::pending(Basis::Consent),
        retain_until: Some(retain_until(tx.now(), months.into())),
    };
    let candidate = candidates::add(&mut tx, &draft, state).await?;
    let shown = view(&tx, &candidate, &May::new(&app, &permit))?;
    let location = format!("/v1/candidates/{}", candidate.id);
    let reply = Reply::created(location, &shown)?.version(candidate.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// Change a candidate.
#[utoipa::path(
    patch, path = "/v1/candidates/{id}", operation_id = "candidate.update", tag = "Candidates",
    params(
        ("id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body(content(
        (CandidatePatch = "application/merge-patch+json"),
        (CandidatePatch = "application/json"))),
    responses((status = 200, description = "As they are now", body = CandidateView)),
    extensions(("x-ringwall" = json!({"action": "candidate.update", "sensitive": "high"})))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<CandidateKind>,
    IfMatch(version): IfMatch,
    Patch(patch): Patch,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let read = candidates::require(&tx, id).await?;
    current(read.version, version)?;
    changeable(&read)?;
    let before = read.draft(&tx, Purpose::Change)?.document(Purpose::Change);
    let mut after = before.clone();
    merge(&mut after, patch);
    let draft = checked(parse::<CandidateDraft>(&after)?, CandidateDraft::check)?;
    let step = Step {
        event: CandidateEvent::Updated.name(),
        fields: changed_fields(&before, &draft.document(Purpose::Change)),
    };
    let candidate = candidates::save(&mut tx, &read, Some(&draft), read.state(), step).await?;
    let shown = view(&tx, &candidate, &May::new(&app, &permit))?;
    let reply = Reply::ok(&shown)?.version(candidate.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// Record what a candidate says to the processing of their data.
#[utoipa::path(
    post, path = "/v1/candidates/{id}/consent", operation_id = "candidate.consent",
    tag = "Candidates",
    params(
        ("id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body = ConsentStep,
    responses((status = 200, description = "As they are now", body = CandidateView)),
    extensions(("x-ringwall" = json!({"action": "candidate.consent", "sensitive": "high"})))
)]
pub(crate) async fn consent(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<CandidateKind>,
    IfMatch(version): IfMatch,
    Body(step): Body<ConsentStep>,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let read = candidates::require(&tx, id).await?;
    current(read.version, version)?;
    changeable(&read)?;
    let (consent, event) = match step {
        ConsentStep::Grant(Granting { grant }) => {
            (read.consent.clone().grant(grant, tx.now())?, CandidateEvent::ConsentGranted)
        }
        ConsentStep::Withdraw(Withdrawing { withdraw: Withdrawal {} }) => {
            (read.consent.clone().withdraw()?, CandidateEvent::ConsentWithdrawn)
        }
    };
    let step = Step { event: event.name(), fields: vec!["consent".to_owned()] };
    let state = CandidateState { consent, ..read.state() };
    let candidate = candidates::save(&mut tx, &read, None, state, step).await?;
    let shown = view(&tx, &candidate, &May::new(&app, &permit))?;
    let reply = Reply::ok(&shown)?.version(candidate.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// Whoever is being erased is not changed any more.
pub(crate) fn changeable(candidate: &Candidate) -> Result<(), Refused> {
    match candidate.status {
        CandidateStatus::ErasureRequested | CandidateStatus::Erased => {
            Err(Problem::new(&BEING_ERASED).into())
        }
        _ => Ok(()),
    }
}
