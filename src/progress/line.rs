//! The line in words.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::quote::{binary, bytes};

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
    /// With many files, how many are done, and how many there are.
    pub(super) files: Option<[usize; 2]>,
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

    /// How long the rest takes at this rate, if that is known.
    fn seconds_left(&self) -> Option<u64> {
        let rest = self.total?.saturating_sub(self.bytes);
        Some(self.rate()).filter(|&rate| rate > 0).map(|rate| rest.div_ceil(rate))
    }
}

impl Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = format!("{:.1} s", self.elapsed.as_secs_f64());
        if let Some([done, count]) = self.files {
            let rate = binary(self.rate());
            return write!(f, "{done} of {count} files, {}, {seconds}, {rate}/s", bytes(self.bytes));
        }
        match self.phase {
            Phase::Receiving => {}
            Phase::Running => return write!(f, "the command runs, {seconds}"),
            Phase::Syncing => return write!(f, "syncing {}, {seconds}", bytes(self.bytes)),
            Phase::Swapping => return write!(f, "swapping, {seconds}"),
        }
        write!(f, "{}", bytes(self.bytes))?;
        if self.bytes >= 1024 {
            write!(f, " ({})", binary(self.bytes))?;
        }
        if let Some(total) = self.total {
            write!(f, " of {total}, {}%", percent(self.bytes, total))?;
        }
        let rate = self.rate();
        write!(f, ", {seconds}, {}/s", binary(rate))?;
        match self.seconds_left() {
            Some(left) => write!(f, ", {left} s left"),
            None => Ok(()),
        }
    }
}

/// The same in few columns, for a line that is drawn again and again.
pub(super) struct Short<'s>(pub(super) &'s Snapshot);

impl Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.0;
        let seconds = now.elapsed.as_secs();
        if let Some([done, count]) = now.files {
            let share = percent(done as u64, count as u64);
            return write!(f, "{share:3}% {done} of {count} files, {}, {seconds} s", binary(now.bytes));
        }
        match (now.phase, now.total) {
            (Phase::Receiving, Some(total)) => {
                let (done, of, rate) = (binary(now.bytes), binary(total), binary(now.rate()));
                write!(f, "{:3}% {done} of {of}, {rate}/s", percent(now.bytes, total))?;
                now.seconds_left().map_or(Ok(()), |left| write!(f, ", {left} s left"))
            }
            (Phase::Receiving, None) => {
                write!(f, "{}, {}/s, {seconds} s elapsed", binary(now.bytes), binary(now.rate()))
            }
            (Phase::Running, _) => write!(f, "the command runs, {seconds} s"),
            (Phase::Syncing, _) => write!(f, "syncing {}, {seconds} s", binary(now.bytes)),
            (Phase::Swapping, _) => write!(f, "swapping, {seconds} s"),
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
        Snapshot { phase, files: None, bytes, total, elapsed: Duration::from_millis(millis) }.to_string()
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
    fn of_many_files_it_counts_them() {
        let (files, elapsed) = (Some([3, 10]), Duration::from_secs(2));
        let now = Snapshot { phase: Phase::Syncing, files, bytes: 4096, total: None, elapsed };
        assert_eq!(now.to_string(), "3 of 10 files, 4096 bytes, 2.0 s, 2.00 KiB/s");
        assert_eq!(Short(&now).to_string(), " 30% 3 of 10 files, 4.00 KiB, 2 s");
    }

    #[test]
    fn the_other_phases_have_no_rate() {
        assert_eq!(line(Phase::Running, 0, None, 12_340), "the command runs, 12.3 s");
        assert_eq!(line(Phase::Syncing, 2048, Some(2048), 1000), "syncing 2048 bytes, 1.0 s");
        assert_eq!(line(Phase::Swapping, 2048, None, 1000), "swapping, 1.0 s");
    }
}
