//! The two cookies: of a visit, before anybody has proven anything, and of a session.

use gate::{SESSION_COOKIE, cookies};
use http::HeaderMap;
use signin::Ticket;

/// A visit: what ties a form to the page that it was on.
pub(crate) struct Visit(Ticket);

impl Visit {
    /// The visit that the request belongs to.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut ours = cookies::named(headers, VISIT_COOKIE).filter_map(Ticket::parse);
        let first = ours.next()?;
        ours.next().is_none().then_some(Self(first))
    }

    /// The same, or a new one.
    pub(crate) fn of_or_new(headers: &HeaderMap) -> Self {
        Self::of(headers).unwrap_or_else(|| Self(Ticket::generate()))
    }

    /// What forms of this visit are bound to.
    pub(crate) fn name(&self) -> String {
        format!("visit {}", self.0.hash().to_text())
    }

    /// The cookie. Strict: no other site's link or form comes with it.
    pub(crate) fn cookie(&self) -> String {
        format!("{VISIT_COOKIE}={}; {ATTRIBUTES}; Max-Age=1800", self.0.whole().expose())
    }
}

/// The cookie of a session. It ends with the browser; we end it sooner.
pub(crate) fn session(ticket: &Ticket) -> String {
    format!("{SESSION_COOKIE}={}; {ATTRIBUTES}", ticket.whole().expose())
}

/// Takes the session's cookie away.
pub(crate) fn no_session() -> String {
    format!("{SESSION_COOKIE}=; {ATTRIBUTES}; Max-Age=0")
}

/// Takes the visit's cookie away.
pub(crate) fn no_visit() -> String {
    format!("{VISIT_COOKIE}=; {ATTRIBUTES}; Max-Age=0")
}

const VISIT_COOKIE: &str = "__Host-ringwall-visit";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";
