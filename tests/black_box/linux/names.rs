//! Where the bytes go: links, what is no file, names of every kind, and created parents.

mod kinds;
mod links;
mod long;
mod magic;
mod parents;
mod planted;
mod shown;
mod staging;
mod swapped;
