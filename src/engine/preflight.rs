//! What the kernel can tell beforehand: everything that would make the replacement fail, found from attributes, with
//! nothing opened for writing, nothing read and nothing changed.

use rustix::fs::{Access, AtFlags, FileType};
use rustix::io::Errno;
use rustix::thread::CapabilitySet;

use super::names::{Pinned, Place};
use super::privilege;
use super::stat::Stat;
use crate::failure::{Failure, Result, words};
use crate::policy::Policy;
use crate::sys;

const STEP: &str = "replace";

/// How TARGET can be replaced.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// By a rename.
    Rename,
    /// A rename is impossible for this reason, and the user allows an overwrite.
    InPlace(String),
}

/// Decides, or refuses. `at` is what TARGET is.
pub(crate) fn check(place: &Place, at: Option<&Pinned>, policy: &Policy) -> Result<Way> {
    if let Some(old) = at {
        if policy.no_clobber {
            return Err(Failure::refused("no-clobber", "exists"));
        }
        suitable(old.kind(), policy.no_dereference)?;
        unchangeable(old)?;
        if old.kind() == FileType::RegularFile {
            writable(place, old, policy)?;
        }
    }
    match no_rename(place, at)? {
        None => Ok(Way::Rename),
        Some(reason) => {
            if let (Some(old), true) = (at, policy.allow_in_place) {
                overwritable(place, old, policy)?;
                return Ok(Way::InPlace(reason.words));
            }
            let failure = Failure::failed(STEP, reason.words);
            Err(match reason.hint {
                // With these it would be a usage error.
                Some(hint) if at.is_some() && policy.backup.is_none() && !policy.no_dereference => failure.hint(hint),
                _ => failure,
            })
        }
    }
}

/// Refuses what is no regular file.
pub(crate) fn suitable(kind: FileType, no_dereference: bool) -> Result<()> {
    let refuse = |reason| Err(Failure::failed(STEP, reason));
    match kind {
        FileType::RegularFile => Ok(()),
        FileType::Symlink if no_dereference => Ok(()),
        FileType::Symlink => refuse("became a symbolic link"),
        FileType::Directory => refuse("is a directory"),
        FileType::Fifo => refuse("is a FIFO, which a file must not replace"),
        FileType::Socket => refuse("is a socket, which a file must not replace"),
        FileType::CharacterDevice | FileType::BlockDevice => refuse("is a device, which a file must not replace"),
        FileType::Unknown => refuse("is of an unknown type"),
    }
}

fn unchangeable(old: &Pinned) -> Result<()> {
    if old.stat.is_immutable() {
        return Err(Failure::failed(STEP, "is immutable").hint("chattr -i removes the attribute"));
    }
    if old.stat.is_append_only() {
        return Err(Failure::failed(STEP, "is append-only").hint("chattr -a removes the attribute"));
    }
    if is_swap(old) {
        return Err(Failure::failed(STEP, "is in use as a swap file").hint("swapoff releases it"));
    }
    Ok(())
}

/// Renaming over a swap file is EPERM; no attribute tells. Whole pages, ten at least, are what mkswap(8) accepts.
fn is_swap(old: &Pinned) -> bool {
    let size = old.stat.size;
    if size < 10 * 4096 || !size.is_multiple_of(4096) {
        return false;
    }
    let swaps = privilege::read_small("/proc/swaps").unwrap_or_default();
    swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next()).any(|path| {
        let path = unescape(path);
        let stat = Stat::follow(path.as_slice());
        stat.is_ok_and(|stat| stat.is_same_file(&old.stat))
    })
}

/// /proc/swaps writes blanks and backslashes as three octal digits.
fn unescape(path: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| byte == b'\\');
        let code = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { after.get(3..).unwrap_or_default() } else { after };
    }
    bytes
}

/// Whether the caller may write the file. A rename would not need that, and would surprise its owner.
fn writable(place: &Place, old: &Pinned, policy: &Policy) -> Result<()> {
    let own = old.stat.uid == privilege::me();
    if may_write(place, old)? || policy.force || (policy.mode.is_some() && own) {
        return Ok(());
    }
    Err(Failure::failed(STEP, "you may not write it").hint("--force replaces it all the same"))
}

/// Whether the file can be overwritten as it is. `--force` cannot help here, and nobody but its owner sets its mode.
fn overwritable(place: &Place, old: &Pinned, policy: &Policy) -> Result<()> {
    if !may_write(place, old)? {
        return Err(Failure::failed(STEP, "you may not write it, and no rename is possible that would not need it"));
    }
    if policy.mode.is_some_and(|mode| mode != old.stat.bits()) && !privilege::acts_as(old.stat.uid) {
        return Err(Failure::failed(STEP, "you may not set the mode of another user's file, which stays in place"));
    }
    Ok(())
}

fn may_write(place: &Place, old: &Pinned) -> Result<bool> {
    let flags = AtFlags::EACCESS | AtFlags::SYMLINK_NOFOLLOW;
    let answer = sys::accessat(&place.directory, &place.name, Access::WRITE_OK, flags).or_else(|errno| match errno {
        // Before Linux 5.8 no call leaves a link unfollowed, which this way there is none, and none counts capabilities.
        Errno::NOSYS => {
            let path = super::proc_path(&old.fd);
            match sys::accessat(rustix::fs::CWD, path.as_str(), Access::WRITE_OK, AtFlags::EACCESS) {
                Err(Errno::ACCESS) if privilege::has(CapabilitySet::DAC_OVERRIDE) => Ok(()),
                answer => answer,
            }
        }
        errno => Err(errno),
    });
    match answer {
        // Gone meanwhile, or a kernel that cannot say: the commit looks again.
        Ok(()) | Err(Errno::NOENT | Errno::NOSYS) => Ok(true),
        Err(Errno::ACCESS) => Ok(false),
        Err(errno) => Err(Failure::call(STEP)(errno)),
    }
}

/// Whether the sticky bit of `directory` keeps the caller from renaming over a file of `owner`'s there.
pub(super) fn stuck(directory: &Stat, owner: u32) -> bool {
    directory.mode & 0o1000 != 0 && directory.uid != privilege::me() && !privilege::acts_as(owner)
}

/// Why a rename is impossible.
struct NoRename {
    words: String,
    hint: Option<&'static str>,
}

fn no_rename(place: &Place, at: Option<&Pinned>) -> Result<Option<NoRename>> {
    const IN_PLACE: Option<&str> = Some("--allow-in-place overwrites it (not atomic)");
    let because = |words: String, hint| Ok(Some(NoRename { words, hint }));
    if at.is_some_and(|old| old.stat.is_mount_point()) {
        let hint = "mount its directory instead, or --allow-in-place (not atomic)";
        return because("is a mount point".to_owned(), Some(hint));
    }
    let directory = &place.directory;
    let shown = directory.shown();
    let stat = directory.stat().map_err(Failure::call("look"))?;
    if stat.is_immutable() {
        return because(format!("directory {shown} is immutable"), IN_PLACE);
    }
    if stat.is_append_only() && at.is_some() {
        return because(format!("directory {shown} is append-only"), IN_PLACE);
    }
    match sys::accessat(directory, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS) {
        Ok(()) | Err(Errno::NOSYS) => {}
        Err(Errno::ACCESS) => return because(format!("directory {shown} may not be written"), IN_PLACE),
        Err(errno) => {
            return Err(Failure::failed(STEP, format_args!("directory {shown}: {}", words(errno))));
        }
    }
    if at.is_some_and(|old| stuck(&stat, old.stat.uid)) {
        return because(format!("another user's file in the sticky directory {shown}"), IN_PLACE);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn swap_paths_are_unescaped() {
        assert_eq!(unescape(r"/a\040b\134c"), b"/a b\\c");
        assert_eq!(unescape(r"/plain"), b"/plain");
        assert_eq!(unescape(r"/odd\9"), br"/odd\9");
    }
}
