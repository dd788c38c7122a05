//! What the call matrix and the power-cut simulator share: how a run is described, prepared and inspected.

pub mod arguments;
pub mod batch;
pub mod content;
pub mod error;
pub mod file_state;
pub mod parallel;
pub mod rng;
pub mod scenario;
pub mod tree;
