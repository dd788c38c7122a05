//! The real things: file systems without modes, tools that stand between program and kernel, a file system that compresses,
//! watchers, sandboxes.

mod compressed;
mod foreign;
mod preloaded;
mod sandboxed;
mod watched;
