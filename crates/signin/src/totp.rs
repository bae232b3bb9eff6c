//! One-time codes by time (RFC 6238), as every authenticator app makes them: HMAC-SHA-1, six
//! digits, 30 seconds. A code is good in its own step and one before or after it, and once.

use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use kernel::{Secret, Timestamp, random};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use subtle::{Choice, ConstantTimeEq};

/// What an authenticator app and we both know.
#[derive(Clone)]
pub struct TotpSecret(Secret<[u8; SECRET]>);

/// Six digits, as somebody typed them.
#[derive(Clone)]
pub struct TotpCode(Secret<[u8; DIGITS]>);

impl TotpSecret {
    /// A new one: 160 random bits (RFC 4226 §4, R6).
    #[must_use]
    pub fn generate() -> Self {
        Self(Secret::new(random::bytes()))
    }

    /// Reads one from the bytes that were sealed.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Secret::new(bytes.try_into().ok()?)))
    }

    /// The bytes, to be sealed.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        self.0.expose().as_slice()
    }

    /// As people type it who cannot take a picture: base32 in groups of four.
    #[must_use]
    pub fn to_text(&self) -> String {
        let text = BASE32_NOPAD.encode(self.bytes());
        let groups: Vec<&str> = text.as_bytes().chunks(4).filter_map(as_text).collect();
        groups.join(" ")
    }

    /// The address that authenticator apps read from a picture.
    #[must_use]
    pub fn url(&self, issuer: &str, account: &str) -> String {
        let of = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (issuer, account) = (of(issuer), of(account));
        let secret = BASE32_NOPAD.encode(self.bytes());
        format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}")
    }

    /// The step that the code is of, if it is of this moment. The step is what makes a code count
    /// once: it must be later than the last one taken.
    #[must_use]
    pub fn step_of(&self, code: &TotpCode, now: Timestamp) -> Option<i64> {
        let present = now.seconds().div_euclid(STEP_S);
        // All three are made, whichever it is.
        let mut found = None;
        for step in [present - 1, present, present + 1] {
            let is_it: Choice = self.code_at(step).ct_eq(code.0.expose());
            if is_it.into() {
                found = Some(step);
            }
        }
        found
    }

    /// The code of a moment, as an authenticator app shows it.
    #[must_use]
    pub fn code(&self, now: Timestamp) -> String {
        let code = self.code_at(now.seconds().div_euclid(STEP_S));
        as_text(&code).unwrap_or_default().to_owned()
    }

    /// RFC 4226 §5.3: dynamic truncation.
    fn code_at(&self, step: i64) -> [u8; DIGITS] {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.bytes());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let start = usize::from(tag.last().map_or(0, |last| last & 0x0f));
        let word = tag.get(start..start + 4).and_then(|word| word.first_chunk::<4>());
        let mut rest = word.map_or(0, |word| u32::from_be_bytes(*word) & 0x7fff_ffff);
        let mut code = [b'0'; DIGITS];
        for digit in code.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        code
    }
}

impl TotpCode {
    /// Reads six digits; spaces between them are how apps show them.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let mut digits = typed.bytes().filter(|byte| *byte != b' ');
        let mut code = [0; DIGITS];
        for place in &mut code {
            *place = digits.next().filter(u8::is_ascii_digit)?;
        }
        digits.next().is_none().then(|| Self(Secret::new(code)))
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret")
    }
}

impl fmt::Debug for TotpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpCode")
    }
}

fn as_text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

const SECRET: usize = 20;
const DIGITS: usize = 6;
const STEP_S: i64 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn code(text: &str) -> TotpCode {
        TotpCode::parse(text).unwrap()
    }

    fn theirs() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").unwrap()
    }

    #[test]
    fn what_is_not_six_digits_is_no_code() {
        for text in ["", "12345", "1234567", "12345x", "１２３４５６", "-12345", "12 34 5"] {
            assert!(TotpCode::parse(text).is_none(), "{text:?}");
        }
        assert!(TotpCode::parse("123 456").is_some());
    }

    #[test]
    fn a_code_of_two_steps_ago_is_refused_and_so_is_one_to_come() {
        let secret = TotpSecret::generate();
        let now = at(1_795_372_200);
        let of = |offset: i64| secret.step_of(&code(&secret.code(at(now.seconds() + offset))), now);

        assert_eq!(of(-60), None);
        assert_eq!(of(60), None);
        for offset in [-30, 0, 30] {
            assert_eq!(of(offset), Some((now.seconds() + offset) / 30));
        }
    }

    #[test]
    fn another_secret_makes_other_codes() {
        let now = at(1_795_372_200);
        let codes: std::collections::HashSet<String> =
            (0..50).map(|_| TotpSecret::generate().code(now)).collect();

        assert!(codes.len() > 45, "{}", codes.len());
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // RFC 6238 appendix B, SHA-1: the last six of eight digits.
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(theirs().code(at(seconds)), expected);
        }
    }

    #[test]
    fn the_address_names_issuer_and_account() {
        assert_eq!(
            theirs().url("Ringwall acme", "mara@acme.example"),
            "otpauth://totp/Ringwall%20acme:mara%40acme%2Eexample\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Ringwall%20acme"
        );
        assert_eq!(theirs().to_text(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }

    #[test]
    fn secrets_are_never_printed() {
        assert_eq!(format!("{:?} {:?}", theirs(), code("123456")), "TotpSecret TotpCode");
    }
}
