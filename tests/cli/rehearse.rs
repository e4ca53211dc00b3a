//! Rehearsals, on folders: the clone is left and right of everything, and production is as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::common::install::Install;
use super::common::program::Ran;

/// Rehearses v2.10.5 from the tarball.
fn rehearse(install: &Install, more: &[&str]) -> Ran {
    let args = ["rehearse", "v2.10.5", "--from-release", "v2.10.5.tar.gz"];
    install.run(&[&args[..], more].concat())
}

/// All of the install but what is transship's own.
pub(super) fn production(install: &Install) -> BTreeMap<PathBuf, String> {
    let mut picture = install.picture("");
    picture.retain(|path, _| !path.starts_with(".transship"));
    picture
}

/// What stands in the folder of rehearsals, by name.
fn kept(install: &Install) -> Vec<String> {
    let entries = fs::read_dir(install.at(".transship/rehearsals")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn a_rehearsal_goes_there_and_back_and_there_again_and_touches_nothing() {
    let install = Install::adopted();
    let before = production(&install);
    let ran = rehearse(&install, &["--json"]).exits(0).json();
    assert_eq!(production(&install), before);
    assert_eq!(ran["clone"], serde_json::Value::Null);
    let rehearsal = &ran["rehearsal"];
    assert_eq!(rehearsal["findings"], serde_json::json!([]));
    let rounds: Vec<_> = rehearsal["rounds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|round| {
            (
                round["kind"].as_str().unwrap(),
                round["steps"].as_array().unwrap().len(),
            )
        })
        .collect();
    assert_eq!(
        rounds,
        [("forward", 12), ("back", 1), ("discard", 11), ("again", 12)]
    );
    let id = rehearsal["id"].as_str().unwrap();
    assert_eq!(
        kept(&install),
        [format!("{id}.json")],
        "the record stays, the clone goes"
    );
    assert_eq!(install.litter(), Vec::<PathBuf>::new());

    // The plan that was rehearsed is saved, and is what can be done now.
    let steps = rehearsal["rounds"][0]["steps"].as_array().unwrap();
    let titles: Vec<_> = steps
        .iter()
        .map(|step| step["title"].as_str().unwrap())
        .collect();
    assert!(titles.contains(&"copy volume v1_3_2_postgres_data to v2_10_5_postgres_data"));
    let done = install.run(&["apply", "--json"]).exits(0).json();
    let done = done["steps"].as_array().unwrap().iter();
    let done: Vec<_> = done.map(|step| step["title"].as_str().unwrap()).collect();
    assert_eq!(done, titles, "the same steps, but for the bindings");
}

#[test]
fn a_clone_that_is_kept_can_be_tried_and_is_told_of_until_it_is_removed() {
    let install = Install::adopted();
    let before = production(&install);
    let ran = rehearse(&install, &["--keep", "--json"]).exits(0).json();
    let clone = Path::new(ran["clone"].as_str().unwrap());
    assert_eq!(
        fs::read_link(clone.join("current")).unwrap(),
        Path::new("releases/v2.10.5")
    );
    let copied = clone.join("volumes/v2_10_5_postgres_data/base/1/1247");
    assert_eq!(fs::read(copied).unwrap(), vec![7; 100_000]);
    install
        .run(&["status"])
        .exits(0)
        .prints("REHEARSAL v1.3.2 to v2.10.5 in ");
    let root = clone.to_str().unwrap();
    install
        .run(&["rollback", "-C", root])
        .exits(0)
        .prints("Rolled back to v1.3.2");
    // What another command finds isn't taken for litter.
    install
        .run(&["plan", "v2.10.5", "--from-release", "v2.10.5.tar.gz"])
        .exits(0);
    assert!(clone.is_dir());
    install
        .run(&["rehearse", "--clean"])
        .exits(0)
        .prints("removed the clone");
    assert!(!clone.exists());
    install
        .run(&["rehearse", "--clean"])
        .exits(0)
        .prints("no clone stands");
    assert!(!install.run(&["status"]).exits(0).out.contains("REHEARSAL"));
    assert_eq!(production(&install), before);
}

#[test]
fn where_there_is_no_plan_there_is_no_clone() {
    let install = Install::adopted();
    let taken = install.at("volumes/v2_10_5_postgres_data");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("row"), "another's").unwrap();
    let before = production(&install);
    rehearse(&install, &[])
        .exits(3)
        .complains("v2_10_5_postgres_data");
    install.run(&["rehearse"]).exits(2).complains("VERSION");
    assert_eq!(production(&install), before);
    assert!(!install.at(".transship/rehearsals").exists());
}

#[test]
fn a_killed_rehearsals_clone_is_removed_by_the_next_command() {
    let install = Install::adopted();
    rehearse(&install, &["--keep"]).exits(0);
    let record = install.at(".transship/rehearsals").join(&kept(&install)[1]);
    // As the record of a clone in use says; its seal is made anew.
    let text = fs::read_to_string(&record).unwrap();
    let mut killed: transship::rehearsal::RehearsalRecord =
        transship::document::from_text(transship::rehearsal::FORMAT, &record, &text).unwrap();
    killed.standing = transship::rehearsal::CloneStanding::InUse;
    let text = transship::document::to_text(transship::rehearsal::FORMAT, &killed).unwrap();
    fs::write(&record, text).unwrap();
    install
        .run(&["status"])
        .exits(0)
        .prints("left by a rehearsal that was killed");
    install.plan().exits(0).complains("removed what rehearsal");
    assert_eq!(kept(&install).len(), 1, "{:?}", kept(&install));
}
