//! The key under which names, codes and forms become hashes. It stays outside the database.

use std::fmt;
use std::net::IpAddr;

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use kernel::Secret;
use subtle::ConstantTimeEq;

use crate::RecoveryCode;

/// Makes keyed hashes, each for one use.
#[derive(Clone)]
pub struct SignInKey(hmac::Key);

/// Which account somebody named: finds it, and tells nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignInIndex(pub [u8; 32]);

impl SignInKey {
    /// From a key that is used for nothing else.
    #[must_use]
    pub fn new(key: &Secret<[u8; 32]>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    /// The account that an agency's short name and an e-mail address name, whether or not there is
    /// one. The address is folded before.
    #[must_use]
    pub fn index(&self, agency: &str, folded_email: &str) -> SignInIndex {
        SignInIndex(self.mac("index", [agency.as_bytes(), folded_email.as_bytes()]))
    }

    /// The account that an identity provider's word is about, at one agency: no address is in it,
    /// and no form can name it.
    #[must_use]
    pub fn identity(&self, agency: &[u8; 16], issuer: &str, subject: &str) -> SignInIndex {
        let of_issuer = self.mac("issuer", [issuer.as_bytes(), subject.as_bytes()]);
        SignInIndex(self.mac("identity", [agency, &of_issuer]))
    }

    /// A session with an identity provider, as it is kept.
    #[must_use]
    pub fn provider_session(&self, issuer: &str, session: &str) -> [u8; 32] {
        self.mac("provider-session", [issuer.as_bytes(), session.as_bytes()])
    }

    /// What failed sign-ins are counted by: the account that was named.
    #[must_use]
    pub fn of_account(&self, index: &SignInIndex) -> [u8; 32] {
        self.mac("account", [&index.0, b""])
    }

    /// What wrong codes are counted by: somebody whose password was right.
    #[must_use]
    pub fn of_second_factor(&self, user: &[u8; 16]) -> [u8; 32] {
        self.mac("second-factor", [user, b""])
    }

    /// What wrong codes of one sign-in are counted by.
    #[must_use]
    pub fn of_flow(&self, flow: &str) -> [u8; 32] {
        self.mac("flow", [flow.as_bytes(), b""])
    }

    /// What failures from one place are counted by: an IPv4 address, or the /64 that a household
    /// has of IPv6.
    #[must_use]
    pub fn of_address(&self, address: IpAddr) -> [u8; 32] {
        match address.to_canonical() {
            IpAddr::V4(address) => self.mac("address", [&address.octets(), b""]),
            IpAddr::V6(address) => {
                let octets = address.octets();
                self.mac("address", [octets.get(..8).unwrap_or_default(), b""])
            }
        }
    }

    /// A recovery code as it is kept, for one person.
    #[must_use]
    pub fn of_recovery_code(&self, code: &RecoveryCode, user: &[u8; 16]) -> [u8; 32] {
        self.mac("recovery-code", [user, code.plain().as_bytes()])
    }

    /// What stands in a form of our own pages, so that no other page can send one: bound to the
    /// visit or session that the page was made for.
    #[must_use]
    pub fn form(&self, shown_to: &str) -> String {
        HEXLOWER.encode(&self.mac("form", [shown_to.as_bytes(), b""]))
    }

    /// Whether a form is from a page that was made for this visit or session. Constant time.
    #[must_use]
    pub fn is_form(&self, shown_to: &str, sent: &str) -> bool {
        self.form(shown_to).as_bytes().ct_eq(sent.as_bytes()).into()
    }

    fn mac(&self, label: &str, parts: [&[u8]; 2]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        // Lengths keep two lists of parts from reading the same.
        for part in [label.as_bytes()].into_iter().chain(parts) {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        out
    }
}

impl fmt::Debug for SignInKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInKey")
    }
}

impl fmt::Debug for SignInIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInIndex")
    }
}

impl SignInIndex {
    /// In hexadecimal digits.
    #[must_use]
    pub fn to_text(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SignInKey {
        SignInKey::new(&Secret::new([byte; 32]))
    }

    #[test]
    fn a_form_of_another_session_or_installation_is_refused() {
        let form = key(1).form("ses_1");

        assert!(key(1).is_form("ses_1", &form));
        assert!(!key(1).is_form("ses_2", &form));
        assert!(!key(2).is_form("ses_1", &form));
        assert!(!key(1).is_form("ses_1", ""));
    }

    #[test]
    fn names_do_not_run_together() {
        let key = key(1);

        assert!(key.index("ac", "me@x.example") != key.index("acm", "e@x.example"));
        assert!(key.index("acme", "x").0 != key.of_account(&SignInIndex([0; 32])));
    }

    #[test]
    fn a_recovery_code_is_kept_for_one_person_and_under_one_key() {
        let code = RecoveryCode::generate();
        let kept = key(1).of_recovery_code(&code, &[1; 16]);

        assert_ne!(kept, key(1).of_recovery_code(&code, &[2; 16]));
        assert_ne!(kept, key(2).of_recovery_code(&code, &[1; 16]));
    }

    #[test]
    fn neighbours_in_one_household_count_together() {
        let of = |text: &str| key(1).of_address(text.parse().unwrap());

        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
    }
}
