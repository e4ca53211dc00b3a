//! Verify finds what was planted, all of it, and nothing else.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::IFlags;
use transship::error::{Explain as _, Kind};
use transship::progress::{Collected, Silent};
use transship::tree::{
    Against, CopyOptions, Difference, DifferenceKind, Error, Exclude, Manifest, ManifestFormat,
    VerifyOptions, VerifyScope, manifest, verify,
};

use crate::support::{Bench, skipped_without_root};
use crate::zoo;

/// The zoo, its copy, and the manifest that was made on the way.
fn copied() -> (Bench, Manifest) {
    let bench = Bench::new();
    zoo::fill(&bench.source());
    let options = CopyOptions {
        digest: true,
        sync: false,
        ..CopyOptions::default()
    };
    let manifest = bench.copy(&options).manifest.unwrap();
    (bench, manifest)
}

fn differences(tree: &Path, against: Against<'_>, options: &VerifyOptions) -> Vec<Difference> {
    verify(tree, against, options, &Silent).unwrap()
}

#[test]
fn a_copy_differs_neither_from_its_source_nor_from_its_manifest() {
    let (bench, made) = copied();
    let source = bench.source();
    for media in [false, true] {
        let options = VerifyOptions {
            media,
            ..VerifyOptions::default()
        };
        for against in [Against::Tree(&source), Against::Manifest(&made)] {
            assert_eq!(differences(&bench.target(), against, &options), []);
            assert_eq!(differences(&bench.source(), against, &options), []);
        }
    }
    assert_eq!(manifest(&bench.target(), &Silent).unwrap(), made);
}

#[test]
fn each_format_brings_back_what_it_can_say() {
    let (bench, made) = copied();
    for format in [
        ManifestFormat::Mtree,
        ManifestFormat::Json,
        ManifestFormat::Sha256sum,
    ] {
        let mut bytes = Vec::new();
        made.write(format, &mut bytes).unwrap();
        let read = Manifest::read(Path::new("m"), &bytes).unwrap();
        if format == ManifestFormat::Sha256sum {
            assert!(read.is_files_only());
            assert!(read.len() > 700);
        } else {
            assert_eq!(read, made, "{format:?}");
            assert_eq!(read.digest(), made.digest());
        }
        let options = VerifyOptions::default();
        let found = differences(&bench.target(), Against::Manifest(&read), &options);
        assert_eq!(found, [], "{format:?}");
    }
}

/// One change to a copy, and what must be found: nothing more, nothing less.
type Planted = (&'static str, fn(&Path), &'static [DifferenceKind]);

const PLANTED: [Planted; 11] = [
    (
        "byte",
        |path| keep_time(path, |p| fs::write(p, b"y").unwrap()),
        &[DifferenceKind::Content],
    ),
    (
        "noise-4096",
        |path| keep_time(path, |p| fs::write(p, b"less").unwrap()),
        &[DifferenceKind::Size],
    ),
    (
        "noise-1048577",
        |path| keep_time(path, flip_last),
        &[DifferenceKind::Content],
    ),
    (
        "empty",
        |path| fs::remove_file(path).unwrap(),
        &[DifferenceKind::Missing],
    ),
    (
        "new",
        |path| fs::write(path, b"").unwrap(),
        &[DifferenceKind::Extra],
    ),
    (
        "noise-4095",
        |path| zoo::mode(path, 0o4711),
        &[DifferenceKind::Mode],
    ),
    (
        "postgres",
        |path| {
            keep_time(path, |p| {
                std::os::unix::fs::chown(p, Some(0), Some(998)).unwrap();
            });
        },
        &[DifferenceKind::Owner],
    ),
    (
        "time-2100",
        |path| zoo::times(path, (0, 0), (4_102_444_801, 6)),
        &[DifferenceKind::Mtime],
    ),
    (
        "xattr-file",
        |path| zoo::xattr(path, "user.comment", b"A value"),
        &[DifferenceKind::Xattr],
    ),
    (
        "symlink",
        |path| retarget(path),
        &[DifferenceKind::Link, DifferenceKind::Mtime],
    ),
    ("socket", |path| become_file(path), &[DifferenceKind::Type]),
];

/// Changes a file and puts its modification time back.
pub(crate) fn keep_time(path: &Path, change: impl FnOnce(&Path)) {
    use std::os::unix::fs::MetadataExt as _;
    let before = fs::symlink_metadata(path).unwrap();
    change(path);
    zoo::times(path, (0, 0), (before.mtime(), before.mtime_nsec()));
}

fn flip_last(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    fs::write(path, bytes).unwrap();
}

fn retarget(path: &Path) {
    fs::remove_file(path).unwrap();
    symlink("elsewhere", path).unwrap();
}

fn become_file(path: &Path) {
    fs::remove_file(path).unwrap();
    fs::write(path, b"").unwrap();
}

#[test]
fn every_planted_difference_is_found_and_named() {
    if skipped_without_root() {
        return;
    }
    let (bench, made) = copied();
    let (source, target) = (bench.source(), bench.target());
    keep_time(&target, |_| {
        for (name, change, _) in PLANTED {
            change(&target.join(name));
        }
    });
    let kinds = PLANTED.iter().flat_map(|(name, _, kinds)| {
        let kind = move |kind| (name.as_bytes().to_vec(), kind);
        kinds.iter().copied().map(kind)
    });
    let mut expected: Vec<_> = kinds.collect();
    expected.sort();
    for against in [Against::Tree(&source), Against::Manifest(&made)] {
        let found = differences(&target, against, &VerifyOptions::default());
        for each in &found {
            let line = each.to_string();
            assert!(line.contains(&each.kind.to_string()), "{line}");
        }
        let mut found: Vec<_> = found.into_iter().map(|d| (d.path, d.kind)).collect();
        found.sort();
        assert_eq!(found, expected);
    }
}

#[test]
fn an_inode_flag_of_one_side_alone_is_found_in_every_scope_that_has_metadata() {
    let (bench, made) = copied();
    let (source, target) = (bench.source(), bench.target());
    for name in ["byte", "folder-0555", "link-1"] {
        zoo::set_flag(&target.join(name), IFlags::NODUMP);
    }
    let of = |scope| {
        let options = VerifyOptions {
            scope,
            ..VerifyOptions::default()
        };
        let found = [Against::Tree(&source), Against::Manifest(&made)].map(|against| {
            let found = differences(&target, against, &options).into_iter();
            let text: Vec<_> = found.map(|each| each.to_string()).collect();
            text
        });
        assert_eq!(found[0], found[1]);
        found[0].clone()
    };
    let said = |path: &str| format!("{path}: flags: expected none, found nodump");
    let all = of(VerifyScope::Everything);
    assert!(
        all.contains(&said("byte")) && all.contains(&said("folder-0555")),
        "{all:?}"
    );
    assert!(
        all.contains(&said("link-1")) && all.contains(&said("link-2")),
        "{all:?}"
    );
    assert_eq!(of(VerifyScope::MetadataOnly), all);
    assert_eq!(of(VerifyScope::ContentOnly), [] as [&str; 0]);
}

#[test]
fn a_hard_link_that_was_broken_up_is_found() {
    let (bench, made) = copied();
    let target = bench.target();
    let link = target.join("link-2");
    keep_time(&target, |_| {
        keep_time(&link, |link| {
            fs::remove_file(link).unwrap();
            fs::write(link, b"link-1").unwrap();
        });
    });
    let found = differences(&target, Against::Manifest(&made), &VerifyOptions::default());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].kind, DifferenceKind::Link);
    assert_eq!(found[0].found, "a file of its own");
}

/// The bytes of each name are held against that name's own.
#[test]
fn of_two_names_of_one_file_the_one_that_was_another_file_differs() {
    let bench = Bench::new();
    let (source, target) = (bench.source(), bench.target());
    fs::create_dir(&target).unwrap();
    fs::write(source.join("a"), "one").unwrap();
    fs::write(source.join("b"), "two").unwrap();
    fs::write(target.join("a"), "one").unwrap();
    fs::hard_link(target.join("a"), target.join("b")).unwrap();
    let options = VerifyOptions {
        scope: VerifyScope::ContentOnly,
        ..VerifyOptions::default()
    };
    let found = differences(&target, Against::Tree(&source), &options);
    let found: Vec<_> = found.into_iter().map(|d| (d.path, d.kind)).collect();
    assert_eq!(found, [(b"b".to_vec(), DifferenceKind::Content)]);
}

/// None of the differences of a path hides another, whether the file has one name or two.
#[test]
fn size_and_attributes_of_one_file_are_both_told() {
    let bench = Bench::new();
    let (source, target) = (bench.source(), bench.target());
    fs::write(source.join("alone"), "one").unwrap();
    fs::write(source.join("linked"), "one").unwrap();
    fs::hard_link(source.join("linked"), source.join("again")).unwrap();
    bench.copy(&CopyOptions::default());
    keep_time(&target, |_| {
        for name in ["alone", "linked"] {
            keep_time(&target.join(name), |file| {
                fs::write(file, "longer").unwrap();
                zoo::xattr(file, "user.note", b"mine");
            });
        }
    });
    let options = VerifyOptions::default();
    let found = differences(&target, Against::Tree(&source), &options);
    let found: Vec<_> = found.into_iter().map(|d| (d.path, d.kind)).collect();
    let both = |name: &[u8]| {
        let kinds = [DifferenceKind::Size, DifferenceKind::Xattr];
        kinds.map(|kind| (name.to_vec(), kind))
    };
    let expected = [both(b"again"), both(b"alone"), both(b"linked")].concat();
    assert_eq!(found, expected);
}

#[test]
fn the_scope_leaves_out_contents_or_metadata() {
    let (bench, made) = copied();
    let target = bench.target();
    keep_time(&target, |_| {
        keep_time(&target.join("byte"), |p| fs::write(p, b"y").unwrap());
        zoo::mode(&target.join("noise-4096"), 0o604);
    });
    let kinds = |scope| {
        let options = VerifyOptions {
            scope,
            ..VerifyOptions::default()
        };
        let found = differences(&target, Against::Manifest(&made), &options);
        found.iter().map(|each| each.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(VerifyScope::ContentOnly), [DifferenceKind::Content]);
    assert_eq!(kinds(VerifyScope::MetadataOnly), [DifferenceKind::Mode]);
    assert_eq!(kinds(VerifyScope::Everything).len(), 2);
}

#[test]
fn metadata_alone_is_compared_without_reading_a_byte() {
    let (bench, made) = copied();
    let progress = Collected::default();
    let options = VerifyOptions {
        scope: VerifyScope::MetadataOnly,
        ..VerifyOptions::default()
    };
    let found = verify(
        &bench.target(),
        Against::Manifest(&made),
        &options,
        &progress,
    );
    assert_eq!(found.unwrap(), []);
    assert_eq!(progress.bytes.into_inner(), 0);
}

#[test]
fn what_is_excluded_may_differ_on_both_sides() {
    let (bench, made) = copied();
    let target = bench.target();
    fs::write(target.join("many/5"), b"changed").unwrap();
    fs::write(target.join("new.log"), b"").unwrap();
    fs::remove_file(target.join("byte")).unwrap();
    let options = VerifyOptions {
        scope: VerifyScope::ContentOnly,
        exclude: Exclude::new(["many", "*.log", "/byte"]),
        ..VerifyOptions::default()
    };
    let source = bench.source();
    for against in [Against::Tree(&source), Against::Manifest(&made)] {
        assert_eq!(differences(&target, against, &options), []);
    }
}

#[test]
fn of_a_file_with_several_names_only_those_count_that_are_compared() {
    let (bench, made) = copied();
    let source = bench.source();
    for excluded in ["link-1", "links"] {
        let options = VerifyOptions {
            exclude: Exclude::new([excluded]),
            ..VerifyOptions::default()
        };
        for against in [Against::Tree(&source), Against::Manifest(&made)] {
            assert_eq!(differences(&bench.target(), against, &options), []);
        }
    }
}

#[test]
fn damaged_manifests_are_refused_with_their_line() {
    let digest = "0".repeat(64);
    let cases: [(String, usize); 9] = [
        ("{\"format\":\"other\"}".to_owned(), 1),
        (
            "{\n\"format\":\"transship-manifest\",\n\"version\":3,\"entries\":[]}".to_owned(),
            1,
        ),
        ("{\n[".to_owned(), 2),
        (format!("{digest}  a\nnonsense\n"), 2),
        (format!("{digest}  a\n{digest}  ../b\n"), 2),
        ("#mtree\n./a type=file mode=9\n".to_owned(), 2),
        ("#mtree\n./../a type=file\n".to_owned(), 2),
        ("#mtree\n#: transship manifest 3\n".to_owned(), 2),
        ("hello world\n".to_owned(), 1),
    ];
    for (text, expected) in cases {
        let error = Manifest::read(Path::new("m"), text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        match &error {
            Error::Manifest { line, .. } => assert_eq!(*line, expected, "{text}: {error}"),
            other => panic!("{text}: {other}"),
        }
    }
}

#[test]
fn a_tree_that_isnt_there_is_named() {
    let error = manifest(Path::new("/nowhere/at/all"), &Silent).unwrap_err();
    assert_eq!(error.to_string(), "can't read `/nowhere/at/all`");
    assert_eq!(error.kind(), Kind::Usage);
}
