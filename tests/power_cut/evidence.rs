//! Keeps what shows a violation: the disk at the start, the log, and the disk after the cut.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cut::{Cut, Timeline};
use crate::disk::{Mark, Record, SIZE};
use crate::error::{Context, Result};
use crate::image::Image;
use crate::recording::Recording;

/// The variable that asks for a rebuilt state: a directory of evidence, a space, and a cut.
pub(crate) const REBUILD: &str = "ATOMIC_WRITE_POWER_CUT_REBUILD";

const START: &str = "start.img";
const LOG: &str = "log.bin";
const FLUSHES_IGNORED: &str = "flushes-ignored";

/// The evidence's directory.
pub(crate) fn keep(recording: &Recording, cut: Cut, honors_flushes: bool) -> Result<PathBuf> {
    let directory =
        tempfile::Builder::new().prefix("power-cut-violation-").tempdir().context("keep the evidence")?.keep();
    recording.start.save(&directory.join(START), SIZE)?;
    let log = encode(&recording.log);
    fs::write(directory.join(LOG), log).context("keep the log")?;
    if !honors_flushes {
        fs::write(directory.join(FLUSHES_IGNORED), "").context("keep the evidence")?;
    }
    fs::write(directory.join("log.txt"), describe(&recording.log)).context("keep the log")?;
    let timeline = Timeline::new(&recording.start, &recording.log, honors_flushes);
    timeline.image(cut).save(&directory.join("state.img"), SIZE)?;
    Ok(directory)
}

pub(crate) fn command(directory: &Path, cut: Cut) -> String {
    let directory = directory.display();
    format!("{REBUILD}='{directory} {cut}' cargo test --test power_cut")
}

/// Builds the state that the variable names, and says where it is.
pub(crate) fn rebuild(state: &str) -> Result<String> {
    let (directory, cut) =
        state.rsplit_once(' ').ok_or_else(|| format!("{REBUILD}: a directory, a space and a cut"))?;
    let directory = Path::new(directory);
    let cut: Cut = cut.parse()?;
    let start = Image::load(&directory.join(START))?;
    let bytes = fs::read(directory.join(LOG)).context("read the log")?;
    let log = decode(&bytes).ok_or("the log is damaged")?;
    let honors_flushes = !directory.join(FLUSHES_IGNORED).exists();
    let image = directory.join(format!("state-{}.img", cut.to_string().replace(':', "-")));
    Timeline::new(&start, &log, honors_flushes).image(cut).save(&image, SIZE)?;
    Ok(format!("rebuilt: mount -o loop {} DIRECTORY", image.display()))
}

/// The log as text.
fn describe(log: &[Record]) -> String {
    let lines = log.iter().enumerate().map(|(place, record)| {
        let text = match record {
            Record::Write { offset, data, slow } => {
                let slow = if *slow { ", not answered yet" } else { "" };
                format!("write {} bytes at {offset}{slow}", data.len())
            }
            Record::Done(write) => format!("answer to {write}"),
            Record::Flush => "flush".to_owned(),
            Record::Mark(Mark::Call(name)) => format!("-- after {name}"),
            Record::Mark(Mark::Exit(Some(status))) => format!("-- exit {status}"),
            Record::Mark(Mark::Exit(None)) => "-- killed by a signal".to_owned(),
        };
        format!("{place:>6} {text}\n")
    });
    lines.collect()
}

fn encode(log: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut entry = |kind: u8, number: u64, data: &[u8]| {
        bytes.push(kind);
        bytes.extend(number.to_le_bytes());
        bytes.extend((data.len() as u64).to_le_bytes());
        bytes.extend(data);
    };
    for record in log {
        match record {
            Record::Write { offset, data, slow } => entry(u8::from(*slow), *offset, data),
            Record::Done(write) => entry(2, *write as u64, &[]),
            Record::Flush => entry(3, 0, &[]),
            Record::Mark(Mark::Call(name)) => entry(4, 0, name.as_bytes()),
            Record::Mark(Mark::Exit(None)) => entry(5, 0, &[]),
            Record::Mark(Mark::Exit(Some(status))) => {
                entry(6, u64::from(status.cast_unsigned()), &[]);
            }
        }
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> Option<Vec<Record>> {
    let mut log = Vec::new();
    while let Some((kind, rest)) = bytes.split_first() {
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let number = u64::from_le_bytes(*number);
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (data, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        log.push(match kind {
            0 | 1 => Record::Write { offset: number, data: Arc::from(data), slow: *kind == 1 },
            2 => Record::Done(usize::try_from(number).ok()?),
            3 => Record::Flush,
            4 => Record::Mark(Mark::Call(String::from_utf8_lossy(data).into_owned())),
            5 => Record::Mark(Mark::Exit(None)),
            6 => Record::Mark(Mark::Exit(Some(u32::try_from(number).ok()?.cast_signed()))),
            _ => return None,
        });
    }
    Some(log)
}
