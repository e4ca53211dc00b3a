//! Looking: what `statx`, the xattr calls and the inode flags say of a held file.

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use rustix::fs::{AtFlags, Dev, FileType, IFlags, Mode, OFlags, StatxFlags, Timespec};
use rustix::io::Errno;
use rustix::path::DecInt;

use crate::fs::Held;

/// What one `statx` says. Sizes are in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stat {
    pub dev: Dev,
    pub ino: u64,
    /// The mount it is on: unlike `dev`, it tells bind mounts apart and keeps the
    /// subvolumes of a btrfs together. 0 where the kernel doesn't say.
    pub mount: u64,
    pub kind: FileType,
    /// Permission bits, setuid, setgid and sticky among them.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub links: u32,
    pub size: u64,
    /// Bytes that are allocated on the medium.
    pub allocated: u64,
    pub accessed: Timespec,
    pub modified: Timespec,
    pub changed: Timespec,
    /// The device that a device file stands for.
    pub device: Dev,
}

impl Stat {
    /// Of the file that a descriptor of any sort holds.
    pub(super) fn of(fd: BorrowedFd<'_>) -> io::Result<Self> {
        Self::at(fd, c"")
    }

    /// Of `name` in `dir`, itself if it is a symlink; of `dir` where `name` is empty.
    pub(super) fn at(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<Self> {
        let flags = AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        let x = rustix::fs::statx(
            dir,
            name,
            flags,
            StatxFlags::BASIC_STATS | StatxFlags::MNT_ID,
        )?;
        let mode = u32::from(x.stx_mode);
        let time = |t: rustix::fs::StatxTimestamp| Timespec {
            tv_sec: t.tv_sec,
            tv_nsec: t.tv_nsec.into(),
        };
        Ok(Self {
            dev: rustix::fs::makedev(x.stx_dev_major, x.stx_dev_minor),
            ino: x.stx_ino,
            mount: x.stx_mnt_id,
            kind: FileType::from_raw_mode(mode),
            mode: mode & 0o7777,
            uid: x.stx_uid,
            gid: x.stx_gid,
            links: x.stx_nlink,
            size: x.stx_size,
            allocated: x.stx_blocks * 512,
            accessed: time(x.stx_atime),
            modified: time(x.stx_mtime),
            changed: time(x.stx_ctime),
            device: rustix::fs::makedev(x.stx_rdev_major, x.stx_rdev_minor),
        })
    }

    /// True if both are looks at the same file.
    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        (self.dev, self.ino) == (other.dev, other.ino)
    }

    /// True if nothing was done to the file between the two looks.
    pub(super) fn is_unchanged(&self, later: &Self) -> bool {
        self.is_same_file(later)
            && self.size == later.size
            && self.modified == later.modified
            && self.changed == later.changed
    }
}

/// Holds `name` of `dir` without opening it: good for any type, with no side effect.
pub(super) fn hold(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(dir, name, flags, Mode::empty())?)
}

/// Opens for reading the very file that was held, which is known to be regular: by its
/// descriptor, since by its name something else could be opened by now.
pub(super) fn open_held(held: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let descriptors = descriptors()?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    quietly(flags, |flags| {
        rustix::fs::openat(descriptors, DecInt::from_fd(held), flags, Mode::empty())
    })
}

/// This process's descriptors as a directory, opened once.
fn descriptors() -> io::Result<BorrowedFd<'static>> {
    static DESCRIPTORS: OnceLock<OwnedFd> = OnceLock::new();
    if let Some(fd) = DESCRIPTORS.get() {
        return Ok(fd.as_fd());
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = rustix::fs::open("/proc/self/fd", flags, Mode::empty())
        .map_err(|_| io::Error::new(io::ErrorKind::Unsupported, "/proc isn't mounted"))?;
    Ok(DESCRIPTORS.get_or_init(|| fd).as_fd())
}

/// Opens the directory `name` of `dir`, and nothing else, for reading; `.` is `dir` itself.
pub(super) fn open_dir(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    quietly(flags, |flags| {
        rustix::fs::openat(dir, name, flags, Mode::empty())
    })
}

/// Opens without leaving an access time, where that is allowed: only the owner may.
fn quietly(flags: OFlags, open: impl Fn(OFlags) -> Result<OwnedFd, Errno>) -> io::Result<OwnedFd> {
    match open(flags | OFlags::NOATIME) {
        Err(Errno::PERM) => Ok(open(flags)?),
        other => Ok(other?),
    }
}

/// Extended attributes by name, in byte order of the names.
pub(super) type Xattrs = Vec<(CString, Vec<u8>)>;

/// The longest list of names, and the longest value, that Linux gives out.
const XATTR_MAX: usize = 65_536;

/// Room for extended attributes, to be used again and again.
#[derive(Debug)]
pub(super) struct XattrRoom(Box<[u8]>);

impl Default for XattrRoom {
    fn default() -> Self {
        Self(vec![0; XATTR_MAX].into_boxed_slice())
    }
}

impl XattrRoom {
    /// Every extended attribute of `held`; none where the filesystem has no such thing.
    pub(super) fn read(&mut self, held: Held<'_>) -> io::Result<Xattrs> {
        // Asked with no room, the kernel allocates none: most files have no attribute.
        if matches!(Self::count(held), Ok(0) | Err(Errno::OPNOTSUPP)) {
            return Ok(Vec::new());
        }
        let length = self.list(held)?;
        let mut names: Vec<CString> = self.0[..length]
            .split_inclusive(|&byte| byte == 0)
            .filter_map(|name| CStr::from_bytes_with_nul(name).ok())
            .map(CStr::to_owned)
            .collect();
        names.sort_unstable();
        let mut xattrs = Vec::with_capacity(names.len());
        for name in names {
            match self.get(held, &name) {
                Ok(length) => xattrs.push((name, self.0[..length].to_vec())),
                // Removed since it was listed, or listed without being readable.
                Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(xattrs)
    }

    fn count(held: Held<'_>) -> Result<usize, Errno> {
        match held {
            Held::Open(fd) => rustix::fs::flistxattr_query(fd),
            Held::Named(_) => rustix::fs::listxattr_query(held.proc_path()),
        }
    }

    fn list(&mut self, held: Held<'_>) -> Result<usize, Errno> {
        match held {
            Held::Open(fd) => rustix::fs::flistxattr(fd, &mut *self.0),
            Held::Named(_) => rustix::fs::listxattr(held.proc_path(), &mut *self.0),
        }
    }

    fn get(&mut self, held: Held<'_>, name: &CStr) -> Result<usize, Errno> {
        match held {
            Held::Open(fd) => rustix::fs::fgetxattr(fd, name, &mut *self.0),
            Held::Named(_) => rustix::fs::getxattr(held.proc_path(), name, &mut *self.0),
        }
    }
}

/// The inode flags that a copy keeps; the others describe how the filesystem stores the
/// file, and are its own business.
pub(super) const KEPT_FLAGS: IFlags = IFlags::NODUMP
    .union(IFlags::NOATIME)
    .union(IFlags::SYNC)
    .union(IFlags::DIRSYNC)
    .union(IFlags::NOCOW)
    .union(IFlags::COMPRESSED)
    .union(IFlags::JOURNALING)
    .union(IFlags::TOPDIR)
    .union(IFlags::IMMUTABLE)
    .union(IFlags::APPEND);

/// Flags after which a file can't be changed any more, so that they come last.
pub(super) const LOCKING_FLAGS: IFlags = IFlags::IMMUTABLE.union(IFlags::APPEND);

/// The kept flags of an open file or directory; none where there is no such thing.
pub(super) fn flags(fd: BorrowedFd<'_>) -> IFlags {
    rustix::fs::ioctl_getflags(fd).map_or(IFlags::empty(), |flags| flags & KEPT_FLAGS)
}

/// Where a symlink that is held points.
pub(super) fn link_target(held: BorrowedFd<'_>) -> io::Result<CString> {
    Ok(rustix::fs::readlinkat(held, c"", Vec::new())?)
}

/// An entry of a directory, as the directory lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub name: CString,
    /// A hint only: it may be `Unknown`, and wrong by the time it is used.
    pub kind: FileType,
    pub ino: u64,
}

/// Everything in an open directory but `.` and `..`, in the order of the inodes, which is
/// close to that on the medium.
pub(super) fn list(dir: &OwnedFd) -> io::Result<Vec<Listed>> {
    const ROOM: usize = 16 * 1024;
    let mut room = [MaybeUninit::uninit(); ROOM];
    let mut listed = Vec::new();
    let mut entries = rustix::fs::RawDir::new(dir.as_fd(), &mut room);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        if name != c"." && name != c".." {
            listed.push(Listed {
                name: name.to_owned(),
                kind: entry.file_type(),
                ino: entry.ino(),
            });
        }
    }
    listed.sort_unstable_by_key(|entry| entry.ino);
    Ok(listed)
}
