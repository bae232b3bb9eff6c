//! Exports: candidates by the thousand, written in the background in parts that are kept sealed for
//! a day.

use std::time::Duration;

use kernel::{ExportId, Secret, Timestamp};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
};
use staffing::bulk::Format;
use uuid::Uuid;
use vault::Place;

use crate::chores::{self, Kind};
use crate::entities::{export, export_part};
use crate::journal::{Change, Record};
use crate::page::{Page, PageRequest};
use crate::{StoreError, TenantTx, TenantView};

/// Where an export stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportStatus {
    /// It is being written.
    Running,
    /// Its parts can be read.
    Completed,
    /// It could not be written.
    Failed,
    /// Its time is over, or somebody in it was erased.
    Expired,
}

/// An export.
#[derive(Clone, Debug)]
pub struct Export {
    /// Its id.
    pub id: ExportId,
    /// How it is written.
    pub format: Format,
    /// Whether it holds personal data.
    pub with_personal: bool,
    /// Where it stands.
    pub status: ExportStatus,
    /// How many candidates it holds so far.
    pub records: i64,
    /// How many parts it has so far.
    pub parts: i64,
    /// Who asked for it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was written.
    pub ended_at: Option<Timestamp>,
    /// Until when its parts can be read.
    pub expires_at: Option<Timestamp>,
    /// Counts its changes from 1.
    pub version: i64,
    pub(crate) last_id: Option<Uuid>,
}

impl ExportStatus {
    const ALL: [Self; 4] = [Self::Running, Self::Completed, Self::Failed, Self::Expired];

    /// The name, as stores and callers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }
}

/// Asks for an export.
///
/// # Errors
/// When the database fails.
pub async fn add(
    tx: &mut TenantTx,
    format: Format,
    with_personal: bool,
) -> Result<Export, StoreError> {
    let export = Export {
        id: ExportId::new(tx.clock()),
        format,
        with_personal,
        status: ExportStatus::Running,
        records: 0,
        parts: 0,
        created_by: tx.author().to_owned(),
        created_at: tx.now(),
        ended_at: None,
        expires_at: None,
        version: 1,
        last_id: None,
    };
    let row = row(tx, &export);
    tx.insert(row, record(&export, Change::Created, None)).await?;
    chores::add(tx, Kind::Export, export.id.uuid(), tx.real_now()).await?;
    Ok(export)
}

/// Keeps a part.
pub(crate) async fn keep(
    tx: &TenantTx,
    export: &Export,
    number: i64,
    text: &str,
) -> Result<(), StoreError> {
    let column = column(number);
    let place = Place { table: PART, column: &column, row: export.id.as_bytes() };
    let row = export_part::ActiveModel {
        tenant_id: Set(tx.tenant().uuid()),
        export_id: Set(export.id.uuid()),
        number: Set(number),
        sealed: Set(tx.keys().seal(&place, text.as_bytes())),
    };
    export_part::Entity::insert(row).exec_without_returning(&tx.session).await?;
    Ok(())
}

/// A part of an export that is ready.
///
/// # Errors
/// [`StoreError::NotReady`] before that and after its time, [`StoreError::Missing`] when it has no
/// part of that number.
pub async fn part(
    view: &TenantView,
    export: &Export,
    number: i64,
    now: Timestamp,
) -> Result<Secret<Vec<u8>>, StoreError> {
    let is_over = export.expires_at.is_some_and(|until| until <= now);
    if export.status != ExportStatus::Completed || is_over {
        return Err(StoreError::NotReady);
    }
    let row = view
        .find::<export_part::Entity>()
        .filter(export_part::Column::ExportId.eq(export.id.uuid()))
        .filter(export_part::Column::Number.eq(number))
        .one(&view.session)
        .await?;
    let row = row.ok_or(StoreError::Missing)?;
    let column = column(number);
    let place = Place { table: PART, column: &column, row: export.id.as_bytes() };
    Ok(view.keys().open(&place, &row.sealed)?)
}

/// Somebody has begun to read it: audited, and told as an event.
pub fn downloaded(tx: &mut TenantTx, export: &Export) {
    let fields = Vec::new();
    let read = record(export, Change::Updated, Some("export.downloaded"));
    tx.record(Record { fields, ..read });
}

/// Gives an export up that fails again and again.
pub(crate) async fn fail(tx: &mut TenantTx, id: ExportId) -> Result<(), StoreError> {
    let read = require(tx, id).await?;
    let export = ended(tx, &read, ExportStatus::Failed);
    save(tx, &read, &export, Some(Some("export.failed"))).await
}

/// What was written of exports that were given up is not needed any more.
pub(crate) async fn forget_failed(tx: &TenantTx) -> Result<(), StoreError> {
    let failed = tx
        .find::<export::Entity>()
        .filter(export::Column::Status.eq(ExportStatus::Failed.as_str()))
        .select_only()
        .column(export::Column::Id)
        .into_query();
    export_part::Entity::delete_many()
        .filter(export_part::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(export_part::Column::ExportId.in_subquery(failed))
        .exec(&tx.session)
        .await?;
    Ok(())
}

/// Ends exports whose time is over; with personal data all of them, where somebody was erased who
/// may be in one.
pub(crate) async fn expire(tx: &mut TenantTx, with_personal: bool) -> Result<(), StoreError> {
    let ready = [ExportStatus::Completed.as_str(), ExportStatus::Running.as_str()];
    let mut query = tx.find::<export::Entity>();
    query = match with_personal {
        true => query
            .filter(export::Column::WithPersonal.eq(true))
            .filter(export::Column::Status.is_in(ready)),
        false => query
            .filter(export::Column::Status.eq(ExportStatus::Completed.as_str()))
            .filter(export::Column::ExpiresAt.lte(tx.now().millis())),
    };
    for row in query.all(&tx.session).await? {
        end(tx, &Export::try_from(row)?).await?;
    }
    Ok(())
}

fn ended(tx: &TenantTx, read: &Export, status: ExportStatus) -> Export {
    Export {
        status,
        ended_at: read.ended_at.or_else(|| Some(tx.now())),
        version: read.version + 1,
        ..read.clone()
    }
}

async fn end(tx: &mut TenantTx, read: &Export) -> Result<(), StoreError> {
    let export = ended(tx, read, ExportStatus::Expired);
    save(tx, read, &export, Some(None)).await?;
    export_part::Entity::delete_many()
        .filter(export_part::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(export_part::Column::ExportId.eq(read.id.uuid()))
        .exec(&tx.session)
        .await?;
    Ok(())
}

/// Writes an export's new state over the version that was read; `event` says whether the journal
/// takes a record, and with which event.
pub(crate) async fn save(
    tx: &mut TenantTx,
    read: &Export,
    export: &Export,
    event: Option<Option<&'static str>>,
) -> Result<(), StoreError> {
    let update = export::Entity::update_many()
        .set(row(tx, export))
        .filter(export::Column::Id.eq(export.id.uuid()))
        .filter(export::Column::Version.eq(read.version));
    let record = event.map(|event| record(export, Change::Updated, event));
    if tx.update_quietly(update, record).await? { Ok(()) } else { Err(StoreError::Closed) }
}

/// An export by its id.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has none of that id.
pub async fn require(view: &TenantView, id: ExportId) -> Result<Export, StoreError> {
    let query = view.find::<export::Entity>().filter(export::Column::Id.eq(id.uuid()));
    query.one(&view.session).await?.ok_or(StoreError::Missing)?.try_into()
}

/// A page of exports, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    view: &TenantView,
    page: PageRequest<ExportId>,
) -> Result<Page<Export, ExportId>, StoreError> {
    let mut query = view.find::<export::Entity>();
    if let Some(after) = page.after {
        query = query.filter(export::Column::Id.lt(after.uuid()));
    }
    let query = query.order_by_desc(export::Column::Id).limit(page.limit + 1);
    let rows = query.all(&view.session).await?;
    let exports = rows.into_iter().map(Export::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(exports, page.limit, |export| export.id))
}

fn row(tx: &TenantTx, export: &Export) -> export::ActiveModel {
    export::Model {
        id: export.id.uuid(),
        tenant_id: tx.tenant().uuid(),
        format: export.format.as_str().to_owned(),
        with_personal: export.with_personal,
        status: export.status.as_str().to_owned(),
        last_id: export.last_id,
        records: export.records,
        parts: export.parts,
        created_by: export.created_by.clone(),
        created_at: export.created_at.millis(),
        ended_at: export.ended_at.map(Timestamp::millis),
        expires_at: export.expires_at.map(Timestamp::millis),
        version: export.version,
    }
    .into_active_model()
    .reset_all()
}

impl TryFrom<export::Model> for Export {
    type Error = StoreError;

    fn try_from(row: export::Model) -> Result<Self, StoreError> {
        let id = ExportId::from_uuid(row.id);
        let odd = |what: &str| StoreError::Inconsistent {
            table: "export",
            id: id.to_string(),
            what: what.to_owned(),
        };
        let status = ExportStatus::ALL.into_iter().find(|status| status.as_str() == row.status);
        Ok(Self {
            id,
            format: Format::parse(&row.format).ok_or_else(|| odd("format"))?,
            with_personal: row.with_personal,
            status: status.ok_or_else(|| odd("status"))?,
            records: row.records,
            parts: row.parts,
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
            ended_at: row.ended_at.map(Timestamp::from_millis),
            expires_at: row.expires_at.map(Timestamp::from_millis),
            version: row.version,
            last_id: row.last_id,
        })
    }
}

fn record(export: &Export, change: Change, event: Option<&'static str>) -> Record {
    Record {
        resource: "export",
        id: export.id.uuid(),
        printed: export.id.to_string(),
        version: export.version,
        change,
        event,
        fields: if change == Change::Created { Vec::new() } else { vec!["status".to_owned()] },
    }
}

fn column(number: i64) -> String {
    format!("sealed/{number}")
}

const PART: &str = "export_part";
/// How long the parts can be read.
pub(crate) const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
