//! What a library that copies by path makes of the same tree: why `tree` isn't built on one.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use transship::progress::Silent;
use transship::tree::{Against, CopyOptions, DifferenceKind, VerifyOptions, verify};

use crate::support::Bench;

/// The kinds of what differs between the source and the target.
fn lost(bench: &Bench) -> BTreeSet<String> {
    let options = VerifyOptions::default();
    let source = bench.source();
    let found = verify(&bench.target(), Against::Tree(&source), &options, &Silent).unwrap();
    let kind = |kind: DifferenceKind| format!("{kind:?}");
    found.into_iter().map(|found| kind(found.kind)).collect()
}

#[test]
fn a_copy_by_path_loses_what_ours_keeps() {
    let bench = Bench::new();
    let at = |name: &str| bench.source().join(name);
    fs::write(at("file"), b"x").unwrap();
    File::open(at("file"))
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    fs::hard_link(at("file"), at("twin")).unwrap();
    symlink("file", at("link")).unwrap();
    fs::create_dir(at("private")).unwrap();
    fs::set_permissions(at("private"), fs::Permissions::from_mode(0o700)).unwrap();
    let whole = fs_extra::dir::CopyOptions::new().copy_inside(true);
    fs_extra::dir::copy(bench.source(), bench.target(), &whole).unwrap();
    let expect = ["Link", "Mode", "Mtime", "Type"].map(str::to_owned);
    assert_eq!(lost(&bench), BTreeSet::from(expect));
    fs::remove_dir_all(bench.target()).unwrap();
    bench.copy(&CopyOptions::default());
    assert_eq!(lost(&bench), BTreeSet::new());
}
