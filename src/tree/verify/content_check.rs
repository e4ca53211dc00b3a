//! The contents that a scan reads: a file's alone, digested, or beside those of the file that
//! it is held against. Two that are the same needn't be digested to know it.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{Advice, FileType};

use super::collector::ExpectedFile;
use crate::fs::InodeFd;
use crate::progress::Progress;
use crate::tree::copy::{OpenSource, Scratch};
use crate::tree::digest::Digest;
use crate::tree::reading::{BufferPair, FilePair, SMALL, TransferError, digest, is_same};
use crate::tree::walk::stat::{self, Stat};

/// A regular file, open, and what is wanted of its contents.
pub(crate) struct ContentCheck {
    file: OpenSource,
    wanted: Wanted,
}

enum Wanted {
    Nothing,
    Digest,
    /// To know whether they are this file's, if that has the same size.
    Same(OpenSource),
}

/// The result of reading a file's contents.
#[derive(Debug)]
pub(crate) struct SeenContent {
    /// Their digest, where that was wanted or they aren't what was expected.
    pub digest: Option<Digest>,
    /// The length that was read, in bytes.
    pub size: u64,
    /// What the file that they were held against has.
    pub expected: Option<ExpectedFile>,
    /// That file has more extended attributes than the system lists.
    pub is_unlisted: bool,
}

impl ContentCheck {
    /// Of the held file of that `stat`, to be digested; with `media`, read from the medium.
    pub(crate) fn to_digest(held: &OwnedFd, stat: Stat, media: bool) -> io::Result<Self> {
        Ok(Self {
            file: open(held, stat, media)?,
            wanted: Wanted::Digest,
        })
    }

    /// Of the held file of that `stat`, to be compared with `name` in `folder`, if that is a
    /// file, too.
    ///
    /// # Errors
    /// [`TransferError::Target`]: what is expected can't be read.
    pub(crate) fn to_compare(
        held: &OwnedFd,
        stat: Stat,
        folder: Option<BorrowedFd<'_>>,
        name: &CStr,
        media: bool,
    ) -> Result<Self, TransferError> {
        let file = open(held, stat, media).map_err(TransferError::Source)?;
        let other = match folder {
            Some(folder) => expected(folder, name, media).map_err(TransferError::Target)?,
            None => None,
        };
        let wanted = other.map_or(Wanted::Nothing, Wanted::Same);
        Ok(Self { file, wanted })
    }

    /// Reads small files if that needs no waiting for the medium; else has them fetched. True
    /// if nothing is to be waited for.
    pub(crate) fn try_read(&mut self, room: &mut Scratch) -> bool {
        match &mut self.wanted {
            Wanted::Nothing => true,
            Wanted::Digest => self.file.try_read(&mut room.bytes),
            Wanted::Same(other) if other.stat.size != self.file.stat.size => true,
            Wanted::Same(other) => {
                room.others.resize(SMALL, 0);
                let ready = self.file.try_read(&mut room.bytes);
                let ready = other.try_read(&mut room.others) && ready;
                if !ready {
                    // The buffers go to the next ones.
                    (self.file.ready, other.ready) = (None, None);
                }
                ready
            }
        }
    }

    pub(crate) const fn stat(&self) -> &Stat {
        &self.file.stat
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.file.fd.as_fd()
    }

    /// Reads what is wanted.
    pub(crate) fn see(
        &self,
        room: &mut Scratch,
        progress: &dyn Progress,
    ) -> Result<SeenContent, TransferError> {
        let size = self.file.stat.size;
        let (digest, size, expected) = match &self.wanted {
            Wanted::Nothing => (None, size, None),
            Wanted::Digest => {
                let (digest, size) = match self.file.ready {
                    Some(size) => {
                        progress.advance(size as u64, 0);
                        (Digest::of(&room.bytes[..size]), size as u64)
                    }
                    None => digest(self.fd(), size, &mut room.bytes, progress)?,
                };
                (Some(digest), size, None)
            }
            Wanted::Same(other) => {
                let digests = self.compare(other, room, progress)?;
                let xattrs = match room.xattrs.read(InodeFd::Open(other.fd.as_fd())) {
                    Err(error) if stat::is_too_much(&error) => None,
                    xattrs => Some(xattrs.map_err(TransferError::Target)?),
                };
                let flags = stat::flags(other.fd.as_fd());
                let (found, expected) = digests.unzip();
                let expected = ExpectedFile::new(expected, xattrs.as_ref(), flags);
                (found, size, Some(expected))
            }
        };
        let is_unlisted = expected
            .as_ref()
            .is_some_and(|expected| expected.xattrs.is_none());
        Ok(SeenContent {
            digest,
            size,
            expected,
            is_unlisted,
        })
    }

    /// The digests of both where they differ, at equal size.
    fn compare(
        &self,
        other: &OpenSource,
        room: &mut Scratch,
        progress: &dyn Progress,
    ) -> Result<Option<(Digest, Digest)>, TransferError> {
        let size = self.file.stat.size;
        if other.stat.size != size {
            return Ok(None);
        }
        let (left, right) = (&mut room.bytes, &mut room.others);
        let same = if let (Some(a), Some(b)) = (self.file.ready, other.ready) {
            progress.advance(a as u64, 0);
            left[..a] == right[..b]
        } else {
            right.resize(SMALL, 0);
            let files = FilePair {
                source: self.fd(),
                target: other.fd.as_fd(),
            };
            let mut buffers = BufferPair {
                source: left,
                target: right,
            };
            is_same(files, size, &mut buffers, progress)?
        };
        if same {
            return Ok(None);
        }
        let (found, _) = digest(self.fd(), size, left, progress)?;
        let (expected, _) =
            digest(other.fd.as_fd(), size, left, progress).map_err(TransferError::of_target)?;
        Ok(Some((found, expected)))
    }
}

fn open(held: &OwnedFd, stat: Stat, media: bool) -> io::Result<OpenSource> {
    let fd = stat::open_held(held.as_fd())?;
    if media {
        // A hint, and no more: pages that are dirty, or mapped by others, stay.
        let _ = rustix::fs::fadvise(&fd, 0, None, Advice::DontNeed);
    }
    Ok(OpenSource {
        fd,
        stat,
        ready: None,
    })
}

/// The file to compare with, if there is one.
fn expected(folder: BorrowedFd<'_>, name: &CStr, media: bool) -> io::Result<Option<OpenSource>> {
    let held = match stat::hold(folder, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        held => held?,
    };
    let stat = Stat::of(held.as_fd())?;
    if stat.kind != FileType::RegularFile {
        return Ok(None);
    }
    open(&held, stat, media).map(Some)
}
