//! Warnings and leftovers. Any step can add one; `report` prints them once, at the end.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use crate::quote::Shown;

/// The collection. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices(Rc<Lists>);

#[derive(Debug, Default)]
struct Lists {
    warnings: RefCell<Vec<String>>,
    leftovers: RefCell<Vec<String>>,
}

impl Notices {
    /// Adds a warning about the new TARGET.
    pub(crate) fn warn(&self, warning: String) {
        self.0.warnings.borrow_mut().push(warning);
    }

    /// Adds several.
    pub(crate) fn warn_all(&self, warnings: impl IntoIterator<Item = String>) {
        self.0.warnings.borrow_mut().extend(warnings);
    }

    /// Adds a staging file or created directory that could not be removed.
    pub(crate) fn left_behind(&self, path: &Path, reason: &str) {
        self.0.leftovers.borrow_mut().push(format!("{} is left behind: {reason}", Shown(path.as_os_str())));
    }

    /// Takes the warnings out of the collection.
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        self.0.warnings.take()
    }

    /// Takes the leftovers out of the collection.
    pub(crate) fn take_leftovers(&self) -> Vec<String> {
        self.0.leftovers.take()
    }
}
