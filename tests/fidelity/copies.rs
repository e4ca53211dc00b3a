//! Copies of the zoo, and what a copy refuses.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use transship::error::{Explain as _, Kind};
use transship::fs::{Disk, Purpose};
use transship::progress::{Collected, Silent};
use transship::tree::{CopyOptions, Error, Exclude, Lost, copy, survey};

use crate::dead::dead_name;
use crate::look::{assert_same, look};
use crate::support::{Bench, is_root, names, said, skipped_without, skipped_without_root};
use crate::zoo;

#[test]
fn everything_in_the_zoo_is_kept() {
    let bench = Bench::new();
    zoo::fill(&bench.source());
    bench.copy(&CopyOptions::default());
    assert_copied(&bench);
}

/// Not looked at before: reading a preallocated file fills the page cache with zeros that
/// ext4 then takes for data.
#[track_caller]
fn assert_copied(bench: &Bench) {
    let (source, target) = (look(&bench.source()), look(&bench.target()));
    assert_same(&without_atimes(source), &without_atimes(target));
}

#[test]
fn a_copy_leaves_no_trace_in_its_source() {
    let bench = Bench::new();
    zoo::fill(&bench.source());
    let before = without_holes(look(&bench.source()));
    let accessed = atimes_of(&bench.source());
    bench.copy(&CopyOptions::default());
    assert_eq!(atimes_of(&bench.source()), accessed);
    assert_same(&before, &without_holes(look(&bench.source())));
}

#[test]
fn access_times_are_kept_to_the_nanosecond() {
    let bench = Bench::new();
    zoo::fill(&bench.source());
    let expected = atimes_of(&bench.source());
    bench.copy(&CopyOptions::default());
    assert_eq!(atimes_of(&bench.target()), expected);
}

#[test]
fn one_worker_or_eight_make_the_same_copy_with_or_without_digests() {
    for (workers, digest) in [(1, false), (8, true), (3, false)] {
        let bench = Bench::new();
        zoo::fill(&bench.source());
        let options = CopyOptions {
            workers: Some(workers),
            digest,
            sync: digest,
            ..CopyOptions::default()
        };
        bench.copy(&options);
        assert_copied(&bench);
    }
}

/// Access times of all but folders, which reading them for this list changes.
fn atimes_of(root: &Path) -> Vec<(std::path::PathBuf, i64, i64)> {
    let mut all = Vec::new();
    let mut left = vec![root.to_owned()];
    while let Some(path) = left.pop() {
        let stat = fs::symlink_metadata(&path).unwrap();
        let below = path.strip_prefix(root).unwrap().to_owned();
        if stat.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            left.extend(entries.map(|entry| entry.unwrap().path()));
        } else {
            all.push((below, stat.atime(), stat.atime_nsec()));
        }
    }
    all.sort();
    all
}

fn without_atimes(mut seen: crate::look::Seen) -> crate::look::Seen {
    for attributes in seen.values_mut() {
        attributes.remove("atime");
    }
    seen
}

fn without_holes(mut seen: crate::look::Seen) -> crate::look::Seen {
    for attributes in seen.values_mut() {
        attributes.remove("holes");
        attributes.remove("atime");
    }
    seen
}

#[test]
fn a_survey_counts_what_is_copied() {
    let bench = Bench::new();
    zoo::fill(&bench.source());
    let counted = survey(&bench.source()).unwrap();
    let progress = Collected::default();
    let options = CopyOptions::default();
    let copied = copy(
        &Disk::new(),
        &bench.source(),
        &bench.target(),
        &options,
        &progress,
    );
    assert_eq!(copied.unwrap().counts, counted);
    assert_eq!(progress.bytes.load(Relaxed), counted.bytes);
    let things = counted.files + counted.directories + counted.others;
    assert_eq!(progress.files.load(Relaxed), things);
}

#[test]
fn an_empty_directory_is_replaced_in_one_step() {
    let bench = Bench::new();
    zoo::fill(&bench.source());
    fs::create_dir(bench.target()).unwrap();
    bench.copy(&CopyOptions::default());
    assert_copied(&bench);
}

#[test]
fn a_target_with_something_in_it_is_refused_and_left_alone() {
    let bench = Bench::new();
    fs::create_dir(bench.target()).unwrap();
    fs::write(bench.target().join("precious"), b"1").unwrap();
    let error = refused(&bench);
    assert!(matches!(error, Error::TargetNotEmpty { .. }), "{error}");
    assert_eq!(names(&bench.target()), ["precious"]);
}

#[test]
fn a_target_that_is_a_file_or_symlink_is_refused() {
    let bench = Bench::new();
    symlink("elsewhere", bench.target()).unwrap();
    let error = refused(&bench);
    assert!(matches!(error, Error::TargetExists { .. }), "{error}");
}

#[track_caller]
fn refused(bench: &Bench) -> Error {
    let options = CopyOptions::default();
    let copied = copy(
        &Disk::new(),
        &bench.source(),
        &bench.target(),
        &options,
        &Silent,
    );
    let error = copied.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert_eq!(names(bench.path()), ["source", "target"]);
    error
}

#[test]
fn a_target_within_its_source_is_refused() {
    let bench = Bench::new();
    fs::create_dir_all(bench.source().join("a/b")).unwrap();
    let target = bench.source().join("a/b/copy");
    let options = CopyOptions::default();
    let copied = copy(&Disk::new(), &bench.source(), &target, &options, &Silent);
    assert!(matches!(copied, Err(Error::Nested { .. })), "{copied:?}");
    assert!(names(&bench.source().join("a/b")).is_empty());
}

#[test]
fn a_single_file_a_symlink_and_a_fifo_are_copied_as_what_they_are() {
    let bench = Bench::new();
    zoo::fill(&bench.source());
    for name in ["noise-5000000", "symlink-dangling", "fifo", "acl-file"] {
        let (source, target) = (bench.source().join(name), bench.path().join(name));
        let options = CopyOptions {
            digest: true,
            ..CopyOptions::for_entry()
        };
        let copied = copy(&Disk::new(), &source, &target, &options, &Silent).unwrap();
        assert_eq!(copied.problems, []);
        assert_eq!(copied.manifest.unwrap().len(), 1);
        let expected = fs::symlink_metadata(&source).unwrap();
        let found = fs::symlink_metadata(&target).unwrap();
        assert_eq!(found.file_type(), expected.file_type());
        assert_eq!(found.mode(), expected.mode());
        assert_eq!(found.mtime_nsec(), expected.mtime_nsec());
        assert_eq!(found.len(), expected.len());
        fs::remove_file(&target).unwrap();
    }
}

#[test]
fn what_is_excluded_is_left_out_with_all_that_is_in_it() {
    let bench = Bench::new();
    for path in ["keep/cache.txt", "keep/cache/x", "cache/y", "a.log"] {
        let path = bench.source().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"").unwrap();
    }
    let options = CopyOptions {
        exclude: Exclude::new(["cache", "*.log"]),
        ..CopyOptions::default()
    };
    bench.copy(&options);
    assert_eq!(names(&bench.target()), ["keep"]);
    assert_eq!(names(&bench.target().join("keep")), ["cache.txt"]);
}

#[test]
fn an_overlay_adds_what_is_missing_and_keeps_what_is_there() {
    let bench = Bench::new();
    let (source, target) = (bench.source(), bench.target());
    for path in ["both/old", "both/new", "only/in/source", "file"] {
        let path = source.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"source").unwrap();
    }
    fs::create_dir_all(target.join("both")).unwrap();
    fs::write(target.join("both/old"), b"target").unwrap();
    fs::write(target.join("only-in-target"), b"target").unwrap();
    let options = CopyOptions {
        keep_existing: true,
        digest: true,
        ..CopyOptions::default()
    };
    let copied = bench.copy(&options);
    let read = |path: &str| fs::read_to_string(target.join(path)).unwrap();
    assert_eq!(read("both/old"), "target");
    assert_eq!(read("both/new"), "source");
    assert_eq!(read("only/in/source"), "source");
    assert_eq!(names(&target), ["both", "file", "only", "only-in-target"]);
    let manifest = copied.manifest.unwrap();
    let paths: Vec<_> = manifest.entries().map(|entry| entry.path).collect();
    let expected = ["both/new", "file", "only", "only/in", "only/in/source"];
    assert_eq!(paths, expected.map(|path| path.as_bytes().to_vec()));
}

#[test]
fn whoever_isnt_root_is_told_that_the_owner_was_not_kept() {
    if is_root() {
        return as_nobody("copies::whoever_isnt_root_is_told_that_the_owner_was_not_kept");
    }
    let bench = Bench::new();
    // A file of root's that everybody may read.
    let (source, target) = (Path::new("/etc/passwd"), bench.target());
    let copied = copy(
        &Disk::new(),
        source,
        &target,
        &CopyOptions::default(),
        &Silent,
    );
    let lost: Vec<_> = copied.unwrap().problems.iter().map(|p| p.lost).collect();
    assert_eq!(lost, [Lost::Owner]);
    assert_eq!(fs::read(target).unwrap(), fs::read(source).unwrap());
}

#[test]
fn whoever_isnt_root_keeps_all_that_is_theirs() {
    if is_root() {
        return as_nobody("copies::whoever_isnt_root_keeps_all_that_is_theirs");
    }
    let bench = Bench::new();
    zoo::fill(&bench.source());
    // Even a root folder that its owner may not write to, and so not move.
    zoo::mode(&bench.source(), 0o555);
    bench.copy(&CopyOptions::default());
    assert_copied(&bench);
}

/// Runs one test of this program as a user without rights.
#[track_caller]
fn as_nobody(test: &str) {
    if skipped_without("setpriv") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    zoo::mode(folder.path(), 0o755);
    let program = folder.path().join("tests");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let output = std::process::Command::new("setpriv")
        .args(["--reuid=999", "--regid=999", "--clear-groups"])
        .arg(&program)
        .args(["--exact", test, "--nocapture"])
        .env_remove("CI")
        .env_remove("TMPDIR")
        .current_dir("/")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("1 passed"), "{}", said(&output));
}

#[test]
fn root_in_a_tree_of_others_loses_nothing_without_sync_either() {
    if skipped_without_root() {
        return;
    }
    let bench = Bench::new();
    zoo::fill(&bench.source());
    let options = CopyOptions {
        sync: false,
        ..CopyOptions::default()
    };
    let copied = bench.copy(&options);
    assert!(!copied.problems.iter().any(|p| p.lost == Lost::Owner));
}

#[test]
fn a_tree_deeper_than_any_path_may_be_long_is_copied_and_removed() {
    let bench = Bench::new();
    let depth = 600;
    let name = "a-name-of-20-bytes..";
    let mut folder: std::os::fd::OwnedFd = fs::File::open(bench.source()).unwrap().into();
    for _ in 0..depth {
        rustix::fs::mkdirat(&folder, name, rustix::fs::Mode::RWXU).unwrap();
        // A sister, so that the way back up is needed.
        rustix::fs::mkdirat(&folder, "sister", rustix::fs::Mode::RWXU).unwrap();
        folder = open_folder(&folder, name);
    }
    drop(folder);
    let options = CopyOptions {
        digest: true,
        ..CopyOptions::default()
    };
    let copied = bench.copy(&options);
    assert_eq!(copied.counts.directories, 2 * depth + 1);
    let mut folder: std::os::fd::OwnedFd = fs::File::open(bench.target()).unwrap().into();
    for _ in 0..depth {
        open_folder(&folder, "sister");
        folder = open_folder(&folder, name);
    }
    transship::tree::remove(&Disk::new(), &bench.target()).unwrap();
    assert_eq!(names(bench.path()), ["source"]);
}

fn open_folder(folder: &std::os::fd::OwnedFd, name: &str) -> std::os::fd::OwnedFd {
    let flags = rustix::fs::OFlags::DIRECTORY;
    rustix::fs::openat(folder, name, flags, rustix::fs::Mode::empty()).unwrap()
}

#[test]
fn an_interrupted_copy_leaves_nothing() {
    let bench = Bench::new();
    zoo::fill(&bench.source());
    let progress = Collected::default();
    progress.stop.store(true, Relaxed);
    let options = CopyOptions::default();
    let copied = copy(
        &Disk::new(),
        &bench.source(),
        &bench.target(),
        &options,
        &progress,
    );
    assert!(matches!(copied, Err(Error::Interrupted)), "{copied:?}");
    assert_eq!(names(bench.path()), ["source"]);
}

#[test]
fn the_folder_of_a_killed_run_is_removed_and_a_stranger_stays() {
    let bench = Bench::new();
    fs::write(bench.source().join("a"), b"1").unwrap();
    let stale = bench.path().join(dead_name(Purpose::Part));
    fs::create_dir(&stale).unwrap();
    fs::set_permissions(&stale, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(stale.join("half"), b"").unwrap();
    let stranger = bench.path().join(".transship-mine.part-0");
    fs::create_dir(&stranger).unwrap();
    let options = CopyOptions::default();
    copy(
        &Disk::new(),
        &bench.source(),
        &bench.target(),
        &options,
        &Silent,
    )
    .unwrap();
    assert_eq!(
        names(bench.path()),
        [".transship-mine.part-0", "source", "target"]
    );
}
