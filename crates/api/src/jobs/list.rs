//! Lists of jobs: the agency's own, or what is open to the public.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::App;
use http::HeaderMap;
use kernel::{ClientCompanyId, CountryCode, Problem, Slug, Timestamp};
use policy::CallerKind;
use serde::Deserialize;
use staffing::job::life::JobStatus;
use staffing::job::remote::RemoteKind;
use staffing::job::{EmploymentType, Visibility};
use staffing::skill::SkillId;
use store::search::{Facets, Order};
use store::{jobs, public_jobs};
use utoipa::{IntoParams, ToSchema};

use super::public::{EitherJobs, PublicJobView, cacheable};
use super::view;
use crate::Settings;
use crate::extract::{Facts, Permit};
use crate::may::May;
use crate::paging::{List, Paging};
use crate::query::OneOrMany;
use crate::reply::{Answer, Refused, Reply};

/// Which jobs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobQuery {
    /// Words and `"phrases"` that must all occur in title, skills or description; `word*` is the
    /// start of a word.
    #[param(min_length = 1, max_length = 200, pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$")]
    q: Option<String>,
    /// May be worked from here; several mean any of them.
    #[serde(default)]
    #[param(value_type = Vec<CountryCode>, max_items = 50)]
    country: OneOrMany<CountryCode>,
    /// Asks for this skill, by id; several mean any of them.
    #[serde(default)]
    #[param(value_type = Vec<SkillId>, max_items = 50)]
    skill: OneOrMany<String>,
    /// Whether several skills mean any of them or all.
    #[serde(default)]
    #[param(inline)]
    skill_mode: SkillMode,
    /// How remote.
    remote: Option<RemoteKind>,
    /// How contracted.
    employment_type: Option<EmploymentType>,
    /// Posted at this moment or later.
    posted_after: Option<Timestamp>,
    /// Posted before this moment.
    posted_before: Option<Timestamp>,
}

/// Whether several skills mean any of them or all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SkillMode {
    /// One is enough.
    #[default]
    Any,
    /// Each must be asked for.
    All,
}

/// Which job comes first.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Sorting {
    /// Which job comes first: with `q` the one that answers it best, else the newest.
    #[param(inline)]
    sort: Option<Sort>,
}

/// Which job comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub(crate) enum Sort {
    /// The one that answers `q` best; of equals the newest.
    #[serde(rename = "relevance")]
    Relevance,
    /// The newest.
    #[serde(rename = "-posted_at")]
    Newest,
}

/// Which jobs, without a token.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PublicJobQuery {
    /// Only those of this agency.
    #[param(value_type = Option<String>, pattern = "^[a-z0-9-]{1,64}$")]
    agency: Option<Slug>,
}

/// Which jobs, with a token only.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnJobQuery {
    /// Only those that stand here. Needs a token.
    status: Option<JobStatus>,
    /// Only those of this client company. Needs a token.
    #[param(value_type = Option<String>, pattern = "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    client_id: Option<ClientCompanyId>,
    /// Only those that these may see. Needs a token.
    visibility: Option<Visibility>,
}

/// List jobs.
///
/// With a token: those of your agency. Without: open, public jobs of all agencies or of one.
#[utoipa::path(
    get, path = "/v1/jobs", operation_id = "job.list", tag = "Jobs",
    params(JobQuery, PublicJobQuery, OwnJobQuery, Sorting, Paging),
    responses(
        (status = 200, description = "A page", body = EitherJobs),
        (status = 304, description = "You have this page"),
    ),
    extensions(("x-ringwall" = json!({"action": "job.list", "access": "optional"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let facets = Facets::from(crate::query::parse::<JobQuery>(&raw)?);
    if permit.caller().kind() == CallerKind::Anonymous {
        public(&app, &list, &raw, facets, &headers).await
    } else {
        own(&app, &permit, &list, &raw, facets).await
    }
}

async fn own(
    app: &App,
    permit: &policy::Permit,
    list: &List<'_>,
    raw: &str,
    facets: Facets,
) -> Answer {
    let filter = own_filter(raw, facets)?;
    let page = list.page(&crate::query::parse::<Paging>(raw)?)?;
    let tenant = app.store.view(permit).await?;
    let may = May::new(app, permit);
    let page = jobs::list(&tenant, &filter, page).await?.map(|job| view(job, &may));
    let (listed, next) = list.listed(page, PATH);
    Ok(Reply::ok(&listed)?.next_page(next))
}

async fn public(
    app: &App,
    list: &List<'_>,
    raw: &str,
    facets: Facets,
    headers: &HeaderMap,
) -> Answer {
    let filter = public_filter(raw, facets)?;
    let page = list.page(&crate::query::parse::<Paging>(raw)?)?;
    let page = public_jobs::list(&app.store, &filter, page).await?;
    let (listed, next) = list.listed(page.map(PublicJobView::item), PATH);
    Ok(cacheable(Reply::ok(&listed)?.next_page(next)).tagged().unless_seen(headers))
}

/// Which of the agency's own jobs are asked for.
pub(super) fn own_filter(raw: &str, facets: Facets) -> Result<jobs::Filter, Refused> {
    let query: OwnJobQuery = crate::query::parse(raw)?;
    Ok(jobs::Filter {
        order: order(raw, &facets)?,
        facets,
        status: query.status,
        client_id: query.client_id,
        visibility: query.visibility,
    })
}

/// Which public jobs are asked for.
pub(super) fn public_filter(raw: &str, facets: Facets) -> Result<public_jobs::Filter, Refused> {
    let private: OwnJobQuery = crate::query::parse(raw)?;
    if private.status.is_some() || private.client_id.is_some() || private.visibility.is_some() {
        let needed = "a filter by `status`, `client_id` or `visibility` needs a token";
        return Err(Problem::new(&policy::AUTH_REQUIRED)
            .detail(needed)
            .header("www-authenticate", r#"Bearer realm="ringwall""#)
            .into());
    }
    let query: PublicJobQuery = crate::query::parse(raw)?;
    Ok(public_jobs::Filter { order: order(raw, &facets)?, facets, agency: query.agency })
}

fn order(raw: &str, facets: &Facets) -> Result<Order, Refused> {
    Ok(match crate::query::parse::<Sorting>(raw)?.sort {
        Some(Sort::Newest) => Order::Newest,
        Some(Sort::Relevance) => Order::Relevance,
        None if facets.q.is_some() => Order::Relevance,
        None => Order::Newest,
    })
}

impl From<JobQuery> for Facets {
    fn from(query: JobQuery) -> Self {
        Self {
            q: query.q,
            countries: query.country.into(),
            skills: query.skill.into(),
            all_skills: query.skill_mode == SkillMode::All,
            remote: query.remote,
            employment_type: query.employment_type,
            posted_after: query.posted_after,
            posted_before: query.posted_before,
        }
    }
}

const PATH: &str = "/v1/jobs";
