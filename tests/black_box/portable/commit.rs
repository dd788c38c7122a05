//! The commit: what makes a replacement impossible and is found before anything is read; how the file gets its name;
//! and what others do between the look and the rename.

pub mod executed;
mod naming;
