//! `atomic-write`: replace a file atomically and durably, or leave it unchanged.
//!
//! The library is the program's own and promises nothing to others; the contract is the command line's:
//!
//! 1. Whoever opens TARGET, at any instant, gets the whole old content or the whole new content.
//! 2. The same holds for what is on the disk after a power cut at any instant.
//! 3. Exit 0 means that content, metadata and name are on stable storage.
//! 4. The exit status tells TARGET's state.
//! 5. Nothing is left behind.
//! 6. What the kernel reveals to be impossible is found before the first byte of input is read.
//! 7. Memory is constant.
//! 8. The staged bytes are never readable by anyone who could not read the finished file.
//! 9. Metadata is kept, set before the sync.
//! 10. Concurrent writers never mix.
//!
//! ```text
//! argv -> cli::Args      typed words; no system call
//!      -> plan::plan     resolved, and refused where it is known to be impossible; nothing written or run
//!      -> protocol       stage, write, guard, apply metadata, sync, commit
//!      -> report         one line, one exit status
//! ```
//!
//! Below them: `input`, where the bytes come from, and `platform`, which alone speaks to the system.

#[cfg(not(target_os = "linux"))]
compile_error!("atomic-write is for Linux: its promises have been tested nowhere else");

pub mod cli;
pub mod digest;
mod error;
mod guard;
mod input;
mod notices;
pub mod options;
mod plan;
mod platform;
mod protocol;
mod quote;
mod report;

use std::ffi::OsString;
use std::process::ExitCode;

use cli::Args;
use error::Context;
use notices::Notices;
use platform::Signals;
use protocol::{Failed, Run};
use report::End;

/// Runs the program with its arguments, the name of the program first. Returns its exit status, or does not return
/// because a signal ended it.
pub fn run(argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match cli::parse(argv, &|name| std::env::var_os(name)) {
        Ok(args) => args,
        Err(error) => return report::usage(&error),
    };
    match Signals::at_start().context("signals") {
        Ok(signals) => end(replace(&args, &signals), Some(&signals)),
        Err(error) => end(report::failure(&args, &error, &Notices::default()), None),
    }
}

fn replace(args: &Args, signals: &Signals) -> End {
    let notices = Notices::default();
    let note = |sentence: &str| report::note(&args.target, sentence);
    let run = Run { signals, notices: &notices, note: &note };
    let replaced = plan::plan(args, &notices).map_err(Failed::from).and_then(|plan| protocol::replace(plan, run));
    match replaced {
        Ok(outcome) => {
            report::success(args, &outcome, &notices);
            End::Status(ExitCode::SUCCESS)
        }
        Err(Failed { error, still_running }) => {
            let end = report::failure(args, &error, &notices);
            if let Some(sentence) = still_running.and_then(|command| command.see_off(signals)) {
                report::note(&args.target, &sentence);
            }
            end
        }
    }
}

fn end(ended: End, signals: Option<&Signals>) -> ExitCode {
    match ended {
        End::Status(status) => status,
        End::Signal(caught) => {
            if let Some(signals) = signals {
                signals.die(caught);
            }
            // The first process of a container has no default actions.
            ExitCode::from(caught.status())
        }
    }
}
