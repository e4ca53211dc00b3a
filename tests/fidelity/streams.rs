//! Streams: what is sent and received is the source; what was cut, damaged or made up is
//! refused, and never taken for complete.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use transship::error::Explain as _;
use transship::fs::Disk;
use transship::progress::{Collected, Silent};
use transship::tree::{
    Copied, CopyOptions, Error, Holds, Receiving, clear, fill, holds, manifest, send,
};

use crate::look::{Seen, assert_same, look};
use crate::support::{Bench, is_root};
use crate::zoo;

fn without_atimes(mut seen: Seen) -> Seen {
    for attributes in seen.values_mut() {
        attributes.remove("atime");
    }
    seen
}

#[track_caller]
fn assert_copied(bench: &Bench) {
    let (source, target) = (look(&bench.source()), look(&bench.target()));
    assert_same(&without_atimes(source), &without_atimes(target));
}

fn stream(source: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    send(source, None, &mut bytes, &Silent).unwrap();
    bytes
}

fn receive(target: &Path, bytes: &[u8], update: bool) -> Result<Copied, Error> {
    let disk = Disk::new();
    Receiving::begin(&disk, target, update)?.take(&mut &*bytes, &Silent)
}

/// Sends what the target lacks, and says how many bytes that were.
fn update(bench: &Bench) -> (Copied, u64) {
    let disk = Disk::new();
    let target = bench.target();
    let receiving = Receiving::begin(&disk, &target, true).unwrap();
    let have = receiving.have(&Silent).unwrap();
    let mut bytes = Vec::new();
    send(&bench.source(), have.as_ref(), &mut bytes, &Silent).unwrap();
    let copied = receiving.take(&mut &*bytes, &Silent).unwrap();
    (copied, bytes.len() as u64)
}

fn bench() -> Bench {
    let bench = Bench::new();
    fs::create_dir(bench.target()).unwrap();
    bench
}

#[test]
fn a_stream_of_the_zoo_is_the_zoo() {
    let bench = bench();
    zoo::fill(&bench.source());
    let copied = receive(&bench.target(), &stream(&bench.source()), false).unwrap();
    assert_eq!(copied.problems, []);
    assert_copied(&bench);
    assert_eq!(holds(&bench.target()).unwrap(), Holds::Something);
}

#[test]
fn a_filled_directory_is_the_zoo_and_stays_itself() {
    use std::os::unix::fs::MetadataExt as _;
    let bench = bench();
    zoo::fill(&bench.source());
    let place = fs::metadata(bench.target()).unwrap().ino();
    let options = CopyOptions {
        digest: true,
        ..CopyOptions::default()
    };
    let (source, target) = (bench.source(), bench.target());
    let copied = fill(&Disk::new(), &source, &target, &options, &Silent).unwrap();
    assert_eq!(copied.problems, []);
    assert_copied(&bench);
    assert_eq!(fs::metadata(&target).unwrap().ino(), place);
    assert_eq!(
        copied.manifest.unwrap(),
        manifest(&target, &Silent).unwrap()
    );
    let again = fill(&Disk::new(), &source, &target, &options, &Silent).unwrap_err();
    assert!(matches!(again, Error::TargetNotEmpty { .. }), "{again}");
}

/// Every change of the disk that filling makes, failed one after the other.
#[test]
fn a_filled_directory_is_empty_unfinished_or_complete_at_every_instant() {
    let bench = bench();
    let (source, target) = (bench.source(), bench.target());
    fs::create_dir_all(source.join("a/b")).unwrap();
    for name in ["1", "a/2", "a/b/3"] {
        fs::write(source.join(name), name).unwrap();
    }
    zoo::mode(&source, 0o750);
    let options = CopyOptions {
        workers: Some(1),
        ..CopyOptions::default()
    };
    let mut unfinished = 0;
    for n in 0.. {
        let left = std::sync::atomic::AtomicI64::new(n);
        // From the nth change on nothing is done any more, as after a crash.
        let disk = Disk::with_hook(move |_| match left.fetch_sub(1, Relaxed) {
            1.. => Ok(()),
            _ => Err(std::io::Error::from_raw_os_error(5)),
        });
        if fill(&disk, &source, &target, &options, &Silent).is_ok() {
            break;
        }
        match holds(&target).unwrap() {
            Holds::Nothing => {}
            Holds::Part => unfinished += 1,
            // All was done but the last wait for the medium.
            Holds::Something => assert_copied(&bench),
        }
        if holds(&target).unwrap() != Holds::Something {
            fill(&Disk::new(), &source, &target, &options, &Silent).unwrap();
            assert_copied(&bench);
        }
        clear(&Disk::new(), &target).unwrap();
        assert_eq!(holds(&target).unwrap(), Holds::Nothing);
    }
    assert!(unfinished > 10, "{unfinished}");
    assert_copied(&bench);
}

#[test]
fn an_unfinished_directory_is_no_source() {
    let bench = bench();
    fs::write(bench.source().join("file"), "x").unwrap();
    let whole = stream(&bench.source());
    receive(&bench.target(), &whole[..whole.len() - 1], false).unwrap_err();
    let third = bench.path().join("third");
    fs::create_dir(&third).unwrap();
    let options = CopyOptions::default();
    let filled = fill(&Disk::new(), &bench.target(), &third, &options, &Silent);
    assert!(matches!(filled, Err(Error::Unfinished { .. })));
    let sent = send(&bench.target(), None, &mut Vec::new(), &Silent);
    assert!(matches!(sent, Err(Error::Unfinished { .. })));
}

#[test]
fn a_cut_stream_is_never_complete_and_is_gone_on_with() {
    let bench = bench();
    for n in 0..20 {
        fs::write(bench.source().join(format!("{n:02}")), vec![n; 100_000]).unwrap();
    }
    let whole = stream(&bench.source());
    for cut in [5, 12, 13, 1000, whole.len() / 2, whole.len() - 1] {
        let error = receive(&bench.target(), &whole[..cut], false).unwrap_err();
        assert!(matches!(error, Error::Stream { .. }), "{cut}: {error}");
        assert!(error.hints()[0].contains("--update"));
        assert_eq!(holds(&bench.target()).unwrap(), Holds::Part, "{cut}");
    }
    // The last cut took the end alone.
    let (_, bytes) = update(&bench);
    assert!(bytes < 10_000, "{bytes} bytes were sent again");
    assert_copied(&bench);
}

#[test]
fn a_damaged_stream_is_never_complete() {
    let bench = bench();
    fs::write(bench.source().join("file"), zoo::noise(3000)).unwrap();
    fs::create_dir(bench.source().join("folder")).unwrap();
    let whole = stream(&bench.source());
    for at in (0..whole.len()).step_by(23) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        // A size that is another one may not fit on the disk.
        let error = receive(&bench.target(), &damaged, false).unwrap_err();
        let told = matches!(error, Error::Stream { .. } | Error::Write { .. });
        assert!(told, "{at}: {error}");
        assert_ne!(holds(&bench.target()).unwrap(), Holds::Something, "{at}");
    }
    receive(&bench.target(), &whole, false).unwrap();
    assert_copied(&bench);
}

#[test]
fn an_update_sends_what_changed_and_removes_what_is_gone() {
    let bench = bench();
    zoo::fill(&bench.source());
    receive(&bench.target(), &stream(&bench.source()), false).unwrap();
    let whole = stream(&bench.source()).len() as u64;
    let (_, nothing) = update(&bench);
    assert!(nothing < whole / 2, "{nothing} of {whole} bytes");
    assert_copied(&bench);

    fs::write(bench.source().join("new"), "new").unwrap();
    fs::create_dir(bench.target().join("extra")).unwrap();
    fs::write(bench.target().join("extra/file"), "x").unwrap();
    fs::write(bench.source().join("twin-1"), "one").unwrap();
    fs::hard_link(bench.source().join("twin-1"), bench.source().join("twin-2")).unwrap();
    update(&bench);
    assert_copied(&bench);

    // Two files of their own where the other side has one with two names.
    fs::remove_file(bench.source().join("twin-2")).unwrap();
    fs::copy(bench.source().join("twin-1"), bench.source().join("twin-2")).unwrap();
    fs::remove_file(bench.source().join("new")).unwrap();
    fs::create_dir(bench.source().join("new")).unwrap();
    update(&bench);
    assert_copied(&bench);
}

#[test]
fn a_directory_that_holds_something_is_refused_without_update() {
    let bench = bench();
    fs::write(bench.target().join("precious"), "x").unwrap();
    let error = receive(&bench.target(), &stream(&bench.source()), false).unwrap_err();
    assert!(matches!(error, Error::TargetNotEmpty { .. }), "{error}");
    assert!(bench.target().join("precious").exists());
}

#[test]
fn an_interrupted_stream_is_unfinished() {
    let bench = bench();
    fs::write(bench.source().join("file"), "x").unwrap();
    let progress = Collected::default();
    progress.stop.store(true, Relaxed);
    let sent = send(&bench.source(), None, &mut Vec::new(), &progress);
    assert!(matches!(sent, Err(Error::Interrupted)));
    let disk = Disk::new();
    let target = bench.target();
    let receiving = Receiving::begin(&disk, &target, false).unwrap();
    let taken = receiving.take(&mut stream(&bench.source()).as_slice(), &progress);
    assert!(matches!(taken, Err(Error::Interrupted)));
    assert_eq!(holds(&bench.target()).unwrap(), Holds::Part);
}

#[test]
fn what_fails_where_it_is_read_is_told_where_it_is_written() {
    let bench = bench();
    let mut bytes = Vec::new();
    send(&bench.path().join("nope"), None, &mut bytes, &Silent).unwrap_err();
    let error = receive(&bench.target(), &bytes, false).unwrap_err();
    assert!(error.to_string().contains("nope"), "{error}");
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[test]
fn a_tree_that_is_deeper_than_open_files_comes_through() {
    let bench = bench();
    let mut folder = bench.source();
    for _ in 0..300 {
        folder.push("d");
    }
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("file"), "deep").unwrap();
    receive(&bench.target(), &stream(&bench.source()), false).unwrap();
    assert_copied(&bench);
    assert!(is_root() || fs::metadata(bench.target()).is_ok());
}
