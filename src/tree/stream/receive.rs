//! Receiving: each record is done as it comes, in a folder that is unfinished until the last.

mod attributes;
mod file;

use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, CString};
use std::io::{self, Read};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FileType, IFlags};

use self::attributes::parts;
use super::format::{StreamReader, broken};
use super::stream_record::{Meta, StreamRecord};
use crate::fs::{Disk, InodeFd};
use crate::progress::Progress;
use crate::tree::copy::{Copied, MAX_PROBLEMS, open_chain, set_flags};
use crate::tree::error::{Error, Lost, Problem};
use crate::tree::manifest::Manifest;
use crate::tree::target::in_place::{InPlace, RootAttributes};
use crate::tree::target::remove::remove_at;
use crate::tree::walk::dir_chain::DirChain;
use crate::tree::walk::escaped::{Escaped, join_path};
use crate::tree::walk::stat::{self, LOCKING_FLAGS, Stat, XattrRoom};

/// How deep a tree may be that comes from elsewhere.
const DEEPEST: usize = 4096;

/// A directory that waits for a stream.
pub struct Receiving<'a> {
    disk: &'a Disk,
    path: &'a Path,
    place: InPlace<'a>,
    update: bool,
}

impl<'a> Receiving<'a> {
    /// Begins to fill the directory `path`, which must be empty; with `update` it may hold
    /// anything, of which the stream uses what it can and the rest is removed. From now on
    /// until a stream was taken in full, [`holds`](crate::tree::holds) says `Part` of it.
    ///
    /// # Errors
    /// Those of [`fill`](crate::tree::fill).
    pub fn begin(disk: &'a Disk, path: &'a Path, update: bool) -> Result<Self, Error> {
        let place = if update {
            InPlace::resume(disk, path)?
        } else {
            InPlace::begin(disk, path)?
        };
        Ok(Self {
            disk,
            path,
            place,
            update,
        })
    }

    /// What there is already, for [`send`](super::send).
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Interrupted`].
    pub fn have(&self, progress: &dyn Progress) -> Result<Option<Manifest>, Error> {
        if !self.update {
            return Ok(None);
        }
        self.place.manifest(progress).map(Some)
    }

    /// Takes a stream. After an error what has arrived stays, unfinished, for another try
    /// with `update`.
    ///
    /// # Errors
    /// [`Error::Stream`] for a stream that is cut, damaged or makes no sense, [`Error::Sent`]
    /// for what went wrong where it comes from, [`Error::Write`].
    pub fn take(self, input: &mut dyn Read, progress: &dyn Progress) -> Result<Copied, Error> {
        let content = self.place.content()?;
        let now = Stat::of(content.as_fd()).map_err(|error| Error::write(self.path, error))?;
        let mut receiver = Receiver {
            disk: self.disk,
            path: self.path,
            root: &content,
            progress,
            fresh: (now.uid, now.gid, stat::flags(content.as_fd())),
            frames: vec![ArrivingFolder::root()],
            links: HashMap::new(),
            locks: Vec::new(),
            xattrs: XattrRoom::default(),
            copied: Copied::default(),
        };
        let root = receiver.all(&mut StreamReader::begin(input)?)?;
        let Receiver {
            locks, mut copied, ..
        } = receiver;
        for lock in locks {
            let path = lock.place.path_of(&lock.name);
            let set = open_chain(content.as_fd(), &lock.place)
                .and_then(|dir| stat::hold(dir.as_fd(), &lock.name))
                .and_then(|held| stat::open_held(held.as_fd()))
                .and_then(|fd| set_flags(self.disk, fd.as_fd(), &lock.name, lock.flags));
            if let Err(error) = set {
                copied.lose_flags(path, &error);
            }
        }
        let (root, xattrs, flags) = parts(&root, &now)?;
        let attributes = RootAttributes {
            stat: &root,
            xattrs: &xattrs,
            flags,
        };
        drop(content);
        copied
            .problems
            .extend(self.place.publish(&attributes, true)?);
        Ok(copied)
    }
}

/// A folder that is being gone through.
struct ArrivingFolder {
    place: Arc<DirChain>,
    /// Names that came.
    seen: HashSet<CString>,
}

impl ArrivingFolder {
    fn root() -> Self {
        Self {
            place: DirChain::root(),
            seen: HashSet::new(),
        }
    }
}

/// Flags that are set when nothing needs to change any more.
struct LateFlags {
    place: Arc<DirChain>,
    name: CString,
    flags: IFlags,
}

struct Receiver<'a> {
    disk: &'a Disk,
    path: &'a Path,
    root: &'a OwnedFd,
    progress: &'a dyn Progress,
    /// Owner, group and flags of what is made.
    fresh: (u32, u32, IFlags),
    frames: Vec<ArrivingFolder>,
    links: HashMap<u64, (Arc<DirChain>, CString)>,
    locks: Vec<LateFlags>,
    xattrs: XattrRoom,
    copied: Copied,
}

/// A name in the current folder.
struct IncomingName {
    dir: OwnedFd,
    place: Arc<DirChain>,
    name: CString,
    path: Vec<u8>,
}

impl Receiver<'_> {
    /// Takes everything; answers the root's attributes.
    fn all(&mut self, stream: &mut StreamReader<'_>) -> Result<Meta, Error> {
        loop {
            if self.progress.interrupted() {
                return Err(Error::Interrupted);
            }
            match stream.next()? {
                StreamRecord::Folder { name } => self.folder(name)?,
                StreamRecord::Leave { meta } => {
                    if let Some(root) = self.leave(meta)? {
                        return match stream.next()? {
                            StreamRecord::End { .. } => Ok(root),
                            StreamRecord::Failed { kind, message } => Err(sent(kind, &message)),
                            _ => Err(broken("with something after its end")),
                        };
                    }
                }
                StreamRecord::File {
                    name,
                    size,
                    sparse,
                    flags,
                    link,
                } => {
                    let spot = self.spot(name)?;
                    self.file(stream, &spot, size, sparse, flags, link)?;
                }
                StreamRecord::Kept { name, link, meta } => self.kept(name, link, &meta)?,
                StreamRecord::Symlink {
                    name,
                    target,
                    link,
                    meta,
                } => {
                    let target = CString::new(target).map_err(|_| broken("a broken record"))?;
                    let spot = self.spot(name)?;
                    self.disk
                        .make_symlink_at(&target, spot.dir.as_fd(), &spot.name)
                        .map_err(self.fail(&spot.path))?;
                    self.made(&spot, link, &meta, FileType::Symlink)?;
                }
                StreamRecord::Node {
                    name,
                    kind,
                    device,
                    link,
                    meta,
                } => {
                    self.node(name, kind, device, link, &meta)?;
                }
                StreamRecord::Link { name, link } => self.link(name, link)?,
                StreamRecord::Lost { path, lost, reason } => {
                    let reason = Escaped(&reason).to_string();
                    self.lose(path, lost, reason);
                }
                StreamRecord::Failed { kind, message } => return Err(sent(kind, &message)),
                StreamRecord::Data { .. }
                | StreamRecord::Again { .. }
                | StreamRecord::FileEnd { .. }
                | StreamRecord::End { .. } => return Err(broken("with its records in no order")),
            }
        }
    }

    fn fail(&self, path: &[u8]) -> impl Fn(io::Error) -> Error + use<> {
        let path = join_path(self.path, path);
        move |error| Error::write(&path, error)
    }

    fn lose(&mut self, path: Vec<u8>, lost: Lost, reason: String) {
        if self.copied.problems.len() < MAX_PROBLEMS {
            let problem = Problem { path, lost, reason };
            self.copied.problems.push(problem);
        } else {
            self.copied.problems_left_out += 1;
        }
    }

    /// A name in the current folder, which came for the first time.
    fn name(&mut self, name: Vec<u8>) -> Result<IncomingName, Error> {
        let Some(frame) = self.frames.last_mut() else {
            return Err(broken("with something after its end"));
        };
        let name = CString::new(name).map_err(|_| broken("a broken record"))?;
        if !frame.seen.insert(name.clone()) {
            return Err(broken("with a name twice"));
        }
        let place = Arc::clone(&frame.place);
        let path = place.path_of(&name);
        let dir = open_chain(self.root.as_fd(), &place).map_err(self.fail(&path))?;
        Ok(IncomingName {
            dir,
            place,
            name,
            path,
        })
    }

    /// The same, and what has the name goes.
    fn spot(&mut self, name: Vec<u8>) -> Result<IncomingName, Error> {
        let spot = self.name(name)?;
        match remove_at(self.disk, spot.dir.as_fd(), &spot.name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed.map_err(self.fail(&spot.path))?,
        }
        Ok(spot)
    }

    fn folder(&mut self, name: Vec<u8>) -> Result<(), Error> {
        if self.frames.len() >= DEEPEST {
            return Err(broken("deeper than any tree"));
        }
        let spot = self.name(name)?;
        let fail = self.fail(&spot.path);
        let there = Stat::at(spot.dir.as_fd(), &spot.name).ok();
        if there.is_some_and(|stat| stat.kind != FileType::Directory) {
            remove_at(self.disk, spot.dir.as_fd(), &spot.name).map_err(&fail)?;
        }
        if there.is_some_and(|stat| stat.kind == FileType::Directory) {
            let fd = stat::open_dir(spot.dir.as_fd(), &spot.name).map_err(&fail)?;
            self.unlock(fd.as_fd(), &spot.name).map_err(&fail)?;
        } else {
            self.disk
                .make_dir_at(spot.dir.as_fd(), &spot.name, 0o700)
                .map_err(&fail)?;
        }
        self.frames.push(ArrivingFolder {
            place: spot.place.below(&spot.name),
            seen: HashSet::new(),
        });
        Ok(())
    }

    fn unlock(&self, fd: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        let flags = stat::flags(fd);
        if flags.intersects(LOCKING_FLAGS) {
            set_flags(self.disk, fd, name, flags - LOCKING_FLAGS)?;
        }
        Ok(())
    }

    /// The current folder is complete: what didn't come goes. The root's attributes are
    /// handed back, for later.
    fn leave(&mut self, meta: Meta) -> Result<Option<Meta>, Error> {
        let Some(frame) = self.frames.pop() else {
            return Err(broken("with something after its end"));
        };
        let path = frame.place.path();
        let fail = self.fail(&path);
        let fd = open_chain(self.root.as_fd(), &frame.place).map_err(&fail)?;
        let listing = stat::open_dir(fd.as_fd(), c".").map_err(&fail)?;
        for entry in stat::list(&listing).map_err(&fail)?.iter() {
            if !frame.seen.contains(entry.name) {
                remove_at(self.disk, fd.as_fd(), entry.name).map_err(&fail)?;
            }
        }
        self.copied.counts.directories += 1;
        if frame.place.is_root() {
            return Ok(Some(meta));
        }
        let name = frame.place.name().to_owned();
        self.attributes(
            InodeFd::Open(fd.as_fd()),
            &name,
            &path,
            &meta,
            FileType::Directory,
        )?;
        if let Some(above) = self.frames.last() {
            let place = Arc::clone(&above.place);
            self.lock(place, name, &meta);
        }
        Ok(None)
    }

    fn lock(&mut self, place: Arc<DirChain>, name: CString, meta: &Meta) {
        let flags = IFlags::from_bits_truncate(meta.flags) & stat::KEPT_FLAGS;
        if flags.intersects(LOCKING_FLAGS) {
            self.locks.push(LateFlags { place, name, flags });
        }
    }

    /// Remembers a file for its other names, and flags for the end.
    fn settle(&mut self, spot: &IncomingName, link: u64, meta: &Meta) {
        if link != 0 {
            let first = (Arc::clone(&spot.place), spot.name.clone());
            self.links.insert(link, first);
        }
        self.lock(Arc::clone(&spot.place), spot.name.clone(), meta);
    }

    fn link(&mut self, name: Vec<u8>, link: u64) -> Result<(), Error> {
        let Some((place, first)) = self.links.get(&link).cloned() else {
            return Err(broken("about something that isn't there"));
        };
        let spot = self.spot(name)?;
        let fail = self.fail(&spot.path);
        let dir = open_chain(self.root.as_fd(), &place).map_err(&fail)?;
        let (into, name) = (spot.dir.as_fd(), spot.name.as_c_str());
        self.disk
            .link_at(dir.as_fd(), &first, into, name)
            .map_err(&fail)?;
        self.progress.advance(0, 1);
        Ok(())
    }
}

fn sent(kind: crate::error::Kind, message: &[u8]) -> Error {
    let message = Escaped(&message[..message.len().min(2000)]).to_string();
    Error::Sent { kind, message }
}
