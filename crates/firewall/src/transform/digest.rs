//! Digests, raw. They name values here and protect nothing.

use md5::{Digest as _, Md5};
use sha1::Sha1;

pub(super) fn md5(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(&Md5::digest(input));
    true
}

pub(super) fn sha1(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(&Sha1::digest(input));
    true
}
