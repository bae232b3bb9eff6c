//! Applications: people who answer a public job by themselves.

use kernel::{CandidateId, JobId, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use staffing::candidate::CandidateDraft;

use crate::candidates::{self, State};
use crate::entities::application;
use crate::journal::{Change, Record};
use crate::{StoreError, TenantTx, TenantView};

/// Takes an application: whoever is not known becomes a candidate. Of who is known nothing changes,
/// and nobody is told which it was.
///
/// # Errors
/// When the database fails.
pub async fn take(
    tx: &mut TenantTx,
    job: JobId,
    draft: &CandidateDraft,
    state: State,
) -> Result<(), StoreError> {
    let index = candidates::email_index(tx, &draft.email);
    let known = candidates::by_email(tx, vec![index]).await?.into_values().next();
    let candidate = match known {
        Some(id) => id,
        None => candidates::add(tx, draft, state).await?.id,
    };
    let row = application::ActiveModel {
        tenant_id: Set(tx.tenant().uuid()),
        job_id: Set(job.uuid()),
        candidate_id: Set(candidate.uuid()),
        at: Set(tx.now().millis()),
    };
    let once = OnConflict::new().do_nothing().to_owned();
    application::Entity::insert(row).on_conflict(once).exec_without_returning(&tx.session).await?;
    tx.record(record(candidate, job));
    Ok(())
}

/// How many have applied since a moment.
///
/// # Errors
/// When the database fails.
pub async fn count(view: &TenantView, job: JobId, since: Timestamp) -> Result<u64, StoreError> {
    let query = view
        .find::<application::Entity>()
        .filter(application::Column::JobId.eq(job.uuid()))
        .filter(application::Column::At.gt(since.millis()));
    Ok(query.count(&view.session).await?)
}

/// What somebody applied for under one record they applied for under the other.
pub(crate) async fn hand_over(
    tx: &TenantTx,
    from: CandidateId,
    to: CandidateId,
) -> Result<(), StoreError> {
    let query =
        tx.find::<application::Entity>().filter(application::Column::CandidateId.eq(from.uuid()));
    let rows: Vec<_> = query
        .all(&tx.session)
        .await?
        .into_iter()
        .map(|row| application::ActiveModel {
            tenant_id: Set(row.tenant_id),
            job_id: Set(row.job_id),
            candidate_id: Set(to.uuid()),
            at: Set(row.at),
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let once = OnConflict::new().do_nothing().to_owned();
    let insert = application::Entity::insert_many(rows).on_conflict(once);
    insert.exec_without_returning(&tx.session).await?;
    application::Entity::delete_many()
        .filter(application::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(application::Column::CandidateId.eq(from.uuid()))
        .exec(&tx.session)
        .await?;
    Ok(())
}

fn record(candidate: CandidateId, job: JobId) -> Record {
    Record {
        resource: "application",
        id: candidate.uuid(),
        printed: job.to_string(),
        version: 1,
        change: Change::Created,
        event: None,
        fields: Vec::new(),
    }
}
