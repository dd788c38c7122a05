//! The input: standard input, a file, or a command's output. Also the command that validates the content.

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
