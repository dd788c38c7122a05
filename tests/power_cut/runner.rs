//! Runs the jobs, and prints a summary.

use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use crate::error::Result;
use crate::job::{Job, Report};
use crate::parallel::{for_each, lock};
use crate::simulator::Simulator;

pub(crate) struct Runner {
    pub(crate) seed: u64,
    /// The command that repeats a job, up to its name.
    pub(crate) again: String,
    pub(crate) verbose: bool,
}

#[derive(Default)]
pub(crate) struct Summary {
    pub(crate) failed: usize,
    passed: usize,
    report: Report,
    groups: Vec<Group>,
}

/// Jobs whose names have the same beginning.
struct Group {
    name: String,
    passed: usize,
    report: Report,
}

impl Runner {
    /// Each thread has a simulator of its own, and takes the next job when it has done one.
    pub(crate) fn run(&self, jobs: Vec<Job>) -> Summary {
        let summary = Mutex::<Summary>::default();
        let threads = thread::available_parallelism().map_or(1, usize::from);
        for_each(jobs, threads, Simulator::open, |simulator, job| {
            let started = Instant::now();
            let result = match simulator {
                Ok(simulator) => {
                    let result = job.run(simulator, self.seed);
                    simulator.clear().and(result)
                }
                Err(error) => Err(error.to_string().into()),
            };
            let took = started.elapsed().as_secs_f64();
            if self.verbose
                && let Ok(report) = &result
            {
                println!("{} ... ok ({took:.1} s): {}", job.name, report.text);
            }
            self.note(&job, result, &mut lock(&summary));
        });
        summary.into_inner().unwrap_or_default()
    }

    fn note(&self, job: &Job, result: Result<Report>, summary: &mut Summary) {
        match result {
            Ok(report) => {
                summary.passed += 1;
                summary.report.add(&report);
                summary.group(&job.name).add(report);
            }
            Err(error) => {
                summary.failed += 1;
                println!("{} ... FAILED: {error}", job.name);
                println!("  again: {} {}", self.again, job.name);
            }
        }
    }
}

impl Summary {
    fn group(&mut self, job: &str) -> &mut Group {
        // One line for each sabotage: it shows what the simulator can detect.
        let parts = if job.starts_with("catch/") { usize::MAX } else { 2 };
        let name = job.split('/').take(parts).collect::<Vec<_>>().join("/");
        let place = self.groups.iter().position(|group| group.name == name).unwrap_or_else(|| {
            self.groups.push(Group { name, passed: 0, report: Report::default() });
            self.groups.len() - 1
        });
        &mut self.groups[place]
    }

    pub(crate) fn print(&self) {
        for group in &self.groups {
            let Group { name, passed, report } = group;
            match (report.survived, report.repaired) {
                (0, _) if *passed == 1 => println!("{name} ... ok: {}", report.text),
                (0, _) => println!("{name} ... {passed} ok"),
                (survived, 0) => println!("{name} ... {passed} ok, {survived} cuts"),
                (survived, repaired) => {
                    println!("{name} ... {passed} ok, {survived} cuts, {repaired} repaired by e2fsck");
                }
            }
        }
        let Report { survived, repaired, sabotaged, .. } = &self.report;
        println!("power_cut: {survived} cuts survived, {repaired} of them after e2fsck; {sabotaged} made for sabotage");
        println!("{} passed, {} failed", self.passed, self.failed);
    }
}

impl Group {
    fn add(&mut self, report: Report) {
        self.passed += 1;
        self.report.add(&report);
        // Printed where the group has one job only.
        self.report.text = report.text;
    }
}
