//! What is written into folders while an upgrade is at work isn't left behind unsaid.

use std::fs;

use super::lab::put_text;
use super::upgrade::{Extra, Upgrade, can};

#[test]
fn what_is_written_after_it_was_copied_into_a_folder_of_the_host_is_not_left_behind() {
    if !can() {
        return;
    }
    let host = tempfile::tempdir().unwrap();
    put_text(&host.path().join("row"), "first\n");
    let path = host.path().to_str().unwrap();
    let both = Extra {
        web: &format!("    volumes: ['{path}:/x']\n"),
        ..Extra::default()
    };
    let upgrade = Upgrade::new("hostly", both, Extra::default());
    let (root, before) = (upgrade.pair.home.path(), upgrade.running("a"));
    let hook = format!("hooks: {{migrate: 'echo late >>{path}/row'}}");
    put_text(&root.join("transship.yml"), &hook);
    let ran = upgrade.upgrade(&["--own", path]).exits(5);
    ran.complains(&format!("`{path}` was written since it was copied"))
        .complains("a process of the host");
    upgrade.is_old(&before, "written late");
    upgrade
        .pair
        .ran(&["rollback", "--discard", "--yes"])
        .exits(0);

    fs::remove_file(root.join("transship.yml")).unwrap();
    upgrade.upgrade(&["--own", path]).exits(0);
    let row = root
        .join("releases/v2/own")
        .join(path.trim_start_matches('/'));
    let row = row.join("row");
    assert_eq!(fs::read_to_string(&row).unwrap(), "first\nlate\n");

    // What the new release writes there stays behind with it, and that is told.
    put_text(&row, "first\nlate\nlater\n");
    let ran = upgrade.pair.ran(&["rollback"]).exits(3);
    ran.complains("isn't as")
        .complains(path)
        .complains("--accept-data-loss");
    upgrade
        .pair
        .ran(&["rollback", "--accept-data-loss"])
        .exits(0);
    upgrade.is_old(&before, "rolled back");
}

#[test]
fn what_is_written_below_the_release_until_the_stop_comes_along_also_where_both_had_the_same() {
    if !can() {
        return;
    }
    let both = Extra {
        web: "    volumes: ['./data:/x']\n",
        ..Extra::default()
    };
    let upgrade = Upgrade::new("alike", both, Extra::default());
    let root = upgrade.pair.home.path();
    // As an earlier try has left it.
    for release in ["v1", "v2"] {
        let data = root.join("releases").join(release).join("data");
        fs::create_dir_all(&data).unwrap();
        put_text(&data.join("rows"), "same\n");
    }
    let data = root.join("releases/v1/data").display().to_string();
    let hook = format!("hooks: {{before-stop: 'echo late >>{data}/rows; echo new >{data}/other'}}");
    put_text(&root.join("transship.yml"), &hook);
    upgrade.upgrade(&[]).exits(0);
    let read = |name: &str| fs::read_to_string(root.join("releases/v2/data").join(name)).unwrap();
    assert_eq!(
        (read("rows").as_str(), read("other").as_str()),
        ("same\nlate\n", "new\n")
    );
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
}
