//! Jobs as the public sees them.

use http::header::{CACHE_CONTROL, VARY};
use serde::Serialize;
use serde_json::Value;
use staffing::posting::PublicJob;
use store::public_jobs::Public;
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{JobFacts, JobView};
use crate::paging::Listed;
use crate::reply::Reply;
use crate::view::{Meta, View};

/// A public job.
pub(crate) type PublicJobView = View<PublicJob, PublicFacts>;

/// What we add to a public job.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicFacts {
    /// The agency, as the `agency` parameter names it.
    agency: String,
    /// The schema.org JobPosting as JSON-LD; in the detail only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    job_posting: Option<Value>,
}

impl Meta for PublicFacts {
    const VIEW: &'static str = "PublicJob";
}

impl PublicJobView {
    /// In a list.
    pub(crate) fn item(public: Public) -> Self {
        Self::with(public, |_document| None)
    }

    /// By itself, with its JobPosting.
    pub(crate) fn detail(public: Public) -> Self {
        Self::with(public, |document| document.get_mut("posting").map(Value::take))
    }

    fn with(public: Public, posting: impl FnOnce(&mut Value) -> Option<Value>) -> Self {
        let Public { agency, mut document, .. } = public;
        let job_posting = posting(&mut document);
        let job = document.get_mut("job").map(Value::take).unwrap_or_default();
        Self::new(job, PublicFacts { agency, job_posting })
    }
}

/// The public may be answered from a cache for a minute; who has a token sees something else.
pub(crate) fn cacheable(reply: Reply) -> Reply {
    reply
        .with(CACHE_CONTROL, "public, max-age=60".to_owned())
        .with(VARY, "authorization".to_owned())
}

/// A job of the caller's agency, or a public one. Only a schema.
pub(crate) struct EitherJob;

/// A page of the caller's agency's jobs, or of public ones. Only a schema.
pub(crate) struct EitherJobs;

impl PartialSchema for EitherJob {
    fn schema() -> RefOr<Schema> {
        either(JobFacts::VIEW, PublicFacts::VIEW)
    }
}

impl ToSchema for EitherJob {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((JobView::name().into_owned(), JobView::schema()));
        schemas.push((PublicJobView::name().into_owned(), PublicJobView::schema()));
        JobView::schemas(schemas);
        PublicJobView::schemas(schemas);
    }
}

impl PartialSchema for EitherJobs {
    fn schema() -> RefOr<Schema> {
        let own = Listed::<JobView>::schema();
        let public = Listed::<PublicJobView>::schema();
        AnyOfBuilder::new().item(own).item(public).into()
    }
}

impl ToSchema for EitherJobs {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        EitherJob::schemas(schemas);
        Listed::<JobView>::schemas(schemas);
    }
}

/// Not `oneOf`: an empty page is a page of either.
fn either(own: &str, public: &str) -> RefOr<Schema> {
    AnyOfBuilder::new().item(Ref::from_schema_name(own)).item(Ref::from_schema_name(public)).into()
}
