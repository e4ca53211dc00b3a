//! What is mounted where, here and where other processes live (`/proc/PID/mountinfo`).
//!
//! A bind mount gives a folder a second path that no symlink leads to. What both paths have in
//! common is the place within their filesystem, which mountinfo tells (proc(5)).

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// One line of mountinfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MountPoint {
    /// The filesystem, `MAJOR:MINOR`.
    device: String,
    /// The folder of the filesystem that is mounted.
    root: PathBuf,
    /// Where it is mounted, as the process sees it.
    point: PathBuf,
    /// False where it is mounted read-only.
    pub(crate) writes: bool,
}

/// The mounts that the process sees whose folder in `/proc` this is; none where that can't be
/// read.
pub(crate) fn mounts_of(process: &Path) -> Vec<MountPoint> {
    let text = fs::read(process.join("mountinfo")).unwrap_or_default();
    let lines = text.split(|&byte| byte == b'\n');
    lines.filter_map(MountPoint::parse).collect()
}

impl MountPoint {
    /// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
    fn parse(line: &[u8]) -> Option<Self> {
        let mut words = line.split(|&byte| byte == b' ').skip(2);
        let device = String::from_utf8(words.next()?.to_vec()).ok()?;
        let (root, point) = (unescaped(words.next()?), unescaped(words.next()?));
        let mut options = words.next()?.split(|&byte| byte == b',');
        Some(Self {
            device,
            root,
            point,
            writes: options.all(|option| option != b"ro"),
        })
    }

    /// The mounted folder, or the part of it that lies in this place.
    pub(crate) fn overlaps(&self, place: &FilesystemPath) -> bool {
        let over = |a: &Path, b: &Path| a.starts_with(b) || b.starts_with(a);
        self.device == place.device && over(&self.root, &place.path)
    }

    /// True where all of a filesystem is mounted.
    pub(crate) fn is_whole(&self) -> bool {
        self.root == Path::new("/")
    }
}

/// A path by its filesystem, so that it is one whichever way it is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilesystemPath {
    device: String,
    path: PathBuf,
}

impl FilesystemPath {
    /// That of an absolute path without symlinks, by the mounts that this process sees.
    pub(crate) fn of(path: &Path, mounts: &[MountPoint]) -> Option<Self> {
        let above = mounts.iter().filter(|mount| path.starts_with(&mount.point));
        // The last of those that are as deep lies over the others.
        let mount = above.max_by_key(|mount| mount.point.components().count())?;
        let rest = path.strip_prefix(&mount.point).ok()?;
        Some(Self {
            device: mount.device.clone(),
            path: if rest == Path::new("") {
                mount.root.clone()
            } else {
                mount.root.join(rest)
            },
        })
    }

    /// True where one is the other, or above or below it.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let over = |a: &Path, b: &Path| a.starts_with(b) || b.starts_with(a);
        self.device == other.device && over(&self.path, &other.path)
    }
}

/// A path in which blanks and backslashes are octal, `\040`.
fn unescaped(text: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let octal = |digits: &[u8]| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 8).ok()
        };
        let code = (*first == b'\\')
            .then(|| tail.get(..3).and_then(octal))
            .flatten();
        if let Some(code) = code {
            bytes.push(code);
            rest = &tail[3..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounts(lines: &[&str]) -> Vec<MountPoint> {
        lines
            .iter()
            .filter_map(|line| MountPoint::parse(line.as_bytes()))
            .collect()
    }

    #[test]
    fn a_path_is_one_by_whatever_mount_it_is_named() {
        let here = mounts(&[
            "21 1 8:1 / / rw - ext4 /dev/sda1 rw",
            "30 21 8:2 / /srv rw - ext4 /dev/sdb1 rw",
            r"31 21 8:2 /a\040b /mnt/x ro,noatime shared:1 - ext4 /dev/sdb1 rw",
        ]);
        let place = |path: &str| FilesystemPath::of(Path::new(path), &here).unwrap();
        assert_eq!(place("/srv/a b/data"), place("/mnt/x/data"));
        assert_eq!(place("/srv/a b"), place("/mnt/x"));
        assert!(place("/srv").overlaps(&place("/mnt/x/data")));
        assert!(!place("/srv/other").overlaps(&place("/mnt/x")));
        assert!(!place("/a b").overlaps(&place("/mnt/x")));
        assert!(here[2].overlaps(&place("/srv/a b/data")) && !here[2].writes);
        assert!(here[1].is_whole() && here[1].writes);
    }

    #[test]
    fn the_last_of_two_mounts_at_one_place_is_the_one_that_is_seen() {
        let here = mounts(&[
            "21 1 8:1 / / rw - ext4 /dev/sda1 rw",
            "30 21 8:2 / /srv rw - ext4 /dev/sdb1 rw",
            "31 30 8:3 / /srv rw - ext4 /dev/sdc1 rw",
        ]);
        let place = FilesystemPath::of(Path::new("/srv/x"), &here).unwrap();
        assert_eq!(place.device, "8:3");
    }

    #[test]
    fn what_is_no_line_of_mountinfo_is_passed_over() {
        assert_eq!(mounts(&["", "21 1", "21 1 8:1 /"]), []);
    }
}
