//! XAES-256-GCM (C2SP): AES-256-GCM with a 192-bit nonce, safe to draw at random.
//!
//! For each nonce a subkey is derived by CMAC, each of whose two messages is one block. So the CMAC
//! is written out here as its single block encryption: the library's CMAC copies a heap-allocated
//! context for each call, which costs more than the encryption that follows. Tests hold both equal.

use aws_lc_rs::aead::{self, AES_256_GCM, Aad, LessSafeKey, UnboundKey};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use kernel::Secret;
use zeroize::{Zeroize, Zeroizing};

use crate::VaultError;
use crate::derive::must;
use crate::nonce::Nonce;

/// A key of XAES-256-GCM, scheduled once.
pub(crate) struct Xaes {
    block: EncryptingKey,
    /// CMAC's subkey for whole blocks (NIST SP 800-38B §6.1).
    k1: [u8; BLOCK],
}

pub(crate) const TAG: usize = 16;
const BLOCK: usize = 16;
const HALF: usize = 12;

impl Xaes {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // ECB of whole blocks is the block function itself, which is what the derivation asks for.
        let block = must(UnboundCipherKey::new(&AES_256, key).and_then(EncryptingKey::ecb));
        let mut l = [0; BLOCK];
        must(block.encrypt(&mut l));
        let k1 = doubled(l);
        l.zeroize();
        Self { block, k1 }
    }

    /// Encrypts in place; the tag.
    pub(crate) fn seal(&self, nonce: &Nonce, aad: &[u8], text: &mut [u8]) -> [u8; TAG] {
        let (half, last) = nonce.split_at(HALF);
        let mut tag = [0; TAG];
        let sealed = self.subkey(half).and_then(|key| {
            let nonce = aead::Nonce::try_assume_unique_for_key(last)?;
            key.seal_in_place_separate_tag(nonce, Aad::from(aad), text)
        });
        tag.copy_from_slice(must(sealed).as_ref());
        tag
    }

    /// Decrypts, when the tag fits nonce, associated data and ciphertext.
    pub(crate) fn open(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8; TAG],
    ) -> Result<Secret<Vec<u8>>, VaultError> {
        let (half, last) = nonce.split_at(HALF);
        // Wiped as well when the tag does not fit.
        let mut plain = Zeroizing::new(vec![0; ciphertext.len()]);
        self.subkey(half)
            .and_then(|key| {
                let nonce = aead::Nonce::try_assume_unique_for_key(last)?;
                key.open_separate_gather(nonce, Aad::from(aad), ciphertext, tag, &mut plain)
            })
            .map_err(|_| VaultError::Refused)?;
        Ok(Secret::new(std::mem::take(&mut *plain)))
    }

    fn subkey(&self, half: &[u8]) -> Result<LessSafeKey, Unspecified> {
        let subkey = self.subkey_bytes(half)?;
        UnboundKey::new(&AES_256_GCM, subkey.as_slice()).map(LessSafeKey::new)
    }

    /// CMAC over `counter ‖ "X" ‖ 0 ‖ nonce half`, for counters 1 and 2 (NIST SP 800-108r1 §4.1).
    fn subkey_bytes(&self, half: &[u8]) -> Result<Zeroizing<[u8; 32]>, Unspecified> {
        let mut subkey = Zeroizing::new([0; 32]);
        for (counter, block) in (1..).zip(subkey.chunks_exact_mut(BLOCK)) {
            let message = [0, counter, b'X', 0].into_iter().chain(half.iter().copied());
            for ((byte, k1), message) in block.iter_mut().zip(self.k1).zip(message) {
                *byte = k1 ^ message;
            }
        }
        self.block.encrypt(subkey.as_mut_slice())?;
        Ok(subkey)
    }
}

impl Drop for Xaes {
    fn drop(&mut self) {
        // The block key wipes itself.
        self.k1.zeroize();
    }
}

/// Multiplication by x in GF(2^128), without a branch on the secret.
const fn doubled(block: [u8; BLOCK]) -> [u8; BLOCK] {
    let value = u128::from_be_bytes(block);
    let carry = value >> 127;
    ((value << 1) ^ (carry * 0x87)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::cmac;
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;

    const NONCE: &Nonce = b"ABCDEFGHIJKLMNOPQRSTUVWX";

    struct Vector {
        key: [u8; 32],
        aad: &'static [u8],
        k1: &'static str,
        subkey: &'static str,
        sealed: &'static str,
    }

    /// C2SP, XAES-256-GCM, "Test vectors": one for each value of the top bit of L.
    const VECTORS: [Vector; 2] = [
        Vector {
            key: [1; 32],
            aad: b"",
            k1: "e531954aca063d5b8d9c47a47d4cc6f0",
            subkey: "c8612c9ed53fe43e8e005b828a1631a0bbcb6ab2f46514ec4f439fcfd0fa969b",
            sealed: "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271",
        },
        Vector {
            key: [3; 32],
            aad: b"c2sp.org/XAES-256-GCM",
            k1: "23810ec50edb99f374409466ed1f4b7b",
            subkey: "e9c621d4cdd9b11b00a6427ad7e559aeedd66b3857646677748f8ca796cb3fd8",
            sealed: "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d",
        },
    ];

    #[test]
    fn the_published_vectors_hold() {
        for vector in VECTORS {
            let xaes = Xaes::new(&vector.key);
            let mut text = *b"XAES-256-GCM";

            let tag = xaes.seal(NONCE, vector.aad, &mut text);

            assert_eq!(HEXLOWER.encode(&xaes.k1), vector.k1);
            assert_eq!(
                HEXLOWER.encode(&*xaes.subkey_bytes(&NONCE[..HALF]).unwrap()),
                vector.subkey
            );
            assert_eq!(HEXLOWER.encode(&[text.as_slice(), &tag].concat()), vector.sealed);
            let opened = xaes.open(NONCE, vector.aad, &text, &tag).unwrap();
            assert_eq!(opened.expose(), b"XAES-256-GCM");
        }
    }

    #[test]
    fn any_other_nonce_is_refused() {
        let xaes = Xaes::new(&[1; 32]);
        let mut text = *b"text";
        let tag = xaes.seal(NONCE, b"", &mut text);

        for place in 0..NONCE.len() {
            let mut other = *NONCE;
            other[place] ^= 1;
            assert_eq!(xaes.open(&other, b"", &text, &tag).err(), Some(VaultError::Refused));
        }
    }

    proptest! {
        #[test]
        fn the_subkey_is_the_librarys_cmac(key: [u8; 32], half: [u8; HALF]) {
            let library = cmac::Key::new(cmac::AES_256, &key).unwrap();
            let part = |counter| {
                let message = [&[0, counter, b'X', 0], half.as_slice()].concat();
                cmac::sign(&library, &message).unwrap()
            };

            let expected = [part(1).as_ref(), part(2).as_ref()].concat();

            let subkey = Xaes::new(&key).subkey_bytes(&half).unwrap();
            prop_assert_eq!(subkey.as_slice(), expected);
        }
    }
}
