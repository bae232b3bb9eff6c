//! The keys that sign access tokens, as administrators see them rotate.
//!
//! Keys are the whole installation's, so an agency's administrators only ask for the next one
//! sooner, which costs nobody a token. To take keys for stolen is the operator's part: `ringwall
//! keys rotate --emergency`.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use http::header::LOCATION;
use kernel::{Code, Problem};
use store::signing_keys;
use store::staff_proposals::{self, Asked};
use store::{StoreError, TenantTx};

use crate::extract::{Facts, Permit};
use crate::people::{ProposalView, administrator};
use crate::reply::{Answer, Refused, Reply};

/// Ask for the next signing key now. A second administrator agrees, or not; then it is published,
/// and signs eleven minutes later, when whoever keeps the key set knows it.
#[utoipa::path(
    post, path = "/v1/signing-keys/rotate", operation_id = "signing_key.propose_rotation",
    tag = "Staff",
    responses(
        (status = 202, description = "It waits for a second one", body = ProposalView),
        (status = 409, description = "The next key is published already"),
    ),
    extensions(("x-ringwall" = json!({"action": "key.rotate", "sensitive": "high"})))
)]
pub(crate) async fn propose_rotation(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
) -> Answer {
    let by = administrator(&permit)?;
    if app.signing.next().await?.is_none() {
        return Err(Problem::new(&KEY_WAITING).into());
    }
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let proposal = staff_proposals::open(&mut tx, (by, Asked::KeyRotation), by).await?;
    tx.commit(None).await?;
    let view = ProposalView::of(&proposal, dossier.received_at);
    let location = format!("/v1/staff-proposals/{}", proposal.id);
    Ok(Reply::accepted(&view)?.with(LOCATION, location))
}

/// Publishes the next key in the transaction of who agreed.
pub(crate) async fn publish(tx: &mut TenantTx, app: &App) -> Result<(), Refused> {
    let next = app.signing.next().await?;
    let (key, turn) = next.ok_or_else(|| Problem::new(&KEY_WAITING))?;
    if signing_keys::publish(&app.store, tx, (&key, &turn)).await? {
        Ok(())
    } else {
        Err(StoreError::Stale { current: turn.generation }.into())
    }
}

/// One at a time.
pub(crate) const KEY_WAITING: Code = Code {
    status: 409,
    name: "keys.next_is_published",
    title: "The next signing key is published already",
    mend: "Wait until it signs, eleven minutes after it was published.",
};
