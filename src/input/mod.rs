//! The input: standard input, a file, or a command's output. Also the command that validates the content.

mod command;
mod origin;
mod reader;
mod source;
mod terminated;
mod validator;

pub(crate) use origin::Origin;
pub(crate) use reader::Input;
pub(crate) use source::SMALL;
pub(crate) use terminated::Terminated;
pub(crate) use validator::validate;
