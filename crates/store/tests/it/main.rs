//! The store from outside: every claim is tried on SQLite and on PostgreSQL.
//!
//! What only one of them can show (row-level security, files) says so in its module.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails where its ground does"
)]

mod bans;
mod base;
mod callee;
mod candidates;
mod catalogue;
mod changes;
mod chores;
mod clients;
mod employments;
mod grants;
mod idempotency;
mod jobs;
mod journal;
mod keys;
mod matches;
mod partners;
mod passkeys;
mod proposals;
mod public_jobs;
mod quotas;
mod raw;
mod recorder;
mod revocations;
mod roles;
mod samples;
mod schema;
mod sealed;
mod search;
mod staff;
mod tenants;
mod walls;
