//! How long a session lasts (NIST SP 800-63B-4 §2.2.3, §2.3.3).

use std::time::Duration;

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Without any request.
    pub idle: Duration,
    /// In any case.
    pub absolute: Duration,
}

impl Life {
    /// Of those who administer the agency's account.
    pub const ADMINISTRATOR: Self =
        Self { idle: Duration::from_secs(15 * 60), absolute: Duration::from_secs(8 * 60 * 60) };
    /// Of those who come past the identity provider, in an emergency.
    pub const BREAK_GLASS: Self =
        Self { idle: Duration::from_secs(15 * 60), absolute: Duration::from_secs(60 * 60) };
    /// Of everybody else.
    pub const STAFF: Self =
        Self { idle: Duration::from_secs(30 * 60), absolute: Duration::from_secs(12 * 60 * 60) };
}
