//! What strangers may tell us about ourselves.

pub(crate) mod leaks;
