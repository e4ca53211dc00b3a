//! The zoo on each filesystem that volumes live on, freshly made and mounted.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use transship::fs::Disk;
use transship::progress::Silent;
use transship::tree::{CopyOptions, copy};

use crate::look::{Seen, assert_same, look};
use crate::support::{run, said, skipped, skipped_without_root};
use crate::zoo;

/// A filesystem in a file, or in memory, mounted until it is dropped.
struct Mounted {
    folder: tempfile::TempDir,
}

impl Mounted {
    fn new(kind: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("mnt")).unwrap();
        let mut arguments = vec!["-t", kind, "none", "mnt"];
        if kind != "tmpfs" {
            let image = File::create(folder.path().join("image")).unwrap();
            image.set_len(400 * 1024 * 1024).unwrap();
            let mkfs = format!("mkfs.{kind}");
            if skipped(program_exists(&mkfs), &mkfs) {
                return None;
            }
            // In so small a filesystem, ext4 would take blocks too small for our xattrs.
            let options: &[&str] = match kind {
                "ext4" => &["-q", "-b", "4096", "image"],
                _ => &["-q", "image"],
            };
            let output = run(folder.path(), &mkfs, options);
            assert!(output.status.success(), "{}", said(&output));
            arguments = vec!["-t", kind, "-o", "loop", "image", "mnt"];
        }
        let output = run(folder.path(), "mount", &arguments);
        let can = output.status.success();
        (!skipped(can, "to mount filesystems")).then_some(Self { folder })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("mnt")
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        run(self.folder.path(), "umount", &["mnt"]);
    }
}

fn program_exists(program: &str) -> bool {
    ["/usr/sbin", "/sbin", "/usr/bin"]
        .iter()
        .any(|folder| Path::new(folder).join(program).is_file())
}

/// Equal but for access times, and for holes where each filesystem has its own grain.
fn looked(root: &Path) -> Seen {
    let mut seen = look(root);
    for attributes in seen.values_mut() {
        attributes.remove("atime");
    }
    seen
}

fn check(source: &Path, target: &Path, reflink: bool) {
    let options = CopyOptions {
        reflink,
        digest: true,
        ..CopyOptions::default()
    };
    let copied = copy(&Disk::new(), source, target, &options, &Silent).unwrap();
    assert_eq!(copied.problems, []);
    assert_same(&looked(source), &looked(target));
}

#[track_caller]
fn check_on(kind: &str) {
    if skipped_without_root() {
        return;
    }
    let Some(mounted) = Mounted::new(kind) else {
        return;
    };
    // A zoo for each, since looking at one fills the cache with zeros where a file was
    // preallocated, which then count as data.
    for (name, reflink) in [("copied", false), ("cloned", true)] {
        let source = mounted.path().join(format!("{name}-source"));
        fs::create_dir(&source).unwrap();
        zoo::fill(&source);
        check(&source, &mounted.path().join(name), reflink);
    }
}

#[test]
fn ext4_keeps_the_zoo() {
    check_on("ext4");
}

#[test]
fn xfs_keeps_the_zoo_with_and_without_reflinks() {
    check_on("xfs");
}

#[test]
fn btrfs_keeps_the_zoo_with_and_without_reflinks() {
    check_on("btrfs");
}

#[test]
fn tmpfs_keeps_the_zoo() {
    check_on("tmpfs");
}

#[test]
fn a_mount_within_the_source_is_not_crossed_and_said() {
    if skipped_without_root() {
        return;
    }
    let Some(mounted) = Mounted::new("tmpfs") else {
        return;
    };
    fs::write(mounted.path().join("inside"), b"").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("target");
    let options = CopyOptions::default();
    let source = mounted.folder.path();
    let copied = copy(&Disk::new(), source, &target, &options, &Silent).unwrap();
    assert_eq!(copied.problems.len(), 1);
    assert_eq!(copied.problems[0].path, b"mnt");
    assert_eq!(fs::read_dir(target.join("mnt")).unwrap().count(), 0);
    let whole = CopyOptions {
        one_file_system: false,
        ..options
    };
    let target = folder.path().join("whole");
    let copied = copy(&Disk::new(), source, &target, &whole, &Silent).unwrap();
    assert_eq!(copied.problems, []);
    assert!(target.join("mnt/inside").exists());
}
