//! Clients that proved themselves a moment ago, as they are registered.
//!
//! What finds one is a hash of its id with the secret that was right. So whoever guesses finds
//! nothing, whether the client exists, was here a moment ago or not: for them the database is asked
//! each time, the same questions. And nobody can fill this with names.

use aws_lc_rs::digest::{Context, SHA256};
use gate::revocations::HEAR_EVERY;
use kernel::Timestamp;
use oauth::{ClientProof, Evidence};
use quick_cache::sync::Cache;

use super::client::Known;

/// Clients that proved themselves a moment ago.
pub struct Remembered(Cache<[u8; 32], Known>);

impl Default for Remembered {
    fn default() -> Self {
        Self(Cache::new(SEEN_MAX))
    }
}

impl Remembered {
    /// The client of a proof that was good a moment ago. It is held against the proof all the same.
    pub(super) fn find(&self, proof: &ClientProof, now: Timestamp) -> Option<Known> {
        let known = self.0.get(&fingerprint(proof)?)?;
        // From when it was read, not from its last use: it is read anew each second.
        (now < known.read_at.plus(HEAR_EVERY)).then_some(known)
    }

    /// Keeps a client that has just proven itself. Assertions count once and certificates belong to
    /// connections: who proves themselves so is looked up each time.
    pub(super) fn keep(&self, proof: &ClientProof, known: &Known) {
        let Some(place) = fingerprint(proof) else { return };
        if self.0.get(&place).is_none_or(|kept| kept.read_at < known.read_at) {
            self.0.insert(place, known.clone());
        }
    }

    /// Forgets all: this node has just changed a registration.
    pub(crate) fn forget(&self) {
        self.0.clear();
    }
}

fn fingerprint(proof: &ClientProof) -> Option<[u8; 32]> {
    let (Evidence::Basic(secret) | Evidence::Post(secret)) = &proof.evidence else { return None };
    let mut hash = Context::new(&SHA256);
    // The length of the id keeps what follows it apart from it.
    hash.update(&u64::try_from(proof.client_id.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(proof.client_id.as_bytes());
    hash.update(secret.expose().as_bytes());
    let mut out = [0; 32];
    out.copy_from_slice(hash.finish().as_ref());
    Some(out)
}

const SEEN_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use kernel::Secret;
    use oauth::{Profile, RegisteredClient, Scopes, Uses};

    use super::*;

    const READ_AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn known(read_at: Timestamp) -> Known {
        let client = RegisteredClient {
            client_id: "pc_a".to_owned(),
            tenant: "ten_00000000000000000000000001".parse().unwrap(),
            environment: "production".to_owned(),
            roles: Vec::new(),
            allowed: Scopes::parse("read:jobs").unwrap(),
            active: true,
            profile: Profile::Baseline,
            uses: Uses::default(),
            secrets: Vec::new(),
            keys: Vec::new(),
            certificates: Vec::new(),
            certificate_bound: false,
        };
        Known { client: Arc::new(client), read_at }
    }

    fn proof(client_id: &str, secret: &str) -> ClientProof {
        let evidence = Evidence::Basic(Secret::new(secret.to_owned()));
        ClientProof { client_id: client_id.to_owned(), evidence }
    }

    #[test]
    fn whoever_has_another_secret_or_name_finds_nothing() {
        let remembered = Remembered::default();
        remembered.keep(&proof("pc_a", "secret"), &known(READ_AT));

        for (id, secret) in [("pc_a", "secre"), ("pc_a", ""), ("pc_", "asecret"), ("", "secret")] {
            assert!(remembered.find(&proof(id, secret), READ_AT).is_none(), "{id}");
        }
        let assertion = Evidence::Assertion("secret".to_owned());
        let by_key = ClientProof { client_id: "pc_a".to_owned(), evidence: assertion };
        assert!(remembered.find(&by_key, READ_AT).is_none());
        assert!(remembered.find(&proof("pc_a", "secret"), READ_AT).is_some());
    }

    #[test]
    fn a_client_is_read_anew_a_second_after_it_was_read_and_not_after_its_last_use() {
        let (remembered, proof) = (Remembered::default(), proof("pc_a", "secret"));
        let after = |millis| READ_AT.plus(Duration::from_millis(millis));
        remembered.keep(&proof, &known(after(100)));
        // Another request read it before, and is done only now.
        remembered.keep(&proof, &known(READ_AT));

        assert!(remembered.find(&proof, after(1099)).is_some());
        assert!(remembered.find(&proof, after(1100)).is_none());
        remembered.keep(&proof, &known(after(1100)));
        assert!(remembered.find(&proof, after(1101)).is_some());
        remembered.forget();
        assert!(remembered.find(&proof, after(1101)).is_none());
    }
}
