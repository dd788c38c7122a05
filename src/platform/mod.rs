//! Every system call of the program.
//!
//! The rest of the program uses the system only through this module. Each system must provide the same names, with
//! these guarantees. If it lacks a feature, the function returns an error or `None`, never a weaker substitute.
//!
//! - On Unix, calls go through libc, so that a preloaded library (fakeroot, eatmydata) sees them.
//! - A call that a signal interrupts is retried, unless its documentation excludes that.
//! - Every descriptor opened here is close-on-exec.
//!
//! Each system is a module with the same names. `linux` is Linux. `generic` is any other Unix system, and does without
//! what only some have; it also runs on Linux, for the tests (`RUSTFLAGS='--cfg generic_unix'`). `macos` and `freebsd` are
//! `generic` with what these systems have beside POSIX; what both have is in `bsd`. All share `unix`.
//! `windows` has handles in place of descriptors.
//!
//! Some code here could have been a crate. Spawning is our own because a child of the standard library
//! inherits the signals that are blocked here, and gets the default action of SIGPIPE. POSIX ACLs are our own because the crates bind libacl, and this program copies the kernel's
//! format unchanged. Sharing blocks is our own because it is one `ioctl`; the fallback of a crate would be a copy, and
//! the copy here must preserve holes.

pub(crate) mod acl;
mod comparison;
mod environment;
pub(crate) mod opaque_acl;
mod refusals;
mod words;

#[cfg(unix)]
mod unix;

#[cfg(all(target_os = "linux", not(generic_unix)))]
mod linux;
#[cfg(all(target_os = "linux", not(generic_unix)))]
use linux as system;

#[cfg(all(unix, any(not(target_os = "linux"), generic_unix)))]
mod generic;
#[cfg(all(unix, any(not(any(target_os = "linux", target_os = "macos", target_os = "freebsd")), generic_unix)))]
use generic as system;

#[cfg(all(any(target_os = "macos", target_os = "freebsd"), not(generic_unix)))]
mod bsd;

#[cfg(all(target_os = "macos", not(generic_unix)))]
mod macos;
#[cfg(all(target_os = "macos", not(generic_unix)))]
use macos as system;

#[cfg(all(target_os = "freebsd", not(generic_unix)))]
mod freebsd;
#[cfg(all(target_os = "freebsd", not(generic_unix)))]
use freebsd as system;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

/// System errors: their type, their messages, and what follows from them.
pub(crate) use refusals::{
    is_full, is_metadata_refusal, is_out_of_descriptors, is_unsupported_rename, is_unsupported_sync,
};
pub(crate) use system::errors::{Errno, Result, from_io, os_message, refuses_links, refuses_names};
pub(crate) use system::retry::Retries;

/// Open files.
#[cfg(unix)]
pub(crate) use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
#[cfg(windows)]
pub(crate) use system::descriptor::{AsFd, BorrowedFd, OwnedFd};

pub(crate) use system::directory::{DirectoryHandle, absolute, temporary_directories, working_directory};
/// Opening. A symbolic link in the last component is not followed unless a function says so.
pub(crate) use system::handle::{
    FileHandle, open_directory, open_handle, open_path, read_link, reopen_for_reading, stat_handle,
};
pub(crate) use system::open::{create_new, open_for_reading, open_for_writing, open_source, open_staged, open_written};
/// Creating a file: unnamed where the system supports it, otherwise under a name that was free.
pub(crate) use system::unnamed::{LinkBy, create_unnamed, link_unnamed};

pub(crate) use system::names::{
    MAX_NAME_LENGTH, NAME_UNITS, RENAMES_OPEN_DIRECTORIES, link, make_directory, misleading_name, name_length,
    remove_directory, rename, unlink,
};
/// Names. Each call succeeds completely or does nothing. `rename` and `exchange_once` are atomic for processes that
/// open the name.
pub(crate) use system::rename::{exchange_once, for_each_name, rename_noreplace};

pub(crate) use system::content::{
    close, close_stdin, is_write_only, offset, pipe, read_at, read_at_into, read_once, seek, set_size, stdin,
    write_all, write_at,
};
/// Content. `copy_range`, `reflink` and `next_data` may fail; then the caller reads and writes the bytes.
pub(crate) use system::copy::{copy_range, enlarge_pipe, next_data, reflink, reserve, start_writeback};
pub(crate) use system::random::random_bytes;

/// What only whole directories need. A symbolic link is not followed.
pub(crate) use system::tree::{
    link_text, make_node, make_symbolic_link, set_mode_of_name, set_owner_of_name, set_times_of_name, take_times,
};

/// Durability. When the call returns without an error, the data is on disk.
pub(crate) use system::sync::{
    CAN_SYNC_FILE_SYSTEM, dirty_bytes, sync_data, sync_directory, sync_file, sync_file_system,
};

/// Locks between processes, on an open file.
pub(crate) use system::lock::{lock, try_lock, try_lock_name, unlock};

/// The state of a file and of its file system, and what the caller may do to it.
pub(crate) use system::access::{may_write, may_write_directory};
pub(crate) use system::filesystem::{FileSystem, has_room};
pub(crate) use system::ids::{HAS_IDS, IdMapping, Ids, euid, id_of, name_of};
pub(crate) use system::limits::max_open_files;
pub(crate) use system::links::{LinkRule, forbidding_rule};
pub(crate) use system::privilege::{
    group_is_mapped, id_mapping, may_give, overrides_permissions, owner_change_prevents_link, owner_is_mapped,
    owner_or_capable,
};
pub(crate) use system::stat::{CLEAR_APPEND_ONLY, CLEAR_IMMUTABLE, FileType, Stat};
pub(crate) use system::swap_file::is_swap_file;

/// Metadata.
pub(crate) use acl::Acl;
pub(crate) use system::metadata::{Time, is_mode_met, nearest_mode, set_mode, set_owner, set_times, umask};
pub(crate) use system::xattr::{
    Attributes, PRIVILEGES, has_attribute, is_copied, is_preserved, needs_write_permission, remove_attribute,
    set_attribute,
};

pub(crate) use environment::set_for_children;
pub(crate) use system::child::{
    Child, Status, Stdio, is_running, shell_with_pipefail, signal_name, spawn, spawn_shell,
};
/// Processes and signals. A command starts with the signal dispositions, mask and descriptors that this program started
/// with.
pub(crate) use system::signals::{Signals, start_thread};
pub(crate) use system::startup::was_closed;
pub(crate) use system::termination::{Interrupted, TerminationSignal};
pub(crate) use system::wait::{Event, Woken, wait};
pub(crate) use system::words::from_bytes;
pub(crate) use system::writers::find_writer;
pub(crate) use words::replace_all;
