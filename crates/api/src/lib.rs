//! The staffing and OAuth endpoints: request in, domain call, reply out.
//!
//! Handlers decide nothing about security: the rings have. What a handler needs, its signature
//! names; a [`policy::Permit`] is the only way to the store.

mod candidates;
mod checked;
mod clients;
mod docs;
mod document;
mod extract;
mod health;
mod inside;
mod jobs;
mod may;
mod oauth;
mod paging;
mod problems;
mod query;
mod reply;
mod routes;
mod view;

pub use document::document;
pub use inside::{Inside, Settings};
pub use problems::problems;
