//! The keys that another issuer publishes, and when they are asked for again. Pure: who fetches
//! them says what came and when.

use std::sync::Arc;
use std::time::Duration;

use kernel::Timestamp;
use serde_json::{Map, Value};

use crate::jwk::{Algorithm, ForeignKey, JwkError};
use crate::jws::Jws;
use crate::members;

/// Keys that an issuer signs with, each under its name.
#[derive(Clone, Debug)]
pub struct PublishedKeys(Vec<Arc<ForeignKey>>);

/// What is known of an issuer's keys, and since when.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    keys: Option<PublishedKeys>,
    fetched_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
}

/// What to do about a key.
#[derive(Clone, Debug)]
pub enum Ask {
    /// It is known.
    Known(Arc<ForeignKey>),
    /// It is not, and was not asked for a moment ago: ask.
    Fetch,
    /// It is not, and was asked for a moment ago.
    Unknown,
}

impl PublishedKeys {
    /// Reads a key set (RFC 7517 §5). Keys for encryption, of kinds that are not taken, weak, or
    /// without a name are left out: nothing is ever verified with them. `rsa` is what a key of RSA
    /// signs with that does not say so.
    ///
    /// # Errors
    /// When it is no set, too large, holds a private key, two of one name, or none to verify with.
    pub fn parse(json: &[u8], rsa: Option<Algorithm>) -> Result<Self, JwkError> {
        if json.len() > SET_BYTES_MAX {
            return Err(JwkError::Shape);
        }
        let set: Map<String, Value> = members::read(json).ok_or(JwkError::Shape)?;
        let Some(Value::Array(listed)) = set.get("keys") else { return Err(JwkError::Set) };
        if listed.len() > LISTED_MAX {
            return Err(JwkError::Set);
        }
        let mut keys: Vec<Arc<ForeignKey>> = Vec::new();
        for key in listed {
            let members = key.as_object().ok_or(JwkError::Shape)?;
            let key = match ForeignKey::from_members(&completed(members, rsa)) {
                Ok(key) if key.kid().is_some() => key,
                Err(JwkError::Private) => return Err(JwkError::Private),
                Ok(_) | Err(_) => continue,
            };
            if keys.iter().any(|known| known.kid() == key.kid()) {
                return Err(JwkError::Set);
            }
            keys.push(Arc::new(key));
        }
        if keys.is_empty() { Err(JwkError::Set) } else { Ok(Self(keys)) }
    }

    fn find(&self, kid: &str) -> Option<Arc<ForeignKey>> {
        self.0.iter().find(|key| key.kid() == Some(kid)).cloned()
    }
}

/// A key of RSA that does not say what it signs with (RFC 7517 §4.4 lets it).
fn completed(members: &Map<String, Value>, rsa: Option<Algorithm>) -> Map<String, Value> {
    let mut members = members.clone();
    let is_silent = members.get("kty").is_some_and(|kty| kty == "RSA");
    if let (true, false, Some(rsa)) = (is_silent, members.contains_key("alg"), rsa) {
        members.insert("alg".to_owned(), rsa.name().into());
    }
    members
}

impl Kept {
    /// What to do about the key of this name.
    #[must_use]
    pub fn ask(&self, kid: &str, now: Timestamp) -> Ask {
        match (self.find(kid, now), self.may_try(now)) {
            (Some(key), _) => Ask::Known(key),
            (None, true) => Ask::Fetch,
            (None, false) => Ask::Unknown,
        }
    }

    /// Whether to look for other keys, although nobody waits for one.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.may_try(now) && self.fetched_at.is_none_or(|at| now >= at.plus(FRESH))
    }

    /// Whether the issuer could not say now which keys it has: it never did, or did not answer when
    /// it was last asked. What is not known then may be a key of its own all the same.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.fetched_at.is_none() || self.tried_at > self.fetched_at
    }

    /// How long ago the keys came, if they ever did.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        let age = now.millis().saturating_sub(self.fetched_at?.millis());
        Some(Duration::from_millis(u64::try_from(age).unwrap_or(0)))
    }

    /// Notes that the keys are asked for.
    pub fn try_at(&mut self, now: Timestamp) {
        self.tried_at = Some(now);
    }

    /// Takes what came.
    pub fn take(&mut self, keys: PublishedKeys, now: Timestamp) {
        self.keys = Some(keys);
        self.fetched_at = Some(now);
    }

    fn find(&self, kid: &str, now: Timestamp) -> Option<Arc<ForeignKey>> {
        let is_good = self.fetched_at.is_some_and(|at| now < at.plus(GOOD));
        self.keys.as_ref().filter(|_| is_good)?.find(kid)
    }

    fn may_try(&self, now: Timestamp) -> bool {
        self.tried_at.is_none_or(|at| now >= at.plus(TRY_EVERY))
    }
}

/// The name of the key that a JWS says it is signed with. Nothing is proven by it.
#[must_use]
pub fn named_key(jws: &str) -> Option<String> {
    Jws::parse(jws)?.header.kid
}

/// Asked for no more often, whatever strangers send.
pub const TRY_EVERY: Duration = Duration::from_secs(10);
/// Looked for anew after so long, though nobody waits.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// Good for so long, where the issuer does not answer.
const GOOD: Duration = Duration::from_secs(24 * 60 * 60);
const SET_BYTES_MAX: usize = 64 * 1024;
const LISTED_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::SigningKey;

    fn jwk(kid: &str) -> Value {
        let mut jwk = SigningKey::generate().jwk();
        jwk["kid"] = json!(kid);
        jwk
    }

    fn set(keys: &[Value]) -> Result<PublishedKeys, JwkError> {
        PublishedKeys::parse(json!({ "keys": keys }).to_string().as_bytes(), None)
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000).plus(Duration::from_secs(seconds))
    }

    #[test]
    fn a_set_with_a_private_key_two_of_a_name_or_none_to_verify_with_is_refused() {
        let private = |name: &str| {
            let mut key = jwk("a");
            key[name] = json!("AA");
            key
        };
        let encryption = json!({ "kty": "RSA", "kid": "e", "use": "enc", "alg": "RSA-OAEP" });

        assert_eq!(set(&[jwk("b"), private("d")]).unwrap_err(), JwkError::Private);
        assert_eq!(set(&[private("k")]).unwrap_err(), JwkError::Private);
        assert_eq!(set(&[jwk("a"), jwk("a")]).unwrap_err(), JwkError::Set);
        assert_eq!(set(&[encryption]).unwrap_err(), JwkError::Set);
        assert_eq!(set(&vec![jwk("a"); 33]).unwrap_err(), JwkError::Set);
        assert_eq!(set(&[]).unwrap_err(), JwkError::Set);
        for text in ["", "[]", "{}", r#"{"keys":[],"keys":[]}"#, r#"{"keys":[1]}"#] {
            assert!(PublishedKeys::parse(text.as_bytes(), None).is_err(), "{text}");
        }
        assert!(PublishedKeys::parse(&vec![b' '; SET_BYTES_MAX + 1], None).is_err());
    }

    #[test]
    fn what_verifies_nothing_is_left_out() {
        let mut nameless = jwk("x");
        nameless.as_object_mut().unwrap().remove("kid");
        let others = [
            json!({ "kty": "RSA", "kid": "a", "use": "enc", "alg": "RSA-OAEP" }),
            json!({ "kty": "EC", "crv": "secp256k1", "kid": "k", "x": "AA", "y": "AA" }),
            nameless,
        ];

        let keys = set(&[others.as_slice(), &[jwk("a")]].concat()).unwrap();

        assert!(keys.find("a").is_some());
        assert!(keys.find("k").is_none());
        assert_eq!(keys.0.len(), 1);
    }

    #[test]
    fn rsa_without_an_algorithm_signs_with_the_one_that_was_configured_or_with_nothing() {
        let n = data_encoding::BASE64URL_NOPAD.encode(&[0xc1; 256]);
        let key = json!({ "kty": "RSA", "kid": "r", "n": n, "e": "AQAB" });
        let text = json!({ "keys": [key] }).to_string();

        assert!(PublishedKeys::parse(text.as_bytes(), None).is_err());
        let keys = PublishedKeys::parse(text.as_bytes(), Some(Algorithm::Rs256)).unwrap();
        assert_eq!(keys.find("r").unwrap().algorithm(), Algorithm::Rs256);
    }

    #[test]
    fn an_unknown_name_is_asked_for_once_in_ten_seconds() {
        let mut kept = Kept::default();
        assert!(matches!(kept.ask("a", at(0)), Ask::Fetch));
        kept.try_at(at(0));

        for second in 0..10 {
            assert!(matches!(kept.ask("a", at(second)), Ask::Unknown), "{second}");
        }
        assert!(matches!(kept.ask("a", at(10)), Ask::Fetch));
        kept.try_at(at(10));
        kept.take(set(&[jwk("a")]).unwrap(), at(10));
        assert!(matches!(kept.ask("a", at(11)), Ask::Known(_)));
        assert!(matches!(kept.ask("b", at(11)), Ask::Unknown));
        assert!(matches!(kept.ask("b", at(20)), Ask::Fetch));
    }

    #[test]
    fn who_did_not_answer_last_is_silent() {
        let mut kept = Kept::default();
        assert!(kept.is_silent());
        kept.try_at(at(0));
        assert!(kept.is_silent());
        kept.take(set(&[jwk("a")]).unwrap(), at(0));
        assert!(!kept.is_silent());
        assert_eq!(kept.age(at(7)), Some(Duration::from_secs(7)));

        kept.try_at(at(10));

        assert!(kept.is_silent());
    }

    #[test]
    fn the_last_good_keys_go_on_for_a_day() {
        let mut kept = Kept::default();
        kept.try_at(at(0));
        kept.take(set(&[jwk("a")]).unwrap(), at(0));
        let day = 24 * 60 * 60;

        assert!(!kept.is_stale(at(599)));
        assert!(kept.is_stale(at(600)));
        assert!(matches!(kept.ask("a", at(day - 1)), Ask::Known(_)));
        assert!(matches!(kept.ask("a", at(day)), Ask::Fetch));
    }

    proptest! {
        #[test]
        fn whatever_is_asked_no_issuer_is_asked_more_often(
            steps in prop::collection::vec((0_u64..20, 0_u8..4), 1..60),
        ) {
            let (mut kept, mut now, mut last) = (Kept::default(), 0, None);
            for (wait, kid) in steps {
                now += wait;
                let is_asked = match kid {
                    3 => kept.is_stale(at(now)),
                    kid => matches!(kept.ask(&kid.to_string(), at(now)), Ask::Fetch),
                };
                if is_asked {
                    kept.try_at(at(now));
                    prop_assert!(last.is_none_or(|last| now - last >= 10));
                    last = Some(now);
                }
            }
        }
    }
}
