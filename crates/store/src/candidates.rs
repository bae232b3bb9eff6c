//! Candidates: people to place. Personal members are sealed, each in a column of its own.

use std::collections::{HashMap, HashSet};

use kernel::{CandidateId, Email, Phone, Pii, Purpose, Timestamp};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde_json::Value;
use staffing::candidate::CandidateDraft;
use staffing::candidate::consent::{Consent, ConsentStatus};
use staffing::candidate::life::{CandidateMove, CandidateStatus};
use staffing::event::CandidateEvent;
use uuid::Uuid;

use crate::entities::candidate::{ActiveModel, Column, Entity, Model};
use crate::entities::suppression;
use crate::journal::{Change, Record};
use crate::page::{Page, PageRequest};
use crate::sealed::{Level, Sealed};
use crate::{
    StoreError, TenantTx, TenantView, blocklists, exports, idempotency, matches, projections,
    search,
};

/// A candidate as stored: personal data is still sealed.
#[derive(Clone)]
pub struct Candidate {
    /// Their id.
    pub id: CandidateId,
    /// Where they stand.
    pub status: CandidateStatus,
    /// On what ground their data is processed.
    pub consent: Consent,
    /// The members that a caller without permission for personal data may see.
    pub professional: Value,
    /// The members that identify them, sealed.
    pub personal: Sealed,
    /// Until when their data is kept.
    pub retain_until: Option<Timestamp>,
    /// Who wrote them down.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When they last changed.
    pub updated_at: Timestamp,
    /// Counts their changes from 1.
    pub version: i64,
    /// Of whom this is another record, where the two were merged: this one is a tombstone.
    pub merged_into: Option<CandidateId>,
    indexes: Indexes,
}

/// Blind indexes: they find equal values and tell nothing else.
#[derive(Clone, Default)]
struct Indexes {
    email: Option<Vec<u8>>,
    phone: Option<Vec<u8>>,
}

/// What may change about a candidate besides the draft.
#[derive(Clone)]
pub struct State {
    /// Where they stand.
    pub status: CandidateStatus,
    /// On what ground their data is processed.
    pub consent: Consent,
    /// Until when their data is kept.
    pub retain_until: Option<Timestamp>,
}

/// What a change of a candidate is, for the journal.
#[derive(Clone, Debug)]
pub struct Step {
    /// The event's name.
    pub event: &'static str,
    /// Names of the members that changed.
    pub fields: Vec<String>,
}

/// Which candidates.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those that stand here.
    pub status: Option<CandidateStatus>,
    /// Only those with one of these skills.
    pub skills: Vec<String>,
    /// Only the one with this reference.
    pub external_ref: Option<String>,
}

/// An exact contact to look for.
pub enum Contact {
    /// An e-mail address, whatever its case.
    Email(Pii<Email>),
    /// A telephone number.
    Phone(Pii<Phone>),
}

impl Candidate {
    /// The whole document, personal members opened for a stated purpose.
    ///
    /// # Errors
    /// When sealed data does not open.
    pub fn document(&self, view: &TenantView, purpose: Purpose) -> Result<Pii<Value>, StoreError> {
        self.personal.join(view, self.professional.clone(), purpose)
    }

    /// The whole draft, personal members opened for a stated purpose.
    ///
    /// # Errors
    /// When sealed data does not open or is not a draft.
    pub fn draft(&self, view: &TenantView, purpose: Purpose) -> Result<CandidateDraft, StoreError> {
        let document = self.document(view, purpose)?;
        serde_json::from_value(document.open(purpose).clone())
            .map_err(|_| inconsistent(self.id, "a draft that no longer parses"))
    }

    /// The parts that life cycles change.
    #[must_use]
    pub fn state(&self) -> State {
        State {
            status: self.status,
            consent: self.consent.clone(),
            retain_until: self.retain_until,
        }
    }
}

/// Writes a new candidate down.
///
/// # Errors
/// When the e-mail address or reference is taken, or the database fails.
pub async fn add(
    tx: &mut TenantTx,
    draft: &CandidateDraft,
    state: State,
) -> Result<Candidate, StoreError> {
    let candidate = new(tx, draft, state);
    let row = row(tx, &candidate);
    let step = Step { event: CandidateEvent::Created.name(), fields: Vec::new() };
    tx.insert(row, record(&candidate, Change::Created, step)).await?;
    let new = [(candidate, draft)];
    projections::reflect_new(tx, &new).await?;
    let [(candidate, _)] = new;
    Ok(candidate)
}

/// Writes many new candidates down at once; their ids in the same order. The author is whoever
/// asked for it where that is not the transaction's.
///
/// # Errors
/// When an e-mail address or reference is taken; then none is written.
pub async fn add_all(
    tx: &mut TenantTx,
    drafts: &[(CandidateDraft, State)],
    author: Option<&str>,
) -> Result<Vec<CandidateId>, StoreError> {
    let mut ids = Vec::with_capacity(drafts.len());
    for part in drafts.chunks(ROWS_MAX) {
        let candidates: Vec<_> = part
            .iter()
            .map(|(draft, state)| {
                let new = new(tx, draft, state.clone());
                let created_by = author.map_or(new.created_by, ToOwned::to_owned);
                (Candidate { created_by, ..new }, draft)
            })
            .collect();
        let rows = candidates.iter().map(|(candidate, _)| row(tx, candidate));
        let insert = Entity::insert_many(rows.collect::<Vec<_>>());
        insert.exec_without_returning(&tx.session).await.map_err(StoreError::from_write)?;
        projections::reflect_new(tx, &candidates).await?;
        for (candidate, _) in candidates {
            let step = Step { event: CandidateEvent::Created.name(), fields: Vec::new() };
            tx.record(record(&candidate, Change::Created, step));
            ids.push(candidate.id);
        }
    }
    Ok(ids)
}

fn new(tx: &TenantTx, draft: &CandidateDraft, state: State) -> Candidate {
    let id = CandidateId::new(tx.clock());
    let now = tx.now();
    let (personal, indexes) = seal(tx, id, draft);
    Candidate {
        id,
        status: state.status,
        consent: state.consent,
        professional: draft.professional(),
        personal,
        retain_until: state.retain_until,
        created_by: tx.author().to_owned(),
        created_at: now,
        updated_at: now,
        version: 1,
        merged_into: None,
        indexes,
    }
}

/// Writes a candidate's new draft and state over the version that was read. Without a draft the
/// personal members stay sealed as they are.
///
/// # Errors
/// [`StoreError::Stale`] when they have changed since; or e-mail address or reference is taken.
pub async fn save(
    tx: &mut TenantTx,
    read: &Candidate,
    draft: Option<&CandidateDraft>,
    state: State,
    step: Step,
) -> Result<Candidate, StoreError> {
    let mut candidate = Candidate {
        status: state.status,
        consent: state.consent,
        retain_until: state.retain_until,
        updated_at: tx.now(),
        version: read.version + 1,
        ..read.clone()
    };
    if let Some(draft) = draft {
        candidate.professional = draft.professional();
        (candidate.personal, candidate.indexes) = seal(tx, read.id, draft);
    }
    write(tx, read, &candidate, step).await?;
    projections::reflect(tx, &candidate, draft).await?;
    Ok(candidate)
}

async fn write(
    tx: &mut TenantTx,
    read: &Candidate,
    candidate: &Candidate,
    step: Step,
) -> Result<(), StoreError> {
    let update = Entity::update_many()
        .set(row(tx, candidate))
        .filter(Column::Id.eq(candidate.id.uuid()))
        .filter(Column::Version.eq(read.version));
    if tx.update(update, record(candidate, Change::Updated, step)).await? {
        return Ok(());
    }
    Err(StoreError::Stale { current: require(tx, read.id).await?.version })
}

/// Erases somebody: what is left is an id, dates, and a keyed hash of their address, by which they
/// are not written down again unasked.
///
/// # Errors
/// [`StoreError::Stale`] when they have changed since.
pub(crate) async fn erase(tx: &mut TenantTx, read: &Candidate) -> Result<Candidate, StoreError> {
    if let Some(email) = read.indexes.email.clone() {
        suppress(tx, email).await?;
    }
    idempotency::forget(tx, read.id.uuid()).await?;
    blocklists::forget(tx, read.id).await?;
    exports::expire(tx, true).await?;
    let candidate = tombstone(tx, read, (CandidateMove::Erase, None)).await?;
    // In this order: a run of the matcher that is under way holds the projection, and what it wrote
    // is seen after it let go.
    matches::forget(tx, candidate.id).await?;
    Ok(candidate)
}

/// The record of somebody goes into another one of theirs.
///
/// # Errors
/// [`StoreError::Stale`] when it has changed since.
pub(crate) async fn go_into(
    tx: &mut TenantTx,
    read: &Candidate,
    other: CandidateId,
) -> Result<Candidate, StoreError> {
    tombstone(tx, read, (CandidateMove::Merge, Some(other))).await
}

/// Leaves an id and dates of a record.
async fn tombstone(
    tx: &mut TenantTx,
    read: &Candidate,
    (made, merged_into): (CandidateMove, Option<CandidateId>),
) -> Result<Candidate, StoreError> {
    let illegal = |_| inconsistent(read.id, "to leave a tombstone and not where that is legal");
    let status = read.status.apply(made).map_err(illegal)?;
    let consent =
        Consent { status: ConsentStatus::Withdrawn, ..Consent::pending(read.consent.basis) };
    let candidate = Candidate {
        status,
        consent,
        professional: Value::Object(serde_json::Map::new()),
        personal: Sealed::from_columns(Level::Personal, (TABLE, read.id.uuid()), Vec::new()),
        retain_until: None,
        updated_at: tx.now(),
        version: read.version + 1,
        merged_into,
        indexes: Indexes::default(),
        ..read.clone()
    };
    let fields = merged_into.map(|_| "merged_into".to_owned()).into_iter().collect();
    let step = Step { event: CandidateEvent::of(made).name(), fields };
    write(tx, read, &candidate, step).await?;
    projections::reflect(tx, &candidate, None).await?;
    Ok(candidate)
}

/// The candidates of these references.
pub(crate) async fn by_reference(
    view: &TenantView,
    references: Vec<String>,
) -> Result<HashMap<String, Candidate>, StoreError> {
    let query = view.find::<Entity>().filter(Column::ExternalRef.is_in(references));
    let rows = query.all(&view.session).await?.into_iter();
    let known = rows.filter_map(|row| Some((row.external_ref.clone()?, row)));
    known.map(|(reference, row)| Ok((reference, Candidate::try_from(row)?))).collect()
}

/// Who has these addresses.
pub(crate) async fn by_email(
    view: &TenantView,
    indexes: Vec<Vec<u8>>,
) -> Result<HashMap<Vec<u8>, CandidateId>, StoreError> {
    let rows: Vec<(Option<Vec<u8>>, Uuid)> = view
        .find::<Entity>()
        .filter(Column::EmailIndex.is_in(indexes))
        .select_only()
        .columns([Column::EmailIndex, Column::Id])
        .into_tuple()
        .all(&view.session)
        .await?;
    Ok(rows.into_iter().filter_map(|(at, id)| Some((at?, CandidateId::from_uuid(id)))).collect())
}

/// Which of these addresses belong to people who asked to be forgotten.
pub(crate) async fn suppressed(
    view: &TenantView,
    emails: Vec<Vec<u8>>,
) -> Result<HashSet<Vec<u8>>, StoreError> {
    let query = view.find::<suppression::Entity>();
    let rows = query.filter(suppression::Column::EmailIndex.is_in(emails)).all(&view.session);
    Ok(rows.await?.into_iter().map(|row| row.email_index).collect())
}

async fn suppress(tx: &TenantTx, email_index: Vec<u8>) -> Result<(), StoreError> {
    let row = suppression::ActiveModel {
        tenant_id: Set(tx.tenant().uuid()),
        email_index: Set(email_index),
        erased_at: Set(tx.now().millis()),
    };
    let once = OnConflict::new().do_nothing().to_owned();
    suppression::Entity::insert(row).on_conflict(once).exec_without_returning(&tx.session).await?;
    Ok(())
}

/// A candidate by their id.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has none of that id.
pub async fn require(view: &TenantView, id: CandidateId) -> Result<Candidate, StoreError> {
    let row = view.find::<Entity>().filter(Column::Id.eq(id.uuid())).one(&view.session).await?;
    row.ok_or(StoreError::Missing)?.try_into()
}

/// A candidate whom nobody else changes until this transaction ends.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has none of that id.
pub async fn hold(tx: &TenantTx, id: CandidateId) -> Result<Candidate, StoreError> {
    let query = tx.find::<Entity>().filter(Column::Id.eq(id.uuid())).lock_exclusive();
    query.one(&tx.session).await?.ok_or(StoreError::Missing)?.try_into()
}

/// The candidates with exactly this contact. At most one has an e-mail address.
///
/// # Errors
/// When the database fails.
pub async fn search(view: &TenantView, contact: &Contact) -> Result<Vec<Candidate>, StoreError> {
    let (column, index) = match contact {
        Contact::Email(email) => (Column::EmailIndex, email_index(view, email)),
        Contact::Phone(phone) => (Column::PhoneIndex, phone_index(view, phone)),
    };
    let rows = view
        .find::<Entity>()
        .filter(column.eq(index))
        .order_by_desc(Column::Id)
        .limit(FOUND_MAX)
        .all(&view.session)
        .await?;
    rows.into_iter().map(Candidate::try_from).collect()
}

/// A page of candidates, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    view: &TenantView,
    filter: &Filter,
    page: PageRequest<CandidateId>,
) -> Result<Page<Candidate, CandidateId>, StoreError> {
    let mut query = view.find::<Entity>();
    if let Some(status) = filter.status {
        query = query.filter(Column::Status.eq(status.as_str()));
    }
    if let Some(reference) = &filter.external_ref {
        query = query.filter(Column::ExternalRef.eq(reference.as_str()));
    }
    query = query.filter(search::any_skill(&filter.skills, Column::Skills));
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after.uuid()));
    }
    let rows = query.order_by_desc(Column::Id).limit(page.limit + 1).all(&view.session).await?;
    let candidates = rows.into_iter().map(Candidate::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(candidates, page.limit, |candidate| candidate.id))
}

/// Is there such a candidate in this tenant?
pub(crate) async fn exists(view: &TenantView, id: CandidateId) -> Result<bool, StoreError> {
    let one = view
        .find::<Entity>()
        .filter(Column::Id.eq(id.uuid()))
        .select_only()
        .expr_as(Expr::val(1), "one")
        .into_tuple::<i32>()
        .one(&view.session)
        .await?;
    Ok(one.is_some())
}

fn seal(view: &TenantView, id: CandidateId, draft: &CandidateDraft) -> (Sealed, Indexes) {
    let document = Pii::new(draft.document(Purpose::Seal));
    let personal = Sealed::split(view, Level::Personal, (TABLE, id.uuid()), PERSONAL, &document);
    let phone = draft.phone.as_ref().map(|phone| phone_index(view, phone));
    (personal, Indexes { email: Some(email_index(view, &draft.email)), phone })
}

/// The blind index of an address.
pub(crate) fn email_index(view: &TenantView, email: &Pii<Email>) -> Vec<u8> {
    let folded = email.open(Purpose::Index).folded();
    view.keys().blind_index(TABLE, "email", &folded).to_vec()
}

fn phone_index(view: &TenantView, phone: &Pii<Phone>) -> Vec<u8> {
    view.keys().blind_index(TABLE, "phone", phone.open(Purpose::Index).as_str()).to_vec()
}

/// When there is something to do about consent: only what was granted runs out.
fn consent_until(consent: &Consent) -> Option<Timestamp> {
    consent.expires_at.filter(|_| consent.status == ConsentStatus::Granted)
}

fn row(tx: &TenantTx, candidate: &Candidate) -> ActiveModel {
    let column = |name| candidate.personal.column(name);
    let reference = candidate.professional.get("external_ref").and_then(Value::as_str);
    Model {
        id: candidate.id.uuid(),
        tenant_id: tx.tenant().uuid(),
        external_ref: reference.map(ToOwned::to_owned),
        status: candidate.status.as_str().to_owned(),
        consent: search::json(&candidate.consent),
        skills: search::skill_tokens(&candidate.professional),
        profile: candidate.professional.clone(),
        given_name: column("given_name"),
        family_name: column("family_name"),
        preferred_name: column("preferred_name"),
        email: column("email"),
        phone: column("phone"),
        address: column("address"),
        summary: column("summary"),
        employments_history: column("employments_history"),
        education: column("education"),
        email_index: candidate.indexes.email.clone(),
        phone_index: candidate.indexes.phone.clone(),
        retain_until: candidate.retain_until.map(Timestamp::millis),
        consent_until: consent_until(&candidate.consent).map(Timestamp::millis),
        created_by: candidate.created_by.clone(),
        created_at: candidate.created_at.millis(),
        updated_at: candidate.updated_at.millis(),
        version: candidate.version,
        merged_into: candidate.merged_into.map(|id| id.uuid()),
    }
    .into_active_model()
    .reset_all()
}

impl TryFrom<Model> for Candidate {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let id = CandidateId::from_uuid(row.id);
        let status = CandidateStatus::parse(&row.status);
        let columns = vec![
            ("given_name", row.given_name),
            ("family_name", row.family_name),
            ("preferred_name", row.preferred_name),
            ("email", row.email),
            ("phone", row.phone),
            ("address", row.address),
            ("summary", row.summary),
            ("employments_history", row.employments_history),
            ("education", row.education),
        ];
        Ok(Self {
            id,
            status: status.ok_or_else(|| inconsistent(id, "status"))?,
            consent: serde_json::from_value(row.consent)
                .map_err(|_| inconsistent(id, "consent"))?,
            professional: row.profile,
            personal: Sealed::from_columns(Level::Personal, (TABLE, row.id), columns),
            retain_until: row.retain_until.map(Timestamp::from_millis),
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
            version: row.version,
            merged_into: row.merged_into.map(CandidateId::from_uuid),
            indexes: Indexes { email: row.email_index, phone: row.phone_index },
        })
    }
}

fn record(candidate: &Candidate, change: Change, step: Step) -> Record {
    Record {
        resource: "candidate",
        id: candidate.id.uuid(),
        printed: candidate.id.to_string(),
        version: candidate.version,
        change,
        event: Some(step.event),
        fields: step.fields,
    }
}

/// Never the parser's own words: they quote values.
fn inconsistent(id: CandidateId, what: &str) -> StoreError {
    StoreError::Inconsistent { table: TABLE, id: id.to_string(), what: what.to_owned() }
}

const TABLE: &str = "candidate";
const PERSONAL: &[&str] = &[
    "given_name",
    "family_name",
    "preferred_name",
    "email",
    "phone",
    "address",
    "summary",
    "employments_history",
    "education",
];
const FOUND_MAX: u64 = 100;
/// Well below the parameters that a statement may have on either database.
const ROWS_MAX: usize = 256;
