//! Where the bytes come from: all of them, from whatever it is, or an error.

mod changed;
mod closed;
mod faults;
mod holes;
mod itself;
mod shrunk;
mod source;
mod stream;

use crate::common::Scene;
use crate::common::strace::{Calls, Strace};

/// Bytes that no piece of can be taken for another.
fn bytes(length: usize) -> Vec<u8> {
    (0_u32..).flat_map(u32::to_le_bytes).take(length).collect()
}

/// The calls of an undisturbed run with `src` as its source, to know where to disturb the next.
fn calls(args: &[&str], content: &[u8]) -> Calls {
    let scene = Scene::new();
    scene.write("src", content);
    let traced = Strace::new(&scene, args).run();
    assert!(traced.output.status.success(), "{traced:?}");
    traced.calls
}

/// `sha256:HEX` of the content.
fn sha256(content: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write;
    let mut word = String::from("sha256:");
    for byte in Sha256::digest(content) {
        write!(word, "{byte:02x}").unwrap();
    }
    word
}

/// Sharing of blocks is refused, as where the file system cannot: the content is copied.
const NO_SHARING: &str = "ioctl:error=EOPNOTSUPP";
