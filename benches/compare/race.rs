//! Contenders are measured in rounds: each runs once in a round, in random order, after a sync, so that it does not write
//! back another's dirty pages.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::clock::{Input, time};
use crate::common::simulation::rng::Rng;
use crate::setup::{Pace, Setup};
use crate::stats::Spread;

/// Whose program it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Ours,
    /// The bare system calls.
    Floor,
    /// What people use.
    Peer,
    /// What people use, and that does not sync: a power cut can take the file.
    Unsafe,
}

/// One way to do the job.
pub struct Contender<'a> {
    pub name: &'static str,
    pub kind: Kind,
    /// Runs once and returns the time; `None` where this system does not support it.
    run: Box<dyn Fn() -> Option<Duration> + 'a>,
}

impl<'a> Contender<'a> {
    pub fn new(name: &'static str, kind: Kind, run: impl Fn() -> Option<Duration> + 'a) -> Self {
        Contender { name, kind, run: Box::new(run) }
    }

    /// Runs a program, whose path comes first in `words`, in this directory.
    pub fn command(name: &'static str, kind: Kind, directory: &'a Path, words: &[&str], input: Input<'a>) -> Self {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        Self::new(name, kind, move || {
            let args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
            time(Setup::command(&words[0], directory, &args), input)
        })
    }
}

/// What must be reached.
pub struct Claim {
    /// The text in the table.
    pub text: &'static str,
    pub ours: &'static str,
    /// The fastest of these.
    pub theirs: &'static [&'static str],
    pub limit: f64,
}

/// Contenders, and claims about them.
pub struct Race<'a> {
    pub title: String,
    pub contenders: Vec<Contender<'a>>,
    pub claims: Vec<Claim>,
    /// How often each runs in a round; the round's figure is the median.
    pub batch: usize,
    /// Before each run.
    pub prepare: Box<dyn Fn() + 'a>,
}

/// A contender's times, one for each round.
pub struct Series {
    pub name: &'static str,
    pub kind: Kind,
    pub samples: Vec<f64>,
}

/// A race that was run.
pub struct Finished {
    pub title: String,
    pub series: Vec<Series>,
    pub claims: Vec<Claim>,
}

impl Race<'_> {
    /// Runs until each claim's quartiles are closer together than its median is to the limit, or the pace ends it.
    pub fn run(mut self, pace: &Pace) -> Finished {
        eprintln!("{}", self.title);
        // The first round warms up, and finds out which contenders this system does not support.
        self.contenders.retain(|contender| {
            (self.prepare)();
            let can = (contender.run)().is_some();
            if !can {
                eprintln!("  skipped: {}: this system cannot", contender.name);
            }
            can
        });
        let series = self
            .contenders
            .iter()
            .map(|contender| Series { name: contender.name, kind: contender.kind, samples: Vec::new() })
            .collect();
        let mut finished = Finished { title: self.title, series, claims: self.claims };
        let mut rng = Rng::new(0, "order");
        let started = Instant::now();
        for round in 1..=pace.most_rounds {
            let figures = one_round(&self.contenders, self.batch, &self.prepare, &mut rng);
            for (series, figure) in finished.series.iter_mut().zip(figures) {
                series.samples.push(figure);
            }
            let enough = round >= pace.least_rounds && (finished.settled() || started.elapsed() > pace.patience);
            if enough || round == pace.most_rounds {
                eprintln!("  {round} rounds");
                break;
            }
        }
        finished
    }
}

fn one_round(contenders: &[Contender<'_>], batch: usize, prepare: &dyn Fn(), rng: &mut Rng) -> Vec<f64> {
    let mut times = vec![Vec::new(); contenders.len()];
    let mut order: Vec<usize> = (0..contenders.len()).collect();
    for _ in 0..batch {
        rng.shuffle(&mut order);
        for &index in &order {
            prepare();
            let took = (contenders[index].run)().expect("what worked once works again");
            times[index].push(took.as_secs_f64());
        }
    }
    times.iter().map(|times| Spread::of(times).median).collect()
}

impl Finished {
    pub fn series(&self, name: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.name == name)
    }

    /// The claim's two sides, if both were there.
    pub fn sides(&self, claim: &Claim) -> Option<(&Series, &Series)> {
        let median = |series: &&Series| Spread::of(&series.samples).median;
        let best = claim.theirs.iter().filter_map(|name| self.series(name));
        let best = best.min_by(|one, other| median(one).total_cmp(&median(other)))?;
        Some((self.series(claim.ours)?, best))
    }

    /// What the others are compared with: the first of ours.
    pub fn base(&self) -> Option<&Series> {
        self.series.iter().find(|series| series.kind == Kind::Ours)
    }

    pub fn ratio(&self, claim: &Claim) -> Option<Spread> {
        self.sides(claim).map(|(ours, theirs)| Spread::of_ratios(&ours.samples, &theirs.samples))
    }

    fn settled(&self) -> bool {
        self.claims
            .iter()
            .all(|claim| self.ratio(claim).is_none_or(|ratio| ratio.width() < (claim.limit - ratio.median).abs()))
    }
}
