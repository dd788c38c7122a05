//! What changes and what does not: `--if-changed`, `--append`, and the word that tells it.

mod different;
mod disk;
mod report;
