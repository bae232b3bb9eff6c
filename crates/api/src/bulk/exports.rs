//! Exports: asked for, followed, read part by part.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::{App, Dossier};
use http::header::CACHE_CONTROL;
use kernel::id::kinds::Export as ExportKind;
use kernel::{ExportId, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use staffing::bulk::Format;
use store::exports::{self, Export};
use utoipa::ToSchema;

use crate::Settings;
use crate::extract::{At, Body, Facts, PartOf, Permit};
use crate::may::May;
use crate::paging::{List, Listed, Paging};
use crate::reply::{Answer, Refused, Reply};

/// What an export shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewExport {
    /// How it is written.
    format: Format,
    /// Whether it holds personal data: needs the scope `read:candidates.pii`, now and for reading.
    #[serde(default)]
    with_personal: bool,
}

/// An export.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportView {
    /// Its id.
    id: ExportId,
    /// How it is written.
    format: Format,
    /// Whether it holds personal data.
    with_personal: bool,
    /// `running`, `completed`, `failed` or `expired`.
    status: &'static str,
    /// How many candidates it holds so far.
    records: i64,
    /// How many parts it has so far; put together in their order they are the whole.
    parts: i64,
    /// Who asked for it.
    created_by: String,
    /// When.
    created_at: Timestamp,
    /// When it was written.
    ended_at: Option<Timestamp>,
    /// Until when its parts can be read.
    expires_at: Option<Timestamp>,
    /// Counts its changes from 1.
    version: i64,
}

/// Ask for an export of all candidates.
///
/// It is written in the background and can be read for a day; it ends earlier when somebody is
/// erased and it holds personal data.
#[utoipa::path(
    post, path = "/v1/exports", operation_id = "export.create", tag = "Bulk",
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255,
        pattern = "^[!-~]+$")),
    request_body = NewExport,
    responses((status = 201, description = "It is being written", body = ExportView)),
    extensions(("x-ringwall" = json!({
        "action": "export.run", "sensitive": "high",
        "limits": [{ "name": "exports", "by": ["client"], "max": 60, "window_s": 900 }]
    })))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(new): Body<NewExport>,
) -> Answer {
    insist(&May::new(&app, &permit), new.with_personal, &dossier)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let export = exports::add(&mut tx, new.format, new.with_personal).await?;
    let location = format!("/v1/exports/{}", export.id);
    let reply = Reply::created(location, &ExportView::from(export))?;
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// List exports, the latest first.
#[utoipa::path(
    get, path = "/v1/exports", operation_id = "export.list", tag = "Bulk",
    params(Paging),
    responses((status = 200, description = "A page", body = Listed<ExportView>)),
    extensions(("x-ringwall" = json!({"action": "export.read"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    RawQuery(raw): RawQuery,
) -> Answer {
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let page = list.page(&crate::query::parse::<Paging>(&raw)?)?;
    let tenant = app.store.view(&permit).await?;
    let page = exports::list(&tenant, page).await?.map(ExportView::from);
    let (listed, next) = list.listed(page, "/v1/exports");
    Ok(Reply::ok(&listed)?.next_page(next))
}

/// Read how far an export has come.
#[utoipa::path(
    get, path = "/v1/exports/{id}", operation_id = "export.read", tag = "Bulk",
    params(("id" = String, Path, pattern = "^exp_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "The export", body = ExportView)),
    extensions(("x-ringwall" = json!({"action": "export.read"})))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Permit(permit): Permit,
    At(id): At<ExportKind>,
) -> Answer {
    let tenant = app.store.view(&permit).await?;
    Reply::ok(&ExportView::from(exports::require(&tenant, id).await?))
}

/// Read a part of an export.
///
/// In a table, a cell that a spreadsheet would take for a formula stands behind an apostrophe.
#[utoipa::path(
    get, path = "/v1/exports/{id}/parts/{number}", operation_id = "export.part", tag = "Bulk",
    params(
        ("id" = String, Path, pattern = "^exp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("number" = i64, Path, minimum = 1, maximum = 1_000_000),
    ),
    responses(
        (status = 200, description = "The part", content(
            (String = "application/x-ndjson"), (String = "text/csv"))),
        (status = 409, description = "It is still being written, or its time is over"),
    ),
    extensions(("x-ringwall" = json!({"action": "export.read", "sensitive": "high"})))
)]
pub(crate) async fn part(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    PartOf(id, number): PartOf<ExportKind>,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let export = exports::require(&tx, id).await?;
    insist(&May::new(&app, &permit), export.with_personal, &dossier)?;
    let text = exports::part(&tx, &export, number, tx.now()).await?;
    let text = String::from_utf8(text.expose().clone()).map_err(Problem::internal)?;
    if number == 1 {
        exports::downloaded(&mut tx, &export);
    }
    tx.commit(None).await?;
    Ok(Reply::text(export.format.media(), text).with(CACHE_CONTROL, "no-store".to_owned()))
}

fn insist(may: &May<'_>, with_personal: bool, dossier: &Dossier) -> Result<(), Refused> {
    may.insist("candidate.list", dossier)?;
    if with_personal { may.insist("candidate.read_pii", dossier) } else { Ok(()) }
}

impl From<Export> for ExportView {
    fn from(export: Export) -> Self {
        Self {
            id: export.id,
            format: export.format,
            with_personal: export.with_personal,
            status: export.status.as_str(),
            records: export.records,
            parts: export.parts,
            created_by: export.created_by,
            created_at: export.created_at,
            ended_at: export.ended_at,
            expires_at: export.expires_at,
            version: export.version,
        }
    }
}
