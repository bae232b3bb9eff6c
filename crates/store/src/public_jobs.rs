//! The public face of open jobs: a projection that holds nothing a stranger may not read.
//!
//! Written with the job, in its transaction. Strangers are answered from here only, so a
//! confidential member cannot be shown by mistake: it is not here.

use kernel::{JobId, Slug, TenantId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
};
use serde_json::Value;
use staffing::posting::{Names, PublicJob};

use crate::clients;
use crate::dialect::{Context, WordIndex};
use crate::entities::public_job::{ActiveModel, Column, Entity, Model};
use crate::jobs::Job;
use crate::page::{Page, PageRequest};
use crate::search::{self, Counted, Counts, Facets, Order, RELEVANCE, Scored};
use crate::tenants;
use crate::{Store, StoreError, TenantTx, words};

/// A public job as stored.
#[derive(Clone, Debug)]
pub struct Public {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub tenant: TenantId,
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
    /// Which comes first.
    pub order: Order,
}

/// Where a list of public jobs has come to.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// How well the last item answered; 0 where that is not the order.
    pub relevance: i64,
    /// Its moment of posting.
    pub posted_at: i64,
    /// And its id, for those posted in the same millisecond.
    pub id: JobId,
}

/// Makes the projection what the job says now.
pub(crate) async fn reflect(tx: &TenantTx, job: &Job) -> Result<(), StoreError> {
    withdraw(tx, job.id).await?;
    show(tx, job).await
}

/// Makes the projection of a job that has none.
pub(crate) async fn show(tx: &TenantTx, job: &Job) -> Result<(), StoreError> {
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
    let row = ActiveModel {
        id: Set(job.id.uuid()),
        tenant_id: Set(tx.tenant().uuid()),
        tenant_slug: Set(tenant.slug.as_str().to_owned()),
        remote_kind: Set(search::name(&public.remote_policy.kind)),
        employment_type: Set(search::name(&public.employment_type)),
        search_id: Set(search::search_id(job.id.uuid())),
        search_title: Set(words::canonical(public.title.as_str())),
        search_skills: Set(search::skill_words(&public.skills)),
        search_text: Set(words::canonical(public.description.as_str())),
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

/// A page of public jobs in the order that the filter asks for.
///
/// # Errors
/// When the database fails.
pub async fn list(
    store: &Store,
    filter: &Filter,
    page: PageRequest<Place>,
) -> Result<Page<Public, Place>, StoreError> {
    let session = store.read_as(Context::Nobody).await?;
    let backend = session.get_database_backend();
    let score = search::relevance(backend, &filter.facets, filter.order, WordIndex::PublicJob);
    let mut query = matching(backend, filter);
    if let Some(place) = page.after {
        query = query.filter(beyond(&score, place));
    }
    let rows = query
        .expr_as(score, RELEVANCE)
        .order_by_desc(Expr::col(RELEVANCE))
        .order_by_desc(Column::PostedAt)
        .order_by_desc(Column::Id)
        .limit(page.limit + 1)
        .into_model::<Scored<Model>>()
        .all(&session)
        .await?;
    let jobs = rows.into_iter().map(|found| (Public::from(found.row), found.relevance)).collect();
    let place = |(job, relevance): &(Public, i64)| Place {
        relevance: *relevance,
        posted_at: job.posted_at.millis(),
        id: job.id,
    };
    Ok(Page::cut(jobs, page.limit, place).map(|(job, _)| job))
}

/// How many public jobs there are of each kind among those that the filter lets through.
///
/// # Errors
/// When the database fails.
pub async fn counts(store: &Store, filter: &Filter) -> Result<Counts, StoreError> {
    let session = store.read_as(Context::Nobody).await?;
    let rows = matching(session.get_database_backend(), filter)
        .select_only()
        .columns([Column::Skills, Column::Countries, Column::RemoteKind, Column::EmploymentType])
        .order_by_desc(Column::PostedAt)
        .limit(search::COUNTED_MAX)
        .into_tuple::<Counted>()
        .all(&session)
        .await?;
    Ok(search::counts(&rows))
}

fn matching(backend: DbBackend, filter: &Filter) -> Select<Entity> {
    let mut query = Entity::find().filter(search::condition(backend, &filter.facets, &COLUMNS));
    if let Some(agency) = &filter.agency {
        query = query.filter(Column::TenantSlug.eq(agency.as_str()));
    }
    if let Some(after) = filter.facets.posted_after {
        query = query.filter(Column::PostedAt.gte(after.millis()));
    }
    if let Some(before) = filter.facets.posted_before {
        query = query.filter(Column::PostedAt.lt(before.millis()));
    }
    query
}

/// What comes after a place: less relevant, or as relevant and posted before, or with a smaller id.
fn beyond(score: &Expr, place: Place) -> Condition {
    let as_relevant = score.clone().eq(place.relevance);
    let same = Condition::all()
        .add(as_relevant.clone())
        .add(Column::PostedAt.eq(place.posted_at))
        .add(Column::Id.lt(place.id.uuid()));
    let earlier = Condition::all().add(as_relevant).add(Column::PostedAt.lt(place.posted_at));
    Condition::any().add(score.clone().lt(place.relevance)).add(earlier).add(same)
}

impl From<Model> for Public {
    fn from(row: Model) -> Self {
        Self {
            id: JobId::from_uuid(row.id),
            tenant: TenantId::from_uuid(row.tenant_id),
            agency: row.tenant_slug,
            posted_at: Timestamp::from_millis(row.posted_at),
            document: row.document,
            version: row.version,
        }
    }
}

const COLUMNS: search::Columns<Column> = search::Columns {
    words: WordIndex::PublicJob,
    skills: Column::Skills,
    countries: Column::Countries,
    remote_kind: Column::RemoteKind,
    employment_type: Column::EmploymentType,
};
