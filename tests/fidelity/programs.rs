//! What other programs say: rsync of our copies; mtree, bsdtar and sha256sum of our manifests.

use std::fs::{self, File};
use std::path::Path;

use transship::progress::Silent;
use transship::tree::{
    CopyOptions, DifferenceKind, Manifest, ManifestFormat, VerifyOptions, compare, manifest,
};

use crate::support::{Bench, is_root, run, said, skipped_without};
use crate::zoo;

#[test]
fn rsync_finds_nothing_to_do() {
    if skipped_without("rsync") {
        return;
    }
    let bench = Bench::new();
    zoo::fill(&bench.source());
    bench.copy(&CopyOptions::default());
    for extra in ["--no-whole-file", "--checksum"] {
        let output = run(
            bench.path(),
            "rsync",
            &["-aHAXn", "--delete", "-i", extra, "source/", "target/"],
        );
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(said(&output), "");
    }
}

/// Writes the manifest of the source beside it, with the copy made.
fn write_manifest(bench: &Bench, format: ManifestFormat) -> Manifest {
    let options = CopyOptions {
        digest: true,
        ..CopyOptions::default()
    };
    let manifest = bench.copy(&options).manifest.unwrap();
    let mut file = File::create(bench.path().join("target.manifest")).unwrap();
    manifest.write(format, &mut file).unwrap();
    manifest
}

#[test]
fn mtree_finds_no_difference_and_then_each_planted_one() {
    if skipped_without("mtree") {
        return;
    }
    let bench = Bench::new();
    zoo::fill(&bench.source());
    write_manifest(&bench, ManifestFormat::Mtree);
    let check = || {
        run(
            bench.path(),
            "mtree",
            &["-f", "target.manifest", "-p", "target"],
        )
    };
    let output = check();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output), "");
    let target = bench.target();
    fs::write(target.join("byte"), b"y").unwrap();
    fs::write(target.join("extra"), b"").unwrap();
    fs::remove_file(target.join("empty")).unwrap();
    zoo::mode(&target.join("noise-4096"), 0o601);
    let output = check();
    assert!(!output.status.success());
    for planted in ["byte", "extra", "empty", "noise-4096"] {
        assert!(
            said(&output).contains(planted),
            "{planted}: {}",
            said(&output)
        );
    }
}

#[test]
fn bsdtar_lists_every_path_of_our_mtree() {
    if skipped_without("bsdtar") {
        return;
    }
    let bench = Bench::new();
    zoo::fill(&bench.source());
    let manifest = write_manifest(&bench, ManifestFormat::Mtree);
    let output = run(bench.path(), "bsdtar", &["-tf", "target.manifest"]);
    // All that it has to say is that it knows no sockets.
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    let complaints: Vec<_> = complaints
        .lines()
        .filter(|line| !line.contains("\"socket\"") && !line.contains("delayed"))
        .collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    let lines = output.stdout.split(|&byte| byte == b'\n');
    let listed = lines.filter(|line| !line.is_empty()).count();
    assert_eq!(listed, manifest.len());
}

#[test]
fn our_reader_takes_what_bsdtar_writes_and_finds_the_tree_in_it() {
    if skipped_without("bsdtar") {
        return;
    }
    let bench = Bench::new();
    zoo::fill(&bench.source());
    let options = "--options=!all,type,mode,uid,gid,size,time,sha256,link";
    let output = run(
        &bench.source(),
        "bsdtar",
        &["-cf", "-", "--format=mtree", options, "."],
    );
    let theirs = Manifest::read(Path::new("theirs"), &output.stdout).unwrap();
    let ours = manifest(&bench.source(), &Silent).unwrap();
    let differences = compare(&theirs, &ours, &VerifyOptions::default());
    // It leaves sockets out, and its times have no fraction in this form.
    let left: Vec<_> = differences
        .iter()
        .filter(|d| d.kind != DifferenceKind::Mtime && d.found != "socket")
        // With an ACL it says the group's own rights, not the mask that `stat` has.
        .filter(|d| d.kind != DifferenceKind::Mode || !d.path.starts_with(b"acl-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(theirs.len() > 700);
}

#[test]
fn sha256sum_checks_every_file_and_finds_a_planted_flip() {
    if skipped_without("sha256sum") {
        return;
    }
    let bench = Bench::new();
    zoo::fill(&bench.source());
    write_manifest(&bench, ManifestFormat::Sha256sum);
    let check = || {
        run(
            &bench.target(),
            "sha256sum",
            &["--quiet", "--strict", "-c", "../target.manifest"],
        )
    };
    let output = check();
    assert!(output.status.success(), "{}", said(&output));
    fs::write(bench.target().join("names/back\\slash"), b"flip").unwrap();
    let output = check();
    assert!(!output.status.success());
    assert!(said(&output).contains("slash"), "{}", said(&output));
}

#[test]
fn getfattr_and_getfacl_see_the_same_on_both_sides() {
    if skipped_without("getfattr") || skipped_without("getfacl") {
        return;
    }
    let bench = Bench::new();
    zoo::fill(&bench.source());
    bench.copy(&CopyOptions::default());
    let seen = |root: &Path, program: &str, arguments: &[&str]| {
        let output = run(root, program, arguments);
        let mut blocks: Vec<String> = String::from_utf8_lossy(&output.stdout)
            .split("\n\n")
            .map(str::to_owned)
            .collect();
        blocks.sort();
        blocks
    };
    let all = ["-R", "-h", "-d", "-m", "-", "-e", "hex", "."];
    let expected = seen(&bench.source(), "getfattr", &all);
    assert!(expected.len() > if is_root() { 8 } else { 3 });
    assert_eq!(seen(&bench.target(), "getfattr", &all), expected);
    let all = ["-R", "-p", "-n", "."];
    let expected = seen(&bench.source(), "getfacl", &all);
    assert!(expected.len() > 700);
    assert_eq!(seen(&bench.target(), "getfacl", &all), expected);
}
