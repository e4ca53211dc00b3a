//! A release that held images goes with its holds, and not with another's.

use std::process::Command;

use super::upgrade::{Extra, Upgrade, can};

#[test]
fn a_release_goes_with_the_images_that_were_held_for_it_when_no_container_is_left() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("prune", Extra::default(), Extra::default());
    upgrade.upgrade(&[]).exits(0);
    upgrade.write_release(3);
    let (c, prefix) = (upgrade.project("c"), upgrade.pair.lab.name("three_"));
    let next = ["upgrade", "v3", "--yes", "-p", &c, "--prefix", &prefix];
    let next = [&next[..], &["--theirs", "docker-compose.yml"]].concat();
    upgrade.pair.ran(&next).exits(0);
    assert_eq!(upgrade.answer().as_deref(), Some("v3"));

    // Its containers are stopped, and would be found again by whoever goes back by hand.
    let prune = ["release", "prune", "--keep", "1", "--yes"];
    let kept = upgrade.pair.ran(&prune).exits(0);
    kept.prints("v1 stays: volume `")
        .prints("which is stopped: remove that first");
    let a = upgrade.project("a");
    let down = Command::new("docker")
        .args(["compose", "-p", &a, "down", "-t", "0"])
        .output();
    assert!(down.unwrap().status.success());

    let held = || {
        let format = "{{.Repository}}:{{.Tag}}";
        let listed = upgrade
            .pair
            .lab
            .docker(&["image", "ls", "--format", format]);
        let id = std::fs::read_to_string(upgrade.pair.home.path().join(".transship/id")).unwrap();
        let id: serde_json::Value = serde_json::from_str(&id).unwrap();
        let own = format!(
            "transship-held/{}:",
            &id["body"]["id"].as_str().unwrap()[..12]
        );
        let tags = listed.lines().filter_map(|tag| tag.strip_prefix(&own));
        tags.map(str::to_owned).collect::<Vec<_>>()
    };
    let is_of = |version: &str| held().iter().any(|tag| tag.starts_with(version));
    assert!(is_of("v1-") && is_of("v2-") && is_of("v3-"), "{:?}", held());
    let json = upgrade
        .pair
        .ran(&[&prune[..], &["--json"]].concat())
        .exits(0)
        .json();
    assert_eq!(json["releases"][0]["version"], "v1");
    assert_eq!(json["releases"][0]["images"].as_array().unwrap().len(), 1);
    assert!(
        !is_of("v1-") && is_of("v2-") && is_of("v3-"),
        "{:?}",
        held()
    );
    assert!(!upgrade.pair.home.path().join("releases/v1").exists());
    let volumes = upgrade.pair.lab.docker(&["volume", "ls", "-q"]);
    let has = |name: &str| {
        volumes
            .lines()
            .any(|volume| volume == upgrade.pair.lab.name(name))
    };
    assert!(
        !has("1_data") && has("two_data") && has("three_data"),
        "{volumes}"
    );
    // What runs is untouched, and the way back is there.
    assert_eq!(upgrade.answer().as_deref(), Some("v3"));
    upgrade
        .pair
        .ran(&["rollback", "--accept-data-loss"])
        .exits(0);
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
    let down = ["compose", "-p", &c, "down", "--volumes", "-t", "0"];
    let _ = Command::new("docker").args(down).output();
}
