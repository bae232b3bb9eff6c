//! Reading employments.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::App;
use http::HeaderMap;
use kernel::id::kinds::Employment as EmploymentKind;
use kernel::{CandidateId, ClientCompanyId, CountryCode};
use serde::{Deserialize, Serialize};
use staffing::employment::life::{self, EmploymentStatus};
use store::employments::{self, Filter};
use store::page::Page;
use utoipa::{IntoParams, ToSchema};

use super::shown::{EmploymentView, view};
use crate::Settings;
use crate::contact::ContactQuery;
use crate::extract::{At, Body, Facts, Permit, Query};
use crate::may::May;
use crate::paging::{List, Listed, Paging};
use crate::reply::{Answer, Reply};

/// Which employments. Nothing personal stands in a URL: for that there is the search.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EmploymentQuery {
    /// Only those that stand here.
    status: Option<EmploymentStatus>,
    /// Only those in this country.
    country: Option<CountryCode>,
    /// Only those of this worker.
    candidate_id: Option<CandidateId>,
    /// Only those for this client.
    client_id: Option<ClientCompanyId>,
    /// Only those with this reference, whoever gave it.
    #[param(min_length = 1, max_length = 128, pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$")]
    external_ref: Option<String>,
}

/// The life cycle of employments.
#[derive(Serialize, ToSchema)]
pub(crate) struct LifeCycle {
    /// One row for each legal move.
    transitions: Vec<LifeCycleRow>,
}

/// A legal move.
#[derive(Serialize, ToSchema)]
pub(crate) struct LifeCycleRow {
    /// The status before.
    from: &'static str,
    /// The move's name; in URLs with `-` for `_`.
    #[serde(rename = "move")]
    name: &'static str,
    /// The status after.
    to: &'static str,
    /// What must hold besides the status.
    guard: Option<&'static str>,
    /// Who makes it: `recruiter`, `integration_service`, or `timer`.
    who: &'static [&'static str],
}

/// List employments, newest first.
#[utoipa::path(
    get, path = "/v1/employments", operation_id = "employment.list", tag = "Employments",
    params(EmploymentQuery, Paging),
    responses((status = 200, description = "A page", body = Listed<EmploymentView>)),
    extensions(("x-ringwall" = json!({"action": "employment.list"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Query(query): Query<EmploymentQuery>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let page = list.page(&crate::query::parse::<Paging>(&raw)?)?;
    let filter = Filter {
        status: query.status,
        country: query.country,
        candidate_id: query.candidate_id,
        client_id: query.client_id,
        external_ref: query.external_ref,
    };
    let tenant = app.store.view(&permit).await?;
    let may = May::new(&app, &permit);
    let page = employments::list(&tenant, &filter, page).await?;
    let page = page.try_map(|employment| view(&tenant, &employment, &may))?;
    let (listed, next) = list.listed(page, "/v1/employments");
    Ok(Reply::ok(&listed)?.next_page(next))
}

/// Read an employment.
#[utoipa::path(
    get, path = "/v1/employments/{id}", operation_id = "employment.read", tag = "Employments",
    params(("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 200, description = "The employment", body = EmploymentView),
        (status = 304, description = "You have this version"),
    ),
    extensions(("x-ringwall" = json!({"action": "employment.read", "sensitive": "high"})))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
    headers: HeaderMap,
) -> Answer {
    let tenant = app.store.view(&permit).await?;
    let employment = employments::require(&tenant, id).await?;
    let shown = view(&tenant, &employment, &May::new(&app, &permit))?;
    Ok(Reply::ok(&shown)?.version(employment.version).unless_seen(&headers))
}

/// Find employments by an exact e-mail address or telephone number.
#[utoipa::path(
    post, path = "/v1/employments/search", operation_id = "employment.search",
    tag = "Employments", request_body = ContactQuery,
    responses((status = 200, description = "Whose it is", body = Listed<EmploymentView>)),
    extensions(("x-ringwall" = json!({
        "action": "employment.search", "sensitive": "high", "body_max": 4096
    })))
)]
pub(crate) async fn search(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(query): Body<ContactQuery>,
) -> Answer {
    let tenant = app.store.view(&permit).await?;
    let may = May::new(&app, &permit);
    let items = employments::search(&tenant, &query.into()).await?;
    let page = Page { items, next: None::<()> };
    let page = page.try_map(|employment| view(&tenant, &employment, &may))?;
    let (listed, _) = List::new(&api.cursors, &dossier, "").listed(page, "");
    Reply::ok(&listed)
}

/// The life cycle of employments: which move leads from where to where, and who makes it.
#[utoipa::path(
    get, path = "/v1/employments/transitions", operation_id = "employment.transitions",
    tag = "Employments",
    responses((status = 200, description = "The table", body = LifeCycle)),
    extensions(("x-ringwall" = json!({"action": "employment.read", "sensitive": "low"})))
)]
pub(crate) async fn transitions() -> Answer {
    let rows = life::published().map(|row| LifeCycleRow {
        from: row.transition.from.as_str(),
        name: row.transition.name,
        to: row.transition.to.as_str(),
        guard: row.transition.guard,
        who: row.who,
    });
    Reply::ok(&LifeCycle { transitions: rows.collect() })
}
