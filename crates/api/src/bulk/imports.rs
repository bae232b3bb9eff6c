//! Imports: opened, sent in parts, started, followed.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::App;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use kernel::id::kinds::Import as ImportKind;
use kernel::{CandidateId, Code, ImportId, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffing::bulk::{BulkError, Format};
use store::imports::{self, Import, LineResult, Outcome};
use utoipa::{IntoParams, ToSchema};

use crate::Settings;
use crate::extract::{At, Body, Facts, PartOf, Permit, Raw};
use crate::may::May;
use crate::paging::{List, Listed, Paging};
use crate::reply::{Answer, Reply};

/// What an import will be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewImport {
    /// How its parts are written.
    format: Format,
}

/// The lines of a part.
#[derive(ToSchema)]
#[schema(value_type = String, min_length = 1)]
#[expect(dead_code, reason = "says to the document that a part has at least one byte")]
pub(crate) struct PartText(String);

/// That an import has all its parts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    /// How many parts it has.
    #[schema(minimum = 1, maximum = 1000)]
    parts: u16,
}

/// An import.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportView {
    /// Its id.
    id: ImportId,
    /// How its parts are written.
    format: Format,
    /// `receiving`, `running`, `completed`, `cancelled` or `failed`.
    status: &'static str,
    /// How many parts it has; known once it was started.
    parts: Option<i64>,
    /// Lines that were sent; known once it was started.
    lines: i64,
    /// Lines with a result.
    done: i64,
    /// New candidates.
    created: i64,
    /// Candidates that changed.
    updated: i64,
    /// Candidates that were as the line says already.
    unchanged: i64,
    /// Lines that could not be carried out.
    failed: i64,
    /// Who asked for it.
    created_by: String,
    /// When.
    created_at: Timestamp,
    /// When it was started.
    started_at: Option<Timestamp>,
    /// When it ended.
    ended_at: Option<Timestamp>,
    /// Counts its changes from 1.
    version: i64,
}

/// That a part was taken.
#[derive(Serialize, ToSchema)]
pub(crate) struct PartTaken {
    /// Its number.
    number: i64,
    /// Lines or rows in it.
    lines: usize,
}

/// What became of one line.
#[derive(Serialize, ToSchema)]
pub(crate) struct LineView {
    /// Which line, counted over all parts from 1; empty lines and a table's header are none.
    line: i64,
    /// `created`, `updated`, `unchanged` or `failed`.
    outcome: &'static str,
    /// The candidate, where there is one.
    candidate_id: Option<CandidateId>,
    /// Why nothing could be done: what a problem lists under `errors`.
    #[schema(value_type = Vec<Object>)]
    errors: Value,
}

/// Which results.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ResultQuery {
    /// Only lines of which this became.
    #[param(inline)]
    outcome: Option<OutcomeName>,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutcomeName {
    /// A new candidate.
    Created,
    /// A changed one.
    Updated,
    /// One as it was.
    Unchanged,
    /// Nothing.
    Failed,
}

/// Open an import of candidates.
///
/// Then send its parts, each as often as is needed, and start it. A line is a candidate as
/// `POST /v1/candidates` takes it, with an `external_ref`: a candidate of that reference is changed
/// to what the line says, so the same import twice is the same as once.
#[utoipa::path(
    post, path = "/v1/imports", operation_id = "import.create", tag = "Bulk",
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255,
        pattern = "^[!-~]+$")),
    request_body = NewImport,
    responses((status = 201, description = "It takes parts", body = ImportView)),
    extensions(("x-ringwall" = json!({
        "action": "import.run",
        "limits": [{ "name": "imports", "by": ["client"], "max": 60, "window_s": 900 }]
    })))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(new): Body<NewImport>,
) -> Answer {
    May::new(&app, &permit).insist("candidate.create", &dossier)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let import = imports::add(&mut tx, new.format).await?;
    let location = format!("/v1/imports/{}", import.id);
    let reply = Reply::created(location, &ImportView::from(import))?;
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// Send a part of an import, in place of any of its number.
///
/// A part ends at the end of a line. Each part of a table has the header.
#[utoipa::path(
    put, path = "/v1/imports/{id}/parts/{number}", operation_id = "import.put_part", tag = "Bulk",
    params(
        ("id" = String, Path, pattern = "^imp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("number" = i64, Path, minimum = 1, maximum = 1000),
    ),
    request_body(content((PartText = "application/x-ndjson"), (PartText = "text/csv"))),
    responses(
        (status = 200, description = "It was taken", body = PartTaken),
        (status = 409, description = "The import takes no parts any more"),
    ),
    extensions(("x-ringwall" = json!({
        "action": "import.run", "sensitive": "high", "body_max": 4_194_304,
        "limits": [{ "name": "import-parts", "by": ["client"], "max": 1200, "window_s": 900 }]
    })))
)]
pub(crate) async fn put_part(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    PartOf(id, number): PartOf<ImportKind>,
    headers: HeaderMap,
    Raw(bytes): Raw,
) -> Answer {
    May::new(&app, &permit).insist("candidate.create", &dossier)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let import = imports::require(&tx, id).await?;
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let lines = match media.starts_with(import.format.media()) {
        true => import.format.count(&bytes).map_err(unreadable)?,
        false => return Err(unreadable_because("expected the format of the import").into()),
    };
    let counted = i64::try_from(lines).map_err(Problem::internal)?;
    imports::put_part(&mut tx, &import, number, (counted, &bytes)).await?;
    tx.commit(None).await?;
    Reply::ok(&PartTaken { number, lines })
}

/// Start an import that has all its parts.
///
/// Asked again, it answers the same.
#[utoipa::path(
    post, path = "/v1/imports/{id}/start", operation_id = "import.start", tag = "Bulk",
    params(("id" = String, Path, pattern = "^imp_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    request_body = Start,
    responses(
        (status = 200, description = "It is being carried out", body = ImportView),
        (status = 409, description = "A part is missing, or it is beyond this step"),
    ),
    extensions(("x-ringwall" = json!({"action": "import.run"})))
)]
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<ImportKind>,
    Body(start): Body<Start>,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let read = imports::require(&tx, id).await?;
    let import = imports::start(&mut tx, &read, start.parts.into()).await?;
    tx.commit(None).await?;
    Reply::ok(&ImportView::from(import))
}

/// Call an import off. What was done stays done.
#[utoipa::path(
    post, path = "/v1/imports/{id}/cancel", operation_id = "import.cancel", tag = "Bulk",
    params(("id" = String, Path, pattern = "^imp_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 200, description = "It is called off", body = ImportView),
        (status = 409, description = "It is over"),
    ),
    extensions(("x-ringwall" = json!({"action": "import.run"})))
)]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<ImportKind>,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let read = imports::require(&tx, id).await?;
    let import = imports::cancel(&mut tx, &read).await?;
    tx.commit(None).await?;
    Reply::ok(&ImportView::from(import))
}

/// List imports, the latest first.
#[utoipa::path(
    get, path = "/v1/imports", operation_id = "import.list", tag = "Bulk",
    params(Paging),
    responses((status = 200, description = "A page", body = Listed<ImportView>)),
    extensions(("x-ringwall" = json!({"action": "import.read"})))
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
    let page = imports::list(&tenant, page).await?.map(ImportView::from);
    let (listed, next) = list.listed(page, "/v1/imports");
    Ok(Reply::ok(&listed)?.next_page(next))
}

/// Read how far an import has come.
#[utoipa::path(
    get, path = "/v1/imports/{id}", operation_id = "import.read", tag = "Bulk",
    params(("id" = String, Path, pattern = "^imp_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "The import", body = ImportView)),
    extensions(("x-ringwall" = json!({"action": "import.read"})))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Permit(permit): Permit,
    At(id): At<ImportKind>,
) -> Answer {
    let tenant = app.store.view(&permit).await?;
    Reply::ok(&ImportView::from(imports::require(&tenant, id).await?))
}

/// List what became of the lines, in their order.
#[utoipa::path(
    get, path = "/v1/imports/{id}/results", operation_id = "import.results", tag = "Bulk",
    params(
        ("id" = String, Path, pattern = "^imp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ResultQuery, Paging,
    ),
    responses((status = 200, description = "A page", body = Listed<LineView>)),
    extensions(("x-ringwall" = json!({"action": "import.read"})))
)]
pub(crate) async fn results(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<ImportKind>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let page = list.page(&crate::query::parse::<Paging>(&raw)?)?;
    let tenant = app.store.view(&permit).await?;
    imports::require(&tenant, id).await?;
    let query: ResultQuery = crate::query::parse(&raw)?;
    let outcome = query.outcome.map(Outcome::from);
    let page = imports::results(&tenant, id, outcome, page).await?.map(LineView::from);
    let (listed, next) = list.listed(page, &format!("/v1/imports/{id}/results"));
    Ok(Reply::ok(&listed)?.next_page(next))
}

fn unreadable(error: BulkError) -> Problem {
    unreadable_because(&error.to_string())
}

fn unreadable_because(what: &str) -> Problem {
    Problem::new(&PART_UNREADABLE).detail(what)
}

impl From<Import> for ImportView {
    fn from(import: Import) -> Self {
        let tally = import.tally;
        Self {
            id: import.id,
            format: import.format,
            status: import.status.as_str(),
            parts: import.parts,
            lines: import.lines,
            done: tally.done,
            created: tally.created,
            updated: tally.updated,
            unchanged: tally.unchanged,
            failed: tally.failed,
            created_by: import.created_by,
            created_at: import.created_at,
            started_at: import.started_at,
            ended_at: import.ended_at,
            version: import.version,
        }
    }
}

impl From<LineResult> for LineView {
    fn from(result: LineResult) -> Self {
        let errors =
            if result.errors.is_array() { result.errors } else { Value::Array(Vec::new()) };
        Self {
            line: result.line,
            outcome: result.outcome.as_str(),
            candidate_id: result.candidate,
            errors,
        }
    }
}

impl From<OutcomeName> for Outcome {
    fn from(name: OutcomeName) -> Self {
        match name {
            OutcomeName::Created => Self::Created,
            OutcomeName::Updated => Self::Updated,
            OutcomeName::Unchanged => Self::Unchanged,
            OutcomeName::Failed => Self::Failed,
        }
    }
}

/// A part that cannot be cut into lines.
pub(crate) const PART_UNREADABLE: Code = Code {
    status: 422,
    name: "imports.part_unreadable",
    title: "The part cannot be cut into lines",
    mend: "Send UTF-8 in the import's format; each part of a table starts with the same header.",
};
