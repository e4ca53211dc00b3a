//! Trees that change while they are copied, and filesystems that fail.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use transship::error::{Explain as _, Kind};
use transship::fs::Disk;
use transship::progress::Silent;
use transship::tree::{Cause, CopyOptions, Error, Lost, copy};

use crate::look::look;
use crate::support::{Bench, names};
use crate::zoo;

/// A disk that does something to the source before each write of the file `victim`.
fn disturbed(
    victim: &'static str,
    mut times: usize,
    change: impl Fn() + Send + Sync + 'static,
) -> Disk {
    let left = std::sync::Mutex::new(std::mem::take(&mut times));
    Disk::with_hook(move |operation| {
        let mut left = left.lock().unwrap();
        if operation.call == "write" && operation.path.ends_with(victim) && *left > 0 {
            *left -= 1;
            change();
        }
        Ok(())
    })
}

#[test]
fn a_file_that_changes_twice_is_copied_as_it_is_in_the_end() {
    let bench = Bench::new();
    let file = bench.source().join("busy");
    fs::write(&file, b"first").unwrap();
    let turns = AtomicUsize::new(0);
    let disk = disturbed("busy", 2, move || {
        let turn = turns.fetch_add(1, SeqCst);
        fs::write(&file, ["second, longer", "3rd"][turn]).unwrap();
    });
    let options = CopyOptions {
        digest: true,
        ..CopyOptions::default()
    };
    let copied = copy(&disk, &bench.source(), &bench.target(), &options, &Silent).unwrap();
    let (source, target) = (bench.source().join("busy"), bench.target().join("busy"));
    assert_eq!(fs::read(&target).unwrap(), b"3rd");
    let times = [source, target].map(|path| fs::metadata(path).unwrap().mtime_nsec());
    assert_eq!(times[0], times[1]);
    let entries: Vec<_> = copied.manifest.unwrap().entries().collect();
    assert_eq!(entries[1].size, Some(3));
    assert_eq!(entries[1].sha256, Some(transship::tree::Digest::of(b"3rd")));
}

#[test]
fn a_file_that_never_rests_is_named_and_there_is_no_copy() {
    let bench = Bench::new();
    let file = bench.source().join("restless");
    fs::write(&file, b"0").unwrap();
    fs::write(bench.source().join("calm"), b"0").unwrap();
    let disk = disturbed("restless", usize::MAX, move || {
        let old = fs::read(&file).unwrap();
        fs::write(&file, [&old[..], b"+"].concat()).unwrap();
    });
    let options = CopyOptions::default();
    let error = copy(&disk, &bench.source(), &bench.target(), &options, &Silent).unwrap_err();
    assert_eq!(error.kind(), Kind::Failed);
    assert!(error.to_string().contains("/source/restless`"), "{error}");
    assert!(error.to_string().contains("changes while it is copied"));
    let Error::Incomplete { failed, .. } = error else {
        panic!("{error}");
    };
    assert!(matches!(failed[0].cause, Cause::Changed));
    assert_eq!(names(bench.path()), ["source"]);
}

#[test]
fn a_live_tree_is_copied_with_a_problem_for_what_moves() {
    let bench = Bench::new();
    let file = bench.source().join("restless");
    fs::write(&file, b"0").unwrap();
    let disk = disturbed("restless", usize::MAX, move || {
        let old = fs::read(&file).unwrap();
        fs::write(&file, [&old[..], b"+"].concat()).unwrap();
    });
    let options = CopyOptions {
        live: true,
        ..CopyOptions::default()
    };
    let copied = copy(&disk, &bench.source(), &bench.target(), &options, &Silent).unwrap();
    let lost: Vec<_> = copied
        .problems
        .iter()
        .map(|p| (p.lost, &p.path[..]))
        .collect();
    assert_eq!(lost, [(Lost::ChangedDuringCopy, &b"restless"[..])]);
    assert!(bench.target().join("restless").exists());
}

#[test]
fn a_file_added_while_its_folder_is_copied_is_noticed() {
    let bench = Bench::new();
    fs::write(bench.source().join("file"), b"0").unwrap();
    let new = bench.source().join("new");
    let disk = disturbed("file", 1, move || fs::write(&new, b"").unwrap());
    let options = CopyOptions::default();
    let error = copy(&disk, &bench.source(), &bench.target(), &options, &Silent).unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }), "{error}");
}

/// Every operation of a copy of a small tree fails once, and once for ever.
#[test]
fn whichever_operation_fails_nothing_is_left_and_the_source_is_untouched() {
    let bench = Bench::new();
    small_tree(&bench);
    let expected = look(&bench.source());
    let total = count_operations(&bench);
    assert!(total > 20, "{total}");
    for forever in [false, true] {
        for nth in 0..total {
            let copied = copy_failing(&bench, nth, forever);
            let found = names(bench.path());
            if let Ok(copied) = copied {
                // Failed where that is no loss: removing the empty staging folder.
                assert_eq!(copied.problems, [], "operation {nth}");
                assert!(found.contains(&"target".to_owned()));
            } else if !forever {
                // The copy may be complete: then only what made it durable failed.
                assert!(
                    found.iter().all(|name| !name.starts_with('.')),
                    "{nth}: {found:?}"
                );
            }
            for name in names(bench.path()).iter().filter(|name| *name != "source") {
                transship::tree::remove(&Disk::new(), &bench.path().join(name)).unwrap();
            }
        }
    }
    let mut found = look(&bench.source());
    for (path, attributes) in &expected {
        let other = found.get_mut(path).unwrap();
        other.insert("atime", attributes["atime"].clone());
    }
    assert_eq!(found, expected);
}

fn small_tree(bench: &Bench) {
    let source = bench.source();
    fs::create_dir(source.join("folder")).unwrap();
    fs::write(source.join("folder/file"), zoo::noise(300_000)).unwrap();
    fs::write(source.join("small"), b"s").unwrap();
    fs::hard_link(source.join("small"), source.join("twin")).unwrap();
    symlink("small", source.join("link")).unwrap();
    zoo::mode(&source.join("folder"), 0o2755);
    zoo::xattr(&source.join("small"), "user.x", b"y");
}

fn options() -> CopyOptions {
    CopyOptions {
        workers: Some(1),
        ..CopyOptions::default()
    }
}

fn count_operations(bench: &Bench) -> usize {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let disk = Disk::with_hook(move |_| {
        counter.fetch_add(1, SeqCst);
        Ok(())
    });
    copy(&disk, &bench.source(), &bench.target(), &options(), &Silent).unwrap();
    transship::tree::remove(&Disk::new(), &bench.target()).unwrap();
    count.load(SeqCst)
}

fn copy_failing(
    bench: &Bench,
    nth: usize,
    forever: bool,
) -> Result<transship::tree::Copied, Error> {
    let count = AtomicUsize::new(0);
    let disk = Disk::with_hook(move |_| {
        let n = count.fetch_add(1, SeqCst);
        if n == nth || (forever && n > nth) {
            return Err(io::Error::from_raw_os_error(5));
        }
        Ok(())
    });
    copy(&disk, &bench.source(), &bench.target(), &options(), &Silent)
}
