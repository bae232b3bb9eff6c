//! A whole platform in one process, for tests: database, rings, tenants, callers.
//!
//! Tests go in by the front door: every request passes all rings, and every token comes from the
//! token endpoint. The clock stands still between requests, and no port is opened.
//!
//! ```no_run
//! # use serde_json::json;
//! # use testkit::{Platform, days, samples};
//! # async fn speak() {
//! let platform = Platform::new().await;
//! let acme = platform.tenant("acme").await;
//! let mara = acme.partner(&["read:jobs", "write:jobs"]).await;
//! mara.post("/v1/jobs", samples::job(acme.company())).await.is(201);
//! platform.clock().advance(days(31));
//! # }
//! ```

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails where its platform does"
)]

mod answer;
mod ask;
pub mod authenticator;
pub mod bans;
mod browser;
mod caller;
pub mod certificates;
mod database;
pub mod limits;
pub mod nodes;
mod plan;
mod platform;
mod provider;
pub mod samples;
mod signer;
mod staff;
mod tenant;
mod trail;

use std::time::Duration;

pub use answer::Answer;
pub use ask::Ask;
pub use authenticator::{Authenticator, options_on};
pub use browser::{Browser, Person};
pub use caller::Caller;
pub use database::{Database, Held};
pub use platform::{PUBLIC_URL, Platform, Remains, Setup};
pub use provider::{Asked, IdentityProvider};
pub use signer::Signer;
pub use staff::{AtWork, Invited, PASSWORD, secret_on};
pub use tenant::{CALLBACK, Credentials, Tenant, asking};
pub use trail::{Changed, Happened};

/// So many minutes.
#[must_use]
pub const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// So many days.
#[must_use]
pub const fn days(count: u64) -> Duration {
    minutes(24 * 60 * count)
}
