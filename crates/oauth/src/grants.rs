//! Authorization codes and refresh tokens as state machines, over a memory with atomic steps.
//!
//! A code works once; a second use ends what the first gave, unless it is the same request in the
//! same moment: then one of them succeeds and nothing ends. A refresh token is replaced whenever
//! it is used. Who lost the answer may ask again for ten seconds and gets the same successor; any
//! older token is stolen or copied, and ends its family.

use std::time::Duration;

use kernel::{TenantId, Timestamp, random};

use crate::authentication::Authenticated;
use crate::error::{OAuthError, OAuthErrorKind};
use crate::opaque::{Code, GrantKey, OpaqueHash, RefreshToken};
use crate::pkce::Challenge;
use crate::scope::Scopes;

/// What somebody granted a client, until the client takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeGrant {
    /// The client that may take it.
    pub client_id: String,
    /// Whose data it is about.
    pub tenant: TenantId,
    /// Who granted it.
    pub subject: String,
    /// What was granted.
    pub scopes: Scopes,
    /// Where the code was sent to.
    pub redirect_uri: String,
    /// What the client committed to.
    pub challenge: Challenge,
    /// The key that the client said it would prove (RFC 9449 §10).
    pub bound_to: Option<String>,
    /// When the person who granted it proved who they are.
    pub auth_time: Timestamp,
    /// Whether they did so by a factor that cannot be phished.
    pub phishing_resistant: bool,
    /// Whether an identity provider vouched for them.
    pub vouched: bool,
    /// The family of what it gives.
    pub family: String,
    /// When it ends: [`CODE_LIFE`] after it was made.
    pub expires_at: Timestamp,
}

/// A chain of refresh tokens that follow from one grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name.
    pub id: String,
    /// The client that it belongs to.
    pub client_id: String,
    /// Whose data it is about.
    pub tenant: TenantId,
    /// Who granted it.
    pub subject: String,
    /// What was granted.
    pub scopes: Scopes,
    /// The key that its tokens are bound to.
    pub bound_to: Option<String>,
    /// When the person who granted it proved who they are.
    pub auth_time: Timestamp,
    /// Whether they did so by a factor that cannot be phished.
    pub phishing_resistant: bool,
    /// Whether an identity provider vouched for them.
    pub vouched: bool,
    /// Counts its tokens from 1. Time stamps would not tell two rotations in one moment apart.
    pub generation: i64,
    /// The token that is good.
    pub current: OpaqueHash,
    /// The one before, and the salt that the current one was derived with.
    pub before: Option<(OpaqueHash, [u8; 32])>,
    /// When the current one came to be.
    pub rotated_at: Timestamp,
    /// When all of it ends: [`FAMILY_LIFE`] after the grant, however often it is used.
    pub expires_at: Timestamp,
    /// When it was ended early.
    pub ended_at: Option<Timestamp>,
}

/// What happened to a code that was taken.
#[derive(Clone, Debug)]
pub enum Taken {
    /// It was there, and is not any more.
    First(Box<CodeGrant>),
    /// It had been taken before.
    Again {
        /// What it granted.
        grant: Box<CodeGrant>,
        /// When it was taken.
        taken_at: Timestamp,
    },
    /// There is no such code.
    Unknown,
}

/// One step of a family: who presents what, and what is to follow.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The family that the token names.
    pub family: String,
    /// Whose client it is.
    pub tenant: TenantId,
    /// The client that presents it.
    pub client_id: String,
    /// The key that the client proved.
    pub bound_to: Option<String>,
    /// The token that is presented.
    pub presented: OpaqueHash,
    /// The token that would follow, and its salt.
    pub successor: (OpaqueHash, [u8; 32]),
    /// The present moment.
    pub now: Timestamp,
}

/// What became of a step.
#[derive(Clone, Debug)]
pub enum Rotated {
    /// The presented token was the current one, and the successor is now.
    Done(Box<Family>),
    /// It was not; this is the family as it stands.
    Not(Box<Family>),
    /// The client has no such family.
    Unknown,
}

/// What is remembered. Each step is atomic: of two at once, one comes first.
pub trait Grants: Sync {
    /// How it fails.
    type Error: Send;

    /// Takes a code of a client's tenant. What was taken is remembered until it would have ended.
    fn take_code(
        &self,
        tenant: TenantId,
        hash: OpaqueHash,
    ) -> impl Future<Output = Result<Taken, Self::Error>> + Send;

    /// Marks a code as used again: no family begins with it any more.
    fn spoil_code(
        &self,
        tenant: TenantId,
        hash: OpaqueHash,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Begins a family, unless its code was used again meanwhile: whether it did.
    fn begin_family(
        &self,
        family: &Family,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Replaces the current token of a family that is live, if it is the presented one and comes
    /// from its client with its key.
    fn rotate_refresh(
        &self,
        step: &Rotation,
    ) -> impl Future<Output = Result<Rotated, Self::Error>> + Send;

    /// Ends a family early.
    fn end_family(
        &self,
        tenant: TenantId,
        family: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Why a grant is not good. The client is told `invalid_grant` for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// No such code or token.
    #[error("no such grant")]
    Unknown,
    /// Its time is over, or it was ended.
    #[error("the grant is over")]
    Over,
    /// It belongs to another client, or to another key.
    #[error("the grant belongs to somebody else")]
    Stranger,
    /// The verifier is missing or wrong.
    #[error("the verifier does not meet the challenge")]
    Verifier,
    /// The redirection URI is another one.
    #[error("another redirection URI")]
    Redirection,
    /// It was used before; what it gave has ended.
    #[error("the grant was used before")]
    Reused,
    /// The same request was sent several times at once, and another one has the answer.
    #[error("the same request is answered already")]
    Simultaneous,
    /// More scope than was granted.
    #[error("more scope than was granted")]
    Scope,
}

/// Why nothing is given: the grant, or the memory.
#[derive(Debug)]
pub enum Halt<E> {
    /// The grant is not good.
    Refused(GrantError),
    /// It was used before ([`GrantError::Reused`]): this family was ended for it.
    Stolen {
        /// Its name.
        family: String,
    },
    /// The memory failed.
    Failed(E),
}

impl<E> From<E> for Halt<E> {
    fn from(error: E) -> Self {
        Self::Failed(error)
    }
}

/// What a client gets: a family, the scopes for this token, and the refresh token to keep.
#[derive(Debug)]
pub struct Given {
    /// The family as it stands.
    pub family: Family,
    /// What this access token may.
    pub scopes: Scopes,
    /// The refresh token that is good from now on.
    pub refresh: RefreshToken,
}

/// A request for what a code grants.
#[derive(Clone, Copy, Debug)]
pub struct Redemption<'a> {
    /// The code.
    pub code: &'a Code,
    /// What the client committed to, in the open.
    pub verifier: Option<&'a str>,
    /// Where the client says that the code was sent to.
    pub redirect_uri: Option<&'a str>,
    /// The key that the client proved.
    pub bound_to: Option<&'a str>,
    /// The present moment.
    pub now: Timestamp,
}

/// Redeems a code. Whatever is wrong, the code is gone: a second try is no better than a guess.
///
/// # Errors
/// When the grant is not good, or the memory fails.
pub async fn redeem<G: Grants>(
    grants: &G,
    key: &GrantKey,
    client: &Authenticated<'_>,
    asked: &Redemption<'_>,
) -> Result<Given, Halt<G::Error>> {
    let (client, now) = (client.client(), asked.now);
    let hash = asked.code.hash(key);
    let grant = match grants.take_code(client.tenant, hash).await? {
        Taken::First(grant) => grant,
        Taken::Unknown => return Err(Halt::Refused(GrantError::Unknown)),
        Taken::Again { grant, taken_at } => {
            // Whoever has the client's proof and the verifier as well is the client, sending twice.
            // What is too late for that may be somebody who found both (RFC 6749 §4.1.2).
            let is_same = check(&grant, &client.client_id, asked).is_ok();
            if is_same && now < taken_at.plus(AT_ONCE) {
                return Err(Halt::Refused(GrantError::Simultaneous));
            }
            grants.spoil_code(client.tenant, hash).await?;
            grants.end_family(client.tenant, &grant.family, now).await?;
            return Err(Halt::Stolen { family: grant.family });
        }
    };
    check(&grant, &client.client_id, asked).map_err(Halt::Refused)?;
    let first = RefreshToken::first(&grant.family);
    let family = Family {
        id: grant.family,
        client_id: grant.client_id,
        tenant: grant.tenant,
        subject: grant.subject,
        scopes: grant.scopes.clone(),
        bound_to: asked.bound_to.map(ToOwned::to_owned),
        auth_time: grant.auth_time,
        phishing_resistant: grant.phishing_resistant,
        vouched: grant.vouched,
        generation: 1,
        current: first.hash(key),
        before: None,
        rotated_at: now,
        expires_at: now.plus(FAMILY_LIFE),
        ended_at: None,
    };
    if !grants.begin_family(&family).await? {
        return Err(Halt::Stolen { family: family.id });
    }
    Ok(Given { family, scopes: grant.scopes, refresh: first })
}

fn check(grant: &CodeGrant, client_id: &str, asked: &Redemption<'_>) -> Result<(), GrantError> {
    if grant.client_id != client_id {
        return Err(GrantError::Stranger);
    }
    if asked.now >= grant.expires_at {
        return Err(GrantError::Over);
    }
    if grant.bound_to.as_deref().is_some_and(|key| asked.bound_to != Some(key)) {
        return Err(GrantError::Stranger);
    }
    if asked.redirect_uri.is_some_and(|uri| uri != grant.redirect_uri) {
        return Err(GrantError::Redirection);
    }
    let is_met = asked.verifier.is_some_and(|verifier| grant.challenge.is_met_by(verifier));
    if is_met { Ok(()) } else { Err(GrantError::Verifier) }
}

/// Replaces a refresh token. More scope than was granted is refused after the token was replaced:
/// the same request without it, within ten seconds, gives the successor.
///
/// # Errors
/// When the grant is not good, or the memory fails.
pub async fn refresh<G: Grants>(
    grants: &G,
    key: &GrantKey,
    client: &Authenticated<'_>,
    presented: &RefreshToken,
    (scopes, bound_to, now): (Option<&Scopes>, Option<&str>, Timestamp),
) -> Result<Given, Halt<G::Error>> {
    let client = client.client();
    let salt = random::bytes();
    let successor = presented.successor(key, &salt);
    let step = Rotation {
        family: presented.family().to_owned(),
        tenant: client.tenant,
        client_id: client.client_id.clone(),
        bound_to: bound_to.map(ToOwned::to_owned),
        presented: presented.hash(key),
        successor: (successor.hash(key), salt),
        now,
    };
    let (family, refresh) = match grants.rotate_refresh(&step).await? {
        Rotated::Done(family) => (*family, successor),
        Rotated::Unknown => return Err(Halt::Refused(GrantError::Unknown)),
        Rotated::Not(family) => match family.judge(&step) {
            Verdict::Again(salt) => (*family, presented.successor(key, &salt)),
            Verdict::Refused(error) => return Err(Halt::Refused(error)),
            Verdict::Stolen => {
                grants.end_family(client.tenant, &family.id, now).await?;
                return Err(Halt::Stolen { family: family.id });
            }
        },
    };
    let scopes = scopes.unwrap_or(&family.scopes).clone();
    if scopes.is_empty() || !scopes.is_subset(&family.scopes) {
        return Err(Halt::Refused(GrantError::Scope));
    }
    Ok(Given { family, scopes, refresh })
}

/// What a token that is not the current one means.
enum Verdict {
    /// The answer was lost: the same successor again, derived with this salt.
    Again([u8; 32]),
    /// Nothing follows from it.
    Refused(GrantError),
    /// Somebody else has it as well.
    Stolen,
}

impl Family {
    /// Whether its current token is good.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }

    fn judge(&self, step: &Rotation) -> Verdict {
        if self.ended_at.is_some() || step.now >= self.expires_at {
            return Verdict::Refused(GrantError::Over);
        }
        // A stranger cannot end a family by naming it.
        if self.client_id != step.client_id || self.bound_to != step.bound_to {
            return Verdict::Refused(GrantError::Stranger);
        }
        match self.before {
            Some((before, salt))
                if before == step.presented && step.now < self.rotated_at.plus(REPLAY) =>
            {
                Verdict::Again(salt)
            }
            _ => Verdict::Stolen,
        }
    }
}

impl GrantError {
    /// The reason code for the audit trail and the metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "grant_unknown",
            Self::Over => "grant_over",
            Self::Stranger => "grant_stranger",
            Self::Verifier => "grant_verifier",
            Self::Redirection => "grant_redirection",
            Self::Reused => "grant_reused",
            Self::Simultaneous => "grant_simultaneous",
            Self::Scope => "scope_not_allowed",
        }
    }
}

impl From<GrantError> for OAuthError {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Scope => {
                Self::new(OAuthErrorKind::InvalidScope, "more scope than was granted")
            }
            _ => Self::new(OAuthErrorKind::InvalidGrant, "the code or refresh token is not good"),
        }
    }
}

/// How long a code may be redeemed.
pub const CODE_LIFE: Duration = Duration::from_secs(60);
/// For how long the same redemption is taken for the first one, sent again.
pub const AT_ONCE: Duration = Duration::from_secs(5);
/// How long a grant may be refreshed, from its beginning and not from its last use.
pub const FAMILY_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the token before the current one gives the current one.
const REPLAY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
