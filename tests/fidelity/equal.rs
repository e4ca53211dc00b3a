//! One definition of equal for copy, dry run, update, verify and exclusion: pairs of random trees
//! over few names, so that much of one is in the other, as it was or otherwise. 60 pairs, or as many
//! as `PROPTEST_CASES` says. rsync is the oracle of what exclusion means.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
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

use crate::pairs::{NAMES, build, shape, thing, unlock};
use crate::support::{Bench, skipped_without};

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
        let (target, outside) = (bench.target(), bench.path().join("outside"));
        fs::create_dir(&target).unwrap();
        fs::create_dir(&outside).unwrap();
        build(&bench.source(), &outside, &new);
        build(&target, &outside, &old);
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
            // It can't change what is locked.
            unlock(&theirs);
            rsync(&source, &theirs, &patterns);
            prop_assert_eq!(shape(&target), shape(&theirs));
        }
    }
}
