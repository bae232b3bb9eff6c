//! Imports: candidates by the thousand, sent in parts and carried out in the background.
//!
//! A part is kept sealed as it was sent, and goes once the import has ended. Each line becomes a
//! candidate with the line's own reference, or a change of the one that has it: the same import
//! twice is the same as once.

use kernel::{CandidateId, ImportId, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
};
use serde_json::Value;
use staffing::bulk::Format;
use vault::Place;

use crate::chores::{self, Kind};
use crate::entities::{import, import_part, import_result};
use crate::journal::{Change, Record};
use crate::page::{Page, PageRequest};
use crate::{StoreError, TenantTx, TenantView};

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportStatus {
    /// It takes parts.
    Receiving,
    /// It has all parts and is being carried out, or will be soon.
    Running,
    /// Every line has its result.
    Completed,
    /// It was called off; lines that were done stay done.
    Cancelled,
    /// It could not be carried out; lines that were done stay done.
    Failed,
}

/// An import.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// How its parts are written.
    pub format: Format,
    /// Where it stands.
    pub status: ImportStatus,
    /// How many parts it has; known once it was started.
    pub parts: Option<i64>,
    /// Lines that were sent, as far as is known.
    pub lines: i64,
    /// How many of them have a result, and which.
    pub tally: Tally,
    /// Who asked for it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Counts its changes from 1.
    pub version: i64,
    pub(crate) place: Spot,
}

/// What became of the lines so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines with a result.
    pub done: i64,
    /// New candidates.
    pub created: i64,
    /// Candidates that changed.
    pub updated: i64,
    /// Candidates that were as the line says already.
    pub unchanged: i64,
    /// Lines that could not be carried out.
    pub failed: i64,
}

/// How far the parts have been read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub(crate) part: i64,
    pub(crate) record: i64,
}

/// What became of one line.
#[derive(Clone, Debug)]
pub struct LineResult {
    /// Which line, counted over all parts from 1; a table's header is none.
    pub line: i64,
    /// What was done.
    pub outcome: Outcome,
    /// The candidate, where there is one.
    pub candidate: Option<CandidateId>,
    /// Why nothing could be done: what a problem lists under `errors`, or nothing.
    pub errors: Value,
}

/// What was done with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new candidate was written down.
    Created,
    /// A candidate changed.
    Updated,
    /// A candidate was as the line says already.
    Unchanged,
    /// Nothing could be done.
    Failed,
}

impl ImportStatus {
    const ALL: [Self; 5] =
        [Self::Receiving, Self::Running, Self::Completed, Self::Cancelled, Self::Failed];

    /// The name, as stores and callers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Created, Self::Updated, Self::Unchanged, Self::Failed];

    /// The name, as stores and callers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }

    /// The outcome of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// Opens a new import for parts.
///
/// # Errors
/// When the database fails.
pub async fn add(tx: &mut TenantTx, format: Format) -> Result<Import, StoreError> {
    let import = Import {
        id: ImportId::new(tx.clock()),
        format,
        status: ImportStatus::Receiving,
        parts: None,
        lines: 0,
        tally: Tally::default(),
        created_by: tx.author().to_owned(),
        created_at: tx.now(),
        started_at: None,
        ended_at: None,
        version: 1,
        place: Spot { part: 1, record: 0 },
    };
    let row = row(tx, &import);
    tx.insert(row, record(&import, Change::Created, None)).await?;
    Ok(import)
}

/// Keeps a part, instead of any of its number. How many records it has was counted before.
///
/// # Errors
/// [`StoreError::Closed`] when the import takes no parts any more.
pub async fn put_part(
    tx: &mut TenantTx,
    import: &Import,
    number: i64,
    (records, bytes): (i64, &[u8]),
) -> Result<(), StoreError> {
    if import.status != ImportStatus::Receiving {
        return Err(StoreError::Closed);
    }
    let column = column(number);
    let place = Place { table: PART, column: &column, row: import.id.as_bytes() };
    let row = import_part::ActiveModel {
        tenant_id: Set(tx.tenant().uuid()),
        import_id: Set(import.id.uuid()),
        number: Set(number),
        records: Set(records),
        sealed: Set(tx.keys().seal(&place, bytes)),
    };
    let key = [import_part::Column::TenantId, import_part::Column::ImportId];
    let again = OnConflict::columns(key.into_iter().chain([import_part::Column::Number]))
        .update_columns([import_part::Column::Records, import_part::Column::Sealed])
        .to_owned();
    import_part::Entity::insert(row).on_conflict(again).exec_without_returning(&tx.session).await?;
    Ok(())
}

/// Starts an import that has all its parts.
///
/// # Errors
/// [`StoreError::Closed`] when it was started with other parts or is over, or
/// [`StoreError::Incomplete`] when a part is missing.
pub async fn start(tx: &mut TenantTx, read: &Import, parts: i64) -> Result<Import, StoreError> {
    if read.status == ImportStatus::Running && read.parts == Some(parts) {
        return Ok(read.clone());
    }
    if read.status != ImportStatus::Receiving {
        return Err(StoreError::Closed);
    }
    let counts: Vec<(i64, i64)> = tx
        .find::<import_part::Entity>()
        .filter(import_part::Column::ImportId.eq(read.id.uuid()))
        .select_only()
        .columns([import_part::Column::Number, import_part::Column::Records])
        .order_by_asc(import_part::Column::Number)
        .into_tuple()
        .all(&tx.session)
        .await?;
    let is_whole = counts.iter().map(|(number, _)| *number).eq(1..=parts);
    let lines = counts.iter().map(|(_, records)| records).sum();
    if !is_whole || lines > LINES_MAX {
        return Err(StoreError::Incomplete);
    }
    let import = Import {
        status: ImportStatus::Running,
        parts: Some(parts),
        lines,
        started_at: Some(tx.now()),
        version: read.version + 1,
        ..read.clone()
    };
    save(tx, read, &import, Some(None)).await?;
    chores::add(tx, Kind::Import, import.id.uuid(), tx.real_now()).await?;
    Ok(import)
}

/// Calls an import off.
///
/// # Errors
/// [`StoreError::Closed`] when it is over.
pub async fn cancel(tx: &mut TenantTx, read: &Import) -> Result<Import, StoreError> {
    if !matches!(read.status, ImportStatus::Receiving | ImportStatus::Running) {
        return Err(StoreError::Closed);
    }
    let import = Import {
        status: ImportStatus::Cancelled,
        ended_at: Some(tx.now()),
        version: read.version + 1,
        ..read.clone()
    };
    save(tx, read, &import, Some(None)).await?;
    forget_parts(tx, import.id).await?;
    Ok(import)
}

/// Gives an import up that fails again and again. What was sent goes when it is pruned: it may be
/// the very thing that cannot be reached.
pub(crate) async fn fail(tx: &mut TenantTx, id: ImportId) -> Result<(), StoreError> {
    let read = require(tx, id).await?;
    let import = Import {
        status: ImportStatus::Failed,
        ended_at: Some(tx.now()),
        version: read.version + 1,
        ..read.clone()
    };
    save(tx, &read, &import, Some(Some("import.failed"))).await
}

/// Writes an import's new state over the version that was read; `event` says whether the journal
/// takes a record, and with which event.
pub(crate) async fn save(
    tx: &mut TenantTx,
    read: &Import,
    import: &Import,
    event: Option<Option<&'static str>>,
) -> Result<(), StoreError> {
    let update = import::Entity::update_many()
        .set(row(tx, import))
        .filter(import::Column::Id.eq(import.id.uuid()))
        .filter(import::Column::Version.eq(read.version));
    let record = event.map(|event| record(import, Change::Updated, event));
    if tx.update_quietly(update, record).await? { Ok(()) } else { Err(StoreError::Closed) }
}

/// What was sent is not needed any more.
pub(crate) async fn forget_parts(tx: &TenantTx, id: ImportId) -> Result<(), StoreError> {
    import_part::Entity::delete_many()
        .filter(import_part::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(import_part::Column::ImportId.eq(id.uuid()))
        .exec(&tx.session)
        .await?;
    Ok(())
}

/// What was sent for imports that were given up is not needed any more.
pub(crate) async fn forget_failed(tx: &TenantTx) -> Result<(), StoreError> {
    let failed = tx
        .find::<import::Entity>()
        .filter(import::Column::Status.eq(ImportStatus::Failed.as_str()))
        .select_only()
        .column(import::Column::Id)
        .into_query();
    import_part::Entity::delete_many()
        .filter(import_part::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(import_part::Column::ImportId.in_subquery(failed))
        .exec(&tx.session)
        .await?;
    Ok(())
}

/// A part as it was sent.
pub(crate) async fn part(
    view: &TenantView,
    id: ImportId,
    number: i64,
) -> Result<kernel::Secret<Vec<u8>>, StoreError> {
    let row = view
        .find::<import_part::Entity>()
        .filter(import_part::Column::ImportId.eq(id.uuid()))
        .filter(import_part::Column::Number.eq(number))
        .one(&view.session)
        .await?;
    let row = row.ok_or(StoreError::Missing)?;
    let column = column(number);
    let place = Place { table: PART, column: &column, row: id.as_bytes() };
    Ok(view.keys().open(&place, &row.sealed)?)
}

/// Keeps what became of some lines.
pub(crate) async fn keep_results(
    tx: &TenantTx,
    id: ImportId,
    results: &[LineResult],
) -> Result<(), StoreError> {
    let rows = results.iter().map(|result| import_result::ActiveModel {
        tenant_id: Set(tx.tenant().uuid()),
        import_id: Set(id.uuid()),
        line: Set(result.line),
        outcome: Set(result.outcome.as_str().to_owned()),
        candidate_id: Set(result.candidate.map(|id| id.uuid())),
        errors: Set((!result.errors.is_null()).then(|| result.errors.to_string())),
    });
    let rows: Vec<_> = rows.collect();
    for part in rows.chunks(ROWS_MAX) {
        let insert = import_result::Entity::insert_many(part.to_vec());
        insert.exec_without_returning(&tx.session).await?;
    }
    Ok(())
}

/// An import by its id.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has none of that id.
pub async fn require(view: &TenantView, id: ImportId) -> Result<Import, StoreError> {
    let query = view.find::<import::Entity>().filter(import::Column::Id.eq(id.uuid()));
    query.one(&view.session).await?.ok_or(StoreError::Missing)?.try_into()
}

/// A page of imports, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    view: &TenantView,
    page: PageRequest<ImportId>,
) -> Result<Page<Import, ImportId>, StoreError> {
    let mut query = view.find::<import::Entity>();
    if let Some(after) = page.after {
        query = query.filter(import::Column::Id.lt(after.uuid()));
    }
    let query = query.order_by_desc(import::Column::Id).limit(page.limit + 1);
    let rows = query.all(&view.session).await?;
    let imports = rows.into_iter().map(Import::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(imports, page.limit, |import| import.id))
}

/// A page of results in the order of the lines.
///
/// # Errors
/// When the database fails.
pub async fn results(
    view: &TenantView,
    id: ImportId,
    outcome: Option<Outcome>,
    page: PageRequest<i64>,
) -> Result<Page<LineResult, i64>, StoreError> {
    let mut query =
        view.find::<import_result::Entity>().filter(import_result::Column::ImportId.eq(id.uuid()));
    if let Some(outcome) = outcome {
        query = query.filter(import_result::Column::Outcome.eq(outcome.as_str()));
    }
    if let Some(after) = page.after {
        query = query.filter(import_result::Column::Line.gt(after));
    }
    let query = query.order_by_asc(import_result::Column::Line).limit(page.limit + 1);
    let rows = query.all(&view.session).await?;
    let results = rows.into_iter().map(LineResult::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(results, page.limit, |result| result.line))
}

fn row(tx: &TenantTx, import: &Import) -> import::ActiveModel {
    import::Model {
        id: import.id.uuid(),
        tenant_id: tx.tenant().uuid(),
        format: import.format.as_str().to_owned(),
        status: import.status.as_str().to_owned(),
        parts: import.parts,
        part_next: import.place.part,
        record_next: import.place.record,
        lines: import.lines,
        lines_done: import.tally.done,
        created: import.tally.created,
        updated: import.tally.updated,
        unchanged: import.tally.unchanged,
        failed: import.tally.failed,
        created_by: import.created_by.clone(),
        created_at: import.created_at.millis(),
        started_at: import.started_at.map(Timestamp::millis),
        ended_at: import.ended_at.map(Timestamp::millis),
        version: import.version,
    }
    .into_active_model()
    .reset_all()
}

impl TryFrom<import::Model> for Import {
    type Error = StoreError;

    fn try_from(row: import::Model) -> Result<Self, StoreError> {
        let id = ImportId::from_uuid(row.id);
        let odd = |what: &str| StoreError::Inconsistent {
            table: "import",
            id: id.to_string(),
            what: what.to_owned(),
        };
        let status = ImportStatus::ALL.into_iter().find(|status| status.as_str() == row.status);
        Ok(Self {
            id,
            format: Format::parse(&row.format).ok_or_else(|| odd("format"))?,
            status: status.ok_or_else(|| odd("status"))?,
            parts: row.parts,
            lines: row.lines,
            tally: Tally {
                done: row.lines_done,
                created: row.created,
                updated: row.updated,
                unchanged: row.unchanged,
                failed: row.failed,
            },
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
            started_at: row.started_at.map(Timestamp::from_millis),
            ended_at: row.ended_at.map(Timestamp::from_millis),
            version: row.version,
            place: Spot { part: row.part_next, record: row.record_next },
        })
    }
}

impl TryFrom<import_result::Model> for LineResult {
    type Error = StoreError;

    fn try_from(row: import_result::Model) -> Result<Self, StoreError> {
        let odd = |what: &str| StoreError::Inconsistent {
            table: "import_result",
            id: format!("{}/{}", row.import_id, row.line),
            what: what.to_owned(),
        };
        let errors = row.errors.as_deref().map_or(Ok(Value::Null), serde_json::from_str);
        Ok(Self {
            line: row.line,
            outcome: Outcome::parse(&row.outcome).ok_or_else(|| odd("outcome"))?,
            candidate: row.candidate_id.map(CandidateId::from_uuid),
            errors: errors.map_err(|_| odd("errors"))?,
        })
    }
}

fn record(import: &Import, change: Change, event: Option<&'static str>) -> Record {
    Record {
        resource: "import",
        id: import.id.uuid(),
        printed: import.id.to_string(),
        version: import.version,
        change,
        event,
        fields: if change == Change::Created { Vec::new() } else { vec!["status".to_owned()] },
    }
}

fn column(number: i64) -> String {
    format!("sealed/{number}")
}

const PART: &str = "import_part";
/// Most lines of an import.
pub const LINES_MAX: i64 = 100_000;
const ROWS_MAX: usize = 256;
