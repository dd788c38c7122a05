//! Root's tests become other users, and have the program started by other programs.

use std::fs;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;

use super::{Scene, is_root, program};

/// The user that root's tests become where they need an ordinary one.
pub const USER: u32 = 65533;

/// The words before a command that make an ordinary user run it: none where one runs the tests.
pub fn as_user() -> &'static [&'static str] {
    if is_root() { &["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"] } else { &[] }
}

/// The words before a command that hide /proc from it. Needs root, and unshare(1).
pub const NO_PROC: [&str; 6] = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"];

impl Scene {
    /// Makes the ordinary user of [`as_user`] the owner; `""` is the scene itself.
    pub fn give_to_user(&self, name: impl AsRef<Path>) {
        if is_root() {
            lchown(self.path(name), Some(USER), Some(USER)).unwrap();
        }
    }

    /// The program, in this directory, started by another one: `setpriv`, `unshare` and their options. It is run by way of a descriptor, as another user may be unable to reach its path.
    pub fn through(&self, words: &[&str]) -> assert_cmd::Command {
        let mut command = self.other("sh");
        command.args(["-c", "exec 9<\"$AW\"; exec \"$@\"", "sh"]).args(words).arg("/proc/self/fd/9");
        command.env("AW", program());
        assert_cmd::Command::from_std(command)
    }

    /// The program, in this directory, for an ordinary user. Where root runs the tests, what is root's here becomes his.
    pub fn ordinary(&self) -> assert_cmd::Command {
        for name in self.names().into_iter().chain([String::new()]) {
            if self.owner(&name).0 == 0 {
                self.give_to_user(&name);
            }
        }
        self.through(as_user())
    }

    /// Gives a file to a user and a group. Needs root.
    pub fn give(&self, name: impl AsRef<Path>, user: u32, group: u32) {
        lchown(self.path(name), Some(user), Some(group)).unwrap();
    }

    /// User and group of a file.
    pub fn owner(&self, name: impl AsRef<Path>) -> (u32, u32) {
        let stat = fs::symlink_metadata(self.path(name)).unwrap();
        (stat.uid(), stat.gid())
    }
}
