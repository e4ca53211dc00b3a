//! Data that was in a folder and is in a volume in the new release, and the reverse, while the old one serves.

use std::fs;

use super::lab::put_text;
use super::outage::free_port;
use super::rehearse::rehearse;
use super::replacing::Pair;
use super::upgrade::{Upgrade, can, text};

/// The old release has its rows in `./data` and its cache in a volume, the new one the reverse.
fn changing_places() -> Upgrade {
    let port = free_port();
    let pair = Pair::new("moved_data", |lab, number| {
        let web = match number {
            1 => "    volumes: ['cache:/c']\n",
            _ => "    volumes: ['./kept/cache:/c']\n",
        };
        let text = text(lab, port, number, web, "");
        match number {
            1 => text
                .replace("'data:/d'", "'./data:/d'")
                .replace("volumes: {data:", "volumes: {cache:"),
            _ => text,
        }
    });
    Upgrade::up(pair, port)
}

#[test]
fn what_changes_places_is_copied_while_the_old_release_serves_and_goes_with_the_new_one() {
    if !can() {
        return;
    }
    let upgrade = changing_places();
    let home = upgrade.pair.home.path();
    let before = upgrade.running("a");
    upgrade.db(
        "a",
        "echo old >/d/rows; chown 70:70 /d/rows; chmod 600 /d/rows",
    );
    let web = upgrade.project("a") + "-web-1";
    let cached = "echo warm >/c/page; chown 33 /c";
    upgrade.pair.lab.docker(&["exec", &web, "sh", "-c", cached]);

    let refused = upgrade.upgrade(&[]).exits(3);
    let refused = refused.complains("`renames: {volumes: {./data: data}}`");
    refused.complains("`renames: {volumes: {cache: ./kept/cache}}`");
    let recipe = "renames: {volumes: {./data: data, cache: ./kept/cache}}\n";
    put_text(&home.join("transship.yml"), recipe);

    let ran = rehearse(&upgrade, &["--pause", "--json"]).exits(0).json();
    assert_eq!(ran["rehearsal"]["findings"], serde_json::json!([]));
    assert_eq!(upgrade.running("a"), before);

    let ran = upgrade.upgrade(&[]).exits(0);
    let ran = ran.prints("copy releases/v1/data to volume");
    ran.prints("as it is by now")
        .prints("bring releases/v2/kept/cache up to date with volume");
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
    assert_eq!(
        upgrade.db("b", "cat /d/rows; stat -c %u:%a /d/rows"),
        "old\n70:600"
    );
    let page = home.join("releases/v2/kept/cache/page");
    assert_eq!(fs::read_to_string(&page).unwrap(), "warm\n");

    fs::write(&page, "new\n").unwrap();
    let back = upgrade.pair.ran(&["rollback"]).exits(3);
    back.complains("`releases/v2/kept/cache` was written since it was copied");
    upgrade
        .pair
        .ran(&["rollback", "--accept-data-loss"])
        .exits(0);
    upgrade.is_old(&before, "rolled back");
    let loss = upgrade
        .pair
        .ran(&["rollback", "--discard", "--yes"])
        .exits(0);
    loss.complains("releases/v2/kept/cache");
    assert!(!page.parent().unwrap().exists());
    upgrade.is_old(&before, "discarded");
    assert_eq!(upgrade.db("a", "cat /d/rows"), "old");
}
