//! Every system call of the program.
//!
//! The rest of the program uses the system only through this module. Each system must provide the same names, with
//! these guarantees. If it lacks a feature, the function returns an error or `None`, never a weaker substitute.
//!
//! - Calls go through libc, so that a preloaded library (fakeroot, eatmydata) sees them.
//! - A call that a signal interrupts is retried, unless its documentation excludes that.
//! - Every descriptor opened here is close-on-exec.
//!
//! `unix` holds what POSIX provides, `linux` what Linux adds.
//!
//! Some code here could have been a crate. Spawning is our own because a child of the standard library
//! inherits the signals that are blocked here, and gets the default action of SIGPIPE. POSIX ACLs are our own because the crates bind libacl, and this program copies the kernel's
//! format unchanged. Sharing blocks is our own because it is one `ioctl`; the fallback of a crate would be a copy, and
//! the copy here must preserve holes.

mod linux;
mod unix;

/// System errors: their type, their messages, and what follows from them.
pub(crate) use unix::errors::{
    Errno, Result, from_io, is_full, is_metadata_refusal, is_unsupported_rename, is_unsupported_sync, os_message,
    refuses_links, refuses_names,
};
pub(crate) use unix::retry::Retries;

/// Open files.
pub(crate) use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Opening. A symbolic link in the last component is not followed unless a function says so.
pub(crate) use linux::handle::{
    FileHandle, has_path_for_others, open_directory, open_handle, open_path, path_for_others, read_link,
    reopen_for_reading, stat_handle,
};
/// Creating a file: unnamed where the system supports it, otherwise under a name that was free.
pub(crate) use linux::unnamed::{LinkBy, create_unnamed, link_unnamed};
pub(crate) use unix::directory::{DirectoryHandle, working_directory};
pub(crate) use unix::open::{create_new, open_for_reading, open_for_writing, open_source};

/// Names. Each call succeeds completely or does nothing. `rename` and `exchange_once` are atomic for processes that
/// open the name.
pub(crate) use linux::rename::{exchange_once, for_each_name, rename_noreplace};
pub(crate) use unix::names::{
    MAX_NAME_LENGTH, link, make_directory, misleading_name, remove_directory, rename, unlink,
};

/// Content. `copy_range`, `reflink` and `next_data` may fail; then the caller reads and writes the bytes.
pub(crate) use linux::copy::{copy_range, enlarge_pipe, next_data, reflink, reserve, start_writeback};
pub(crate) use linux::random::random_bytes;
pub(crate) use unix::content::{
    close, close_stdin, is_write_only, offset, pipe, read_at, read_at_into, read_once, seek, set_size, stdin,
    write_all, write_at,
};

/// Durability. When the call returns without an error, the data is on disk.
pub(crate) use linux::sync::sync_file_system;
pub(crate) use unix::sync::{sync_data, sync_directory, sync_file};

/// Locks between processes, on an open file.
pub(crate) use unix::lock::{lock, try_lock, unlock};

/// The state of a file and of its file system, and what the caller may do to it.
pub(crate) use linux::access::{may_write, may_write_directory};
pub(crate) use linux::filesystem::{FileSystem, has_room};
pub(crate) use linux::links::{LinkRule, forbidding_rule};
pub(crate) use linux::privilege::{
    IdMapping, Ids, euid, group_is_mapped, id_mapping, overrides_permissions, owner_change_prevents_link,
    owner_is_mapped, owner_or_capable,
};
pub(crate) use linux::stat::{FileType, Stat};
pub(crate) use linux::swap_file::is_swap_file;

/// Metadata.
pub(crate) use linux::acl::{self, Acl};
pub(crate) use linux::opaque_acl;
pub(crate) use linux::xattr::{
    Attributes, has_attribute, is_preserved, needs_write_permission, remove_attribute, set_attribute,
};
pub(crate) use unix::metadata::{Time, set_mode, set_owner, set_times};

/// Processes and signals. A command starts with the signal dispositions, mask and descriptors that this program started
/// with.
pub(crate) use linux::signals::Signals;
pub(crate) use linux::startup::was_closed;
pub(crate) use unix::child::{Child, Status, Stdio, signal_name, spawn};
pub(crate) use unix::termination::{Interrupted, TerminationSignal};
pub(crate) use unix::wait::{Event, Woken, wait};
