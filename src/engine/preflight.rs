//! What the kernel can tell beforehand: everything that would make the replacement fail, found from attributes, with
//! nothing opened for writing, nothing read and nothing changed.

use rustix::fs::{Access, FileType};
use rustix::io::Errno;

use super::directory::PathHandle;
use super::privilege;
use super::resolve::ResolvedTarget;
use super::stat::Stat;
use crate::failure::{Failure, Result};
use crate::policy::Policy;
use crate::sys;

const STEP: &str = "replace";

/// How TARGET can be replaced.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Strategy {
    /// By a rename.
    Rename,
    /// A rename is impossible for this reason, and the user allows an overwrite.
    InPlace(String),
}

/// Decides, or refuses. `at` is what TARGET is.
pub(crate) fn check(target: &ResolvedTarget, existing: Option<&PathHandle>, policy: &Policy) -> Result<Strategy> {
    if let Some(old) = existing {
        if policy.no_clobber {
            return Err(Failure::refused("no-clobber", "exists"));
        }
        suitable(old.kind(), policy.no_dereference)?;
        unchangeable(old)?;
        if old.kind() == FileType::RegularFile {
            writable(target, old, policy)?;
        }
    }
    match no_rename(target, existing)? {
        None => Ok(Strategy::Rename),
        Some(reason) => {
            if may_overwrite(target, existing, policy)? {
                return Ok(Strategy::InPlace(reason.words));
            }
            let failure = target.explain(Failure::failed(STEP, reason.words));
            Err(if may_offer_overwrite(existing, policy) { failure.hint(reason.hint) } else { failure })
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

fn unchangeable(old: &PathHandle) -> Result<()> {
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
fn is_swap(old: &PathHandle) -> bool {
    let size = old.stat.size;
    if size < 10 * 4096 || !size.is_multiple_of(4096) {
        return false;
    }
    let swaps = sys::read_small("/proc/swaps").unwrap_or_default();
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
fn writable(target: &ResolvedTarget, old: &PathHandle, policy: &Policy) -> Result<()> {
    let own = old.stat.uid == privilege::euid();
    if may_write(target, old)? || policy.force || (policy.mode.is_some() && own) {
        return Ok(());
    }
    match no_rename(target, Some(old))? {
        None => Err(Failure::failed(STEP, "you may not write it").hint("--force replaces it all the same")),
        // As on a read-only export, whose client knows nothing of that.
        Some(reason) => Err(Failure::failed(STEP, format_args!("you may not write it, and {}", reason.words))),
    }
}

/// Whether the file can be overwritten as it is. `--force` cannot help here, and nobody but its owner sets its mode.
fn overwritable(target: &ResolvedTarget, old: &PathHandle, policy: &Policy) -> Result<()> {
    if !may_write(target, old)? {
        return Err(Failure::failed(STEP, "you may not write it, and no rename is possible that would not need it"));
    }
    if policy.mode.is_some_and(|mode| mode != old.stat.bits()) && !privilege::owner_or_capable(old.stat.uid) {
        return Err(Failure::failed(STEP, "you may not set the mode of another user's file, which stays in place"));
    }
    Ok(())
}

fn may_write(target: &ResolvedTarget, old: &PathHandle) -> Result<bool> {
    let handle = old.handle.get().map_err(Failure::call(STEP))?;
    match sys::access(&*handle, &target.directory, &target.name, Access::WRITE_OK) {
        // Gone meanwhile, or nobody can say: the commit looks again.
        Ok(()) | Err(Errno::NOENT | Errno::STALE | Errno::NOSYS) => Ok(true),
        // Without faccessat2 capabilities do not count, except root's.
        Err(Errno::ACCESS) => Ok(privilege::overrides_permissions(&old.stat)),
        Err(errno) => Err(target.explain(Failure::call(STEP)(errno))),
    }
}

/// Whether the sticky bit of `directory` keeps the caller from renaming over a file of `owner`'s there.
pub(super) fn sticky_denies(directory: &Stat, owner: u32) -> bool {
    directory.mode & 0o1000 != 0 && directory.uid != privilege::euid() && !privilege::owner_or_capable(owner)
}

/// Why a rename is impossible.
struct NoRename {
    words: String,
    hint: &'static str,
}

/// What is offered where a rename is impossible.
const IN_PLACE: &str = "--allow-in-place overwrites it (not atomic)";

/// Whether `--allow-in-place` could be offered: it has something to overwrite, and no option that contradicts it.
pub(crate) fn may_offer_overwrite(existing: Option<&PathHandle>, policy: &Policy) -> bool {
    existing.is_some_and(|old| old.kind() == FileType::RegularFile)
        && policy.backup.is_none()
        && !policy.no_dereference
        && !policy.allow_in_place
}

/// Whether `--allow-in-place` is given and TARGET can be overwritten as it is.
pub(crate) fn may_overwrite(target: &ResolvedTarget, existing: Option<&PathHandle>, policy: &Policy) -> Result<bool> {
    match existing.filter(|old| policy.allow_in_place && old.kind() == FileType::RegularFile) {
        Some(old) => overwritable(target, old, policy).map(|()| true),
        None => Ok(false),
    }
}

/// Adds the hint to a failure that says that a rename is impossible here.
pub(crate) fn offer_overwrite(failure: Failure, target: &ResolvedTarget, policy: &Policy) -> Failure {
    let failure = target.explain(failure);
    if may_offer_overwrite(target.existing.as_ref(), policy) { failure.hint(IN_PLACE) } else { failure }
}

fn no_rename(target: &ResolvedTarget, existing: Option<&PathHandle>) -> Result<Option<NoRename>> {
    let reason = |words: String, hint| Ok(Some(NoRename { words, hint }));
    if existing.is_some_and(|old| old.stat.is_mount_point()) {
        let hint = "mount its directory instead, or --allow-in-place (not atomic)";
        return reason("is a mount point".to_owned(), hint);
    }
    let directory = &target.directory;
    let shown = directory.shown();
    let stat = directory.stat().map_err(Failure::call("look"))?;
    if stat.is_immutable() {
        return reason(format!("directory {shown} is immutable"), IN_PLACE);
    }
    if stat.is_append_only() && existing.is_some() {
        return reason(format!("directory {shown} is append-only"), IN_PLACE);
    }
    match sys::access(directory, directory, ".", Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) | Err(Errno::NOSYS) => {}
        Err(Errno::ACCESS) if privilege::overrides_permissions(&stat) => {}
        Err(Errno::ACCESS) => return reason(format!("directory {shown} may not be written"), IN_PLACE),
        Err(errno) => {
            return Err(target.explain(Failure::call_at(STEP, format_args!("directory {shown}"), errno)));
        }
    }
    if existing.is_some_and(|old| sticky_denies(&stat, old.stat.uid)) {
        return reason(format!("another user's file in the sticky directory {shown}"), IN_PLACE);
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
