//! OAuth 2 endpoints: metadata, keys, tokens. The protocol itself is in the `oauth` crate.

pub(crate) mod about;
mod client;
pub(crate) mod keys;
pub(crate) mod metadata;
pub(crate) mod token;
