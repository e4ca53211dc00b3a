//! Looking: what `statx`, the xattr calls and the inode flags say of a held file.

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Dev, FileType, IFlags, Mode, OFlags, StatxFlags, Timespec};
use rustix::io::Errno;
use rustix::path::DecInt;

use crate::fs::InodeFd;

/// What one `statx` says. Sizes are in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stat {
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
    /// When it was made, in seconds since 1970; nothing where the filesystem doesn't say.
    pub born: Option<i64>,
    /// The device that a device file stands for.
    pub device: Dev,
}

/// Which file it is, whatever it is called: no two files of a machine have the same at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    pub device: Dev,
    pub inode: u64,
}

impl Stat {
    /// Which file it is.
    pub(crate) const fn id(&self) -> FileId {
        FileId {
            device: self.dev,
            inode: self.ino,
        }
    }

    /// Which file it is, if it is one, and no folder, with more than one name.
    pub(crate) fn linked(&self) -> Option<FileId> {
        (self.links > 1 && self.kind != FileType::Directory).then(|| self.id())
    }

    /// Of the file that a descriptor of any sort holds.
    pub(crate) fn of(fd: BorrowedFd<'_>) -> io::Result<Self> {
        Self::at(fd, c"")
    }

    /// Of `name` in `dir`, itself if it is a symlink; of `dir` where `name` is empty.
    pub(crate) fn at(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<Self> {
        let flags = AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        let x = rustix::fs::statx(
            dir,
            name,
            flags,
            StatxFlags::BASIC_STATS | StatxFlags::MNT_ID | StatxFlags::BTIME,
        )?;
        let mode = u32::from(x.stx_mode);
        let says_birth = x.stx_mask & StatxFlags::BTIME.bits() != 0;
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
            born: says_birth.then_some(x.stx_btime.tv_sec),
            device: rustix::fs::makedev(x.stx_rdev_major, x.stx_rdev_minor),
        })
    }

    /// True if both are looks at the same file.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        self.id() == other.id()
    }

    /// True if nothing was done to the file between the two looks.
    pub(crate) fn is_unchanged(&self, later: &Self) -> bool {
        self.is_same_file(later)
            && self.size == later.size
            && self.modified == later.modified
            && self.changed == later.changed
    }
}

/// Holds `name` of `dir` without opening it: good for any type, with no side effect.
pub(crate) fn hold(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(dir, name, flags, Mode::empty())?)
}

/// Opens for reading the very file that was held, which is known to be regular: by its
/// descriptor, since by its name something else could be opened by now.
pub(crate) fn open_held(held: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    DESCRIPTORS.with(|descriptors| {
        let descriptors = descriptors
            .as_ref()
            .map_err(|_| io::Error::new(io::ErrorKind::Unsupported, "/proc isn't mounted"))?;
        quietly(flags, |flags| {
            rustix::fs::openat(descriptors, DecInt::from_fd(held), flags, Mode::empty())
        })
    })
}

thread_local! {
    /// This process's descriptors as a directory. They are the same for all threads, but in one
    /// directory for all of them, threads would wait for each other at every file.
    static DESCRIPTORS: Result<OwnedFd, Errno> = {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = |path| rustix::fs::open(path, flags, Mode::empty());
        open("/proc/thread-self/fd").or_else(|_| open("/proc/self/fd"))
    };
}

/// Opens the directory `name` of `dir`, and nothing else, for reading; `.` is `dir` itself.
pub(crate) fn open_dir(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
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

/// True if a file has more names of attributes than the system lists, 64 KiB of them.
pub(crate) fn is_too_much(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::TOOBIG)
}

/// Extended attributes by name, in byte order of the names.
pub(crate) type Xattrs = Vec<(CString, Vec<u8>)>;

/// The longest list of names, and the longest value, that Linux gives out.
const XATTR_MAX: usize = 65_536;

/// Room for extended attributes, to be used again and again.
#[derive(Debug)]
pub(crate) struct XattrRoom(Box<[u8]>);

impl Default for XattrRoom {
    fn default() -> Self {
        Self(vec![0; XATTR_MAX].into_boxed_slice())
    }
}

impl XattrRoom {
    /// Every extended attribute of `held`; none where the filesystem has no such thing.
    pub(crate) fn read(&mut self, held: InodeFd<'_>) -> io::Result<Xattrs> {
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

    fn count(held: InodeFd<'_>) -> Result<usize, Errno> {
        match held {
            InodeFd::Open(fd) => rustix::fs::flistxattr_query(fd),
            InodeFd::Named(_) => rustix::fs::listxattr_query(held.proc_path()),
        }
    }

    fn list(&mut self, held: InodeFd<'_>) -> Result<usize, Errno> {
        match held {
            InodeFd::Open(fd) => rustix::fs::flistxattr(fd, &mut *self.0),
            InodeFd::Named(_) => rustix::fs::listxattr(held.proc_path(), &mut *self.0),
        }
    }

    fn get(&mut self, held: InodeFd<'_>, name: &CStr) -> Result<usize, Errno> {
        match held {
            InodeFd::Open(fd) => rustix::fs::fgetxattr(fd, name, &mut *self.0),
            InodeFd::Named(_) => rustix::fs::getxattr(held.proc_path(), name, &mut *self.0),
        }
    }
}

/// The inode flags that a copy keeps; the others describe how the filesystem stores the
/// file, and are its own business.
pub(crate) const KEPT_FLAGS: IFlags = IFlags::NODUMP
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
pub(crate) const LOCKING_FLAGS: IFlags = IFlags::IMMUTABLE.union(IFlags::APPEND);

/// The kept flags of an open file or directory; none where there is no such thing.
pub(crate) fn flags(fd: BorrowedFd<'_>) -> IFlags {
    rustix::fs::ioctl_getflags(fd).map_or(IFlags::empty(), |flags| flags & KEPT_FLAGS)
}

/// The kept flags of what is held; `None` where it is of a kind that has none, or a file that is
/// not open and can't be opened.
pub(crate) fn flags_of(held: InodeFd<'_>, kind: FileType) -> Option<IFlags> {
    match (held, kind) {
        (InodeFd::Open(fd), FileType::RegularFile | FileType::Directory) => Some(flags(fd)),
        (InodeFd::Named(held), FileType::RegularFile) => {
            open_held(held).ok().map(|fd| flags(fd.as_fd()))
        }
        _ => None,
    }
}

/// The target of a symlink that is held, as it was written.
pub(crate) fn link_target(held: BorrowedFd<'_>) -> io::Result<CString> {
    Ok(rustix::fs::readlinkat(held, c"", Vec::new())?)
}

/// An entry of a directory, as the directory lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DirEntry<'a> {
    pub name: &'a CStr,
    /// A hint only: it may be missing, and wrong by the time it is used.
    pub is_dir: Option<bool>,
}

/// What is in a directory, in the order of the inodes, which is close to that on the medium.
/// A million names take little more than their letters.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// For each entry a byte for its type, and its name with the NUL.
    bytes: Vec<u8>,
    /// Offsets in `bytes` at which the entries begin, in the order of their inodes.
    order: Vec<u32>,
}

impl Listing {
    const UNKNOWN: u8 = 0;
    const FOLDER: u8 = 1;
    const OTHER: u8 = 2;

    pub(crate) const fn len(&self) -> usize {
        self.order.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The entries in `range` of that order; less where it goes beyond the end.
    pub(crate) fn range(&self, range: Range<usize>) -> impl Iterator<Item = DirEntry<'_>> {
        let skipped = self.order.iter().skip(range.start);
        skipped.take(range.len()).filter_map(|&at| self.at(at))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = DirEntry<'_>> {
        self.range(0..self.len())
    }

    fn at(&self, at: u32) -> Option<DirEntry<'_>> {
        let (kind, name) = self.bytes.get(at as usize..)?.split_first()?;
        Some(DirEntry {
            name: CStr::from_bytes_until_nul(name).ok()?,
            is_dir: match *kind {
                Self::UNKNOWN => None,
                kind => Some(kind == Self::FOLDER),
            },
        })
    }
}

/// Everything in an open directory but `.` and `..`.
pub(crate) fn list(dir: &OwnedFd) -> io::Result<Listing> {
    const ROOM: usize = 16 * 1024;
    let mut room = [MaybeUninit::uninit(); ROOM];
    let mut bytes = Vec::new();
    let mut found: Vec<(u64, u32)> = Vec::new();
    let mut entries = rustix::fs::RawDir::new(dir.as_fd(), &mut room);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        if name != c"." && name != c".." {
            let begin = u32::try_from(bytes.len());
            let begin = begin.map_err(|_| io::ErrorKind::FileTooLarge)?;
            found.push((entry.ino(), begin));
            bytes.push(match entry.file_type() {
                FileType::Unknown => Listing::UNKNOWN,
                FileType::Directory => Listing::FOLDER,
                _ => Listing::OTHER,
            });
            bytes.extend_from_slice(name.to_bytes_with_nul());
        }
    }
    found.sort_unstable();
    let order = found.into_iter().map(|(_, begin)| begin).collect();
    Ok(Listing { bytes, order })
}
