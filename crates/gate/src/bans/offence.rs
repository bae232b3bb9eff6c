//! What counts against somebody, and against whom.

use std::net::IpAddr;

use http::StatusCode;
use kernel::TenantId;
use policy::CallerKind;
use store::bans::BanKind;
use throttle::prefix;

use crate::{Dossier, limits, rings, trusted};

/// A refused request that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offence {
    /// Against whom.
    pub(super) by: Offender,
    /// What it was, as bans name their cause.
    pub(super) cause: &'static str,
    /// How much it counts.
    pub(super) points: u32,
}

/// Who is scored: a caller who was proven, else the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offender {
    pub(super) kind: BanKind,
    pub(super) subject: String,
    pub(super) tenant: Option<TenantId>,
}

impl Offence {
    /// What came of a request, where that counts.
    /// `anonymous` tells that it brought no credentials.
    pub(super) fn of(dossier: &Dossier, status: StatusCode, anonymous: bool) -> Option<Self> {
        let (cause, points) = weigh(dossier, status, anonymous)?;
        Some(Self { by: Offender::of(dossier)?, cause, points })
    }
}

impl Offender {
    fn of(dossier: &Dossier) -> Option<Self> {
        let proven = dossier.caller().filter(|caller| !caller.is_anonymous());
        let Some(caller) = proven else {
            let subject = prefix(dossier.origin()?).to_string();
            return Some(Self { kind: BanKind::Address, subject, tenant: None });
        };
        let (kind, subject) = match (caller.kind(), caller.credential()) {
            (CallerKind::Staff, _) => (BanKind::Person, caller.id()),
            // A key that leaked is stopped without stopping its client.
            (_, Some(key)) if is_api_key(key) => (BanKind::ApiKey, key),
            _ => (BanKind::Client, caller.id()),
        };
        Some(Self { kind, subject: subject.to_owned(), tenant: caller.tenant() })
    }

    /// The address, where it is one.
    pub(super) fn address(&self) -> Option<IpAddr> {
        if self.kind == BanKind::Address { self.subject.parse().ok() } else { None }
    }
}

/// Whether a credential's id is that of an API key, and not of a token.
pub(super) fn is_api_key(credential: &str) -> bool {
    credential.starts_with("key_")
}

fn weigh(dossier: &Dossier, status: StatusCode, anonymous: bool) -> Option<(&'static str, u32)> {
    // Rules judge before anybody is proven. A partner's text that looks like an attack counts
    // against its address, but not as much as an attack of somebody without a name.
    if dossier.decision().is_some_and(|decided| decided.reason == Some("firewall")) {
        return Some(("firewall", if anonymous { 10 } else { 3 }));
    }
    // Whether a token was good nobody could tell.
    if dossier.code() == Some(trusted::SILENT.name) {
        return None;
    }
    // A guess on a page is answered with the page, not with 401.
    if dossier.attempt().is_some_and(|attempt| attempt.outcome.is_err()) {
        return Some(("unproven", 1));
    }
    if dossier.code().is_some_and(|code| HONEST.contains(&code)) {
        return None;
    }
    match status {
        StatusCode::UNAUTHORIZED => Some(("unproven", 1)),
        StatusCode::FORBIDDEN => Some(("forbidden", 1)),
        StatusCode::NOT_FOUND => Some(("not_found", 1)),
        StatusCode::UNPROCESSABLE_ENTITY => Some(("invalid", 1)),
        StatusCode::TOO_MANY_REQUESTS => Some(("rate", 1)),
        _ => None,
    }
}

/// Refusals that say nothing about who is refused: others took the places, or the person is asked
/// to prove once more who they are; or the lists refused them already, at no cost.
const HONEST: &[&str] =
    &[limits::BUSY.name, policy::AUTH_STEP_UP.name, rings::ADDRESS_REFUSED.name];
