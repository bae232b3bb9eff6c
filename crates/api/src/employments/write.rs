//! Writing employments.

use std::sync::Arc;

use axum::extract::{Path, State};
use gate::{App, Dossier};
use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use kernel::id::kinds::Employment as EmploymentKind;
use kernel::problem::INVALID;
use kernel::{FieldError, Problem, Purpose};
use policy::Permit as Proof;
use staffing::client::ExternalRef;
use staffing::employment::{EmploymentDraft, change};
use staffing::event::EmploymentEvent;
use staffing::merge::{changed_fields, merge};
use staffing::patch::EmploymentPatch;
use store::employments::{self, Changes, Employment, Step};
use store::{StoreError, TenantTx};
use utoipa::ToSchema;

use super::refused;
use super::shown::{EmploymentView, view};
use crate::checked::{checked, current};
use crate::extract::{At, Body, Facts, IfMatch, Patch, Permit, parse, read_version};
use crate::may::May;
use crate::reply::{Answer, Refused, Reply};

/// Write an employment down, as a draft.
#[utoipa::path(
    post, path = "/v1/employments", operation_id = "employment.create", tag = "Employments",
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255,
        pattern = "^[!-~]+$")),
    request_body = EmploymentDraft,
    responses((status = 201, description = "It is written down", body = EmploymentView)),
    extensions(("x-ringwall" = json!({"action": "employment.create", "sensitive": "high"})))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(draft): Body<EmploymentDraft>,
) -> Answer {
    let tx = app.store.tenant(&permit, &dossier.witness()).await?;
    write_down(&app, (&permit, &dossier), tx, draft).await
}

/// Change an employment. Terms of one that is active are changed by amendments.
#[utoipa::path(
    patch, path = "/v1/employments/{id}", operation_id = "employment.update",
    tag = "Employments",
    params(
        ("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body(content(
        (EmploymentPatch = "application/merge-patch+json"),
        (EmploymentPatch = "application/json"))),
    responses((status = 200, description = "As it is now", body = EmploymentView)),
    extensions(("x-ringwall" = json!({"action": "employment.update", "sensitive": "high"})))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
    IfMatch(version): IfMatch,
    Patch(patch): Patch,
) -> Answer {
    let tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let read = employments::require(&tx, id).await?;
    current(read.version, version)?;
    let mut after = read.draft(&tx, Purpose::Change)?.document(Purpose::Change);
    merge(&mut after, patch);
    replace(&app, (&permit, &dossier), tx, (&read, parse(&after)?)).await
}

/// What `If-None-Match` may say.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says to the document what the header may be")]
enum Anything {
    #[schema(rename = "*")]
    Anything,
}

/// Write an employment down under your own reference, or replace what stands there.
///
/// Without a reference of that name it is created; `If-None-Match: *` insists on that. With one
/// it is replaced whole, and `If-Match` is needed. References are your own: another application's
/// employment of the same name is another one. In a path they begin with no dot and hold no slash,
/// backslash, semicolon, percent sign or control character: those have a second spelling there.
#[utoipa::path(
    put, path = "/v1/employments/by-external-ref/{ref}", operation_id = "employment.put",
    tag = "Employments",
    params(
        ("ref" = String, Path, pattern = "^[^\\u0000-\\u001f\\u007f./\\\\;%]\
            [^\\u0000-\\u001f\\u007f/\\\\;%]{0,127}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"v[0-9]{1,18}\"$"),
        ("If-None-Match" = inline(Option<Anything>), Header),
    ),
    request_body = EmploymentDraft,
    responses(
        (status = 200, description = "As it is now", body = EmploymentView),
        (status = 201, description = "It is written down", body = EmploymentView),
    ),
    extensions(("x-ringwall" = json!({"action": "employment.update", "sensitive": "high"})))
)]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Path(reference): Path<String>,
    headers: HeaderMap,
    Body(draft): Body<EmploymentDraft>,
) -> Answer {
    let draft = named(draft, &reference)?;
    let tx = open(&app, &permit, &dossier).await?;
    let found = employments::find_by_ref(&tx, tx.author(), &reference).await?;
    let Some(read) = found else {
        // RFC 9110 §13.1.1: what is not there matches no entity tag.
        if headers.contains_key(IF_MATCH) {
            return Err(StoreError::Stale { current: 0 }.into());
        }
        return write_down(&app, (&permit, &dossier), tx, draft).await;
    };
    if headers.contains_key(IF_NONE_MATCH) {
        return Err(StoreError::Stale { current: read.version }.into());
    }
    current(read.version, read_version(&headers)?)?;
    replace(&app, (&permit, &dossier), tx, (&read, draft)).await
}

async fn open(app: &App, permit: &Proof, dossier: &Dossier) -> Result<TenantTx, Refused> {
    Ok(app.store.tenant(permit, &dossier.witness()).await?)
}

/// The draft under the reference of the path, which the body may repeat but not contradict.
fn named(draft: EmploymentDraft, reference: &str) -> Result<EmploymentDraft, Refused> {
    let reference =
        ExternalRef::parse(reference).map_err(|_| Problem::new(&kernel::problem::NOT_FOUND))?;
    if draft.external_ref.as_ref().is_some_and(|written| *written != reference) {
        let detail = "expected the reference of the path, or none";
        let error = FieldError::new("/external_ref", "contradicts_path", detail);
        return Err(Problem::new(&INVALID).error(error).into());
    }
    Ok(EmploymentDraft { external_ref: Some(reference), ..draft })
}

/// What it takes to write the member that the agency keeps from partners.
const BILL_RATE: (&str, &str) = ("employment.read_confidential", "bill_rate");

async fn write_down(
    app: &App,
    (permit, dossier): (&Proof, &Dossier),
    mut tx: TenantTx,
    draft: EmploymentDraft,
) -> Answer {
    let may = May::new(app, permit);
    let draft = checked(draft, EmploymentDraft::check)?;
    may.write_confidential(BILL_RATE, draft.bill_rate.is_some(), dossier)?;
    let employment = employments::add(&mut tx, &draft).await.map_err(refused)?;
    let shown = view(&tx, &employment, &may)?;
    let location = format!("/v1/employments/{}", employment.id);
    let reply = Reply::created(location, &shown)?.version(employment.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

async fn replace(
    app: &App,
    (permit, dossier): (&Proof, &Dossier),
    mut tx: TenantTx,
    (read, draft): (&Employment, EmploymentDraft),
) -> Answer {
    let may = May::new(app, permit);
    let before = read.draft(&tx, Purpose::Change)?;
    let mut draft = draft;
    // A caller who cannot read the bill rate cannot take it away by leaving it out either.
    if !may.does("employment.read_confidential") && draft.bill_rate.is_none() {
        draft.bill_rate.clone_from(&before.bill_rate);
    }
    let is_new = draft.bill_rate != before.bill_rate;
    may.write_confidential(BILL_RATE, is_new, dossier)?;
    let (before, after) = (before.document(Purpose::Change), draft.document(Purpose::Change));
    change::check(read.life.status, &before, &after)?;
    let draft = checked(draft, EmploymentDraft::check)?;
    let fields = changed_fields(&before, &after);
    let step = Step { event: EmploymentEvent::Updated.name(), fields };
    let changes = Changes { draft: Some(&draft), ..Changes::default() };
    let employment =
        employments::save(&mut tx, read, changes, vec![step]).await.map_err(refused)?;
    let shown = view(&tx, &employment, &may)?;
    let reply = Reply::ok(&shown)?.version(employment.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}
