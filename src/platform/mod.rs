//! Everything that speaks to the system.
//!
//! The rest of the program calls what is listed here and nothing else of the system. Each system offers the same names,
//! with these guarantees; what it lacks, it answers with an error or `None`, never with something weaker.
//!
//! - All calls go by way of libc, so that a preloaded library (fakeroot, eatmydata) sees them.
//! - A call that a signal interrupts is made again, where the list does not say otherwise.
//! - No child inherits a descriptor that is opened here.
//!
//! `unix` is what POSIX gives, `linux` what Linux adds.
//!
//! Our own code, where a crate could be had: spawning, as the standard library changes the signal mask and SIGPIPE of the
//! child; POSIX ACLs, as the crates bind libacl and we carry the kernel's form unchanged; sharing blocks, which is one
//! `ioctl`, as what a crate would fall back to is the copying that has to keep holes.

mod linux;
mod unix;

/// The system's errors: their type, their messages, and what may be concluded from them.
pub(crate) use unix::errors::{
    Errno, Result, from_io, is_full, is_refusal, is_unsupported_rename, is_unsupported_sync, os_message, refuses_links,
    refuses_names,
};
pub(crate) use unix::retry::Retries;

/// Open files.
pub(crate) use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Opening: what has the name itself, never what a link in its place leads to, unless a function says so.
pub(crate) use linux::handle::{
    has_path_for_others, open_directory, open_handle, open_path, path_for_others, reopen_for_reading,
};
/// Creating a file: without a name where the system can, else under a name that nobody had.
pub(crate) use linux::unnamed::{LinkBy, create_unnamed, link_unnamed};
pub(crate) use unix::open::{create_new, open_for_reading, open_for_writing, open_source, working_directory};

/// Names. Each call does all or nothing, and `rename` and `exchange_once` are atomic for whoever opens the name.
pub(crate) use linux::names::{each_name, exchange_once, rename_noreplace};
pub(crate) use unix::names::{LONGEST_NAME, link, make_directory, read_link, remove_directory, rename, unlink};

/// Content. `copy_range`, `reflink` and `next_data` may refuse: then bytes are read and written.
pub(crate) use linux::copy::{copy_range, enlarge_pipe, next_data, reflink, reserve, start_writeback};
pub(crate) use linux::random::random_bytes;
pub(crate) use unix::content::{
    close, close_stdin, is_write_only, offset, pipe, read_at, read_at_into, read_once, seek, set_size, stdin,
    write_all, write_at,
};

/// Durability: on the disk when the call returns without an error.
pub(crate) use linux::filesystem::sync_file_system;
pub(crate) use unix::sync::{lock, sync_data, sync_file, try_lock, unlock};

/// What is there: the state of a file and of its file system, and what the caller may do to it.
pub(crate) use linux::access::{may_write, may_write_directory};
pub(crate) use linux::filesystem::{FileSystem, has_room};
pub(crate) use linux::links::{LinkRule, forbidding_rule};
pub(crate) use linux::privilege::{
    IdMapping, Ids, euid, group_is_mapped, id_mapping, overrides_permissions, owner_is_mapped, owner_locks_out,
    owner_or_capable,
};
pub(crate) use linux::stat::{FileType, Stat};
pub(crate) use linux::swap::is_swap_file;

/// Metadata.
pub(crate) use linux::acl::{self, Acl};
pub(crate) use linux::opaque_acl;
pub(crate) use linux::xattr::{
    Attributes, has_attribute, is_preserved, needs_write_permission, remove_attribute, set_attribute,
};
pub(crate) use unix::attributes::{Time, set_mode, set_owner, set_times};

/// Processes and signals. A command starts with the signals and descriptors that this program was started with.
pub(crate) use linux::signals::Signals;
pub(crate) use linux::startup::was_closed;
pub(crate) use unix::child::{Child, Status, Stdio, signal_name, spawn};
pub(crate) use unix::termination::{Interrupted, TerminationSignal};
pub(crate) use unix::wait::{Woken, wait};
