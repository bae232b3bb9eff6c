//! What can go wrong with the store, in its own words and as problems.

use kernel::problem::{INTERNAL, NOT_FOUND};
use kernel::{Code, Problem};
use sea_orm::{DbErr, SqlErr};

/// A store's failure or refusal.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error("the database failed")]
    Database(#[source] DbErr),
    /// A row that breaks an invariant of the domain.
    #[error("row `{id}` of `{table}` is not what it should be: {what}")]
    Inconsistent {
        /// Table.
        table: &'static str,
        /// Row.
        id: String,
        /// What does not fit; never a value.
        what: String,
    },
    /// Sealed data could not be opened.
    #[error("sealed data could not be opened")]
    Sealed(#[source] vault::VaultError),
    /// There is no such row in this tenant.
    #[error("no such row")]
    Missing,
    /// The row was changed by someone else meanwhile.
    #[error("the row is at version {current}")]
    Stale {
        /// Its present version.
        current: i64,
    },
    /// A unique reference is in use.
    #[error("`{0}` is taken")]
    Taken(&'static str),
    /// A reference names nothing in this tenant.
    #[error("`{0}` refers to nothing")]
    Dangling(&'static str),
    /// A request with the same idempotency key is being carried out.
    #[error("a request with this idempotency key is in progress")]
    InProgress,
    /// What was asked for is older than what is kept.
    #[error("the change log no longer reaches back that far")]
    WindowOver,
    /// The bulk work takes no such change any more.
    #[error("the bulk work is closed")]
    Closed,
    /// The job takes no candidates any more.
    #[error("the job takes no candidates any more")]
    JobClosed,
    /// Parts are missing, or there are too many lines.
    #[error("the import is not whole")]
    Incomplete,
    /// There are as many as there may be.
    #[error("there are as many as there may be")]
    Full,
    /// There is nothing to read yet, or no more.
    #[error("the export is not ready")]
    NotReady,
    /// The permit is for no tenant.
    #[error("the permit is not for a tenant")]
    NoTenant,
    /// The configuration cannot work.
    #[error("{0}")]
    Setup(String),
    /// The audit trail does not take entries in time.
    #[error("the audit trail is not available")]
    AuditUnavailable,
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl From<vault::VaultError> for StoreError {
    fn from(error: vault::VaultError) -> Self {
        Self::Sealed(error)
    }
}

impl StoreError {
    /// Turns the violation of a named unique constraint into what it means.
    pub(crate) fn from_write(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(text)) => UNIQUE
                .iter()
                .find(|(mark, _)| text.contains(mark))
                .map_or(Self::Database(error), |(_, member)| Self::Taken(member)),
            _ => Self::Database(error),
        }
    }
}

/// Constraint (PostgreSQL) or column (SQLite) in the database's message, and the member it means.
const UNIQUE: &[(&str, &str)] = &[
    ("external_ref", "external_ref"),
    ("email_index", "email"),
    ("sign_in_index", "email"),
    ("staff_passkey_lookup", "passkey"),
    ("staff_passkey.lookup", "passkey"),
    ("staff_proposal_open", "proposal"),
    ("staff_proposal.staff_id", "proposal"),
    ("employment_concurrent", "candidate_id"),
    ("employment.candidate_id", "candidate_id"),
    ("usage_plan_name", "name"),
    ("usage_plan.name", "name"),
    ("tenant_slug", "slug"),
    ("tenant.slug", "slug"),
];

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Missing | StoreError::NoTenant => Self::new(&NOT_FOUND),
            StoreError::Stale { current } => Self::new(&PRECONDITION_FAILED)
                .detail("the resource has changed since you read it; read it again")
                .header("etag", format!("\"v{current}\"")),
            StoreError::Taken(member) => {
                Self::new(&TAKEN).detail(format!("another resource has this `{member}`"))
            }
            StoreError::Dangling(member) => {
                Self::new(&kernel::problem::INVALID).error(kernel::FieldError::new(
                    format!("/{member}"),
                    "reference_unknown",
                    "expected the id of an existing resource",
                ))
            }
            StoreError::Full => Self::new(&FULL),
            StoreError::Closed => Self::new(&CLOSED),
            StoreError::JobClosed => Self::new(&staffing::matches::JOB_CLOSED),
            StoreError::Incomplete => Self::new(&INCOMPLETE),
            StoreError::NotReady => Self::new(&NOT_READY),
            StoreError::WindowOver => Self::new(&WINDOW_OVER),
            StoreError::InProgress => Self::new(&IN_PROGRESS).header("retry-after", "1"),
            StoreError::AuditUnavailable => {
                Self::new(&AUDIT_UNAVAILABLE).header("retry-after", "5").because(error)
            }
            StoreError::Database(DbErr::ConnectionAcquire(_)) => {
                Self::new(&UNAVAILABLE).header("retry-after", "1").because(error)
            }
            StoreError::Database(_)
            | StoreError::Inconsistent { .. }
            | StoreError::Sealed(_)
            | StoreError::Setup(_) => Self::new(&INTERNAL).because(error),
        }
    }
}

/// `If-Match` names an old version.
pub const PRECONDITION_FAILED: Code = Code {
    status: 412,
    name: "precondition_failed",
    title: "The resource has changed",
    mend: "Read the resource again and repeat the change with its current ETag.",
};
/// A unique member is in use.
pub const TAKEN: Code = Code {
    status: 409,
    name: "taken",
    title: "Another resource has the same unique value",
    mend: "Use another value, or change the resource that has it.",
};
/// The same idempotency key, at the same time.
pub const IN_PROGRESS: Code = Code {
    status: 409,
    name: "idempotency_in_progress",
    title: "A request with this Idempotency-Key is in progress",
    mend: "Wait for `Retry-After` seconds and send the same request again.",
};
/// A cursor of the change log is older than the log.
pub const WINDOW_OVER: Code = Code {
    status: 410,
    name: "sync_window_expired",
    title: "Changes since this cursor are no longer kept",
    mend: "Read the lists anew, and go on from a new cursor of `from=latest` taken before.",
};
/// As many as there may be.
pub const FULL: Code = Code {
    status: 409,
    name: "limit_reached",
    title: "There are as many of these as there may be",
    mend: "Revoke or remove one that is no longer needed.",
};
/// An import that is running or over.
pub const CLOSED: Code = Code {
    status: 409,
    name: "bulk.closed",
    title: "The import or export is beyond this step",
    mend: "Read it to learn where it stands; start a new one for more lines.",
};
/// An import without all its parts.
pub const INCOMPLETE: Code = Code {
    status: 409,
    name: "imports.incomplete",
    title: "The import does not have exactly the parts that were named, or too many lines",
    mend: "Send parts 1 to `parts`, 100 000 lines in all at most, then start it.",
};
/// An export that cannot be read.
pub const NOT_READY: Code = Code {
    status: 409,
    name: "exports.not_ready",
    title: "The export is still being written, or its time is over",
    mend: "Ask again while its `status` is `running`; else ask for a new export.",
};
/// No audit, no change.
pub const AUDIT_UNAVAILABLE: Code = Code {
    status: 503,
    name: "audit_unavailable",
    title: "The audit trail is not available",
    mend: "Try again after `Retry-After` seconds; nothing was changed.",
};

/// Every connection to the database is taken, or it does not answer.
pub const UNAVAILABLE: Code = Code {
    status: 503,
    name: "store_unavailable",
    title: "The database is busy or away",
    mend: "Try again after `Retry-After` seconds; nothing was changed.",
};

/// The problems that the store makes.
pub const CODES: &[&Code] = &[
    &PRECONDITION_FAILED,
    &TAKEN,
    &IN_PROGRESS,
    &WINDOW_OVER,
    &FULL,
    &CLOSED,
    &INCOMPLETE,
    &NOT_READY,
    &AUDIT_UNAVAILABLE,
    &UNAVAILABLE,
];
