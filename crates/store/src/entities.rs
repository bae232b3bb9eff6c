//! The rows, as SeaORM sees them. Private: outside this crate there are domain types only.

pub(crate) mod application;
pub(crate) mod audit_entry;
pub(crate) mod candidate;
pub(crate) mod change_log;
pub(crate) mod chore;
pub(crate) mod client_company;
pub(crate) mod employment;
pub(crate) mod export;
pub(crate) mod export_part;
pub(crate) mod idempotency;
pub(crate) mod import;
pub(crate) mod import_part;
pub(crate) mod import_result;
pub(crate) mod job;
pub(crate) mod outbox;
pub(crate) mod partner;
pub(crate) mod partner_secret;
pub(crate) mod public_job;
pub(crate) mod signing_key;
pub(crate) mod suppression;
pub(crate) mod tenant;
pub(crate) mod tenant_counter;
pub(crate) mod tenant_key;
