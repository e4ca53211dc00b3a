//! Two hundred differences, twenty of each kind, planted in a copy: this program finds each and
//! nothing else, and so do the programs that our manifests are for, as far as they look.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;

use transship::progress::Silent;
use transship::tree::{
    Against, CopyOptions, DifferenceKind, Manifest, ManifestFormat, VerifyOptions, manifest, verify,
};

use crate::support::{Bench, run, said, skipped_without, skipped_without_root};
use crate::verifies::keep_time;
use crate::zoo;

const KINDS: [DifferenceKind; 10] = [
    DifferenceKind::Missing,
    DifferenceKind::Extra,
    DifferenceKind::Type,
    DifferenceKind::Content,
    DifferenceKind::Size,
    DifferenceKind::Mode,
    DifferenceKind::Owner,
    DifferenceKind::Mtime,
    DifferenceKind::Xattr,
    DifferenceKind::Link,
];
const OF_EACH: usize = 20;

/// Every path that differs, and how.
fn planted() -> impl Iterator<Item = (String, DifferenceKind)> {
    let each = move |n| {
        let kind = KINDS[n / OF_EACH];
        (format!("folder{}/{kind}-{n:03}", n % 3), kind)
    };
    (0..KINDS.len() * OF_EACH).map(each)
}

/// A tree with all that is to be changed, and as many things that aren't.
fn fill(root: &Path) {
    for folder in 0..3 {
        fs::create_dir(root.join(format!("folder{folder}"))).unwrap();
    }
    for (path, kind) in planted() {
        let path = root.join(path);
        fs::write(path.with_extension("same"), b"the same").unwrap();
        match kind {
            DifferenceKind::Extra => {}
            DifferenceKind::Link => symlink("here", path).unwrap(),
            _ => fs::write(path, b"before").unwrap(),
        }
    }
}

fn plant(path: &Path, kind: DifferenceKind) {
    match kind {
        DifferenceKind::Missing => fs::remove_file(path).unwrap(),
        DifferenceKind::Extra => fs::write(path, b"").unwrap(),
        DifferenceKind::Type => {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }
        DifferenceKind::Content => keep_time(path, |path| fs::write(path, b"beFore").unwrap()),
        DifferenceKind::Size => {
            keep_time(path, |path| fs::write(path, b"more than before").unwrap());
        }
        DifferenceKind::Mode => zoo::mode(path, 0o4755),
        DifferenceKind::Owner => chown(path, Some(1), Some(1)).unwrap(),
        DifferenceKind::Mtime => zoo::times(path, (0, 0), (1_000_000_000, 1)),
        DifferenceKind::Xattr => zoo::xattr(path, "user.planted", b"x"),
        DifferenceKind::Link => keep_time(path, |path| {
            fs::remove_file(path).unwrap();
            symlink("elsewhere", path).unwrap();
        }),
        DifferenceKind::Flags | DifferenceKind::Mount => unreachable!("of no manifest"),
    }
}

/// A copy with all that is planted, and the manifest of what it was.
fn changed() -> (Bench, Manifest) {
    let bench = Bench::new();
    fill(&bench.source());
    let options = CopyOptions {
        digest: true,
        sync: false,
        ..CopyOptions::default()
    };
    let made = bench.copy(&options).manifest.unwrap();
    let target = bench.target();
    for folder in 0..3 {
        keep_time(&target.join(format!("folder{folder}")), |_| {
            let here = |(path, _): &(String, _)| path.starts_with(&format!("folder{folder}/"));
            for (path, kind) in planted().filter(here) {
                plant(&target.join(path), kind);
            }
        });
    }
    (bench, made)
}

fn write(manifest: &Manifest, format: ManifestFormat, path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    manifest.write(format, &mut file).unwrap();
}

#[test]
fn two_hundred_differences_are_found_in_a_tree_and_in_each_format() {
    if skipped_without_root() {
        return;
    }
    let (bench, made) = changed();
    let (source, target) = (bench.source(), bench.target());
    let find = |against: Against<'_>| {
        let found = verify(&target, against, &VerifyOptions::default(), &Silent).unwrap();
        let mut found: Vec<_> = found
            .into_iter()
            .map(|each| (String::from_utf8(each.path).unwrap(), each.kind))
            .collect();
        found.sort();
        found
    };
    let mut expected: Vec<_> = planted().collect();
    expected.sort();
    assert_eq!(expected.len(), 200);
    assert_eq!(find(Against::Tree(&source)), expected);
    for format in [
        ManifestFormat::Mtree,
        ManifestFormat::Json,
        ManifestFormat::Sha256sum,
    ] {
        let path = bench.path().join("target.manifest");
        write(&made, format, &path);
        let read = Manifest::load(&path).unwrap();
        let mut expected = expected.clone();
        if format == ManifestFormat::Sha256sum {
            expected.retain_mut(|(_, kind)| {
                // It knows of files and their digests alone.
                *kind = match *kind {
                    DifferenceKind::Type => DifferenceKind::Missing,
                    DifferenceKind::Size => DifferenceKind::Content,
                    kind => kind,
                };
                let known = [
                    DifferenceKind::Missing,
                    DifferenceKind::Extra,
                    DifferenceKind::Content,
                ];
                known.contains(kind)
            });
            expected.sort();
        }
        assert_eq!(find(Against::Manifest(&read)), expected, "{format:?}");
    }
}

/// Fails unless `said` has a line on each planted path of these kinds, and on no other.
#[track_caller]
fn assert_told(said: &str, kinds: &[DifferenceKind]) {
    for (path, kind) in planted() {
        let told = said.contains(&path);
        assert_eq!(told, kinds.contains(&kind), "{path}: {said}");
    }
    assert!(!said.contains(".same"), "{said}");
}

#[test]
fn mtree_finds_in_our_manifest_all_but_the_attributes_that_it_does_not_know() {
    if skipped_without_root() || skipped_without("mtree") {
        return;
    }
    let (bench, made) = changed();
    write(
        &made,
        ManifestFormat::Mtree,
        &bench.path().join("target.manifest"),
    );
    let arguments = ["-f", "target.manifest", "-p", "target"];
    let output = run(bench.path(), "mtree", &arguments);
    assert!(!output.status.success());
    let known: Vec<_> = KINDS
        .into_iter()
        .filter(|kind| *kind != DifferenceKind::Xattr)
        .collect();
    assert_told(&said(&output), &known);
}

#[test]
fn sha256sum_finds_in_our_manifest_every_file_whose_content_changed() {
    if skipped_without_root() || skipped_without("sha256sum") {
        return;
    }
    let (bench, made) = changed();
    write(
        &made,
        ManifestFormat::Sha256sum,
        &bench.path().join("target.manifest"),
    );
    let arguments = ["--quiet", "-c", "../target.manifest"];
    let output = run(&bench.target(), "sha256sum", &arguments);
    assert!(!output.status.success());
    let known = [
        DifferenceKind::Missing,
        DifferenceKind::Type,
        DifferenceKind::Content,
        DifferenceKind::Size,
    ];
    assert_told(&said(&output), &known);
}

/// It can't compare, but lists; two lists can be compared.
#[test]
fn bsdtar_lists_our_manifests_before_and_after_with_every_difference_that_a_list_shows() {
    if skipped_without_root() || skipped_without("bsdtar") {
        return;
    }
    let (bench, made) = changed();
    let list = |manifest: &Manifest| {
        write(
            manifest,
            ManifestFormat::Mtree,
            &bench.path().join("target.manifest"),
        );
        let output = run(bench.path(), "bsdtar", &["-tvf", "target.manifest"]);
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let before = list(&made);
    let after = list(&manifest(&bench.target(), &Silent).unwrap());
    let only = |a: &str, b: &str| {
        let b: std::collections::HashSet<&str> = b.lines().collect();
        let lines = a.lines().filter(|line| !b.contains(line));
        lines.collect::<Vec<_>>().join("\n")
    };
    let shown: Vec<_> = KINDS
        .into_iter()
        .filter(|kind| ![DifferenceKind::Xattr, DifferenceKind::Content].contains(kind))
        .collect();
    assert_told(&(only(&before, &after) + &only(&after, &before)), &shown);
}
