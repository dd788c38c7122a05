//! Where the bytes come from: all of them, from whatever it is, or an error.

mod changed;
mod closed;
mod faults;
mod holes;
mod shrunk;
mod source;
mod stream;

use crate::common::Scene;
use crate::common::strace::{Calls, Strace};

/// The calls of an undisturbed run with `src` as its source, to know where to disturb the next.
fn calls(args: &[&str], content: &[u8]) -> Calls {
    let scene = Scene::new();
    scene.write("src", content);
    let traced = Strace::new(&scene, args).run();
    assert!(traced.output.status.success(), "{traced:?}");
    traced.calls
}

/// Sharing of blocks is refused, as where the file system cannot: the content is copied.
const NO_SHARING: &str = "ioctl:error=EOPNOTSUPP";
