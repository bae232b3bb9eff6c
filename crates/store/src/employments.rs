//! Employments: engagements of workers. Personal and sensitive members are sealed, each in a
//! column of its own, under two keys.

mod row;
mod timer;

use kernel::{
    CandidateId, ClientCompanyId, CountryCode, Email, EmploymentId, Phone, Pii, Purpose, Timestamp,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;
use staffing::calendar::Date;
use staffing::employment::amendment::Amendments;
use staffing::employment::life::{EmploymentLife, EmploymentStatus};
use staffing::employment::{EmploymentDraft, Gist, PERSONAL, SENSITIVE};
use staffing::event::EmploymentEvent;

use crate::candidates::Contact;
use crate::entities::employment::{Column, Entity};
use crate::journal::{Change, Record};
use crate::page::{Page, PageRequest};
use crate::sealed::{Level, Sealed};
use crate::{StoreError, TenantTx, TenantView, candidates, clients, jobs, search};

pub use timer::keep_time;

/// An employment as stored: what is about the person is still sealed.
#[derive(Clone)]
pub struct Employment {
    /// Its id.
    pub id: EmploymentId,
    /// Where it stands.
    pub life: EmploymentLife,
    /// The members that are about the contract.
    pub terms: Value,
    /// Changes of the terms.
    pub amendments: Amendments,
    /// The members that identify the worker, sealed.
    pub personal: Sealed,
    /// The members of high risk, sealed under a key of their own.
    pub sensitive: Sealed,
    /// Who wrote it down.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes from 1.
    pub version: i64,
    indexes: Indexes,
}

/// Blind indexes: they find equal values and tell nothing else.
#[derive(Clone, Default)]
struct Indexes {
    personal_email: Option<Vec<u8>>,
    work_email: Option<Vec<u8>>,
    phone: Option<Vec<u8>>,
}

/// What a change writes; what is left out stays as it was read.
#[derive(Default)]
pub struct Changes<'a> {
    /// Everything that a caller wrote.
    pub draft: Option<&'a EmploymentDraft>,
    /// Only the terms: nothing personal is opened or sealed again.
    pub terms: Option<Value>,
    /// Where it stands.
    pub life: Option<EmploymentLife>,
    /// Changes of the terms.
    pub amendments: Option<Amendments>,
}

/// What a change of an employment is, for the journal.
#[derive(Clone, Debug)]
pub struct Step {
    /// The event's name.
    pub event: &'static str,
    /// Names of the members that changed.
    pub fields: Vec<String>,
}

/// Which employments.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those that stand here.
    pub status: Option<EmploymentStatus>,
    /// Only those in this country.
    pub country: Option<CountryCode>,
    /// Only those of this worker.
    pub candidate_id: Option<CandidateId>,
    /// Only those for this client.
    pub client_id: Option<ClientCompanyId>,
    /// Only those with this reference, whoever gave it.
    pub external_ref: Option<String>,
}

impl Employment {
    /// What transitions look at.
    ///
    /// # Errors
    /// When the terms do not parse, which is a fault of ours.
    pub fn gist(&self) -> Result<Gist, StoreError> {
        serde_json::from_value(self.terms.clone()).map_err(|_| inconsistent(self.id, "terms"))
    }

    /// The terms together with the personal members, opened for a stated purpose.
    ///
    /// # Errors
    /// When sealed data does not open.
    pub fn personal(&self, view: &TenantView, purpose: Purpose) -> Result<Pii<Value>, StoreError> {
        self.personal.join(view, self.terms.clone(), purpose)
    }

    /// The sensitive members alone, opened for a stated purpose.
    ///
    /// # Errors
    /// When sealed data does not open.
    pub fn sensitive(&self, view: &TenantView, purpose: Purpose) -> Result<Pii<Value>, StoreError> {
        self.sensitive.join(view, Value::Object(serde_json::Map::new()), purpose)
    }

    /// The whole draft, opened for a stated purpose.
    ///
    /// # Errors
    /// When sealed data does not open or is not a draft.
    pub fn draft(
        &self,
        view: &TenantView,
        purpose: Purpose,
    ) -> Result<EmploymentDraft, StoreError> {
        let document = self.personal(view, purpose)?;
        let document = self.sensitive.join(view, document.open(purpose).clone(), purpose)?;
        serde_json::from_value(document.open(purpose).clone())
            .map_err(|_| inconsistent(self.id, "a draft that no longer parses"))
    }
}

/// Writes a new employment down.
///
/// # Errors
/// When a reference leads nowhere or is taken, or the database fails.
pub async fn add(tx: &mut TenantTx, draft: &EmploymentDraft) -> Result<Employment, StoreError> {
    parties_must_exist(tx, draft).await?;
    let (id, now) = (EmploymentId::new(tx.clock()), tx.now());
    let (personal, sensitive, indexes) = seal(tx, id, draft);
    let employment = Employment {
        id,
        life: EmploymentLife::default(),
        terms: draft.terms(),
        amendments: Amendments::default(),
        personal,
        sensitive,
        created_by: tx.author().to_owned(),
        created_at: now,
        updated_at: now,
        version: 1,
        indexes,
    };
    let row = row::of(tx, &employment)?;
    let step = Step { event: EmploymentEvent::Created.name(), fields: Vec::new() };
    tx.insert(row, record(&employment, Change::Created, step)).await?;
    Ok(employment)
}

/// Writes changes over the version that was read, and announces each step of them.
///
/// # Errors
/// [`StoreError::Stale`] when it has changed since; [`StoreError::Taken`] when its reference is
/// taken, or (`candidate_id`) when the worker is active for that client already.
pub async fn save(
    tx: &mut TenantTx,
    read: &Employment,
    changes: Changes<'_>,
    steps: Vec<Step>,
) -> Result<Employment, StoreError> {
    let mut employment = Employment {
        life: changes.life.unwrap_or(read.life),
        terms: changes.terms.unwrap_or_else(|| read.terms.clone()),
        amendments: changes.amendments.unwrap_or_else(|| read.amendments.clone()),
        updated_at: tx.now(),
        version: read.version + 1,
        ..read.clone()
    };
    if let Some(draft) = changes.draft {
        parties_must_exist(tx, draft).await?;
        employment.terms = draft.terms();
        (employment.personal, employment.sensitive, employment.indexes) = seal(tx, read.id, draft);
    }
    let update = Entity::update_many()
        .set(row::of(tx, &employment)?)
        .filter(Column::Id.eq(employment.id.uuid()))
        .filter(Column::Version.eq(read.version));
    let mut records = steps.into_iter().map(|step| record(&employment, Change::Updated, step));
    let Some(first) = records.next() else {
        return Err(inconsistent(read.id, "a change without a step"));
    };
    if !tx.update(update, first).await? {
        return Err(StoreError::Stale { current: require(tx, read.id).await?.version });
    }
    for record in records {
        tx.record(record);
    }
    Ok(employment)
}

/// An employment by its id.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has none of that id.
pub async fn require(view: &TenantView, id: EmploymentId) -> Result<Employment, StoreError> {
    let row = view.find::<Entity>().filter(Column::Id.eq(id.uuid())).one(&view.session).await?;
    row.ok_or(StoreError::Missing)?.try_into()
}

/// The employment that somebody wrote down under a reference.
///
/// # Errors
/// When the database fails.
pub async fn find_by_ref(
    view: &TenantView,
    created_by: &str,
    reference: &str,
) -> Result<Option<Employment>, StoreError> {
    let row = view
        .find::<Entity>()
        .filter(Column::CreatedBy.eq(created_by))
        .filter(Column::ExternalRef.eq(reference))
        .one(&view.session)
        .await?;
    row.map(Employment::try_from).transpose()
}

/// The employments with exactly this contact, newest first.
///
/// # Errors
/// When the database fails.
pub async fn search(view: &TenantView, contact: &Contact) -> Result<Vec<Employment>, StoreError> {
    let condition = match contact {
        Contact::Email(email) => Condition::any()
            .add(Column::PersonalEmailIndex.eq(index(view, "personal_email", email)))
            .add(Column::WorkEmailIndex.eq(index(view, "work_email", email))),
        Contact::Phone(phone) => Condition::all().add(Column::PhoneIndex.eq(dialled(view, phone))),
    };
    let query = view.find::<Entity>().filter(condition).order_by_desc(Column::Id).limit(FOUND_MAX);
    let rows = query.all(&view.session).await?;
    rows.into_iter().map(Employment::try_from).collect()
}

/// A page of employments, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    view: &TenantView,
    filter: &Filter,
    page: PageRequest<EmploymentId>,
) -> Result<Page<Employment, EmploymentId>, StoreError> {
    let after = page.after.map(|after| Column::Id.lt(after.uuid()));
    let conditions = [
        filter.status.map(|status| Column::Status.eq(status.as_str())),
        filter.country.as_ref().map(|country| Column::Country.eq(country.as_str())),
        filter.candidate_id.map(|id| Column::CandidateId.eq(id.uuid())),
        filter.client_id.map(|id| Column::ClientId.eq(id.uuid())),
        filter.external_ref.as_ref().map(|text| Column::ExternalRef.eq(text.as_str())),
        after,
    ];
    let all = conditions.into_iter().flatten().fold(Condition::all(), Condition::add);
    let query = view.find::<Entity>().filter(all).order_by_desc(Column::Id).limit(page.limit + 1);
    let rows = query.all(&view.session).await?;
    let items = rows.into_iter().map(Employment::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(items, page.limit, |employment| employment.id))
}

/// The employments whose day has come, so many at once: to begin, to end, or to change terms.
///
/// # Errors
/// When the database fails.
pub async fn due(
    view: &TenantView,
    today: Date,
    after: Option<EmploymentId>,
) -> Result<Vec<Employment>, StoreError> {
    let mut query = view.find::<Entity>().filter(Column::DueOn.lte(today.to_string()));
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after.uuid()));
    }
    let rows = query.order_by_asc(Column::Id).limit(FOUND_MAX).all(&view.session).await?;
    rows.into_iter().map(Employment::try_from).collect()
}

/// The employments of one record of somebody become the other's.
///
/// # Errors
/// [`StoreError::Taken`] (`candidate_id`) when both are active for one client.
pub(crate) async fn hand_over(
    tx: &mut TenantTx,
    from: CandidateId,
    to: CandidateId,
) -> Result<(), StoreError> {
    let query = tx.find::<Entity>().filter(Column::CandidateId.eq(from.uuid()));
    for row in query.order_by_asc(Column::Id).lock_exclusive().all(&tx.session).await? {
        let employment = Employment::try_from(row)?;
        let mut terms = employment.terms.clone();
        if let Some(members) = terms.as_object_mut() {
            members.insert("candidate_id".to_owned(), search::json(&to));
        }
        let fields = vec!["candidate_id".to_owned()];
        let step = Step { event: EmploymentEvent::Updated.name(), fields };
        let changes = Changes { terms: Some(terms), ..Changes::default() };
        save(tx, &employment, changes, vec![step]).await?;
    }
    Ok(())
}

async fn parties_must_exist(tx: &TenantTx, draft: &EmploymentDraft) -> Result<(), StoreError> {
    if !candidates::exists(tx, draft.candidate_id).await? {
        return Err(StoreError::Dangling("candidate_id"));
    }
    if !clients::exists(tx, draft.client_id).await? {
        return Err(StoreError::Dangling("client_id"));
    }
    if let Some(job) = draft.job_id {
        jobs::require(tx, job).await.map_err(|error| dangling(error, "job_id"))?;
    }
    if let Some(previous) = draft.previous_employment_id {
        let found = require(tx, previous).await;
        found.map_err(|error| dangling(error, "previous_employment_id"))?;
    }
    Ok(())
}

fn dangling(error: StoreError, member: &'static str) -> StoreError {
    match error {
        StoreError::Missing => StoreError::Dangling(member),
        other => other,
    }
}

fn seal(view: &TenantView, id: EmploymentId, draft: &EmploymentDraft) -> (Sealed, Sealed, Indexes) {
    let document = Pii::new(draft.document(Purpose::Seal));
    let at = (TABLE, id.uuid());
    let personal = Sealed::split(view, Level::Personal, at, PERSONAL, &document);
    let sensitive = Sealed::split(view, Level::Sensitive, at, SENSITIVE, &document);
    let email =
        |column, email: &Option<Pii<Email>>| email.as_ref().map(|email| index(view, column, email));
    let indexes = Indexes {
        personal_email: email("personal_email", &draft.personal_email),
        work_email: email("work_email", &draft.work_email),
        phone: draft.phone.as_ref().map(|phone| dialled(view, phone)),
    };
    (personal, sensitive, indexes)
}

fn index(view: &TenantView, column: &str, email: &Pii<Email>) -> Vec<u8> {
    let folded = email.open(Purpose::Index).folded();
    view.keys().blind_index(TABLE, column, &folded).to_vec()
}

fn dialled(view: &TenantView, phone: &Pii<Phone>) -> Vec<u8> {
    view.keys().blind_index(TABLE, "phone", phone.open(Purpose::Index).as_str()).to_vec()
}

fn record(employment: &Employment, change: Change, step: Step) -> Record {
    Record {
        resource: "employment",
        id: employment.id.uuid(),
        printed: employment.id.to_string(),
        version: employment.version,
        change,
        event: Some(step.event),
        fields: step.fields,
    }
}

/// Never the parser's own words: they quote values.
fn inconsistent(id: EmploymentId, what: &str) -> StoreError {
    StoreError::Inconsistent { table: TABLE, id: id.to_string(), what: what.to_owned() }
}

const TABLE: &str = "employment";
const FOUND_MAX: u64 = 100;
