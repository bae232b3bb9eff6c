//! The circumstances of an event: when, where from, who.

use std::net::IpAddr;

use kernel::{RequestId, TenantId, Timestamp};

/// When and where from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// When it happened.
    pub at: Timestamp,
    /// In which request.
    pub request: Option<RequestId>,
    /// In which trace: the trace-id of W3C Trace Context. Other text is left out.
    pub trace: Option<String>,
    /// In whose data.
    pub tenant: Option<TenantId>,
    /// From which address.
    pub source_ip: Option<IpAddr>,
    /// What the caller's software calls itself; recorded up to 256 printable characters.
    pub user_agent: Option<String>,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Nobody who proved anything.
    Anonymous,
    /// A program with a credential of its own.
    Client {
        /// Its OAuth client id.
        client_id: String,
        /// Which of its credentials. Never the credential.
        credential: Option<String>,
    },
    /// A person on the agency's staff.
    Staff {
        /// The user's id. Never a name.
        user: String,
        /// Whether they proved more than one factor.
        is_mfa: bool,
        /// The OAuth client that acts for them, where one does.
        client_id: Option<String>,
    },
    /// Ringwall itself.
    System {
        /// Why: `bootstrap`, `retention`.
        reason: String,
    },
}
