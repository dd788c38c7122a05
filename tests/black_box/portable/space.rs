//! Space and I/O: what is synced, in which order, on which descriptor, and what a full or failing disk does.

mod asked_in_place;
mod in_place;
