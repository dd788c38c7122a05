//! The content of a disk, in blocks of 4 KiB: cheap to copy, to change and to compare.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::error::{Context, Result};
use crate::rng::{digest, mix};

/// The unit in which a disk keeps or loses a write. With 512 bytes, the file systems' own superblocks would tear.
pub(crate) const BLOCK_SIZE: usize = 4096;

pub(crate) struct Block {
    pub(crate) bytes: [u8; BLOCK_SIZE],
    digest: OnceLock<u64>,
}

impl Block {
    pub(crate) fn new(bytes: &[u8; BLOCK_SIZE]) -> Self {
        Self { bytes: *bytes, digest: OnceLock::new() }
    }

    pub(crate) fn digest(&self) -> u64 {
        *self.digest.get_or_init(|| digest(&self.bytes))
    }
}

/// A base that many images share, and the blocks that differ from it.
#[derive(Clone, Default)]
pub(crate) struct Image {
    base: Arc<HashMap<u64, Arc<Block>>>,
    own: HashMap<u64, Arc<Block>>,
}

impl Image {
    /// Reads a sparse file.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let mut file = File::open(path).context(path.display())?;
        let mut image = Self::default();
        let mut number = 0;
        let mut chunk = vec![0; BLOCK_SIZE * 256];
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
            for bytes in chunk[..filled].chunks(BLOCK_SIZE) {
                if bytes != &[0; BLOCK_SIZE][..bytes.len()] {
                    image.write(number * BLOCK_SIZE as u64, bytes);
                }
                number += 1;
            }
        }
    }

    /// Writes a sparse file that a loop device can carry.
    pub(crate) fn save(&self, path: &Path, size: u64) -> Result<()> {
        let file = File::create(path).context(path.display())?;
        file.set_len(size).context(path.display())?;
        for (number, block) in self.base.iter().chain(&self.own) {
            file.write_all_at(&block.bytes, number * BLOCK_SIZE as u64).context(path.display())?;
        }
        Ok(())
    }

    /// Makes everything the base, so that copies are cheap from here on.
    pub(crate) fn flatten(self) -> Self {
        let mut base = Arc::unwrap_or_clone(self.base);
        base.extend(self.own);
        Self { base: Arc::new(base), own: HashMap::new() }
    }

    pub(crate) fn block(&self, number: u64) -> Option<&Arc<Block>> {
        self.own.get(&number).or_else(|| self.base.get(&number))
    }

    pub(crate) fn read(&self, offset: u64, buffer: &mut [u8]) {
        for (number, within, part) in split(offset, buffer.len()) {
            let target = &mut buffer[part.clone()];
            match self.block(number) {
                Some(block) => {
                    target.copy_from_slice(&block.bytes[within..within + target.len()]);
                }
                None => target.fill(0),
            }
        }
    }

    pub(crate) fn write(&mut self, offset: u64, data: &[u8]) {
        for (number, within, part) in split(offset, data.len()) {
            let mut bytes = match self.block(number) {
                Some(block) if part.len() < BLOCK_SIZE => block.bytes,
                _ => [0; BLOCK_SIZE],
            };
            bytes[within..within + part.len()].copy_from_slice(&data[part]);
            self.put(number, Arc::new(Block::new(&bytes)));
        }
    }

    pub(crate) fn put(&mut self, number: u64, block: Arc<Block>) {
        self.own.insert(number, block);
    }

    /// Equal for equal disks: a block that was written with the same bytes does not count.
    pub(crate) fn digest(&self) -> u64 {
        self.own
            .iter()
            .filter(|(number, block)| self.base.get(number).is_none_or(|old| old.bytes != block.bytes))
            .fold(0, |sum, (number, block)| sum ^ mix(*number, block.digest()))
    }
}

/// Splits a range into blocks: the number of each, the offset within it, and the part of the range.
pub(crate) fn split(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let at = offset + done as u64;
        let within = usize::try_from(at % BLOCK_SIZE as u64).unwrap_or(0);
        let end = length.min(done + BLOCK_SIZE - within);
        let part = done..end;
        done = end;
        Some((at / BLOCK_SIZE as u64, within, part))
    })
}
