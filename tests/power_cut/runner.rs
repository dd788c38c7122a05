//! Gets the jobs done, and sums up.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use crate::job::{Job, Shown};
use crate::lab::Lab;
use crate::support::{Result, lock};

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
    shown: Shown,
    groups: Vec<Group>,
}

/// The jobs whose names begin alike.
struct Group {
    name: String,
    passed: usize,
    shown: Shown,
}

impl Runner {
    /// Each thread has a laboratory of its own, and takes the next job when it has done one.
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
        let mut lab = Lab::open();
        loop {
            // The lock is not held while the job is done.
            let Some(job) = lock(jobs).pop_front() else { break };
            let started = Instant::now();
            let result = match &mut lab {
                Ok(lab) => {
                    let result = job.run(lab, self.seed);
                    lab.clear().and(result)
                }
                Err(error) => Err(error.to_string().into()),
            };
            let took = started.elapsed().as_secs_f64();
            if self.verbose
                && let Ok(shown) = &result
            {
                println!("{} ... ok ({took:.1} s): {}", job.name, shown.words);
            }
            self.note(&job, result, &mut lock(summary));
        }
    }

    fn note(&self, job: &Job, result: Result<Shown>, summary: &mut Summary) {
        match result {
            Ok(shown) => {
                summary.passed += 1;
                summary.shown.add(&shown);
                summary.group(&job.name).add(shown);
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
        // What is caught is told one by one: it shows what the laboratory can see.
        let parts = if job.starts_with("catch/") { usize::MAX } else { 2 };
        let name = job.split('/').take(parts).collect::<Vec<_>>().join("/");
        let place = self.groups.iter().position(|group| group.name == name).unwrap_or_else(|| {
            self.groups.push(Group { name, passed: 0, shown: Shown::default() });
            self.groups.len() - 1
        });
        &mut self.groups[place]
    }

    pub(crate) fn print(&self) {
        for group in &self.groups {
            let Group { name, passed, shown } = group;
            match (shown.survived, shown.mended) {
                (0, _) if *passed == 1 => println!("{name} ... ok: {}", shown.words),
                (0, _) => println!("{name} ... {passed} ok"),
                (survived, 0) => println!("{name} ... {passed} ok, {survived} cuts"),
                (survived, mended) => println!("{name} ... {passed} ok, {survived} cuts, {mended} mended by e2fsck"),
            }
        }
        let Shown { survived, mended, sabotaged, .. } = &self.shown;
        println!("power_cut: {survived} cuts survived, {mended} of them after e2fsck; {sabotaged} made for sabotage");
        println!("{} passed, {} failed", self.passed, self.failed);
    }
}

impl Group {
    fn add(&mut self, shown: Shown) {
        self.passed += 1;
        self.shown.add(&shown);
        // Told where it is the only one's.
        self.shown.words = shown.words;
    }
}
