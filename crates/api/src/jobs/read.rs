//! Reading a job: the agency's own in full, another's as the public sees it.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use http::HeaderMap;
use kernel::id::kinds::Job as JobKind;
use policy::CallerKind;
use store::{jobs, public_jobs};

use super::public::{PublicJobView, cacheable};
use super::view;
use crate::extract::{At, Permit};
use crate::may::May;
use crate::reply::{Answer, Reply};

/// Read a job.
///
/// With a token: a job of your agency. Without: an open, public job, with its schema.org
/// JobPosting.
#[utoipa::path(
    get, path = "/v1/jobs/{id}", operation_id = "job.read", tag = "Jobs",
    params(("id" = String, Path, pattern = "^job_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 200, description = "The job", body = super::public::EitherJob),
        (status = 304, description = "You have this version"),
    ),
    extensions(("x-ringwall" = json!({"action": "job.read", "access": "optional"})))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Permit(permit): Permit,
    At(id): At<JobKind>,
    headers: HeaderMap,
) -> Answer {
    if permit.caller().kind() == CallerKind::Anonymous {
        let public = public_jobs::require(&app.store, id).await?;
        // Not by version: the client's name may change without the job.
        let reply = Reply::ok(&PublicJobView::detail(public))?.tagged();
        return Ok(cacheable(reply).unless_seen(&headers));
    }
    let tenant = app.store.view(&permit).await?;
    let job = jobs::sheet(&tenant, id).await?;
    let version = job.version;
    let shown = view(job, &May::new(&app, &permit));
    Ok(Reply::ok(&shown)?.version(version).unless_seen(&headers))
}
