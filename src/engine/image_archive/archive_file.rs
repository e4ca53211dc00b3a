//! An archive's file: how it is compressed, and what it holds.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::ArchiveError;
use crate::archive::{Bounded, Packed};
use crate::progress::Progress;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// A file that was opened and not read yet.
pub(super) struct ArchiveFile<'a> {
    source: BufferedFile<'a>,
    packed: Packed,
    /// The file's size in bytes, compressed as it is.
    pub(super) size: u64,
}

type BufferedFile<'a> = BufReader<Counted<'a>>;

impl<'a> ArchiveFile<'a> {
    pub(super) fn open(path: &Path, progress: &'a dyn Progress) -> Result<Self, ArchiveError> {
        let unreadable = |source| ArchiveError::Unreadable {
            path: path.to_owned(),
            source,
        };
        if path.metadata().is_ok_and(|there| !there.is_file()) {
            // A fifo would be waited for, and a device has no end.
            return Err(unreadable(io::Error::other("not a regular file")));
        }
        let file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        let packed = Packed::default();
        let counted = Counted {
            file,
            packed: packed.clone(),
            progress,
        };
        let source = BufReader::with_capacity(256 << 10, counted);
        Ok(Self {
            source,
            packed,
            size,
        })
    }

    /// The archive in it, which fails once it becomes out of proportion.
    pub(super) fn unpacked(mut self) -> io::Result<Box<dyn Read + 'a>> {
        let magic = self.source.fill_buf()?;
        let unpacked: Box<dyn Read + 'a> = if magic.starts_with(ZSTD) {
            Box::new(Zstd::new(self.source))
        } else if magic.starts_with(GZIP) {
            Box::new(MultiGzDecoder::new(self.source))
        } else {
            Box::new(self.source)
        };
        Ok(Box::new(Bounded::new(unpacked, self.packed)))
    }

    /// What every engine can load: gzip as it is, since engines know it and decompress it
    /// faster than this program; zstd unpacked, which older ones don't know.
    pub(super) fn loadable(mut self) -> io::Result<Box<dyn Read + 'a>> {
        let magic = self.source.fill_buf()?;
        Ok(if magic.starts_with(ZSTD) {
            Box::new(Zstd::new(self.source))
        } else {
            Box::new(self.source)
        })
    }
}

/// The frames of a zstd file, one after another. A frame may ask for no more than 128 MiB.
struct Zstd<'a> {
    source: BufferedFile<'a>,
    frame: FrameDecoder,
    is_within: bool,
}

impl<'a> Zstd<'a> {
    fn new(source: BufferedFile<'a>) -> Self {
        Self {
            source,
            frame: FrameDecoder::new(),
            is_within: false,
        }
    }

    /// Begins the next frame, or passes over one that holds no data.
    fn begin(&mut self) -> io::Result<()> {
        match self.frame.init(&mut self.source) {
            Ok(()) => self.is_within = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let mut skipped = (&mut self.source).take(u64::from(length));
                io::copy(&mut skipped, &mut io::sink())?;
            }
            Err(error) => return Err(io::Error::other(error)),
        }
        Ok(())
    }
}

impl Read for Zstd<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_within {
                if buffer.is_empty() || self.source.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                self.begin()?;
                continue;
            }
            while self.frame.can_collect() == 0 && !self.frame.is_finished() {
                let enough = BlockDecodingStrategy::UptoBytes(buffer.len());
                self.frame
                    .decode_blocks(&mut self.source, enough)
                    .map_err(io::Error::other)?;
            }
            match self.frame.read(buffer)? {
                0 if !buffer.is_empty() => self.is_within = false,
                read => return Ok(read),
            }
        }
    }
}

/// The archive file, telling of its bytes as they are read.
struct Counted<'a> {
    file: File,
    packed: Packed,
    progress: &'a dyn Progress,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.progress.interrupted() {
            // `Interrupted` would mean: try again.
            return Err(io::ErrorKind::Other.into());
        }
        let read = self.file.read(buffer)?;
        self.packed.advance(read as u64);
        self.progress.advance(read as u64, 0);
        Ok(read)
    }
}
