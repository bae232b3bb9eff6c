//! Projections: what the matcher may read of candidates, written with each of their changes. They
//! are sealed: a redacted text is still what somebody wrote about themselves.
//!
//! The matcher reads through a [`MatcherView`]. On PostgreSQL that is a transaction under a role
//! with a grant on this table and on no other (docs/decisions/0017-matches-served.md).

pub(crate) mod of;

use std::collections::HashSet;
use std::sync::Arc;

use kernel::{CandidateId, Purpose, TenantId};
use matching::Projection;
use policy::Permit;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use staffing::candidate::CandidateDraft;
use staffing::candidate::life::CandidateStatus;
use uuid::Uuid;
use vault::{Place, TenantKeys};

use crate::candidates::Candidate;
use crate::dialect::{self, Context};
use crate::entities::candidate;
use crate::entities::projection::{ActiveModel, Column, Entity, Model};
use crate::session::Session;
use crate::tenant::TenantOwned;
use crate::{Store, StoreError, TenantTx, TenantView, blocklists};

/// A look at one tenant's projections, and at nothing else.
pub struct MatcherView {
    tenant: TenantId,
    keys: Arc<TenantKeys>,
    session: Session,
}

impl MatcherView {
    /// A look at the permit's tenant, as the matcher.
    ///
    /// # Errors
    /// When the permit is for no tenant, or the database fails.
    pub async fn open(store: &Store, permit: &Permit) -> Result<Self, StoreError> {
        let tenant = permit.tenant().ok_or(StoreError::NoTenant)?;
        let keys = store.keys(tenant).await?;
        let session = store.read_as(Context::Tenant(tenant.uuid())).await?;
        dialect::step_down(&session).await?;
        Ok(Self { tenant, keys, session })
    }

    /// Projections of the candidates after `after`, in the order of their ids, so many at once.
    ///
    /// # Errors
    /// When the database fails, or a projection does not open or parse.
    pub async fn after(
        &self,
        after: Option<CandidateId>,
        limit: u64,
    ) -> Result<Vec<(CandidateId, Projection)>, StoreError> {
        let mut query = Entity::find().filter(Entity::tenant_column().eq(self.tenant.uuid()));
        if let Some(after) = after {
            query = query.filter(Column::CandidateId.gt(after.uuid()));
        }
        let query = query.order_by_asc(Column::CandidateId).limit(limit);
        self.read(query.all(&self.session).await?)
    }

    /// Projections of these candidates; who has none is left out.
    ///
    /// # Errors
    /// When the database fails, or a projection does not open or parse.
    pub async fn of(
        &self,
        candidates: &[CandidateId],
    ) -> Result<Vec<(CandidateId, Projection)>, StoreError> {
        let ids = candidates.iter().map(|id| id.uuid());
        let query = Entity::find()
            .filter(Entity::tenant_column().eq(self.tenant.uuid()))
            .filter(Column::CandidateId.is_in(ids));
        self.read(query.all(&self.session).await?)
    }

    fn read(&self, rows: Vec<Model>) -> Result<Vec<(CandidateId, Projection)>, StoreError> {
        rows.into_iter().map(|row| read(&self.keys, &row)).collect()
    }
}

/// Which of these nobody has a projection of: nobody of the id is there, or they were erased.
///
/// # Errors
/// When the database fails.
pub async fn absent(
    view: &TenantView,
    candidates: &[CandidateId],
) -> Result<Vec<CandidateId>, StoreError> {
    let there: Vec<Uuid> = view
        .find::<Entity>()
        .filter(Column::CandidateId.is_in(candidates.iter().map(|id| id.uuid())))
        .select_only()
        .column(Column::CandidateId)
        .into_tuple()
        .all(&view.session)
        .await?;
    let there: HashSet<Uuid> = there.into_iter().collect();
    Ok(candidates.iter().copied().filter(|id| !there.contains(&id.uuid())).collect())
}

/// The projection follows the candidate. Without a draft only their standing has changed, and what
/// was projected before is kept.
pub(crate) async fn reflect(
    tx: &TenantTx,
    candidate: &Candidate,
    draft: Option<&CandidateDraft>,
) -> Result<(), StoreError> {
    if candidate.status == CandidateStatus::Erased {
        return remove(tx, candidate.id).await;
    }
    let projection = match (draft, stored(tx, candidate.id).await?) {
        (Some(draft), _) => of::draft(draft, of::standing(candidate), tx.now()),
        (None, Some(known)) => Projection { standing: of::standing(candidate), ..known },
        (None, None) => {
            let draft = candidate.draft(tx, Purpose::Project)?;
            of::draft(&draft, of::standing(candidate), tx.now())
        }
    };
    let mut companies = blocklists::companies(tx, &[candidate.id]).await?;
    let blocked_clients = companies.remove(&candidate.id).unwrap_or_default();
    let projection = Projection { blocked_clients, ..projection };
    write(tx, vec![row(tx, candidate, &projection)?]).await
}

/// The projections of candidates that are new, and so stand on no blocklist.
pub(crate) async fn reflect_new(
    tx: &TenantTx,
    candidates: &[(Candidate, &CandidateDraft)],
) -> Result<(), StoreError> {
    let rows = candidates.iter().map(|(candidate, draft)| {
        row(tx, candidate, &of::draft(draft, of::standing(candidate), tx.now()))
    });
    write(tx, rows.collect::<Result<_, _>>()?).await
}

/// Projects some candidates that have no projection because they were written down before there
/// were any; how many. None when all have one.
pub(crate) async fn complete(tx: &TenantTx) -> Result<usize, StoreError> {
    let projected = tx.find::<Entity>().select_only().column(Column::CandidateId).into_query();
    let rows = tx
        .find::<candidate::Entity>()
        .filter(candidate::Column::Status.ne(CandidateStatus::Erased.as_str()))
        .filter(candidate::Column::Id.not_in_subquery(projected))
        .limit(COMPLETED_MAX)
        .all(&tx.session)
        .await?;
    let ids: Vec<_> = rows.iter().map(|row| CandidateId::from_uuid(row.id)).collect();
    let mut companies = blocklists::companies(tx, &ids).await?;
    let mut completed = Vec::with_capacity(rows.len());
    for row in rows {
        let candidate = Candidate::try_from(row)?;
        let draft = candidate.draft(tx, Purpose::Project)?;
        let projection = Projection {
            blocked_clients: companies.remove(&candidate.id).unwrap_or_default(),
            ..of::draft(&draft, of::standing(&candidate), tx.now())
        };
        completed.push(self::row(tx, &candidate, &projection)?);
    }
    let count = completed.len();
    if count > 0 {
        write(tx, completed).await?;
    }
    Ok(count)
}

async fn write(tx: &TenantTx, rows: Vec<ActiveModel>) -> Result<(), StoreError> {
    let key = OnConflict::columns([Column::TenantId, Column::CandidateId])
        .update_columns([Column::Projection, Column::Version])
        .to_owned();
    Entity::insert_many(rows).on_conflict(key).exec_without_returning(&tx.session).await?;
    Ok(())
}

async fn remove(tx: &TenantTx, candidate: CandidateId) -> Result<(), StoreError> {
    Entity::delete_many()
        .filter(Column::TenantId.eq(tx.tenant().uuid()))
        .filter(Column::CandidateId.eq(candidate.uuid()))
        .exec(&tx.session)
        .await?;
    Ok(())
}

async fn stored(
    view: &TenantView,
    candidate: CandidateId,
) -> Result<Option<Projection>, StoreError> {
    let query = view.find::<Entity>().filter(Column::CandidateId.eq(candidate.uuid()));
    let row = query.one(&view.session).await?;
    Ok(row.map(|row| read(view.keys(), &row)).transpose()?.map(|(_, projection)| projection))
}

fn row(
    tx: &TenantTx,
    candidate: &Candidate,
    projection: &Projection,
) -> Result<ActiveModel, StoreError> {
    let text = serde_json::to_vec(projection).map_err(|_| inconsistent(candidate.id))?;
    let row = candidate.id.uuid();
    Ok(ActiveModel {
        tenant_id: Set(tx.tenant().uuid()),
        candidate_id: Set(row),
        projection: Set(tx.keys().seal(&place(&row), &text)),
        version: Set(candidate.version),
    })
}

fn read(keys: &TenantKeys, row: &Model) -> Result<(CandidateId, Projection), StoreError> {
    let id = CandidateId::from_uuid(row.candidate_id);
    let opened = keys.open(&place(&row.candidate_id), &row.projection)?;
    let projection = serde_json::from_slice(opened.expose());
    Ok((id, projection.map_err(|_| inconsistent(id))?))
}

fn place(candidate: &Uuid) -> Place<'_> {
    Place { table: "projection", column: "projection", row: candidate.as_bytes() }
}

/// Never the parser's own words: they quote values.
fn inconsistent(id: CandidateId) -> StoreError {
    let what = "a projection that no longer parses".to_owned();
    StoreError::Inconsistent { table: "projection", id: id.to_string(), what }
}

const COMPLETED_MAX: u64 = 256;
