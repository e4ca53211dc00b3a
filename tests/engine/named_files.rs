//! An upgrade of what runs by named files of variables and profiles, in a folder below the release.

use std::fs;

use super::lab::put_text;
use super::outage::free_port;
use super::replacing::Pair;
use super::upgrade::{Upgrade, can, text};

#[test]
fn files_of_variables_profiles_and_a_folder_below_the_release_count_both_ways() {
    if !can() {
        return;
    }
    let only = "    profiles: [site]\n    environment: {WHICH: '${WHICH:?}'}\n";
    let port = free_port();
    let pair = Pair::new("named", |lab, number| {
        text(lab, port, number, only, "").replace("echo v", "echo $$WHICH-v")
    });
    let root = pair.home.path().to_owned();
    for release in ["releases/v1", "releases/v2"].map(|name| root.join(name)) {
        fs::create_dir(release.join("deploy")).unwrap();
        let file = "docker-compose.yml";
        fs::rename(release.join(file), release.join("deploy").join(file)).unwrap();
    }
    put_text(&root.join("releases/v1/deploy/prod.env"), "WHICH=prod\n");
    let named = [
        "--env-file",
        "releases/v1/deploy/prod.env",
        "--profile",
        "site",
    ];
    let upgrade = Upgrade { pair, port };
    let a = upgrade.project("a");
    upgrade
        .pair
        .runs(&[&["up", "v1", "-p", &a][..], &named].concat());
    assert_eq!(upgrade.answer().as_deref(), Some("prod-v1"));
    let before = upgrade.running("a");

    let more = [&named[..], &["--theirs", "deploy/docker-compose.yml"]].concat();
    let ran = upgrade.upgrade(&more).exits(0);
    ran.prints("--project-directory releases/v1/deploy --env-file releases/v1/deploy/prod.env")
        .prints("--project-directory releases/v2/deploy --env-file releases/v2/deploy/prod.env")
        .prints("--profile site stop")
        .prints("down for");
    assert_eq!(upgrade.answer().as_deref(), Some("prod-v2"));
    assert_eq!(upgrade.running("a"), Vec::<String>::new());

    // The containers themselves are gone: ones like them come of the same variables and profiles.
    for id in &before {
        upgrade.pair.lab.docker(&["rm", "--force", id]);
    }
    upgrade
        .pair
        .ran(&["rollback", "--accept-data-loss"])
        .exits(0);
    assert_eq!(upgrade.answer().as_deref(), Some("prod-v1"));
    assert_eq!(upgrade.running("a").len(), 2);
    assert_eq!(upgrade.running("b"), Vec::<String>::new());
}
