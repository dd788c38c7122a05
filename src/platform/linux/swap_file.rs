//! Files in use as swap.

use super::proc;
use crate::platform::unix::stat::Stat;

/// Whether the file is in use as swap. A rename over such a file fails with EPERM, and no attribute shows its use.
/// mkswap(8) accepts only whole pages, at least ten.
pub(crate) fn is_swap_file(file: &Stat) -> bool {
    if file.size < 10 * 4096 || !file.size.is_multiple_of(4096) {
        return false;
    }
    let swaps = proc::read("/proc/swaps").unwrap_or_default();
    swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next()).any(|path| {
        let path = unescape(path);
        let stat = Stat::follow(path.as_slice());
        stat.is_ok_and(|stat| stat.is_same_file(file))
    })
}

/// /proc/swaps encodes blanks and backslashes as three octal digits.
fn unescape(path: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| byte == b'\\');
        let code = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { after.get(3..).unwrap_or_default() } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn swap_paths_are_unescaped() {
        assert_eq!(unescape(r"/a\040b\134c"), b"/a b\\c");
        assert_eq!(unescape(r"/plain"), b"/plain");
        assert_eq!(unescape(r"/odd\9"), br"/odd\9");
    }
}
