//! What only a sandbox can do: start anew, run its clock ahead, make an event happen.
//!
//! Everything else is the same code as for real people. The tenant is known to be a sandbox before
//! anything is done here, and on PostgreSQL the database holds it besides.

use std::time::Duration;

use kernel::{CandidateId, ClientCompanyId, EventId, JobId, MatchId};
use policy::Environment;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::entities::{
    application, blocklist, candidate, chore, client_company, employment, export, export_part,
    idempotency, import, import_part, import_result, job, job_match, match_run, projection,
    public_job, suppression, tenant,
};
use crate::journal::{Change, Record};
use crate::tenant::TenantOwned;
use crate::{StoreError, TenantTx, tenants};

/// The transaction's tenant is a sandbox.
///
/// # Errors
/// [`StoreError::Missing`] when it is not: there, nothing of this exists.
pub async fn require(tx: &TenantTx) -> Result<(), StoreError> {
    match tenants::own(tx).await?.environment {
        Environment::Sandbox => Ok(()),
        Environment::Production => Err(StoreError::Missing),
    }
}

/// How far the tenant's clock runs ahead.
///
/// # Errors
/// When the database fails.
pub async fn ahead(tx: &TenantTx) -> Result<Duration, StoreError> {
    require(tx).await?;
    tenants::ahead(tx).await
}

/// Runs the tenant's clock ahead, further than it does; never back. What is due by then is done
/// next.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant is no sandbox.
pub async fn advance(tx: &mut TenantTx, by: Duration) -> Result<Duration, StoreError> {
    let ahead = ahead(tx).await?.saturating_add(by).min(AHEAD_MAX);
    set_clock(tx, ahead).await?;
    chore::Entity::update_many()
        .col_expr(chore::Column::DueAt, tx.real_now().millis().into())
        .filter(chore::Column::TenantId.eq(tx.tenant().uuid()))
        .exec(&tx.session)
        .await?;
    record(tx, "sandbox.clock_advanced");
    Ok(ahead)
}

/// Removes everything but the tenant, its keys and its partners, and sets its clock back to the
/// true time. Who follows the changes is told of each thing that went.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant is no sandbox.
pub async fn reset(tx: &mut TenantTx) -> Result<(), StoreError> {
    require(tx).await?;
    let gone = |resource, print: fn(Uuid) -> String| move |id| tombstone(resource, print(id), id);
    let candidates = ids::<candidate::Entity>(tx, candidate::Column::Id).await?;
    let jobs = ids::<job::Entity>(tx, job::Column::Id).await?;
    let clients = ids::<client_company::Entity>(tx, client_company::Column::Id).await?;
    let matches = ids::<job_match::Entity>(tx, job_match::Column::Id).await?;
    let matches = matches.into_iter();
    let tombstones = (candidates.into_iter())
        .map(gone("candidate", |id| CandidateId::from_uuid(id).to_string()))
        .chain(jobs.into_iter().map(gone("job", |id| JobId::from_uuid(id).to_string())));
    let clients = clients.into_iter();
    let last = clients
        .map(gone("client", |id| ClientCompanyId::from_uuid(id).to_string()))
        .chain(matches.map(gone("match", |id| MatchId::from_uuid(id).to_string())));
    for record in tombstones.chain(last).collect::<Vec<_>>() {
        tx.record(record);
    }
    empty::<job_match::Entity>(tx).await?;
    empty::<match_run::Entity>(tx).await?;
    empty::<projection::Entity>(tx).await?;
    empty::<blocklist::Entity>(tx).await?;
    empty::<employment::Entity>(tx).await?;
    empty::<application::Entity>(tx).await?;
    empty::<public_job::Entity>(tx).await?;
    empty::<job::Entity>(tx).await?;
    empty::<candidate::Entity>(tx).await?;
    empty::<client_company::Entity>(tx).await?;
    empty::<suppression::Entity>(tx).await?;
    empty::<import_result::Entity>(tx).await?;
    empty::<import_part::Entity>(tx).await?;
    empty::<import::Entity>(tx).await?;
    empty::<export_part::Entity>(tx).await?;
    empty::<export::Entity>(tx).await?;
    empty::<idempotency::Entity>(tx).await?;
    set_clock(tx, Duration::ZERO).await?;
    record(tx, "sandbox.reset");
    Ok(())
}

/// Makes an event happen without what it tells of; its id.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant is no sandbox.
pub async fn trigger(tx: &mut TenantTx, name: &'static str) -> Result<(), StoreError> {
    require(tx).await?;
    let class = name.split('.').next().unwrap_or_default();
    let resource = crate::resources::Resource::find(class).ok_or(StoreError::Missing)?;
    let id = EventId::new(tx.clock()).uuid();
    tx.record(Record {
        resource: resource.name,
        id,
        printed: resource.print(id),
        version: 1,
        change: Change::Updated,
        event: Some(name),
        fields: Vec::new(),
    });
    Ok(())
}

async fn set_clock(tx: &TenantTx, ahead: Duration) -> Result<(), StoreError> {
    let ahead_ms = i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX);
    tenant::Entity::update_many()
        .col_expr(tenant::Column::ClockOffsetMs, Expr::val(ahead_ms))
        .filter(tenant::Column::Id.eq(tx.tenant().uuid()))
        .exec(&tx.session)
        .await?;
    Ok(())
}

async fn ids<E: TenantOwned>(tx: &TenantTx, column: E::Column) -> Result<Vec<Uuid>, StoreError> {
    Ok(tx.find::<E>().select_only().column(column).into_tuple().all(&tx.session).await?)
}

async fn empty<E: TenantOwned>(tx: &TenantTx) -> Result<(), StoreError> {
    let all = E::delete_many().filter(E::tenant_column().eq(tx.tenant().uuid()));
    all.exec(&tx.session).await?;
    Ok(())
}

/// Its last version is not known any more: whoever has any is told that it is gone.
fn tombstone(resource: &'static str, printed: String, id: Uuid) -> Record {
    let change = Change::Deleted;
    Record { resource, id, printed, version: 0, change, event: None, fields: Vec::new() }
}

fn record(tx: &mut TenantTx, event: &'static str) {
    let tenant = tx.tenant();
    tx.record(Record {
        resource: "sandbox",
        id: tenant.uuid(),
        printed: tenant.to_string(),
        version: 1,
        change: Change::Updated,
        event: Some(event),
        fields: Vec::new(),
    });
}

/// Thirty years: enough for every time limit there is.
const AHEAD_MAX: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
