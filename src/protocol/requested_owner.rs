//! `--owner` and `--group`. What was requested is set or the run fails, unlike what is kept of an old file.

use crate::error::{Context, Error, ErrorExt, Result, failed};
use crate::options::Owners;
use crate::platform::{self, BorrowedFd, Errno, FileType, IdMapping, Ids, Stat, euid, os_message};
use crate::quote::Shown;

const STEP: &str = "set owner";

/// Finds out whether the file can be given away as requested, while it is empty and only its owner may open it. It keeps its
/// owner until it has everything else.
pub(super) fn probe(file: BorrowedFd<'_>, owners: Owners) -> Result<()> {
    if !owners.are_requested() {
        return Ok(());
    }
    let created = Stat::of(file).context(STEP)?;
    give(file, &created, owners)?;
    let user = owners.user.filter(|user| *user != created.uid).map(|_| created.uid);
    // What is made in a directory would have its group on some systems.
    let is_directory = created.kind() == FileType::Directory;
    let group = owners.group.filter(|group| is_directory && *group != created.gid).map(|_| created.gid);
    if user.is_some() || group.is_some() {
        platform::set_owner(file, user, group).context(STEP)?;
    }
    Ok(())
}

/// Gives the file, whose state is `now`, the group and then the owner, as only the owner may do the former.
pub(super) fn give(file: BorrowedFd<'_>, now: &Stat, owners: Owners) -> Result<()> {
    give_group(file, now, owners)?;
    give_owner(file, now, owners)
}

/// The owner alone.
pub(super) fn give_owner(file: BorrowedFd<'_>, now: &Stat, owners: Owners) -> Result<()> {
    let Some(user) = owners.user.filter(|user| *user != now.uid) else { return Ok(()) };
    platform::set_owner(file, Some(user), None).map_err(|errno| refused(Ids::Users, user, errno))?;
    ensure_given(Ids::Users, user, Stat::of(file).context(STEP)?.uid)
}

/// The group alone.
pub(super) fn give_group(file: BorrowedFd<'_>, now: &Stat, owners: Owners) -> Result<()> {
    let Some(group) = owners.group.filter(|group| *group != now.gid) else { return Ok(()) };
    platform::set_owner(file, None, Some(group)).map_err(|errno| refused(Ids::Groups, group, errno))?;
    ensure_given(Ids::Groups, group, Stat::of(file).context(STEP)?.gid)
}

/// Some file systems have one owner for all files, and do as if they had others.
fn ensure_given(kind: Ids, wanted: u32, has: u32) -> Result<()> {
    if has == wanted {
        return Ok(());
    }
    let (wanted, has) = (shown(kind, wanted), shown(kind, has));
    Err(failed(
        step(kind),
        format_args!("this file system cannot give the file to {wanted} (it still belongs to {has})"),
    ))
}

/// Fails if it is known that an existing file cannot be given away so.
pub(super) fn check_existing(existing: &Stat, owners: Owners) -> Result<()> {
    let (owner, group) = (owners.user.unwrap_or(existing.uid), owners.group.unwrap_or(existing.gid));
    if owners.are_met_by(existing.uid, existing.gid) || platform::may_give(existing, owner, group) {
        return Ok(());
    }
    let (kind, id) = if owner == existing.uid { (Ids::Groups, group) } else { (Ids::Users, owner) };
    Err(refused(kind, id, Errno::PERM))
}

fn refused(kind: Ids, id: u32, errno: Errno) -> Error {
    let shown = shown(kind, id);
    if matches!(errno, Errno::INVAL | Errno::OVERFLOW) {
        return failed(step(kind), format_args!("this user namespace, or this mount, has no {shown}"));
    }
    // Not the error itself: `--allow-in-place` is no remedy.
    let error = failed(step(kind), format_args!("cannot give the file to {shown}: {}", os_message(errno)));
    match (errno, kind) {
        (Errno::PERM, _) if euid() == 0 => error,
        (Errno::PERM, Ids::Users) => error.hint("only root may give files away"),
        (Errno::PERM, Ids::Groups) => {
            error.hint("without root, only the owner may, and only to a group that the owner belongs to")
        }
        _ => error,
    }
}

fn step(kind: Ids) -> &'static str {
    match kind {
        Ids::Users => "owner",
        Ids::Groups => "group",
    }
}

fn shown(kind: Ids, id: u32) -> String {
    let what = match kind {
        Ids::Users => "user",
        Ids::Groups => "group",
    };
    shown_id(what, kind, id, IdMapping::Mapped)
}

/// An id with its name. The id as which an unmapped one is shown has a name that is not its own.
pub(super) fn shown_id(what: &str, kind: Ids, id: u32, mapping: IdMapping) -> String {
    match platform::name_of(kind, id).filter(|_| mapping == IdMapping::Mapped) {
        Some(name) => format!("{what} {id} ({})", Shown(name.as_ref())),
        None => format!("{what} {id}"),
    }
}
