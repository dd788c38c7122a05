//! Figures that are counted and not timed.

/// A number with a limit of its own.
pub struct Figure {
    pub text: String,
    pub value: String,
    pub limit: String,
    pub reached: bool,
}
