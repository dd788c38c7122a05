//! Many at once: writers without the lock do not mix, readers see whole files, one of many wins.

mod writers;
