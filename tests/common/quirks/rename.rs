//! Renames, which have most of the quirks.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use rustix::fs::{AtFlags, RenameFlags, renameat, renameat_with, unlinkat};
use rustix::io::{Errno, Result};

use super::nodes::Node;
use super::pass::{Pending, Served, State, unless};
use super::{Given, Held};

/// The name of a file that is renamed away while it is in use.
const AWAY: &str = ".nfs0000000000000001";

impl Served {
    /// Renames a name in one directory to a name in another. `pid`: the caller.
    pub fn rename(&self, from: (u64, &OsStr), to: (u64, &OsStr), flags: RenameFlags, pid: u32) -> Result<()> {
        let (quirks, mut state) = (self.quirks(), self.state());
        unless(quirks.rename)?;
        if !flags.is_empty() && !quirks.rename_flags {
            return Err(Errno::INVAL);
        }
        let (from_in, to_in) = (state.nodes.get(from.0)?, state.nodes.get(to.0)?);
        let source = Node::open(from_in.as_fd(), from.1)?;
        if state.is_open(&source) {
            unless(quirks.rename_open)?;
        }
        if state.pending_at(to_in, to.1).is_some() {
            return Err(match quirks.rename_over_held {
                Some(Held::DeletePending(errno)) => errno,
                _ => Errno::ACCESS,
            });
        }
        let found = Node::open(to_in.as_fd(), to.1).ok();
        self.note_given((from_in, from.1), &source, pid);
        if let Some(found) = &found {
            self.note_given((to_in, to.1), found, pid);
        }
        let Some(replaced) = found.filter(|_| flags.is_empty()) else {
            unless(quirks.create.filter(|_| !flags.contains(RenameFlags::EXCHANGE)))?;
            renameat_with_none(from_in, from.1, to_in, to.1, flags)?;
            return unless(quirks.rename_reports);
        };
        unless(quirks.rename_over)?;
        if state.is_open(&replaced) {
            unless(quirks.rename_over_open)?;
        }
        let remove = || unlinkat(to_in, to.1, AtFlags::empty());
        if let Some(errno) = quirks.rename_removes {
            remove()?;
            self.note_absence();
            return Err(errno);
        }
        let held = quirks.rename_over_held.filter(|_| self.is_held(&state, &replaced, to_in, to.1, pid));
        match held {
            Some(Held::Removed(errno)) => {
                remove()?;
                self.note_absence();
                return Err(errno);
            }
            Some(Held::DeletePending(errno)) => {
                remove()?;
                self.note_absence();
                if state.is_open(&replaced) {
                    let pending = Pending { directory: to_in.behind, name: to.1.to_owned(), node: replaced };
                    state.pending.push(pending);
                }
                return Err(errno);
            }
            Some(Held::RenamedAway) => {
                renameat(to_in, to.1, to_in, AWAY)?;
                self.note_absence();
                renameat(from_in, from.1, to_in, to.1)?;
                unlinkat(to_in, AWAY, AtFlags::empty())?;
            }
            None => renameat(from_in, from.1, to_in, to.1)?,
        }
        unless(quirks.rename_reports)
    }

    fn note_absence(&self) {
        self.shared.absences.fetch_add(1, Ordering::Relaxed);
    }

    /// Records a name that a rename takes from its file, and the caller's descriptors on that file.
    fn note_given(&self, (directory, name): (&Node, &OsStr), node: &Node, pid: u32) {
        // An error is recorded in place of the descriptors, so that it is not taken for none.
        let open = self.descriptors(pid, directory, name, node).unwrap_or_else(|error| vec![error.to_string()]);
        self.shared.given().push(Given { name: name.to_string_lossy().into_owned(), open });
    }

    /// Whether any process has the file open, or the caller has any descriptor on it.
    fn is_held(&self, state: &State, node: &Node, directory: &Node, name: &OsStr, pid: u32) -> bool {
        state.is_open(node) || self.descriptors(pid, directory, name, node).is_ok_and(|open| !open.is_empty())
    }

    /// The descriptors of a process on the file, as text. They are read from /proc, as FUSE has no request for an open with
    /// `O_PATH`; compared by path, and by the inode number that newer kernels show there. A stat of the descriptor would be a
    /// request that waits for this one.
    fn descriptors(&self, pid: u32, directory: &Node, name: &OsStr, node: &Node) -> std::io::Result<Vec<String>> {
        let behind = std::fs::read_link(directory.path())?;
        let path: PathBuf = self.point.join(behind.strip_prefix(&self.backing).unwrap_or(&behind)).join(name);
        let number = format!("ino:\t{}", node.behind);
        let mut open = Vec::new();
        for entry in std::fs::read_dir(format!("/proc/{pid}/fd"))? {
            let descriptor = entry?.file_name().into_string().unwrap_or_default();
            // Another thread may have closed it meanwhile.
            let Ok(leads_to) = std::fs::read_link(format!("/proc/{pid}/fd/{descriptor}")) else { continue };
            let about = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}")).unwrap_or_default();
            let has_number = leads_to.starts_with(&self.point) && about.lines().any(|line| line == number);
            if leads_to == path || has_number {
                open.push(format!("{descriptor}: {}: {}", leads_to.display(), about.replace('\n', " ")));
            }
        }
        Ok(open)
    }
}

/// Without flags by the older call, which every kernel has.
fn renameat_with_none(from_in: &Node, from: &OsStr, to_in: &Node, to: &OsStr, flags: RenameFlags) -> Result<()> {
    if flags.is_empty() { renameat(from_in, from, to_in, to) } else { renameat_with(from_in, from, to_in, to, flags) }
}
