//! Files so large that they are read ahead, and read and written past the page cache.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use transship::fs::Disk;
use transship::progress::Silent;
use transship::tree::{
    Against, CopyOptions, DifferenceKind, Digest, Error, VerifyOptions, VerifyScope, copy,
    manifest, verify,
};

use crate::support::{Bench, names};
use crate::zoo;

/// 80,000,001 bytes: a long stretch of data, a hole, and an end that no block ends with.
fn make_large(path: &Path) -> File {
    let pattern = zoo::noise(1_000_003);
    let mut options = File::options();
    let mut file = options
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
        .unwrap();
    for _ in 0..70 {
        file.write_all(&pattern).unwrap();
    }
    file.set_len(80_000_001).unwrap();
    file.seek(SeekFrom::Start(79_999_990)).unwrap();
    file.write_all(b"the end").unwrap();
    file.sync_all().unwrap();
    file
}

/// Drops what is in memory of it.
fn forget(path: &Path) {
    let file = File::open(path).unwrap();
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
}

#[test]
fn a_large_file_is_the_same_whether_its_source_was_cached_or_not() {
    let bench = Bench::new();
    let path = bench.source().join("large");
    make_large(&path);
    let expected = fs::read(&path).unwrap();
    let digest = Some(Digest::of(&expected));
    for cached in [true, false] {
        for sync in [true, false] {
            if !cached {
                forget(&path);
            }
            let options = CopyOptions {
                digest: true,
                sync,
                ..CopyOptions::default()
            };
            let copied = bench.copy(&options);
            assert!(fs::read(bench.target().join("large")).unwrap() == expected);
            let entry = copied.manifest.unwrap().entries().last().unwrap();
            assert_eq!(entry.sha256, digest);
            transship::tree::remove(&Disk::new(), &bench.target()).unwrap();
        }
    }
}

#[test]
fn a_large_file_has_the_same_digest_whether_it_is_cached_or_not() {
    let bench = Bench::new();
    let path = bench.source().join("large");
    make_large(&path);
    let digest = Some(Digest::of(&fs::read(&path).unwrap()));
    for cached in [true, false] {
        if !cached {
            forget(&path);
        }
        let made = manifest(&bench.source(), &Silent).unwrap();
        assert_eq!(made.entries().last().unwrap().sha256, digest);
    }
}

/// The first write of a large file, one in the middle, and its unaligned end.
#[test]
fn a_large_file_that_cant_be_written_fails_the_copy_and_leaves_nothing() {
    let bench = Bench::new();
    make_large(&bench.source().join("large"));
    let count = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&count);
    let counting = Disk::with_hook(move |op| {
        counter.fetch_add(u32::from(op.call == "write"), Relaxed);
        Ok(())
    });
    let options = CopyOptions::default();
    copy(
        &counting,
        &bench.source(),
        &bench.target(),
        &options,
        &Silent,
    )
    .unwrap();
    transship::tree::remove(&Disk::new(), &bench.target()).unwrap();
    let all = count.load(Relaxed);
    assert!(all > 30, "{all} writes");
    for failing in [0, 1, all / 2, all - 1] {
        let done = AtomicU32::new(0);
        let disk = Disk::with_hook(move |op| {
            if op.call == "write" && done.fetch_add(1, Relaxed) == failing {
                return Err(std::io::Error::from_raw_os_error(5));
            }
            Ok(())
        });
        let copied = copy(&disk, &bench.source(), &bench.target(), &options, &Silent);
        assert!(matches!(copied, Err(Error::Write { .. })), "{copied:?}");
        assert_eq!(names(bench.path()), ["source"], "write {failing}");
    }
}

#[test]
fn large_files_are_held_against_each_other_byte_by_byte() {
    let bench = Bench::new();
    let (a, b) = (bench.source().join("large"), bench.target().join("large"));
    fs::create_dir(bench.target()).unwrap();
    make_large(&a);
    let file = make_large(&b);
    let options = VerifyOptions {
        scope: VerifyScope::ContentOnly,
        ..VerifyOptions::default()
    };
    let (source, target) = (bench.source(), bench.target());
    let compare = || verify(&target, Against::Tree(&source), &options, &Silent).unwrap();
    assert_eq!(compare(), []);
    // Zeros that were written are the same as a hole.
    file.write_all_at(&[0; 8192], 75_000_000).unwrap();
    assert_eq!(compare(), []);
    for at in [0, 35_000_000, 75_004_321, 80_000_000] {
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1], at).unwrap();
        file.sync_all().unwrap();
        for cached in [true, false] {
            if !cached {
                forget(&a);
                forget(&b);
            }
            let found = compare();
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].kind, DifferenceKind::Content);
            let digest = |path| Digest::of(&fs::read(path).unwrap()).to_string();
            assert_eq!(found[0].expected, digest(&a));
            assert_eq!(found[0].found, digest(&b));
        }
        file.write_all_at(&byte, at).unwrap();
    }
    assert_eq!(compare(), []);
}
