//! An install that was copied, moved or restored: what is recorded in it is acted upon where it was
//! recorded, and elsewhere only once somebody has said what it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use transship::fs::Disk;
use transship::release::Install as Layout;
use transship::upgrade::running::journal::JournalEvent;
use transship::upgrade::{Journal, Plan};

use super::common::install::{Install, run};
use super::common::need;
use super::common::program::{Ran, transship};

/// What is asked of an install, and what it is in before.
const VERBS: [(&[&str], Before); 7] = [
    (&["apply"], Before::Planned),
    (&["resume"], Before::Interrupted),
    (&["rollback"], Before::Applied),
    (&["rollback", "--discard", "--yes"], Before::Applied),
    (&["status"], Before::Applied),
    (&["release", "use", "v1.3.2"], Before::Applied),
    (
        &["release", "new", "v3", "--from-release", "v2.10.5.tar.gz"],
        Before::Applied,
    ),
];

#[derive(Clone, Copy, PartialEq)]
enum Before {
    Planned,
    Interrupted,
    Applied,
}

/// An install in a folder of its own, in a folder that can be renamed.
fn installed(outer: &Path, before: Before) -> Install {
    let parent = outer.join("parent");
    fs::create_dir(&parent).unwrap();
    let install = Install::below(&parent);
    install.run(&["init"]).exits(0);
    install.plan().exits(0);
    match before {
        Before::Planned => {}
        Before::Interrupted => {
            let layout = Layout::at(install.root()).unwrap();
            let plan = Plan::find(&layout, None).unwrap();
            let mut journal = Journal::begin(&layout, plan, transship::clock::now()).unwrap();
            let begun = JournalEvent::Do { step: 0 };
            journal.record(&Disk::new(), begun).unwrap();
        }
        Before::Applied => {
            install.run(&["apply"]).exits(0);
        }
    }
    install
}

fn copied(install: &Install, outer: &Path) -> PathBuf {
    let to = outer.join("copy");
    run(Command::new("cp").arg("-a").arg(install.root()).arg(&to));
    to
}

fn moved(install: &Install, outer: &Path) -> PathBuf {
    let to = outer.join("moved");
    fs::rename(install.root(), &to).unwrap();
    to
}

fn in_renamed_parent(install: &Install, outer: &Path) -> PathBuf {
    fs::rename(outer.join("parent"), outer.join("renamed")).unwrap();
    outer
        .join("renamed")
        .join(install.root().file_name().unwrap())
}

fn restored_in_place(install: &Install, outer: &Path) -> PathBuf {
    let (root, backup) = (install.root(), outer.join("backup.tar"));
    run(Command::new("tar")
        .arg("-C")
        .arg(root)
        .arg("-cf")
        .arg(&backup)
        .arg("."));
    fs::remove_dir_all(root).unwrap();
    fs::create_dir(root).unwrap();
    run(Command::new("tar")
        .arg("-C")
        .arg(root)
        .arg("-xpf")
        .arg(&backup));
    root.to_owned()
}

fn restored_elsewhere(install: &Install, outer: &Path) -> PathBuf {
    let (root, backup) = (install.root(), outer.join("backup.tar"));
    let to = outer.join("restored");
    run(Command::new("tar")
        .arg("-C")
        .arg(root)
        .arg("-cf")
        .arg(&backup)
        .arg("."));
    fs::remove_dir_all(root).unwrap();
    fs::create_dir(&to).unwrap();
    run(Command::new("tar")
        .arg("-C")
        .arg(&to)
        .arg("-xpf")
        .arg(&backup));
    to
}

/// Everything below a folder but for the lock, as names, sizes and times.
fn picture(root: &Path) -> String {
    let script = "find . -path ./.transship/lock -prune -o -path ./.transship -prune -o -printf \
                  '%P %y %s %T@ %l\\n' | sort; find .transship -not -name lock -not -name .transship \
                  -printf '%P %s %T@\\n' | sort";
    run(Command::new("sh").args(["-c", script]).current_dir(root))
}

/// Does every verb where the install has gone to: refused, with both named, and nothing changed.
#[track_caller]
fn refuses_everywhere(go: fn(&Install, &Path) -> PathBuf, text: &str) {
    for (verb, before) in VERBS {
        let outer = tempfile::tempdir().unwrap();
        let install = installed(outer.path(), before);
        let recorded = install.root().to_owned();
        let here = go(&install, outer.path());
        let was = picture(&here);
        let ran = transship(&here, verb.iter().copied());
        if verb == ["status"] {
            ran.exits(0).prints(text);
        } else {
            let ran = ran.exits(3).complains(text);
            for path in [&here, &recorded] {
                assert!(
                    ran.err.contains(path.to_str().unwrap()),
                    "{verb:?}: {}",
                    ran.err
                );
            }
        }
        assert_eq!(picture(&here), was, "{verb:?}");
    }
}

/// Does every verb where the install has gone to, which works.
#[track_caller]
fn works_everywhere(go: impl Fn(&Install, &Path) -> PathBuf) {
    for (verb, before) in VERBS {
        let outer = tempfile::tempdir().unwrap();
        let install = installed(outer.path(), before);
        let here = go(&install, outer.path());
        transship(&here, verb.iter().copied()).exits(0);
        let current = fs::read_link(here.join("current")).unwrap();
        let new = before != Before::Applied || verb == ["status"] || verb.get(1) == Some(&"new");
        let expected = if new {
            "releases/v2.10.5"
        } else {
            "releases/v1.3.2"
        };
        assert_eq!(current, Path::new(expected), "{verb:?}");
        for volume in ["v1_3_2_postgres_data", "v1_3_2_postgres_backups"] {
            assert!(here.join("volumes").join(volume).is_dir(), "{verb:?}");
        }
    }
}

#[test]
fn a_copy_refuses_what_its_original_recorded() {
    refuses_everywhere(copied, "is a copy of the install");
}

#[test]
fn a_moved_install_refuses_what_was_recorded_elsewhere() {
    refuses_everywhere(moved, "before it was moved or copied");
}

#[test]
fn an_install_below_a_renamed_folder_refuses_what_was_recorded_elsewhere() {
    refuses_everywhere(in_renamed_parent, "before it was moved or copied");
}

#[test]
fn a_backup_that_was_restored_in_place_refuses() {
    refuses_everywhere(restored_in_place, "as after a restored backup");
}

#[test]
fn a_backup_that_was_restored_elsewhere_refuses() {
    refuses_everywhere(restored_elsewhere, "before it was moved or copied");
}

#[test]
fn init_moved_says_that_it_is_the_same_install() {
    for go in [
        moved,
        in_renamed_parent,
        restored_in_place,
        restored_elsewhere,
    ] {
        works_everywhere(|install, outer| {
            let here = go(install, outer);
            transship(&here, ["init", "--moved"]).exits(0);
            here
        });
    }
}

/// Unmounts when it goes.
struct Mount(PathBuf);

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn an_install_reached_by_another_path_is_itself() {
    if !need::root() {
        return;
    }
    for (verb, before) in VERBS {
        let outer = tempfile::tempdir().unwrap();
        let install = installed(outer.path(), before);
        let here = outer.path().join("bound");
        fs::create_dir(&here).unwrap();
        run(Command::new("mount")
            .arg("--bind")
            .arg(install.root())
            .arg(&here));
        let _mount = Mount(here.clone());
        transship(&here, verb.iter().copied()).exits(0);
    }
}

#[test]
fn a_copy_is_not_the_moved_original_but_can_be_an_install_of_its_own() {
    let outer = tempfile::tempdir().unwrap();
    let install = installed(outer.path(), Before::Applied);
    let here = copied(&install, outer.path());
    let production = picture(install.root());
    transship(&here, ["init"])
        .exits(3)
        .complains("is a copy of");
    transship(&here, ["init", "--moved"])
        .exits(3)
        .complains("wasn't moved");
    transship(&here, ["init", "--clone"]).exits(0);
    transship(&here, ["rollback", "--discard", "--yes"])
        .exits(3)
        .complains("nothing to roll back");
    transship(&here, ["apply"])
        .exits(2)
        .complains("there is no plan");
    let plans = fs::read_dir(here.join(".transship/plans")).unwrap();
    let plan = plans.last().unwrap().unwrap().path();
    transship(&here, ["apply", plan.to_str().unwrap()])
        .exits(3)
        .complains("is of another install");
    transship(&here, ["release", "use", "v1.3.2"]).exits(0);
    transship(&here, ["status"])
        .exits(0)
        .prints("current   v1.3.2");
    assert_eq!(picture(install.root()), production);
    install.run(&["rollback", "--discard", "--yes"]).exits(0);
}

#[test]
fn a_dry_init_says_what_it_is_and_changes_nothing() {
    let outer = tempfile::tempdir().unwrap();
    let install = installed(outer.path(), Before::Applied);
    let here = copied(&install, outer.path());
    let was = picture(&here);
    transship(&here, ["init", "--clone", "--dry-run"])
        .exits(0)
        .prints("would be an install of its own");
    assert_eq!(picture(&here), was);
    transship(&here, ["rollback"]).exits(3);
}

/// The id, and what `status --json` says of it.
fn id_of(root: &Path) -> serde_json::Value {
    let status = transship(root, ["status", "--json"]).exits(0).json();
    serde_json::json!([status["id"], status["whereabouts"]])
}

#[test]
fn an_install_of_before_gets_an_id_with_the_next_verb_that_writes() {
    let install = Install::adopted();
    let id = install.at(".transship/id");
    let drawn = id_of(install.root());
    assert_eq!(drawn[1], "here");
    fs::remove_file(&id).unwrap();
    install.run(&["status"]).exits(0);
    assert!(!id.exists());
    install.plan().exits(0);
    assert!(id.exists());
    let again = id_of(install.root());
    assert_ne!(again[0], drawn[0]);
}

#[test]
fn an_absolute_current_becomes_relative_and_leads_into_its_own_install() {
    let outer = tempfile::tempdir().unwrap();
    let parent = outer.path().join("parent");
    fs::create_dir(&parent).unwrap();
    let install = Install::below(&parent);
    let absolute = |root: &Path| {
        let _ = fs::remove_file(root.join("current"));
        let target = install.root().join("releases/v1.3.2");
        std::os::unix::fs::symlink(target, root.join("current")).unwrap();
    };
    absolute(install.root());
    install.run(&["init"]).exits(0);
    assert_eq!(install.current(), "releases/v1.3.2");
    absolute(install.root());
    install.plan().exits(0);
    install.run(&["apply"]).exits(0);
    install.run(&["rollback"]).exits(0);
    assert_eq!(install.current(), "releases/v1.3.2");
    let here = copied(&install, outer.path());
    absolute(&here);
    transship(&here, ["init", "--clone"]).exits(0);
    let current = fs::read_link(here.join("current")).unwrap();
    assert_eq!(current, Path::new("releases/v1.3.2"));
}

#[test]
fn what_was_made_last_is_the_newest_whatever_the_clock_says() {
    let install = Install::planned();
    install.run(&["apply"]).exits(0);
    let layout = Layout::at(install.root()).unwrap();
    let first = Plan::find(&layout, None).unwrap();
    let long_ago = "2001-01-01T00:00:00Z".parse().unwrap();
    let id = Plan::new_id(&layout, long_ago, &first.to).unwrap();
    let second = Plan {
        id: id.name.clone(),
        sequence: id.sequence,
        made: long_ago,
        ..first.clone()
    };
    second.save(&Disk::new(), &layout).unwrap();
    assert_eq!(Plan::find(&layout, None).unwrap().id, id.name);
    let mut journal = Journal::begin(&layout, second, long_ago).unwrap();
    let begun = JournalEvent::Do { step: 0 };
    journal.record(&Disk::new(), begun).unwrap();
    let newest = Journal::newest(&layout).unwrap().unwrap();
    assert_eq!(newest.run(), journal.run());
    install.run(&["status"]).exits(0).prints(&id.name);
}

/// Runs a verb, and gives what it said without this install's path.
#[track_caller]
fn said(ran: &Ran, root: &Path) -> String {
    ran.err.replace(root.to_str().unwrap(), "INSTALL")
}

#[test]
fn no_plan_or_journal_holds_the_path_of_its_install() {
    let install = Install::planned();
    install.run(&["apply"]).exits(0);
    let root = install.root().to_str().unwrap();
    for folder in ["plans", "journal", "made"] {
        for entry in fs::read_dir(install.at(".transship").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            assert!(!text.contains(root), "{}:\n{text}", path.display());
        }
    }
    let ran = install.run(&["resume"]).exits(3);
    assert!(!said(&ran, install.root()).is_empty());
}
