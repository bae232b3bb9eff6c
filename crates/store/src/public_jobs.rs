//! The public face of open jobs: a projection that holds nothing a stranger may not read.
//!
//! Written with the job, in its transaction. Strangers are answered from here only, so a
//! confidential member cannot be shown by mistake: it is not here.

use kernel::{JobId, Slug, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use staffing::posting::{Names, PublicJob};

use crate::clients;
use crate::dialect::Context;
use crate::entities::public_job::{ActiveModel, Column, Entity, Model};
use crate::jobs::Job;
use crate::page::{Page, PageRequest};
use crate::search::{self, Facets};
use crate::tenants;
use crate::{Store, StoreError, TenantTx};

/// A public job as stored.
#[derive(Clone, Debug)]
pub struct Public {
    /// Its id.
    pub id: JobId,
    /// Its agency.
    pub agency: String,
    /// When it was opened.
    pub posted_at: Timestamp,
    /// The projection and its JobPosting.
    pub document: Value,
    /// The job's version.
    pub version: i64,
}

/// Which public jobs.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// What the facets of public and private lists share.
    pub facets: Facets,
    /// Only those of this agency.
    pub agency: Option<Slug>,
}

/// Where a list of public jobs has come to: newest posting first.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// The last item's moment of posting.
    pub posted_at: i64,
    /// And its id, for those posted in the same millisecond.
    pub id: JobId,
}

/// Makes the projection what the job says now.
pub(crate) async fn reflect(tx: &TenantTx, job: &Job) -> Result<(), StoreError> {
    // A new job has no projection yet.
    if job.version > 1 {
        withdraw(tx, job.id).await?;
    }
    if job.life.status != staffing::job::life::JobStatus::Open {
        return Ok(());
    }
    let tenant = tenants::own(tx).await?;
    let client = clients::require(tx, job.draft.client_id).await?;
    let name = client.name()?;
    let names = Names { agency: &tenant.name, client: &name };
    let Some(public) = PublicJob::project(job.id, &job.draft, &job.life, names) else {
        return Ok(());
    };
    let texts = [public.title.as_str(), public.description.as_str()];
    let row = ActiveModel {
        id: Set(job.id.uuid()),
        tenant_id: Set(tx.tenant().uuid()),
        tenant_slug: Set(tenant.slug.as_str().to_owned()),
        remote_kind: Set(search::name(&public.remote_policy.kind)),
        employment_type: Set(search::name(&public.employment_type)),
        search_text: Set(search::text(texts)),
        skills: Set(search::skills(&public.skills)),
        countries: Set(search::countries(&public.remote_policy)),
        posted_at: Set(public.posted_at.millis()),
        document: Set(serde_json::json!({ "job": public, "posting": public.posting() })),
        version: Set(job.version),
    };
    Entity::insert(row).exec_without_returning(&tx.session).await?;
    Ok(())
}

/// Takes a job out of the public eye.
pub(crate) async fn withdraw(tx: &TenantTx, id: JobId) -> Result<(), StoreError> {
    Entity::delete_many()
        .filter(Column::TenantId.eq(tx.tenant().uuid()))
        .filter(Column::Id.eq(id.uuid()))
        .exec(&tx.session)
        .await?;
    Ok(())
}

/// A public job by its id.
///
/// # Errors
/// [`StoreError::Missing`] when there is none, or it is not public.
pub async fn require(store: &Store, id: JobId) -> Result<Public, StoreError> {
    let session = store.read_as(Context::Nobody).await?;
    let row = Entity::find_by_id(id.uuid()).one(&session).await?;
    Ok(row.ok_or(StoreError::Missing)?.into())
}

/// A page of public jobs, newest posting first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    store: &Store,
    filter: &Filter,
    page: PageRequest<Place>,
) -> Result<Page<Public, Place>, StoreError> {
    let mut query = Entity::find().filter(search::condition(&filter.facets, &COLUMNS));
    if let Some(agency) = &filter.agency {
        query = query.filter(Column::TenantSlug.eq(agency.as_str()));
    }
    if let Some(after) = filter.facets.posted_after {
        query = query.filter(Column::PostedAt.gte(after.millis()));
    }
    if let Some(before) = filter.facets.posted_before {
        query = query.filter(Column::PostedAt.lt(before.millis()));
    }
    if let Some(place) = page.after {
        let same = Condition::all()
            .add(Column::PostedAt.eq(place.posted_at))
            .add(Column::Id.lt(place.id.uuid()));
        query = query.filter(Condition::any().add(Column::PostedAt.lt(place.posted_at)).add(same));
    }
    let session = store.read_as(Context::Nobody).await?;
    let rows = query
        .order_by_desc(Column::PostedAt)
        .order_by_desc(Column::Id)
        .limit(page.limit + 1)
        .all(&session)
        .await?;
    let jobs = rows.into_iter().map(Public::from).collect();
    Ok(Page::cut(jobs, page.limit, |job: &Public| Place {
        posted_at: job.posted_at.millis(),
        id: job.id,
    }))
}

impl From<Model> for Public {
    fn from(row: Model) -> Self {
        Self {
            id: JobId::from_uuid(row.id),
            agency: row.tenant_slug,
            posted_at: Timestamp::from_millis(row.posted_at),
            document: row.document,
            version: row.version,
        }
    }
}

const COLUMNS: search::Columns<Column> = search::Columns {
    text: Column::SearchText,
    skills: Column::Skills,
    countries: Column::Countries,
    remote_kind: Column::RemoteKind,
    employment_type: Column::EmploymentType,
};
