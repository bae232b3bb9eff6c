//! Sessions of people who signed in. A session is found by a hash of what the browser holds.

use std::time::Duration;

use kernel::{SessionId, TenantId, Timestamp, UserId};
use policy::{Environment, Role};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use signin::{Life, Proven, TicketHash};

use crate::dialect::Context;
use crate::entities::staff_session::{ActiveModel, Column, Entity, Model};
use crate::journal::{Change, Record};
use crate::revocations::{self, Revocation, Revoked};
use crate::staff::{parse_roles, print_roles};
use crate::{Store, StoreError, TenantTx, TenantView};

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id, which is no secret.
    pub id: SessionId,
    /// Whose staff.
    pub tenant: TenantId,
    /// Who.
    pub user: UserId,
    /// The tenant's environment.
    pub environment: Environment,
    /// What they are there.
    pub roles: Vec<Role>,
    /// The browser, in two words.
    pub agent: String,
    /// Whether what they last proved cannot be phished.
    pub phishing_resistant: bool,
    /// The identity provider on whose word it rests.
    pub provider: Option<String>,
    /// How they last proved who they are, as RFC 8176 names it.
    pub amr: String,
    /// When they last proved two factors.
    pub proven_at: Timestamp,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When they last did something, to the minute.
    pub seen_at: Timestamp,
    /// How long it lives without any request.
    pub idle: Duration,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
}

/// A session to begin.
pub struct NewSession {
    /// Who.
    pub user: UserId,
    /// The tenant's environment.
    pub environment: Environment,
    /// What they are there.
    pub roles: Vec<Role>,
    /// What they proved.
    pub proven: Proven,
    /// On whose word, where it is not on ours.
    pub vouched: Option<Vouched>,
    /// What the browser holds, as it is kept.
    pub ticket: TicketHash,
    /// The browser, in two words.
    pub agent: String,
    /// How long it lives.
    pub life: Life,
    /// When they signed in, where that was before now: a session that takes another's place ends
    /// when that one would have.
    pub signed_in_at: Timestamp,
}

/// An identity provider's word for a session.
pub struct Vouched {
    /// The provider's name.
    pub provider: String,
    /// The provider's own session, as it is kept.
    pub session: Option<[u8; 32]>,
    /// When they proved who they are.
    pub proven_at: Timestamp,
}

/// Begins a session of somebody who proved two factors: now, or when a provider says.
///
/// # Errors
/// When the database fails.
pub async fn begin(tx: &mut TenantTx, new: NewSession) -> Result<SessionId, StoreError> {
    let id = SessionId::new(tx.clock());
    let now = tx.real_now();
    let idle_ms = i64::try_from(new.life.idle.as_millis()).unwrap_or(i64::MAX);
    let proven_at = new.vouched.as_ref().map_or(now, |vouched| vouched.proven_at.min(now));
    let provider_session = new.vouched.as_ref().and_then(|vouched| vouched.session);
    let row = ActiveModel {
        id: Set(id.uuid()),
        tenant_id: Set(tx.tenant().uuid()),
        hash: Set(new.ticket.0.to_vec()),
        staff_id: Set(new.user.uuid()),
        environment: Set(new.environment.to_string()),
        roles: Set(print_roles(&new.roles)),
        agent: Set(new.agent),
        phishing_resistant: Set(new.proven.is_phishing_resistant()),
        amr: Set(new.proven.amr().to_owned()),
        provider: Set(new.vouched.map(|vouched| vouched.provider)),
        provider_session: Set(provider_session.map(|hash| hash.to_vec())),
        proven_at: Set(proven_at.millis()),
        created_at: Set(new.signed_in_at.millis()),
        seen_at: Set(now.millis()),
        idle_ms: Set(idle_ms),
        expires_at: Set(new.signed_in_at.plus(new.life.absolute).millis()),
        ended_at: Set(None),
    };
    tx.insert(row, record(id, Change::Created, &[])).await?;
    Ok(id)
}

/// The session that somebody presents, whatever its state.
///
/// # Errors
/// When the database fails.
pub async fn find(store: &Store, ticket: &TicketHash) -> Result<Option<Session>, StoreError> {
    let session = store.read_as(Context::Presented(ticket.to_text())).await?;
    let row = Entity::find().filter(Column::Hash.eq(ticket.0.to_vec())).one(&session).await?;
    row.map(Session::try_from).transpose()
}

/// Somebody's sessions that were not ended, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(view: &TenantView, user: UserId) -> Result<Vec<Session>, StoreError> {
    let rows = view
        .find::<Entity>()
        .filter(Column::StaffId.eq(user.uuid()))
        .filter(Column::EndedAt.is_null())
        .order_by_desc(Column::Id)
        .limit(LISTED_MAX);
    rows.all(&view.session).await?.into_iter().map(Session::try_from).collect()
}

/// One of somebody's sessions.
///
/// # Errors
/// [`StoreError::Missing`] when they have no such session.
pub async fn require(
    view: &TenantView,
    user: UserId,
    id: SessionId,
) -> Result<Session, StoreError> {
    let found = view.find::<Entity>().filter(Column::StaffId.eq(user.uuid()));
    let row = found.filter(Column::Id.eq(id.uuid())).one(&view.session).await?;
    row.ok_or(StoreError::Missing)?.try_into()
}

/// Ends a session: the revocation that every node is to hear of.
///
/// # Errors
/// [`StoreError::Missing`] when it was ended before, or the database fails.
pub async fn end(tx: &mut TenantTx, user: UserId, id: SessionId) -> Result<Revocation, StoreError> {
    let at = tx.real_now();
    let update = Entity::update_many()
        .col_expr(Column::EndedAt, at.millis().into())
        .filter(Column::Id.eq(id.uuid()))
        .filter(Column::StaffId.eq(user.uuid()))
        .filter(Column::EndedAt.is_null());
    if !tx.update(update, record(id, Change::Updated, &["ended_at"])).await? {
        return Err(StoreError::Missing);
    }
    let until = at.plus(REVOKED_LIFE);
    let one = Revocation { kind: Revoked::Session, subject: id.to_string(), at, until };
    revocations::add(tx, &one).await?;
    Ok(one)
}

/// Ends the sessions that rest on one session with an identity provider: the revocations that every
/// node is to hear of.
///
/// # Errors
/// When the database fails.
pub async fn end_vouched(
    tx: &mut TenantTx,
    provider_session: &[u8; 32],
) -> Result<Vec<Revocation>, StoreError> {
    let found = tx
        .find::<Entity>()
        .filter(Column::ProviderSession.eq(provider_session.to_vec()))
        .filter(Column::EndedAt.is_null())
        .limit(LISTED_MAX);
    let found = found.all(&tx.session).await?;
    let mut ended = Vec::with_capacity(found.len());
    for row in found {
        let (user, id) = (UserId::from_uuid(row.staff_id), SessionId::from_uuid(row.id));
        ended.push(end(tx, user, id).await?);
    }
    Ok(ended)
}

pub(crate) async fn end_all(tx: &mut TenantTx, user: UserId) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::EndedAt, tx.real_now().millis().into())
        .filter(Column::TenantId.eq(tx.tenant().uuid()))
        .filter(Column::StaffId.eq(user.uuid()))
        .filter(Column::EndedAt.is_null())
        .exec(&tx.session)
        .await?;
    Ok(())
}

/// Notes when a session was last used. It is no change: it leaves no record.
///
/// # Errors
/// When the database fails.
pub async fn seen(
    store: &Store,
    (tenant, id): (TenantId, SessionId),
    at: Timestamp,
) -> Result<(), StoreError> {
    let on = store.write_as(Context::Tenant(tenant.uuid())).await?;
    Entity::update_many()
        .col_expr(Column::SeenAt, at.millis().into())
        .filter(Column::TenantId.eq(tenant.uuid()))
        .filter(Column::Id.eq(id.uuid()))
        .filter(Column::SeenAt.lt(at.millis()))
        .exec(&on)
        .await?;
    on.commit().await.map_err(StoreError::from)
}

/// Forgets sessions and enrolment links whose time is over.
///
/// # Errors
/// When the database fails.
pub async fn prune(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    use crate::entities::staff_enrolment as enrolment;
    let on = store.write_as(Context::Runner).await?;
    let before = now.millis();
    let sessions = Entity::delete_many().filter(Column::ExpiresAt.lt(before)).exec(&on).await?;
    enrolment::Entity::delete_many()
        .filter(enrolment::Column::ExpiresAt.lt(before))
        .exec(&on)
        .await?;
    on.commit().await?;
    Ok(sessions.rows_affected)
}

fn record(id: SessionId, change: Change, fields: &[&str]) -> Record {
    Record {
        resource: "session",
        id: id.uuid(),
        printed: id.to_string(),
        version: 1,
        change,
        event: None,
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
    }
}

impl TryFrom<Model> for Session {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let odd = |what: &str| StoreError::Inconsistent {
            table: "staff_session",
            id: row.id.to_string(),
            what: what.to_owned(),
        };
        let at = Timestamp::from_millis;
        Ok(Self {
            id: SessionId::from_uuid(row.id),
            tenant: TenantId::from_uuid(row.tenant_id),
            user: UserId::from_uuid(row.staff_id),
            environment: row.environment.parse().map_err(|_| odd("environment"))?,
            roles: parse_roles(&row.roles).ok_or_else(|| odd("roles"))?,
            phishing_resistant: row.phishing_resistant,
            proven_at: at(row.proven_at),
            created_at: at(row.created_at),
            seen_at: at(row.seen_at),
            idle: Duration::from_millis(u64::try_from(row.idle_ms).map_err(|_| odd("idle_ms"))?),
            expires_at: at(row.expires_at),
            ended_at: row.ended_at.map(at),
            agent: row.agent,
            provider: row.provider,
            amr: row.amr,
        })
    }
}

/// The most sessions that are listed.
pub const LISTED_MAX: u64 = 50;
/// Longer than any session lives.
const REVOKED_LIFE: Duration = Duration::from_secs(13 * 60 * 60);
