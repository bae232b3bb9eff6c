//! Blocklists: candidates whom a client company does not want to see, and companies that a
//! candidate does not want to be shown to. Either closes the matcher's gate G6.

pub(crate) mod candidate;
pub(crate) mod client;

use kernel::{CandidateId, ClientCompanyId, Timestamp};
use serde::Serialize;
use store::blocklists::Blocked;
use utoipa::ToSchema;

/// An entry of a blocklist.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlockedView {
    /// The company.
    client_id: ClientCompanyId,
    /// The candidate.
    candidate_id: CandidateId,
    /// Who wrote it down.
    created_by: String,
    /// When.
    created_at: Timestamp,
}

impl From<Blocked> for BlockedView {
    fn from(entry: Blocked) -> Self {
        let Blocked { client_id, candidate_id, created_by, created_at } = entry;
        Self { client_id, candidate_id, created_by, created_at }
    }
}
