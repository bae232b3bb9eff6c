//! The defence: listeners, TLS, the contract and the rings. It knows no business words.
//!
//! Start reading at [`mod@rings`]: one list is the whole defence.

mod access_log;
pub mod addresses;
mod admin;
mod app;
pub mod bans;
mod cidr;
mod config;
pub mod contract;
pub mod cookies;
mod decided;
mod dossier;
pub mod inspection;
pub mod keys;
pub mod limits;
pub mod listener;
mod metrics;
mod posture;
pub mod pressure;
mod proofs;
pub mod proxy;
mod render;
pub mod revocations;
mod ring;
pub mod rings;
mod secrets;
pub mod sessions;
pub mod signing;
pub mod tasks;
pub mod timed_body;
pub mod tls;
mod tokens;
mod trace;
pub mod trusted;
pub mod usage;
mod uses;

pub use access_log::{AccessLog, Sink};
pub use admin::Admin;
pub use app::{App, Parts, UnknownAction};
pub use bans::Bans;
pub use cidr::{Cidr, CidrError};
pub use config::GateConfig;
pub use contract::Contract;
pub use dossier::{Dossier, Finding};
pub use keys::ApiKeys;
pub use metrics::Reloaded;
pub use posture::{Posture, PostureParts};
pub use problems::CODES;
pub use revocations::Revocations;
pub use ring::{Inner, Next, Request, Response, Ring, Visit, Wall};
pub use rings::{Payload, Proven, Shield, rings};
pub use secrets::SecretUses;
pub use sessions::{SESSION_COOKIE, Sessions};
pub use tasks::Tasks;
pub use tokens::{Believed, Tokens};
pub use trusted::{TrustedIssuer, TrustedIssuers};
pub use usage::Usage;

mod problems;
