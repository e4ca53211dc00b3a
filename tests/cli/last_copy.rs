//! Going back: never to what is gone, never over the last copy, and never by what somebody else wrote.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use transship::upgrade::running::journal;
use transship::upgrade::{document, plan};

use super::bad_input::refused;
use super::common::install::{Install, chmod, run};
use super::common::need;
use super::common::program::Ran;

const OLD: &str = "volumes/v1_3_2_postgres_data";
const NEW: &str = "volumes/v2_10_5_postgres_data";

fn applied() -> Install {
    let install = Install::planned();
    install.run(&["apply"]).exits(0);
    install
}

/// What became of the old release, and what is said of it by `rollback` and `rollback --discard`.
#[track_caller]
fn refuses(spoil: impl Fn(&Install), text: &str) {
    let install = applied();
    spoil(&install);
    for verb in [&["rollback"][..], &["rollback", "--discard", "--yes"]] {
        refused(&install, verb, 3, text);
        refused(&install, &[verb, &["--dry-run"]].concat(), 3, text);
    }
    assert!(install.at(NEW).join("PG_VERSION").exists());
    assert_eq!(install.current(), "releases/v2.10.5");
}

#[test]
fn the_old_volume_is_gone() {
    refuses(
        |install| fs::remove_dir_all(install.at(OLD)).unwrap(),
        "is gone",
    );
}

#[test]
fn the_old_volume_was_emptied() {
    refuses(
        |install| {
            for entry in fs::read_dir(install.at(OLD)).unwrap() {
                let path = entry.unwrap().path();
                run(Command::new("rm").arg("-r").arg(path));
            }
        },
        "is empty",
    );
}

#[test]
fn the_old_volume_was_made_again_empty() {
    refuses(
        |install| {
            fs::remove_dir_all(install.at(OLD)).unwrap();
            fs::create_dir(install.at(OLD)).unwrap();
        },
        "is empty",
    );
}

#[test]
fn the_old_volume_was_made_again_and_initialised() {
    refuses(
        |install| {
            fs::remove_dir_all(install.at(OLD)).unwrap();
            fs::create_dir(install.at(OLD)).unwrap();
            fs::write(install.at(OLD).join("PG_VERSION"), "15\n").unwrap();
        },
        "was made again",
    );
}

#[test]
fn the_old_release_is_gone() {
    refuses(
        |install| fs::remove_dir_all(install.at("releases/v1.3.2")).unwrap(),
        "is gone",
    );
}

#[test]
fn the_old_compose_file_is_gone() {
    refuses(
        |install| fs::remove_file(install.at("releases/v1.3.2/docker-compose.yml")).unwrap(),
        "is gone",
    );
}

#[test]
fn config_that_was_carried_is_gone_from_the_old_release() {
    refuses(
        |install| fs::remove_file(install.at("releases/v1.3.2/.env")).unwrap(),
        "is gone",
    );
}

#[test]
fn an_old_volume_that_came_back_from_its_backup_will_do() {
    let install = applied();
    let backup = install.at("backup");
    run(Command::new("cp")
        .arg("-a")
        .arg(install.at(OLD))
        .arg(&backup));
    fs::remove_dir_all(install.at(OLD)).unwrap();
    fs::rename(&backup, install.at(OLD)).unwrap();
    install.run(&["rollback", "--discard", "--yes"]).exits(0);
    assert!(!install.at(NEW).exists());
}

#[test]
fn an_old_release_that_runs_again_is_gone_back_to_and_then_the_new_one_can_go() {
    let install = applied();
    fs::write(install.at(OLD).join("base/1/1248"), "a new order").unwrap();
    refused(
        &install,
        &["rollback", "--discard", "--yes"],
        3,
        "was written since",
    );
    install.run(&["rollback"]).exits(0);
    fs::write(install.at(OLD).join("base/1/1249"), "another").unwrap();
    install.run(&["rollback", "--discard", "--yes"]).exits(0);
    assert!(!install.at(NEW).exists());
    assert!(install.at(OLD).join("base/1/1249").exists());
}

#[test]
fn a_new_volume_that_another_made_is_not_discarded() {
    let install = applied();
    run(Command::new("rm").arg("-r").arg(install.at(NEW)));
    fs::create_dir(install.at(NEW)).unwrap();
    fs::write(install.at(NEW).join("theirs"), "precious").unwrap();
    refused(
        &install,
        &["rollback", "--discard", "--yes"],
        3,
        "holds something else",
    );
    install.run(&["rollback"]).exits(0);
    refused(
        &install,
        &["rollback", "--discard", "--yes"],
        3,
        "holds something else",
    );
}

#[test]
fn a_second_rollback_names_the_next_move() {
    let install = applied();
    install.run(&["rollback"]).exits(0);
    refused(&install, &["rollback"], 3, "was rolled back already")
        .complains("transship rollback --discard\n");
    install.run(&["rollback", "--discard", "--yes"]).exits(0);
    refused(
        &install,
        &["rollback", "--discard", "--yes"],
        3,
        "was rolled back already",
    )
    .complains("transship plan v2.10.5");
}

/// The only document in a folder of transship's own.
fn only(install: &Install, folder: &str) -> PathBuf {
    let mut entries = fs::read_dir(install.at(".transship").join(folder)).unwrap();
    entries.next().unwrap().unwrap().path()
}

/// Writes the newest journal as if `change` had been planned, sealed as it should be.
fn forge(install: &Install, change: impl Fn(&mut serde_json::Value)) {
    let path = only(install, "journal");
    let text = fs::read_to_string(&path).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    change(&mut document["body"]["plan"]);
    let sealed = document::to_text(journal::FORMAT, &document["body"]).unwrap();
    fs::write(&path, sealed).unwrap();
}

fn step<'a>(plan: &'a mut serde_json::Value, kind: &str) -> &'a mut serde_json::Value {
    let steps = plan["steps"].as_array_mut().unwrap();
    steps.iter_mut().find(|step| step["kind"] == kind).unwrap()
}

#[test]
fn a_sealed_journal_that_leads_out_of_its_release_is_refused() {
    for (kind, field, path) in [
        ("stage-release", "target", "../victim"),
        ("stage-release", "target", "releases/v1.3.2"),
        ("stage-release", "version", "v1.3.2"),
        ("edit-compose", "file", "releases/v1.3.2/docker-compose.yml"),
        ("edit-compose", "file", "/etc/passwd"),
        ("carry", "to", "releases/v2.10.5/../../victim"),
        ("carry", "from", "../victim"),
        ("copy-volume", "target", "../victim"),
        ("copy-volume", "source", "/srv/../victim"),
        ("copy-volume", "source", "releases/v2.10.5/x"),
        ("copy-volume", "target", "/victim"),
        ("copy-volume", "target", "releases/v1.3.2/x"),
        ("copy-volume", "manifest", "victim"),
        ("verify", "volume", ".."),
        ("verify", "manifest", ".transship/journal/x"),
        ("switch", "from", "/victim"),
        ("switch", "to", "../victim"),
    ] {
        let install = applied();
        let victim = install.root().join("../victim");
        assert!(!victim.exists());
        forge(&install, |plan| step(plan, kind)[field] = path.into());
        for verb in [&["rollback", "--discard", "--yes"][..], &["rollback"]] {
            let ran = install.run(verb).exits(3);
            assert!(
                ran.err.contains("is not acted upon"),
                "{kind}.{field}: {}",
                ran.err
            );
        }
        assert!(install.at("releases/v2.10.5").exists());
    }
}

#[test]
fn a_sealed_plan_that_leads_out_of_its_release_is_refused() {
    let install = Install::planned();
    let path = only(&install, "plans");
    let text = fs::read_to_string(&path).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    step(&mut document["body"], "stage-release")["target"] = "../victim".into();
    let sealed = document::to_text(plan::FORMAT, &document["body"]).unwrap();
    fs::write(&path, sealed).unwrap();
    refused(&install, &["apply"], 3, "is not acted upon");
}

#[test]
fn a_journal_under_another_name_is_refused() {
    let install = applied();
    let path = only(&install, "journal");
    fs::rename(
        &path,
        path.with_file_name("99999-20260101T000000Z-v2.10.5.json"),
    )
    .unwrap();
    refused(&install, &["rollback"], 3, "its name isn't that of its run");
}

/// Lets others have a hand in something, and asks for a rollback.
#[track_caller]
fn distrusts(meddle: impl Fn(&Install) -> PathBuf, text: &str) -> Ran {
    let install = applied();
    let path = meddle(&install);
    let ran = refused(&install, &["rollback", "--discard", "--yes"], 3, text);
    assert!(ran.err.contains(path.to_str().unwrap()), "{}", ran.err);
    ran
}

#[test]
fn what_belongs_to_another_user_is_not_acted_upon() {
    if !need::root() {
        return;
    }
    for name in ["", "journal", "plans", "manifests", "id", "lock"] {
        distrusts(
            |install| {
                let path = install.at(".transship").join(name);
                chown(&path, Some(999), None).unwrap();
                path.components().collect()
            },
            "belongs to user 999",
        );
    }
    distrusts(
        |install| {
            let path = only(install, "journal");
            chown(&path, Some(999), None).unwrap();
            path
        },
        "belongs to user 999",
    );
}

#[test]
fn what_others_can_write_is_not_acted_upon() {
    for (folder, mode) in [("journal", 0o666), ("plans", 0o620), ("made", 0o602)] {
        distrusts(
            |install| {
                let path = only(install, folder);
                chmod(&path, mode);
                path
            },
            "can be written by others",
        );
    }
}

#[test]
fn a_symlink_that_another_user_put_there_is_not_followed() {
    if !need::root() {
        return;
    }
    for name in ["volumes", "releases", ".transship"] {
        distrusts(
            |install| {
                let (path, real) = (install.at(name), install.at("elsewhere"));
                fs::rename(&path, &real).unwrap();
                std::os::unix::fs::symlink(&real, &path).unwrap();
                std::os::unix::fs::lchown(&path, Some(999), None).unwrap();
                path
            },
            "belongs to user 999",
        );
    }
}

#[test]
fn a_fifo_in_the_place_of_a_file_is_not_waited_for() {
    for name in [".transship/lock", ".transship/id"] {
        let install = applied();
        fs::remove_file(install.at(name)).unwrap();
        run(Command::new("mkfifo").arg(install.at(name)));
        let status = Command::new("timeout")
            .args(["20", env!("CARGO_BIN_EXE_transship"), "status"])
            .current_dir(install.root())
            .status()
            .unwrap();
        assert_ne!(status.code(), Some(124), "{name}");
        install
            .run(&["rollback"])
            .exits(3)
            .complains("is neither a regular file nor a folder");
    }
}

#[test]
fn a_volume_in_use_is_found_before_anything_is_undone() {
    let install = applied();
    let held = fs::File::create(install.at(NEW).join("held")).unwrap();
    let before = install.picture("");
    let ran = install.run(&["rollback", "--discard", "--yes"]);
    assert_eq!(install.picture(""), before);
    ran.exits(3).complains("is in use");
    drop(held);
    assert!(Path::new(&install.at(NEW)).metadata().unwrap().nlink() > 0);
    install.run(&["rollback", "--discard", "--yes"]).exits(0);
}
