//! A copy of a tree with everything that belongs to it, as by `cp -a`.
//!
//! Until a file has its content, and a directory its entries, only the owner may open it. It gets its metadata then.

use std::ffi::OsStr;

use super::contents::Contents;
use super::cursor::Cursor;
use super::hard_links::HardLinks;
use super::losses::Losses;
use super::metadata;
use super::walk::{Entry, Walk};
use crate::error::{Result, at};
use crate::notices::Notices;
use crate::platform::{self, AsFd, Errno, FileType, Signals, Stat, is_metadata_refusal, os_message, refuses_links};
use crate::progress::Progress;
use crate::protocol::directory::Directory;
use crate::protocol::writer::StagingWriter;
use crate::quote::Shown;

const STEP: &str = "copy";

/// Copies what is in `from` into the empty directory `to`. The metadata of the two stays as it is. `write_behind` starts
/// to write to the disk early, for a tree that will be synced. What could not be kept is a warning.
pub(crate) fn copy(
    from: &Directory,
    to: &Directory,
    write_behind: bool,
    notices: &Notices,
    signals: &Signals,
    progress: &Progress,
) -> Result<()> {
    let walk = Walk::new(from, STEP, signals)?;
    let cursor = Cursor::open(to, STEP)?;
    let passes_on_acl = metadata::passes_on_acl(cursor.here().as_fd());
    let (contents, hard_links, losses) = (Contents::new(signals), HardLinks::default(), Losses::default());
    let mut copy = Copy {
        walk,
        top: to,
        to: cursor,
        passes_on_acl,
        write_behind,
        contents,
        hard_links,
        losses,
        notices,
        progress,
    };
    loop {
        match copy.walk.next()? {
            Some(entry) => copy.entry(&entry)?,
            None if copy.leave()? => {}
            None => break,
        }
    }
    copy.losses.report(notices);
    Ok(())
}

/// Gives the directory `to` the metadata of `from`, after all that is in it was copied.
pub(crate) fn copy_top_metadata(from: &Directory, to: &Directory, notices: &Notices) -> Result<()> {
    let mut losses = Losses::default();
    let keep = || {
        let passes_on_acl = metadata::passes_on_acl(to.as_fd()) || has_acl(to);
        metadata::keep(from.as_fd(), &Stat::of(&**from)?, to.as_fd(), passes_on_acl)
    };
    losses.add(keep().map_err(at(STEP, to.shown()))?, || from.path().to_owned());
    losses.report(notices);
    Ok(())
}

fn has_acl(directory: &Directory) -> bool {
    platform::has_attribute(directory.as_fd(), platform::acl::ATTRIBUTE).unwrap_or(false)
}

struct Copy<'a> {
    walk: Walk<'a>,
    top: &'a Directory,
    /// The place in the copy that corresponds to the walk's.
    to: Cursor,
    /// Whether the top directory gives new files an ACL.
    passes_on_acl: bool,
    write_behind: bool,
    contents: Contents<'a>,
    hard_links: HardLinks,
    losses: Losses,
    notices: &'a Notices,
    progress: &'a Progress,
}

impl Copy<'_> {
    fn entry(&mut self, entry: &Entry) -> Result<()> {
        if entry.is_mount_point {
            return self.stand_in(entry);
        }
        match entry.stat.kind() {
            FileType::Directory => {
                self.make_directory(&entry.name)?;
                let created = Stat::at(self.to.here(), entry.name.as_os_str()).map_err(self.to.failed(&entry.name))?;
                if created.bits() & 0o700 != 0o700 {
                    // The umask denies the owner what the copy needs. If this fails, the next call says so.
                    let _ = platform::set_mode_of_name(self.to.here(), &entry.name, 0o700);
                }
                self.walk.enter(entry)?;
                self.to.enter(&entry.name, &created)
            }
            _ if self.link(entry)? => Ok(()),
            FileType::RegularFile => self.file(entry),
            FileType::Symlink => self.symbolic_link(entry),
            _ => self.node(entry),
        }
    }

    fn make_directory(&self, name: &OsStr) -> Result<()> {
        platform::make_directory(self.to.here(), name, 0o700).map_err(self.to.failed(name))
    }

    /// A mount point is copied as what it would be without the mount: an empty directory, or an empty file.
    fn stand_in(&self, entry: &Entry) -> Result<()> {
        if entry.stat.kind() == FileType::Directory {
            self.make_directory(&entry.name)?;
        } else {
            let created = platform::create_new(self.to.here(), entry.name.as_os_str(), 0o600);
            created.map_err(self.to.failed(&entry.name))?;
        }
        let path = self.walk.cursor.path(&entry.name);
        let shown = Shown(path.as_os_str());
        self.notices.warn(format!("{shown} is a mount point, whose content was not copied"));
        Ok(())
    }

    /// Whether the entry is another link of a file that has been copied, and the copy could be linked.
    fn link(&mut self, entry: &Entry) -> Result<bool> {
        match self.hard_links.link(&entry.stat, self.top, &self.to, &entry.name) {
            // A directory of the first copy may have got a mode that does not let it be searched.
            Err(errno) if refuses_links(errno) || errno == Errno::ACCESS => {
                self.losses.add(vec!["hard links".to_owned()], || self.walk.cursor.path(&entry.name));
                Ok(false)
            }
            linked => linked.map_err(self.to.failed(&entry.name)),
        }
    }

    fn file(&mut self, entry: &Entry) -> Result<()> {
        let (name, from) = (entry.name.as_os_str(), &self.walk.cursor);
        let original = platform::open_for_reading(from.here(), name).map_err(from.cannot_read(name))?;
        let stat = Stat::of(&original).map_err(from.failed(name))?;
        if !stat.is_same_file(&entry.stat) || stat.kind() != FileType::RegularFile {
            return Err(from.changed(name));
        }
        let copy = platform::create_new(self.to.here(), name, 0o600).map_err(self.to.failed(name))?;
        let mut sink = StagingWriter::new(copy.as_fd(), self.top, self.write_behind);
        sink.count_for(self.progress);
        self.contents.copy(&original, &stat, &from.path(name), &mut sink)?;
        let now = Stat::of(&original).map_err(from.failed(name))?;
        if !now.is_same_state(&stat) {
            return Err(from.changed(name));
        }
        let lost = metadata::keep(original.as_fd(), &stat, copy.as_fd(), self.passes_on_acl);
        self.losses.add(lost.map_err(self.to.failed(name))?, || from.path(name));
        self.hard_links.add(&stat, &self.to, name);
        // Network file systems report a full disk here.
        platform::close(copy).map_err(self.to.failed(name))
    }

    fn symbolic_link(&mut self, entry: &Entry) -> Result<()> {
        let (name, from) = (entry.name.as_os_str(), &self.walk.cursor);
        let text = platform::link_text(from.here(), name).map_err(from.cannot_read(name))?;
        match Stat::at(from.here(), name) {
            Ok(now) if now.is_same_state(&entry.stat) => {}
            _ => return Err(from.changed(name)),
        }
        let made = platform::make_symbolic_link(self.to.here(), name, &text);
        self.special(entry, made)
    }

    fn node(&mut self, entry: &Entry) -> Result<()> {
        let made = platform::make_node(self.to.here(), entry.name.as_os_str(), &entry.stat);
        self.special(entry, made)
    }

    /// Goes on after the creation of a symbolic link or special file, which the system may refuse.
    fn special(&mut self, entry: &Entry, made: platform::Result<()>) -> Result<()> {
        let (name, from) = (entry.name.as_os_str(), &self.walk.cursor);
        match made {
            Err(errno) if is_metadata_refusal(errno) => {
                self.losses.add_refused(&from.path(name), &os_message(errno));
                return Ok(());
            }
            made => made.map_err(self.to.failed(name))?,
        }
        let lost = metadata::keep_by_name(self.to.here(), name, &entry.stat);
        self.losses.add(lost.map_err(self.to.failed(name))?, || from.path(name));
        self.hard_links.add(&entry.stat, &self.to, name);
        Ok(())
    }

    /// Leaves the current directory, after it got its metadata. Returns false at the top.
    fn leave(&mut self) -> Result<bool> {
        let (none, from) = (OsStr::new(""), &self.walk.cursor);
        let now = Stat::of(from.here()).map_err(from.failed(none))?;
        if !now.is_same_state(from.state()) {
            return Err(from.changed(none));
        }
        if !from.is_at_top() {
            let lost = metadata::keep(from.here().as_fd(), from.state(), self.to.here().as_fd(), self.passes_on_acl);
            self.losses.add(lost.map_err(self.to.failed(none))?, || from.path(none));
        }
        self.to.leave()?;
        self.walk.leave()
    }
}
