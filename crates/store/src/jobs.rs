//! Jobs: the positions to fill.

use kernel::{ClientCompanyId, JobId, Timestamp};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use staffing::job::life::{JobLife, JobStatus};
use staffing::job::{JobDraft, Visibility};

use crate::entities::job::{ActiveModel, Column, Entity, Model};
use crate::journal::{Change, Record};
use crate::page::{Page, PageRequest};
use crate::search::{self, Facets};
use crate::{StoreError, TenantTx, TenantView, clients, public_jobs};

/// A job as stored.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What its author wrote.
    pub draft: JobDraft,
    /// Where it stands.
    pub life: JobLife,
    /// Who wrote it down.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes from 1.
    pub version: i64,
}

/// Which jobs.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// What the facets of public and private lists share.
    pub facets: Facets,
    /// Only those that stand here.
    pub status: Option<JobStatus>,
    /// Only those of this client.
    pub client_id: Option<ClientCompanyId>,
    /// Only those that these may see.
    pub visibility: Option<Visibility>,
}

/// What a change of a job is, for the journal.
#[derive(Clone, Debug)]
pub struct Step {
    /// The event's name.
    pub event: &'static str,
    /// Names of the members that changed.
    pub fields: Vec<String>,
}

/// Writes a new job down.
///
/// # Errors
/// When its client is unknown, its reference is taken, or the database fails.
pub async fn add(tx: &mut TenantTx, draft: JobDraft) -> Result<Job, StoreError> {
    client_must_exist(tx, draft.client_id).await?;
    let now = tx.now();
    let job = Job {
        id: JobId::new(tx.clock()),
        draft,
        life: JobLife::default(),
        created_by: tx.author().to_owned(),
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let row = row(tx, &job);
    let step = Step { event: "job.created", fields: Vec::new() };
    tx.insert(row, record(&job, Change::Created, step)).await?;
    public_jobs::reflect(tx, &job).await?;
    Ok(job)
}

/// Writes a job's new draft or life over the version that was read.
///
/// # Errors
/// [`StoreError::Stale`] when it has changed since, [`StoreError::Missing`] when it went; or its
/// client is unknown, or its reference is taken.
pub async fn save(
    tx: &mut TenantTx,
    read: &Job,
    draft: JobDraft,
    life: JobLife,
    step: Step,
) -> Result<Job, StoreError> {
    if draft.client_id != read.draft.client_id {
        client_must_exist(tx, draft.client_id).await?;
    }
    let job = Job { draft, life, updated_at: tx.now(), version: read.version + 1, ..read.clone() };
    let update = Entity::update_many()
        .set(row(tx, &job))
        .filter(Column::Id.eq(job.id.uuid()))
        .filter(Column::Version.eq(read.version));
    if !tx.update(update, record(&job, Change::Updated, step)).await? {
        return Err(stale(tx, read.id).await?);
    }
    public_jobs::reflect(tx, &job).await?;
    Ok(job)
}

/// Removes a job that never was open.
///
/// # Errors
/// [`StoreError::Stale`] when it has changed since it was read, [`StoreError::Missing`] when it
/// went.
pub async fn delete(tx: &mut TenantTx, read: &Job) -> Result<(), StoreError> {
    let done = Entity::delete_many()
        .filter(Column::TenantId.eq(tx.tenant().uuid()))
        .filter(Column::Id.eq(read.id.uuid()))
        .filter(Column::Version.eq(read.version))
        .exec(&tx.session)
        .await?;
    if done.rows_affected != 1 {
        return Err(stale(tx, read.id).await?);
    }
    let gone = Job { version: read.version + 1, ..read.clone() };
    let step = Step { event: "job.deleted", fields: Vec::new() };
    tx.record(record(&gone, Change::Deleted, step));
    public_jobs::withdraw(tx, read.id).await
}

/// A job by its id.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has none of that id.
pub async fn require(view: &TenantView, id: JobId) -> Result<Job, StoreError> {
    let row = view.find::<Entity>().filter(Column::Id.eq(id.uuid())).one(&view.session).await?;
    row.ok_or(StoreError::Missing)?.try_into()
}

/// A page of jobs, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    view: &TenantView,
    filter: &Filter,
    page: PageRequest<JobId>,
) -> Result<Page<Job, JobId>, StoreError> {
    let mut query = view.find::<Entity>().filter(search::condition(&filter.facets, &COLUMNS));
    if let Some(status) = filter.status {
        query = query.filter(Column::Status.eq(status.as_str()));
    }
    if let Some(client) = filter.client_id {
        query = query.filter(Column::ClientId.eq(client.uuid()));
    }
    if let Some(visibility) = filter.visibility {
        query = query.filter(Column::Visibility.eq(search::name(&visibility)));
    }
    if let Some(after) = filter.facets.posted_after {
        query = query.filter(Column::CreatedAt.gte(after.millis()));
    }
    if let Some(before) = filter.facets.posted_before {
        query = query.filter(Column::CreatedAt.lt(before.millis()));
    }
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after.uuid()));
    }
    let rows = query.order_by_desc(Column::Id).limit(page.limit + 1).all(&view.session).await?;
    let jobs = rows.into_iter().map(Job::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(jobs, page.limit, |job| job.id))
}

/// The public face of a client's open jobs shows its new name.
pub(crate) async fn renamed(tx: &TenantTx, client: ClientCompanyId) -> Result<(), StoreError> {
    let open = tx
        .find::<Entity>()
        .filter(Column::ClientId.eq(client.uuid()))
        .filter(Column::Status.eq(JobStatus::Open.as_str()))
        .all(&tx.session)
        .await?;
    for row in open {
        public_jobs::reflect(tx, &row.try_into()?).await?;
    }
    Ok(())
}

/// Another change came first: at which version the job is now, or that it went.
async fn stale(tx: &TenantTx, id: JobId) -> Result<StoreError, StoreError> {
    Ok(StoreError::Stale { current: require(tx, id).await?.version })
}

async fn client_must_exist(tx: &TenantTx, id: ClientCompanyId) -> Result<(), StoreError> {
    if clients::exists(tx, id).await? { Ok(()) } else { Err(StoreError::Dangling("client_id")) }
}

fn row(tx: &TenantTx, job: &Job) -> ActiveModel {
    let draft = &job.draft;
    ActiveModel {
        id: Set(job.id.uuid()),
        tenant_id: Set(tx.tenant().uuid()),
        client_id: Set(draft.client_id.uuid()),
        external_ref: Set(draft.external_ref.as_ref().map(ToString::to_string)),
        status: Set(job.life.status.as_str().to_owned()),
        visibility: Set(search::name(&draft.visibility)),
        remote_kind: Set(search::name(&draft.remote_policy.kind)),
        employment_type: Set(search::name(&draft.employment_type)),
        search_text: Set(search::text([draft.title.as_str(), draft.description.as_str()])),
        skills: Set(search::skills(&draft.skills)),
        countries: Set(search::countries(&draft.remote_policy)),
        life: Set(search::json(&job.life)),
        document: Set(search::json(draft)),
        created_by: Set(job.created_by.clone()),
        created_at: Set(job.created_at.millis()),
        updated_at: Set(job.updated_at.millis()),
        version: Set(job.version),
    }
}

impl TryFrom<Model> for Job {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let id = JobId::from_uuid(row.id);
        // Never the parser's own words: they quote values.
        let odd = |what: &str| StoreError::Inconsistent {
            table: "job",
            id: id.to_string(),
            what: what.to_owned(),
        };
        Ok(Self {
            id,
            draft: serde_json::from_value(row.document).map_err(|_| odd("document"))?,
            life: serde_json::from_value(row.life).map_err(|_| odd("life"))?,
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
            version: row.version,
        })
    }
}

fn record(job: &Job, change: Change, step: Step) -> Record {
    Record {
        resource: "job",
        id: job.id.uuid(),
        printed: job.id.to_string(),
        version: job.version,
        change,
        event: Some(step.event),
        fields: step.fields,
    }
}

const COLUMNS: search::Columns<Column> = search::Columns {
    text: Column::SearchText,
    skills: Column::Skills,
    countries: Column::Countries,
    remote_kind: Column::RemoteKind,
    employment_type: Column::EmploymentType,
};
