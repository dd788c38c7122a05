//! What a disk holds, in pieces of 4 KiB: cheap to copy, to change and to compare.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::error::{Context, Result};
use crate::rng::{digest, mix};

/// The unit in which a disk keeps or loses a write. At 512 bytes, file systems' own superblocks tear.
pub(crate) const PIECE: usize = 4096;

pub(crate) struct Piece {
    pub(crate) bytes: [u8; PIECE],
    digest: OnceLock<u64>,
}

impl Piece {
    pub(crate) fn new(bytes: &[u8; PIECE]) -> Self {
        Self { bytes: *bytes, digest: OnceLock::new() }
    }

    pub(crate) fn digest(&self) -> u64 {
        *self.digest.get_or_init(|| digest(&self.bytes))
    }
}

/// A base that many images share, and what this one has of its own.
#[derive(Clone, Default)]
pub(crate) struct Image {
    base: Arc<HashMap<u64, Arc<Piece>>>,
    own: HashMap<u64, Arc<Piece>>,
}

impl Image {
    /// Reads a sparse file.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let mut file = File::open(path).context(path.display())?;
        let mut image = Self::default();
        let mut block = 0;
        let mut chunk = vec![0; PIECE * 256];
        loop {
            let mut filled = 0;
            while filled < chunk.len() {
                match file.read(&mut chunk[filled..]).context(path.display())? {
                    0 => break,
                    count => filled += count,
                }
            }
            if filled == 0 {
                return Ok(image.flatten());
            }
            for bytes in chunk[..filled].chunks(PIECE) {
                if bytes != &[0; PIECE][..bytes.len()] {
                    image.write(block * PIECE as u64, bytes);
                }
                block += 1;
            }
        }
    }

    /// Writes a sparse file that a loop device can carry.
    pub(crate) fn save(&self, path: &Path, size: u64) -> Result<()> {
        let file = File::create(path).context(path.display())?;
        file.set_len(size).context(path.display())?;
        for (block, piece) in self.base.iter().chain(&self.own) {
            file.write_all_at(&piece.bytes, block * PIECE as u64).context(path.display())?;
        }
        Ok(())
    }

    /// Makes everything the base, so that copies are cheap from here on.
    pub(crate) fn flatten(self) -> Self {
        let mut base = Arc::unwrap_or_clone(self.base);
        base.extend(self.own);
        Self { base: Arc::new(base), own: HashMap::new() }
    }

    pub(crate) fn piece(&self, block: u64) -> Option<&Arc<Piece>> {
        self.own.get(&block).or_else(|| self.base.get(&block))
    }

    pub(crate) fn read(&self, offset: u64, buffer: &mut [u8]) {
        for (block, within, part) in split(offset, buffer.len()) {
            let target = &mut buffer[part.clone()];
            match self.piece(block) {
                Some(piece) => {
                    target.copy_from_slice(&piece.bytes[within..within + target.len()]);
                }
                None => target.fill(0),
            }
        }
    }

    pub(crate) fn write(&mut self, offset: u64, data: &[u8]) {
        for (block, within, part) in split(offset, data.len()) {
            let mut bytes = match self.piece(block) {
                Some(piece) if part.len() < PIECE => piece.bytes,
                _ => [0; PIECE],
            };
            bytes[within..within + part.len()].copy_from_slice(&data[part]);
            self.put(block, Arc::new(Piece::new(&bytes)));
        }
    }

    pub(crate) fn put(&mut self, block: u64, piece: Arc<Piece>) {
        self.own.insert(block, piece);
    }

    /// Equal for equal disks: what was rewritten with the same bytes does not count.
    pub(crate) fn digest(&self) -> u64 {
        self.own
            .iter()
            .filter(|(block, piece)| self.base.get(block).is_none_or(|old| old.bytes != piece.bytes))
            .fold(0, |sum, (block, piece)| sum ^ mix(*block, piece.digest()))
    }
}

/// Cuts a range at the borders of the pieces: the block, the offset within it, and the part of the range.
pub(crate) fn split(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let at = offset + done as u64;
        let within = usize::try_from(at % PIECE as u64).unwrap_or(0);
        let end = length.min(done + PIECE - within);
        let part = done..end;
        done = end;
        Some((at / PIECE as u64, within, part))
    })
}
