//! An authorization request on its way through a browser: sealed, so that nobody can read or change
//! it, and in a cookie while somebody signs in, so that no address has to say where that leads.

use gate::cookies;
use http::HeaderMap;
use kernel::{TenantId, Timestamp};
use oauth::AuthorizationRequest;
use oauth::opaque::OpaqueHash;
use serde::{Deserialize, Serialize};
use vault::TokenKey;

/// A request that somebody has to decide.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) request: AuthorizationRequest,
    /// Whose client it is.
    pub(super) tenant: TenantId,
    /// The reference that it was pushed under, as it is kept.
    pub(super) pushed: Option<[u8; 32]>,
    /// When it is over, in milliseconds.
    pub(super) until: i64,
}

impl Pending {
    /// As it passes through a browser, for what it is bound to.
    pub(super) fn seal(&self, key: &TokenKey, bound_to: &str) -> String {
        // Our own types have string keys and no floats: they always serialise.
        let plain = serde_json::to_vec(self).unwrap_or_default();
        key.seal(bound_to.as_bytes(), &plain)
    }

    /// Opens it, for the same, and in time.
    pub(super) fn open(
        key: &TokenKey,
        bound_to: &str,
        sealed: &str,
        now: Timestamp,
    ) -> Option<Self> {
        let plain = key.open(bound_to.as_bytes(), sealed)?;
        let pending: Self = serde_json::from_slice(&plain).ok()?;
        (now.millis() < pending.until).then_some(pending)
    }

    /// What a browser brings back from a sign-in.
    pub(super) fn of(key: &TokenKey, headers: &HeaderMap, now: Timestamp) -> Option<Self> {
        let mut ours = cookies::named(headers, COOKIE);
        let (first, None) = (ours.next()?, ours.next()) else { return None };
        Self::open(key, BROWSER, first, now)
    }

    /// The cookie. Strict: our own page leads on, so that no other site has to.
    pub(super) fn cookie(&self, key: &TokenKey) -> String {
        format!("{COOKIE}={}; {ATTRIBUTES}; Max-Age={SECONDS}", self.seal(key, BROWSER))
    }

    /// The reference that it was pushed under.
    pub(super) fn reference(&self) -> Option<OpaqueHash> {
        self.pushed.map(OpaqueHash)
    }
}

/// Takes the cookie away.
pub(super) fn gone() -> String {
    format!("{COOKIE}=; {ATTRIBUTES}; Max-Age=0")
}

/// Where a sign-in leads: to what somebody has to decide, or to their own page.
pub(super) fn next(headers: &HeaderMap) -> &'static str {
    if is_any(headers) { "/oauth/consent" } else { "/staff" }
}

/// Whether a decision waits for whoever signs in.
pub(super) fn is_any(headers: &HeaderMap) -> bool {
    cookies::named(headers, COOKIE).next().is_some()
}

/// For how long somebody is waited for.
pub(super) const SECONDS: u64 = 600;
/// What the cookie's content is sealed for.
const BROWSER: &str = "browser";
const COOKIE: &str = "__Host-ringwall-asked";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";
