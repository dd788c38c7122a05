//! Guards: the user's conditions on the content.

use std::ffi::OsString;

use crate::digest::{Digest, Hasher};
use crate::error::{ErrorExt, Result, refused_by_guard};
use crate::quote::bytes;

/// The conditions on the input and on the staged content.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guards {
    /// Why the input must not be empty; `None` where it may be.
    pub(crate) non_empty: Option<NonEmpty>,
    pub(crate) checksum: Option<Digest>,
    /// The shell commands that must accept the content.
    pub(crate) validate: Vec<OsString>,
}

/// Why an empty input is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NonEmpty {
    /// `--non-empty`.
    Requested,
    /// COMMAND prints the content, without `--allow-empty`.
    Printed {
        /// Whether `{}` is in its arguments, without `-I`.
        has_braces: bool,
    },
    /// COMMAND writes the content by name, without `--allow-empty`.
    Written,
}

impl Guards {
    /// Checks the whole input: `count` bytes with this digest. `edits_nothing` tells that a command edits an empty content,
    /// which may stay empty.
    pub(crate) fn received(&self, count: u64, digest: Option<Hasher>, edits_nothing: bool) -> Result<()> {
        if count == 0 {
            match self.non_empty {
                Some(NonEmpty::Printed { .. } | NonEmpty::Written) if edits_nothing => {}
                Some(NonEmpty::Requested) => {
                    return Err(refused_by_guard("non-empty", "the input is empty").hint("did the producer fail?"));
                }
                Some(NonEmpty::Written) => {
                    return Err(refused_by_guard("replace", "the file that the command wrote is empty")
                        .hint("--allow-empty permits an empty file"));
                }
                Some(NonEmpty::Printed { has_braces }) => {
                    let error = refused_by_guard("replace", "the command wrote nothing to its standard output");
                    return Err(error.hint(if has_braces {
                        "with -I {} it would find the path of the new content in place of {}"
                    } else {
                        "the new content is what the command prints; --allow-empty permits empty output"
                    }));
                }
                None => {}
            }
        }
        if let (Some(expected), Some(digest)) = (&self.checksum, digest) {
            let got = digest.finish();
            if got != *expected {
                let error =
                    refused_by_guard("checksum", format_args!("expected {expected}, got {got} ({})", bytes(count)));
                return Err(if count == 0 { error.hint("the input was empty; did the producer fail?") } else { error });
            }
        }
        Ok(())
    }
}
