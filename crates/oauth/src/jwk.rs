//! Public keys of others (RFC 7517), read strictly: of clients, and of whoever signs a DPoP proof.
//!
//! The algorithm is a fact of the key, never of a token's header. What a library would let pass is
//! refused here: private members, keys for encryption, a label that does not fit the curve, short
//! or weak RSA keys.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents, VerificationAlgorithm,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use crate::members;

/// A public key that is not ours.
#[derive(Clone)]
pub struct ForeignKey {
    kid: Option<String>,
    algorithm: Algorithm,
    material: Material,
    thumbprint: String,
}

/// What a key signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384; for identity providers only, as all that follow.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
}

#[derive(Clone)]
enum Material {
    Point(Arc<ParsedPublicKey>),
    Modulus { n: Vec<u8>, e: Vec<u8> },
}

/// Why a key is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// Not an object with each member once, or too large.
    #[error("expected a JSON object of at most {JWK_BYTES_MAX} bytes that names each member once")]
    Shape,
    /// It holds a private or symmetric key.
    #[error("expected a public key, found a private member")]
    Private,
    /// It is meant for something else.
    #[error("expected a key that verifies signatures")]
    Use,
    /// Its type, curve and algorithm do not belong together, or are not taken.
    #[error("expected P-256 (ES256), P-384 (ES384), Ed25519 (EdDSA) or RSA that names its `alg`")]
    Kind,
    /// Its numbers are no such key.
    #[error("the key's numbers are not those of such a key")]
    Material,
    /// RSA of fewer than 2048 or more than 8192 bits, a small exponent, or a known weak generator.
    #[error("expected RSA of 2048 to 8192 bits with an exponent of 65537 or more")]
    Weak,
    /// A key set without keys, with too many, or with one name for two.
    #[error("expected 1 to {KEYS_MAX} keys, each with a `kid` of its own")]
    Set,
}

impl Algorithm {
    /// The name in headers (RFC 7518 §3.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }
}

impl ForeignKey {
    /// Reads a key from JSON.
    ///
    /// # Errors
    /// When it is not exactly a public signature key; see [`JwkError`].
    pub fn parse(json: &[u8]) -> Result<Self, JwkError> {
        if json.len() > JWK_BYTES_MAX {
            return Err(JwkError::Shape);
        }
        Self::from_members(&members::read(json).ok_or(JwkError::Shape)?)
    }

    /// Reads a key set, as clients register them: each key has a name of its own.
    ///
    /// # Errors
    /// When a key is not taken, or the set has none, too many, or two of one name.
    pub fn parse_set(json: &[u8]) -> Result<Vec<Self>, JwkError> {
        if json.len() > KEYS_MAX * JWK_BYTES_MAX {
            return Err(JwkError::Shape);
        }
        let set: Map<String, Value> = members::read(json).ok_or(JwkError::Shape)?;
        let Some(Value::Array(listed)) = set.get("keys") else { return Err(JwkError::Set) };
        if !(1..=KEYS_MAX).contains(&listed.len()) {
            return Err(JwkError::Set);
        }
        let mut keys: Vec<Self> = Vec::with_capacity(listed.len());
        for key in listed {
            let key = Self::from_members(key.as_object().ok_or(JwkError::Shape)?)?;
            if key.kid.is_none() || keys.iter().any(|known| known.kid == key.kid) {
                return Err(JwkError::Set);
            }
            keys.push(key);
        }
        Ok(keys)
    }

    pub(crate) fn from_members(jwk: &Map<String, Value>) -> Result<Self, JwkError> {
        if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
            return Err(JwkError::Private);
        }
        check_use(jwk)?;
        let algorithm = algorithm(jwk)?;
        let (material, thumbprint) = match algorithm {
            Algorithm::Es256 => point(jwk, ("P-256", 32), &ECDSA_P256_SHA256_FIXED)?,
            Algorithm::Es384 => point(jwk, ("P-384", 48), &ECDSA_P384_SHA384_FIXED)?,
            Algorithm::EdDsa => edwards(jwk)?,
            Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512
            | Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512 => modulus(jwk)?,
        };
        let kid = text(jwk, "kid", JwkError::Shape)?.map(ToOwned::to_owned);
        if kid.as_ref().is_some_and(|kid| !(1..=KID_BYTES_MAX).contains(&kid.len())) {
            return Err(JwkError::Shape);
        }
        Ok(Self { kid, algorithm, material, thumbprint })
    }

    /// Its name, where it has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// What it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its thumbprint (RFC 7638), which is what a DPoP-bound token names.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Whether the signature is this key's.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Point(key) => key.verify_sig(message, signature).is_ok(),
            Material::Modulus { n, e } => {
                let key = RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() };
                key.verify(padding(self.algorithm), message, signature).is_ok()
            }
        }
    }
}

impl fmt::Debug for ForeignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("thumbprint", &self.thumbprint)
            .finish_non_exhaustive()
    }
}

/// The padding and digest of an RSA key.
fn padding(algorithm: Algorithm) -> &'static RsaParameters {
    match algorithm {
        Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
        Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 | Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => {
            &RSA_PSS_2048_8192_SHA256
        }
    }
}

/// RFC 7517 §4.2, §4.3: what is meant for encryption verifies nothing.
fn check_use(jwk: &Map<String, Value>) -> Result<(), JwkError> {
    if text(jwk, "use", JwkError::Use)?.is_some_and(|meant| meant != "sig") {
        return Err(JwkError::Use);
    }
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(ops)) if ops.len() == 1 && ops.iter().all(|op| op == "verify") => Ok(()),
        Some(_) => Err(JwkError::Use),
    }
}

/// From type and curve; an `alg` that says something else is a refusal. RSA has two paddings, so
/// there it must be said.
fn algorithm(jwk: &Map<String, Value>) -> Result<Algorithm, JwkError> {
    let (kty, crv) = (text(jwk, "kty", JwkError::Kind)?, text(jwk, "crv", JwkError::Kind)?);
    let said = text(jwk, "alg", JwkError::Kind)?;
    let found = match (kty, crv, said) {
        (Some("EC"), Some("P-256"), _) => Algorithm::Es256,
        (Some("EC"), Some("P-384"), _) => Algorithm::Es384,
        // RFC 9864 gives the algorithm a name that says the curve.
        (Some("OKP"), Some("Ed25519"), None | Some("EdDSA" | "Ed25519")) => {
            return Ok(Algorithm::EdDsa);
        }
        (Some("RSA"), None, Some("PS256")) => Algorithm::Ps256,
        (Some("RSA"), None, Some("PS384")) => Algorithm::Ps384,
        (Some("RSA"), None, Some("PS512")) => Algorithm::Ps512,
        (Some("RSA"), None, Some("RS256")) => Algorithm::Rs256,
        (Some("RSA"), None, Some("RS384")) => Algorithm::Rs384,
        (Some("RSA"), None, Some("RS512")) => Algorithm::Rs512,
        _ => return Err(JwkError::Kind),
    };
    match said {
        Some(said) if said != found.name() => Err(JwkError::Kind),
        _ => Ok(found),
    }
}

/// SEC 1 §2.3.3: 4, then both coordinates. The module checks that the point is on the curve.
fn point(
    jwk: &Map<String, Value>,
    (crv, bytes): (&str, usize),
    algorithm: &'static dyn VerificationAlgorithm,
) -> Result<(Material, String), JwkError> {
    let (x, x_text) = number(jwk, "x")?;
    let (y, y_text) = number(jwk, "y")?;
    if x.len() != bytes || y.len() != bytes {
        return Err(JwkError::Material);
    }
    let sec1 = [&[4], x.as_slice(), y.as_slice()].concat();
    let canonical = format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x_text}","y":"{y_text}"}}"#);
    Ok((parsed(algorithm, &sec1)?, thumbprint(&canonical)))
}

fn edwards(jwk: &Map<String, Value>) -> Result<(Material, String), JwkError> {
    let (x, text) = number(jwk, "x")?;
    if x.len() != ED25519_BYTES || jwk.contains_key("y") {
        return Err(JwkError::Material);
    }
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{text}"}}"#);
    Ok((parsed(&ED25519, &x)?, thumbprint(&canonical)))
}

fn parsed(
    algorithm: &'static dyn VerificationAlgorithm,
    bytes: &[u8],
) -> Result<Material, JwkError> {
    let key = ParsedPublicKey::new(algorithm, bytes).map_err(|_| JwkError::Material)?;
    Ok(Material::Point(Arc::new(key)))
}

fn modulus(jwk: &Map<String, Value>) -> Result<(Material, String), JwkError> {
    let (n, n_text) = number(jwk, "n")?;
    let (e, e_text) = number(jwk, "e")?;
    // RFC 7518 §2: the fewest bytes, so no leading zero.
    if n.first().is_none_or(|byte| *byte == 0) || e.first().is_none_or(|byte| *byte == 0) {
        return Err(JwkError::Material);
    }
    let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let exponent = e.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let is_strong = (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits)
        && e.len() <= EXPONENT_BYTES_MAX
        && exponent >= EXPONENT_MIN
        && exponent % 2 == 1
        && !is_of_weak_generator(&n);
    if !is_strong {
        return Err(JwkError::Weak);
    }
    let canonical = format!(r#"{{"e":"{e_text}","kty":"RSA","n":"{n_text}"}}"#);
    Ok((Material::Modulus { n, e }, thumbprint(&canonical)))
}

/// CVE-2017-15361 (ROCA): one vendor's chips made primes that are powers of 65537 modulo each small
/// prime, which anybody can see in the modulus, and which makes it factorable.
fn is_of_weak_generator(n: &[u8]) -> bool {
    SMALL_PRIMES.iter().all(|prime| {
        let rest = n.iter().fold(0_u32, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        let mut power = 1;
        (0..*prime).any(|_| {
            power = power * (65_537 % prime) % prime;
            power == rest
        })
    })
}

/// A number and its text. Canonical base64url only, so that a key has one thumbprint.
fn number<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<(Vec<u8>, &'a str), JwkError> {
    let text = text(jwk, name, JwkError::Material)?.ok_or(JwkError::Material)?;
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| JwkError::Material)?;
    Ok((bytes, text))
}

/// A member that is a text when it is there.
fn text<'a>(
    jwk: &'a Map<String, Value>,
    name: &str,
    otherwise: JwkError,
) -> Result<Option<&'a str>, JwkError> {
    jwk.get(name).map(|value| value.as_str().ok_or(otherwise)).transpose()
}

fn thumbprint(canonical: &str) -> String {
    BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref())
}

/// RFC 7518 §6: private members of every kind, and the symmetric key.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const JWK_BYTES_MAX: usize = 4096;
const KEYS_MAX: usize = 8;
const KID_BYTES_MAX: usize = 128;
const ED25519_BYTES: usize = 32;
const RSA_BITS_MIN: usize = 2048;
const RSA_BITS_MAX: usize = 8192;
const EXPONENT_MIN: u64 = 65_537;
const EXPONENT_BYTES_MAX: usize = 5;
const SMALL_PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

#[cfg(test)]
mod tests;
