//! Passwords as they are kept: Argon2id in the PHC string format, with its parameters.

use std::fmt;
use std::sync::LazyLock;

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use kernel::random;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Password;

/// A password as it is kept. It has no `PartialEq`: it is only ever verified.
#[derive(Clone)]
pub struct PasswordHash {
    cost: Cost,
    salt: [u8; SALT],
    hash: [u8; HASH],
}

/// A kept text is no password hash, or the work failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an Argon2id hash in the PHC string format")]
pub struct HashError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl PasswordHash {
    /// Hashes a password: about 25 ms of a processor and 19 MiB. Not for an asynchronous thread.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn of(password: &Password) -> Result<Self, HashError> {
        let salt = random::bytes();
        Ok(Self { cost: COST, salt, hash: *work(COST, &salt, password)? })
    }

    /// Whether this is the password. Takes as long when it is not.
    ///
    /// # Errors
    /// When there is no memory for the work.
    pub fn verify(&self, password: &Password) -> Result<bool, HashError> {
        let hash = work(self.cost, &self.salt, password)?;
        Ok(hash.ct_eq(&self.hash).into())
    }

    /// Stands in where nobody has a password, so that the work is the same.
    #[must_use]
    pub fn decoy() -> &'static Self {
        static DECOY: LazyLock<PasswordHash> = LazyLock::new(|| PasswordHash {
            cost: COST,
            salt: random::bytes(),
            hash: random::bytes(),
        });
        &DECOY
    }

    /// Whether it was made at another cost than new ones are: time to hash the password anew.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.cost != COST
    }

    /// The form that is stored.
    #[must_use]
    pub fn to_text(&self) -> String {
        let Cost { memory_kib, passes, lanes } = self.cost;
        let (salt, hash) = (BASE64_NOPAD.encode(&self.salt), BASE64_NOPAD.encode(&self.hash));
        format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}")
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When it is another one.
    pub fn parse(text: &str) -> Result<Self, HashError> {
        let parts: Vec<&str> = text.split('$').collect();
        let ["", "argon2id", "v=19", cost, salt, hash] = parts.as_slice() else {
            return Err(HashError);
        };
        Ok(Self { cost: Cost::parse(cost)?, salt: bytes(salt)?, hash: bytes(hash)? })
    }
}

impl Cost {
    fn parse(text: &str) -> Result<Self, HashError> {
        let parts: Vec<&str> = text.split(',').collect();
        let [memory, passes, lanes] = parts.as_slice() else { return Err(HashError) };
        let number = |part: &str, name: &str| {
            part.strip_prefix(name).and_then(|digits| digits.parse().ok()).ok_or(HashError)
        };
        let cost = Self {
            memory_kib: number(memory, "m=")?,
            passes: number(passes, "t=")?,
            lanes: number(lanes, "p=")?,
        };
        // A row cannot ask for more work than we would ever do.
        let is_bounded = cost.memory_kib <= MEMORY_KIB_MAX && cost.passes <= 8 && cost.lanes <= 4;
        if is_bounded { Ok(cost) } else { Err(HashError) }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

fn work(
    cost: Cost,
    salt: &[u8; SALT],
    password: &Password,
) -> Result<Zeroizing<[u8; HASH]>, HashError> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(HASH));
    let params = params.map_err(|_| HashError)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = Zeroizing::new([0; HASH]);
    let done = argon2.hash_password_into(password.bytes(), salt, hash.as_mut_slice());
    done.map_err(|_| HashError)?;
    Ok(hash)
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], HashError> {
    let bytes = BASE64_NOPAD.decode(text.as_bytes()).map_err(|_| HashError)?;
    bytes.try_into().map_err(|_| HashError)
}

/// RFC 9106 §4 with less memory: the first choice of OWASP for servers.
const COST: Cost = Cost { memory_kib: 19_456, passes: 2, lanes: 1 };
const MEMORY_KIB_MAX: u32 = 128 * 1024;
const SALT: usize = 16;
const HASH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::read(text).unwrap()
    }

    #[test]
    fn another_password_does_not_match() {
        let kept = PasswordHash::of(&password("tandem wicker")).unwrap();

        for text in ["tandem wicke", "tandem wicker ", "Tandem wicker", ""] {
            assert_eq!(kept.verify(&password(text)), Ok(false), "{text:?}");
        }
        assert_eq!(PasswordHash::decoy().verify(&password("tandem wicker")), Ok(false));
    }

    #[test]
    fn a_kept_password_matches_itself_after_storage() {
        let kept = PasswordHash::of(&password("tandem wicker")).unwrap();

        let read = PasswordHash::parse(&kept.to_text()).unwrap();

        assert_eq!(read.verify(&password("tandem wicker")), Ok(true));
        assert!(!read.is_outdated());
    }

    #[test]
    fn two_hashes_of_one_password_differ() {
        let (one, other) = (PasswordHash::of(&password("x")), PasswordHash::of(&password("x")));

        assert_ne!(one.unwrap().to_text(), other.unwrap().to_text());
    }

    #[test]
    fn a_hash_of_another_implementation_is_verified() {
        // argon2-cffi 25.1.
        let text = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
                    K13EBUiG7JV+9ZxztmHFTdb7J0WQsnj2V8bZaqyPptE";

        assert_eq!(PasswordHash::parse(text).unwrap().verify(&password("password")), Ok(true));
    }

    #[test]
    fn a_text_that_asks_for_endless_work_is_refused() {
        let fine = PasswordHash::decoy().to_text();
        for (part, other) in [
            ("m=19456", "m=4194304"),
            ("t=2", "t=4000000"),
            ("p=1", "p=64"),
            ("argon2id", "argon2i"),
            ("v=19", "v=16"),
        ] {
            assert!(PasswordHash::parse(&fine.replace(part, other)).is_err(), "{other}");
        }
        assert!(PasswordHash::parse("").is_err());
    }
}
