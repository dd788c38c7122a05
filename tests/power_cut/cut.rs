//! The instants at which the power goes, and what the disk had kept by then.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::disk::{Mark, Record};
use crate::error::Error;
use crate::image::{Image, PIECE, Piece, split};
use crate::rng::Rng;

/// Which of the pieces that no flush covers are on the disk all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    All,
    Nothing,
    Only(usize),
    AllBut(usize),
    /// Each by a coin, from this seed.
    Some(u64),
}

/// The power goes after so many entries of the log.
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
            Kept::Only(piece) => write!(formatter, "only:{piece}"),
            Kept::AllBut(piece) => write!(formatter, "all-but:{piece}"),
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
            ["only", piece] => Kept::Only(piece.parse()?),
            ["all-but", piece] => Kept::AllBut(piece.parse()?),
            ["some", seed] => Kept::Some(seed.parse()?),
            _ => return Err(format!("{text}: not a cut").into()),
        };
        let at = parts[0].parse()?;
        Ok(Self { at, kept })
    }
}

/// A part of a write that lies within one piece of the disk.
struct Part {
    place: usize,
    block: u64,
    within: usize,
    bytes: Bytes,
}

enum Bytes {
    Whole(Arc<Piece>),
    Some(Vec<u8>),
}

/// A log, prepared for building the images that it can leave.
pub(crate) struct Timeline<'a> {
    start: &'a Image,
    log: &'a [Record],
    parts: Vec<Part>,
    /// For each entry, the place of the flush that makes it last.
    lasts_from: Vec<usize>,
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
            lasts_from: if honors_flushes { lasting(log) } else { vec![usize::MAX; log.len()] },
            exit,
        }
    }

    /// Whether the program had exited with status 0.
    pub(crate) fn is_done(&self, cut: Cut) -> bool {
        self.exit.is_some_and(|exit| exit < cut.at)
    }

    pub(crate) fn image(&self, cut: Cut) -> Image {
        let mut image = self.start.clone();
        let mut rng = match cut.kept {
            Kept::Some(seed) => Rng::new(seed, "kept"),
            _ => Rng::new(0, "unused"),
        };
        let mut volatile = 0..;
        for part in self.parts.iter().take_while(|part| part.place < cut.at) {
            let keep = self.lasts(part.place, cut.at)
                || match (cut.kept, volatile.next()) {
                    (Kept::All, _) => true,
                    (Kept::Nothing, _) => false,
                    (Kept::Only(only), piece) => piece == Some(only),
                    (Kept::AllBut(lost), piece) => piece != Some(lost),
                    (Kept::Some(_), _) => rng.flag(),
                };
            if keep {
                match &part.bytes {
                    Bytes::Whole(piece) => image.put(part.block, Arc::clone(piece)),
                    Bytes::Some(bytes) => {
                        image.write(part.block * PIECE as u64 + part.within as u64, bytes);
                    }
                }
            }
        }
        image
    }

    /// Every cut worth making, the most telling first and the rest in an order that the rng choose.
    pub(crate) fn cuts(&self, rng: &mut Rng) -> Vec<Cut> {
        let end = self.log.len();
        let mut telling = vec![Cut { at: end, kept: Kept::Nothing }];
        telling.extend(self.exit.map(|exit| Cut { at: exit + 1, kept: Kept::Nothing }));
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
        telling.extend(cuts);
        telling
    }

    fn subsets(&self, at: usize, rng: &mut Rng, cuts: &mut Vec<Cut>) {
        let volatile = self.parts.iter().filter(|part| part.place < at && !self.lasts(part.place, at)).count();
        cuts.push(Cut { at, kept: Kept::Nothing });
        // Of many pieces, as many as of few: the neighbours of a piece of content tell the same.
        let singles: Vec<_> = if volatile <= 12 {
            (0..volatile).collect()
        } else {
            let ends = [0, 1, volatile - 2, volatile - 1];
            let between = (0..8).map(|_| rng.below(volatile));
            ends.into_iter().chain(between).collect()
        };
        for piece in singles {
            cuts.extend([Kept::Only(piece), Kept::AllBut(piece)].map(|kept| Cut { at, kept }));
        }
        if volatile > 1 {
            cuts.extend((0..8).map(|_| Cut { at, kept: Kept::Some(rng.next()) }));
        }
    }

    fn lasts(&self, place: usize, at: usize) -> bool {
        self.lasts_from[place] < at
    }
}

fn parts(log: &[Record]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (place, record) in log.iter().enumerate() {
        let Record::Write { offset, data, .. } = record else {
            continue;
        };
        for (block, within, range) in split(*offset, data.len()) {
            let bytes = match <&[u8; PIECE]>::try_from(&data[range.clone()]) {
                Ok(whole) => Bytes::Whole(Arc::new(Piece::new(whole))),
                Err(_) => Bytes::Some(data[range].to_vec()),
            };
            parts.push(Part { place, block, within, bytes });
        }
    }
    parts
}

/// A flush covers the writes that were answered before it came.
fn lasting(log: &[Record]) -> Vec<usize> {
    let mut lasts = vec![usize::MAX; log.len()];
    let mut answered = Vec::new();
    for (place, record) in log.iter().enumerate() {
        match record {
            Record::Write { slow: false, .. } => answered.push(place),
            Record::Done(write) => answered.push(*write),
            Record::Flush => {
                for write in answered.drain(..) {
                    lasts[write] = place;
                }
            }
            Record::Write { slow: true, .. } | Record::Mark(_) => {}
        }
    }
    lasts
}
