//! Making one of two records of one person.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use kernel::id::kinds::Candidate as CandidateKind;
use kernel::problem::INVALID;
use kernel::{CandidateId, FieldError, Problem, Purpose};
use serde::Deserialize;
use staffing::candidate::CandidateDraft;
use staffing::candidate::joined::{self, TakenMember};
use staffing::candidate::life::{CandidateMove, CandidateStatus};
use staffing::merge::changed_fields;
use store::candidates::{Candidate, State as CandidateState};
use store::merges::{self, Merged};
use utoipa::ToSchema;

use super::write::changeable;
use super::{CandidateView, view};
use crate::checked::{checked, current};
use crate::extract::{At, Body, Facts, IfMatch, Permit, parse};
use crate::may::May;
use crate::reply::{Answer, Refused, Reply};

/// Which record goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeRequest {
    /// The record that goes: another one of the same person.
    duplicate_id: CandidateId,
    /// The version of it that was read.
    #[schema(minimum = 1, maximum = 999_999_999_999_i64)]
    duplicate_version: i64,
    /// Members to be taken from it although the record that stays has its own.
    #[serde(default)]
    #[schema(max_items = 16)]
    take: Vec<TakenMember>,
}

/// Merge another record of the same person into a candidate.
///
/// What the candidate lacks is taken over and lists are put together; their matches, employments,
/// applications and blocklists become one. An objection on either record holds, and so does a
/// block. Of two matches for one job theirs is the one that has come further; the other expires.
/// Nobody can undo this: only people do it, and a tombstone says into whom the other record went.
#[utoipa::path(
    post, path = "/v1/candidates/{id}/merge", operation_id = "candidate.merge",
    tag = "Candidates",
    params(
        ("id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body = MergeRequest,
    responses((status = 200, description = "As they are now", body = CandidateView)),
    extensions(("x-ringwall" = json!({"action": "candidate.merge", "sensitive": "high"})))
)]
pub(crate) async fn merge(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<CandidateKind>,
    IfMatch(version): IfMatch,
    Body(request): Body<MergeRequest>,
) -> Answer {
    if request.duplicate_id == id {
        let error = FieldError::new("/duplicate_id", "same", "expected another candidate");
        return Err(Problem::new(&INVALID).error(error).into());
    }
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let (stays, goes) = merges::hold(&tx, id, request.duplicate_id).await?;
    current(stays.version, version)?;
    current(goes.version, request.duplicate_version)?;
    changeable(&stays)?;
    goes.status.apply(CandidateMove::Merge)?;
    let before = stays.draft(&tx, Purpose::Change)?.document(Purpose::Change);
    let other = goes.draft(&tx, Purpose::Change)?.document(Purpose::Change);
    let after = joined::joined(&before, &other, &request.take);
    let draft = checked(parse::<CandidateDraft>(&after)?, CandidateDraft::check)?;
    let fields = changed_fields(&before, &draft.document(Purpose::Change));
    let merged = Merged { draft: &draft, state: state(&stays, &goes)?, fields };
    let candidate = merges::merge(&mut tx, (&stays, &goes), merged).await?;
    let shown = view(&tx, &candidate, &May::new(&app, &permit))?;
    let reply = Reply::ok(&shown)?.version(candidate.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// Who is not to be placed under one record is not to be placed under the other.
fn state(stays: &Candidate, goes: &Candidate) -> Result<CandidateState, Refused> {
    let is_blocked = |one: &Candidate| one.status == CandidateStatus::Blocked;
    let status = match is_blocked(goes) && !is_blocked(stays) {
        true => stays.status.apply(CandidateMove::Block)?,
        false => stays.status,
    };
    Ok(CandidateState {
        status,
        consent: joined::consent(&stays.consent, &goes.consent),
        retain_until: joined::retain_until(stays.retain_until, goes.retain_until),
    })
}
