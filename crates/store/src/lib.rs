//! What must be remembered: rows, migrations, tenant transactions, journal, outbox.
//!
//! The only way to a tenant's rows is a [`TenantView`] or [`TenantTx`], and the only way to those
//! is a [`policy::Permit`]. On PostgreSQL the same tenant is also set for forced row-level
//! security: two locks, one key (`docs/decisions/0003-tenancy.md`).

pub mod api_keys;
pub mod applications;
pub mod bans;
pub mod blocklists;
pub mod candidates;
pub mod catalogue;
pub mod changes;
pub mod chores;
pub mod clients;
mod db;
mod dialect;
pub mod employments;
mod entities;
mod error;
pub mod events;
pub mod exports;
pub mod grants;
pub mod idempotency;
pub mod imports;
pub mod jobs;
mod journal;
pub mod match_runs;
pub mod matches;
pub mod merges;
mod migrations;
pub mod openings;
pub mod page;
pub mod partners;
pub mod passkeys;
pub mod pools;
pub mod projections;
pub mod public_jobs;
pub mod pushed_requests;
pub mod quotas;
mod recorder;
pub mod resources;
pub mod revocations;
pub mod sandbox;
pub mod sealed;
pub mod search;
pub mod seen;
mod session;
pub mod sign_in_delays;
pub mod signing_keys;
pub mod staff;
pub mod staff_proposals;
pub mod staff_sessions;
mod store;
mod tenant;
pub mod tenants;
pub mod usage_plans;
mod witness;
mod words;

pub use db::{Db, StoreConfig};
pub use error::{
    AUDIT_UNAVAILABLE, CLOSED, CODES, FULL, IN_PROGRESS, INCOMPLETE, NOT_READY,
    PRECONDITION_FAILED, StoreError, TAKEN, UNAVAILABLE, WINDOW_OVER,
};
pub use journal::{Change, Record};
pub use pools::Pools;
pub use recorder::{Recorder, actor};
pub use store::Store;
pub use tenant::{TenantTx, TenantView};
pub use witness::{Claim, Witness};
