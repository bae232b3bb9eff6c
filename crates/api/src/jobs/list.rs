//! Lists of jobs: the agency's own, or what is open to the public.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::App;
use kernel::{ClientCompanyId, CountryCode, Problem, Slug, Timestamp};
use policy::CallerKind;
use serde::Deserialize;
use staffing::job::life::JobStatus;
use staffing::job::remote::RemoteKind;
use staffing::job::{EmploymentType, Visibility};
use staffing::skill::SkillId;
use store::search::Facets;
use store::{jobs, public_jobs};
use utoipa::IntoParams;

use super::public::{EitherJobs, PublicJobView, cacheable};
use super::view;
use crate::Settings;
use crate::extract::{Facts, Permit, Query};
use crate::may::May;
use crate::paging::{List, Paging};
use crate::query::OneOrMany;
use crate::reply::{Answer, Reply};

/// Which jobs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobQuery {
    /// Words that must all occur in title or description.
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
    /// How remote.
    remote: Option<RemoteKind>,
    /// How contracted.
    employment_type: Option<EmploymentType>,
    /// Posted at this moment or later.
    posted_after: Option<Timestamp>,
    /// Posted before this moment.
    posted_before: Option<Timestamp>,
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

/// List jobs, newest first.
///
/// With a token: those of your agency. Without: open, public jobs of all agencies or of one.
#[utoipa::path(
    get, path = "/v1/jobs", operation_id = "job.list", tag = "Jobs",
    params(JobQuery, PublicJobQuery, OwnJobQuery, Paging),
    responses((status = 200, description = "A page", body = EitherJobs)),
    extensions(("x-ringwall" = json!({"action": "job.list", "access": "optional"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    RawQuery(raw): RawQuery,
    Query(facets): Query<JobQuery>,
) -> Answer {
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let facets = Facets::from(facets);
    if permit.caller().kind() == CallerKind::Anonymous {
        public(&app, &list, &raw, facets).await
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
    let query: OwnJobQuery = crate::query::parse(raw)?;
    let filter = jobs::Filter {
        facets,
        status: query.status,
        client_id: query.client_id,
        visibility: query.visibility,
    };
    let page = list.page(&crate::query::parse::<Paging>(raw)?)?;
    let tenant = app.store.view(permit).await?;
    let may = May::new(app, permit);
    let page = jobs::list(&tenant, &filter, page).await?.try_map(|job| view(&job, &may))?;
    let (listed, next) = list.listed(page, PATH);
    Ok(Reply::ok(&listed)?.next_page(next))
}

async fn public(app: &App, list: &List<'_>, raw: &str, facets: Facets) -> Answer {
    let private: OwnJobQuery = crate::query::parse(raw)?;
    if private.status.is_some() || private.client_id.is_some() || private.visibility.is_some() {
        let needed = "a filter by `status`, `client_id` or `visibility` needs a token";
        return Err(Problem::new(&policy::AUTH_REQUIRED)
            .detail(needed)
            .header("www-authenticate", r#"Bearer realm="ringwall""#)
            .into());
    }
    let query: PublicJobQuery = crate::query::parse(raw)?;
    let filter = public_jobs::Filter { facets, agency: query.agency };
    let page = list.page(&crate::query::parse::<Paging>(raw)?)?;
    let page = public_jobs::list(&app.store, &filter, page).await?;
    let (listed, next) = list.listed(page.try_map(|public| PublicJobView::item(&public))?, PATH);
    Ok(cacheable(Reply::ok(&listed)?.next_page(next)))
}

impl From<JobQuery> for Facets {
    fn from(query: JobQuery) -> Self {
        Self {
            q: query.q,
            countries: query.country.into(),
            skills: query.skill.into(),
            remote: query.remote,
            employment_type: query.employment_type,
            posted_after: query.posted_after,
            posted_before: query.posted_before,
        }
    }
}

const PATH: &str = "/v1/jobs";
