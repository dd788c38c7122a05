//! The runs of this program that wait for this one, because their COMMAND or validator has started it.
//!
//! What they have locked they do not release before this run has ended, so waiting for it would last for ever. Each run
//! tells its children in a variable what it has locked. A child may outlive it, so what is in the variable counts only while
//! the process lives, and only if the lock is not free.

use std::ffi::{OsStr, OsString};

use sha2::{Digest, Sha256};

use super::directory::Directory;
use crate::platform::{self, Stat};

/// `PROCESS:DEVICE:INODE`, or `PROCESS:DEVICE:INODE:NAME` where names are locked, separated by spaces.
const VARIABLE: &str = "ATOMIC_WRITE_LOCKED";

/// What is locked.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Identity(String);

impl Identity {
    pub(super) fn of_file(stat: &Stat) -> Identity {
        let (device, inode) = stat.identity();
        Identity(format!("{device:x}:{inode:x}"))
    }

    /// Of a name where names are locked. Names that differ in case only may be one.
    pub(super) fn of_name(directory: &Directory, name: &OsStr) -> platform::Result<Identity> {
        let Identity(directory) = Identity::of_file(&directory.stat()?);
        let digest = Sha256::digest(name.to_string_lossy().to_lowercase().as_bytes());
        let number = digest.iter().take(8).fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
        Ok(Identity(format!("{directory}:{number:x}")))
    }
}

/// What the callers have locked.
#[derive(Debug)]
pub(super) struct Callers {
    /// The process, and what it has locked.
    held: Vec<(u32, Identity)>,
}

impl Callers {
    pub(super) fn from_environment() -> Callers {
        Callers::parse(&std::env::var_os(VARIABLE).unwrap_or_default())
    }

    /// Ignores what has another form.
    fn parse(value: &OsStr) -> Callers {
        let words = value.to_str().unwrap_or_default().split(' ');
        let entry = |word: &str| {
            let (process, identity) = word.split_once(':')?;
            Some((process.parse().ok()?, Identity(identity.to_owned())))
        };
        Callers { held: words.filter_map(entry).collect() }
    }

    /// Whether one of them has locked this.
    pub(super) fn hold(&self, identity: &Identity) -> bool {
        self.held.iter().any(|(process, held)| held == identity && platform::is_running(*process))
    }

    /// Tells the children of this run that it has locked this as well.
    pub(super) fn tell_children(&self, identity: &Identity) {
        let callers = self.held.iter().filter(|(process, _)| platform::is_running(*process));
        let own = (std::process::id(), Identity(identity.0.clone()));
        let words: Vec<String> =
            callers.chain([&own]).map(|(process, Identity(held))| format!("{process}:{held}")).collect();
        platform::set_for_children(VARIABLE, OsString::from(words.join(" ")));
    }
}
