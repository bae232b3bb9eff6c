//! How people sign in: pages without any script but the one for passkeys, each form a declared
//! operation, so that all rings apply to it.

pub(crate) mod account;
pub(crate) mod applications;
mod asked;
pub(crate) mod authorize;
pub(crate) mod consent;
mod cookies;
pub(crate) mod enrol;
mod flow;
mod html;
pub(crate) mod login;
mod page;
pub(crate) mod passkeys;
mod second_factor;
mod sessions;
pub(crate) mod sign_in;
mod slowly;
pub(crate) mod sso;
pub(crate) mod step_up;
pub(crate) mod style;

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use kernel::{Code, Problem};
use oauth::grants::Family;
use policy::{Environment, Role};
use signin::passkey::RelyingParty;
use signin::{Life, SignInKey, Ticket};
use store::staff::Account;
use tokio::sync::Semaphore;
use vault::{Keyring, TokenKey};

use self::cookies::Visit;
use self::sso::Sso;
use crate::reply::Refused;

/// What signing in needs.
pub struct SignIn {
    /// What names, codes and forms are hashed with.
    pub key: SignInKey,
    /// What seals a sign-in between its two steps, and an enrolment between its page and its form.
    flows: TokenKey,
    /// Who vouches for people.
    sso: Sso,
    /// Where passkeys are good; none where browsers have none.
    passkeys_at: Option<RelyingParty>,
    /// How many passwords are hashed at once: each takes 19 MiB and a processor.
    hashing: Arc<Semaphore>,
}

impl SignIn {
    /// With keys of a keyring, for pages under this origin.
    #[must_use]
    pub fn new(keyring: &Keyring, public_url: &str) -> Self {
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            key: sign_in_key(keyring),
            flows: TokenKey::new(keyring, "sign-in-flow/1"),
            sso: Sso::none(),
            passkeys_at: RelyingParty::of(public_url),
            hashing: Arc::new(Semaphore::new(at_once)),
        }
    }

    /// The same, with identity providers that vouch for people.
    #[must_use]
    pub fn vouched_by(self, sso: Sso) -> Self {
        Self { sso, ..self }
    }

    /// Whether anybody may sign in by ourselves from there.
    ///
    /// # Errors
    /// `staff.local_closed` when identity providers vouch for everybody.
    fn is_open(&self, from: Option<IpAddr>) -> Result<(), Refused> {
        match self.sso.is_open_to(from) {
            true => Ok(()),
            false => Err(Problem::new(&sso::LOCAL_CLOSED).into()),
        }
    }

    /// How the audit trail names a way to sign in by ourselves: past the identity providers, where
    /// there are any.
    fn method(&self, method: &'static str) -> &'static str {
        match method {
            _ if !self.sso.is_used() => method,
            "password" => "break_glass_password",
            "totp" => "break_glass_totp",
            "recovery_code" => "break_glass_recovery_code",
            "passkey" => "break_glass_passkey",
            _ => "break_glass",
        }
    }

    /// Whether somebody may sign in by ourselves, as far as their account goes.
    fn welcomes(&self, account: &Account) -> bool {
        !self.sso.is_used() || account.is_break_glass
    }

    /// Whether people may type their passwords into applications: where providers vouch for them,
    /// they sign in on pages only.
    fn takes_logins(&self) -> bool {
        !self.sso.is_used()
    }

    /// Whether a grant outlives its first token. What somebody granted past the providers does not.
    pub(crate) fn keeps(&self, grant: &Family) -> bool {
        !self.sso.is_used() || grant.vouched
    }

    /// How long a session that we began ourselves lives.
    fn life(&self, roles: &[Role]) -> Life {
        if self.sso.is_used() { Life::BREAK_GLASS } else { life(roles) }
    }

    /// The visit that a form was made for.
    ///
    /// # Errors
    /// `staff.form_stale` when it is of another page, or of none.
    fn visit(&self, headers: &HeaderMap, form: &str) -> Result<Visit, Refused> {
        let visit = Visit::of(headers).filter(|visit| self.key.is_form(&visit.name(), form));
        visit.ok_or_else(stale)
    }
}

/// The key that accounts are found with, for who makes accounts.
#[must_use]
pub fn sign_in_key(keyring: &Keyring) -> SignInKey {
    SignInKey::new(&keyring.purpose_key("sign-in/1"))
}

/// Where somebody enrols by a link.
#[must_use]
pub fn enrol_url(public_url: &str, link: &Ticket) -> String {
    format!("{public_url}/staff/enrol/{}", link.whole().expose())
}

/// How long sessions of these roles live: as long as those of the weightiest among them.
fn life(roles: &[Role]) -> Life {
    if roles.contains(&Role::SystemAdmin) { Life::ADMINISTRATOR } else { Life::STAFF }
}

/// Whether somebody of these roles may sign in to this environment at all. Policies say the same;
/// here nobody gets as far as a session.
pub(crate) fn may_enter(roles: &[Role], environment: Environment) -> bool {
    let is_developer = roles.contains(&Role::DevUser);
    !roles.is_empty() && (environment == Environment::Sandbox || !is_developer)
}

/// A form that was not made for this visit or session.
fn stale() -> Refused {
    Problem::new(&FORM_STALE).into()
}

/// A page that was left open, or a form from elsewhere.
pub(crate) const FORM_STALE: Code = Code {
    status: 403,
    name: "staff.form_stale",
    title: "This form is too old",
    mend: "Open the page again, and send the form once more. Cookies must be allowed.",
};
/// An enrolment link that is not good.
pub(crate) const LINK_OVER: Code = Code {
    status: 404,
    name: "staff.link_over",
    title: "This link is not good any more",
    mend: "A link works once and for a day. Ask an administrator of your agency for a new one.",
};
