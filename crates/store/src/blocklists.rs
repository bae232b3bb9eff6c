//! Blocklists: client companies and candidates who are not brought together. Each side has a list
//! of its own, and either list closes the matcher's gate G6.
//!
//! An entry is a change of whose list it is. One on a company's list changes the candidate too,
//! since what the matcher may read of them changes: it follows candidates.

use std::collections::HashMap;

use kernel::{CandidateId, ClientCompanyId, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use staffing::event::CandidateEvent;
use uuid::Uuid;

use crate::candidates::{self, Candidate, Step};
use crate::clients::{self, Client};
use crate::entities::blocklist::{ActiveModel, Column, Entity, Model};
use crate::page::{Page, PageRequest};
use crate::{StoreError, TenantTx, TenantView};

/// An entry of a blocklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The company.
    pub client_id: ClientCompanyId,
    /// The candidate.
    pub candidate_id: CandidateId,
    /// Who wrote it down.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// What is done to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is to be there.
    Block,
    /// It is to be gone.
    Unblock,
}

/// Whose list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Candidate,
}

/// The companies and candidates of an entry.
type Pair = (ClientCompanyId, CandidateId);

/// Changes whether a company wants to see a candidate: the company as it is now, with the version
/// that was read where nothing had to change.
///
/// # Errors
/// [`StoreError::Stale`] when the company has changed since; [`StoreError::Full`] when the
/// candidate stands on as many lists as they may.
pub async fn by_client(
    tx: &mut TenantTx,
    read: &Client,
    candidate: &Candidate,
    turn: Turn,
) -> Result<Client, StoreError> {
    if !put(tx, Side::Client, (read.id, candidate.id), turn).await? {
        return Ok(read.clone());
    }
    let client = clients::touch(tx, read, vec!["blocked_candidate_ids".to_owned()]).await?;
    reflect(tx, candidate).await?;
    Ok(client)
}

/// Changes whether a candidate wants to be shown to a company: the candidate as they are now, with
/// the version that was read where nothing had to change.
///
/// # Errors
/// [`StoreError::Missing`] when there is no such company; [`StoreError::Stale`] when the candidate
/// has changed since; [`StoreError::Full`] when they stand on as many lists as they may.
pub async fn by_candidate(
    tx: &mut TenantTx,
    read: &Candidate,
    client: ClientCompanyId,
    turn: Turn,
) -> Result<Candidate, StoreError> {
    if !clients::exists(tx, client).await? {
        return Err(StoreError::Missing);
    }
    if !put(tx, Side::Candidate, (client, read.id), turn).await? {
        return Ok(read.clone());
    }
    reflect(tx, read).await
}

/// A page of the candidates whom a company does not want to see.
///
/// # Errors
/// When the database fails.
pub async fn of_client(
    view: &TenantView,
    client: ClientCompanyId,
    page: PageRequest<CandidateId>,
) -> Result<Page<Blocked, CandidateId>, StoreError> {
    let mut query = view
        .find::<Entity>()
        .filter(Column::Side.eq(Side::Client.as_str()))
        .filter(Column::ClientId.eq(client.uuid()));
    if let Some(after) = page.after {
        query = query.filter(Column::CandidateId.gt(after.uuid()));
    }
    let query = query.order_by_asc(Column::CandidateId).limit(page.limit + 1);
    let rows = query.all(&view.session).await?.into_iter().map(Blocked::from).collect();
    Ok(Page::cut(rows, page.limit, |entry| entry.candidate_id))
}

/// A page of the companies that a candidate does not want to be shown to.
///
/// # Errors
/// When the database fails.
pub async fn of_candidate(
    view: &TenantView,
    candidate: CandidateId,
    page: PageRequest<ClientCompanyId>,
) -> Result<Page<Blocked, ClientCompanyId>, StoreError> {
    let mut query = view
        .find::<Entity>()
        .filter(Column::Side.eq(Side::Candidate.as_str()))
        .filter(Column::CandidateId.eq(candidate.uuid()));
    if let Some(after) = page.after {
        query = query.filter(Column::ClientId.gt(after.uuid()));
    }
    let query = query.order_by_asc(Column::ClientId).limit(page.limit + 1);
    let rows = query.all(&view.session).await?.into_iter().map(Blocked::from).collect();
    Ok(Page::cut(rows, page.limit, |entry| entry.client_id))
}

/// For each of these candidates who stands on a list, the companies on the other side, in order.
pub(crate) async fn companies(
    view: &TenantView,
    candidates: &[CandidateId],
) -> Result<HashMap<CandidateId, Vec<ClientCompanyId>>, StoreError> {
    let rows: Vec<(Uuid, Uuid)> = view
        .find::<Entity>()
        .filter(Column::CandidateId.is_in(candidates.iter().map(|id| id.uuid())))
        .select_only()
        .columns([Column::CandidateId, Column::ClientId])
        .distinct()
        .order_by_asc(Column::ClientId)
        .into_tuple()
        .all(&view.session)
        .await?;
    let mut found: HashMap<CandidateId, Vec<ClientCompanyId>> = HashMap::new();
    for (candidate, client) in rows {
        let known = found.entry(CandidateId::from_uuid(candidate)).or_default();
        known.push(ClientCompanyId::from_uuid(client));
    }
    Ok(found)
}

/// Whoever is erased stands on no list any more.
pub(crate) async fn forget(tx: &TenantTx, candidate: CandidateId) -> Result<(), StoreError> {
    Entity::delete_many()
        .filter(Column::TenantId.eq(tx.tenant().uuid()))
        .filter(Column::CandidateId.eq(candidate.uuid()))
        .exec(&tx.session)
        .await?;
    Ok(())
}

/// Makes or removes an entry; whether anything changed.
async fn put(tx: &TenantTx, side: Side, pair: Pair, turn: Turn) -> Result<bool, StoreError> {
    match turn {
        Turn::Block => block(tx, side, pair).await,
        Turn::Unblock => unblock(tx, side, pair).await,
    }
}

async fn block(tx: &TenantTx, side: Side, pair: Pair) -> Result<bool, StoreError> {
    let (client, candidate) = pair;
    let row = ActiveModel {
        tenant_id: Set(tx.tenant().uuid()),
        candidate_id: Set(candidate.uuid()),
        client_id: Set(client.uuid()),
        side: Set(side.as_str().to_owned()),
        created_by: Set(tx.author().to_owned()),
        created_at: Set(tx.now().millis()),
    };
    let once = OnConflict::new().do_nothing().to_owned();
    let inserted = Entity::insert(row).on_conflict(once).exec_without_returning(&tx.session);
    if inserted.await? == 0 {
        return Ok(false);
    }
    let mine = tx.find::<Entity>().filter(Column::CandidateId.eq(candidate.uuid()));
    if mine.count(&tx.session).await? > LISTS_MAX {
        return Err(StoreError::Full);
    }
    Ok(true)
}

async fn unblock(tx: &TenantTx, side: Side, pair: Pair) -> Result<bool, StoreError> {
    let (client, candidate) = pair;
    let removed = Entity::delete_many()
        .filter(Column::TenantId.eq(tx.tenant().uuid()))
        .filter(Column::CandidateId.eq(candidate.uuid()))
        .filter(Column::ClientId.eq(client.uuid()))
        .filter(Column::Side.eq(side.as_str()))
        .exec(&tx.session)
        .await?;
    Ok(removed.rows_affected > 0)
}

/// The candidate has changed, and with them what the matcher may read.
async fn reflect(tx: &mut TenantTx, candidate: &Candidate) -> Result<Candidate, StoreError> {
    let fields = vec!["client_blocklist".to_owned()];
    let step = Step { event: CandidateEvent::Updated.name(), fields };
    candidates::save(tx, candidate, None, candidate.state(), step).await
}

/// What stands on one candidate's lists stands on another's. The projection is not followed here.
///
/// # Errors
/// [`StoreError::Full`] when that are more than there may be.
pub(crate) async fn hand_over(
    tx: &TenantTx,
    from: CandidateId,
    to: CandidateId,
) -> Result<(), StoreError> {
    let rows = tx.find::<Entity>().filter(Column::CandidateId.eq(from.uuid()));
    let rows: Vec<ActiveModel> = rows
        .all(&tx.session)
        .await?
        .into_iter()
        .map(|row| Model { candidate_id: to.uuid(), ..row }.into_active_model().reset_all())
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let known = OnConflict::new().do_nothing().to_owned();
    Entity::insert_many(rows).on_conflict(known).exec_without_returning(&tx.session).await?;
    forget(tx, from).await?;
    let all = tx.find::<Entity>().filter(Column::CandidateId.eq(to.uuid()));
    match all.count(&tx.session).await? > LISTS_MAX {
        true => Err(StoreError::Full),
        false => Ok(()),
    }
}

impl Side {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Candidate => "candidate",
        }
    }
}

impl From<Model> for Blocked {
    fn from(row: Model) -> Self {
        Self {
            client_id: ClientCompanyId::from_uuid(row.client_id),
            candidate_id: CandidateId::from_uuid(row.candidate_id),
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
        }
    }
}

/// On how many lists somebody may stand, their own included: all of them are read in each ranking.
const LISTS_MAX: u64 = 500;
