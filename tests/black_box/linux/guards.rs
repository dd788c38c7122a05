//! What may refuse, and that nothing is replaced then.

mod target;
mod validate;
