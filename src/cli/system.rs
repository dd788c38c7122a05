//! What the command line is checked against beside the environment. It is asked only where an option needs it.

use std::ffi::OsStr;

/// The id that a name has, or why it cannot be looked up.
pub type Lookup<'a> = &'a dyn Fn(&OsStr) -> Result<Option<u32>, String>;

/// The system's answers.
pub struct System<'a> {
    /// The mode bits that new files do not get.
    pub umask: &'a dyn Fn() -> u32,
    /// Ids of users. `None` where there are none.
    pub user: Option<Lookup<'a>>,
    /// Ids of groups.
    pub group: Option<Lookup<'a>>,
}
