//! The staffing and OAuth endpoints: request in, domain call, reply out.
//!
//! Handlers decide nothing about security: the rings have. What a handler needs, its signature
//! names; a [`policy::Permit`] is the only way to the store.

mod api_keys;
mod bans;
mod blocklists;
mod bulk;
mod candidates;
mod changes;
mod checked;
mod clients;
mod contact;
mod docs;
mod document;
mod employments;
mod events;
mod extract;
mod followed;
mod health;
mod inside;
mod jobs;
mod limits;
mod matches;
mod may;
mod oauth;
mod paging;
mod people;
mod problems;
mod query;
mod reply;
mod routes;
mod sandbox;
mod security;
mod signing_keys;
mod staff;
mod usage_plans;
mod view;

pub use self::oauth::remembered::Remembered;
pub use docs::Documentation;
pub use document::{build, document};
pub use inside::{Inside, Routes, Settings};
pub use problems::problems;
pub use security::leaks::LeakKeys;
pub use staff::sso::{Provider, ProviderProof, Sso};
pub use staff::{SignIn, enrol_url, sign_in_key};
