//! Whose sessions are believed, which ones were looked up a moment ago, and when each was used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::{Clock, SessionId, TenantId, Timestamp};
use policy::{Caller, Environment, StaffFacts};
use quick_cache::sync::Cache;
use signin::{Ticket, TicketHash};
use store::revocations::Revoked;
use store::staff_sessions::{self, Session};
use store::{Store, StoreError};

use crate::revocations::Revocations;

/// Believes the session cookies of people. One that was looked up within the last 30 seconds costs
/// a hash.
pub struct Sessions {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    environment: Environment,
    seen: Cache<TicketHash, Seen>,
    uses: Mutex<HashMap<SessionId, Use>>,
}

#[derive(Clone)]
struct Seen {
    known: Option<Arc<Session>>,
    until: Timestamp,
}

struct Use {
    tenant: TenantId,
    at: Timestamp,
    /// What the database knows.
    written_at: Timestamp,
}

/// Why a session is not believed.
#[derive(Debug, thiserror::Error)]
pub enum SessionDisbelief {
    /// It has not the form of one, or stands twice.
    #[error("this is no session")]
    Text,
    /// There is none of this name.
    #[error("no such session")]
    Unknown,
    /// Nothing was heard of it for too long.
    #[error("the session was idle for too long")]
    Idle,
    /// Its time is over.
    #[error("the session expired")]
    Expired,
    /// It was ended.
    #[error("the session was ended")]
    Revoked,
    /// It is for another environment than this server's.
    #[error("the session is for another environment")]
    Environment,
    /// It could not be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SessionDisbelief {
    /// A stable word for the audit trail.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Text => "session_malformed",
            Self::Unknown => "session_unknown",
            Self::Idle => "session_idle",
            Self::Expired => "session_expired",
            Self::Revoked => "session_revoked",
            Self::Environment => "session_environment",
            Self::Store(_) => "failed",
        }
    }
}

/// What a refused session was, as far as that is known.
pub struct RefusedSession {
    /// Why.
    pub why: SessionDisbelief,
    /// The session, where there is one.
    pub session: Option<Arc<Session>>,
}

impl Sessions {
    /// Believes sessions of this environment.
    #[must_use]
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>, environment: Environment) -> Self {
        Self { store, clock, environment, seen: Cache::new(SEEN_MAX), uses: Mutex::default() }
    }

    /// Who a session speaks for.
    ///
    /// # Errors
    /// When anything about the session is not as it must be.
    pub async fn believe(
        &self,
        text: &str,
        revocations: &Revocations,
    ) -> Result<Arc<Caller>, RefusedSession> {
        let nobody = |why| RefusedSession { why, session: None };
        let ticket = Ticket::parse(text).ok_or_else(|| nobody(SessionDisbelief::Text))?;
        let known = self.known(ticket.hash()).await.map_err(|error| nobody(error.into()))?;
        let session = known.ok_or_else(|| nobody(SessionDisbelief::Unknown))?;
        let now = self.clock.now();
        if let Err(why) = self.check(&session, revocations, now) {
            return Err(RefusedSession { why, session: Some(session) });
        }
        self.note(&session, now);
        let age = now.since(session.proven_at);
        Ok(Arc::new(Caller::staff(StaffFacts {
            user_id: session.user,
            tenant: session.tenant,
            environment: session.environment,
            roles: session.roles.clone(),
            // No session begins without a second factor.
            mfa: true,
            phishing_resistant: session.phishing_resistant,
            auth_age_s: age.as_secs(),
            session: Some(session.id.to_string()),
        })))
    }

    /// Whether a session was looked up a moment ago. Asks no database.
    #[must_use]
    pub fn knows(&self, text: &str) -> bool {
        let Some(ticket) = Ticket::parse(text) else { return false };
        let seen = self.seen.get(&ticket.hash()).filter(|seen| self.clock.now() < seen.until);
        seen.is_some_and(|seen| seen.known.is_some())
    }

    fn check(
        &self,
        session: &Session,
        revocations: &Revocations,
        now: Timestamp,
    ) -> Result<(), SessionDisbelief> {
        let of_user = revocations.since(Revoked::Staff, &session.user.to_string());
        let is_revoked = session.ended_at.is_some()
            || of_user.is_some_and(|since| session.created_at <= since)
            || revocations.since(Revoked::Session, &session.id.to_string()).is_some();
        if is_revoked {
            return Err(SessionDisbelief::Revoked);
        }
        if now >= session.expires_at {
            return Err(SessionDisbelief::Expired);
        }
        if now >= self.used_at(session).plus(session.idle) {
            return Err(SessionDisbelief::Idle);
        }
        if session.environment != self.environment {
            return Err(SessionDisbelief::Environment);
        }
        Ok(())
    }

    async fn known(&self, ticket: TicketHash) -> Result<Option<Arc<Session>>, StoreError> {
        let now = self.clock.now();
        if let Some(seen) = self.seen.get(&ticket).filter(|seen| now < seen.until) {
            return Ok(seen.known);
        }
        let known = staff_sessions::find(&self.store, &ticket).await?.map(Arc::new);
        let until = now.plus(SEEN_LIFE);
        self.seen.insert(ticket, Seen { known: known.clone(), until });
        Ok(known)
    }

    /// When the session was last used: as the database knows, or this node.
    fn used_at(&self, session: &Session) -> Timestamp {
        let noted = self.uses.lock().ok().and_then(|uses| uses.get(&session.id).map(|one| one.at));
        noted.map_or(session.seen_at, |noted| noted.max(session.seen_at))
    }

    fn note(&self, session: &Session, now: Timestamp) {
        let Ok(mut uses) = self.uses.lock() else { return };
        let is_room = uses.len() < USES_MAX;
        match uses.get_mut(&session.id) {
            Some(noted) => noted.at = now,
            None if is_room => {
                let (tenant, written_at) = (session.tenant, session.seen_at);
                uses.insert(session.id, Use { tenant, at: now, written_at });
            }
            None => {}
        }
    }

    /// Writes down which sessions were used since the last time.
    ///
    /// # Errors
    /// When the database fails; what was not written is written the next time.
    pub async fn write_uses(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        for (id, tenant, at) in self.unwritten(now) {
            staff_sessions::seen(&self.store, (tenant, id), at).await?;
            if let Ok(mut uses) = self.uses.lock()
                && let Some(noted) = uses.get_mut(&id)
            {
                noted.written_at = at;
            }
        }
        if let Ok(mut uses) = self.uses.lock() {
            // Kept until the session is looked up anew, with what was written.
            uses.retain(|_, noted| noted.at > noted.written_at || now < noted.at.plus(KEPT));
        }
        Ok(())
    }

    /// Those that were used a while since they were written, or not for a while.
    fn unwritten(&self, now: Timestamp) -> Vec<(SessionId, TenantId, Timestamp)> {
        let Ok(uses) = self.uses.lock() else { return Vec::new() };
        let unwritten = uses.iter().filter(|(_, noted)| {
            let is_due =
                noted.at >= noted.written_at.plus(WRITE_EVERY) || now >= noted.at.plus(WRITE_EVERY);
            noted.at > noted.written_at && is_due
        });
        unwritten.map(|(id, noted)| (*id, noted.tenant, noted.at)).collect()
    }
}

/// The cookie that holds a session: for this host, all of it, over TLS only (RFC 6265bis §4.1.3.2).
pub const SESSION_COOKIE: &str = "__Host-ringwall";
/// Revocations are asked for each time, so this delays nothing but what another node saw.
const SEEN_LIFE: Duration = Duration::from_secs(30);
/// Idle times are many of these.
const WRITE_EVERY: Duration = Duration::from_secs(60);
/// Longer than both.
const KEPT: Duration = Duration::from_secs(120);
const SEEN_MAX: usize = 10_000;
const USES_MAX: usize = 10_000;
