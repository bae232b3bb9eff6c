//! The API from outside, through all rings: one binary, one module an area.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails where it is wrong"
)]

mod addresses;
mod api_keys;
mod applications;
mod attempts;
mod audit;
mod authorize;
mod bans;
mod blocklists;
mod bodies;
mod break_glass;
mod browser;
mod bulk;
mod canary;
mod candidates;
mod certificates;
mod conditions;
mod coverage;
mod employments;
mod enrolment;
mod events;
mod failures;
mod fairness;
mod granting;
mod grants;
mod jobs;
mod leaks;
mod limits;
mod login;
mod match_runs;
mod matches;
mod merges;
mod oauth;
mod operations;
mod paging;
mod par;
mod passkeys;
mod people;
mod pressure;
mod problems;
mod public_jobs;
mod quotas;
mod remembered;
mod repeats;
mod retention;
mod sandbox;
mod sessions;
mod sign_in;
mod signing_keys;
mod sso;
mod sso_grants;
mod sync;
mod tenants;
mod tokens;
mod trusted_issuers;
mod usage_plans;
