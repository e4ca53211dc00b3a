//! Tests of the layout.

#![expect(
    clippy::disallowed_methods,
    reason = "the tests set up their own world"
)]

use super::*;
use crate::error::{Explain, Kind};

fn install(releases: &[&str]) -> (tempfile::TempDir, Install) {
    let folder = tempfile::tempdir().unwrap();
    for release in releases {
        let path = folder.path().join("releases").join(release);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("docker-compose.yml"), "services: {}\n").unwrap();
    }
    let install = Install::at(folder.path()).unwrap();
    (folder, install)
}

fn versions(releases: &[Release]) -> Vec<&str> {
    releases
        .iter()
        .map(|release| release.version.as_str())
        .collect()
}

#[test]
fn releases_are_listed_oldest_first_and_staging_folders_are_none() {
    let (folder, install) = install(&["v2.10.5", "v2.9", ".v3.part.1"]);
    fs::create_dir(folder.path().join("releases/empty")).unwrap();
    assert_eq!(versions(&install.releases().unwrap()), ["v2.9", "v2.10.5"]);
    let all = install.all_releases().unwrap();
    assert_eq!(versions(&all), ["empty", "v2.9", "v2.10.5"]);
}

#[test]
fn a_folder_without_releases_is_no_install() {
    let folder = tempfile::tempdir().unwrap();
    let error = Install::at(folder.path()).unwrap_err();
    assert!(matches!(error, InstallError::NoReleases { .. }), "{error}");
    assert_eq!(error.kind(), Kind::Usage);
}

#[test]
fn adopting_makes_private_folders_and_can_be_repeated() {
    use std::os::unix::fs::MetadataExt;
    let (_folder, install) = install(&["v1"]);
    assert!(matches!(
        Install::adopted(install.root()),
        Err(InstallError::NotAdopted { .. })
    ));
    install.adopt(&Disk::new()).unwrap();
    install.adopt(&Disk::new()).unwrap();
    assert_eq!(install.journals().metadata().unwrap().mode() & 0o777, 0o700);
    assert_eq!(Install::adopted(install.root()).unwrap(), install);
}

#[test]
fn current_is_the_release_that_the_symlink_names() {
    let (_folder, install) = install(&["v1", "v2"]);
    assert_eq!(install.current().unwrap(), None);
    let version = "v1".parse().unwrap();
    Disk::new()
        .switch(&install.current_link(), &Install::current_target(&version))
        .unwrap();
    assert_eq!(install.current().unwrap().unwrap().version, version);
    assert_eq!(install.active().unwrap().version, version);
}

#[test]
fn a_current_that_leads_elsewhere_is_strange() {
    let (_folder, install) = install(&["v1"]);
    for target in [
        "/etc",
        "releases",
        "releases/v9",
        "releases/../releases/v1/..",
    ] {
        Disk::new()
            .switch(&install.current_link(), Path::new(target))
            .unwrap();
        let error = install.current().unwrap_err();
        assert!(
            matches!(error, InstallError::StrangeCurrent { .. }),
            "{target}: {error}"
        );
    }
}

#[test]
fn without_current_the_only_release_is_active_and_two_are_a_question() {
    let (_one, lone) = install(&["v1"]);
    assert_eq!(lone.active().unwrap().version.as_str(), "v1");
    let (_two, pair) = install(&["v1", "v2"]);
    let error = pair.active().unwrap_err();
    assert!(
        error.hints()[0].contains("`v1`, `v2`"),
        "{:?}",
        error.hints()
    );
}

#[test]
fn an_unknown_version_lists_the_known_ones() {
    let (_folder, install) = install(&["v1", "v2"]);
    let error = install.release(&"v3".parse().unwrap()).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage);
    assert_eq!(error.hints()[0], "there are `v1`, `v2`");
}
