//! Any bytes as a stream of a tree: taken into a folder without a panic, without a file outside of
//! that folder, and never complete unless it came whole.

#![no_main]

use std::fs;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use transship::fs::Disk;
use transship::progress::Silent;
use transship::tree::{Holds, Receiving, holds, remove};

/// What a stream begins with: the magic and the version.
const HEAD: &[u8] = b"TRSHIP\r\n\x01\0\0\0";

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).expect("a folder").count()
}

fuzz_target!(|bytes: &[u8]| {
    let home = tempfile::tempdir().expect("a temporary folder");
    let target = home.path().join("target");
    fs::create_dir(&target).expect("a folder");
    let disk = Disk::new();
    let receiving = Receiving::begin(&disk, &target, false).expect("an empty folder is taken");
    let stream = [HEAD, bytes].concat();
    let taken = receiving.take(&mut stream.as_slice(), &Silent);
    let found = holds(&target).expect("the folder is there");
    assert_eq!(found == Holds::Part, taken.is_err(), "{taken:?}");
    assert_eq!(entries(home.path()), 1, "nothing beside the folder");
    remove(&disk, &target).expect("what was made can be removed");
});
