//! Making files durable.
//!
//! fsync(2) is not enough: "the drive itself may not physically write the data to the platters for quite some time and
//! it may be written in an out-of-order sequence". `F_FULLFSYNC` "does the same thing as fsync(2) then asks the drive to
//! flush all buffered data to the permanent storage device", and "acts as a barrier". (fsync(2) and fcntl(2), in Apple's
//! xnu, bsd/man/man2.)
//!
//! The order of the protocol is therefore: full sync of the staged file, rename, full sync of the directory. After the
//! first, the content is on disk before the rename is even asked for, so no power cut can show the new name without it.
//! After the second, the name is on disk too.
//!
//! The first could be `F_BARRIERFSYNC`, which only orders, and is faster. It "requires hardware support, which Apple SSDs
//! are guaranteed to provide", so other drives need not; and `--sync file` promises with the first sync alone that the
//! content is on disk, while after a barrier "no assumption should be made on what has been persisted".

use std::os::fd::AsFd;

use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::retry::retry_on_intr;

/// Syncs content and metadata of a file. Never retried after a write error: the kernel may mark the pages clean, and a
/// second call would succeed without having written them.
///
/// `F_FULLFSYNC` is "implemented on HFS, MS-DOS (FAT), Universal Disk Format (UDF) and APFS". Elsewhere, as on a network
/// file system, fsync(2) is all there is, and the server decides.
pub(crate) fn sync_file(file: impl AsFd) -> Result<()> {
    match retry_on_intr(|| rustix::fs::fcntl_fullfsync(&file)) {
        Err(Errno::NOTSUP | Errno::OPNOTSUPP | Errno::INVAL | Errno::NOTTY | Errno::NODEV) => {
            retry_on_intr(|| rustix::fs::fsync(&file))
        }
        done => done,
    }
}

/// Syncs the content of a file, and the metadata that is needed to read it.
pub(crate) fn sync_data(file: impl AsFd) -> Result<()> {
    sync_file(file)
}

/// Syncs the entries of a directory.
pub(crate) fn sync_directory(directory: &DirectoryHandle) -> Result<()> {
    sync_file(directory)
}

pub(crate) use crate::platform::generic::sync::{CAN_SYNC_FILE_SYSTEM, dirty_bytes, sync_file_system};
