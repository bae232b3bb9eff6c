//! Typed, prefixed, time-ordered ids: `job_01kc…`.
//!
//! An id is a UUIDv7 (RFC 9562 §5.7) written as 26 lower-case Crockford base32 digits behind the
//! prefix of its kind, so that an id of one kind can never be passed for another.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::{Clock, random};

/// What an id names.
pub trait Kind: 'static {
    /// The prefix of the printed form, without the underscore.
    const PREFIX: &'static str;
    /// The name of the id's schema.
    const SCHEMA: &'static str;
}

/// An id of one kind of thing.
pub struct Id<K: Kind>(Uuid, PhantomData<fn() -> K>);

/// The id's text is not of the form `<prefix>_<26 digits>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an id of the form `{0}_` and 26 base32 digits")]
pub struct IdError(&'static str);

impl<K: Kind> Id<K> {
    /// A new id that sorts after the ids of earlier milliseconds.
    #[must_use]
    pub fn new(clock: &dyn Clock) -> Self {
        let millis = u64::try_from(clock.now().millis()).unwrap_or(0);
        let uuid =
            uuid::Builder::from_unix_timestamp_millis(millis, &random::public_bytes()).into_uuid();
        Self(uuid, PhantomData)
    }

    /// The id that a stored UUID stands for.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The UUID, as stores keep it.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The 16 bytes that cryptographic contexts bind to.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The regular expression of the printed form.
    #[must_use]
    pub fn pattern() -> String {
        format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::PREFIX)
    }
}

impl<K: Kind> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: Kind> Copy for Id<K> {}
impl<K: Kind> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K: Kind> Eq for Id<K> {}
impl<K: Kind> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K: Kind> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K: Kind> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0.as_u128();
        let mut digits = [0_u8; DIGITS];
        for (place, digit) in digits.iter_mut().rev().enumerate() {
            let index = usize::try_from((value >> (5 * place)) & 31).unwrap_or(0);
            *digit = *ALPHABET.get(index).unwrap_or(&b'0');
        }
        write!(f, "{}_{}", K::PREFIX, std::str::from_utf8(&digits).unwrap_or_default())
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let refused = IdError(K::PREFIX);
        let digits = text.strip_prefix(K::PREFIX).and_then(|rest| rest.strip_prefix('_'));
        let digits = digits.filter(|digits| digits.len() == DIGITS).ok_or(refused)?;
        let mut value = 0_u128;
        for (place, byte) in digits.bytes().enumerate() {
            let digit = ALPHABET.iter().position(|a| *a == byte).ok_or(refused)?;
            // 26 digits hold 130 bits; the first must leave the two extra ones clear.
            if place == 0 && digit > 7 {
                return Err(refused);
            }
            value = (value << 5) | digit as u128;
        }
        Ok(Self(Uuid::from_u128(value), PhantomData))
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<K: Kind> PartialSchema for Id<K> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(Self::pattern())).into()
    }
}

impl<K: Kind> ToSchema for Id<K> {
    fn name() -> std::borrow::Cow<'static, str> {
        K::SCHEMA.into()
    }
}

/// Crockford's base32 digits, lower case: no `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 26;

/// The kinds of things that have ids.
pub mod kinds {
    use super::Kind;

    /// A staffing agency whose data it is.
    pub struct Tenant;
    /// A person on the agency's staff.
    pub struct User;
    /// A company that the agency places people with.
    pub struct ClientCompany;
    /// A position to fill.
    pub struct Job;
    /// A person to place.
    pub struct Candidate;
    /// An OAuth client of a tenant.
    pub struct Partner;
    /// One request, as logs and problems name it.
    pub struct Request;
    /// Something that happened, in the outbox and the audit trail.
    pub struct Event;
    /// A worker's engagement for a client company.
    pub struct Employment;
    /// A proposed change of an employment's terms.
    pub struct Amendment;
    /// A candidate held against a job.
    pub struct Match;
    /// One run of the matcher.
    pub struct MatchRun;
    /// An API key of an OAuth client.
    pub struct ApiKey;
    /// A signed-in person's session.
    pub struct Session;
    /// Somebody who is kept out for a while.
    pub struct Ban;
    /// What a partner may use.
    pub struct UsagePlan;
    /// A passkey of a person.
    pub struct Passkey;
    /// What one administrator asks for and another one decides.
    pub struct Proposal;
    /// Candidates that come by the thousand.
    pub struct Import;
    /// Candidates that go by the thousand.
    pub struct Export;

    impl Kind for Tenant {
        const PREFIX: &'static str = "ten";
        const SCHEMA: &'static str = "TenantId";
    }
    impl Kind for User {
        const PREFIX: &'static str = "usr";
        const SCHEMA: &'static str = "UserId";
    }
    impl Kind for ClientCompany {
        const PREFIX: &'static str = "cli";
        const SCHEMA: &'static str = "ClientCompanyId";
    }
    impl Kind for Job {
        const PREFIX: &'static str = "job";
        const SCHEMA: &'static str = "JobId";
    }
    impl Kind for Candidate {
        const PREFIX: &'static str = "cand";
        const SCHEMA: &'static str = "CandidateId";
    }
    impl Kind for Partner {
        const PREFIX: &'static str = "prt";
        const SCHEMA: &'static str = "PartnerId";
    }
    impl Kind for Request {
        const PREFIX: &'static str = "req";
        const SCHEMA: &'static str = "RequestId";
    }
    impl Kind for Import {
        const PREFIX: &'static str = "imp";
        const SCHEMA: &'static str = "ImportId";
    }
    impl Kind for Export {
        const PREFIX: &'static str = "exp";
        const SCHEMA: &'static str = "ExportId";
    }
    impl Kind for Event {
        const PREFIX: &'static str = "evt";
        const SCHEMA: &'static str = "EventId";
    }
    impl Kind for Employment {
        const PREFIX: &'static str = "emp";
        const SCHEMA: &'static str = "EmploymentId";
    }
    impl Kind for Amendment {
        const PREFIX: &'static str = "amd";
        const SCHEMA: &'static str = "AmendmentId";
    }
    impl Kind for Match {
        const PREFIX: &'static str = "mat";
        const SCHEMA: &'static str = "MatchId";
    }
    impl Kind for ApiKey {
        const PREFIX: &'static str = "key";
        const SCHEMA: &'static str = "ApiKeyId";
    }
    impl Kind for Session {
        const PREFIX: &'static str = "ses";
        const SCHEMA: &'static str = "SessionId";
    }
    impl Kind for Ban {
        const PREFIX: &'static str = "ban";
        const SCHEMA: &'static str = "BanId";
    }
    impl Kind for UsagePlan {
        const PREFIX: &'static str = "plan";
        const SCHEMA: &'static str = "UsagePlanId";
    }
    impl Kind for Proposal {
        const PREFIX: &'static str = "prp";
        const SCHEMA: &'static str = "ProposalId";
    }
    impl Kind for Passkey {
        const PREFIX: &'static str = "psk";
        const SCHEMA: &'static str = "PasskeyId";
    }
    impl Kind for MatchRun {
        const PREFIX: &'static str = "mrun";
        const SCHEMA: &'static str = "MatchRunId";
    }
}

/// Names what an administrator asks for.
pub type ProposalId = Id<kinds::Proposal>;
/// Names a passkey of a person.
pub type PasskeyId = Id<kinds::Passkey>;
/// Names a session.
pub type SessionId = Id<kinds::Session>;
/// Names a tenant.
pub type TenantId = Id<kinds::Tenant>;
/// Names a staff member.
pub type UserId = Id<kinds::User>;
/// Names a client company.
pub type ClientCompanyId = Id<kinds::ClientCompany>;
/// Names a job.
pub type JobId = Id<kinds::Job>;
/// Names a candidate.
pub type CandidateId = Id<kinds::Candidate>;
/// Names a partner.
pub type PartnerId = Id<kinds::Partner>;
/// Names a request.
pub type RequestId = Id<kinds::Request>;
/// Names an import.
pub type ImportId = Id<kinds::Import>;
/// Names an export.
pub type ExportId = Id<kinds::Export>;
/// Names an event.
pub type EventId = Id<kinds::Event>;
/// Names an employment.
pub type EmploymentId = Id<kinds::Employment>;
/// Names an amendment.
pub type AmendmentId = Id<kinds::Amendment>;
/// Names a match.
pub type MatchId = Id<kinds::Match>;
/// Names an API key.
pub type ApiKeyId = Id<kinds::ApiKey>;
/// Names a ban.
pub type BanId = Id<kinds::Ban>;
/// Names a usage plan.
pub type UsagePlanId = Id<kinds::UsagePlan>;
/// Names a run of the matcher.
pub type MatchRunId = Id<kinds::MatchRun>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ManualClock, Timestamp};

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let clock = ManualClock::new(Timestamp::from_millis(1));
        let job = JobId::new(&clock).to_string();

        assert!(job.parse::<TenantId>().is_err());
    }

    #[test]
    fn malformed_ids_are_refused() {
        for text in [
            "",
            "job_",
            "job_0",
            "job_80000000000000000000000000",
            "JOB_00000000000000000000000000",
            "job_0000000000000000000000000u",
            "job_0000000000000000000000000é",
        ] {
            assert!(text.parse::<JobId>().is_err(), "{text}");
        }
    }

    #[test]
    fn printing_and_parsing_are_inverse() {
        let id = JobId::from_uuid(Uuid::from_u128(u128::MAX));

        assert_eq!(id.to_string(), "job_7zzzzzzzzzzzzzzzzzzzzzzzzz");
        assert_eq!(id.to_string().parse::<JobId>().unwrap(), id);
    }

    #[test]
    fn later_ids_sort_later() {
        let clock = ManualClock::new(Timestamp::from_millis(1));
        let first = JobId::new(&clock);
        clock.advance(std::time::Duration::from_millis(1));

        assert!(first.to_string() < JobId::new(&clock).to_string());
    }
}
