//! Updates bring a copy to where a new copy would be, and touch nothing else.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use transship::fs::Disk;
use transship::progress::Silent;
use transship::tree::{CopyOptions, Error, Exclude, Updated, update};

use crate::look::{assert_same, look};
use crate::support::{Bench, names};
use crate::zoo;

fn copied() -> Bench {
    let bench = Bench::new();
    zoo::fill(&bench.source());
    bench.copy(&options());
    bench
}

fn options() -> CopyOptions {
    CopyOptions {
        sync: false,
        ..CopyOptions::default()
    }
}

#[track_caller]
fn updated(bench: &Bench, options: &CopyOptions) -> Updated {
    let done = update(
        &Disk::new(),
        &bench.source(),
        &bench.target(),
        options,
        &Silent,
    );
    let done = done.unwrap();
    assert_eq!(done.copied.problems, []);
    assert_eq!(names(bench.path()), ["source", "target"], "no litter");
    done
}

/// Equal but for access times, which an update leaves alone.
#[track_caller]
fn assert_equal(bench: &Bench) {
    let mut sides = [look(&bench.source()), look(&bench.target())];
    for side in &mut sides {
        for attributes in side.values_mut() {
            attributes.remove("atime");
            // Looking fills the cache with zeros where the file was preallocated.
            attributes.remove("holes");
        }
    }
    assert_same(&sides[0], &sides[1]);
}

#[test]
fn a_fresh_copy_needs_nothing() {
    let bench = copied();
    let done = updated(&bench, &options());
    assert_eq!(done, Updated::default());
    assert_equal(&bench);
}

#[test]
fn every_kind_of_change_is_carried_over() {
    let bench = copied();
    let source = bench.source();
    let at = |name: &str| source.join(name);
    fs::write(at("byte"), b"longer now").unwrap();
    fs::write(at("many/77"), b"changed").unwrap();
    fs::write(at("new"), b"new").unwrap();
    fs::create_dir_all(at("new-folder/deep")).unwrap();
    fs::write(at("new-folder/deep/file"), b"x").unwrap();
    fs::remove_file(at("empty")).unwrap();
    fs::remove_dir_all(at("links")).unwrap();
    zoo::mode(&at("noise-4096"), 0o4751);
    zoo::xattr(&at("noise-4095"), "user.new", b"x");
    rustix::fs::removexattr(at("xattr-file"), "user.comment").unwrap();
    zoo::times(&at("many/5"), (1, 1), (2, 2));
    fs::remove_file(at("symlink")).unwrap();
    symlink("elsewhere", at("symlink")).unwrap();
    // Each becomes what the other was.
    fs::remove_file(at("fifo")).unwrap();
    fs::create_dir(at("fifo")).unwrap();
    fs::write(at("fifo/inside"), b"").unwrap();
    fs::remove_dir(at("empty-folder")).unwrap();
    fs::write(at("empty-folder"), b"a file").unwrap();
    zoo::mode(&at("time-folder"), 0o700);
    let done = updated(&bench, &options());
    assert!(done.removed >= 2, "{done:?}");
    assert!(done.copied.counts.files >= 6, "{done:?}");
    assert!(done.copied.counts.files < 40, "{done:?}");
    assert_equal(&bench);
    assert_eq!(updated(&bench, &options()), Updated::default());
}

#[test]
fn hard_links_are_made_broken_and_moved_as_in_the_source() {
    let bench = Bench::new();
    let source = bench.source();
    let at = |name: &str| source.join(name);
    for name in ["a", "c", "e"] {
        fs::write(at(name), name).unwrap();
    }
    fs::hard_link(at("a"), at("b")).unwrap();
    fs::hard_link(at("c"), at("d")).unwrap();
    bench.copy(&options());
    // One pair is broken up, one is changed, two files become one.
    fs::remove_file(at("b")).unwrap();
    fs::write(at("b"), b"a").unwrap();
    fs::write(at("d"), b"changed").unwrap();
    fs::hard_link(at("e"), at("f")).unwrap();
    updated(&bench, &options());
    assert_equal(&bench);
}

#[test]
fn what_is_equal_keeps_its_inode() {
    let bench = copied();
    let inode = |name: &str| fs::metadata(bench.target().join(name)).unwrap().ino();
    let before = inode("noise-1048577");
    fs::write(bench.source().join("byte"), b"2").unwrap();
    updated(&bench, &options());
    assert_eq!(inode("noise-1048577"), before);
}

#[test]
fn equal_size_and_time_hide_a_change_from_all_but_the_checksum() {
    let bench = copied();
    let (source, target) = (bench.source().join("byte"), bench.target().join("byte"));
    let old = fs::metadata(&target).unwrap();
    fs::write(&target, b"y").unwrap();
    zoo::times(&target, (0, 0), (old.mtime(), old.mtime_nsec()));
    updated(&bench, &options());
    assert_eq!(fs::read(&target).unwrap(), b"y");
    let checksum = CopyOptions {
        checksum: true,
        ..options()
    };
    let done = updated(&bench, &checksum);
    assert_eq!(done.copied.counts.files, 1);
    assert_eq!(fs::read(&target).unwrap(), fs::read(&source).unwrap());
}

#[test]
fn what_is_excluded_is_neither_copied_nor_removed() {
    let bench = Bench::new();
    fs::write(bench.source().join("file"), b"1").unwrap();
    fs::create_dir(bench.target()).unwrap();
    fs::write(bench.target().join("mine.log"), b"mine").unwrap();
    fs::write(bench.source().join("theirs.log"), b"theirs").unwrap();
    let options = CopyOptions {
        exclude: Exclude::new(["*.log"]),
        ..options()
    };
    updated(&bench, &options);
    assert_eq!(names(&bench.target()), ["file", "mine.log"]);
}

#[test]
fn a_target_that_isnt_there_is_an_error() {
    let bench = Bench::new();
    let done = update(
        &Disk::new(),
        &bench.source(),
        Path::new("/nowhere/at/all"),
        &options(),
        &Silent,
    );
    assert!(matches!(done, Err(Error::Read { .. })), "{done:?}");
}

#[test]
fn more_folders_side_by_side_than_files_may_be_open_are_updated_and_filled_in() {
    // What most systems give a program.
    let limit = rustix::process::Rlimit {
        current: Some(1024),
        ..rustix::process::getrlimit(rustix::process::Resource::Nofile)
    };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
    let bench = Bench::new();
    for n in 0..1200 {
        fs::create_dir(bench.source().join(n.to_string())).unwrap();
    }
    bench.copy(&options());
    let late = bench.source().join("7/late");
    fs::write(&late, b"").unwrap();
    let filling = CopyOptions {
        keep_existing: true,
        ..options()
    };
    let filled = bench.copy(&filling);
    assert_eq!(filled.counts.files, 1);
    fs::write(&late, b"later").unwrap();
    assert_eq!(updated(&bench, &options()).copied.counts.files, 1);
}
