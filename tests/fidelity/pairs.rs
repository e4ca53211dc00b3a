//! Random trees over few names, so that much of one is in the other, as it was or otherwise: with
//! every type of file, attributes of every sort, and names that are links to each other and to
//! files outside.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, lchown, symlink};
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use rustix::fs::{CWD, FileType, IFlags, Mode, XattrFlags, mknodat};

use crate::support::is_root;
use crate::zoo;

#[derive(Debug, Clone)]
enum Kind {
    Folder,
    File(u8),
    Symlink(u8),
    /// Another name of what stands at the other path.
    Link(Vec<u8>),
    /// Another name of a file outside, which both trees may have.
    LinkOut(u8),
    /// A fifo, a socket or one of two devices.
    Node(u8),
}

/// Numbers of what attributes may be, the first of each being the commonest.
#[derive(Debug, Clone, Copy, Default)]
struct Attributes {
    time: u8,
    mode: u8,
    owner: u8,
    xattr: u8,
    flag: u8,
}

#[derive(Debug, Clone)]
pub(crate) struct Thing {
    /// Numbers of names, from the root.
    path: Vec<u8>,
    kind: Kind,
    attributes: Attributes,
}

pub(crate) const NAMES: [&str; 5] = ["a", "b", "cache", "x.log", "ab"];

/// As many seconds and nanoseconds since 1970.
const TIMES: [(i64, i64); 6] = [
    (1_700_000_000, 5),
    (1_700_000_001, 5),
    (1_700_000_000, 6),
    (0, 0),
    (-1, 999_999_999),
    (1 << 33, 1),
];

const FILE_MODES: [u32; 5] = [0o644, 0o600, 0o4755, 0o2640, 0o000];
const FOLDER_MODES: [u32; 5] = [0o755, 0o700, 0o1777, 0o2775, 0o500];
const OWNERS: [(u32, u32); 3] = [(0, 0), (999, 1000), (0, 1000)];
const FLAGS: [IFlags; 6] = [
    IFlags::empty(),
    IFlags::NODUMP,
    IFlags::NOATIME,
    IFlags::SYNC,
    IFlags::APPEND,
    IFlags::IMMUTABLE,
];

pub(crate) fn thing() -> impl Strategy<Value = Thing> {
    let kind = prop_oneof![
        3 => Just(Kind::Folder),
        5 => (0..3_u8).prop_map(Kind::File),
        1 => (0..2_u8).prop_map(Kind::Symlink),
        2 => path().prop_map(Kind::Link),
        1 => (0..2_u8).prop_map(Kind::LinkOut),
        1 => (0..4_u8).prop_map(Kind::Node),
    ];
    (path(), kind, attributes()).prop_map(|(path, kind, attributes)| Thing {
        path,
        kind,
        attributes,
    })
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    vec(0..5_u8, 1..4)
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let of = |most: usize| prop_oneof![3 => Just(0), 2 => 0..u8::try_from(most).unwrap()];
    let fields = (
        of(TIMES.len()),
        of(FILE_MODES.len()),
        of(OWNERS.len()),
        of(3),
        of(FLAGS.len()),
    );
    fields.prop_map(|(time, mode, owner, xattr, flag)| Attributes {
        time,
        mode,
        owner,
        xattr,
        flag,
    })
}

/// Makes the tree in the folder `root`; files outside of it are, or go, in the folder `outside`.
/// What can't stand where another thing stands already is left out.
pub(crate) fn build(root: &Path, outside: &Path, things: &[Thing]) {
    for thing in things {
        let path = root.join(joined(&thing.path));
        let above = path.parent().unwrap();
        if fs::create_dir_all(above).is_err() || path.symlink_metadata().is_ok() {
            continue;
        }
        make(&path, root, outside, &thing.kind).unwrap();
    }
    let given = |number: usize| {
        things
            .get(number)
            .map_or_else(Attributes::default, |t| t.attributes)
    };
    let all: Vec<_> = walk(root).into_iter().enumerate().collect();
    // From the bottom up, since what is made in a folder changes its time; flags last, which lock.
    for (number, path) in all.iter().rev() {
        set_attributes(path, given(*number));
    }
    for (number, path) in all.iter().rev() {
        let flag = FLAGS[usize::from(given(*number).flag)];
        let locks = flag.intersects(IFlags::APPEND | IFlags::IMMUTABLE);
        if has_flags(path) && (is_root() || !locks) {
            zoo::set_flag(path, flag);
        }
    }
}

fn make(path: &Path, root: &Path, outside: &Path, kind: &Kind) -> io::Result<()> {
    match kind {
        Kind::Folder => fs::create_dir(path),
        Kind::File(size) => fs::write(path, vec![b'x'; usize::from(*size)]),
        Kind::Symlink(to) => symlink(NAMES[usize::from(*to)], path),
        Kind::Link(other) => {
            let other = root.join(joined(other));
            match other.symlink_metadata() {
                Ok(stat) if !stat.is_dir() => fs::hard_link(&other, path),
                _ => Ok(()),
            }
        }
        Kind::LinkOut(which) => {
            let other = outside.join(which.to_string());
            if !other.exists() {
                fs::write(&other, "x")?;
            }
            clear_flags(&other);
            fs::hard_link(&other, path)
        }
        Kind::Node(_) if !is_root() => Ok(()),
        Kind::Node(which) => {
            let (kind, device) = match which {
                0 => (FileType::Fifo, 0),
                1 => (FileType::Socket, 0),
                2 => (FileType::CharacterDevice, rustix::fs::makedev(1, 3)),
                _ => (FileType::CharacterDevice, rustix::fs::makedev(1, 5)),
            };
            Ok(mknodat(
                CWD,
                path,
                kind,
                Mode::from_raw_mode(0o644),
                device,
            )?)
        }
    }
}

fn set_attributes(path: &Path, given: Attributes) {
    clear_flags(path);
    let stat = path.symlink_metadata().unwrap();
    if is_root() {
        let (uid, gid) = OWNERS[usize::from(given.owner)];
        lchown(path, Some(uid), Some(gid)).unwrap();
        // A name of several may have got one before.
        let _ = rustix::fs::lremovexattr(path, "trusted.x");
        if given.xattr > 0 {
            let value = [b'0' + given.xattr];
            let set = XattrFlags::empty();
            rustix::fs::lsetxattr(path, "trusted.x", &value, set).unwrap();
        }
    }
    if !stat.is_symlink() {
        let modes = if stat.is_dir() {
            FOLDER_MODES
        } else {
            FILE_MODES
        };
        // Whoever isn't root can't read what nobody may.
        let least = if is_root() { 0 } else { 0o500 };
        zoo::mode(path, modes[usize::from(given.mode)] | least);
    }
    zoo::times(path, (1, 1), TIMES[usize::from(given.time)]);
}

fn has_flags(path: &Path) -> bool {
    let stat = path.symlink_metadata().unwrap();
    stat.is_file() || stat.is_dir()
}

/// Takes the flags that lock away, so that others may change what is in a tree.
pub(crate) fn unlock(root: &Path) {
    for path in walk(root) {
        clear_flags(&path);
    }
}

fn clear_flags(path: &Path) {
    if !has_flags(path) {
        return;
    }
    let file = File::open(path).unwrap();
    let flags = rustix::fs::ioctl_getflags(&file).unwrap_or(IFlags::empty());
    let ours = FLAGS.into_iter().collect::<IFlags>();
    if flags.intersects(ours) {
        rustix::fs::ioctl_setflags(&file, flags - ours).unwrap();
    }
}

fn joined(path: &[u8]) -> String {
    let names: Vec<&str> = path.iter().map(|&n| NAMES[usize::from(n)]).collect();
    names.join("/")
}

/// The root and all that is in it, a folder before what is in it.
fn walk(root: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(root).sort_by_file_name();
    let entries = entries.into_iter();
    entries.map(|entry| entry.unwrap().into_path()).collect()
}

/// What stands at each path: its type, and the size, target or device.
pub(crate) fn shape(root: &Path) -> BTreeMap<String, String> {
    let all = walk(root).into_iter().map(|path| {
        let stat = path.symlink_metadata().unwrap();
        let text = match stat.file_type() {
            kind if kind.is_dir() => "folder".to_owned(),
            kind if kind.is_symlink() => format!("to {:?}", fs::read_link(&path).unwrap()),
            kind if kind.is_fifo() => "fifo".to_owned(),
            kind if kind.is_socket() => "socket".to_owned(),
            kind if kind.is_char_device() => format!("device {}", stat.rdev()),
            _ => format!("{} bytes", stat.size()),
        };
        let path = path.strip_prefix(root).unwrap();
        (path.display().to_string(), text)
    });
    all.collect()
}
