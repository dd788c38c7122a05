//! The metadata of the top directory: that of the one that is replaced, or what a new one was made with.

use super::Staged;
use crate::error::{Context, Result};
use crate::platform::{self, AsFd, Attributes, BorrowedFd, FileType, Stat, acl, remove_attribute, set_attribute};
use crate::protocol::apply_metadata::{self, MetadataSource};
use crate::protocol::directory::{Directory, PathHandle};
use crate::protocol::metadata::Metadata;
use crate::protocol::request::Replacement;

const STEP: &str = "set metadata";

/// Gives the top directory the metadata of `old`, or of a new directory. Returns a warning about what could not be kept.
pub(super) fn apply(job: &Replacement<'_>, staged: &Staged, old: Option<&PathHandle>) -> Result<Option<String>> {
    let directory = staged.directory(&job.target.name)?;
    let file = directory.as_fd();
    // A symbolic link that is replaced has nothing to pass on.
    let Some(old) = old.filter(|old| old.stat.kind() == FileType::Directory) else {
        if let Some(bits) = staged.mode {
            platform::set_mode(file, bits).context(STEP)?;
        }
        return apply_metadata::apply_metadata(file, &MetadataSource::of_new(job.options), None, staged.times.as_ref());
    };
    // The command may have given it an ACL and attributes.
    apply_metadata::reset_metadata(file)?;
    let bits = old.stat.bits();
    keep_default_acl(job, file, old)?;
    let source = MetadataSource::of_old(Metadata::of(old, job.target)?, job.options);
    let warning = apply_metadata::apply_metadata(file, &source, None, staged.times.as_ref())?;
    // For a directory, set-group-ID is no privilege: new files in it get its group.
    if job.options.mode.is_none() && bits & 0o6000 != 0 {
        let now = Stat::of(file).context(STEP)?.bits();
        apply_metadata::unless_refused(platform::set_mode(file, now | bits & 0o6000))?;
    }
    Ok(warning)
}

/// Gives the directory, before a command makes anything in it, what new files in `old` get from that: its default ACL, and
/// its group where it is set-group-ID. What the system refuses is told of later, of the finished directory.
pub(super) fn pass_on(job: &Replacement<'_>, empty: &Directory, old: &PathHandle) -> Result<()> {
    let file = empty.as_fd();
    keep_default_acl(job, file, old)?;
    let bits = old.stat.bits() & 0o2000;
    if bits != 0 && platform::set_owner(file, None, Some(old.stat.gid)).is_ok() {
        let now = Stat::of(file).context(STEP)?.bits();
        // Refused to those who are not in the group.
        let _ = platform::set_mode(file, now | bits);
    }
    Ok(())
}

/// A rename to another directory changes `..`, and needs the right to write the directory: its owner gets it for that time.
/// Returns the mode to be set again then.
pub(super) fn permit_rename(staged: &Directory) -> Result<Option<u32>> {
    let bits = staged.stat().context(STEP)?.bits();
    if bits & 0o200 != 0 || platform::may_write_directory(staged).is_ok() {
        return Ok(None);
    }
    platform::set_mode(&**staged, bits | 0o200).context(STEP)?;
    Ok(Some(bits))
}

/// Keeps the ACL that new files in the directory get.
fn keep_default_acl(job: &Replacement<'_>, file: BorrowedFd<'_>, old: &PathHandle) -> Result<()> {
    let opened = job.target.open(old);
    let value = match &opened {
        Ok(opened) => Attributes::of_file(opened.as_fd()).value(acl::DEFAULT).ok().flatten(),
        Err(_) => None,
    };
    let kept = match value {
        Some(value) => set_attribute(file, acl::DEFAULT, &value),
        None => remove_attribute(file, acl::DEFAULT),
    };
    apply_metadata::unless_refused(kept).map(drop)
}
