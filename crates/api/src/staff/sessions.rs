//! How sessions begin, and take each other's place, within the transaction that used a proof up.

use gate::Dossier;
use kernel::SessionId;
use signin::{Proven, Ticket, short_agent};
use store::revocations::Revocation;
use store::staff::{self, Account};
use store::staff_sessions::{self, NewSession};
use store::{StoreError, TenantTx};

use super::account::Own;
use crate::Settings;

/// A session of somebody who proved who they are.
pub(super) async fn begin(
    tx: &mut TenantTx,
    (api, dossier): (&Settings, &Dossier),
    account: Account,
    (proven, ticket): (Proven, &Ticket),
) -> Result<SessionId, StoreError> {
    told(tx, api, &account);
    let new = NewSession {
        user: account.id,
        environment: api.environment,
        life: api.sign_in.life(&account.roles),
        roles: account.roles,
        proven,
        vouched: None,
        ticket: ticket.hash(),
        agent: short_agent(dossier.user_agent.as_deref().unwrap_or_default()),
        signed_in_at: tx.real_now(),
    };
    staff_sessions::begin(tx, new).await
}

/// A session of somebody who proved it again: it takes the old one's place, and ends when that
/// would have.
pub(super) async fn renew(
    tx: &mut TenantTx,
    (api, own): (&Settings, &Own),
    account: Account,
    (proven, ticket): (Proven, &Ticket),
) -> Result<(SessionId, Revocation), StoreError> {
    told(tx, api, &account);
    let before = staff_sessions::require(tx, own.user, own.session).await?;
    let ended = staff_sessions::end(tx, own.user, own.session).await?;
    let new = NewSession {
        user: account.id,
        environment: before.environment,
        life: api.sign_in.life(&account.roles),
        roles: account.roles,
        proven,
        vouched: None,
        ticket: ticket.hash(),
        agent: before.agent,
        signed_in_at: before.created_at,
    };
    Ok((staff_sessions::begin(tx, new).await?, ended))
}

/// Where identity providers vouch for people, whoever proves themselves to us came past them.
fn told(tx: &mut TenantTx, api: &Settings, account: &Account) {
    if api.sign_in.sso.is_used() {
        tracing::warn!(user.id = %account.id, "somebody came past the identity provider");
        staff::came_past_provider(tx, account);
    }
}
