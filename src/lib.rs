//! `atomic-write`: produce a file whole and durable, or not at all.
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
//!      -> plan           resolved: what is there, what may be done
//!      -> engine         the protocol, from top to bottom
//!      -> report         one line, one exit status
//! ```

#[cfg(not(target_os = "linux"))]
compile_error!("atomic-write is for Linux: its promises have been tested nowhere else");

mod caught;
mod child;
pub mod cli;
mod command;
pub mod digest;
mod engine;
mod failure;
mod guard;
mod input;
mod plan;
pub mod policy;
mod quote;
mod report;
mod signals;
mod source;
mod startup;
mod sys;
mod validator;
mod wait;

use std::ffi::OsString;
use std::process::ExitCode;

use failure::words;
use report::End;
use signals::Signals;

/// Runs the program with its arguments, the name of the program first. Returns its exit status, or does not return
/// because a signal ended it.
pub fn run(argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match cli::parse(argv, &|name| std::env::var_os(name)) {
        Ok(args) => args,
        Err(error) => return report::usage(&error),
    };
    let signals = match Signals::at_start() {
        Ok(signals) => signals,
        Err(failure) => {
            return end(report::failure(&args.target, &failure, args.has_command(), args.quiet), None);
        }
    };
    let mut abandoned = None;
    let ended = match plan::run(&args, &signals, &mut abandoned) {
        Ok(outcome) => {
            // What is left behind is told whatever is quiet.
            outcome.leftovers.iter().for_each(|words| report::warn(&args.target, words));
            if !args.quiet {
                outcome.warnings.iter().for_each(|words| report::warn(&args.target, words));
            }
            if args.verbose {
                report::verbose(&args.target, &outcome);
            }
            if args.report
                && let Err(errno) = report::word(&outcome)
            {
                report::warn(&args.target, &format!("the word for --report could not be written: {}", words(errno)));
            }
            End::Status(ExitCode::SUCCESS)
        }
        Err(failure) => {
            let ended = report::failure(&args.target, &failure, args.has_command(), args.quiet);
            if let Some(still_runs) = abandoned.and_then(|command| command.see_off(&signals)) {
                report::note(&args.target, &still_runs);
            }
            ended
        }
    };
    end(ended, Some(&signals))
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
