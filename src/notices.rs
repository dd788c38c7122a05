//! What is to be reported besides the result. Whoever meets it adds it here; it is printed once, at the end.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use crate::quote::Shown;

/// The collection; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices(Rc<Lists>);

#[derive(Debug, Default)]
struct Lists {
    warnings: RefCell<Vec<String>>,
    leftovers: RefCell<Vec<String>>,
}

impl Notices {
    /// Something about the new TARGET that its user should know.
    pub(crate) fn warn(&self, warning: String) {
        self.0.warnings.borrow_mut().push(warning);
    }

    /// A file or directory of ours that could not be removed.
    pub(crate) fn left_behind(&self, path: &Path, reason: &str) {
        self.0.leftovers.borrow_mut().push(format!("{} is left behind: {reason}", Shown(path.as_os_str())));
    }

    /// The warnings, each once.
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        self.0.warnings.take()
    }

    /// The leftovers, each once.
    pub(crate) fn take_leftovers(&self) -> Vec<String> {
        self.0.leftovers.take()
    }
}
