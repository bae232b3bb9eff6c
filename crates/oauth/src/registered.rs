//! A client as it is registered.

use kernel::{TenantId, Timestamp};

use crate::certificate::CertificateRule;
use crate::jwk::{Algorithm, ForeignKey};
use crate::jws::{CLIENT_ALGORITHMS, FAPI_ALGORITHMS};
use crate::redirect::RedirectUri;
use crate::scope::Scopes;
use crate::secret::SecretHash;

/// A client as it is registered.
#[derive(Clone, Debug)]
pub struct RegisteredClient {
    /// Its id, made by [`crate::generate_client_id`].
    pub client_id: String,
    /// Whose data it reaches.
    pub tenant: TenantId,
    /// Which environment it reaches.
    pub environment: String,
    /// The roles that the policy judges it by.
    pub roles: Vec<String>,
    /// The most that it may ask for.
    pub allowed: Scopes,
    /// Not suspended.
    pub active: bool,
    /// How strictly it is held.
    pub profile: Profile,
    /// Which grants it may use, and how.
    pub uses: Uses,
    /// Its secrets. Those behind the first [`SECRETS_MAX`] are not looked at.
    pub secrets: Vec<ClientSecret>,
    /// Its public keys.
    pub keys: Vec<ClientKey>,
    /// Its certificates.
    pub certificates: Vec<ClientCertificate>,
    /// Whether its tokens are bound to the certificate that it shows (RFC 8705 §3.4).
    pub certificate_bound: bool,
}

/// Which grants a client may use (RFC 7591 §2), and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uses {
    /// Tokens for what it does for itself.
    pub client_credentials: bool,
    /// Codes, for what it does for people.
    pub authorization_code: bool,
    /// Refresh tokens beside the tokens that codes give.
    pub refresh_token: bool,
    /// The agency's own: people may type their password into it, and it gets refresh tokens for
    /// who did.
    pub first_party: bool,
    /// Where people may be sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// Whether it has to push its authorization requests (RFC 9126 §6).
    pub par_required: bool,
}

impl Default for Uses {
    /// Nothing for people.
    fn default() -> Self {
        Self {
            client_credentials: true,
            authorization_code: false,
            refresh_token: false,
            first_party: false,
            redirect_uris: Vec::new(),
            par_required: false,
        }
    }
}

/// How strictly a client is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Secrets or keys, bearer tokens or bound ones.
    #[default]
    Baseline,
    /// FAPI 2.0: keys or certificates only, bound tokens only, authorization requests pushed only.
    Fapi2,
}

impl Profile {
    /// What assertions and DPoP proofs may be signed with.
    #[must_use]
    pub const fn algorithms(self) -> &'static [Algorithm] {
        match self {
            Self::Baseline => &CLIENT_ALGORITHMS,
            Self::Fapi2 => &FAPI_ALGORITHMS,
        }
    }
}

/// One of a client's secrets. There are several while one is being replaced.
#[derive(Clone, Debug)]
pub struct ClientSecret {
    /// Names the secret in the audit trail.
    pub id: String,
    /// The secret as it is kept.
    pub hash: SecretHash,
    /// When it ends, if ever.
    pub expires: Option<Timestamp>,
}

/// One of a client's public keys, for `private_key_jwt`.
#[derive(Clone, Debug)]
pub struct ClientKey {
    /// Names the key in the audit trail.
    pub id: String,
    /// The key.
    pub key: ForeignKey,
    /// When it ends, if ever.
    pub expires: Option<Timestamp>,
}

/// What a client may prove itself with in a TLS handshake.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// Names it in the audit trail.
    pub id: String,
    /// Which certificates it means.
    pub rule: CertificateRule,
}

/// The most secrets that a client has at one time.
pub const SECRETS_MAX: usize = 8;
