//! What is known of files isn't read again, and a write is never missed: not one through a mapping,
//! not one whose file got its old times back.

use std::fs::{self, File, FileTimes};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use transship::fs::Disk;
use transship::progress::Silent;
use transship::tree::{
    CopyOptions, Digest, KnownFiles, KnownPair, Manifest, VerifyOptions, Writers, copy,
    manifest_of, update,
};

use crate::filesystems::Mounted;
use crate::need;

/// Longer than anybody's clock takes to tick.
const PAST: Duration = Duration::from_millis(3_100);

fn known(root: &Path, writers: Writers) -> KnownFiles {
    KnownFiles::of(&Disk::new(), root, writers, true, &Silent).unwrap()
}

fn manifest(root: &Path, known: Option<KnownFiles>) -> Manifest {
    let options = VerifyOptions {
        known: known.map(Arc::new),
        ..VerifyOptions::default()
    };
    manifest_of(root, &options, &Silent).unwrap()
}

/// A program that has written a page of `mapped` through a mapping, and keeps it mapped.
fn mapping(root: &Path) -> Child {
    const WRITES: &str = "import mmap,sys\n\
        f=open('mapped','r+b'); m=mmap.mmap(f.fileno(),0); m[0:1]=b'1'; print(flush=True)\n\
        sys.stdin.readline(); m[1:2]=b'2'; print(flush=True); sys.stdin.readline()\n";
    let mut program = Command::new("python3");
    program.args(["-c", WRITES]).current_dir(root);
    let piped = program.stdin(Stdio::piped()).stdout(Stdio::piped());
    piped.spawn().unwrap()
}

/// Has the program go on, and waits until it has.
fn next(program: &mut Child) {
    let said = program.stdout.as_mut().unwrap();
    BufReader::with_capacity(1, said)
        .read_line(&mut String::new())
        .unwrap();
}

fn check(root: &Path) {
    fs::write(root.join("mapped"), vec![0; 8192]).unwrap();
    let written = ["kept", "appended", "restored", "moved", "linked"];
    for name in written {
        fs::write(root.join(name), name).unwrap();
    }
    fs::hard_link(root.join("linked"), root.join("other")).unwrap();
    let mut program = mapping(root);
    next(&mut program);
    thread::sleep(PAST);
    fs::write(root.join("fresh"), "fresh").unwrap();

    let before = known(root, Writers::Some);
    let lines = serde_json::to_value(&before).unwrap();
    assert_eq!(
        lines["files"].as_array().unwrap().len(),
        6,
        "all but `fresh`"
    );
    // A digest that is known isn't computed: a wrong one is believed.
    let wrong = "0".repeat(64);
    let kept = Digest::of(b"kept").to_string();
    let text = lines.to_string();
    let believed = serde_json::from_str(&text.replace(&kept, &wrong)).unwrap();
    let found = manifest(root, Some(believed));
    let digest = |name: &str| {
        let mut entries = found.entries();
        let entry = entries.find(|entry| entry.path == name.as_bytes()).unwrap();
        entry.sha256.unwrap().to_string()
    };
    assert_eq!(digest("kept"), wrong);
    assert_eq!(digest("fresh"), Digest::of(b"fresh").to_string());

    // All that is written from here on is seen.
    program.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    next(&mut program);
    let mut appended = File::options()
        .append(true)
        .open(root.join("appended"))
        .unwrap();
    appended.write_all(b"!").unwrap();
    let restored = File::options()
        .write(true)
        .open(root.join("restored"))
        .unwrap();
    let modified = restored.metadata().unwrap().modified().unwrap();
    (&restored).write_all(b"changed!").unwrap();
    restored
        .set_times(FileTimes::new().set_modified(modified))
        .unwrap();
    fs::rename(root.join("moved"), root.join("kept")).unwrap();
    fs::write(root.join("fresh"), "again").unwrap();
    let plain = manifest(root, None);
    assert_eq!(manifest(root, Some(before)), plain);
    program.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    assert!(program.wait().unwrap().success());
}

#[test]
fn no_write_is_missed_whatever_is_known() {
    if !need::root() || !need::program("python3") {
        return;
    }
    thread::scope(|scope| {
        for kind in ["ext4", "xfs", "btrfs"] {
            scope.spawn(move || {
                if let Some(mounted) = Mounted::new(kind) {
                    let root = mounted.path().join("tree");
                    fs::create_dir(&root).unwrap();
                    check(&root);
                }
            });
        }
    });
}

#[test]
fn where_writes_through_mappings_leave_no_mark_nothing_is_known() {
    if !need::root() {
        return;
    }
    if let Some(mounted) = Mounted::new("tmpfs") {
        fs::write(mounted.path().join("a"), "a").unwrap();
        assert!(known(&mounted.path(), Writers::None).is_empty());
    }
}

#[test]
fn an_update_that_knows_both_sides_makes_them_equal_all_the_same() {
    if !need::root() {
        return;
    }
    let Some(mounted) = Mounted::new("ext4") else {
        return;
    };
    let (source, target) = (mounted.path().join("a"), mounted.path().join("b"));
    fs::create_dir(&source).unwrap();
    for name in ["same", "sly", "gone"] {
        fs::write(source.join(name), name).unwrap();
    }
    copy(
        &Disk::new(),
        &source,
        &target,
        &CopyOptions::default(),
        &Silent,
    )
    .unwrap();
    thread::sleep(PAST);
    let pair = KnownPair {
        source: Arc::new(known(&source, Writers::Some)),
        target: Arc::new(known(&target, Writers::None)),
    };
    // Other contents of the same size, and the time that it had: none but ctime tells.
    let sly = File::options()
        .write(true)
        .open(source.join("sly"))
        .unwrap();
    let modified = sly.metadata().unwrap().modified().unwrap();
    (&sly).write_all(b"SLY").unwrap();
    sly.set_times(FileTimes::new().set_modified(modified))
        .unwrap();
    fs::remove_file(source.join("gone")).unwrap();
    let options = CopyOptions {
        checksum: true,
        removals: transship::tree::Removals::All,
        known: Some(pair.clone()),
        ..CopyOptions::default()
    };
    let updated = update(&Disk::new(), &source, &target, &options, &Silent).unwrap();
    assert_eq!((updated.copied.counts.files, updated.removed), (1, 1));
    assert_eq!(fs::read(target.join("sly")).unwrap(), b"SLY");
    let wanted = manifest(&source, None);
    assert_eq!(manifest(&target, None), wanted);
    let of = |known: &Arc<KnownFiles>| Some(KnownFiles::clone(known));
    assert_eq!(manifest(&source, of(&pair.source)), wanted);
    assert_eq!(manifest(&target, of(&pair.target)), wanted);
}
