//! The binary from outside: over real TLS, on real databases, killed and stopped for real.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    reason = "a test fails by panicking"
)]

mod addresses;
mod api;
mod bans;
mod books;
mod bulk;
mod canary;
mod certificates;
mod commands;
mod database;
mod demo_data;
mod drain;
mod firewall;
mod firewall_commands;
mod keys;
mod kill;
mod limits;
mod people;
mod postgres;
mod redirects;
mod reload;
mod reload_load;
mod secrets;
mod server;
mod site;
mod sso;
mod start;
mod storm;
mod tls;
mod trusted_issuers;
mod usage_plans;
mod wait;
mod wire;
