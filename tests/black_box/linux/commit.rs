//! The commit: what makes a replacement impossible and is found before anything is read; how the file gets its name;
//! and what others do between the look and the rename.

mod bounded;
mod executed;
mod impossible;
mod mounted;
mod naming;
mod races;
mod uncertain;
mod unlinkable;
