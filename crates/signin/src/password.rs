//! Passwords that may be chosen (NIST SP 800-63B-4 §3.1.1.2): long ones, and none that is known to
//! be guessed first. No rules about kinds of characters, and no end of life.

use std::fmt;

use kernel::Secret;
use unicode_normalization::UnicodeNormalization;
use zxcvbn::Score;

/// A password as it was typed, in one spelling.
#[derive(Clone)]
pub struct Password(Secret<String>);

/// What a password has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordRule {
    /// Characters that it has at least.
    pub chars_min: usize,
}

/// Why a password may not be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Too few characters.
    #[error("it has fewer than {0} characters")]
    Short(usize),
    /// More than anybody types.
    #[error("it has more than {PASSWORD_CHARS_MAX} characters")]
    Long,
    /// It stands on lists of passwords that are tried first, or is made of one by little changes.
    #[error("it is among the first that somebody would guess")]
    Common,
}

impl PasswordRule {
    /// Where the password is one of two factors.
    pub const WITH_SECOND_FACTOR: Self = Self { chars_min: 8 };
    /// Where it would have to stand alone, and for those who administer.
    pub const ALONE: Self = Self { chars_min: 15 };
}

impl Password {
    /// The password in one spelling: composed, as RFC 8265 §4.2.2 has it, so that another keyboard
    /// types the same.
    ///
    /// # Errors
    /// When it is longer than any password that was chosen here.
    pub fn read(typed: &str) -> Result<Self, PasswordFault> {
        // A bound before any work: composing never makes more than three times as many.
        if typed.chars().nth(PASSWORD_CHARS_MAX).is_some() {
            return Err(PasswordFault::Long);
        }
        Ok(Self(Secret::new(typed.nfc().collect())))
    }

    /// Whether it may be chosen by somebody about whom these words are known: their name, their
    /// e-mail address, their agency. Takes milliseconds.
    ///
    /// # Errors
    /// When it may not.
    pub fn check(&self, rule: PasswordRule, known: &[&str]) -> Result<(), PasswordFault> {
        let text = self.0.expose();
        if text.chars().count() < rule.chars_min {
            return Err(PasswordFault::Short(rule.chars_min));
        }
        let parts = known.iter().flat_map(|words| words.split(|c: char| !c.is_alphanumeric()));
        let words: Vec<&str> = parts.chain(known.iter().copied()).chain(OURS).collect();
        let is_common = zxcvbn::zxcvbn(text, &words).score() < Score::Three;
        if is_common || is_monotonous(text) || is_about(text, &words) {
            return Err(PasswordFault::Common);
        }
        Ok(())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// Made of fewer different characters than a short word.
fn is_monotonous(text: &str) -> bool {
    let different: std::collections::HashSet<char> = text.chars().collect();
    different.len() < DIFFERENT_MIN
}

/// Made of what is known about somebody, and little else.
fn is_about(text: &str, known: &[&str]) -> bool {
    let mut known: Vec<String> = known.iter().map(|word| word.to_lowercase()).collect();
    known.retain(|word| word.chars().count() >= KNOWN_CHARS_MIN);
    known.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    let rest = known.iter().fold(text.to_lowercase(), |rest, word| rest.replace(word.as_str(), ""));
    rest.len() < text.len() && rest.chars().count() < REST_CHARS_MIN
}

/// Words that everybody who signs in here sees.
const OURS: [&str; 4] = ["ringwall", "staffing", "agency", "remote"];
const DIFFERENT_MIN: usize = 4;
/// A shorter word stands in many others by chance.
const KNOWN_CHARS_MIN: usize = 3;
const REST_CHARS_MIN: usize = 8;
/// Long passphrases fit; the work on one stays bounded.
const PASSWORD_CHARS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, rule: PasswordRule) -> Result<(), PasswordFault> {
        let known = ["Mara Silva", "mara.silva@acme.example", "acme"];
        Password::read(text).and_then(|password| password.check(rule, &known))
    }

    #[test]
    fn a_short_password_is_refused() {
        let rule = PasswordRule::WITH_SECOND_FACTOR;
        assert_eq!(check("x9!Kq2z", rule), Err(PasswordFault::Short(8)));
        assert_eq!(check("v7 Qm!tz0pLw", PasswordRule::ALONE), Err(PasswordFault::Short(15)));
    }

    #[test]
    fn an_endless_password_is_refused_before_any_work() {
        assert!(matches!(Password::read(&"ä".repeat(129)), Err(PasswordFault::Long)));
        assert!(Password::read(&"ä".repeat(128)).is_ok());
    }

    #[test]
    fn what_is_guessed_first_is_refused_however_long() {
        for text in [
            "password",
            "Password1",
            "P@ssw0rd123",
            "qwertyuiop",
            "1234567890",
            "iloveyou1",
            "aaaaaaaaaaaaaaaa",
            "abababababababab",
            "passwordpassword",
            "trustno1",
            "letmein123",
            "qwerty123456789",
            "12345678901234567890",
            "mara.silva",
            "marasilva2026",
            "Mara.Silva-2026!",
            "Silva#x7Q!z",
            "acme1234",
            "ringwall",
            "Ringwall2026",
        ] {
            let found = check(text, PasswordRule::WITH_SECOND_FACTOR);
            assert_eq!(found, Err(PasswordFault::Common), "{text}");
        }
    }

    #[test]
    fn kinds_of_characters_are_nobodys_business() {
        for text in
            ["gulls over the harbour wall", "tandem wicker plinth ode", "海辺の静かな図書館の窓辺"]
        {
            assert_eq!(check(text, PasswordRule::WITH_SECOND_FACTOR), Ok(()), "{text}");
        }
    }

    #[test]
    fn two_spellings_of_one_text_are_one_password() {
        let (composed, apart) = ("caf\u{e9} au lait", "cafe\u{301} au lait");

        assert_eq!(
            Password::read(composed).unwrap().bytes(),
            Password::read(apart).unwrap().bytes()
        );
    }

    #[test]
    fn a_password_is_never_printed() {
        assert_eq!(format!("{:?}", Password::read("tandem wicker").unwrap()), "Password");
    }
}
