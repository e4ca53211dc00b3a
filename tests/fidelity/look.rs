//! Looking at a tree with nothing but `std` and plain path calls, on purpose: it shares no
//! code, and no trick, with the copier.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::SeekFrom;

/// Everything that there is to see, by path below the root: attribute by attribute, as text.
pub(crate) type Seen = BTreeMap<PathBuf, BTreeMap<&'static str, String>>;

/// Looks at all of a tree. Access times are read first, before looking changes them.
pub(crate) fn look(root: &Path) -> Seen {
    let mut paths = Vec::new();
    list(root, &mut paths);
    let mut seen = Seen::new();
    let mut first: BTreeMap<(u64, u64), PathBuf> = BTreeMap::new();
    paths.sort();
    for path in paths {
        let below = path.strip_prefix(root).expect("below the root").to_owned();
        let stat = fs::symlink_metadata(&path).expect("a stat");
        let file = (stat.dev(), stat.ino());
        let twin = first.entry(file).or_insert_with(|| below.clone()).clone();
        let mut attributes = attributes(&path, &stat);
        attributes.insert("same file as", twin.display().to_string());
        seen.insert(below, attributes);
    }
    seen
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) {
    paths.push(folder.to_owned());
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let kind = fs::symlink_metadata(&path).expect("a stat").file_type();
        if kind.is_dir() {
            list(&path, paths);
        } else {
            paths.push(path);
        }
    }
}

fn attributes(path: &Path, stat: &fs::Metadata) -> BTreeMap<&'static str, String> {
    let kind = stat.file_type();
    let mut all = BTreeMap::new();
    all.insert("mode and type", format!("{:o}", stat.mode()));
    all.insert("owner", format!("{}:{}", stat.uid(), stat.gid()));
    let (seconds, nanoseconds) = (stat.mtime(), stat.mtime_nsec());
    all.insert("mtime", format!("{seconds}.{nanoseconds:09}"));
    let (seconds, nanoseconds) = (stat.atime(), stat.atime_nsec());
    all.insert("atime", format!("{seconds}.{nanoseconds:09}"));
    all.insert("xattrs", xattrs(path));
    if kind.is_char_device() || kind.is_block_device() {
        all.insert("device", stat.rdev().to_string());
    }
    if !kind.is_dir() {
        all.insert("links", stat.nlink().to_string());
    }
    if kind.is_symlink() {
        all.insert("target", format!("{:?}", fs::read_link(path)));
    }
    if kind.is_file() || kind.is_dir() {
        all.insert("flags", flags(path));
    }
    if kind.is_file() {
        all.insert("size", stat.size().to_string());
        all.insert("holes", holes(path, stat.size()));
        all.insert("allocated in full", is_dense(path).to_string());
        let bytes = fs::read(path).expect("a file");
        let digest = transship::tree::Digest::of(&bytes);
        all.insert("contents", digest.to_string());
    }
    all
}

/// Whether there is a block for every byte. Blocks that are only promised, or on their way
/// to disk at this moment, aren't in the count: what seems to lack some is synced first.
fn is_dense(path: &Path) -> bool {
    let file = File::open(path).expect("a file");
    let has_all = || {
        let stat = file.metadata().expect("a stat");
        stat.blocks() * 512 >= stat.size()
    };
    has_all() || {
        file.sync_all().expect("a synced file");
        has_all()
    }
}

fn xattrs(path: &Path) -> String {
    let mut room = vec![0; 65_536];
    let length = rustix::fs::llistxattr(path, &mut *room).unwrap_or(0);
    let mut names: Vec<Vec<u8>> = room[..length]
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty())
        .map(<[u8]>::to_vec)
        .collect();
    names.sort();
    let mut text = String::new();
    for name in names {
        let length = rustix::fs::lgetxattr(path, &*name, &mut *room).expect("a value");
        let name = String::from_utf8_lossy(&name);
        writeln!(text, "{name}={:02x?}", &room[..length]).expect("a string grows");
    }
    text
}

/// The flags that `chattr` can set and that say nothing of the filesystem's own layout.
fn flags(path: &Path) -> String {
    const VISIBLE: u32 = 0x08 | 0x10 | 0x20 | 0x40 | 0x80 | 0x1_0000;
    let file = File::open(path).expect("a file or folder");
    let flags = rustix::fs::ioctl_getflags(&file).map_or(0, |flags| flags.bits());
    format!("{:#x}", flags & VISIBLE)
}

/// The stretches of data, as the filesystem tells them.
fn holes(path: &Path, size: u64) -> String {
    let file = File::open(path).expect("a file");
    let mut text = String::new();
    let mut at = 0;
    while at < size {
        let Ok(start) = rustix::fs::seek(&file, SeekFrom::Data(at)) else {
            break;
        };
        at = rustix::fs::seek(&file, SeekFrom::Hole(start)).expect("a hole or the end");
        write!(text, "{start}-{at} ").expect("a string grows");
    }
    text
}

/// Fails with every difference, one a line.
#[track_caller]
pub(crate) fn assert_same(expected: &Seen, found: &Seen) {
    let mut text = String::new();
    for (path, attributes) in expected {
        let Some(others) = found.get(path) else {
            writeln!(text, "{path:?} is missing").expect("a string grows");
            continue;
        };
        for (name, value) in attributes {
            let other = others.get(name).map_or("(none)", String::as_str);
            if value != other {
                writeln!(text, "{path:?} {name}: expected {value}, found {other}")
                    .expect("a string grows");
            }
        }
    }
    for path in found.keys().filter(|path| !expected.contains_key(*path)) {
        writeln!(text, "{path:?} is extra").expect("a string grows");
    }
    assert!(text.is_empty(), "{text}");
}
