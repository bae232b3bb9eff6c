//! A sign-in on its way to a provider and back: sealed, in a cookie of the browser that began it.
//! So nobody can read or change it, an answer counts in no other browser, and strangers make us
//! write nothing. That it counts once, the database sees to.

use aws_lc_rs::digest::{SHA256, digest};
use gate::{SESSION_COOKIE, cookies};
use http::HeaderMap;
use kernel::Timestamp;
use oauth::JtiClaim;
use serde::{Deserialize, Serialize};
use signin::Ticket;

use crate::staff::SignIn;

/// What is remembered of a sign-in.
#[derive(Serialize, Deserialize)]
pub(super) struct Flow {
    /// The provider's name.
    pub(super) provider: String,
    /// What the answer must bring back.
    pub(super) state: String,
    /// What the ID token must name.
    pub(super) nonce: String,
    /// What the code is redeemed with.
    pub(super) verifier: String,
    /// The agency, where somebody chose one.
    pub(super) agency: Option<String>,
    /// Whether a decision waits for them.
    pub(super) is_asked: bool,
    /// Whether they were to prove it anew.
    pub(super) is_fresh: bool,
    /// The session that they had before, as it is kept.
    pub(super) before: Option<[u8; 32]>,
    /// When it is over, in milliseconds.
    pub(super) until: i64,
}

impl Flow {
    /// The cookie. Lax: the provider sends the browser back from another site.
    pub(super) fn cookie(&self, sign_in: &SignIn) -> String {
        let sealed = sign_in.seal(STEP, BROWSER, self);
        format!("{COOKIE}={sealed}; {ATTRIBUTES}; Max-Age={LIFE_S}")
    }

    /// The sign-in that this browser began, in time.
    pub(super) fn of(sign_in: &SignIn, headers: &HeaderMap, now: Timestamp) -> Option<Self> {
        let mut ours = cookies::named(headers, COOKIE);
        let (first, None) = (ours.next()?, ours.next()) else { return None };
        let flow: Self = sign_in.open(STEP, BROWSER, first)?;
        (now.millis() < flow.until).then_some(flow)
    }

    /// What must not have been seen: its answer counts once, on all nodes together.
    pub(super) fn claim(&self) -> JtiClaim {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, format!("sso {}", self.state).as_bytes()).as_ref());
        JtiClaim { hash, until: Timestamp::from_millis(self.until) }
    }
}

/// Takes the cookie away.
pub(super) fn gone() -> String {
    format!("{COOKIE}=; {ATTRIBUTES}; Max-Age=0")
}

/// The session that a browser holds, as it is kept.
pub(super) fn session_of(headers: &HeaderMap) -> Option<[u8; 32]> {
    let mut ours = cookies::named(headers, SESSION_COOKIE);
    let (first, None) = (ours.next()?, ours.next()) else { return None };
    Ticket::parse(first).map(|ticket| ticket.hash().0)
}

/// For how long somebody may be with the provider.
pub(super) const LIFE_S: u64 = 600;
const STEP: &str = "provider";
const BROWSER: &str = "browser";
const COOKIE: &str = "__Host-ringwall-flow";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";
