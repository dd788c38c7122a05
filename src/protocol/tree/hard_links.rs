//! Hard links among the files of a tree.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;

use super::cursor::Cursor;
use crate::platform::{self, Errno, Result, Stat};
use crate::protocol::directory::Directory;

/// The copies of the files that have more links which may be in the tree. Not hashed: a hash needs random numbers.
#[derive(Default)]
pub(super) struct HardLinks(BTreeMap<(u64, u64), First>);

/// The first copy of a file.
struct First {
    /// Its path from the top directory.
    path: PathBuf,
    /// How many links the walk may still find.
    left: u64,
}

impl HardLinks {
    /// Remembers the copy `name` of the file whose state is `original`.
    pub(super) fn add(&mut self, original: &Stat, to: &Cursor, name: &OsStr) {
        if original.links > 1 {
            self.0.insert(original.identity(), First { path: to.relative().join(name), left: original.links - 1 });
        }
    }

    /// Links the copy of the file whose state is `original`, if it has been copied. Returns whether it has.
    pub(super) fn link(&mut self, original: &Stat, top: &Directory, to: &Cursor, name: &OsStr) -> Result<bool> {
        if original.links < 2 {
            return Ok(false);
        }
        let Some(first) = self.0.get_mut(&original.identity()) else { return Ok(false) };
        first.link(top, to, name)?;
        first.left -= 1;
        if first.left == 0 {
            self.0.remove(&original.identity());
        }
        Ok(true)
    }
}

impl First {
    fn link(&self, top: &Directory, to: &Cursor, name: &OsStr) -> Result<()> {
        let (Some(directory), Some(first)) = (self.path.parent(), self.path.file_name()) else {
            return Err(Errno::NOENT);
        };
        if directory == to.relative() {
            return platform::link(to.here(), first, to.here(), name);
        }
        // Directory by directory: the path may be longer than any call accepts.
        let mut here = platform::open_directory(top, OsStr::new("."), false)?.0;
        for part in directory {
            here = platform::open_directory(&here, part, false)?.0;
        }
        platform::link(&here, first, to.here(), name)
    }
}
