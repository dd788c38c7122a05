//! The state that the program started with.

use std::os::windows::io::{AsRawHandle, RawHandle};

/// Whether standard handle `number` (0, 1 or 2) was closed when the program started. A process without a console has
/// none of them.
pub(crate) fn was_closed(number: u8) -> bool {
    let handle: RawHandle = match number {
        0 => std::io::stdin().as_raw_handle(),
        1 => std::io::stdout().as_raw_handle(),
        _ => std::io::stderr().as_raw_handle(),
    };
    // The system's two ways to say that there is none.
    handle.is_null() || handle.addr() == usize::MAX
}
