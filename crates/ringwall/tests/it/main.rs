//! The binary from outside: over real TLS, on real databases, killed and stopped for real.

mod api;
mod books;
mod canary;
mod commands;
mod database;
mod drain;
mod kill;
mod postgres;
mod server;
mod site;
mod start;
mod storm;
mod tls;
mod wait;
mod wire;
