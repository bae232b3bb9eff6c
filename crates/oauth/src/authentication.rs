//! Is it the client? The same work for whoever asks, and one answer for every way to fail.

use std::sync::LazyLock;

use kernel::Timestamp;

use crate::assertion::{self, AssertionError};
use crate::certificate::Certificate;
use crate::error::{OAuthError, OAuthErrorKind};
use crate::grant::{Reason, Refused};
use crate::jti::JtiClaim;
use crate::jwk::ForeignKey;
use crate::key::SigningKey;
use crate::proof::{ClientProof, Evidence, MISSING};
use crate::registered::{ClientKey, ClientSecret, Profile, RegisteredClient, SECRETS_MAX};
use crate::secret::{Pepper, Presented, SecretHash};

/// What a proof is held against.
#[derive(Clone, Copy, Debug)]
pub struct Against<'a> {
    /// Every version of the pepper that secrets may be hashed with.
    pub peppers: &'a [Pepper],
    /// Us, as the audience of assertions.
    pub issuer: &'a str,
    /// What the client showed in its handshake.
    pub certificate: Option<&'a Certificate>,
    /// The present moment.
    pub now: Timestamp,
}

/// A client whose proof is good, if it is the first of its id.
#[derive(Debug)]
#[must_use = "a proof that is not settled proves nothing"]
pub struct Proven<'a> {
    client: &'a RegisteredClient,
    credential: &'a str,
    claim: Option<JtiClaim>,
    by_certificate: bool,
}

/// A client that proved who it is.
///
/// INVARIANT: made by [`Proven::settle`] only.
#[derive(Clone, Copy, Debug)]
pub struct Authenticated<'a> {
    client: &'a RegisteredClient,
    credential: &'a str,
    by_certificate: bool,
}

/// Holds a client's proof against what is registered. `client` is whom the store knows under the
/// id that the proof names, if anybody.
///
/// # Errors
/// The same to the client for every cause; [`Reason`] has the cause.
pub fn authenticate<'a>(
    client: Option<&'a RegisteredClient>,
    proof: &ClientProof,
    against: &Against<'_>,
) -> Result<Proven<'a>, Refused> {
    let client = client.filter(|client| client.client_id == proof.client_id);
    let proven = match &proof.evidence {
        Evidence::Basic(secret) | Evidence::Post(secret) => {
            by_secret(client, secret.expose(), against)
        }
        Evidence::Assertion(jwt) => by_assertion(client, (&proof.client_id, jwt), against),
        Evidence::Certificate => by_certificate(client, against),
    };
    let proven = proven.map_err(refused)?;
    if !proven.client.active {
        return Err(refused(Reason::SuspendedClient));
    }
    let is_secret = matches!(proof.evidence, Evidence::Basic(_) | Evidence::Post(_));
    if is_secret && proven.client.profile == Profile::Fapi2 {
        return Err(refused(Reason::MethodNotAllowed));
    }
    Ok(proven)
}

/// The presented secret is hashed once a pepper, and compared [`SECRETS_MAX`] times, with decoys
/// where the client has no secret or is not known.
fn by_secret<'a>(
    client: Option<&'a RegisteredClient>,
    secret: &str,
    against: &Against<'_>,
) -> Result<Proven<'a>, Reason> {
    let secrets = client.map_or(&[] as &[ClientSecret], |client| &client.secrets);
    let presented = Presented::new(against.peppers, secret);
    let decoy = SecretHash::decoy();
    let mut matched = None;
    for place in 0..SECRETS_MAX {
        let secret = secrets.get(place);
        if presented.matches(secret.map_or(&decoy, |secret| &secret.hash)) {
            matched = secret;
        }
    }
    let client = client.ok_or(Reason::UnknownClient)?;
    let secret = matched.ok_or(Reason::WrongSecret)?;
    if secret.expires.is_some_and(|end| against.now >= end) {
        return Err(Reason::ExpiredSecret);
    }
    Ok(Proven { client, credential: &secret.id, claim: None, by_certificate: false })
}

fn by_assertion<'a>(
    client: Option<&'a RegisteredClient>,
    (client_id, jwt): (&str, &str),
    against: &Against<'_>,
) -> Result<Proven<'a>, Reason> {
    let keys = client.map_or(&[] as &[ClientKey], |client| &client.keys);
    let taken = client.map_or(Profile::Baseline, |client| client.profile).algorithms();
    let live: Vec<ForeignKey> = keys
        .iter()
        .filter(|known| known.expires.is_none_or(|end| against.now < end))
        .filter(|known| taken.contains(&known.key.algorithm()))
        .map(|known| known.key.clone())
        .collect();
    let outcome = assertion::verify(jwt, (client_id, &live, &DECOY), against.issuer, against.now);
    let client = client.ok_or(Reason::UnknownClient)?;
    let (key, claim) = outcome.map_err(Reason::Assertion)?;
    let known = keys.iter().find(|known| known.key.thumbprint() == key.thumbprint());
    let known = known.ok_or(Reason::Assertion(AssertionError::Signature))?;
    Ok(Proven { client, credential: &known.id, claim: Some(claim), by_certificate: false })
}

/// The certificate is what the handshake proved; whose it is, the registration says.
fn by_certificate<'a>(
    client: Option<&'a RegisteredClient>,
    against: &Against<'_>,
) -> Result<Proven<'a>, Reason> {
    let shown = against.certificate.ok_or(Reason::NoCertificate)?;
    if !shown.holds(against.now) {
        return Err(Reason::ExpiredCertificate);
    }
    let client = client.ok_or(Reason::UnknownClient)?;
    let meant = client.certificates.iter().find(|known| shown.is_meant_by(&known.rule));
    let meant = meant.ok_or(Reason::WrongCertificate)?;
    Ok(Proven { client, credential: &meant.id, claim: None, by_certificate: true })
}

impl<'a> Proven<'a> {
    /// The id that must be claimed before the proof counts; none for a secret.
    #[must_use]
    pub const fn claim(&self) -> Option<&JtiClaim> {
        self.claim.as_ref()
    }

    /// The client, once it is known whether the claim succeeded. Without a claim `is_first` says
    /// nothing.
    ///
    /// # Errors
    /// When the assertion was used before.
    pub fn settle(self, is_first: bool) -> Result<Authenticated<'a>, Refused> {
        if self.claim.is_some() && !is_first {
            return Err(refused(Reason::ReplayedAssertion));
        }
        let Self { client, credential, by_certificate, .. } = self;
        Ok(Authenticated { client, credential, by_certificate })
    }
}

impl<'a> Authenticated<'a> {
    /// The client.
    #[must_use]
    pub const fn client(&self) -> &'a RegisteredClient {
        self.client
    }

    /// The same proof for the same client as it is registered in another test.
    #[cfg(test)]
    pub(crate) const fn of(&self, client: &'a RegisteredClient) -> Self {
        Self { client, ..*self }
    }

    /// Whether a certificate proved it.
    #[must_use]
    pub const fn by_certificate(&self) -> bool {
        self.by_certificate
    }

    /// The id of the secret, key or certificate that proved it, for the audit trail.
    #[must_use]
    pub const fn credential(&self) -> &'a str {
        self.credential
    }
}

fn refused(reason: Reason) -> Refused {
    // Who showed nothing at all learns what could be shown; it tells nothing about any client.
    let error = if reason == Reason::NoCertificate { MISSING } else { UNAUTHENTICATED };
    Refused { error, reason }
}

/// The same for every cause, so that it tells nobody which client ids exist.
const UNAUTHENTICATED: OAuthError =
    OAuthError::new(OAuthErrorKind::InvalidClient, "client authentication failed");

/// Stands in where a client has no key of that name, so that the work is the same.
#[expect(clippy::expect_used, reason = "a generated key is a key")]
static DECOY: LazyLock<ForeignKey> = LazyLock::new(|| {
    let jwk = SigningKey::generate().jwk().to_string();
    ForeignKey::parse(jwk.as_bytes()).expect("our own JWK is a JWK")
});

#[cfg(test)]
mod tests;
