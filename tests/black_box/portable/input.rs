//! Where the bytes come from: all of them, from whatever it is, or an error.

pub mod closed;
pub mod faults;
pub mod holes;
mod itself;
mod source;
mod stream;

/// Bytes that no piece of can be taken for another.
pub fn bytes(length: usize) -> Vec<u8> {
    (0_u32..).flat_map(u32::to_le_bytes).take(length).collect()
}

/// `sha256:HEX` of the content.
pub fn sha256(content: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write;
    let mut word = String::from("sha256:");
    for byte in Sha256::digest(content) {
        write!(word, "{byte:02x}").unwrap();
    }
    word
}
