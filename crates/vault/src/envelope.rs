//! The one form of sealed values.
//!
//! ```text
//! value      := 0xE7 | format 1 | suite 1 | key id 8 | key version u32be
//!               | nonce 24 | commitment 32 | ciphertext | tag 16
//! commitment := HMAC-SHA256(K_commit, suite | nonce)
//! bound to   := label, the context's parts, key id 16, key version, suite, schema revision
//! ```
//!
//! GCM alone does not commit to its key: one ciphertext can be made to open under two keys. The
//! commitment is compared first, and in constant time, so nothing is decrypted under a wrong key.

use aws_lc_rs::hmac;
use kernel::Secret;

use crate::VaultError;
use crate::derive::{Label, derive};
use crate::nonce::{self, Nonce};
use crate::xaes::{TAG, Xaes};

/// One version of one key, ready to seal and open.
pub(crate) struct Cipher {
    name: KeyName,
    xaes: Xaes,
    commit: hmac::Key,
}

/// Which key, in which version.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyName {
    pub(crate) id: [u8; 16],
    pub(crate) version: u32,
}

/// A sealed value, taken apart but not yet believed.
pub(crate) struct Sealed<'a> {
    id: &'a [u8; ID],
    version: u32,
    nonce: &'a Nonce,
    commitment: &'a [u8; COMMITMENT],
    ciphertext: &'a [u8],
    tag: &'a [u8; TAG],
}

/// What a sealed value is bound to.
pub(crate) struct Context<'a> {
    /// What kind of thing is sealed; one for each caller of this module.
    pub(crate) label: &'a str,
    /// Where it belongs.
    pub(crate) parts: &'a [&'a [u8]],
}

impl Cipher {
    /// Derives what sealing under `key` needs, once.
    pub(crate) fn new(name: KeyName, key: &[u8; 32]) -> Self {
        let commit = derive(key, Label::Commit, "");
        Self {
            name,
            xaes: Xaes::new(derive(key, Label::Encrypt, "").expose()),
            commit: hmac::Key::new(hmac::HMAC_SHA256, commit.expose()),
        }
    }

    pub(crate) fn seal(&self, context: &Context<'_>, plain: &[u8]) -> Vec<u8> {
        let nonce = nonce::next();
        let mut sealed = Vec::with_capacity(BODY + plain.len() + TAG);
        sealed.extend_from_slice(&[MARK, FORMAT, SUITE]);
        sealed.extend_from_slice(self.short_id());
        sealed.extend_from_slice(&self.name.version.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(hmac::sign(&self.commit, &committed(&nonce)).as_ref());
        sealed.extend_from_slice(plain);
        let (_, body) = sealed.split_at_mut(BODY);
        let tag = self.xaes.seal(&nonce, &self.binding(context), body);
        sealed.extend_from_slice(&tag);
        sealed
    }

    pub(crate) fn open(
        &self,
        context: &Context<'_>,
        sealed: &Sealed<'_>,
    ) -> Result<Secret<Vec<u8>>, VaultError> {
        if !self.has_sealed(sealed) {
            return Err(VaultError::UnknownKey);
        }
        hmac::verify(&self.commit, &committed(sealed.nonce), sealed.commitment)
            .map_err(|_| VaultError::Refused)?;
        self.xaes.open(sealed.nonce, &self.binding(context), sealed.ciphertext, sealed.tag)
    }

    /// Whether the value names this key in this version.
    pub(crate) fn has_sealed(&self, sealed: &Sealed<'_>) -> bool {
        self.short_id() == sealed.id && self.name.version == sealed.version
    }

    pub(crate) const fn name(&self) -> KeyName {
        self.name
    }

    fn short_id(&self) -> &[u8] {
        self.name.id.split_at(ID).0
    }

    fn binding(&self, context: &Context<'_>) -> Vec<u8> {
        let mut aad = Vec::with_capacity(AAD_USUAL);
        let version = self.name.version.to_be_bytes();
        let ours = [self.name.id.as_slice(), &version, &[SUITE], &SCHEMA_REVISION.to_be_bytes()];
        for part in [context.label.as_bytes()].iter().chain(context.parts).chain(&ours) {
            write_part(part, |bytes| aad.extend_from_slice(bytes));
        }
        aad
    }
}

impl<'a> Sealed<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, VaultError> {
        let (&head, rest) = bytes.split_first_chunk().ok_or(VaultError::Malformed)?;
        match head {
            [MARK, FORMAT, SUITE] => Self::parse_keyed(rest).ok_or(VaultError::Malformed),
            [MARK, ..] => Err(VaultError::Unsupported),
            _ => Err(VaultError::Malformed),
        }
    }

    fn parse_keyed(bytes: &'a [u8]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (version, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (commitment, rest) = rest.split_first_chunk()?;
        let (ciphertext, tag) = rest.split_last_chunk()?;
        let version = u32::from_be_bytes(*version);
        Some(Self { id, version, nonce, commitment, ciphertext, tag })
    }
}

/// Writes `part` behind its length (u16be), so that parts never run into each other. One of 65,535
/// bytes or more goes in pieces, each full piece saying that another follows.
pub(crate) fn write_part(part: &[u8], mut write: impl FnMut(&[u8])) {
    let mut rest = part;
    while let Some((piece, more)) = rest.split_at_checked(usize::from(u16::MAX)) {
        write(&u16::MAX.to_be_bytes());
        write(piece);
        rest = more;
    }
    // The loop left fewer than `u16::MAX` bytes.
    write(&u16::try_from(rest.len()).unwrap_or_default().to_be_bytes());
    write(rest);
}

fn committed(nonce: &Nonce) -> [u8; 1 + size_of::<Nonce>()] {
    let mut message = [SUITE; 1 + size_of::<Nonce>()];
    message.split_at_mut(1).1.copy_from_slice(nonce);
    message
}

/// Followed by the format it is not UTF-8, so no text can pass for a sealed value.
const MARK: u8 = 0xE7;
const FORMAT: u8 = 1;
/// XAES-256-GCM with HMAC-SHA256 commitment.
const SUITE: u8 = 1;
/// How plaintexts are written into fields. Changes when a reader could mistake the old form.
const SCHEMA_REVISION: u16 = 1;
const ID: usize = 8;
const COMMITMENT: usize = 32;
const BODY: usize = 3 + ID + size_of::<u32>() + size_of::<Nonce>() + COMMITMENT;
/// Room for the associated data of a field without growing.
const AAD_USUAL: usize = 192;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAME: KeyName = KeyName { id: *b"0123456789abcdef", version: 7 };
    const HERE: Context<'_> = Context { label: "test/v1", parts: &[b"a", b"bc"] };

    fn cipher() -> Cipher {
        Cipher::new(NAME, &[9; 32])
    }

    fn open(cipher: &Cipher, context: &Context<'_>, bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
        let plain = cipher.open(context, &Sealed::parse(bytes)?)?;
        Ok(plain.expose().clone())
    }

    #[test]
    fn a_change_of_any_bit_is_refused() {
        let cipher = cipher();
        let sealed = cipher.seal(&HERE, b"plain");

        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let refused = open(&cipher, &HERE, &changed).unwrap_err();
            let expected = match bit / 8 {
                0 => VaultError::Malformed,
                1 | 2 => VaultError::Unsupported,
                3..15 => VaultError::UnknownKey,
                _ => VaultError::Refused,
            };
            assert_eq!(refused, expected, "bit {bit}");
        }
    }

    #[test]
    fn every_part_of_a_value_is_refused() {
        let cipher = cipher();
        let sealed = cipher.seal(&HERE, b"plain");

        for length in 0..sealed.len() {
            assert!(open(&cipher, &HERE, &sealed[..length]).is_err(), "{length}");
        }
        assert!(open(&cipher, &HERE, &[&sealed, [0].as_slice()].concat()).is_err());
    }

    #[test]
    fn another_context_is_refused() {
        let sealed = cipher().seal(&HERE, b"plain");
        let parts: [&[&[u8]]; 5] =
            [&[b"ab", b"c"], &[b"abc"], &[b"a", b"bc", b""], &[b"bc", b"a"], &[]];

        for parts in parts {
            let context = Context { label: HERE.label, parts };
            assert_eq!(open(&cipher(), &context, &sealed), Err(VaultError::Refused));
        }
        let context = Context { label: "test/v2", parts: HERE.parts };
        assert_eq!(open(&cipher(), &context, &sealed), Err(VaultError::Refused));
    }

    #[test]
    fn a_key_of_the_same_name_is_refused_by_the_commitment() {
        let sealed = cipher().seal(&HERE, b"plain");
        let impostor = Cipher::new(NAME, &[8; 32]);

        assert_eq!(open(&impostor, &HERE, &sealed), Err(VaultError::Refused));
    }

    #[test]
    fn a_key_whose_name_agrees_in_the_first_half_only_is_refused() {
        let sealed = cipher().seal(&HERE, b"plain");
        let twin = Cipher::new(KeyName { id: *b"01234567--------", ..NAME }, &[9; 32]);

        assert_eq!(open(&twin, &HERE, &sealed), Err(VaultError::Refused));
    }

    #[test]
    fn the_overhead_is_87_bytes() {
        assert_eq!(cipher().seal(&HERE, &[0; 64]).len(), 64 + 87);
    }

    #[test]
    fn a_value_sealed_by_another_implementation_opens() {
        let sealed = concat!(
            "e70101",
            "3031323334353637",
            "00000007",
            "000102030405060708090a0b0c0d0e0f1011121314151617",
            "27333a1f33dfd5b61af7528a1bb395bc1339f01a3a9906cc823321004ddb5cfe",
            "227d65e360",
            "1f08345ee745cb0759ce8d5a36cf0b44",
        );
        let sealed = data_encoding::HEXLOWER.decode(sealed.as_bytes()).unwrap();

        assert_eq!(open(&cipher(), &HERE, &sealed).unwrap(), b"plain");
    }

    #[test]
    fn long_parts_do_not_run_into_each_other() {
        let written = |parts: &[&[u8]]| {
            let mut out = Vec::new();
            parts.iter().for_each(|part| write_part(part, |bytes| out.extend_from_slice(bytes)));
            out
        };
        let long = vec![0; usize::from(u16::MAX)];

        assert_ne!(written(&[&long]), written(&[&long, b""]));
        assert_ne!(written(&[&long, b"a"]), written(&[&[&long, b"a".as_slice()].concat()]));
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens(plain: Vec<u8>, part: Vec<u8>) {
            let context = Context { label: "test/v1", parts: &[&part] };

            let sealed = cipher().seal(&context, &plain);

            prop_assert_eq!(open(&cipher(), &context, &sealed), Ok(plain));
        }

        #[test]
        fn no_bytes_make_opening_panic(bytes: Vec<u8>) {
            let marked = [&[MARK, FORMAT, SUITE], bytes.as_slice()].concat();

            prop_assert!(open(&cipher(), &HERE, &bytes).is_err());
            prop_assert!(open(&cipher(), &HERE, &marked).is_err());
        }
    }
}
