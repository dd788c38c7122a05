//! What each block of the pages is to do: the files before and after it.

mod building;
mod readme;
mod recipes;

/// What is expected of a block.
pub struct Expected {
    pub first_line: &'static str,
    /// What begins as a script does is made executable.
    pub before: &'static [(&'static str, &'static str)],
    pub after: &'static [(&'static str, &'static str)],
    /// What is said on standard error.
    pub said: &'static str,
    /// Whether it must leave everything as it was when a producer fails.
    pub is_guarded: bool,
}

const GUARDED: Expected = Expected { first_line: "", before: &[], after: &[], said: "", is_guarded: true };
const UNGUARDED: Expected = Expected { is_guarded: false, ..GUARDED };

/// The pages with blocks, and what is expected of each block.
pub const PAGES: [(&str, &[Expected]); 3] =
    [("README.md", readme::EXPECTED), ("docs/recipes.md", recipes::EXPECTED), ("docs/building.md", building::EXPECTED)];
