//! How far the run is: told to who asks, and shown with `--progress`.

mod asked;
mod shown;

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::common::Scene;

/// A source of 1 GiB, of which half is copied when its second piece of data is.
fn source_in_two_pieces(scene: &Scene) {
    let source = File::create(scene.path("source")).unwrap();
    source.set_len(1 << 30).unwrap();
    for offset in [0, 1 << 29] {
        source.write_all_at(b"data", offset).unwrap();
    }
}
