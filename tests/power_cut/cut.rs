//! The instants at which the power fails, and what is on the disk then.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::disk::{Mark, Record};
use crate::error::Error;
use crate::image::{BLOCK_SIZE, Block, Image, split};
use crate::rng::Rng;

/// Which of the blocks that no flush covers are on the disk all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    All,
    Nothing,
    Only(usize),
    AllBut(usize),
    /// A random half, by this seed.
    Some(u64),
}

/// The power fails after `at` entries of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) at: usize,
    pub(crate) kept: Kept,
}

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:", self.at)?;
        match self.kept {
            Kept::All => formatter.write_str("all"),
            Kept::Nothing => formatter.write_str("nothing"),
            Kept::Only(block) => write!(formatter, "only:{block}"),
            Kept::AllBut(block) => write!(formatter, "all-but:{block}"),
            Kept::Some(seed) => write!(formatter, "some:{seed}"),
        }
    }
}

impl FromStr for Cut {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parts: Vec<_> = text.split(':').collect();
        let kept = match parts[1..] {
            ["all"] => Kept::All,
            ["nothing"] => Kept::Nothing,
            ["only", block] => Kept::Only(block.parse()?),
            ["all-but", block] => Kept::AllBut(block.parse()?),
            ["some", seed] => Kept::Some(seed.parse()?),
            _ => return Err(format!("{text}: not a cut").into()),
        };
        let at = parts[0].parse()?;
        Ok(Self { at, kept })
    }
}

/// The part of a write that lies within one block of the disk.
struct Part {
    /// Of the write in the log.
    index: usize,
    /// Of the block.
    number: u64,
    within: usize,
    bytes: Bytes,
}

enum Bytes {
    Whole(Arc<Block>),
    Some(Vec<u8>),
}

/// A log, from which the disk after each cut can be built.
pub(crate) struct Timeline<'a> {
    start: &'a Image,
    log: &'a [Record],
    parts: Vec<Part>,
    /// For each entry, the index of the flush that makes it durable.
    durable_from: Vec<usize>,
    exit: Option<usize>,
}

impl<'a> Timeline<'a> {
    /// `honors_flushes`: the disk does what a flush asks for.
    pub(crate) fn new(start: &'a Image, log: &'a [Record], honors_flushes: bool) -> Self {
        let exit = log.iter().position(|record| matches!(record, Record::Mark(Mark::Exit(Some(0)))));
        Self {
            start,
            log,
            parts: parts(log),
            durable_from: if honors_flushes { durable(log) } else { vec![usize::MAX; log.len()] },
            exit,
        }
    }

    /// Whether the program had exited with status 0.
    pub(crate) fn has_succeeded(&self, cut: Cut) -> bool {
        self.exit.is_some_and(|exit| exit < cut.at)
    }

    pub(crate) fn image(&self, cut: Cut) -> Image {
        let mut image = self.start.clone();
        let mut rng = match cut.kept {
            Kept::Some(seed) => Rng::new(seed, "kept"),
            _ => Rng::new(0, "unused"),
        };
        let mut volatile = 0..;
        for part in self.parts.iter().take_while(|part| part.index < cut.at) {
            let keep = self.is_durable(part.index, cut.at)
                || match (cut.kept, volatile.next()) {
                    (Kept::All, _) => true,
                    (Kept::Nothing, _) => false,
                    (Kept::Only(only), block) => block == Some(only),
                    (Kept::AllBut(lost), block) => block != Some(lost),
                    (Kept::Some(_), _) => rng.flag(),
                };
            if keep {
                match &part.bytes {
                    Bytes::Whole(block) => image.put(part.number, Arc::clone(block)),
                    Bytes::Some(bytes) => {
                        image.write(part.number * BLOCK_SIZE as u64 + part.within as u64, bytes);
                    }
                }
            }
        }
        image
    }

    /// All cuts, those that are most likely to show a defect first and the rest in random order.
    pub(crate) fn cuts(&self, rng: &mut Rng) -> Vec<Cut> {
        let end = self.log.len();
        let mut first = vec![Cut { at: end, kept: Kept::Nothing }];
        first.extend(self.exit.map(|exit| Cut { at: exit + 1, kept: Kept::Nothing }));
        let mut cuts = Vec::new();
        for at in 0..=end {
            match self.log.get(at) {
                None | Some(Record::Flush | Record::Mark(Mark::Exit(_))) => {
                    self.subsets(at, rng, &mut cuts);
                }
                _ => {}
            }
            if let Some(Record::Mark(Mark::Exit(_))) = at.checked_sub(1).map(|last| &self.log[last]) {
                self.subsets(at, rng, &mut cuts);
            }
            cuts.push(Cut { at, kept: Kept::All });
        }
        rng.shuffle(&mut cuts);
        first.extend(cuts);
        first
    }

    fn subsets(&self, at: usize, rng: &mut Rng, cuts: &mut Vec<Cut>) {
        let volatile = self.parts.iter().filter(|part| part.index < at && !self.is_durable(part.index, at)).count();
        cuts.push(Cut { at, kept: Kept::Nothing });
        // A dozen of many blocks is enough: neighbouring blocks of content show the same.
        let blocks: Vec<_> = if volatile <= 12 {
            (0..volatile).collect()
        } else {
            let ends = [0, 1, volatile - 2, volatile - 1];
            let between = (0..8).map(|_| rng.below(volatile));
            ends.into_iter().chain(between).collect()
        };
        for block in blocks {
            cuts.extend([Kept::Only(block), Kept::AllBut(block)].map(|kept| Cut { at, kept }));
        }
        if volatile > 1 {
            cuts.extend((0..8).map(|_| Cut { at, kept: Kept::Some(rng.next()) }));
        }
    }

    fn is_durable(&self, index: usize, at: usize) -> bool {
        self.durable_from[index] < at
    }
}

fn parts(log: &[Record]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (index, record) in log.iter().enumerate() {
        let Record::Write { offset, data, .. } = record else {
            continue;
        };
        for (number, within, range) in split(*offset, data.len()) {
            let bytes = match <&[u8; BLOCK_SIZE]>::try_from(&data[range.clone()]) {
                Ok(whole) => Bytes::Whole(Arc::new(Block::new(whole))),
                Err(_) => Bytes::Some(data[range].to_vec()),
            };
            parts.push(Part { index, number, within, bytes });
        }
    }
    parts
}

/// A flush makes those writes durable that were answered before it arrived.
fn durable(log: &[Record]) -> Vec<usize> {
    let mut durable = vec![usize::MAX; log.len()];
    let mut answered = Vec::new();
    for (index, record) in log.iter().enumerate() {
        match record {
            Record::Write { slow: false, .. } => answered.push(index),
            Record::Done(write) => answered.push(*write),
            Record::Flush => {
                for write in answered.drain(..) {
                    durable[write] = index;
                }
            }
            Record::Write { slow: true, .. } | Record::Mark(_) => {}
        }
    }
    durable
}
