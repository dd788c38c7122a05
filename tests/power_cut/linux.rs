//! All of it: what it needs, only Linux has.

pub(crate) mod background;
pub(crate) mod calls;
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]
#[path = "../common/mod.rs"]
pub(crate) mod common;
pub(crate) mod cut;
pub(crate) mod disk;
pub(crate) mod evidence;
pub(crate) mod expectation;
pub(crate) mod fault;
pub(crate) mod filesystem;
pub(crate) mod image;
pub(crate) mod job;
pub(crate) mod loop_device;
pub(crate) mod profile;
pub(crate) mod recording;
pub(crate) mod replay;
pub(crate) mod runner;
pub(crate) mod sabotage;
pub(crate) mod scenarios;
pub(crate) mod simulator;
pub(crate) mod tracer;

use std::ffi::OsString;
use std::process::ExitCode;

use nix::sched::CloneFlags;
use rustix::mount::MountPropagationFlags;

pub(crate) use common::simulation::{arguments, batch, content, error, file_state, parallel, rng, scenario, tree};

use arguments::Arguments;
use error::{Context, Result};
use profile::Profile;
use runner::Runner;
use simulator::Simulator;

const SEED: &str = "ATOMIC_WRITE_POWER_CUT_SEED";

pub(crate) fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let [flag, program, arguments @ ..] = arguments.as_slice()
        && flag == tracer::TRACED
    {
        return tracer::become_traced(program, arguments);
    }
    let arguments = arguments.into_iter().filter_map(|argument| argument.into_string().ok());
    match run(&Arguments::parse(arguments)) {
        Ok(code) => code,
        Err(error) => {
            println!("power_cut: {error}");
            println!("0 passed, 1 failed");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    if let Ok(state) = std::env::var(evidence::REBUILD) {
        println!("{}", evidence::rebuild(&state)?);
        return Ok(ExitCode::SUCCESS);
    }
    let profile = Profile::from_environment()?;
    let seed = seed()?;
    let mut jobs = profile.jobs(seed);
    jobs.retain(|job| arguments.selects(&job.name));
    if arguments.list {
        for job in &jobs {
            println!("{}: test", job.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if jobs.is_empty() {
        // A filter may name a test of another target.
        println!("0 passed, 0 failed");
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(reason) = unavailable() {
        return Ok(skipped(&reason));
    }
    if let Err(reason) = enter_private_mounts().and_then(|()| Simulator::open()?.try_out()) {
        return Ok(skipped(&reason.to_string()));
    }
    println!("power_cut: {} jobs of the {} profile, {SEED}={seed}", jobs.len(), profile.name());
    let again = format!("{}={} {SEED}={seed} cargo test --test power_cut --", profile::VARIABLE, profile.name());
    let summary = Runner { seed, again, verbose: arguments.verbose }.run(jobs);
    summary.print();
    Ok(if summary.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn seed() -> Result<u64> {
    match std::env::var(SEED) {
        Ok(text) => text.parse().context(SEED),
        Err(_) => Ok(20_261_125),
    }
}

/// What the simulator needs and this machine lacks.
fn unavailable() -> Option<String> {
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

/// In a mount namespace of its own, so that no mount is left, however this process ends.
fn enter_private_mounts() -> Result<()> {
    nix::sched::unshare(CloneFlags::CLONE_NEWNS).context("enter a mount namespace")?;
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).context("make the mounts private")?;
    // Whether files are synced one by one depends on what the machine has to write for others.
    let calm = tempfile::NamedTempFile::new().context("make a file")?;
    std::fs::write(calm.path(), common::calm_meminfo()).context("write a file")?;
    rustix::mount::mount_bind(calm.path(), "/proc/meminfo").context("/proc/meminfo")?;
    // The mode of a new file depends on it.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    Ok(())
}
