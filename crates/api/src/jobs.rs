//! Jobs: the positions to fill, for the agency and its partners, and for the public.

pub(crate) mod apply;
pub(crate) mod facets;
pub(crate) mod list;
pub(crate) mod moves;
pub(crate) mod public;
pub(crate) mod read;
pub(crate) mod write;

use kernel::{Code, JobId, Timestamp};
use serde::Serialize;
use staffing::job::JobDraft;
use staffing::job::life::{CloseReason, JobStatus};
use store::jobs::Sheet;
use utoipa::ToSchema;

use crate::may::May;
use crate::view::{Meta, View};

/// A job.
pub(crate) type JobView = View<JobDraft, JobFacts>;

/// What we know about a job besides what was written.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobFacts {
    /// Its id.
    id: JobId,
    /// Where it stands.
    status: JobStatus,
    /// When it was last opened to candidates.
    opened_at: Option<Timestamp>,
    /// When it ended.
    closed_at: Option<Timestamp>,
    /// Why it ended.
    close_reason: Option<CloseReason>,
    /// How many of the people wanted were found.
    filled_count: u16,
    /// Counts its changes from 1; also its ETag.
    version: i64,
    /// Who wrote it down.
    created_by: String,
    /// When.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

impl Meta for JobFacts {
    const VIEW: &'static str = "Job";
}

/// A job as this caller may see it: what the client is billed is for recruiters only.
fn view(mut job: Sheet, may: &May<'_>) -> JobView {
    if !may.does("job.read_confidential") {
        job.document.as_object_mut().map(|members| members.remove("bill_rate"));
    }
    let facts = JobFacts {
        id: job.id,
        status: job.life.status,
        opened_at: job.life.opened_at,
        closed_at: job.life.closed_at,
        close_reason: job.life.close_reason,
        filled_count: job.life.filled_count,
        version: job.version,
        created_by: job.created_by,
        created_at: job.created_at,
        updated_at: job.updated_at,
    };
    View::new(job.document, facts)
}

/// A job that has been open is closed, not deleted.
pub(crate) const NOT_DELETABLE: Code = Code {
    status: 409,
    name: "jobs.not_deletable",
    title: "Only a draft or cancelled job can be deleted",
    mend: "Close the job, or cancel it if it never was open.",
};
