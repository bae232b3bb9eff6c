//! Projections: what the matcher may read of candidates, written with each of their changes.
//!
//! The matcher reads through a [`MatcherView`]. On PostgreSQL that is a transaction under a role
//! with a grant on this table and on no other (docs/decisions/0017-matches-served.md).

pub(crate) mod of;

use kernel::{CandidateId, Purpose, TenantId};
use matching::Projection;
use policy::Permit;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use staffing::candidate::CandidateDraft;
use staffing::candidate::life::CandidateStatus;

use crate::candidates::Candidate;
use crate::dialect::{self, Context};
use crate::entities::candidate;
use crate::entities::projection::{ActiveModel, Column, Entity, Model};
use crate::session::Session;
use crate::tenant::TenantOwned;
use crate::{Store, StoreError, TenantTx, TenantView, search};

/// A look at one tenant's projections, and at nothing else.
pub struct MatcherView {
    tenant: TenantId,
    session: Session,
}

impl MatcherView {
    /// A look at the permit's tenant, as the matcher.
    ///
    /// # Errors
    /// When the permit is for no tenant, or the database fails.
    pub async fn open(store: &Store, permit: &Permit) -> Result<Self, StoreError> {
        let tenant = permit.tenant().ok_or(StoreError::NoTenant)?;
        let session = store.read_as(Context::Tenant(tenant.uuid())).await?;
        dialect::step_down(&session).await?;
        Ok(Self { tenant, session })
    }

    /// Projections of the candidates after `after`, in the order of their ids, so many at once.
    ///
    /// # Errors
    /// When the database fails, or a projection does not parse.
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
        query.all(&self.session).await?.into_iter().map(read).collect()
    }

    /// Projections of these candidates; who has none is left out.
    ///
    /// # Errors
    /// When the database fails, or a projection does not parse.
    pub async fn of(
        &self,
        candidates: &[CandidateId],
    ) -> Result<Vec<(CandidateId, Projection)>, StoreError> {
        let ids = candidates.iter().map(|id| id.uuid());
        let query = Entity::find()
            .filter(Entity::tenant_column().eq(self.tenant.uuid()))
            .filter(Column::CandidateId.is_in(ids));
        query.all(&self.session).await?.into_iter().map(read).collect()
    }
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
    write(tx, vec![row(tx, candidate, &projection)]).await
}

/// The projections of candidates that are new.
pub(crate) async fn reflect_new(
    tx: &TenantTx,
    candidates: &[(Candidate, &CandidateDraft)],
) -> Result<(), StoreError> {
    let rows = candidates.iter().map(|(candidate, draft)| {
        row(tx, candidate, &of::draft(draft, of::standing(candidate), tx.now()))
    });
    write(tx, rows.collect()).await
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
    let mut completed = Vec::with_capacity(rows.len());
    for row in rows {
        let candidate = Candidate::try_from(row)?;
        let draft = candidate.draft(tx, Purpose::Project)?;
        let projection = of::draft(&draft, of::standing(&candidate), tx.now());
        completed.push(self::row(tx, &candidate, &projection));
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
    Ok(row.map(read).transpose()?.map(|(_, projection)| projection))
}

fn row(tx: &TenantTx, candidate: &Candidate, projection: &Projection) -> ActiveModel {
    ActiveModel {
        tenant_id: Set(tx.tenant().uuid()),
        candidate_id: Set(candidate.id.uuid()),
        projection: Set(search::json(projection)),
        version: Set(candidate.version),
    }
}

fn read(row: Model) -> Result<(CandidateId, Projection), StoreError> {
    let id = CandidateId::from_uuid(row.candidate_id);
    let projection = serde_json::from_value(row.projection);
    Ok((id, projection.map_err(|_| inconsistent(id))?))
}

/// Never the parser's own words: they quote values.
fn inconsistent(id: CandidateId) -> StoreError {
    let what = "a projection that no longer parses".to_owned();
    StoreError::Inconsistent { table: "projection", id: id.to_string(), what }
}

const COMPLETED_MAX: u64 = 256;
