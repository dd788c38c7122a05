//! Where the bytes come from: standard input, a file, or a command's output; and the command that must accept them.

mod abandoned;
mod command;
mod origin;
mod reader;
mod source;
mod validator;

pub(crate) use abandoned::Abandoned;
pub(crate) use origin::Origin;
pub(crate) use reader::Input;
pub(crate) use validator::validate;
