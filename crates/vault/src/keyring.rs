//! The root keys, in all their versions, and what is derived from and wrapped under them.

use kernel::Secret;
use zeroize::Zeroizing;

use crate::derive::{KeyBytes, Label, derive, fresh, fresh_id};
use crate::envelope::{Cipher, Context, KeyName, Sealed};
use crate::{KeyFile, VaultError};

/// The root keys. New things are wrapped under the current version; old ones open under theirs.
pub struct Keyring {
    current: Root,
    earlier: Vec<Root>,
    /// The number of the pepper that new secrets are hashed with, from 1.
    pepper: u8,
}

struct Root {
    key: KeyBytes,
    cipher: Cipher,
}

impl Keyring {
    /// A keyring with one fresh root key.
    #[must_use]
    pub fn generate() -> Self {
        let current = Root::new(KeyName { id: fresh_id(), version: 1 }, fresh());
        Self { current, earlier: Vec::new(), pepper: FIRST_PEPPER }
    }

    /// Seals the keyring for storage.
    #[must_use]
    pub fn seal(&self, key_file: &KeyFile) -> Vec<u8> {
        // Sized at once: growing would leave a copy behind.
        let mut plain = Zeroizing::new(Vec::with_capacity(ROOT * (1 + self.earlier.len()) + 1));
        for root in std::iter::once(&self.current).chain(&self.earlier) {
            let name = root.cipher.name();
            plain.extend_from_slice(&name.id);
            plain.extend_from_slice(&name.version.to_be_bytes());
            plain.extend_from_slice(root.key.expose());
        }
        // A keyring whose pepper was never changed is as it was before there were numbers.
        plain.extend((self.pepper != FIRST_PEPPER).then_some(self.pepper));
        key_file.cipher().seal(&KEYRING, &plain)
    }

    /// Opens a sealed keyring.
    ///
    /// # Errors
    /// `UnknownKey` when it was sealed under another key file, `Refused` when it was tampered with.
    pub fn open(key_file: &KeyFile, sealed: &[u8]) -> Result<Self, VaultError> {
        let plain = key_file.cipher().open(&KEYRING, &Sealed::parse(sealed)?)?;
        let (roots, rest) = plain.expose().as_chunks::<ROOT>();
        let pepper = match rest {
            [] => FIRST_PEPPER,
            [number] if (FIRST_PEPPER + 1..=PEPPERS_MAX).contains(number) => *number,
            _ => return Err(VaultError::Malformed),
        };
        let mut roots = roots.iter().map(Root::parse);
        let current = roots.next().flatten().ok_or(VaultError::Malformed)?;
        let earlier = roots.collect::<Option<_>>().ok_or(VaultError::Malformed)?;
        Ok(Self { current, earlier, pepper })
    }

    /// The number of the pepper that new secrets are hashed with. Peppers are derived, so that of
    /// every other number can be had as well.
    #[must_use]
    pub const fn pepper(&self) -> u8 {
        self.pepper
    }

    /// From now on new secrets are hashed with the next pepper: its number, or nothing where there
    /// were [`PEPPERS_MAX`].
    pub const fn rotate_pepper(&mut self) -> Option<u8> {
        if self.pepper >= PEPPERS_MAX {
            return None;
        }
        self.pepper += 1;
        Some(self.pepper)
    }

    /// The 32-byte key for one named purpose, from the current root version: `cursor/1`.
    #[must_use]
    pub fn purpose_key(&self, purpose: &str) -> Secret<[u8; 32]> {
        derive(self.current.key.expose(), Label::Purpose, purpose)
    }

    /// Seals a key for storage outside, bound to `context`.
    #[must_use]
    pub fn wrap(&self, context: &[&[u8]], key: &[u8]) -> Vec<u8> {
        self.current.cipher.seal(&wrapping(context), key)
    }

    /// Opens a wrapped key under the root version that it names.
    ///
    /// # Errors
    /// When it is not a wrapped key, its root version is not here, or it belongs elsewhere.
    pub fn unwrap(&self, context: &[&[u8]], wrapped: &[u8]) -> Result<Secret<Vec<u8>>, VaultError> {
        let wrapped = Sealed::parse(wrapped)?;
        let root = std::iter::once(&self.current)
            .chain(&self.earlier)
            .find(|root| root.cipher.has_sealed(&wrapped))
            .ok_or(VaultError::UnknownKey)?;
        root.cipher.open(&wrapping(context), &wrapped)
    }
}

impl Root {
    fn new(name: KeyName, key: KeyBytes) -> Self {
        Self { cipher: Cipher::new(name, key.expose()), key }
    }

    fn parse(bytes: &[u8; ROOT]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (version, rest) = rest.split_first_chunk()?;
        let key = rest.first_chunk()?;
        let name = KeyName { id: *id, version: u32::from_be_bytes(*version) };
        Some(Self::new(name, Secret::new(*key)))
    }
}

const fn wrapping<'a>(parts: &'a [&'a [u8]]) -> Context<'a> {
    Context { label: "ringwall/wrap/v1", parts }
}

/// Each secret that is presented is hashed with all of them.
pub const PEPPERS_MAX: u8 = 32;
const FIRST_PEPPER: u8 = 1;
const KEYRING: Context<'_> = Context { label: "ringwall/keyring/v1", parts: &[] };
/// One root key at rest: id, version, key.
const ROOT: usize = 16 + size_of::<u32>() + 32;

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: &[&[u8]] = &[b"tenant", b"1"];

    /// What a rotation will do: the current root steps back behind a fresh one.
    fn rotated(mut keyring: Keyring) -> Keyring {
        let KeyName { id, version } = keyring.current.cipher.name();
        let next = Root::new(KeyName { id, version: version + 1 }, fresh());
        keyring.earlier.insert(0, std::mem::replace(&mut keyring.current, next));
        keyring
    }

    #[test]
    fn another_key_file_is_refused() {
        let sealed = Keyring::generate().seal(&KeyFile::generate());

        let refused = Keyring::open(&KeyFile::generate(), &sealed).err();

        assert_eq!(refused, Some(VaultError::UnknownKey));
    }

    #[test]
    fn a_changed_keyring_is_refused() {
        let key_file = KeyFile::generate();
        let sealed = Keyring::generate().seal(&key_file);

        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 0x10;
            assert!(Keyring::open(&key_file, &changed).is_err(), "byte {place}");
            assert!(Keyring::open(&key_file, &sealed[..place]).is_err(), "length {place}");
        }
    }

    #[test]
    fn a_keyring_without_roots_is_refused() {
        let key_file = KeyFile::generate();
        for plain in [0, 1, ROOT - 1, ROOT + 1] {
            let sealed = key_file.cipher().seal(&KEYRING, &vec![0; plain]);
            assert_eq!(Keyring::open(&key_file, &sealed).err(), Some(VaultError::Malformed));
        }
    }

    #[test]
    fn a_pepper_of_no_number_is_refused() {
        let key_file = KeyFile::generate();
        let plain = |tail: &[u8]| [&[7; ROOT][..], tail].concat();
        for tail in [&[0][..], &[1], &[PEPPERS_MAX + 1], &[2, 2]] {
            let sealed = key_file.cipher().seal(&KEYRING, &plain(tail));
            assert_eq!(Keyring::open(&key_file, &sealed).err(), Some(VaultError::Malformed));
        }
    }

    #[test]
    fn the_number_of_the_pepper_survives_storage_and_has_an_end() {
        let key_file = KeyFile::generate();
        let mut keyring = Keyring::generate();
        let before = keyring.seal(&key_file).len();
        assert_eq!(keyring.pepper(), 1);

        assert_eq!(keyring.rotate_pepper(), Some(2));

        let sealed = keyring.seal(&key_file);
        assert_eq!(sealed.len(), before + 1);
        let mut again = Keyring::open(&key_file, &sealed).unwrap();
        assert_eq!(again.pepper(), 2);
        let further = (3..=PEPPERS_MAX).all(|number| again.rotate_pepper() == Some(number));
        assert!(further && again.rotate_pepper().is_none());
    }

    #[test]
    fn a_wrapped_key_is_refused_in_another_context() {
        let keyring = Keyring::generate();
        let wrapped = keyring.wrap(CONTEXT, b"key");

        let refused = keyring.unwrap(&[b"tenant", b"2"], &wrapped).err();

        assert_eq!(refused, Some(VaultError::Refused));
    }

    #[test]
    fn a_wrapped_key_is_refused_by_another_keyring() {
        let wrapped = Keyring::generate().wrap(CONTEXT, b"key");

        let refused = Keyring::generate().unwrap(CONTEXT, &wrapped).err();

        assert_eq!(refused, Some(VaultError::UnknownKey));
    }

    #[test]
    fn a_later_root_version_is_refused_by_an_older_keyring() {
        let key_file = KeyFile::generate();
        let keyring = Keyring::generate();
        let older = Keyring::open(&key_file, &keyring.seal(&key_file)).unwrap();

        let wrapped = rotated(keyring).wrap(CONTEXT, b"key");

        assert_eq!(older.unwrap(CONTEXT, &wrapped).err(), Some(VaultError::UnknownKey));
    }

    #[test]
    fn keys_wrapped_under_earlier_roots_still_open() {
        let key_file = KeyFile::generate();
        let first = Keyring::generate();
        let old = first.wrap(CONTEXT, b"old");
        let keyring = rotated(rotated(first));
        let new = keyring.wrap(CONTEXT, b"new");

        let keyring = Keyring::open(&key_file, &keyring.seal(&key_file)).unwrap();

        assert_eq!(keyring.unwrap(CONTEXT, &old).unwrap().expose(), b"old");
        assert_eq!(keyring.unwrap(CONTEXT, &new).unwrap().expose(), b"new");
    }

    #[test]
    fn purpose_keys_survive_storage_and_differ() {
        let key_file = KeyFile::generate();
        let keyring = Keyring::generate();
        let cursor = keyring.purpose_key("cursor/1");

        let again = Keyring::open(&key_file, &keyring.seal(&key_file)).unwrap();

        assert_eq!(again.purpose_key("cursor/1").expose(), cursor.expose());
        assert_ne!(again.purpose_key("cursor/2").expose(), cursor.expose());
        assert_ne!(Keyring::generate().purpose_key("cursor/1").expose(), cursor.expose());
    }
}
