//! How many jobs there are of each kind, for narrowing a list.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::App;
use http::HeaderMap;
use policy::CallerKind;
use serde::Serialize;
use store::search::{COUNTED_MAX, Counts, Facets};
use store::{jobs, public_jobs};
use utoipa::ToSchema;

use super::list::{JobQuery, OwnJobQuery, PublicJobQuery, own_filter, public_filter};
use super::public::cacheable;
use crate::extract::{Permit, Query};
use crate::reply::{Answer, Reply};

/// How many jobs there are of each kind, the most frequent first.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobFacets {
    /// Jobs that were counted: the newest 10 000 at most.
    jobs: usize,
    /// Were all of them counted?
    is_complete: bool,
    /// By skill, as the `skill` parameter names it; a job counts for each of its skills.
    skill: Vec<FacetCount>,
    /// By country that is listed by name, as the `country` parameter names it.
    country: Vec<FacetCount>,
    /// By how remote they are.
    remote: Vec<FacetCount>,
    /// By how they are contracted.
    employment_type: Vec<FacetCount>,
}

/// How many jobs have one value.
#[derive(Serialize, ToSchema)]
pub(crate) struct FacetCount {
    /// The value.
    value: String,
    /// Jobs that have it.
    count: usize,
}

/// Count jobs by skill, country and kind.
///
/// With a token: those of your agency. Without: open, public jobs of all agencies or of one.
#[utoipa::path(
    get, path = "/v1/jobs/facets", operation_id = "job.facets", tag = "Jobs",
    params(JobQuery, PublicJobQuery, OwnJobQuery),
    responses(
        (status = 200, description = "The counts", body = JobFacets),
        (status = 304, description = "You have these"),
    ),
    extensions(("x-ringwall" = json!({"action": "job.list", "access": "optional"})))
)]
pub(crate) async fn count(
    State(app): State<Arc<App>>,
    Permit(permit): Permit,
    RawQuery(raw): RawQuery,
    Query(query): Query<JobQuery>,
    headers: HeaderMap,
) -> Answer {
    let raw = raw.unwrap_or_default();
    let facets = Facets::from(query);
    if permit.caller().kind() == CallerKind::Anonymous {
        let counts = public_jobs::counts(&app.store, &public_filter(&raw, facets)?).await?;
        let reply = Reply::ok(&JobFacets::from(counts))?;
        return Ok(cacheable(reply).tagged().unless_seen(&headers));
    }
    let tenant = app.store.view(&permit).await?;
    let counts = jobs::counts(&tenant, &own_filter(&raw, facets)?).await?;
    Reply::ok(&JobFacets::from(counts))
}

impl From<Counts> for JobFacets {
    fn from(counts: Counts) -> Self {
        let list = |counts: Vec<(String, usize)>| {
            counts.into_iter().map(|(value, count)| FacetCount { value, count }).collect()
        };
        Self {
            is_complete: u64::try_from(counts.jobs).is_ok_and(|jobs| jobs < COUNTED_MAX),
            jobs: counts.jobs,
            skill: list(counts.skills),
            country: list(counts.countries),
            remote: list(counts.remote),
            employment_type: list(counts.employment_types),
        }
    }
}
