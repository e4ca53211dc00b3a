//! The zoo on each filesystem that volumes live on, freshly made and mounted.

use std::fs::{self, File};
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};

use transship::fs::Disk;
use transship::progress::Silent;
use transship::tree::{
    Against, CopyOptions, DifferenceKind, Error, Lost, VerifyOptions, copy, inventory, verify,
};

use crate::look::{Seen, assert_same, look};
use crate::support::{Bench, run, said, skipped, skipped_without_root};
use crate::zoo;

/// A filesystem in a file, or in memory, mounted until it is dropped.
pub(crate) struct Mounted {
    folder: tempfile::TempDir,
}

impl Mounted {
    pub(crate) fn new(kind: &str) -> Option<Self> {
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
                "exfat" => &["image"],
                _ => &["-q", "image"],
            };
            let output = run(folder.path(), &mkfs, options);
            assert!(output.status.success(), "{}", said(&output));
            // Not every kernel has it.
            let kind = if kind == "exfat" { "exfat-fuse" } else { kind };
            arguments = vec!["-t", kind, "-o", "loop", "image", "mnt"];
        }
        let output = run(folder.path(), "mount", &arguments);
        let can = output.status.success();
        (!skipped(can, "to mount filesystems")).then_some(Self { folder })
    }

    pub(crate) fn path(&self) -> PathBuf {
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
fn exfat_loses_much_and_all_of_it_is_listed() {
    if skipped_without_root() {
        return;
    }
    let Some(mounted) = Mounted::new("exfat") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path();
    for name in ["plain", "mode", "owner", "xattr", "what?", "UPPER", "upper"] {
        fs::write(source.join(name), name).unwrap();
        zoo::mode(&source.join(name), 0o777);
        zoo::times(&source.join(name), (0, 0), (1_000_000_000, 0));
    }
    zoo::mode(&source.join("mode"), 0o640);
    chown(source.join("owner"), Some(999), Some(999)).unwrap();
    zoo::xattr(&source.join("xattr"), "user.x", b"y");
    symlink("plain", source.join("symlink")).unwrap();
    fs::hard_link(source.join("plain"), source.join("hard-link")).unwrap();
    zoo::times(&source.join("plain"), (0, 0), (1_000_000_001, 5));
    let target = mounted.path().join("copy");
    let options = CopyOptions::default();
    let copied = copy(&Disk::new(), source, &target, &options, &Silent).unwrap();
    let lost = |name: &str| {
        let problems = copied.problems.iter();
        let mut lost: Vec<Lost> = problems
            .filter(|problem| problem.path == name.as_bytes())
            .map(|problem| problem.lost)
            .collect();
        lost.sort();
        lost
    };
    for (name, expected) in [
        ("mode", Lost::Mode),
        ("owner", Lost::Owner),
        ("xattr", Lost::Xattr),
        ("symlink", Lost::Symlink),
        ("what?", Lost::Name),
    ] {
        assert_eq!(lost(name), [expected], "{name}");
    }
    // Which of two names is met first is up to the source.
    let of_either = |a, b| [lost(a), lost(b)].concat();
    assert_eq!(of_either("UPPER", "upper"), [Lost::Name]);
    let linked = of_either("plain", "hard-link");
    assert!(linked.contains(&Lost::HardLink), "{linked:?}");
    assert!(linked.contains(&Lost::Times), "{linked:?}");
    assert_eq!(fs::read(target.join("plain")).unwrap(), b"plain");
    assert_eq!(fs::read(target.join("hard-link")).unwrap(), b"plain");
}

#[test]
fn a_full_filesystem_is_left_as_it_was() {
    if skipped_without_root() {
        return;
    }
    let Some(mounted) = Mounted::new("ext4") else {
        return;
    };
    let bench = Bench::new();
    fs::write(bench.source().join("small"), b"s").unwrap();
    let large = File::create(bench.source().join("large")).unwrap();
    // More than fits, allocated and read as zeros.
    rustix::fs::fallocate(&large, rustix::fs::FallocateFlags::empty(), 0, 600 << 20).unwrap();
    fs::create_dir(bench.source().join("many")).unwrap();
    for n in 0..300 {
        let file = bench.source().join(format!("many/{n}"));
        fs::write(file, vec![1; 2_000_000]).unwrap();
    }
    let before = crate::support::names(&mounted.path());
    let options = CopyOptions::default();
    let target = mounted.path().join("copy");
    let copied = copy(&Disk::new(), &bench.source(), &target, &options, &Silent);
    let error = copied.unwrap_err();
    assert!(matches!(error, Error::Write { .. }), "{error:?}");
    assert_eq!(crate::support::names(&mounted.path()), before);
    // What stood in the way was the space alone.
    copy(
        &Disk::new(),
        &bench.source().join("small"),
        &target,
        &options,
        &Silent,
    )
    .unwrap();
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
    // Nor by whoever compares them, who says so: what is in there may differ.
    let options_of_verify = VerifyOptions::default();
    for (tree, against) in [(target.as_path(), source), (source, target.as_path())] {
        let against = Against::Tree(against);
        let differences = verify(tree, against, &options_of_verify, &Silent).unwrap();
        let kinds: Vec<_> = differences.iter().map(|each| each.kind).collect();
        assert_eq!(kinds, [DifferenceKind::Mount], "{differences:?}");
    }
    let seen = inventory(source, &options_of_verify, &Silent).unwrap();
    assert!(seen.unseen[0].to_string().starts_with("mnt: "));
    let whole = CopyOptions {
        one_file_system: false,
        ..options
    };
    let target = folder.path().join("whole");
    let copied = copy(&Disk::new(), source, &target, &whole, &Silent).unwrap();
    assert_eq!(copied.problems, []);
    assert!(target.join("mnt/inside").exists());
}
