//! What the command line is checked against beside the environment. It is asked only where an option needs it.

/// The system's answers.
pub struct System<'a> {
    /// The mode bits that new files do not get.
    pub umask: &'a dyn Fn() -> u32,
}
