//! The hash by which a Merkle log knows an entry.

use aws_lc_rs::digest::{Context, SHA256};

/// RFC 6962 §2.1: SHA-256 over a zero byte and the entry. The byte keeps leaves and nodes apart.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(entry);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    #[test]
    fn leaves_hash_as_in_certificate_transparency() {
        let empty = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        let zero = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";

        assert_eq!(HEXLOWER.encode(&leaf_hash(b"")), empty);
        assert_eq!(HEXLOWER.encode(&leaf_hash(&[0])), zero);
    }
}
