//! What must be remembered: rows, migrations, tenant transactions, journal, outbox.
//!
//! The only way to a tenant's rows is a [`TenantView`] or [`TenantTx`], and the only way to those
//! is a [`policy::Permit`]. On PostgreSQL the same tenant is also set for forced row-level
//! security: two locks, one key (`docs/decisions/0003-tenancy.md`).

pub mod candidates;
pub mod clients;
mod db;
mod dialect;
mod entities;
mod error;
pub mod idempotency;
pub mod jobs;
mod journal;
mod migrations;
pub mod page;
pub mod partners;
pub mod public_jobs;
mod recorder;
pub mod sealed;
pub mod search;
mod session;
pub mod signing_keys;
mod store;
mod tenant;
pub mod tenants;
mod witness;

pub use db::{Db, StoreConfig};
pub use error::{
    AUDIT_UNAVAILABLE, CODES, IN_PROGRESS, PRECONDITION_FAILED, StoreError, TAKEN, UNAVAILABLE,
};
pub use journal::{Change, Record};
pub use recorder::{Recorder, actor};
pub use store::Store;
pub use tenant::{TenantTx, TenantView};
pub use witness::{Claim, Witness};
