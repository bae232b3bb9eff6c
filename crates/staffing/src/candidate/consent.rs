//! On what ground a candidate's data is processed (GDPR Art. 6), and until when.

use kernel::{Code, Line, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::named;
use crate::transition::{IllegalTransition, Transition, step};

/// Which text the candidate agreed to.
pub type PolicyVersion = Line<1, 64>;
/// How the candidate said so: a form, a call, a mail.
pub type Channel = Line<1, 64>;

/// The ground on which a candidate's data is processed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Where it stands.
    pub status: ConsentStatus,
    /// The legal ground.
    pub basis: Basis,
    /// When it was granted.
    pub granted_at: Option<Timestamp>,
    /// Which text it was granted to.
    #[schema(inline)]
    pub policy_version: Option<PolicyVersion>,
    /// How it was granted.
    #[schema(inline)]
    pub channel: Option<Channel>,
    /// From when on it no longer holds.
    pub expires_at: Option<Timestamp>,
}

/// What is known when a candidate grants consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentGrant {
    /// The legal ground.
    pub basis: Basis,
    /// Which text it is granted to.
    #[schema(
        value_type = String,
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9][A-Za-z0-9 ._:-]*$"
    )]
    pub policy_version: PolicyVersion,
    /// How it is granted.
    #[schema(value_type = named::Channel)]
    pub channel: Channel,
    /// From when on it no longer holds.
    pub expires_at: Option<Timestamp>,
}

/// Where consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentStatus {
    /// Not asked, or not answered.
    Pending,
    /// Given.
    Granted,
    /// Taken back.
    Withdrawn,
    /// Run out.
    Expired,
}

/// A legal ground for processing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// GDPR Art. 6(1)(a).
    Consent,
    /// GDPR Art. 6(1)(f).
    LegitimateInterest,
    /// GDPR Art. 6(1)(b).
    Contract,
}

impl Consent {
    /// Not asked yet.
    #[must_use]
    pub const fn pending(basis: Basis) -> Self {
        Self {
            status: ConsentStatus::Pending,
            basis,
            granted_at: None,
            policy_version: None,
            channel: None,
            expires_at: None,
        }
    }

    /// The candidate agrees, for the first time or again.
    ///
    /// # Errors
    /// When the table has no such row.
    pub fn grant(self, grant: ConsentGrant, now: Timestamp) -> Result<Self, IllegalTransition> {
        Ok(Self {
            status: self.step("grant")?,
            basis: grant.basis,
            granted_at: Some(now),
            policy_version: Some(grant.policy_version),
            channel: Some(grant.channel),
            expires_at: grant.expires_at,
        })
    }

    /// The candidate objects, or takes consent back. What was granted stays on record.
    ///
    /// # Errors
    /// When the table has no such row.
    pub fn withdraw(self) -> Result<Self, IllegalTransition> {
        Ok(Self { status: self.step("withdraw")?, ..self })
    }

    /// Its time is up.
    ///
    /// # Errors
    /// When the table has no such row, or its time is not up yet.
    pub fn expire(self, now: Timestamp) -> Result<Self, IllegalTransition> {
        let status = self.step("expire")?;
        if self.is_over(now) {
            return Ok(Self { status, ..self });
        }
        Err(IllegalTransition {
            code: &ILLEGAL_CONSENT,
            from: self.status.as_str(),
            attempted: "expire",
            legal: vec!["grant", "withdraw"],
            guard: Some(OVER),
        })
    }

    /// Whether data may be processed on this ground now.
    ///
    /// Consent must have been granted; the other grounds hold until the candidate objects.
    #[must_use]
    pub fn covers(&self, now: Timestamp) -> bool {
        let stands = match self.status {
            ConsentStatus::Granted => true,
            ConsentStatus::Pending => self.basis != Basis::Consent,
            ConsentStatus::Withdrawn | ConsentStatus::Expired => false,
        };
        stands && !self.is_over(now)
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    fn step(&self, attempted: &'static str) -> Result<ConsentStatus, IllegalTransition> {
        let from = (self.status, self.status.as_str());
        step(transitions(), from, attempted, &ILLEGAL_CONSENT)
    }
}

impl ConsentStatus {
    /// Every status.
    pub const ALL: &[Self] = &[Self::Pending, Self::Granted, Self::Withdrawn, Self::Expired];

    /// The name, as stores and callers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Granted => "granted",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == name)
    }
}

/// The life cycle of consent.
#[must_use]
pub const fn transitions() -> &'static [Transition<ConsentStatus>] {
    TRANSITIONS
}

const TRANSITIONS: &[Transition<ConsentStatus>] = {
    use ConsentStatus::{Expired, Granted, Pending, Withdrawn};
    &[
        Transition::free(Pending, "grant", Granted),
        Transition::free(Pending, "withdraw", Withdrawn),
        Transition::free(Granted, "grant", Granted),
        Transition::free(Granted, "withdraw", Withdrawn),
        Transition::guarded(Granted, "expire", Expired, OVER),
        Transition::free(Withdrawn, "grant", Granted),
        Transition::free(Expired, "grant", Granted),
        Transition::free(Expired, "withdraw", Withdrawn),
    ]
};

const OVER: &str = "`expires_at` has passed";

/// The move is not in the table, or consent has not run out yet.
pub const ILLEGAL_CONSENT: Code = Code {
    status: 409,
    name: "candidates.illegal_consent_transition",
    title: "The candidate's consent does not allow this",
    mend: "Make one of the moves in `legal_transitions`.",
};

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Timestamp = Timestamp::from_millis(86_400_000);

    fn grant(expires_at: Option<Timestamp>) -> ConsentGrant {
        ConsentGrant {
            basis: Basis::Consent,
            policy_version: Line::parse("2026-11").unwrap(),
            channel: Line::parse("form").unwrap(),
            expires_at,
        }
    }

    fn at(status: ConsentStatus) -> Consent {
        Consent { status, expires_at: Some(DAY), ..Consent::pending(Basis::Consent) }
    }

    #[test]
    fn every_move_outside_the_table_is_refused() {
        for status in ConsentStatus::ALL {
            let to = |name| {
                let row = transitions().iter().find(|row| row.from == *status && row.name == name);
                row.map(|row| row.to)
            };
            let after = |consent: Result<Consent, _>| consent.ok().map(|consent| consent.status);
            assert_eq!(after(at(*status).grant(grant(None), DAY)), to("grant"));
            assert_eq!(after(at(*status).withdraw()), to("withdraw"));
            assert_eq!(after(at(*status).expire(DAY)), to("expire"));
        }
    }

    #[test]
    fn consent_does_not_expire_before_its_time() {
        let refused = at(ConsentStatus::Granted).expire(Timestamp::from_millis(0)).unwrap_err();

        assert_eq!((refused.legal, refused.guard), (vec!["grant", "withdraw"], Some(OVER)));
    }

    #[test]
    fn consent_covers_only_from_its_grant_to_its_end() {
        let pending = Consent::pending(Basis::Consent);
        assert!(!pending.covers(DAY));

        let granted = pending.grant(grant(Some(DAY)), Timestamp::from_millis(0)).unwrap();
        assert!(granted.covers(Timestamp::from_millis(1)));
        assert!(!granted.covers(DAY));
        assert!(!granted.withdraw().unwrap().covers(Timestamp::from_millis(1)));
    }

    #[test]
    fn other_grounds_hold_until_an_objection() {
        let ground = Consent::pending(Basis::LegitimateInterest);

        assert!(ground.covers(DAY));
        assert!(!ground.withdraw().unwrap().covers(DAY));
    }

    #[test]
    fn names_of_statuses_are_those_of_the_contract() {
        for status in ConsentStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(ConsentStatus::parse(status.as_str()), Some(*status));
        }
    }
}
