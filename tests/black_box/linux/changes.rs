//! What changes and what does not: `--if-changed`, `--append`, and the word that tells it. Rows 18 and 64.

mod different;
mod disk;
mod report;
