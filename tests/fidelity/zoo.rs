//! The zoo: a folder with at least one of everything that a tree can have.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, FallocateFlags, FileType, IFlags, Mode, Timespec, Timestamps, XattrFlags,
};

use crate::support::is_root;

/// Fills `root`, an empty folder. As root there is more.
pub(crate) fn fill(root: &Path) {
    let zoo = Zoo {
        root: root.to_owned(),
        privileged: is_root(),
    };
    zoo.contents();
    zoo.names();
    zoo.links();
    zoo.special();
    zoo.xattrs();
    zoo.acls();
    zoo.modes_and_owners();
    zoo.times();
    zoo.flags();
}

struct Zoo {
    root: PathBuf,
    privileged: bool,
}

/// Bytes that don't compress and don't repeat.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

impl Zoo {
    fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn file(&self, name: &str) -> PathBuf {
        let path = self.at(name);
        fs::write(&path, name).unwrap();
        path
    }

    fn folder(&self, name: &str) -> PathBuf {
        let path = self.at(name);
        fs::create_dir(&path).unwrap();
        path
    }

    fn contents(&self) {
        fs::write(self.at("empty"), b"").unwrap();
        fs::write(self.at("byte"), b"x").unwrap();
        fs::write(self.at("zeros-allocated"), vec![0; 50_000]).unwrap();
        for length in [4095, 4096, 262_143, 262_144, 262_145, 1_048_577, 5_000_000] {
            fs::write(self.at(&format!("noise-{length}")), noise(length)).unwrap();
        }
        let many = self.folder("many");
        for n in 0..700 {
            fs::write(many.join(n.to_string()), n.to_string()).unwrap();
        }
        self.holes("hole-only", 3_000_000, &[]);
        self.holes("hole-first", 3_000_000, &[2_990_000]);
        self.holes("hole-last", 3_000_000, &[0]);
        self.holes("hole-between", 10_000_000, &[0, 1_048_576, 9_000_000]);
        self.holes("hole-small", 100_000, &[65_536]);
        let file = File::create(self.at("preallocated")).unwrap();
        rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, 2_000_000).unwrap();
    }

    /// A file with 4 KiB of data at each place.
    fn holes(&self, name: &str, size: u64, places: &[u64]) {
        let mut file = File::create(self.at(name)).unwrap();
        file.set_len(size).unwrap();
        for &place in places {
            file.seek(SeekFrom::Start(place)).unwrap();
            file.write_all(&noise(4096)).unwrap();
        }
    }

    fn names(&self) {
        let folder = self.folder("names");
        let long = "n".repeat(255);
        let names: [&[u8]; 12] = [
            b"\xff\xfe not utf-8",
            b"new\nline",
            b"carriage\rreturn",
            b"-dash",
            b" blank ",
            b"back\\slash",
            b"#hash",
            b"star*[x]?",
            b"\x1b[31mred",
            "Gr\u{f6}\u{df}e".as_bytes(),
            b"eq=ual",
            long.as_bytes(),
        ];
        for name in names {
            fs::write(folder.join(OsStr::from_bytes(name)), name).unwrap();
        }
        self.folder("empty-folder");
    }

    fn links(&self) {
        symlink("byte", self.at("symlink")).unwrap();
        symlink("/nowhere/at all", self.at("symlink-dangling")).unwrap();
        symlink("t".repeat(1000), self.at("symlink-long")).unwrap();
        symlink(OsStr::from_bytes(b"\xff\n"), self.at("symlink-bytes")).unwrap();
        let folder = self.folder("links");
        let first = self.file("link-1");
        fs::hard_link(&first, self.at("link-2")).unwrap();
        fs::hard_link(&first, folder.join("link-3")).unwrap();
        let large = self.at("noise-5000000");
        fs::hard_link(large, folder.join("large-link")).unwrap();
        let fifo = self.at("fifo-1");
        node(&fifo, FileType::Fifo, 0);
        fs::hard_link(&fifo, folder.join("fifo-2")).unwrap();
        let link = self.at("symlink-1");
        symlink("target", &link).unwrap();
        // Not `fs::hard_link`, which says nothing of following.
        rustix::fs::linkat(CWD, &link, CWD, folder.join("symlink-2"), AtFlags::empty()).unwrap();
    }

    fn special(&self) {
        node(&self.at("fifo"), FileType::Fifo, 0);
        node(&self.at("socket"), FileType::Socket, 0);
        if self.privileged {
            let null = rustix::fs::makedev(1, 3);
            node(&self.at("character"), FileType::CharacterDevice, null);
            let block = rustix::fs::makedev(259, 70_000);
            node(&self.at("block"), FileType::BlockDevice, block);
            node(&self.at("whiteout"), FileType::CharacterDevice, 0);
        }
    }

    fn xattrs(&self) {
        let file = self.file("xattr-file");
        xattr(&file, "user.comment", b"a value");
        xattr(&file, "user.empty", b"");
        xattr(&file, "user.binary", &noise(1000));
        let folder = self.folder("xattr-folder");
        xattr(&folder, "user.folder", b"yes");
        if self.privileged {
            xattr(&file, "trusted.secret", b"root's");
            xattr(&file, "security.label", b"any");
            xattr(&folder, "trusted.overlay.opaque", b"y");
            let link = self.at("xattr-symlink");
            symlink("byte", &link).unwrap();
            xattr(&link, "trusted.link", b"on the link itself");
            let fifo = self.at("xattr-fifo");
            node(&fifo, FileType::Fifo, 0);
            xattr(&fifo, "trusted.fifo", b"on a fifo");
            let capable = self.file("capable");
            // VFS_CAP_REVISION_2, effective, CAP_NET_BIND_SERVICE.
            let value = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            xattr(&capable, "security.capability", &value);
            mode(&capable, 0o755);
            owner(&capable, 999, 999, &[("security.capability", &value)]);
        }
    }

    fn acls(&self) {
        let file = self.file("acl-file");
        xattr(&file, "system.posix_acl_access", &acl(0o640, 1234, 7));
        let folder = self.folder("acl-default");
        xattr(&folder, "system.posix_acl_default", &acl(0o750, 4321, 5));
        // Inherits the default on making.
        fs::write(folder.join("heir"), b"").unwrap();
        fs::create_dir(folder.join("heir-folder")).unwrap();
        // And these don't have what they would inherit.
        let without = folder.join("without");
        fs::write(&without, b"").unwrap();
        let _ = rustix::fs::removexattr(&without, "system.posix_acl_access");
        mode(&without, 0o600);
        let without = folder.join("without-folder");
        fs::create_dir(&without).unwrap();
        for name in ["system.posix_acl_access", "system.posix_acl_default"] {
            let _ = rustix::fs::removexattr(&without, name);
        }
        mode(&without, 0o711);
    }

    fn modes_and_owners(&self) {
        for bits in [0o000, 0o400, 0o777, 0o1644, 0o2755, 0o4755, 0o6711, 0o7777] {
            let file = self.file(&format!("mode-{bits:04o}"));
            // A mode that shuts out the reader can be copied by root only.
            let bits = if self.privileged { bits } else { bits | 0o400 };
            mode(&file, bits);
        }
        for bits in [0o000, 0o555, 0o1777, 0o2775] {
            let folder = self.folder(&format!("folder-{bits:04o}"));
            fs::write(folder.join("inside"), b"").unwrap();
            let bits = if self.privileged { bits } else { bits | 0o500 };
            mode(&folder, bits);
        }
        if self.privileged {
            owner(&self.file("postgres"), 999, 999, &[]);
            owner(&self.file("high"), 4_294_967_000, 65_534, &[]);
            owner(&self.folder("folder-999"), 999, 1000, &[]);
            let setuid = self.file("setuid-999");
            owner(&setuid, 999, 998, &[]);
            mode(&setuid, 0o6750);
            let link = self.at("symlink-999");
            symlink("byte", &link).unwrap();
            owner(&link, 999, 999, &[]);
            let fifo = self.at("fifo-999");
            node(&fifo, FileType::Fifo, 0);
            mode(&fifo, 0o620);
            owner(&fifo, 999, 5, &[]);
        }
    }

    fn times(&self) {
        let file = self.file("time-1969");
        times(&file, (-100, 999_999_999), (-2, 1));
        let file = self.file("time-2100");
        times(&file, (4_102_444_800, 123_456_789), (4_102_444_801, 5));
        let link = self.at("time-symlink");
        symlink("byte", &link).unwrap();
        times(&link, (1_000_000_000, 7), (1_000_000_001, 8));
        let socket = self.at("time-socket");
        node(&socket, FileType::Socket, 0);
        times(&socket, (1_100_000_000, 9), (1_100_000_001, 10));
        let folder = self.folder("time-folder");
        fs::write(folder.join("inside"), b"").unwrap();
        times(&folder, (1_200_000_000, 11), (1_200_000_001, 12));
        // The root's, when all is in it.
        times(&self.root, (1_300_000_000, 13), (1_300_000_001, 14));
    }

    /// Flags that the filesystem may not have.
    fn flags(&self) {
        let flags = [
            ("flag-nodump", IFlags::NODUMP),
            ("flag-noatime", IFlags::NOATIME),
            ("flag-sync", IFlags::SYNC),
            ("flag-append", IFlags::APPEND),
            ("flag-immutable", IFlags::IMMUTABLE),
        ];
        for (name, flag) in flags {
            let locking = IFlags::APPEND | IFlags::IMMUTABLE;
            if self.privileged || !flag.intersects(locking) {
                let file = self.file(name);
                set_flag(&file, flag);
                let folder = self.folder(&format!("{name}-folder"));
                fs::write(folder.join("inside"), b"").unwrap();
                set_flag(&folder, flag);
            }
        }
        times(&self.root, (1_300_000_000, 13), (1_300_000_001, 14));
    }
}

fn node(path: &Path, kind: FileType, device: u64) {
    rustix::fs::mknodat(CWD, path, kind, Mode::from_raw_mode(0o644), device).unwrap();
}

pub(crate) fn xattr(path: &Path, name: &str, value: &[u8]) {
    rustix::fs::lsetxattr(path, name, value, XattrFlags::empty())
        .unwrap_or_else(|error| panic!("{name} on {}: {error}", path.display()));
}

pub(crate) fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, Permissions::from_mode(bits)).unwrap();
}

/// Changes the owner, and sets again what that takes away.
fn owner(path: &Path, uid: u32, gid: u32, again: &[(&str, &[u8])]) {
    std::os::unix::fs::lchown(path, Some(uid), Some(gid)).unwrap();
    for (name, value) in again {
        xattr(path, name, value);
    }
}

pub(crate) fn times(path: &Path, accessed: (i64, i64), modified: (i64, i64)) {
    let time = |(tv_sec, tv_nsec)| Timespec { tv_sec, tv_nsec };
    let times = Timestamps {
        last_access: time(accessed),
        last_modification: time(modified),
    };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

pub(crate) fn set_flag(path: &Path, flag: IFlags) {
    let file = File::open(path).unwrap();
    if let Ok(flags) = rustix::fs::ioctl_getflags(&file) {
        let _ = rustix::fs::ioctl_setflags(&file, flags | flag);
    }
}

/// A POSIX ACL in the kernel's form: the three classes, and one more user.
fn acl(mode: u16, user: u32, rights: u16) -> Vec<u8> {
    let none = u32::MAX;
    let entries = [
        (0x01_u16, mode >> 6 & 7, none),
        (0x02, rights, user),
        (0x04, mode >> 3 & 7, none),
        (0x10, 7, none),
        (0x20, mode & 7, none),
    ];
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(rights.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}
