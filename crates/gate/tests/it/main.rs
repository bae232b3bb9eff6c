//! The gate from outside: one binary, one module an area.

mod listener;
mod proxy;
