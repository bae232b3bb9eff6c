//! How somebody proved who they are, in the words of other standards.

/// What was proven, at a sign-in or again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proven {
    /// A password, and a code of an authenticator app.
    Code,
    /// A password, and one of the codes for emergencies.
    RecoveryCode,
    /// A passkey that asked who it was.
    Passkey {
        /// Whether it may be copied to other devices.
        is_synced: bool,
    },
    /// What an identity provider vouches for: two factors.
    Provider {
        /// Whether it says that they cannot be phished.
        is_phishing_resistant: bool,
    },
}

impl Proven {
    /// The methods, as RFC 8176 names them.
    #[must_use]
    pub const fn amr(self) -> &'static str {
        match self {
            Self::Code => "pwd otp mfa",
            Self::RecoveryCode => "pwd mfa",
            Self::Passkey { is_synced: true } => "swk user mfa",
            Self::Passkey { is_synced: false } => "hwk user mfa",
            Self::Provider { is_phishing_resistant: true } => "pop mfa",
            Self::Provider { is_phishing_resistant: false } => "mfa",
        }
    }

    /// Whether it cannot be phished.
    #[must_use]
    pub const fn is_phishing_resistant(self) -> bool {
        matches!(self, Self::Passkey { .. } | Self::Provider { is_phishing_resistant: true })
    }
}

/// How strongly somebody signed in, as tokens say it: `phr` is of OpenID's EAP profile.
#[must_use]
pub const fn acr(is_phishing_resistant: bool) -> &'static str {
    if is_phishing_resistant { "phr" } else { "mfa" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_cannot_be_phished_and_every_proof_is_of_two_factors() {
        let [resistant, other] =
            [true, false].map(|is_phishing_resistant| Proven::Provider { is_phishing_resistant });
        let keys =
            [Proven::Passkey { is_synced: true }, Proven::Passkey { is_synced: false }, resistant];

        for proof in [Proven::Code, Proven::RecoveryCode, other].into_iter().chain(keys) {
            assert_eq!(proof.is_phishing_resistant(), keys.contains(&proof), "{proof:?}");
            assert!(proof.amr().split(' ').any(|method| method == "mfa"), "{proof:?}");
        }
        assert_eq!((acr(true), acr(false)), ("phr", "mfa"));
    }
}
