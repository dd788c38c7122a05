//! What may refuse, and that nothing is replaced then.

mod content;
mod target;
mod validate;
