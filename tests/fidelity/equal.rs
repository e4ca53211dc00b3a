//! One definition of equal for copy, dry run, update, verify and exclusion: pairs of random trees
//! over few names, so that much of one is in the other, as it was or otherwise. 60 pairs, or as many
//! as `PROPTEST_CASES` says. rsync is the oracle of what exclusion means.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, symlink};
use std::path::Path;
use std::process::Command;

use proptest::collection::vec;
use proptest::prelude::*;
use transship::fs::Disk;
use transship::progress::Silent;
use transship::tree::{
    Against, CopyOptions, Exclude, Removals, Survey, Updated, VerifyOptions, copy, foretell,
    update, verify,
};

use crate::support::{Bench, skipped_without};
use crate::zoo;

#[derive(Debug, Clone)]
enum Kind {
    Folder,
    File(u8),
    Symlink(u8),
    /// Another name of what stands at the other path.
    Link(Vec<u8>),
}

#[derive(Debug, Clone)]
struct Thing {
    /// Numbers of names, from the root.
    path: Vec<u8>,
    kind: Kind,
    time: u8,
    private: bool,
}

const NAMES: [&str; 5] = ["a", "b", "cache", "x.log", "ab"];

fn path() -> impl Strategy<Value = Vec<u8>> {
    vec(0..5_u8, 1..4)
}

fn thing() -> impl Strategy<Value = Thing> {
    let kind = prop_oneof![
        3 => Just(Kind::Folder),
        4 => (0..3_u8).prop_map(Kind::File),
        1 => (0..2_u8).prop_map(Kind::Symlink),
        1 => path().prop_map(Kind::Link),
    ];
    (path(), kind, 0..3_u8, any::<bool>()).prop_map(|(path, kind, time, private)| Thing {
        path,
        kind,
        time,
        private,
    })
}

/// Patterns with every feature, over the same names.
fn pattern() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        (0..5_usize).prop_map(|n| NAMES[n].to_owned()),
        Just("*".to_owned()),
        Just("?".to_owned()),
        Just("a*".to_owned()),
        Just("*.log".to_owned()),
        Just("[ab]".to_owned()),
        Just("[!a-b]*".to_owned()),
        Just("**".to_owned()),
        Just("a**".to_owned()),
    ];
    let end = prop_oneof![3 => Just(""), 2 => Just("/"), 1 => Just("/***"), 1 => Just("/**")];
    (any::<bool>(), vec(name, 1..3), end).prop_map(|(rooted, names, end)| {
        let root = if rooted { "/" } else { "" };
        format!("{root}{}{end}", names.join("/"))
    })
}

fn joined(path: &[u8]) -> String {
    let names: Vec<&str> = path.iter().map(|&n| NAMES[usize::from(n)]).collect();
    names.join("/")
}

fn build(root: &Path, things: &[Thing]) {
    for thing in things {
        let path = root.join(joined(&thing.path));
        let above = path.parent().unwrap();
        if fs::create_dir_all(above).is_err() || path.symlink_metadata().is_ok() {
            continue;
        }
        let made = match &thing.kind {
            Kind::Folder => fs::create_dir(&path),
            Kind::File(size) => fs::write(&path, vec![b'x'; usize::from(*size)]),
            Kind::Symlink(to) => symlink(NAMES[usize::from(*to)], &path),
            Kind::Link(other) => {
                let other = root.join(joined(other));
                match other.symlink_metadata() {
                    Ok(stat) if !stat.is_dir() => fs::hard_link(&other, &path),
                    _ => continue,
                }
            }
        };
        made.unwrap();
        if thing.private && !path.is_symlink() && path.exists() {
            let mode = if path.is_dir() { 0o700 } else { 0o600 };
            zoo::mode(&path, mode);
        }
    }
    // From the bottom up, since what is made in a folder changes its time.
    for (number, path) in walk(root).into_iter().enumerate().rev() {
        let time = things.get(number).map_or(0, |thing| thing.time);
        zoo::times(&path, (1, 1), (1_700_000_000 + i64::from(time), 5));
    }
}

/// The root and all that is in it, a folder before what is in it.
fn walk(root: &Path) -> Vec<std::path::PathBuf> {
    let entries = walkdir::WalkDir::new(root).sort_by_file_name();
    let entries = entries.into_iter();
    entries.map(|entry| entry.unwrap().into_path()).collect()
}

/// What stands at each path: type, and contents or target.
fn shape(root: &Path) -> BTreeMap<String, String> {
    let all = walk(root).into_iter().map(|path| {
        let stat = path.symlink_metadata().unwrap();
        let text = match stat.file_type() {
            kind if kind.is_dir() => "folder".to_owned(),
            kind if kind.is_symlink() => format!("to {:?}", fs::read_link(&path).unwrap()),
            kind if kind.is_fifo() => "fifo".to_owned(),
            _ => format!("{} bytes", stat.size()),
        };
        let path = path.strip_prefix(root).unwrap();
        (path.display().to_string(), text)
    });
    all.collect()
}

fn rsync(source: &Path, target: &Path, patterns: &[String]) {
    let mut command = Command::new("rsync");
    command.args(["-aHAX", "--delete", "--no-whole-file"]);
    for pattern in patterns {
        command.arg("--exclude").arg(pattern);
    }
    let slash = |path: &Path| format!("{}/", path.display());
    let done = command
        .arg(slash(source))
        .arg(slash(target))
        .output()
        .unwrap();
    // 23: something had to stay.
    let code = done.status.code();
    assert!(matches!(code, Some(0 | 23)), "{done:?}");
}

fn cases() -> u32 {
    let cases = std::env::var("PROPTEST_CASES").ok();
    cases.and_then(|n| n.parse().ok()).unwrap_or(60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_two_trees_are_all_verbs_mean_the_same_by_equal(
        new in vec(thing(), 0..14),
        old in vec(thing(), 0..14),
        patterns in vec(pattern(), 0..3),
        checksum: bool,
    ) {
        let bench = Bench::new();
        build(&bench.source(), &new);
        let target = bench.target();
        fs::create_dir(&target).unwrap();
        build(&target, &old);
        let theirs = bench.path().join("theirs");
        copy(&Disk::new(), &target, &theirs, &CopyOptions { sync: false, ..CopyOptions::default() }, &Silent).unwrap();
        let exclude = Exclude::new(&patterns);
        let options = CopyOptions {
            sync: false,
            checksum,
            exclude: exclude.clone(),
            removals: Removals::All,
            ..CopyOptions::default()
        };
        let of_verify = VerifyOptions { exclude, ..VerifyOptions::default() };
        let source = bench.source();
        let differs = || verify(&target, Against::Tree(&source), &of_verify, &Silent).unwrap();

        let foretold = foretell(&source, &target, &options, &Silent).unwrap();
        let before = differs();
        let is_new = foretold.updated != Updated::default();
        prop_assert_eq!(is_new, !before.is_empty(), "{:?} {:?}", foretold, before);
        let problems = !foretold.updated.copied.problems.is_empty();
        prop_assert_eq!(foretold.differences.is_empty(), !is_new || problems && foretold.differences.is_empty());

        let done = update(&Disk::new(), &source, &target, &options, &Silent).unwrap();
        prop_assert_eq!(done.removed, foretold.updated.removed, "{:?}", foretold);
        prop_assert_eq!(done.copied.counts.files, foretold.updated.copied.counts.files, "{:?}", foretold);
        prop_assert_eq!(done.copied.counts.bytes, foretold.updated.copied.counts.bytes);
        prop_assert_eq!(done.adjusted, foretold.updated.adjusted, "{:?} {:?}", done, foretold);
        prop_assert_eq!(&done.copied.problems, &foretold.updated.copied.problems);
        prop_assert_eq!(done.copied.problems.is_empty(), differs().is_empty(), "{:?} {:?}", done, differs());

        let again = update(&Disk::new(), &source, &target, &options, &Silent).unwrap();
        prop_assert_eq!(again.copied.counts, Survey::default());
        prop_assert_eq!((again.removed, again.adjusted), (0, 0), "{:?}", again.copied.problems);

        // An excluded folder makes way for a file with rsync if it is empty; here it stays.
        let problems = done.copied.problems.iter();
        let in_the_way = problems.filter(|problem| {
            let path = source.join(OsStr::from_bytes(&problem.path));
            path.symlink_metadata().is_ok_and(|stat| !stat.is_dir())
        });
        if in_the_way.count() == 0 && !skipped_without("rsync") {
            rsync(&source, &theirs, &patterns);
            prop_assert_eq!(shape(&target), shape(&theirs));
        }
    }
}
