//! Sending: one walk, in which each thing is written as it is met.

use std::collections::HashMap;
use std::ffi::CStr;
use std::io::{self, Write};
use std::ops::Range;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FileType, IFlags};

use super::already_there::AlreadyThere;
use super::format::{PIECE, StreamWriter};
use super::stream_record::{Meta, StreamRecord};
use crate::error::{Explain as _, with_causes};
use crate::fs::InodeFd;
use crate::progress::Progress;
use crate::tree::copy::open_chain;
use crate::tree::digest::{Sum, read_full};
use crate::tree::error::{Cause, Error, FailedFile, Lost};
use crate::tree::manifest::Manifest;
use crate::tree::reading::{data_after, zeros};
use crate::tree::target::in_place::{Holds, holds};
use crate::tree::walk::dir_chain::DirChain;
use crate::tree::walk::escaped::join_path;
use crate::tree::walk::stat::{self, DirEntry, FileId, Listing, Stat, XattrRoom, Xattrs};
use crate::tree::walk::walk::open_root;

/// How often a file that changes is sent before it is given up.
const ATTEMPTS: u32 = 3;
/// How many folders are open at a time; those above are opened again.
const OPEN: usize = 100;

/// Writes the directory `root` to `out`, without the contents that `have` has already. Mount
/// points aren't crossed.
///
/// # Errors
/// [`Error::Read`], [`Error::Incomplete`] for what changes or can't be read,
/// [`Error::Unfinished`], [`Error::Interrupted`]: the stream says so, too.
/// [`Error::Write`] where nobody takes the stream any more.
pub fn send(
    root: &Path,
    have: Option<&Manifest>,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let mut out = StreamWriter::begin(out).map_err(unsent)?;
    let sent = open_root(root).and_then(|fd| {
        if holds(root)? == Holds::Part {
            let path = root.to_owned();
            return Err(Error::Unfinished { path });
        }
        let mut sender = Sender {
            path: root,
            out: &mut out,
            progress,
            have: AlreadyThere::new(have),
            links: HashMap::new(),
            room: vec![0; PIECE],
            xattrs: XattrRoom::default(),
        };
        sender.walk(&fd)
    });
    match sent {
        Ok(()) => out.end().map_err(unsent),
        Err(error) => {
            let message = with_causes(&error);
            // Where it can't be said, the stream has no end, which says enough.
            let _ = out.put(&StreamRecord::Failed {
                kind: error.kind(),
                message: message.into_bytes(),
            });
            Err(error)
        }
    }
}

fn unsent(error: io::Error) -> Error {
    Error::write("the stream", error)
}

struct SentFolder {
    /// Closed while too many are open.
    fd: Option<OwnedFd>,
    place: Arc<DirChain>,
    before: Stat,
    entries: Listing,
    /// The number of entries that were sent.
    sent: usize,
}

struct Sender<'a, 'o> {
    path: &'a Path,
    out: &'a mut StreamWriter<'o>,
    progress: &'a dyn Progress,
    have: AlreadyThere,
    /// Files with several names, and their numbers.
    links: HashMap<FileId, u64>,
    room: Vec<u8>,
    xattrs: XattrRoom,
}

/// One thing, held.
struct SentFile<'a> {
    held: OwnedFd,
    stat: Stat,
    name: &'a CStr,
    path: Vec<u8>,
    link: u64,
}

impl Sender<'_, '_> {
    fn put(&mut self, record: &StreamRecord) -> Result<(), Error> {
        self.out.put(record).map_err(unsent)
    }

    /// Extended attributes, and what is to be said if the system lists less than there are.
    fn listed(
        &mut self,
        path: &[u8],
        held: InodeFd<'_>,
    ) -> Result<(Xattrs, Option<StreamRecord>), Error> {
        match self.xattrs.read(held) {
            Err(error) if stat::is_too_much(&error) => {
                let lost = StreamRecord::Lost {
                    path: path.to_vec(),
                    lost: Lost::Xattr,
                    reason: error.to_string().into_bytes(),
                };
                Ok((Xattrs::new(), Some(lost)))
            }
            read => Ok((read.map_err(|error| self.unreadable(path, error))?, None)),
        }
    }

    /// [`Sender::listed`], said at once: not for within the records of a file.
    fn xattrs_of(&mut self, path: &[u8], held: InodeFd<'_>) -> Result<Xattrs, Error> {
        let (xattrs, lost) = self.listed(path, held)?;
        if let Some(lost) = lost {
            self.put(&lost)?;
        }
        Ok(xattrs)
    }

    fn unreadable(&self, path: &[u8], error: io::Error) -> Error {
        Error::read(join_path(self.path, path), error)
    }

    fn changed(&self, path: &[u8]) -> Error {
        let failure = FailedFile {
            path: path.to_vec(),
            cause: Cause::Changed,
        };
        Error::Incomplete {
            source_root: self.path.to_owned(),
            failed: vec![failure],
        }
    }

    fn frame(&self, fd: OwnedFd, place: Arc<DirChain>) -> Result<SentFolder, Error> {
        let looked = Stat::of(fd.as_fd()).and_then(|before| Ok((before, stat::list(&fd)?)));
        let (before, entries) = looked.map_err(|error| self.unreadable(&place.path(), error))?;
        Ok(SentFolder {
            fd: Some(fd),
            place,
            before,
            entries,
            sent: 0,
        })
    }

    fn walk(&mut self, root: &OwnedFd) -> Result<(), Error> {
        let first = stat::open_dir(root.as_fd(), c".");
        let first = first.map_err(|error| self.unreadable(b"", error))?;
        let mut frames = vec![self.frame(first, DirChain::root())?];
        while let Some(mut frame) = frames.pop() {
            if self.progress.interrupted() {
                return Err(Error::Interrupted);
            }
            let fd = match frame.fd.take() {
                Some(fd) => fd,
                None => open_chain(root.as_fd(), &frame.place)
                    .map_err(|error| self.unreadable(&frame.place.path(), error))?,
            };
            let next = frame.sent..frame.sent + 1;
            frame.sent += 1;
            let Some(entry) = frame.entries.range(next).next() else {
                self.leave(&fd, &frame)?;
                continue;
            };
            let below = self.entry(&fd, &frame, entry)?;
            frame.fd = Some(fd);
            frames.push(frame);
            if let Some(below) = below {
                frames.push(below);
                if let Some(above) = frames.len().checked_sub(OPEN) {
                    frames[above].fd = None;
                }
            }
        }
        Ok(())
    }

    fn leave(&mut self, fd: &OwnedFd, frame: &SentFolder) -> Result<(), Error> {
        let fail = |error| Error::read(join_path(self.path, &frame.place.path()), error);
        let stat = Stat::of(fd.as_fd()).map_err(fail)?;
        if !frame.before.is_unchanged(&stat) {
            return Err(self.changed(&frame.place.path()));
        }
        let path = frame.place.path();
        let xattrs = self.xattrs_of(&path, InodeFd::Open(fd.as_fd()))?;
        let meta = Meta::of(&stat, &xattrs, stat::flags(fd.as_fd()));
        self.put(&StreamRecord::Leave { meta })
    }

    /// Sends an entry; a folder is to be gone through next.
    fn entry(
        &mut self,
        fd: &OwnedFd,
        frame: &SentFolder,
        entry: DirEntry<'_>,
    ) -> Result<Option<SentFolder>, Error> {
        let path = frame.place.path_of(entry.name);
        let looked = stat::hold(fd.as_fd(), entry.name)
            .and_then(|held| Stat::of(held.as_fd()).map(|stat| (held, stat)));
        let (held, stat) = looked.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => self.changed(&path),
            _ => self.unreadable(&path, error),
        })?;
        if stat.kind == FileType::Directory {
            return self.folder(frame, entry, &held, &stat);
        }
        let mut thing = SentFile {
            held,
            stat,
            name: entry.name,
            path,
            link: 0,
        };
        if stat.links > 1 {
            let next = self.links.len() as u64 + 1;
            if let Some(&link) = self.links.get(&stat.id()) {
                let name = entry.name.to_bytes().to_vec();
                self.progress.advance(0, 1);
                return self.put(&StreamRecord::Link { name, link }).map(|()| None);
            }
            self.links.insert(stat.id(), next);
            thing.link = next;
        }
        match stat.kind {
            FileType::RegularFile => self.file(thing),
            _ => self.special(&thing),
        }?;
        self.progress.advance(0, 1);
        Ok(None)
    }

    fn folder(
        &mut self,
        frame: &SentFolder,
        entry: DirEntry<'_>,
        held: &OwnedFd,
        stat: &Stat,
    ) -> Result<Option<SentFolder>, Error> {
        let path = frame.place.path_of(entry.name);
        let name = entry.name.to_bytes().to_vec();
        self.put(&StreamRecord::Folder { name })?;
        if stat.mount != frame.before.mount {
            let reason = b"another filesystem is mounted there".to_vec();
            let lost = Lost::MountPoint;
            self.put(&StreamRecord::Lost { path, lost, reason })?;
            let meta = Meta::of(stat, &Vec::new(), IFlags::empty());
            return self.put(&StreamRecord::Leave { meta }).map(|()| None);
        }
        let fd = stat::open_dir(held.as_fd(), c".");
        let fd = fd.map_err(|error| self.unreadable(&path, error))?;
        self.frame(fd, frame.place.below(entry.name)).map(Some)
    }

    /// A symlink, a fifo, a socket or a device.
    fn special(&mut self, thing: &SentFile<'_>) -> Result<(), Error> {
        let fail = |error| Error::read(join_path(self.path, &thing.path), error);
        let xattrs = self.xattrs_of(&thing.path, InodeFd::Named(thing.held.as_fd()))?;
        let meta = Meta::of(&thing.stat, &xattrs, IFlags::empty());
        let (name, link, kind) = (thing.name.to_bytes().to_vec(), thing.link, thing.stat.kind);
        let target = match kind {
            FileType::Symlink => Some(stat::link_target(thing.held.as_fd()).map_err(fail)?),
            _ => None,
        };
        let target = target.as_ref().map(|target| target.to_bytes());
        if self.have.has(&thing.path, &thing.stat, target) {
            return self.put(&StreamRecord::Kept { name, link, meta });
        }
        if let Some(target) = target {
            let target = target.to_vec();
            return self.put(&StreamRecord::Symlink {
                name,
                target,
                link,
                meta,
            });
        }
        let of = thing.stat.device;
        let device = (rustix::fs::major(of), rustix::fs::minor(of));
        self.put(&StreamRecord::Node {
            name,
            kind,
            device,
            link,
            meta,
        })
    }

    fn file(&mut self, mut thing: SentFile<'_>) -> Result<(), Error> {
        let fail = |error| Error::read(join_path(self.path, &thing.path), error);
        let fd = stat::open_held(thing.held.as_fd()).map_err(fail)?;
        let flags = stat::flags(fd.as_fd());
        let (name, link) = (thing.name.to_bytes().to_vec(), thing.link);
        if self.have.has(&thing.path, &thing.stat, None) {
            let xattrs = self.xattrs_of(&thing.path, InodeFd::Open(fd.as_fd()))?;
            let meta = Meta::of(&thing.stat, &xattrs, flags);
            self.progress.advance(thing.stat.size, 0);
            return self.put(&StreamRecord::Kept { name, link, meta });
        }
        self.put(&StreamRecord::File {
            name,
            size: thing.stat.size,
            sparse: thing.stat.allocated < thing.stat.size,
            flags: flags.bits(),
            link,
        })?;
        for _ in 0..ATTEMPTS {
            let (sum, size) = self.contents(&fd, &thing)?;
            let listed = self.listed(&thing.path, InodeFd::Open(fd.as_fd()))?;
            let after = Stat::of(fd.as_fd());
            let after = after.map_err(|error| self.unreadable(&thing.path, error))?;
            if thing.stat.is_unchanged(&after) {
                let (xattrs, lost) = listed;
                let meta = Meta::of(&after, &xattrs, flags);
                let digest = sum.finish();
                self.put(&StreamRecord::FileEnd { size, digest, meta })?;
                return lost.map_or(Ok(()), |lost| self.put(&lost));
            }
            thing.stat = after;
            self.put(&StreamRecord::Again { size: after.size })?;
        }
        Err(self.changed(&thing.path))
    }

    fn contents(&mut self, fd: &OwnedFd, thing: &SentFile<'_>) -> Result<(Sum, u64), Error> {
        let size = thing.stat.size;
        let mut sum = Sum::default();
        let mut at = 0;
        while at < size {
            let Range { start, end } =
                data_after(fd.as_fd(), at, size).map_err(|e| self.unreadable(&thing.path, e))?;
            zeros(&mut sum, start - at, self.progress).map_err(|_| Error::Interrupted)?;
            self.progress.advance(start - at, 0);
            at = start;
            while at < end {
                if self.progress.interrupted() {
                    return Err(Error::Interrupted);
                }
                let wanted = usize::try_from(end - at).map_or(PIECE, |left| left.min(PIECE));
                let read = read_full(fd.as_fd(), &mut self.room[..wanted], at)
                    .map_err(|error| self.unreadable(&thing.path, error))?;
                if read == 0 {
                    // It shrank, and so it has changed.
                    return Ok((sum, at));
                }
                let bytes = self.room[..read].to_vec();
                sum.bytes(&bytes);
                self.put(&StreamRecord::Data { offset: at, bytes })?;
                self.progress.advance(read as u64, 0);
                at += read as u64;
            }
        }
        Ok((sum, at))
    }
}
