//! The figures as Markdown tables. Ratios only: times mean nothing on another machine.

use std::fmt::Write as _;

use crate::figure::Figure;
use crate::memory::Memory;
use crate::race::{Finished, Kind};
use crate::stats::Spread;

/// Everything that was measured.
pub struct Results {
    pub races: Vec<Finished>,
    pub figures: Vec<Figure>,
    pub memory: Option<Memory>,
    pub machine: String,
    pub size: String,
}

impl Results {
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "# Side by side\n\nOn one machine ({}), a large file being {}. Ratios of wall time, smaller is faster: the \
             median of the rounds and, in brackets, their quartiles. [As bars](results.svg).\n\n## What must be reached\n\n",
            self.machine, self.size
        );
        text += &self.claims();
        for race in &self.races {
            let _ = write!(text, "\n## {}\n\n{}", race.title, relative(race));
        }
        if let Some(memory) = &self.memory {
            let _ = write!(text, "\n## Peak resident memory, in MiB\n\n{}", peaks(memory));
        }
        text
    }

    fn claims(&self) -> String {
        let head = ["", "ratio", "quartiles", "at most", "", "rounds"].map(str::to_owned).to_vec();
        let mut rows = vec![head];
        for race in &self.races {
            for claim in &race.claims {
                let limit = format!("{:.2}", claim.limit);
                rows.push(match race.ratio(claim) {
                    Some(ratio) => vec![
                        claim.text.to_owned(),
                        format!("{:.2}", ratio.median),
                        quartiles(&ratio),
                        limit,
                        verdict(&ratio, claim.limit).to_owned(),
                        race.series.first().map_or(0, |series| series.samples.len()).to_string(),
                    ],
                    None => vec![
                        claim.text.to_owned(),
                        String::new(),
                        String::new(),
                        limit,
                        "not measured".into(),
                        String::new(),
                    ],
                });
            }
        }
        for figure in self.figures.iter().chain(self.memory.as_ref().map(|memory| &memory.figure)) {
            let verdict = if figure.reached { "reached" } else { "missed" };
            rows.push(vec![
                figure.text.clone(),
                figure.value.clone(),
                String::new(),
                figure.limit.clone(),
                verdict.to_owned(),
                String::new(),
            ]);
        }
        aligned(&rows)
    }
}

fn verdict(ratio: &Spread, limit: f64) -> &'static str {
    match (ratio.median <= limit, ratio.lower <= limit && limit <= ratio.upper) {
        (true, false) => "reached",
        (true, true) => "reached, within the noise",
        (false, true) => "missed, within the noise",
        (false, false) => "missed",
    }
}

fn quartiles(ratio: &Spread) -> String {
    format!("[{:.2}, {:.2}]", ratio.lower, ratio.upper)
}

/// Every contender to the first of ours.
fn relative(race: &Finished) -> String {
    let Some(base) = race.base() else { return String::new() };
    let mut rows = vec![vec![String::new(), format!("to {}", base.name), "quartiles".to_owned(), String::new()]];
    for series in &race.series {
        let ratio = Spread::of_ratios(&series.samples, &base.samples);
        let note = match series.kind {
            Kind::Ours | Kind::Peer => "",
            Kind::Floor => "bare system calls",
            Kind::Unsafe => "does not sync",
        };
        let name = format!("`{}`", series.name.replace('|', "\\|"));
        rows.push(vec![name, format!("{:.2}", ratio.median), quartiles(&ratio), note.to_owned()]);
    }
    aligned(&rows)
}

/// A row for each mode, and for each program a column at either size.
fn peaks(memory: &Memory) -> String {
    let mut programs: Vec<&str> = memory.peaks.iter().map(|peak| peak.program).collect();
    programs.dedup();
    let mut modes = Vec::new();
    for peak in &memory.peaks {
        if !modes.contains(&peak.mode) {
            modes.push(peak.mode);
        }
    }
    let mut rows = vec![vec![String::new()]];
    for program in &programs {
        rows[0].extend(memory.sizes.iter().map(|size| format!("`{program}`, {size}")));
    }
    for mode in modes {
        let mut row = vec![mode.to_owned()];
        for program in &programs {
            let peak = memory.peaks.iter().find(|peak| peak.program == *program && peak.mode == mode);
            let cell = |mebibytes: Option<f64>| mebibytes.map_or_else(String::new, |most| format!("{most:.1}"));
            row.extend([cell(peak.map(|peak| peak.small)), cell(peak.map(|peak| peak.large))]);
        }
        rows.push(row);
    }
    aligned(&rows)
}

/// A Markdown table whose columns are as wide as they must be; the first row is the head.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default().max(3);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (cell, &width) in row.iter().zip(&widths) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text += "|\n";
        if index == 0 {
            for width in &widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text += "|\n";
        }
    }
    text
}
