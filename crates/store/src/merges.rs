//! Two records of one person become one.
//!
//! The one that goes leaves a tombstone that says into whom; what hung on it hangs on the other.
//! The tombstone comes first: address and reference are unique, and the one that stays may take
//! them over.

use kernel::CandidateId;
use staffing::candidate::CandidateDraft;
use staffing::event::CandidateEvent;

use crate::candidates::{self, Candidate, State, Step};
use crate::{StoreError, TenantTx, applications, blocklists, employments, idempotency, matches};

/// What the record that stays is then.
pub struct Merged<'a> {
    /// Everything that a caller may write.
    pub draft: &'a CandidateDraft,
    /// Its status, ground and time.
    pub state: State,
    /// Names of the members that changed.
    pub fields: Vec<String>,
}

/// Both records, which nobody else changes until this transaction ends.
///
/// # Errors
/// [`StoreError::Missing`] when there is no such candidate; [`StoreError::Dangling`] when there is
/// no such duplicate.
pub async fn hold(
    tx: &TenantTx,
    stays: CandidateId,
    goes: CandidateId,
) -> Result<(Candidate, Candidate), StoreError> {
    let missing = |error| match error {
        StoreError::Missing => StoreError::Dangling("duplicate_id"),
        other => other,
    };
    // In one order for everybody, so that two who merge at once do not wait for each other.
    if stays.uuid() < goes.uuid() {
        let first = candidates::hold(tx, stays).await?;
        return Ok((first, candidates::hold(tx, goes).await.map_err(missing)?));
    }
    let first = candidates::hold(tx, goes).await.map_err(missing)?;
    Ok((candidates::hold(tx, stays).await?, first))
}

/// Makes one of two that are held: the one that stays, as it is now.
///
/// # Errors
/// [`StoreError::Inconsistent`] when the record that goes may not go; [`StoreError::Taken`] when
/// both are at work for one client; [`StoreError::Full`] when together they stand on more
/// blocklists than they may.
pub async fn merge(
    tx: &mut TenantTx,
    (stays, goes): (&Candidate, &Candidate),
    merged: Merged<'_>,
) -> Result<Candidate, StoreError> {
    idempotency::forget(tx, goes.id.uuid()).await?;
    blocklists::hand_over(tx, goes.id, stays.id).await?;
    candidates::go_into(tx, goes, stays.id).await?;
    let step = Step { event: CandidateEvent::Updated.name(), fields: merged.fields };
    let after = candidates::save(tx, stays, Some(merged.draft), merged.state, step).await?;
    // In this order: a run of the matcher that is under way holds the projection that went.
    matches::hand_over(tx, goes.id, stays.id).await?;
    employments::hand_over(tx, goes.id, stays.id).await?;
    applications::hand_over(tx, goes.id, stays.id).await?;
    Ok(after)
}
