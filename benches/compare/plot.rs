//! The figures as a picture: each contender's time as a bar, with ours as the measure. Light and dark.

use std::fmt::Write as _;

use crate::memory::{self, Memory};
use crate::programs::{OURS, STATIC};
use crate::race::{Finished, Kind};
use crate::stats::Spread;
use crate::table::Results;

const MARGIN: f64 = 28.0;
const COLUMN: f64 = 430.0;
const GAP: f64 = 44.0;
const WIDTH: f64 = 2.0 * (MARGIN + COLUMN) + GAP;
const HEAD: f64 = 104.0;
const FOOT: f64 = 40.0;
/// Of a panel: its title, each of its rows, and the space after it.
const TITLE: f64 = 30.0;
const ROW: f64 = 33.0;
const AFTER: f64 = 26.0;
const BAR: f64 = 9.0;

const STYLE: &str = "
  text { font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328 }
  .head { font-size: 19px; font-weight: 650 }
  .title { font-size: 14px; font-weight: 650 }
  .muted { fill: #59636e }
  .name { font: 11.5px ui-monospace, SFMono-Regular, Menlo, 'DejaVu Sans Mono', monospace }
  .value { font-weight: 600; text-anchor: end; font-variant-numeric: tabular-nums }
  .ground { fill: #ffffff; stroke: #d1d9e0 }
  .ours { fill: #0969da }
  text.ours { font-weight: 700 }
  .peer { fill: #a3adb8 }
  .floor { fill: #ffffff; stroke: #8c959f; stroke-dasharray: 3 2 }
  .unsafe { fill: url(#stripes) }
  .stripe { stroke: #d1784a; stroke-width: 2.5 }
  .stripes { fill: #f7e3d8 }
  .spread { stroke: #1f2328; stroke-width: 1.5 }
  .one { stroke: #0969da; stroke-width: 1.5 }
  .rule { stroke: #d1d9e0 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .muted { fill: #9198a1 }
    .ground { fill: #0d1117; stroke: #3d444d }
    .ours { fill: #4493f8 }
    .peer { fill: #5b6570 }
    .floor { fill: #0d1117; stroke: #7d8590 }
    .stripe { stroke: #c4703f }
    .stripes { fill: #3a2418 }
    .spread { stroke: #f0f6fc }
    .one { stroke: #4493f8 }
    .rule { stroke: #3d444d }
  }
";

/// Bars under a title.
struct Panel {
    title: String,
    bars: Vec<Bar>,
}

struct Bar {
    name: &'static str,
    kind: Kind,
    /// To the first of ours.
    ratio: Spread,
    value: String,
}

impl Panel {
    fn of_race(race: &Finished) -> Option<Self> {
        let base = race.base()?;
        let mut bars: Vec<Bar> = race
            .series
            .iter()
            .map(|series| {
                let ratio = Spread::of_ratios(&series.samples, &base.samples);
                Bar { name: series.name, kind: series.kind, ratio, value: format!("{:.2}", ratio.median) }
            })
            .collect();
        bars.sort_by(|one, other| one.ratio.median.total_cmp(&other.ratio.median));
        let mut title = race.title.clone();
        title[..1].make_ascii_uppercase();
        Some(Panel { title, bars })
    }

    /// What a large stream takes in memory; counted, so there is no spread.
    fn of_memory(memory: &Memory) -> Option<Self> {
        let mut peaks: Vec<_> = memory.peaks.iter().filter(|peak| peak.mode == memory::PIPE).collect();
        peaks.sort_by(|one, other| one.large.total_cmp(&other.large));
        let base = peaks.iter().find(|peak| peak.program == OURS)?.large;
        let bars = peaks.iter().map(|peak| Bar {
            name: peak.program,
            kind: if [OURS, STATIC].contains(&peak.program) { Kind::Ours } else { Kind::Unsafe },
            ratio: Spread::of(&[peak.large / base]),
            value: format!("{:.1} MiB", peak.large),
        });
        Some(Panel { title: format!("Peak memory, {} through a pipe", memory.sizes[1]), bars: bars.collect() })
    }
    fn height(&self) -> f64 {
        let rows = u32::try_from(self.bars.len()).unwrap_or_default();
        TITLE + ROW * f64::from(rows) + AFTER
    }
}

/// The whole picture.
pub fn svg(results: &Results) -> String {
    let panels = results.races.iter().filter_map(Panel::of_race);
    let panels = panels.chain(results.memory.as_ref().and_then(Panel::of_memory));
    // Each goes where there is most room.
    let mut bottoms = [HEAD; 2];
    let mut drawn = String::new();
    for panel in panels {
        let column = usize::from(bottoms[1] < bottoms[0]);
        let left = if column == 0 { MARGIN } else { MARGIN + COLUMN + GAP };
        drawn += &panel.draw(left, bottoms[column]);
        bottoms[column] += panel.height();
    }
    let total = bottoms[0].max(bottoms[1]) + FOOT - AFTER / 2.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {total}\" width=\"{WIDTH}\" \
         height=\"{total}\" role=\"img\" aria-label=\"Wall time of atomic-write and of other ways to replace a \
         file\">\n\
         <style>{STYLE}</style>\n<defs><pattern id=\"stripes\" width=\"6\" height=\"6\" \
         patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect class=\"stripes\" width=\"6\" \
         height=\"6\"/><line class=\"stripe\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\"/></pattern></defs>\n\
         <rect class=\"ground\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"10\"/>\n",
        WIDTH - 1.0,
        total - 1.0
    );
    svg += &head();
    svg += &drawn;
    let base = total - 18.0;
    let _ = writeln!(
        svg,
        "<text class=\"muted\" x=\"{MARGIN}\" y=\"{base}\">Medians of interleaved rounds; the thin line spans the \
         quartiles. {}.</text>",
        escaped(&results.machine)
    );
    svg + "</svg>\n"
}

fn head() -> String {
    let mut text = format!(
        "<text class=\"head\" x=\"{MARGIN}\" y=\"40\">Time to replace a file</text>\n\
         <text class=\"muted\" x=\"{}\" y=\"40\" text-anchor=\"end\">the time of atomic-write is 1; shorter is \
         faster</text>\n",
        WIDTH - MARGIN
    );
    let mut left = MARGIN;
    let legend = [
        (Kind::Ours, "atomic-write", 126.0),
        (Kind::Peer, "other tools", 116.0),
        (Kind::Unsafe, "does not sync: a power cut can take the file", 310.0),
        (Kind::Floor, "the bare system calls, in C", 0.0),
    ];
    for (kind, words, width) in legend {
        let _ = writeln!(
            text,
            "<rect class=\"{}\" x=\"{left}\" y=\"61\" width=\"16\" height=\"{BAR}\" rx=\"2\"/><text x=\"{}\" \
             y=\"70\">{words}</text>",
            class(kind),
            left + 22.0
        );
        left += width;
    }
    text
}

impl Panel {
    fn draw(&self, left: f64, top: f64) -> String {
        let most = self.bars.iter().map(|bar| bar.ratio.median.max(bar.ratio.upper)).fold(1.0, f64::max);
        let scale = COLUMN / most;
        let rule = top + 20.0;
        let mut text = format!(
            "<text class=\"title\" x=\"{left}\" y=\"{}\">{}</text>\n<line class=\"rule\" x1=\"{left}\" y1=\"{rule}\" \
             x2=\"{}\" y2=\"{rule}\"/>\n",
            top + 12.0,
            escaped(&self.title),
            left + COLUMN
        );
        let mut row = top + TITLE;
        for bar in &self.bars {
            text += &bar.draw(left, row, scale);
            row += ROW;
        }
        text
    }
}

impl Bar {
    fn draw(&self, left: f64, top: f64, scale: f64) -> String {
        let Bar { name, kind, ratio, value } = self;
        let emphasis = if *kind == Kind::Ours { " ours" } else { "" };
        let (baseline, bar, middle) = (top + 12.0, top + 17.0, top + 17.0 + BAR / 2.0);
        let one = left + scale;
        let mut text = format!(
            "<text class=\"name{emphasis}\" x=\"{left}\" y=\"{baseline}\">{}</text><text class=\"value{emphasis}\" \
             x=\"{}\" y=\"{baseline}\">{value}</text>\n<rect class=\"{}\" x=\"{left}\" y=\"{bar}\" \
             width=\"{:.1}\" height=\"{BAR}\" rx=\"2\"/>\n<line class=\"one\" x1=\"{one:.1}\" y1=\"{}\" \
             x2=\"{one:.1}\" y2=\"{}\"/>\n",
            escaped(name),
            left + COLUMN,
            class(*kind),
            (ratio.median * scale).max(2.0),
            bar - 2.0,
            bar + BAR + 2.0
        );
        if ratio.width() > 0.0 {
            let _ = writeln!(
                text,
                "<line class=\"spread\" x1=\"{:.1}\" y1=\"{middle}\" x2=\"{:.1}\" y2=\"{middle}\"/>",
                left + ratio.lower * scale,
                left + ratio.upper * scale
            );
        }
        text
    }
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Ours => "ours",
        Kind::Floor => "floor",
        Kind::Peer => "peer",
        Kind::Unsafe => "unsafe",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
