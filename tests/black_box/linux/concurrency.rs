//! Many at once: writers that take no turns do not mix, readers see whole files, one of many wins.

mod writers;
