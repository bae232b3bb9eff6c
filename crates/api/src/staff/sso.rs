//! Signing in on an identity provider's word (OpenID Connect Core 1.0, as RFC 9700 tightens it):
//! where people are sent, and what is made of the answer they come back with.

mod answered;
pub(crate) mod callback;
mod flow;
pub(crate) mod login;
pub(crate) mod logout;
mod session;

use std::net::IpAddr;
use std::sync::Arc;

use gate::Cidr;
use issuers::Issuer;
use kernel::{Code, Secret};
use oauth::SigningKey;
use policy::Role;
use signin::federated::{Assurance, GroupRow};

/// Who may sign in where: through which providers, and by ourselves.
pub struct Sso {
    /// The identity providers, each under a name of its own.
    pub providers: Vec<Provider>,
    /// Who may sign in by ourselves although there are providers.
    pub break_glass: Option<Vec<Cidr>>,
}

/// An identity provider that vouches for an agency's people.
pub struct Provider {
    /// Its name in addresses, rows and audit entries.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Its keys and metadata.
    pub issuer: Arc<Issuer>,
    /// Us, as it knows us.
    pub client_id: String,
    /// How we prove it.
    pub proof: ProviderProof,
    /// What is asked for, with spaces between.
    pub scope: String,
    /// What is asked for: how strongly people shall prove who they are.
    pub acr_values: String,
    /// How long ago they may have done so, in seconds.
    pub max_age_s: i64,
    /// Which of its words are believed.
    pub assurance: Assurance,
    /// The claim that holds groups.
    pub groups_claim: String,
    /// What groups mean here.
    pub groups: Vec<GroupRow<Role>>,
}

/// How we prove ourselves to a provider.
pub enum ProviderProof {
    /// `client_secret_basic`.
    Secret(Secret<String>),
    /// `private_key_jwt`.
    Key(Box<SigningKey>),
}

impl Sso {
    /// Everybody by ourselves.
    #[must_use]
    pub const fn none() -> Self {
        Self { providers: Vec::new(), break_glass: None }
    }

    /// The provider of a name.
    fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }

    /// Whether anybody vouches for people.
    pub(super) fn is_used(&self) -> bool {
        !self.providers.is_empty()
    }

    /// Whether anybody may sign in by ourselves from there at all.
    pub(super) fn is_open_to(&self, origin: Option<IpAddr>) -> bool {
        match &self.break_glass {
            _ if !self.is_used() => true,
            None => false,
            Some(networks) => origin
                .is_some_and(|address| networks.iter().any(|network| network.contains(address))),
        }
    }
}

impl Provider {
    /// Where it sends people back to: an address that no other provider has (RFC 9700 §4.4.2).
    fn callback(&self, public_url: &str) -> String {
        format!("{public_url}{CALLBACK}/{}", self.name)
    }

    /// The agencies that its groups are about, each once.
    fn agencies(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.groups.iter().map(|row| row.agency.as_str()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

const CALLBACK: &str = "/staff/login/callback";

/// Local sign-in is closed.
pub(crate) const LOCAL_CLOSED: Code = Code {
    status: 403,
    name: "staff.local_closed",
    title: "Sign in with your organization's account",
    mend: "Open `/staff/login`. An identity provider vouches for everybody here.",
};
/// Nothing is known of such a provider.
pub(crate) const NO_PROVIDER: Code = Code {
    status: 404,
    name: "staff.no_provider",
    title: "There is no such identity provider",
    mend: "Open `/staff/sign-in` and choose from there.",
};
/// A provider does not answer.
pub(crate) const PROVIDER_AWAY: Code = Code {
    status: 503,
    name: "staff.provider_away",
    title: "Your organization's sign-in does not answer",
    mend: "Try again in a minute. If that does not help, tell your administrator.",
};
/// A logout token that is not good.
pub(crate) const LOGOUT_TOKEN: Code = Code {
    status: 400,
    name: "staff.logout_token",
    title: "The logout token is not valid",
    mend: "Send a token by OpenID Connect Back-Channel Logout 1.0, of this moment and once.",
};
