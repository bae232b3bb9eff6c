//! What passes through a browser between two steps, sealed: nobody can read or change it.

use kernel::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use signin::TotpSecret;

use super::SignIn;

/// A sign-in whose password was right.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Flow {
    /// Its name, for counting.
    pub(super) id: String,
    /// Whose staff.
    pub(super) tenant: kernel::TenantId,
    /// Who.
    pub(super) user: kernel::UserId,
    /// When it is over, in milliseconds.
    pub(super) until: i64,
}

/// The secret that a page of an enrolment showed.
#[derive(Serialize, Deserialize)]
struct Shown {
    secret: Vec<u8>,
}

impl SignIn {
    /// Seals a sign-in for the visit that it belongs to.
    pub(super) fn seal_flow(&self, visit: &str, flow: &Flow) -> String {
        self.seal("second factor", visit, flow)
    }

    /// Opens it, in the same visit and in time.
    pub(super) fn open_flow(&self, visit: &str, sealed: &str, now: Timestamp) -> Option<Flow> {
        let flow: Flow = self.open("second factor", visit, sealed)?;
        (now.millis() < flow.until).then_some(flow)
    }

    /// Seals a sign-in for the client through which somebody signs in.
    pub(super) fn seal_login(&self, client_id: &str, flow: &Flow) -> String {
        self.seal("login", client_id, flow)
    }

    /// Opens it, for the same client and in time.
    pub(super) fn open_login(&self, client_id: &str, sealed: &str, now: Timestamp) -> Option<Flow> {
        let flow: Flow = self.open("login", client_id, sealed)?;
        (now.millis() < flow.until).then_some(flow)
    }

    /// Seals the secret that an enrolment's page shows, for its link.
    pub(super) fn seal_secret(&self, link: &str, secret: &TotpSecret) -> String {
        self.seal("enrolment", link, &Shown { secret: secret.bytes().to_vec() })
    }

    /// Opens it, for the same link.
    pub(super) fn open_secret(&self, link: &str, sealed: &str) -> Option<TotpSecret> {
        let shown: Shown = self.open("enrolment", link, sealed)?;
        TotpSecret::from_bytes(&shown.secret)
    }

    pub(super) fn seal(&self, step: &str, of: &str, what: &impl Serialize) -> String {
        // Our own types have string keys and no floats: they always serialise.
        let plain = serde_json::to_vec(what).unwrap_or_default();
        self.flows.seal(format!("{step} {of}").as_bytes(), &plain)
    }

    pub(super) fn open<T: DeserializeOwned>(
        &self,
        step: &str,
        of: &str,
        sealed: &str,
    ) -> Option<T> {
        let plain = self.flows.open(format!("{step} {of}").as_bytes(), sealed)?;
        serde_json::from_slice(&plain).ok()
    }
}
