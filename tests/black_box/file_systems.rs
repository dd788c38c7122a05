//! File systems that do things otherwise, on an imitation of them (`common/quirks`).

mod imitation;
