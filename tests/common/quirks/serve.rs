//! The requests of FUSE, each passed to the function that carries it out.

use std::ffi::OsStr;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use fuser::{
    AccessFlags, BsdFileFlags, FileHandle, Filesystem, FopenFlags, Generation, INodeNo, LockOwner, OpenFlags,
    RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs,
    ReplyWrite, ReplyXattr, Request, TimeOrNow, WriteFlags,
};
use rustix::fs::{FileType, Mode, OFlags, fdatasync, fsync, mkdirat, mknodat, symlinkat};
use rustix::io::{Errno, Result};

pub use super::pass::Served;
use super::pass::{Caller, Entry, Wanted, unless};
use super::show::{errno, raw};

/// Pages are not cached: the test may change a file behind the mount.
const UNCACHED: FopenFlags = FopenFlags::FOPEN_DIRECT_IO;

fn caller(request: &Request) -> Caller {
    Caller { uid: request.uid(), gid: request.gid(), pid: request.pid() }
}

fn empty(done: Result<()>, reply: ReplyEmpty) {
    match done {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(errno(error)),
    }
}

fn entry(entry: Result<Entry>, reply: ReplyEntry) {
    match entry {
        Ok(entry) => {
            reply.entry_with_ttls(&entry.attributes_hold, &entry.name_holds, &entry.attributes, Generation(0));
        }
        Err(error) => reply.error(errno(error)),
    }
}

fn opened(handle: Result<u64>, flags: FopenFlags, reply: ReplyOpen) {
    match handle {
        Ok(handle) => reply.opened(FileHandle(handle), flags),
        Err(error) => reply.error(errno(error)),
    }
}

/// Replies with a value, or with its length where the request asks for that.
fn value(value: Result<Vec<u8>>, room: u32, reply: ReplyXattr) {
    match value {
        Ok(value) => match u32::try_from(value.len()) {
            Ok(length) if room == 0 => reply.size(length),
            Ok(length) if length <= room => reply.data(&value),
            _ => reply.error(errno(Errno::RANGE)),
        },
        Err(error) => reply.error(errno(error)),
    }
}

impl Filesystem for Served {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        entry(self.look_up(parent.0, name), reply);
    }

    fn forget(&self, _: &Request, ino: INodeNo, times: u64) {
        self.state().nodes.forget(ino.0, times);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.attributes(ino.0) {
            Ok((attributes, hold)) => reply.attr(&hold, &attributes),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        accessed: Option<TimeOrNow>,
        modified: Option<TimeOrNow>,
        _: Option<SystemTime>,
        handle: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let times = (accessed, modified);
        let wanted = Wanted { mode, owner: (uid, gid), size, times, handle: handle.map(|handle| handle.0) };
        match self.change(ino.0, &wanted).and_then(|()| self.attributes(ino.0)) {
            Ok((attributes, hold)) => reply.attr(&hold, &attributes),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn readlink(&self, _: &Request, ino: INodeNo, reply: ReplyData) {
        match self.read_link(ino.0) {
            Ok(text) => reply.data(&text),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn mknod(&self, request: &Request, parent: INodeNo, name: &OsStr, mode: u32, _: u32, _: u32, reply: ReplyEntry) {
        let kind = FileType::from_raw_mode(mode);
        let made = self.make(parent.0, name, caller(request), Some(mode), |directory| {
            mknodat(directory, name, kind, Mode::from_raw_mode(mode & 0o7777), 0)
        });
        entry(made, reply);
    }

    fn mkdir(&self, request: &Request, parent: INodeNo, name: &OsStr, mode: u32, _: u32, reply: ReplyEntry) {
        let made = self.make(parent.0, name, caller(request), Some(mode), |directory| {
            mkdirat(directory, name, Mode::from_raw_mode(mode & 0o7777))
        });
        entry(made, reply);
    }

    fn symlink(&self, request: &Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        let made = self.make(parent.0, name, caller(request), None, |directory| symlinkat(target, directory, name));
        entry(made, reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.unlink(parent.0, name), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.remove_directory(parent.0, name), reply);
    }

    fn rename(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let flags = rustix::fs::RenameFlags::from_bits_retain(flags.bits());
        empty(self.rename((parent.0, name), (new_parent.0, new_name), flags, request.pid()), reply);
    }

    fn link(&self, _: &Request, ino: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        entry(self.link(ino.0, parent.0, name), reply);
    }

    fn open(&self, _: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        opened(self.open(ino.0, OFlags::from_bits_retain(flags.0.cast_unsigned())), UNCACHED, reply);
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        let flags = OFlags::from_bits_retain(flags.cast_unsigned());
        match self.create(parent.0, name, caller(request), mode, flags) {
            Ok((attributes, handle)) => {
                reply.created(&Duration::ZERO, &attributes, Generation(0), FileHandle(handle), UNCACHED);
            }
            Err(error) => reply.error(errno(error)),
        }
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let mut data = vec![0; usize::try_from(size).unwrap_or(0)];
        match self.with_file(handle.0, |file| file.read_at(&mut data, offset).map_err(|error| raw(&error))) {
            Ok(length) => reply.data(&data[..length]),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.with_file(handle.0, |file| file.write_at(data, offset).map_err(|error| raw(&error))) {
            Ok(length) => reply.written(u32::try_from(length).unwrap_or(0)),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.close(handle.0);
        reply.ok();
    }

    fn fsync(&self, _: &Request, _: INodeNo, handle: FileHandle, only_data: bool, reply: ReplyEmpty) {
        let sync = |file: &std::fs::File| if only_data { fdatasync(file) } else { fsync(file) };
        empty(unless(self.quirks().fsync).and_then(|()| self.with_file(handle.0, sync)), reply);
    }

    fn opendir(&self, _: &Request, ino: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        opened(self.open_directory(ino.0), FopenFlags::empty(), reply);
    }

    fn readdir(&self, _: &Request, _: INodeNo, handle: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        match self.list(handle.0, usize::try_from(offset).unwrap_or(usize::MAX)) {
            Ok(entries) => {
                for ((name, number, kind), place) in entries.into_iter().zip(offset + 1..) {
                    if reply.add(INodeNo(number), place, kind, name) {
                        break;
                    }
                }
                reply.ok();
            }
            Err(error) => reply.error(errno(error)),
        }
    }

    fn releasedir(&self, _: &Request, _: INodeNo, handle: FileHandle, _: OpenFlags, reply: ReplyEmpty) {
        self.close_directory(handle.0);
        reply.ok();
    }

    fn fsyncdir(&self, _: &Request, _: INodeNo, handle: FileHandle, _: bool, reply: ReplyEmpty) {
        empty(self.sync_directory(handle.0), reply);
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        match self.room() {
            Ok(room) => {
                let block = |size| u32::try_from(size).unwrap_or(4096);
                let (size, unit, longest) = (block(room.f_bsize), block(room.f_frsize), block(room.f_namemax));
                reply.statfs(
                    room.f_blocks,
                    room.f_bfree,
                    room.f_bavail,
                    room.f_files,
                    room.f_ffree,
                    size,
                    longest,
                    unit,
                );
            }
            Err(error) => reply.error(errno(error)),
        }
    }

    fn setxattr(&self, _: &Request, ino: INodeNo, name: &OsStr, value: &[u8], flags: i32, _: u32, reply: ReplyEmpty) {
        empty(self.set_attribute(ino.0, name, Some(value), flags), reply);
    }

    fn getxattr(&self, _: &Request, ino: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        value(self.get_attribute(ino.0, name), size, reply);
    }

    fn listxattr(&self, _: &Request, ino: INodeNo, size: u32, reply: ReplyXattr) {
        value(self.list_attributes(ino.0), size, reply);
    }

    fn removexattr(&self, _: &Request, ino: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.set_attribute(ino.0, name, None, 0), reply);
    }

    fn access(&self, _: &Request, _: INodeNo, _: AccessFlags, reply: ReplyEmpty) {
        // Requested only where the kernel does not check permissions itself.
        reply.ok();
    }
}
