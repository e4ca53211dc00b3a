//! The ways to fail in the window of an upgrade, on a real engine. Each ends with the old release
//! answering, or says exactly what to do, and none says success falsely.
//!
//! Here are those that somebody else brings about, and what the checks see; beside them stand, in
//! `upgrade`: a release that ends at once, is unhealthy, or fails its check in a container; `current`
//! repointed meanwhile; hooks that fail, hang, or can't be run; Ctrl-C; the old containers, or their
//! network, removed; the old compose file spoilt; SIGKILL and `rollback`, SIGKILL and `resume`. In
//! `terms`: the end of the maintenance window, and nobody who confirms. In `standing`: tags that were
//! moved, so that going back by names would start the new images (drydock#1020). In `pruning`: somebody
//! prunes between (dockge-enhanced#293). In `tests/crash`: a disk that fails at any write.

use std::process::Command;

use super::lab::put_text;
use super::upgrade::{Extra, Failing, Upgrade, can};

#[test]
fn what_somebody_does_to_the_new_release_in_the_window_is_seen() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("meddled", Extra::default(), Extra::default());
    let check = format!(
        "checks: [{{http: 'http://127.0.0.1:{}/', within: 1s}}]",
        upgrade.port()
    );
    let with_check = |hook: &str| format!("{{hooks: {{migrate: '{hook}'}}, {check}}}");
    let container = "$(docker ps -q --filter label=com.docker.compose.project=OWNb \
                     --filter label=com.docker.compose.service=web)";
    upgrade.comes_back(&[
        Failing {
            recipe: &with_check(&format!("docker kill {container}")),
            says: "v2 wasn't well within 1 s",
            ..Failing::default()
        },
        Failing {
            recipe: &with_check(&format!("docker rm -f {container}")),
            says: "v2 wasn't well within 1 s",
            ..Failing::default()
        },
    ]);
}

#[test]
fn an_old_release_that_somebody_starts_in_the_window_is_not_left_behind_running() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("revived", Extra::default(), Extra::default());
    let revive = "docker start $(docker ps -aq --filter label=com.docker.compose.project=OWNa \
                  --filter label=com.docker.compose.service=db)";
    upgrade.comes_back(&[Failing {
        recipe: &format!("hooks: {{migrate: '{revive}'}}"),
        says: "was started again while v2 came up",
        ..Failing::default()
    }]);
}

/// A folder over which a small filesystem is mounted until this is dropped.
struct Covered(std::path::PathBuf);

impl Drop for Covered {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn a_disk_that_is_full_in_the_window_does_not_keep_the_old_release_from_coming_back() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("full", Extra::default(), Extra::default());
    let before = upgrade.running("a");
    let root = upgrade.pair.home.path();
    let _covered = Covered(root.join(".transship/journal"));
    // What was written so far stands in a filesystem that has no room left.
    let fill = "cd ../../.transship && cp -a journal was && mount -t tmpfs -o size=256k none journal && \
                cp -a was/. journal && rm -r was; dd if=/dev/zero of=journal/filled; true";
    put_text(
        &root.join("transship.yml"),
        &format!("hooks: {{migrate: '{fill}'}}"),
    );
    let ran = upgrade.upgrade(&[]);
    assert!([4, 5].contains(&ran.code), "{} {}", ran.code, ran.err);
    let ran = ran.complains("No space left on device");
    // What it says of the old release is so.
    assert_eq!(ran.err.contains("v1 serves again"), ran.code == 5);
    assert_eq!(upgrade.answer().as_deref(), Some("v1"));
    assert_eq!(upgrade.running("a"), before);
    assert_eq!(upgrade.running("b"), Vec::<String>::new());

    // With room again it is gone back from for good.
    std::fs::remove_file(root.join(".transship/journal/filled")).unwrap();
    upgrade.pair.ran(&["rollback"]).exits(0);
    upgrade.is_old(&before, "rolled back");
}

#[test]
fn a_hook_that_fails_once_the_new_release_serves_leaves_it_serving_and_says_what_to_do() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("afterwards", Extra::default(), Extra::default());
    let root = upgrade.pair.home.path();
    put_text(
        &root.join("transship.yml"),
        "hooks: {before-hop: 'echo before >>../../hops', after-up: 'test -e ../../ready', \
         after-hop: 'echo after >>../../hops'}",
    );
    let ran = upgrade.upgrade(&[]).exits(4);
    ran.complains("hook `after-up`")
        .complains("transship resume");
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
    put_text(&root.join("ready"), "");
    upgrade.pair.ran(&["resume"]).exits(0);
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
    let hops = std::fs::read_to_string(root.join("hops")).unwrap();
    assert_eq!(hops, "before\nafter\n");
}
