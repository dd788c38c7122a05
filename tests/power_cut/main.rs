//! Simulated power cuts, by the thousand: what is on the disk after each of them is old or new, and after exit 0 new.
//!
//! README.md beside this file says how it works, what it covers, and how to run more or less of it.

mod calls;
mod catalogue;
mod content;
mod cut;
mod device;
mod disk;
mod evidence;
mod expectation;
mod fault;
mod filesystem;
mod image;
mod job;
mod lab;
mod look;
mod noise;
mod profile;
mod recording;
mod replay;
mod runner;
mod sabotage;
mod scenario;
mod support;
mod tracer;

use std::ffi::OsString;
use std::process::ExitCode;

use nix::sched::CloneFlags;
use rustix::mount::MountPropagationFlags;

use lab::Lab;
use profile::Profile;
use runner::Runner;
use support::{Context, Result};

const SEED: &str = "ATOMIC_WRITE_POWER_CUT_SEED";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let [flag, program, arguments @ ..] = arguments.as_slice()
        && flag == tracer::TRACED
    {
        return tracer::become_traced(program, arguments);
    }
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            println!("power_cut: {error}");
            println!("0 passed, 1 failed");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[OsString]) -> Result<ExitCode> {
    if let Ok(wish) = std::env::var(evidence::REBUILD) {
        println!("{}", evidence::rebuild(&wish)?);
        return Ok(ExitCode::SUCCESS);
    }
    let profile = Profile::from_environment()?;
    let seed = seed()?;
    let wish = Wish::new(arguments);
    let mut jobs = profile.jobs(seed);
    jobs.retain(|job| wish.names(&job.name));
    if wish.list {
        for job in &jobs {
            println!("{}: test", job.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if jobs.is_empty() {
        // Another target's test was asked for by name.
        println!("0 passed, 0 failed");
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(reason) = missing() {
        return Ok(skipped(&reason));
    }
    if let Err(reason) = alone().and_then(|()| Lab::open()?.try_out()) {
        return Ok(skipped(&reason.to_string()));
    }
    println!("power_cut: {} jobs of the {} profile, {SEED}={seed}", jobs.len(), profile.name());
    let again = format!("{}={} {SEED}={seed} cargo test --test power_cut --", profile::VARIABLE, profile.name());
    let summary = Runner { seed, again, verbose: wish.verbose }.run(jobs);
    summary.print();
    Ok(if summary.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the command line asks for, in the words of cargo's own harness.
struct Wish<'a> {
    list: bool,
    /// A line for each job.
    verbose: bool,
    names: Vec<&'a str>,
}

impl<'a> Wish<'a> {
    fn new(arguments: &'a [OsString]) -> Self {
        let mut words = arguments.iter().filter_map(|word| word.to_str());
        let mut wish = Self { list: false, verbose: false, names: Vec::new() };
        while let Some(word) = words.next() {
            match word {
                "--list" => wish.list = true,
                "--nocapture" | "--no-capture" | "--show-output" => wish.verbose = true,
                "--color" | "--format" | "--logfile" | "--skip" | "--test-threads" | "-Z" => {
                    words.next();
                }
                _ if word.starts_with('-') => {}
                name => wish.names.push(name),
            }
        }
        wish
    }

    fn names(&self, job: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| job.contains(name))
    }
}

fn seed() -> Result<u64> {
    match std::env::var(SEED) {
        Ok(text) => text.parse().context(SEED),
        Err(_) => Ok(20_261_125),
    }
}

/// What the laboratory lacks here.
fn missing() -> Option<String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Some("the tracer knows Linux on x86-64".to_owned());
    }
    if !rustix::process::geteuid().is_root() {
        return Some("mounting needs root".to_owned());
    }
    for device in ["/dev/fuse", "/dev/loop-control"] {
        if !std::path::Path::new(device).exists() {
            return Some(format!("there is no {device}"));
        }
    }
    ["mkfs.ext4", "e2fsck", "mkfs.xfs", "mkfs.btrfs", "btrfs", "losetup"]
        .into_iter()
        .find(|tool| !profile::is_installed(tool))
        .map(|tool| format!("{tool} is not installed"))
}

fn skipped(reason: &str) -> ExitCode {
    println!("skipped: power cuts: {reason}");
    if std::env::var("ATOMIC_WRITE_TEST_NO_SKIP").as_deref() == Ok("1") {
        println!("0 passed, 1 failed");
        return ExitCode::FAILURE;
    }
    println!("0 passed, 0 failed, 1 skipped");
    ExitCode::SUCCESS
}

/// A mount namespace of our own: whatever ends this process, no mount of it is left.
fn alone() -> Result<()> {
    nix::sched::unshare(CloneFlags::CLONE_NEWNS).context("enter a mount namespace")?;
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).context("make the mounts private")?;
    // What a new file looks like depends on it.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    Ok(())
}
