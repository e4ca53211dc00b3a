//! Where a tree is put: the target's name in its held folder, and the staging folder
//! beside it in which the tree grows until it is complete.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, FlockOperation};

use super::remove::remove_at;
use super::sweep::sweep_at;
use crate::fs::{Disk, InodeFd, Purpose, Taken, TemporaryName};
use crate::tree::error::Error;
use crate::tree::target::attribute_probe::keeps_attributes;
use crate::tree::walk::fence::Fence;
use crate::tree::walk::stat::{self, LOCKING_FLAGS, Stat, XattrRoom};

/// A path's folder, and its last name; `None` where it ends in no name (`/`, `..`).
pub(crate) fn split(path: &Path) -> Option<(&Path, CString)> {
    let name = CString::new(path.file_name()?.as_bytes()).ok()?;
    let above = path.parent()?;
    let above = if above.as_os_str().is_empty() {
        Path::new(".")
    } else {
        above
    };
    Some((above, name))
}

/// The place of a target that can be filled.
#[derive(Debug)]
pub(crate) struct Destination {
    path: PathBuf,
    above: OwnedFd,
    name: CString,
    /// An empty directory is there, and the tree replaces it.
    replaces: bool,
}

impl Destination {
    /// Looks at `target`, which must be absent or, for a tree, an empty directory.
    pub(crate) fn find(target: &Path, tree: bool) -> Result<Self, Error> {
        let (above_path, name) = split(target).ok_or_else(|| Error::NoName {
            path: target.to_owned(),
        })?;
        let above: OwnedFd = File::open(above_path)
            .map_err(|source| Error::Unwritable {
                path: target.to_owned(),
                source,
            })?
            .into();
        Self::look(above, name, target, tree)
    }

    /// `name` in a folder that is held already.
    pub(crate) fn look(
        above: OwnedFd,
        name: CString,
        target: &Path,
        tree: bool,
    ) -> Result<Self, Error> {
        let path = target.to_owned();
        let replaces = match Stat::at(above.as_fd(), &name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(source) if source.kind() == io::ErrorKind::NotADirectory => {
                return Err(Error::Unwritable { path, source });
            }
            Err(error) => return Err(Error::read(target, error)),
            Ok(stat) if tree && stat.kind == FileType::Directory => {
                check_empty(target, above.as_fd(), &name, &stat)?;
                true
            }
            Ok(_) => return Err(Error::TargetExists { path }),
        };
        Ok(Self {
            path,
            above,
            name,
            replaces,
        })
    }

    /// The place of a target that exists and stays, for a staging folder within its root `fd`:
    /// of another filesystem nothing could be renamed into it.
    pub(crate) fn within(target: &Path, fd: OwnedFd) -> Self {
        let name = split(target).map_or_else(|| c"transship".to_owned(), |(_, name)| name);
        Self {
            path: target.to_owned(),
            above: fd,
            name,
            replaces: false,
        }
    }

    /// The place of a target that exists and stays: for a staging folder beside it.
    ///
    /// # Errors
    /// [`Error::NoName`]; [`Error::Read`] for the folder that it is in.
    pub(crate) fn beside(target: &Path) -> Result<Self, Error> {
        let (above_path, name) = split(target).ok_or_else(|| Error::NoName {
            path: target.to_owned(),
        })?;
        let above = File::open(above_path).map_err(|error| Error::read(above_path, error))?;
        Ok(Self {
            path: target.to_owned(),
            above: above.into(),
            name,
            replaces: false,
        })
    }

    /// The mount that the target's folder is on.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub(crate) fn mount(&self) -> Result<u64, Error> {
        let stat = Stat::of(self.above.as_fd());
        stat.map(|stat| stat.mount)
            .map_err(|error| Error::read(&self.path, error))
    }

    /// Refuses a target within the directory `source`.
    pub(crate) fn check_outside(&self, source: &Path, root: &Stat) -> Result<(), Error> {
        check_outside(self.above.as_fd(), &self.path, source, root)
    }

    /// Makes the staging folder, and removes what earlier runs left that died.
    /// `source` is what messages call the tree that is copied.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(crate) fn stage<'a>(self, disk: &'a Disk, source: &Path) -> Result<Staging<'a>, Error> {
        // What can't be removed is in nobody's way.
        let _ = sweep_at(disk, self.above.as_fd());
        let path = self.path.clone();
        let fail = |error| Error::write(&path, error);
        let name = TemporaryName::new(Purpose::Part);
        let mut fence = Fence::between(source, &self.path);
        let above = Stat::of(self.above.as_fd()).map_err(fail)?;
        fence.forbid(above.id());
        fence.forbid_name(name.as_c_str());
        disk.make_dir_at(self.above.as_fd(), name.as_c_str(), 0o700)
            .map_err(fail)?;
        let mut staging = Staging {
            disk,
            destination: self,
            fd: None,
            name,
            exact: false,
            fence,
        };
        let fd = stat::open_dir(staging.destination.above.as_fd(), staging.name()).map_err(fail)?;
        rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| fail(error.into()))?;
        make_plain(disk, fd.as_fd(), staging.name()).map_err(fail)?;
        staging.exact = keeps_attributes(disk, fd.as_fd());
        let made = Stat::of(fd.as_fd()).map_err(fail)?;
        staging.fence.forbid(made.id());
        staging.fd = Some(fd);
        Ok(staging)
    }
}

/// Refuses the directory `fd`, in which or as which `target` is to be made, if it is the
/// directory `source` or within it.
pub(crate) fn check_outside(
    fd: BorrowedFd<'_>,
    target: &Path,
    source: &Path,
    root: &Stat,
) -> Result<(), Error> {
    let fail = |error| Error::read(target, error);
    let mut fd = stat::open_dir(fd, c".").map_err(fail)?;
    let mut here = Stat::of(fd.as_fd()).map_err(fail)?;
    loop {
        if here.is_same_file(root) {
            return Err(Error::Nested {
                source_root: source.to_owned(),
                target: target.to_owned(),
            });
        }
        // A folder above that can't be opened can't be the source, which could.
        let Ok(above) = stat::open_dir(fd.as_fd(), c"..") else {
            return Ok(());
        };
        let there = Stat::of(above.as_fd()).map_err(fail)?;
        if there.is_same_file(&here) {
            return Ok(());
        }
        (fd, here) = (above, there);
    }
}

fn check_empty(
    target: &Path,
    above: BorrowedFd<'_>,
    name: &CStr,
    stat: &Stat,
) -> Result<(), Error> {
    let fail = |error| Error::read(target, error);
    let path = target.to_owned();
    if Stat::of(above).map_err(fail)?.mount != stat.mount {
        return Err(Error::TargetIsMountPoint { path });
    }
    let fd = stat::open_dir(above, name).map_err(fail)?;
    if stat::list(&fd).map_err(fail)?.is_empty() {
        Ok(())
    } else {
        Err(Error::TargetNotEmpty { path })
    }
}

/// Takes away what a new folder inherits and would hand down: ACLs and setgid.
pub(crate) fn make_plain(disk: &Disk, fd: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    let held = InodeFd::Open(fd);
    for (attribute, _) in XattrRoom::default().read(held)? {
        if attribute.to_bytes().starts_with(b"system.posix_acl_") {
            disk.remove_xattr(held, name, &attribute)?;
        }
    }
    disk.set_mode(held, name, 0o700)
}

/// True if the folder is of an overlay filesystem, which numbers folders anew.
pub(crate) fn is_overlay(fd: BorrowedFd<'_>) -> bool {
    const MAGIC: rustix::fs::FsWord = 0x794c_7630;
    rustix::fs::fstatfs(fd).is_ok_and(|stat| stat.f_type == MAGIC)
}

/// The name of what is copied within the staging folder.
pub(crate) const CONTENT: &CStr = c"content";

/// A folder that nobody else can enter, in which a copy grows under the name [`CONTENT`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct StagingDir<'a> {
    pub(crate) fd: BorrowedFd<'a>,
    /// True if the filesystem keeps the attributes that it takes.
    pub(crate) exact: bool,
    /// What the source must not have in it.
    pub(crate) fence: &'a Fence,
}

/// A 0700 folder beside the target. What is left of it is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Staging<'a> {
    disk: &'a Disk,
    destination: Destination,
    /// Open, and locked, once it is set up.
    fd: Option<OwnedFd>,
    name: TemporaryName,
    exact: bool,
    fence: Fence,
}

impl Staging<'_> {
    /// What the folder is called.
    pub(crate) fn name(&self) -> &CStr {
        self.name.as_c_str()
    }

    /// What the source must not have in it.
    pub(crate) fn fence(&self) -> &Fence {
        &self.fence
    }

    /// The target's path, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.destination.path
    }

    /// The folder, for a copy to grow in.
    pub(crate) fn dir(&self) -> StagingDir<'_> {
        StagingDir {
            fd: self.fd(),
            exact: self.exact,
            fence: &self.fence,
        }
    }

    /// The folder.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        let fd = self.fd.as_ref().unwrap_or(&self.destination.above);
        fd.as_fd()
    }

    /// Renames [`CONTENT`] over whatever `name` is in `into`, of which a folder or a locked file has to
    /// go first.
    ///
    /// # Errors
    /// The operating system's error, of the removal or the renaming.
    pub(crate) fn put_over(
        &self,
        into: BorrowedFd<'_>,
        name: &CStr,
        kind: FileType,
    ) -> io::Result<()> {
        if let Ok(there) = Stat::at(into, name) {
            let folders = [there.kind, kind].contains(&FileType::Directory);
            let locked = || {
                let held = stat::hold(into, name)?;
                let fd = stat::open_held(held.as_fd())?;
                io::Result::Ok(stat::flags(fd.as_fd()).intersects(LOCKING_FLAGS))
            };
            let locked = there.kind == FileType::RegularFile && locked().unwrap_or(false);
            if folders || locked {
                remove_at(self.disk, into, name)?;
            }
        }
        let from = self.fd();
        self.disk
            .rename_at(from, CONTENT, into, name, Taken::Replace)
    }

    /// [`Staging::put_over`] for the target itself.
    ///
    /// # Errors
    /// Those of [`Staging::put_over`].
    pub(crate) fn put_in_place(&self, kind: FileType) -> io::Result<()> {
        let Destination { above, name, .. } = &self.destination;
        self.put_over(above.as_fd(), name, kind)
    }

    /// Makes [`CONTENT`] another name of the file `name` in `dir`.
    ///
    /// # Errors
    /// The operating system's error, `PermissionDenied` for a file that is locked.
    pub(crate) fn link_from(&self, dir: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        self.disk.link_at(dir, name, self.fd(), CONTENT)
    }

    /// Gives [`CONTENT`] the target's name: the moment at which the copy exists.
    pub(crate) fn publish(self, sync: bool) -> Result<(), Error> {
        let Destination {
            above, name, path, ..
        } = &self.destination;
        let fail = |error| Error::write(path, error);
        if sync {
            self.disk
                .sync_filesystem(self.fd(), self.name())
                .map_err(fail)?;
        }
        let taken = if self.destination.replaces {
            Taken::Replace
        } else {
            Taken::Refuse
        };
        let renamed = self
            .disk
            .rename_at(self.fd(), CONTENT, above.as_fd(), name, taken);
        renamed.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::TargetExists { path: path.clone() },
            io::ErrorKind::DirectoryNotEmpty => Error::TargetNotEmpty { path: path.clone() },
            _ => fail(error),
        })?;
        if sync {
            self.disk.sync(above.as_fd(), name).map_err(fail)?;
        }
        Ok(())
    }
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        // What can't be removed now is recognised and removed by the next run.
        let above = self.destination.above.as_fd();
        let name = self.name.as_c_str();
        if self.disk.remove_dir_at(above, name).is_err() {
            let _ = remove_at(self.disk, above, name);
        }
    }
}
