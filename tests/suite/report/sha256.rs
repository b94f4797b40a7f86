//! SHA-256 in base64, for the hashes of a page's security policy.

use sha2::{Digest, Sha256};

/// The hash of a text, in base64.
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let hash = Sha256::digest(bytes);
    let mut text = String::new();
    for chunk in hash.chunks(3) {
        let mut group = 0;
        for position in 0..3 {
            group = group << 8 | u32::from(*chunk.get(position).unwrap_or(&0));
        }
        for position in 0..4 {
            match position <= chunk.len() {
                true => text.push(char::from(
                    ALPHABET[(group >> (18 - 6 * position) & 63) as usize],
                )),
                false => text.push('='),
            }
        }
    }
    text
}

#[test]
fn the_hash_of_nothing_is_the_known_one() {
    assert_eq!(base64(b""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}
