//! OAuth 2 endpoints for clients: metadata, keys, pushed requests, tokens. The protocol itself is
//! in the `oauth` crate; what people see of it is in `staff`.

pub(crate) mod about;
pub(crate) mod client;
pub(crate) mod forms;
pub(crate) mod granted;
pub(crate) mod keys;
pub(crate) mod metadata;
pub(crate) mod par;
pub(crate) mod remembered;
pub(crate) mod token;
