//! A disk that records: one file, served over FUSE, all of whose writes and flushes are logged.
//!
//! A loop device on that file passes a FLUSH through as FUSE's fsync. The log has the requests in the order of their
//! arrival; a write that is answered late is on the disk only from its `Done` on.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    InitFlags, KernelConfig, LockOwner, OpenFlags, ReplyAttr, ReplyData, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite,
    Request, WriteFlags,
};

use crate::content;
use crate::error::{Context, Result};
use crate::filesystem::unmount;
use crate::image::Image;
use crate::parallel::lock;

/// Enough for the largest of the file systems; what is not written takes no memory.
pub(crate) const SIZE: u64 = 304 << 20;
pub(crate) const FILE_NAME: &str = "disk";

const ATTRIBUTES_STAY: Duration = Duration::from_secs(3600);
/// Long enough for other requests to overtake, short enough for thousands of runs.
const DELAY: Duration = Duration::from_millis(3);

/// One entry of the log.
#[derive(Clone)]
pub(crate) enum Record {
    /// `slow`: the answer waits for the `Done` of this entry.
    Write {
        offset: u64,
        data: Arc<[u8]>,
        slow: bool,
    },
    /// The write at this index of the log was answered.
    Done(usize),
    Flush,
    Mark(Mark),
}

/// What the program did, in order with the disk's requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Call(String),
    /// The status, or nothing where a signal ended the program.
    Exit(Option<i32>),
}

/// How the disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Writes of new data are answered with EIO.
    Data,
    /// Flushes are answered with EIO, after so many that worked.
    Flush(usize),
    /// Writes of new data are answered with ENOSPC, as a thin volume does when its pool is used up.
    Exhausted,
}

#[derive(Default)]
struct State {
    image: Image,
    log: Option<Vec<Record>>,
    slow: bool,
    fault: Option<Fault>,
    refused: usize,
}

impl State {
    fn push(&mut self, record: Record) -> usize {
        self.log.as_mut().map_or(0, |log| {
            log.push(record);
            log.len() - 1
        })
    }
}

/// A handle on the served disk, which is unmounted when the handle is dropped.
pub(crate) struct Disk {
    state: Arc<Mutex<State>>,
    directory: PathBuf,
    _session: BackgroundSession,
}

impl Disk {
    pub(crate) fn serve(directory: &Path) -> Result<Self> {
        let state = Arc::<Mutex<State>>::default();
        let served = Served(Arc::clone(&state));
        let session = fuser::spawn_mount(served, directory, &Config::default()).context("mount the recording disk")?;
        Ok(Self { state, directory: directory.to_owned(), _session: session })
    }

    /// Only while nothing is mounted from the disk.
    pub(crate) fn insert(&self, image: Image) {
        *lock(&self.state) = State { image, ..State::default() };
    }

    /// Returns the disk's content, on which the log builds.
    pub(crate) fn start_recording(&self, slow: bool) -> Image {
        let mut state = lock(&self.state);
        state.image = std::mem::take(&mut state.image).flatten();
        state.log = Some(Vec::new());
        state.slow = slow;
        state.image.clone()
    }

    pub(crate) fn stop_recording(&self) -> Vec<Record> {
        let mut state = lock(&self.state);
        state.slow = false;
        state.log.take().unwrap_or_default()
    }

    pub(crate) fn mark(&self, mark: Mark) {
        lock(&self.state).push(Record::Mark(mark));
    }

    pub(crate) fn set_fault(&self, fault: Fault) {
        lock(&self.state).fault = Some(fault);
    }

    /// Makes the disk work again, and returns how many requests it refused.
    pub(crate) fn clear_fault(&self) -> usize {
        let mut state = lock(&self.state);
        state.fault = None;
        std::mem::take(&mut state.refused)
    }
}

impl Drop for Disk {
    /// The session would try once, and the loop device may still have the file open.
    fn drop(&mut self) {
        let _ = unmount(&self.directory);
    }
}

struct Served(Arc<Mutex<State>>);

const DIRECTORY: FileAttr = attributes(INodeNo::ROOT, FileType::Directory, 0o700, 0);
const FILE: FileAttr = attributes(INodeNo(2), FileType::RegularFile, 0o600, SIZE);

const fn attributes(ino: INodeNo, kind: FileType, perm: u16, size: u64) -> FileAttr {
    FileAttr {
        ino,
        size,
        blocks: size / 512,
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind,
        perm,
        nlink: 1,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

impl Filesystem for Served {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        // Without it the loop device waits for each write before it sends the next, and nothing overtakes.
        let _ = config.add_capabilities(InitFlags::FUSE_ASYNC_DIO);
        let _ = config.set_max_background(128);
        let _ = config.set_max_write(1 << 20);
        Ok(())
    }

    fn lookup(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if name == FILE_NAME {
            reply.entry(&ATTRIBUTES_STAY, &FILE, Generation(0));
        } else {
            reply.error(Errno::ENOENT);
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let attributes = if ino == INodeNo::ROOT { &DIRECTORY } else { &FILE };
        reply.attr(&ATTRIBUTES_STAY, attributes);
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        // The image changes behind the kernel's back, so no page of it may be cached.
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let length = u64::from(size).min(SIZE.saturating_sub(offset));
        let mut buffer = vec![0; usize::try_from(length).unwrap_or(0)];
        lock(&self.0).image.read(offset, &mut buffer);
        reply.data(&buffer);
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let mut state = lock(&self.0);
        let watched = state.slow || state.fault.is_some();
        let new = watched && content::contains_new(data);
        if new && matches!(state.fault, Some(Fault::Data | Fault::Exhausted)) {
            let answer = if state.fault == Some(Fault::Data) { Errno::EIO } else { Errno::ENOSPC };
            state.refused += 1;
            reply.error(answer);
            return;
        }
        state.image.write(offset, data);
        let slow = new && state.slow;
        if state.log.is_some() {
            let place = state.push(Record::Write { offset, data: data.into(), slow });
            if slow {
                drop(state);
                answer_later(Arc::clone(&self.0), place, size, reply);
                return;
            }
        }
        // Answered under the lock: a flush that the kernel sends on this answer comes after it in the log.
        reply.written(size);
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let mut state = lock(&self.0);
        match &mut state.fault {
            Some(Fault::Flush(0)) => {
                state.refused += 1;
                reply.error(Errno::EIO);
                return;
            }
            Some(Fault::Flush(left)) => *left -= 1,
            _ => {}
        }
        state.push(Record::Flush);
        reply.ok();
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        // A close of the file, not a flush of the disk.
        reply.ok();
    }
}

fn answer_later(state: Arc<Mutex<State>>, place: usize, size: u32, reply: ReplyWrite) {
    thread::spawn(move || {
        thread::sleep(DELAY);
        let mut state = lock(&state);
        state.push(Record::Done(place));
        reply.written(size);
    });
}
