//! The figures as a picture: a bar for each contender, with ours as the measure.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::memory::{self, Memory};
use crate::programs::{OURS, STATIC};
use crate::race::{Finished, Kind};
use crate::stats::Spread;
use crate::table::Results;

const ROW: u32 = 34;
const HEAD: u32 = 84;
const LEGEND: [(i32, Kind, &str); 4] = [
    (20, Kind::Ours, "atomic-write"),
    (140, Kind::Peer, "other tools"),
    (250, Kind::Unsafe, "does not sync: a power cut can take the file"),
    (540, Kind::Floor, "the bare system calls, in C"),
];

/// Its name, its kind, its ratio to the first of ours, and the value that is written beside it.
type Bar = (&'static str, Kind, Spread, String);
type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

fn of_race(race: &Finished) -> Option<(String, Vec<Bar>)> {
    let base = race.base()?;
    let bars = race.series.iter().map(|series| {
        let ratio = Spread::of_ratios(&series.samples, &base.samples);
        (series.name, series.kind, ratio, format!("{:.2}", ratio.median))
    });
    Some((race.title.clone(), bars.collect()))
}

/// What a large stream takes in memory; counted, so there is no spread.
fn of_memory(memory: &Memory) -> Option<(String, Vec<Bar>)> {
    let peaks = memory.peaks.iter().filter(|peak| peak.mode == memory::PIPE);
    let base = peaks.clone().find(|peak| peak.program == OURS)?.large;
    let bars = peaks.map(|peak| {
        let kind = if [OURS, STATIC].contains(&peak.program) { Kind::Ours } else { Kind::Unsafe };
        (peak.program, kind, Spread::of(&[peak.large / base]), format!("{:.1} MiB", peak.large))
    });
    Some((format!("peak memory, {} through a pipe", memory.sizes[1]), bars.collect()))
}

pub fn svg(results: &Results) -> String {
    let panels = results.races.iter().filter_map(of_race);
    let panels: Vec<_> = panels.chain(results.memory.as_ref().and_then(of_memory)).collect();
    let mut svg = String::new();
    let height = HEAD + ROW + panels.iter().map(|(_, bars)| height(bars)).sum::<u32>();
    draw(&SVGBackend::with_string(&mut svg, (760, height)).into_drawing_area(), panels, &results.machine).unwrap();
    svg
}

fn height(bars: &[Bar]) -> u32 {
    ROW * (1 + u32::try_from(bars.len()).unwrap())
}

fn draw(area: &Area, panels: Vec<(String, Vec<Bar>)>, machine: &str) -> Drawn {
    area.fill(&WHITE)?;
    area.draw(&Text::new("Time to replace a file (atomic-write: 1; shorter is faster)", (20, 14), ("sans-serif", 19)))?;
    for (left, kind, text) in LEGEND {
        area.draw(&Rectangle::new([(left, 52), (left + 16, 61)], style(kind)))?;
        area.draw(&Text::new(text, (left + 22, 50), ("sans-serif", 12)))?;
    }
    let (_, mut area) = area.split_vertically(HEAD);
    for (title, bars) in panels {
        let (top, rest) = area.split_vertically(height(&bars));
        panel(&top.margin(0, 0, 20, 20).titled(&title, ("sans-serif", 15))?, bars)?;
        area = rest;
    }
    let note = format!("Medians of interleaved rounds; the thin line spans the quartiles. {machine}.");
    Ok(area.draw(&Text::new(note, (20, 10), ("sans-serif", 12)))?)
}

fn panel(area: &Area, mut bars: Vec<Bar>) -> Drawn {
    bars.sort_by(|one, other| one.2.median.total_cmp(&other.2.median));
    let most = bars.iter().map(|(_, _, ratio, _)| ratio.median.max(ratio.upper)).fold(1.0, f64::max);
    let chart = ChartBuilder::on(area).build_cartesian_2d(0.0..most, 0.0..f64::from(u32::try_from(bars.len())?))?;
    let chart = chart.plotting_area();
    let right = ("sans-serif", 12).into_text_style(area).pos(Pos::new(HPos::Right, VPos::Top));
    for (row, (name, kind, ratio, value)) in (0_u32..).map(f64::from).zip(bars.into_iter().rev()) {
        chart.draw(&Text::new(name, (0.0, row + 0.9), ("monospace", 12)))?;
        chart.draw(&Text::new(value, (most, row + 0.9), right.clone()))?;
        chart.draw(&Rectangle::new([(0.0, row + 0.15), (ratio.median, row + 0.45)], style(kind)))?;
        chart.draw(&PathElement::new([(1.0, row + 0.1), (1.0, row + 0.5)], style(Kind::Ours)))?;
        chart.draw(&PathElement::new([(ratio.lower, row + 0.3), (ratio.upper, row + 0.3)], BLACK))?;
    }
    Ok(())
}

fn style(kind: Kind) -> ShapeStyle {
    match kind {
        Kind::Ours => RGBColor(9, 105, 218).filled(),
        Kind::Peer => RGBColor(163, 173, 184).filled(),
        Kind::Unsafe => RGBColor(209, 120, 74).filled(),
        Kind::Floor => RGBColor(140, 149, 159).stroke_width(1),
    }
}
