//! Public keys of passkeys: `COSE_Key` (RFC 9052 §7, RFC 9053, RFC 8230) of three algorithms.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::PasskeyError;
use super::cbor::Map;

/// A public key that verifies one algorithm and no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyKey(Parts);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Parts {
    /// An uncompressed point.
    Es256([u8; 65]),
    EdDsa([u8; 32]),
    /// A modulus; the exponent is 65537.
    Rs256(Vec<u8>),
}

impl PasskeyKey {
    /// Reads a `COSE_Key`. No member but those of its kind is allowed (WebAuthn §6.5.1).
    ///
    /// # Errors
    /// When it is of another kind, or no key.
    pub fn parse(cose: &[u8]) -> Result<Self, PasskeyError> {
        let map = Map::read_whole(cose)?;
        let kind = (map.integer(KTY), map.integer(ALG), map.len());
        match kind {
            (Some(EC2), Some(ES256), 5) if map.integer(CRV) == Some(P_256) => es256(&map),
            (Some(OKP), Some(EDDSA), 4) if map.integer(CRV) == Some(ED25519_CURVE) => eddsa(&map),
            (Some(RSA), Some(RS256), 4) => rs256(&map),
            _ => Err(PasskeyError::Key),
        }
    }

    /// The number of its algorithm (IANA COSE).
    #[must_use]
    pub const fn algorithm(&self) -> i32 {
        match self.0 {
            Parts::Es256(_) => -7,
            Parts::EdDsa(_) => -8,
            Parts::Rs256(_) => -257,
        }
    }

    /// Whether a message was signed with its private half.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let done = match &self.0 {
            Parts::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Parts::EdDsa(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Parts::Rs256(n) => RsaPublicKeyComponents { n: n.as_slice(), e: EXPONENT }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
        };
        done.is_ok()
    }
}

fn es256(map: &Map) -> Result<PasskeyKey, PasskeyError> {
    let (x, y) = (coordinate(map, X)?, coordinate(map, Y)?);
    let mut point = [4; 65];
    let (_, rest) = point.split_at_mut(1);
    let (first, second) = rest.split_at_mut(32);
    first.copy_from_slice(&x);
    second.copy_from_slice(&y);
    // A point beside the curve verifies nothing: better said now than at the first sign-in.
    ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).map_err(|_| PasskeyError::Key)?;
    Ok(PasskeyKey(Parts::Es256(point)))
}

fn eddsa(map: &Map) -> Result<PasskeyKey, PasskeyError> {
    let x = coordinate(map, X)?;
    ParsedPublicKey::new(&ED25519, x).map_err(|_| PasskeyError::Key)?;
    Ok(PasskeyKey(Parts::EdDsa(x)))
}

fn rs256(map: &Map) -> Result<PasskeyKey, PasskeyError> {
    let (n, e) = (map.bytes(N), map.bytes(E));
    let n = n.filter(|n| MODULUS.contains(&n.len()) && n.first() != Some(&0));
    match (n, e) {
        (Some(n), Some(EXPONENT)) => Ok(PasskeyKey(Parts::Rs256(n.to_vec()))),
        _ => Err(PasskeyError::Key),
    }
}

fn coordinate(map: &Map, label: i32) -> Result<[u8; 32], PasskeyError> {
    map.bytes(label).and_then(|bytes| bytes.try_into().ok()).ok_or(PasskeyError::Key)
}

/// The algorithms that we offer, the best first: elliptic curves, and RSA for the platform
/// authenticator of Windows.
pub const ALGORITHMS: [i32; 3] = [-8, -7, -257];

const KTY: i32 = 1;
const ALG: i32 = 3;
const CRV: i32 = -1;
const X: i32 = -2;
const Y: i32 = -3;
const N: i32 = -1;
const E: i32 = -2;
const OKP: i128 = 1;
const EC2: i128 = 2;
const RSA: i128 = 3;
const ES256: i128 = -7;
const EDDSA: i128 = -8;
const RS256: i128 = -257;
const P_256: i128 = 1;
const ED25519_CURVE: i128 = 6;
/// 2048 to 4096 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=512;
const EXPONENT: &[u8] = &[1, 0, 1];
