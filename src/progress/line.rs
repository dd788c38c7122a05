//! The line in words.

use std::fmt::{self, Display};
use std::time::Duration;

use indicatif::BinaryBytes;

use crate::quote::bytes;

/// What the run is at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    /// The new content is received.
    Receiving,
    /// A command writes it by name, so only the time is known.
    Running,
    /// It is written to the disk.
    Syncing,
    /// It takes TARGET's place.
    Swapping,
}

/// How far the run is at one moment.
pub(super) struct Snapshot {
    pub(super) phase: Phase,
    pub(super) bytes: u64,
    /// The size of the whole content, if it is known.
    pub(super) total: Option<u64>,
    pub(super) elapsed: Duration,
}

impl Snapshot {
    /// How many bytes a second, on average.
    fn rate(&self) -> u64 {
        let rate = u128::from(self.bytes) * 1000 / self.elapsed.as_millis().max(1);
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

impl Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = format!("{:.1} s", self.elapsed.as_secs_f64());
        match self.phase {
            Phase::Receiving => {}
            Phase::Running => return write!(f, "the command runs, {seconds}"),
            Phase::Syncing => return write!(f, "syncing {}, {seconds}", bytes(self.bytes)),
            Phase::Swapping => return write!(f, "swapping, {seconds}"),
        }
        write!(f, "{}", bytes(self.bytes))?;
        if self.bytes >= 1024 {
            write!(f, " ({})", BinaryBytes(self.bytes))?;
        }
        if let Some(total) = self.total {
            write!(f, " of {total}, {}%", percent(self.bytes, total))?;
        }
        let rate = self.rate();
        write!(f, ", {seconds}, {}/s", BinaryBytes(rate))?;
        match self.total {
            Some(total) if rate > 0 => write!(f, ", {} s left", (total - self.bytes).div_ceil(rate)),
            _ => Ok(()),
        }
    }
}

fn percent(bytes: u64, total: u64) -> u128 {
    (u128::from(bytes) * 100).checked_div(total.into()).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(phase: Phase, bytes: u64, total: Option<u64>, millis: u64) -> String {
        Snapshot { phase, bytes, total, elapsed: Duration::from_millis(millis) }.to_string()
    }

    #[test]
    fn what_is_received_has_size_time_and_rate() {
        assert_eq!(line(Phase::Receiving, 0, None, 0), "0 bytes, 0.0 s, 0 B/s");
        assert_eq!(line(Phase::Receiving, 1, None, 2000), "1 byte, 2.0 s, 0 B/s");
        let five = 5 << 20;
        assert_eq!(line(Phase::Receiving, five, None, 2500), "5242880 bytes (5.00 MiB), 2.5 s, 2.00 MiB/s");
        assert_eq!(line(Phase::Receiving, u64::MAX - 1, None, 0).split(' ').next(), Some("18446744073709551614"));
    }

    #[test]
    fn of_a_known_size_it_has_percent_and_time_left() {
        let line = |bytes, total| line(Phase::Receiving, bytes, Some(total), 1000);
        assert_eq!(line(1 << 20, 4 << 20), "1048576 bytes (1.00 MiB) of 4194304, 25%, 1.0 s, 1.00 MiB/s, 3 s left");
        assert_eq!(line(0, 7), "0 bytes of 7, 0%, 1.0 s, 0 B/s");
        assert_eq!(line(0, 0), "0 bytes of 0, 100%, 1.0 s, 0 B/s");
        assert_eq!(line(7, 7), "7 bytes of 7, 100%, 1.0 s, 7 B/s, 0 s left");
    }

    #[test]
    fn the_other_phases_have_no_rate() {
        assert_eq!(line(Phase::Running, 0, None, 12_340), "the command runs, 12.3 s");
        assert_eq!(line(Phase::Syncing, 2048, Some(2048), 1000), "syncing 2048 bytes, 1.0 s");
        assert_eq!(line(Phase::Swapping, 2048, None, 1000), "swapping, 1.0 s");
    }
}
