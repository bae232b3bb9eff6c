//! Jobs: the positions to fill.

use kernel::{ClientCompanyId, JobId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DerivePartialModel, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde_json::Value;
use staffing::event::JobEvent;
use staffing::job::life::{JobLife, JobStatus};
use staffing::job::{JobDraft, Visibility};
use uuid::Uuid;

use crate::dialect::{ById, WordIndex};
use crate::entities::job::{ActiveModel, Column, Entity, Model};
use crate::journal::{Change, Record};
use crate::page::{Page, PageRequest};
use crate::search::{self, Counted, Counts, Facets, Order, RELEVANCE, Scored};
use crate::{StoreError, TenantTx, TenantView, clients, matches, public_jobs, words};

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

/// A job to be shown: its document as it was checked and written, not parsed again.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Its id.
    pub id: JobId,
    /// What its author wrote: a [`JobDraft`] in JSON.
    pub document: Value,
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
    /// Which comes first.
    pub order: Order,
}

/// Where a list of jobs has come to.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// How well the last item answered; 0 where that is not the order.
    pub relevance: i64,
    /// Its id.
    pub id: JobId,
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
    add_led(tx, draft, JobLife::default(), Vec::new()).await
}

/// Writes a new job down that has been led to where it stands: one row, and a record for each step.
///
/// # Errors
/// As [`add`].
pub async fn add_led(
    tx: &mut TenantTx,
    draft: JobDraft,
    life: JobLife,
    steps: Vec<Step>,
) -> Result<Job, StoreError> {
    client_must_exist(tx, draft.client_id).await?;
    let now = tx.now();
    let mut job = Job {
        id: JobId::new(tx.clock()),
        draft,
        life,
        created_by: tx.author().to_owned(),
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let step = Step { event: JobEvent::Created.name(), fields: Vec::new() };
    let created = record(&job, Change::Created, step);
    let mut led = Vec::with_capacity(steps.len());
    for step in steps {
        job.version += 1;
        led.push(record(&job, Change::Updated, step));
    }
    tx.insert(row(tx, &job), created).await?;
    led.into_iter().for_each(|record| tx.record(record));
    public_jobs::show(tx, &job).await?;
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
    if job.life.status != read.life.status {
        matches::follow(tx, job.id, job.life.status).await?;
    }
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
    let step = Step { event: JobEvent::Deleted.name(), fields: Vec::new() };
    tx.record(record(&gone, Change::Deleted, step));
    matches::drop_all(tx, read.id).await?;
    public_jobs::withdraw(tx, read.id).await
}

/// A job by its id.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has none of that id.
pub async fn require(view: &TenantView, id: JobId) -> Result<Job, StoreError> {
    sheet(view, id).await?.try_into()
}

/// A job by its id, which nobody changes until this transaction ends.
pub(crate) async fn hold(tx: &TenantTx, id: JobId) -> Result<Job, StoreError> {
    let query = tx.find::<Entity>().filter(Column::Id.eq(id.uuid())).lock_exclusive();
    let row = query.one(&tx.session).await?;
    Sheet::try_from(row.ok_or(StoreError::Missing)?)?.try_into()
}

/// A job by its id, to be shown.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has none of that id.
pub async fn sheet(view: &TenantView, id: JobId) -> Result<Sheet, StoreError> {
    static SHEET: ById = ById::new();
    let row = SHEET.one::<Entity, Shown>(view, Column::Id, id.uuid()).await?;
    row.ok_or(StoreError::Missing)?.try_into()
}

/// A page of jobs in the order that the filter asks for.
///
/// # Errors
/// When the database fails.
pub async fn list(
    view: &TenantView,
    filter: &Filter,
    page: PageRequest<Place>,
) -> Result<Page<Sheet, Place>, StoreError> {
    let backend = view.session.get_database_backend();
    let score = search::relevance(backend, &filter.facets, filter.order, WordIndex::Job);
    let mut query = matching(view, filter);
    if let Some(after) = page.after {
        let same = Condition::all()
            .add(score.clone().eq(after.relevance))
            .add(Column::Id.lt(after.id.uuid()));
        query = query.filter(Condition::any().add(score.clone().lt(after.relevance)).add(same));
    }
    let rows = query
        .expr_as(score, RELEVANCE)
        .order_by_desc(Expr::col(RELEVANCE))
        .order_by_desc(Column::Id)
        .limit(page.limit + 1)
        .into_model::<Scored<Model>>()
        .all(&view.session)
        .await?;
    let sheets = rows.into_iter().map(|found| Ok((Sheet::try_from(found.row)?, found.relevance)));
    let sheets = sheets.collect::<Result<Vec<_>, StoreError>>()?;
    let place = |(sheet, relevance): &(Sheet, i64)| Place { relevance: *relevance, id: sheet.id };
    Ok(Page::cut(sheets, page.limit, place).map(|(sheet, _)| sheet))
}

/// How many jobs there are of each kind among those that the filter lets through.
///
/// # Errors
/// When the database fails.
pub async fn counts(view: &TenantView, filter: &Filter) -> Result<Counts, StoreError> {
    let rows = matching(view, filter)
        .select_only()
        .columns([Column::Skills, Column::Countries, Column::RemoteKind, Column::EmploymentType])
        .order_by_desc(Column::Id)
        .limit(search::COUNTED_MAX)
        .into_tuple::<Counted>()
        .all(&view.session)
        .await?;
    Ok(search::counts(&rows))
}

fn matching(view: &TenantView, filter: &Filter) -> Select<Entity> {
    let backend = view.session.get_database_backend();
    let facets = search::condition(backend, &filter.facets, &COLUMNS);
    let mut query = view.find::<Entity>().filter(facets);
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
    query
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
        public_jobs::reflect(tx, &Sheet::try_from(row)?.try_into()?).await?;
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
        search_id: Set(search::search_id(job.id.uuid())),
        search_title: Set(words::canonical(draft.title.as_str())),
        search_skills: Set(search::skill_words(&draft.skills)),
        search_text: Set(words::canonical(draft.description.as_str())),
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

impl TryFrom<Model> for Sheet {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Shown::from(row).try_into()
    }
}

/// What of a row is shown; the other columns are for searching.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct Shown {
    id: Uuid,
    life: Value,
    document: Value,
    created_by: String,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl From<Model> for Shown {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            life: row.life,
            document: row.document,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}

impl TryFrom<Shown> for Sheet {
    type Error = StoreError;

    fn try_from(row: Shown) -> Result<Self, StoreError> {
        let id = JobId::from_uuid(row.id);
        Ok(Self {
            id,
            document: row.document,
            life: serde_json::from_value(row.life).map_err(|_| inconsistent(id, "life"))?,
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
            version: row.version,
        })
    }
}

impl TryFrom<Sheet> for Job {
    type Error = StoreError;

    fn try_from(sheet: Sheet) -> Result<Self, StoreError> {
        let odd = |_| inconsistent(sheet.id, "document");
        Ok(Self {
            id: sheet.id,
            draft: serde_json::from_value(sheet.document).map_err(odd)?,
            life: sheet.life,
            created_by: sheet.created_by,
            created_at: sheet.created_at,
            updated_at: sheet.updated_at,
            version: sheet.version,
        })
    }
}

impl From<&Job> for Sheet {
    fn from(job: &Job) -> Self {
        Self {
            id: job.id,
            document: search::json(&job.draft),
            life: job.life,
            created_by: job.created_by.clone(),
            created_at: job.created_at,
            updated_at: job.updated_at,
            version: job.version,
        }
    }
}

/// Never the parser's own words: they quote values.
fn inconsistent(id: JobId, what: &str) -> StoreError {
    StoreError::Inconsistent { table: "job", id: id.to_string(), what: what.to_owned() }
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
    words: WordIndex::Job,
    skills: Column::Skills,
    countries: Column::Countries,
    remote_kind: Column::RemoteKind,
    employment_type: Column::EmploymentType,
};
