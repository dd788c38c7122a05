//! Space and I/O: what is synced, in which order, on which descriptor, and what a full or failing disk does.

mod asked_in_place;
mod durable;
mod full;
mod in_place;
mod in_place_faults;
mod of_many;
