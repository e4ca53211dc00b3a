//! The ways to fail in the window of an upgrade, on a real engine. Each ends with the old release
//! answering, or says exactly what to do, and none says success falsely. The tests are in `tests/engine/`
//! where nothing else is said; `here` is this file.
//!
//! | | what fails | where it is tried |
//! |---|---|---|
//! | 1 | the new release ends at once | `upgrade`: `a_new_release_that_does_not_come_up_well_*` |
//! | 2 | it is unhealthy | the same |
//! | 3 | a check fails in a container | the same |
//! | 4 | a check hangs | here: `what_the_host_lacks_in_the_window_*` |
//! | 5 | `current` is repointed by somebody | `upgrade`: `a_new_release_that_does_not_come_up_well_*` |
//! | 6 | a hook fails, before the stop or after it | `upgrade`: `a_hook_that_fails_in_the_window_*` |
//! | 7 | a hook hangs, before the stop or after it | the same, and here: `what_the_host_lacks_*` |
//! | 8 | a hook can't be run | `upgrade`: `a_hook_that_fails_in_the_window_*` |
//! | 9 | Ctrl-C | the same |
//! | 10 | SIGTERM | here: `what_the_host_lacks_in_the_window_*` |
//! | 11 | SIGKILL, then `rollback` | `upgrade`: `a_run_that_is_killed_in_the_window_*` |
//! | 12 | SIGKILL, then `resume` | the same |
//! | 13 | the port of the new release is taken | here: `what_the_host_lacks_in_the_window_*` |
//! | 14 | the disk is full | here: `a_disk_that_is_full_in_the_window_*`; at any write: `tests/crash` |
//! | 15 | a container of the new release is killed | here: `what_somebody_does_to_the_new_release_*` |
//! | 16 | it is removed | the same |
//! | 17 | the new release's image is removed by force | here: `an_image_that_is_gone_*` |
//! | 18 | the old release's containers are removed | `upgrade`: `what_somebody_removes_of_the_old_release_*` |
//! | 19 | their network is | the same |
//! | 20 | the old compose file is spoilt | the same |
//! | 21 | the old release's containers and images are removed | here: `an_image_that_is_gone_*` |
//! | 22 | somebody starts the old release | here: `an_old_release_that_somebody_starts_*` |
//! | 23 | the engine is restarted, and a restart policy revives the old release | `restarted` |
//! | 24 | a reboot, and the revived release writes; then `resume` | `restarted` |
//! | 25 | the maintenance window ends | `terms`: `the_window_is_kept_to_*` |
//! | 26 | nobody confirms | `terms`: `what_nobody_confirms_goes_back_*` |
//! | 27 | a hook after the switch | here: `a_hook_that_fails_once_the_new_release_serves_*` |
//! | 28 | the second of two hops | here: `the_second_hop_that_fails_*` |
//! | 29 | the old release ends as it is started again | here: `an_old_release_that_ends_*` |
//! | 30 | SIGKILL, then `resume` after the maintenance window has ended | `terms`: `a_replay_is_on_terms_too_*` |
//! | 31 | a replay that nobody confirms | the same |
//! | 32 | a crash at any effect, the engine's among them | `crash_points`: `after_a_crash_at_any_effect_*` |
//! | 33 | a process of the host writes a folder after it was copied | `written_meanwhile`: `what_is_written_after_it_was_copied_*` |
//!
//! What went wrong elsewhere (`owner/repository#issue`), and what would see it here:
//!
//! | fault | where it is tried |
//! |---|---|
//! | drydock#1020: the old tag written, the new image started, success told | here: `an_image_that_is_gone_*`: a tag that was moved |
//! | drydock#1023, #1027: the running container removed, the failing one put back as recovered | `upgrade`: the very containers of before serve, in every way to fail |
//! | Dockge-Enhanced#293, #296: the container that going back needs removed by the update | `upgrade`: `what_somebody_removes_of_the_old_release_*` |
//! | nextcloudpi#1210, #1715: a left-over folder made going back delete the data | `tests/cli/last_copy.rs`: nothing is removed that the run didn't make, nor while the old volume is gone or empty |
//! | nextcloudpi#1891: gone back from after success | `upgrade`: `one_command_upgrades_what_runs_*`, where nothing is undone unasked |
//! | all-in-one#4471, frankendeploy#72: back to another release than the one before | here: `the_second_hop_that_fails_*` |
//! | all-in-one#5045: no dump, and round and round | `tests/databases`: `an_upgrade_moves_the_database_and_what_fails_*` |
//! | arcane#2264: initdb ran on the data of a container that was made anew | `upgrade`: `what_somebody_removes_of_the_old_release_*` reads the rows |
//! | YunoHost#1231, mattermost_ynh#92: restored from what had no files | here: `an_image_that_is_gone_*`: refused by name before anything is done |
//! | doco-cd#1616, Dokploy#3987: a way back told as success | here: exit code 5 and the answer are asked in every way to fail |
//! | coolify#8445: back to nothing | here: `an_image_that_is_gone_*` |
//! | `docker image prune -a` between | `standing`: `a_held_image_survives_*`; `pruning` |
//! | Sentry's Postgres step: the old volume removed before the copy back | the rows of the old volume are read in every way to fail |
//! | getsentry/self-hosted#4511: hard stops seen after services were stopped | `tests/cli/path.rs`: refused by `plan`, before anything |

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use walkdir::WalkDir;

use super::lab::{Lab, put_text};
use super::outage::free_port;
use super::replacing::Pair;
use super::upgrade::{Extra, Failing, Upgrade, can, text};

#[test]
fn each_way_to_fail_names_a_test_that_is_there() {
    let lines = include_str!("ways_to_fail.rs").lines();
    let table: Vec<&str> = lines
        .filter_map(|line| line.strip_prefix("//! |"))
        .collect();
    let all = WalkDir::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"));
    let files = all.into_iter().map(|entry| entry.unwrap().into_path());
    let sources = files.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let sources: Vec<String> = sources
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut named = 0;
    for name in table.iter().flat_map(|row| row.split('`')) {
        if let Some(beginning) = name.strip_suffix('*') {
            let test = format!("fn {beginning}");
            assert!(sources.iter().any(|text| text.contains(&test)), "{name}");
            named += 1;
        }
    }
    let numbered = |row: &&&str| {
        row.trim_start()
            .starts_with(|first: char| first.is_ascii_digit())
    };
    assert!(table.iter().filter(numbered).count() >= 25 && named >= 25);
}

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
fn what_the_host_lacks_in_the_window_brings_the_old_release_back() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("lacking", Extra::default(), Extra::default());
    // Somebody else listens where the new release would, from the last moment on.
    let port = free_port();
    let ports = format!("    ports: ['127.0.0.1:{port}:9']\n");
    let thief = format!("docker run -d --name OWNthief -p 127.0.0.1:{port}:9 shell:1 sleep 1000");
    upgrade.comes_back(&[
        Failing {
            recipe: "checks: [{command: 'case $PWD in */v2) sleep 600;; esac', within: 5s}]",
            says: "v2 wasn't well within 5 s",
            ..Failing::default()
        },
        Failing {
            recipe: "hooks: {before-stop: {run: 'sleep 600', within: 1s}}",
            says: "it took longer than 1 s",
            ..Failing::default()
        },
        Failing {
            recipe: "hooks: {migrate: 'kill -TERM $PPID; sleep 600'}",
            says: "interrupted",
            ..Failing::default()
        },
        Failing {
            db: &ports,
            recipe: &format!("hooks: {{before-stop: '{thief}'}}"),
            says: &port.to_string(),
            ..Failing::default()
        },
    ]);
}

/// An image of a release's own: what it would run is nobody else's.
fn own_image(lab: &Lab, number: u8) -> String {
    let (image, container) = (
        format!("{}:1", lab.name(&format!("image{number}"))),
        lab.name(&format!("made{number}")),
    );
    lab.docker(&["create", "--name", &container, "shell:1", "true"]);
    let label = format!("LABEL made={container}");
    lab.docker(&["commit", "--change", &label, &container, &image]);
    lab.docker(&["rm", &container]);
    image
}

#[test]
fn an_image_that_is_gone_in_the_window_is_missed_and_never_said_to_run() {
    if !can() {
        return;
    }
    let port = free_port();
    let pair = Pair::new("gone", |lab, number| {
        text(lab, port, number, "", "").replace("shell:1", &own_image(lab, number))
    });
    let upgrade = Upgrade::up(pair, port);
    let root = upgrade.pair.home.path().to_owned();
    let own = upgrade.pair.lab.name("");
    let all_of = |project: &str| {
        format!("$(docker ps -aq --filter label=com.docker.compose.project={own}{project})")
    };
    // By its id, with whatever tags it has.
    let remove = |image: &str| {
        format!("docker rmi -f $(docker image inspect -f \"{{{{.Id}}}}\" {own}{image}:1)")
    };

    // The old release's tag is moved to the new one's image, and its containers are gone: what it ran is had
    // back, and not what is called so by now.
    let (v1, v2) = (
        upgrade.pair.lab.name("image1") + ":1",
        upgrade.pair.lab.name("image2") + ":1",
    );
    let image_of =
        |what: &str, format: &str| upgrade.pair.lab.docker(&["inspect", "-f", format, what]);
    let old = image_of(&v1, "{{.Id}}");
    let hook = format!("docker tag {v2} {v1}; docker rm -f {}; exit 1", all_of("a"));
    put_text(
        &root.join("transship.yml"),
        &format!("hooks: {{migrate: '{hook}'}}"),
    );
    upgrade.upgrade(&[]).exits(5).complains("v1 serves again");
    let before = upgrade.running("a");
    upgrade.is_old(&before, "the tag was moved");
    for container in &before {
        assert_eq!(image_of(container, "{{.Image}}"), old);
    }
    upgrade.pair.lab.docker(&["tag", &old, &v1]);
    upgrade
        .pair
        .ran(&["rollback", "--discard", "--yes"])
        .exits(0);

    // Of the new release, with its containers.
    let hook = format!("docker rm -f {}; {}", all_of("b"), remove("image2"));
    put_text(
        &root.join("transship.yml"),
        &format!("hooks: {{before-stop: '{hook}'}}"),
    );
    let tar = root.join("image2.tar").display().to_string();
    upgrade.pair.lab.docker(&["save", "-o", &tar, &v2]);
    let ran = upgrade.upgrade(&[]).exits(5);
    ran.complains("v1 serves again").complains("image2");
    upgrade.is_old(&before, "the new image is gone");
    upgrade
        .pair
        .ran(&["rollback", "--discard", "--yes"])
        .exits(0);
    upgrade.pair.lab.docker(&["load", "-i", &tar]);

    // Of the old one, with its containers: it can't be had back, and that is what is said.
    let tar = root.join("image1.tar").display().to_string();
    upgrade.pair.lab.docker(&["save", "-o", &tar, &v1]);
    let hook = format!("docker rm -f {}; {}; exit 1", all_of("a"), remove("image1"));
    put_text(
        &root.join("transship.yml"),
        &format!("hooks: {{migrate: '{hook}'}}"),
    );
    let ran = upgrade.upgrade(&[]).exits(4);
    ran.complains("v1 doesn't serve again, after this failed")
        .complains("transship rollback");
    assert_eq!(upgrade.running("a"), Vec::<String>::new());
    // Whoever has the image still gives it back, and what was said is what is to be done.
    upgrade.pair.lab.docker(&["load", "-i", &tar]);
    upgrade.pair.ran(&["rollback"]).exits(0);
    let now = upgrade.running("a");
    assert_eq!(now.len(), 2);
    upgrade.is_old(&now, "the image was loaded again");
    upgrade.pair.ran(&["stop", "v1"]).exits(0);
    for image in [v1, v2] {
        let _ = Command::new("docker").args(["rmi", "-f", &image]).output();
    }
}

#[test]
fn the_second_hop_that_fails_has_the_first_ones_release_answer() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("hops", Extra::default(), Extra::default());
    let root = upgrade.pair.home.path();
    upgrade.write_release(3);
    for number in [2, 3] {
        let file = root.join(format!("releases/v{number}/docker-compose.yml"));
        let text = fs::read_to_string(&file).unwrap();
        let name = upgrade.project(&format!("{number}"));
        put_text(&file, &format!("name: {name}\n{text}"));
    }
    let own = upgrade.pair.lab.name("");
    put_text(
        &root.join("transship.yml"),
        &format!(
            "{{path: {{max-major-jump: 1}}, volumes: {{prefix: '{own}{{version}}_'}}, \
             hooks: {{migrate: 'case $TRANSSHIP_TO in v3) exit 7;; esac'}}}}"
        ),
    );
    upgrade.db("a", "echo first >/d/rows");
    let args = [
        "upgrade",
        "v3",
        "--all-hops",
        "--yes",
        "--theirs",
        "docker-compose.yml",
    ];
    let ran = upgrade.pair.ran(&args).exits(5);
    ran.complains("hop 2 of 2: v2 to v3")
        .complains("v2 serves again")
        .complains("1 of 2 hops are done, up to v2");
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
    assert_eq!(upgrade.current(), std::path::PathBuf::from("releases/v2"));
    assert_eq!(upgrade.running("a"), Vec::<String>::new());
    assert_eq!(upgrade.running("3"), Vec::<String>::new());
    assert_eq!(upgrade.db("2", "cat /d/rows"), "first");
    for project in ["2", "3"] {
        let project = upgrade.project(project);
        let down = ["compose", "-p", &project, "down", "--volumes", "-t", "0"];
        let _ = Command::new("docker").args(down).output();
    }
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

#[test]
fn an_old_release_that_ends_as_it_is_started_again_is_told_at_once_and_had_back_once_it_can_run() {
    if !can() {
        return;
    }
    // What it finds in its volume keeps it from running.
    let both = Extra {
        db: "    entrypoint: [sh, -c, 'touch /d/rows; test ! -e /d/spoilt || { echo spoilt >&2; exit 3; }; exec sleep 1000']\n",
        ..Extra::default()
    };
    let upgrade = Upgrade::new("ends", both, Extra::default());
    let root = upgrade.pair.home.path();
    let volume = upgrade.pair.lab.name("1_data");
    let in_volume =
        |what: &str| format!("docker run --rm --network none -v {volume}:/d shell:1 {what}");
    put_text(
        &root.join("transship.yml"),
        &format!(
            "hooks: {{migrate: '{}; exit 1'}}",
            in_volume("touch /d/spoilt")
        ),
    );
    let begun = Instant::now();
    upgrade
        .upgrade(&[])
        .exits(4)
        .complains("v1 doesn't serve again, after this failed")
        .complains("exit code 3")
        .complains("spoilt")
        .complains("transship rollback");
    assert!(
        begun.elapsed() < Duration::from_mins(5),
        "it was waited for"
    );
    let mended = Command::new("sh")
        .args(["-c", &in_volume("rm /d/spoilt")])
        .status();
    assert!(mended.unwrap().success());
    upgrade.pair.ran(&["rollback"]).exits(0);
    // What doesn't start as it stood is made anew, and that is told.
    let now = upgrade.running("a");
    assert_eq!(now.len(), 2);
    upgrade.is_old(&now, "mended");
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
    fs::remove_file(root.join(".transship/journal/filled")).unwrap();
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
    let hops = fs::read_to_string(root.join("hops")).unwrap();
    assert_eq!(hops, "before\nafter\n");
}
