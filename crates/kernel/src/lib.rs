//! Words that everybody uses: ids, secrets, personal data, time, money, problems.
//!
//! The lowest floor. Nothing here does I/O, and nothing here knows HTTP beyond a status number.

pub mod codes;
pub mod contact;
pub mod html;
pub mod id;
pub mod money;
pub mod pii;
pub mod problem;
pub mod random;
pub mod secret;
pub mod text;
pub mod time;
pub mod web;

pub use codes::{CountryCode, CurrencyCode, LanguageTag, TimeZoneName};
pub use contact::{Email, Phone};
pub use id::{
    AmendmentId, ApiKeyId, BanId, CandidateId, ClientCompanyId, EmploymentId, EventId, ExportId,
    Id, ImportId, JobId, Kind, MatchId, MatchRunId, PartnerId, PasskeyId, ProposalId, RequestId,
    SessionId, TenantId, UsagePlanId, UserId,
};
pub use money::Money;
pub use pii::{Pii, Purpose};
pub use problem::{Code, FieldError, Problem};
pub use secret::Secret;
pub use text::{Line, Prose};
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
pub use web::{HttpsUrl, Slug};
