//! `atomic-write`: replace a file atomically and durably, or leave it unchanged.
//!
//! The library is part of the program and has no stable interface. The contract is that of the command line:
//!
//! 1. A process that opens TARGET, at any time, gets the whole old content or the whole new content.
//! 2. The same holds for the content on the disk after a power cut at any time.
//! 3. Exit status 0 means that content, metadata and name are on stable storage.
//! 4. The exit status gives TARGET's state.
//! 5. Nothing is left behind. What needs a real path before the commit (`-I`, `--tree`, `--validate`) is in a private
//!    directory, which SIGKILL or a power cut leaves.
//! 6. A failure that the kernel can predict is reported before the first byte of input is read.
//! 7. Memory use is constant.
//! 8. The staged bytes are never readable by a user who could not read the finished file.
//! 9. Metadata is preserved, and is set before the sync.
//! 10. Concurrent writers never mix their content.
//!
//! ```text
//! argv -> cli::Args      parsed arguments; names of users are looked up, no file is
//!      -> plan::plan     resolved; refused where the failure is predictable; nothing written or run
//!      -> protocol       stage, write, guard, apply metadata, sync, commit
//!      -> report         one line, one exit status
//! ```
//!
//! Below these layers are `input`, which supplies the bytes, `progress`, which tells how far the run is, and `platform`,
//! which alone speaks to the system.

#![cfg_attr(all(target_os = "linux", not(generic_unix)), forbid(unsafe_code))]

pub mod cli;
pub mod digest;
mod error;
mod guard;
mod input;
pub mod mode;
mod notices;
pub mod options;
mod plan;
mod platform;
mod progress;
mod protocol;
mod quote;
mod report;
#[cfg(all(test, unix))]
mod tests;

use std::cell::{Cell, RefCell};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use cli::{Args, From, Sources, System};
use error::{Context, Error};
use notices::Notices;
use platform::{Ids, Signals};
use progress::Progress;
use protocol::many::Tally;
use protocol::{Failed, Outcome, Run};
use report::End;

/// Runs the program; `argv` includes the program's name. Returns the exit status. Does not return if a signal ends the
/// process.
pub fn run(argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match parse(argv) {
        Ok(args) => args,
        Err(error) => return report::usage(&error),
    };
    let progress = Progress::new(&args.target);
    let asked = progress.clone();
    let signals = Signals::at_start(move || asked.tell());
    match replace(&args, &signals, &progress) {
        End::Status(status) => ExitCode::from(status),
        End::Signal(caught) => {
            signals.die(caught);
            // The first process of a container has no default actions.
            ExitCode::from(caught.status())
        }
    }
}

fn parse(argv: impl IntoIterator<Item = OsString>) -> Result<Args, clap::Error> {
    let look_up = |kind, name: &OsStr| platform::id_of(kind, name).map_err(platform::os_message);
    let (user, group) = (|name: &OsStr| look_up(Ids::Users, name), |name: &OsStr| look_up(Ids::Groups, name));
    let system = System {
        umask: &platform::umask,
        user: platform::HAS_IDS.then_some(&user),
        group: platform::HAS_IDS.then_some(&group),
    };
    cli::parse(argv, &|name| std::env::var_os(name), &system)
}

fn replace(args: &Args, signals: &Signals, progress: &Progress) -> End {
    let notices = Notices::default();
    let subject = RefCell::new(args.target.clone());
    let note = |sentence: &str| progress.suspend(|| report::note(&subject.borrow(), sentence));
    let run = Run { signals, notices: &notices, subject: &subject, progress, note: &note };
    if let From::Many(sources) = &args.from {
        return replace_many(args, sources, run);
    }
    let replaced = plan::plan(args, &notices).map_err(Failed::from).and_then(|plan| {
        show_progress(args, run)?;
        protocol::replace(plan, run)
    });
    progress.clear();
    match replaced {
        Ok(outcome) => {
            report::success(args, &outcome, &notices);
            End::Status(0)
        }
        Err(Failed { error, still_running }) => {
            let end = report::failure(args, &error, &notices);
            if let Some(sentence) = still_running.and_then(|command| command.wait_for_exit(signals)) {
                report::note(&args.target, &sentence);
            }
            end
        }
    }
}

/// Replaces many files. Each is reported once its outcome is known, and all of them are counted in the end.
fn replace_many(args: &Args, sources: &Sources, run: Run<'_>) -> End {
    let (mut tally, worst) = (Tally::default(), Cell::new(0));
    let tell = |path: &Path, done: Result<&Outcome, &Error>| {
        run.progress.suspend(|| {
            let status = report::one_of_many(args, path, done, run.notices);
            worst.set(report::worse(worst.get(), status));
        });
    };
    let files = match plan::files(sources, run) {
        Ok(files) => files,
        Err(error) => return report::failure(args, &error, run.notices),
    };
    let done = show_progress(args, run)
        .and_then(|()| plan::many(args, &files))
        .and_then(|many| protocol::many::replace(&many, run, &tell, &mut tally));
    run.progress.clear();
    let end = match &done {
        Ok(()) => {
            report::notices(args, &args.target, run.notices);
            End::Status(worst.get())
        }
        Err(error) => match report::failure(args, error, run.notices) {
            End::Status(status) => End::Status(report::worse(worst.get(), status)),
            signal @ End::Signal(_) => signal,
        },
    };
    // The count is the last line.
    report::many(args, &files, &tally, done.as_ref().err());
    end
}

fn show_progress(args: &Args, run: Run<'_>) -> error::Result<()> {
    if args.progress && !args.quiet {
        // A signal must not end the program before the line is cleared.
        run.signals.watch().context("signals")?;
        run.progress.show();
    }
    Ok(())
}
