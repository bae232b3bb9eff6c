//! Candidates: people to place.

pub(crate) mod merging;
pub(crate) mod moves;
pub(crate) mod read;
pub(crate) mod write;

use kernel::{CandidateId, Code, Purpose, Timestamp};
use serde::Serialize;
use staffing::candidate::CandidateDraft;
use staffing::candidate::consent::Consent;
use staffing::candidate::life::CandidateStatus;
use store::TenantView;
use store::candidates::Candidate;
use utoipa::ToSchema;

use crate::may::May;
use crate::reply::Refused;
use crate::view::{Meta, View};

/// A candidate.
pub(crate) type CandidateView = View<CandidateDraft, CandidateFacts>;

/// What we know about a candidate besides what was written. Personal members are shown only to
/// callers with the scope `read:candidates.pii`.
#[derive(Serialize, ToSchema)]
pub(crate) struct CandidateFacts {
    /// Their id.
    id: CandidateId,
    /// Where they stand.
    status: CandidateStatus,
    /// On what ground their data is processed.
    consent: Consent,
    /// Until when their data is kept.
    retain_until: Option<Timestamp>,
    /// Of whom this was another record, where the two were merged: only a tombstone is left of it.
    merged_into: Option<CandidateId>,
    /// Counts their changes from 1; also their ETag.
    version: i64,
    /// Who wrote them down.
    created_by: String,
    /// When.
    created_at: Timestamp,
    /// When they last changed.
    updated_at: Timestamp,
}

impl Meta for CandidateFacts {
    const VIEW: &'static str = "Candidate";
}

/// A candidate as this caller may see them. Personal members stay sealed unless they are shown.
fn view(
    tenant: &TenantView,
    candidate: &Candidate,
    may: &May<'_>,
) -> Result<CandidateView, Refused> {
    let document = if may.does("candidate.read_pii") {
        candidate.document(tenant, Purpose::Answer)?.open(Purpose::Answer).clone()
    } else {
        candidate.professional.clone()
    };
    let facts = CandidateFacts {
        id: candidate.id,
        status: candidate.status,
        consent: candidate.consent.clone(),
        retain_until: candidate.retain_until,
        merged_into: candidate.merged_into,
        version: candidate.version,
        created_by: candidate.created_by.clone(),
        created_at: candidate.created_at,
        updated_at: candidate.updated_at,
    };
    Ok(View::new(document, facts))
}

/// A candidate who is to be erased is not changed any more.
pub(crate) const BEING_ERASED: Code = Code {
    status: 409,
    name: "candidates.being_erased",
    title: "The candidate is being erased",
    mend: "Nothing can be changed any more; write a new candidate down if they come back.",
};
