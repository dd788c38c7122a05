//! Gets the jobs done, and sums up.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use crate::error::Result;
use crate::job::{Job, Report};
use crate::parallel::lock;
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

/// The jobs whose names begin alike.
struct Group {
    name: String,
    passed: usize,
    report: Report,
}

impl Runner {
    /// Each thread has a simulator of its own, and takes the next job when it has done one.
    pub(crate) fn run(&self, jobs: Vec<Job>) -> Summary {
        let jobs = Mutex::new(VecDeque::from(jobs));
        let summary = Mutex::default();
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.take_jobs(&jobs, &summary));
            }
        });
        summary.into_inner().unwrap_or_default()
    }

    fn take_jobs(&self, jobs: &Mutex<VecDeque<Job>>, summary: &Mutex<Summary>) {
        let mut simulator = Simulator::open();
        loop {
            // The lock is not held while the job is done.
            let Some(job) = lock(jobs).pop_front() else { break };
            let started = Instant::now();
            let result = match &mut simulator {
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
                println!("{} ... ok ({took:.1} s): {}", job.name, report.words);
            }
            self.note(&job, result, &mut lock(summary));
        }
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
                println!("  once more: {} {}", self.again, job.name);
            }
        }
    }
}

impl Summary {
    fn group(&mut self, job: &str) -> &mut Group {
        // What is caught is told one by one: it shows what the simulator can see.
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
                (0, _) if *passed == 1 => println!("{name} ... ok: {}", report.words),
                (0, _) => println!("{name} ... {passed} ok"),
                (survived, 0) => println!("{name} ... {passed} ok, {survived} cuts"),
                (survived, repaired) => {
                    println!("{name} ... {passed} ok, {survived} cuts, {repaired} repaired by e2fsck")
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
        // Told where it is the only one's.
        self.report.words = report.words;
    }
}
