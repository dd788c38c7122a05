//! How to get there.

use std::fs::{self, File};
use std::process::{Command, ExitStatus, Stdio};

use nix::libc;

use crate::common::events::until;
use crate::common::filter::{EMPTY_PATH, Filter, UNNAMED};
use crate::common::{Mounted, NO_PROC, Scene, tool};

/// The directory in which the suite works.
const DIRECTORY: &str = "ATOMIC_WRITE_TEST_DIR";

/// `command`, started by way of these words.
fn through(words: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(words[0]);
    outer.args(&words[1..]).arg(command.get_program()).args(command.get_args());
    outer.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer
}

/// Not into a pipe, whose end would wait for whatever a failed test has left running.
fn writes_to<'c>(command: &'c mut Command, log: &File) -> &'c mut Command {
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log.try_clone().unwrap())
}

fn finish(command: &mut Command, log: &File) -> ExitStatus {
    writes_to(command, log).status().unwrap()
}

/// The numbers of the calls that came after Linux 4.18, the same on every architecture, and of those to come.
const SINCE_4_18: std::ops::Range<i64> = libc::SYS_pidfd_send_signal..512;
/// Older ones that Linux 3.10 did not have, and that filters did not know for years.
const SINCE_3_10: [i64; 2] = [libc::SYS_statx, libc::SYS_copy_file_range];

/// Runs it in a thread whose filter its children inherit.
fn under(filter: &Filter, command: &mut Command, log: &File) -> ExitStatus {
    let in_thread = || {
        filter.set();
        finish(command, log)
    };
    std::thread::scope(|scope| scope.spawn(in_thread).join().unwrap())
}

/// What Linux 3.10 did not know is refused, as it was there.
pub fn old_kernel(command: &mut Command, log: &File) -> ExitStatus {
    let filter = Filter::new()
        .refuse_all(SINCE_4_18.chain(SINCE_3_10), libc::ENOSYS)
        .refuse(libc::SYS_renameat2, libc::ENOSYS)
        // A kernel that does not know the bit sees a directory that is to be written.
        .refuse_where(libc::SYS_openat, UNNAMED, libc::EISDIR)
        .refuse_where(libc::SYS_linkat, EMPTY_PATH, libc::ENOENT);
    under(&filter, command, log)
}

/// What a container's filter does not know is refused as if it were not permitted. It looks at no arguments.
///
/// Not refused is what the suite itself cannot do without: clone3, as the C library takes nothing but ENOSYS for a reason to
/// use clone; and renameat2, as mv(1) and the imitated file systems have no other way. `filters` refuses both to the program alone.
pub fn old_filter(command: &mut Command, log: &File) -> ExitStatus {
    let calls = SINCE_4_18.chain(SINCE_3_10).filter(|call| *call != libc::SYS_clone3);
    under(&Filter::new().refuse_all(calls, libc::EPERM), command, log)
}

/// Root of a container: a user namespace of its own, in which every user is mapped, and no right outside it.
pub fn user_namespace(command: &mut Command, log: &File) -> ExitStatus {
    let mut outer = through(&["unshare", "-U", "-m", "sh", "-c", "read go && exec \"$@\"", "sh"], command);
    let mut child = writes_to(&mut outer, log).stdin(Stdio::piped()).spawn().unwrap();
    let namespace = |id: &str| fs::read_link(format!("/proc/{id}/ns/user")).ok();
    let id = child.id().to_string();
    until("the namespace", || namespace(&id) != namespace("self"));
    for map in ["uid_map", "gid_map"] {
        fs::write(format!("/proc/{id}/{map}"), "0 0 65536").unwrap();
    }
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"go\n").unwrap();
    child.wait().unwrap()
}

/// A mount namespace whose /proc is empty.
pub fn no_proc(command: &mut Command, log: &File) -> ExitStatus {
    finish(&mut through(&NO_PROC, command), log)
}

/// A FUSE file system that hands everything on, and knows neither unnamed files nor flags of a rename.
pub fn fuse(command: &mut Command, log: &File) -> ExitStatus {
    let scene = Scene::new();
    let (back, point) = (scene.mkdir("back"), scene.mkdir("fuse"));
    tool("bindfs", &["--multithreaded", "-o", "attr_timeout=0", back.to_str().unwrap(), point.to_str().unwrap()]);
    let mounted = Mounted::at(point);
    command.env(DIRECTORY, mounted.path());
    finish(command, log)
}
