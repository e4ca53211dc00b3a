//! Filling a directory that can't be replaced by a rename: a volume's mount point.
//!
//! What comes grows in a 0700 folder within, [`PART`]; when it is complete and on the medium,
//! each of its entries is renamed up. From the first moment to the last the directory is
//! recognised as unfinished: by that folder, which is removed last but for the directory's own
//! attributes, and by its mode, which is [`MARK`] until the very last call. So nothing that a
//! crash leaves is taken for complete, and nobody but root gets in meanwhile.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, FlockOperation, IFlags};
use serde::{Deserialize, Serialize};

use super::destination::{CONTENT, StagingDir, is_overlay, make_plain};
use super::remove::remove_at;
use crate::fs::{Disk, InodeFd, Purpose, Taken, TemporaryName};
use crate::progress::Progress;
use crate::tree::copy::{Attributes, InodeDefaults, apply, set_flags};
use crate::tree::error::{Error, Lost, Problem};
use crate::tree::manifest::Manifest;
use crate::tree::target::attribute_probe::keeps_attributes;
use crate::tree::verify::difference::{VerifyOptions, VerifyScope};
use crate::tree::verify::scanner::manifest_of;
use crate::tree::walk::escaped::join_path;
use crate::tree::walk::fence::Fence;
use crate::tree::walk::stat::{self, DirEntry, LOCKING_FLAGS, Stat, XattrRoom};
use crate::tree::walk::walk::open_root;

/// The folder within, as long as its place is unfinished.
const PART: &CStr = c".transship-part";

/// [`CONTENT`] from the place.
const PART_CONTENT: &str = ".transship-part/content";

/// The mode of an unfinished place. Setuid means nothing of a directory, so that none has it.
const MARK: u32 = 0o5700;

/// What there is in a directory that is to be filled, or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// Nothing at all.
    Nothing,
    /// A copy that was begun and never completed.
    Part,
    /// Something.
    Something,
}

/// What the directory at `path` holds.
///
/// # Errors
/// [`Error::Read`].
pub fn holds(path: &Path) -> Result<Holds, Error> {
    let root = open_root(path)?;
    look(&root).map_err(|error| Error::read(path, error))
}

fn look(root: &OwnedFd) -> io::Result<Holds> {
    let entries = stat::list(root)?;
    let marked = Stat::of(root.as_fd())?.mode == MARK;
    if marked || entries.iter().any(|entry| entry.name == PART) {
        return Ok(Holds::Part);
    }
    if entries.is_empty() {
        return Ok(Holds::Nothing);
    }
    Ok(Holds::Something)
}

/// Removes everything in the directory at `path`, which then is as a new volume's.
///
/// # Errors
/// [`Error::Read`] and [`Error::Write`].
pub fn clear(disk: &Disk, path: &Path) -> Result<(), Error> {
    let root = open_root(path)?;
    empty(disk, root.as_fd()).map_err(|error| Error::write(path, error))
}

fn empty(disk: &Disk, root: BorrowedFd<'_>) -> io::Result<()> {
    unlock(disk, root)?;
    // A listing moves the descriptor's place, so it has one of its own.
    for entry in stat::list(&stat::open_dir(root, c".")?)?.iter() {
        remove_at(disk, root, entry.name)?;
    }
    let held = InodeFd::Open(root);
    for (attribute, _) in XattrRoom::default().read(held)? {
        drop_xattr(disk, held, &attribute)?;
    }
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    let stat = Stat::of(root)?;
    if (stat.uid, stat.gid) != (uid.as_raw(), gid.as_raw()) {
        disk.set_owner(held, PART, Some(uid.as_raw()), Some(gid.as_raw()))?;
    }
    disk.set_mode(held, PART, 0o755)
}

/// The system's own label stays: it belongs to the place.
fn drop_xattr(disk: &Disk, held: InodeFd<'_>, attribute: &CStr) -> io::Result<()> {
    if attribute == c"security.selinux" {
        return Ok(());
    }
    disk.remove_xattr(held, PART, attribute)
}

fn unlock(disk: &Disk, fd: BorrowedFd<'_>) -> io::Result<IFlags> {
    let flags = stat::flags(fd);
    if flags.intersects(LOCKING_FLAGS) {
        set_flags(disk, fd, PART, flags - LOCKING_FLAGS)?;
    }
    Ok(flags)
}

/// The source root's attributes, which the directory gets when all else is in place.
pub(crate) struct RootAttributes<'a> {
    pub stat: &'a Stat,
    pub xattrs: &'a stat::Xattrs,
    pub flags: IFlags,
}

/// A directory being filled.
pub(crate) struct InPlace<'a> {
    disk: &'a Disk,
    path: PathBuf,
    root: OwnedFd,
    /// [`PART`], locked.
    part: OwnedFd,
}

impl<'a> InPlace<'a> {
    /// Begins to fill the directory at `path`, which is empty or holds part of a copy; that
    /// part is removed.
    pub(crate) fn begin(disk: &'a Disk, path: &Path) -> Result<Self, Error> {
        let root = open_root(path)?;
        match look(&root).map_err(|error| Error::read(path, error))? {
            Holds::Nothing => {}
            Holds::Part => {
                // Whoever is at work on it has it locked.
                drop(lock_part(root.as_fd(), path)?);
                empty(disk, root.as_fd()).map_err(|error| Error::write(path, error))?;
            }
            Holds::Something => {
                let path = path.to_owned();
                return Err(Error::TargetNotEmpty { path });
            }
        }
        Self::mark(disk, path, root)
    }

    /// Begins to fill the directory at `path`, whatever it holds: all of that is in [`CONTENT`]
    /// then, and may be used.
    pub(crate) fn resume(disk: &'a Disk, path: &Path) -> Result<Self, Error> {
        let place = Self::mark(disk, path, open_root(path)?)?;
        let content = place.content()?;
        let fail = place.fail(b"");
        unlock(disk, place.root()).map_err(&fail)?;
        let root = stat::open_dir(place.root(), c".").map_err(&fail)?;
        for entry in stat::list(&root).map_err(&fail)?.iter() {
            if entry.name == PART {
                continue;
            }
            if Stat::at(content.as_fd(), entry.name).is_ok() {
                remove_at(disk, content.as_fd(), entry.name).map_err(&fail)?;
            }
            move_entry(disk, place.root(), content.as_fd(), entry).map_err(&fail)?;
        }
        Ok(place)
    }

    /// [`CONTENT`], made where it isn't there.
    pub(crate) fn content(&self) -> Result<OwnedFd, Error> {
        let fail = self.fail(b"");
        match self.disk.make_dir_at(self.part(), CONTENT, 0o700) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(fail(error)),
            _ => {}
        }
        stat::open_dir(self.part(), CONTENT).map_err(fail)
    }

    /// What is in [`CONTENT`], by its metadata.
    pub(crate) fn manifest(&self, progress: &dyn Progress) -> Result<Manifest, Error> {
        drop(self.content()?);
        let options = VerifyOptions {
            scope: VerifyScope::MetadataOnly,
            ..VerifyOptions::default()
        };
        manifest_of(&self.path.join(PART_CONTENT), &options, progress)
    }

    fn mark(disk: &'a Disk, path: &Path, root: OwnedFd) -> Result<Self, Error> {
        let fail = |error| Error::write(path, error);
        match disk.make_dir_at(root.as_fd(), PART, 0o700) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(fail(error)),
            _ => {}
        }
        let Some(part) = lock_part(root.as_fd(), path)? else {
            return Err(fail(io::ErrorKind::NotFound.into()));
        };
        make_plain(disk, part.as_fd(), PART).map_err(fail)?;
        disk.set_mode(InodeFd::Open(root.as_fd()), PART, MARK)
            .map_err(fail)?;
        Ok(Self {
            disk,
            path: path.to_owned(),
            root,
            part,
        })
    }

    /// The directory itself.
    pub(crate) fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    /// The folder in which [`CONTENT`] is made.
    pub(crate) fn part(&self) -> BorrowedFd<'_> {
        self.part.as_fd()
    }

    /// [`InPlace::part`], for a copy to grow in.
    pub(crate) fn dir<'f>(&'f self, fence: &'f Fence) -> StagingDir<'f> {
        StagingDir {
            fd: self.part(),
            exact: keeps_attributes(self.disk, self.part()),
            fence,
        }
    }

    /// What a source must not have in it that is copied to here: this directory, the folder in
    /// it, and a name that is made in that for as long as `work` takes.
    ///
    /// # Errors
    /// Those of `work`, and [`Error::Write`].
    pub(crate) fn fenced<T>(
        &self,
        source: &Path,
        work: impl FnOnce(&Fence) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let fail = self.fail(b"");
        let mut fence = Fence::between(source, &self.path);
        for fd in [self.root(), self.part()] {
            fence.forbid(Stat::of(fd).map_err(&fail)?.id());
        }
        if !is_overlay(self.root()) {
            return work(&fence);
        }
        let name = TemporaryName::new(Purpose::Aside);
        let name = name.as_c_str();
        fence.forbid_name(name);
        self.disk
            .make_dir_at(self.part(), name, 0o700)
            .map_err(&fail)?;
        let done = work(&fence);
        self.disk.remove_dir_at(self.part(), name).map_err(&fail)?;
        done
    }

    fn fail(&self, path: &[u8]) -> impl Fn(io::Error) -> Error + use<> {
        let path = join_path(&self.path, path);
        move |error| Error::write(&path, error)
    }

    /// Gives everything in [`CONTENT`] its place, and the directory its attributes: the
    /// moment at which the copy exists. Answers what of those can't be kept.
    pub(crate) fn publish(
        self,
        attributes: &RootAttributes<'_>,
        sync: bool,
    ) -> Result<Vec<Problem>, Error> {
        let fail = self.fail(b"");
        if sync {
            self.disk
                .sync_filesystem(self.part(), PART)
                .map_err(&fail)?;
        }
        let content = stat::open_dir(self.part(), CONTENT).map_err(&fail)?;
        for entry in stat::list(&content).map_err(&fail)?.iter() {
            move_entry(self.disk, content.as_fd(), self.root(), entry)
                .map_err(self.fail(entry.name.to_bytes()))?;
        }
        drop(content);
        self.disk
            .remove_dir_at(self.part(), CONTENT)
            .and_then(|()| self.disk.remove_dir_at(self.root(), PART))
            .map_err(&fail)?;
        let problems = self.finish(attributes).map_err(&fail)?;
        if sync {
            self.disk.sync(self.root(), PART).map_err(&fail)?;
        }
        Ok(problems)
    }

    /// Owner, attributes and times first; the mode, which says that all is done, last.
    fn finish(&self, attributes: &RootAttributes<'_>) -> io::Result<Vec<Problem>> {
        let held = InodeFd::Open(self.root());
        for (attribute, _) in XattrRoom::default().read(held)? {
            if attributes.xattrs.iter().all(|(each, _)| *each != attribute) {
                drop_xattr(self.disk, held, &attribute)?;
            }
        }
        let now = Stat::of(self.root())?;
        let fresh = InodeDefaults {
            uid: now.uid,
            gid: now.gid,
            mode: None,
            flags: stat::flags(self.root()),
        };
        let marked = Stat {
            mode: MARK,
            ..*attributes.stat
        };
        let wanted = Attributes {
            stat: &marked,
            xattrs: attributes.xattrs,
            flags: attributes.flags,
        };
        let mut problems = Vec::new();
        let mut lost = |lost: Lost, reason: String| {
            problems.push(Problem {
                path: Vec::new(),
                lost,
                reason,
            });
        };
        apply(self.disk, held, PART, &wanted, &fresh, &mut lost)?;
        let given = Stat::of(self.root())?;
        let owned = (given.uid, given.gid) == (attributes.stat.uid, attributes.stat.gid);
        // Setuid of a wrong owner would be a gift to that owner.
        let mode = attributes.stat.mode & if owned { 0o7777 } else { 0o1777 };
        self.disk.set_mode(held, PART, mode)?;
        if attributes.flags.intersects(LOCKING_FLAGS)
            && let Err(error) = set_flags(self.disk, self.root(), PART, attributes.flags)
        {
            problems.push(Problem {
                path: Vec::new(),
                lost: Lost::Flags,
                reason: error.to_string(),
            });
        }
        Ok(problems)
    }

    /// Takes back everything: the directory is as a new volume's.
    pub(crate) fn abandon(self) {
        // The failure is what there is to tell; what stays is recognised as unfinished.
        let _ = empty(self.disk, self.root.as_fd());
    }
}

/// Locks [`PART`], if it is there.
fn lock_part(root: BorrowedFd<'_>, path: &Path) -> Result<Option<OwnedFd>, Error> {
    let part = match stat::open_dir(root, PART) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        part => part.map_err(|error| Error::read(path, error))?,
    };
    match rustix::fs::flock(&part, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(part)),
        Err(_) => Err(Error::Busy {
            path: path.to_owned(),
        }),
    }
}

/// Moves an entry from one folder to another of the same filesystem; one that is locked by
/// its flags is locked again. Whoever isn't root locks nothing, and moves a folder only while
/// he may write it.
fn move_entry(
    disk: &Disk,
    from: BorrowedFd<'_>,
    to: BorrowedFd<'_>,
    entry: DirEntry<'_>,
) -> io::Result<()> {
    let name = entry.name;
    let Stat { kind, mode, .. } = Stat::at(from, name)?;
    if !rustix::process::geteuid().is_root() {
        let closed = kind == FileType::Directory && mode & 0o700 != 0o700;
        let held = closed.then(|| stat::hold(from, name)).transpose()?;
        let held = held.as_ref().map(|held| InodeFd::Named(held.as_fd()));
        if let Some(held) = held {
            disk.set_mode(held, name, 0o700)?;
        }
        disk.rename_at(from, name, to, name, Taken::Refuse)?;
        return held.map_or(Ok(()), |held| disk.set_mode(held, name, mode));
    }
    let opened = match kind {
        FileType::Directory => Some(stat::open_dir(from, name)?),
        FileType::RegularFile => Some(stat::open_held(stat::hold(from, name)?.as_fd())?),
        _ => None,
    };
    let locked = match &opened {
        Some(fd) => Some(unlock(disk, fd.as_fd())?).filter(|flags| flags.intersects(LOCKING_FLAGS)),
        None => None,
    };
    disk.rename_at(from, name, to, name, Taken::Refuse)?;
    if let (Some(fd), Some(flags)) = (opened, locked) {
        set_flags(disk, fd.as_fd(), name, flags)?;
    }
    Ok(())
}
