//! What changes and what does not: `--if-changed`, `--append`, and the word that tells it.

mod append;
pub mod different;
mod dry_run;
mod identical;
mod report;
