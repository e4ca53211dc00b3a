//! Bad input: each with its exit code, a message that names the object and the next move,
//! and nothing changed on disk.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::process::Command;

use transship::fs::{Disk, Lock, LockHolder};
use transship::release::Install as Layout;
use transship::upgrade::running::journal::JournalEvent;
use transship::upgrade::{Journal, Plan};

use super::common::install::{Install, chmod, run};
use super::common::need;
use super::common::program::{Ran, transship};

/// Runs `args`, which must exit with `code`, complain of `text` and change nothing.
#[track_caller]
pub(crate) fn refused(install: &Install, args: &[&str], code: i32, text: &str) -> Ran {
    let before = install.picture("");
    let ran = install.run(args).exits(code).complains(text);
    assert_eq!(install.picture(""), before, "something was changed");
    ran
}

pub(crate) const PLAN: [&str; 4] = ["plan", "v2.10.5", "--from-release", "v2.10.5.tar.gz"];

#[test]
fn a_folder_without_a_compose_file() {
    let folder = tempfile::tempdir().unwrap();
    transship(folder.path(), ["image", "ls"])
        .exits(2)
        .complains("no compose file");
    transship(folder.path(), ["volume", "prefix", "x_"])
        .exits(2)
        .complains("no compose file");
    let install = Install::adopted();
    fs::remove_file(install.at("releases/v1.3.2/docker-compose.yml")).unwrap();
    refused(&install, &PLAN, 2, "holds no compose file");
}

#[test]
fn an_install_without_releases() {
    let folder = tempfile::tempdir().unwrap();
    transship(folder.path(), ["init"])
        .exits(2)
        .complains("no `releases/` folder");
    fs::create_dir_all(folder.path().join("releases/v1")).unwrap();
    transship(folder.path(), ["init"])
        .exits(2)
        .complains("no release with a compose file");
    assert!(!folder.path().join(".transship").exists());
}

#[test]
fn an_install_that_was_not_adopted() {
    let install = Install::new();
    for args in [
        &PLAN[..],
        &["apply"],
        &["resume"],
        &["rollback"],
        &["status"],
        &["release", "use", "v1.3.2"],
    ] {
        refused(&install, args, 3, "transship init");
    }
}

#[test]
fn broken_yaml_with_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("broken.yml"),
        "services:\n  web:\n    image: [x\n  key: hunter2\n",
    )
    .unwrap();
    for args in [
        &["image", "ls", "-f", "broken.yml"][..],
        &["image", "set", "x=1", "-f", "broken.yml"],
        &["volume", "prefix", "x_", "-f", "broken.yml"],
    ] {
        let ran = transship(folder.path(), args.iter().copied())
            .exits(2)
            .complains("broken.yml:");
        let place = ran.err.split("broken.yml:").nth(1).unwrap();
        let numbers: Vec<_> = place
            .splitn(3, ':')
            .take(2)
            .map(str::parse::<u32>)
            .collect();
        assert!(numbers.iter().all(Result::is_ok), "{}", ran.err);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    }
}

#[test]
fn an_unknown_version() {
    let install = Install::adopted();
    refused(&install, &["plan", "v9"], 2, "no release `v9`").complains("`v1.3.2`");
    refused(&install, &["release", "use", "v9"], 2, "no release `v9`");
    refused(
        &install,
        &["plan", "v9", "--from", "v8"],
        2,
        "no release `v8`",
    );
}

#[test]
fn a_release_folder_that_is_there_already() {
    let install = Install::adopted();
    fs::create_dir(install.at("releases/v2.10.5")).unwrap();
    refused(&install, &PLAN, 3, "is there already");
    refused(
        &install,
        &[
            "release",
            "new",
            "v2.10.5",
            "--from-release",
            "v2.10.5.tar.gz",
        ],
        3,
        "is there already",
    );
}

#[test]
fn a_volume_that_does_not_exist() {
    let install = Install::adopted();
    fs::rename(
        install.at("volumes/v1_3_2_postgres_data"),
        install.at("volumes/acme_postgres_data"),
    )
    .unwrap();
    let ran = refused(&install, &PLAN, 3, "`v1_3_2_postgres_data`");
    assert!(ran.err.contains("`acme_postgres_data`"), "{}", ran.err);
    install
        .run(&[&PLAN[..], &["--skip-volume", "postgres_data"]].concat())
        .exits(0);
}

#[test]
fn a_source_that_a_process_has_open() {
    let install = Install::planned();
    let file = install.at("volumes/v1_3_2_postgres_data/PG_VERSION");
    let reading = File::open(&file).unwrap();
    install.run(&["apply", "--dry-run"]).exits(0);
    let open = File::options().append(true).open(file).unwrap();
    refused(&install, &["apply"], 3, "in use by").complains("stop");
    drop((reading, open));
    install.run(&["apply"]).exits(0);
}

#[test]
fn a_target_volume_that_is_not_empty() {
    let install = Install::adopted();
    fs::create_dir(install.at("volumes/v2_10_5_postgres_data")).unwrap();
    fs::write(install.at("volumes/v2_10_5_postgres_data/precious"), "x").unwrap();
    refused(
        &install,
        &PLAN,
        3,
        "`v2_10_5_postgres_data` is there already and not empty",
    );
    let args = [
        "volume",
        "copy",
        "v1_3_2_postgres_data",
        "v2_10_5_postgres_data",
    ];
    refused(&install, &args, 3, "v2_10_5_postgres_data");
    refused(
        &install,
        &[
            "copy",
            "volumes/v1_3_2_postgres_data",
            "volumes/v2_10_5_postgres_data",
        ],
        3,
        "not empty",
    );
}

#[test]
fn a_target_that_was_filled_after_the_plan() {
    let install = Install::planned();
    fs::create_dir(install.at("volumes/v2_10_5_postgres_backups")).unwrap();
    fs::write(install.at("volumes/v2_10_5_postgres_backups/precious"), "x").unwrap();
    refused(&install, &["apply"], 3, "not empty");
}

#[test]
fn a_filesystem_that_is_too_small() {
    if !need::root() {
        return;
    }
    let mount = tempfile::tempdir().unwrap();
    run(Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(mount.path()));
    let install = Install::below(mount.path());
    fs::write(
        install.at("volumes/v1_3_2_postgres_data/large"),
        vec![1; 500_000],
    )
    .unwrap();
    install.run(&["init"]).exits(0);
    refused(&install, &PLAN, 3, "bytes free").complains("free some room");
    drop(install);
    run(Command::new("umount").arg(mount.path()));
}

#[test]
fn no_permission() {
    let install = Install::adopted();
    let root = install.root().to_str().unwrap();
    if rustix::process::geteuid().is_root() {
        // As a user who may enter the install and read the release, and no more.
        chmod(install.root(), 0o755);
        let before = install.picture("");
        let program = tempfile::tempdir().unwrap();
        chmod(program.path(), 0o755);
        let copy = program.path().join("transship");
        fs::copy(env!("CARGO_BIN_EXE_transship"), &copy).unwrap();
        for args in [
            &["plan", "v2.10.5"][..],
            &["apply"],
            &["release", "use", "v1.3.2"],
        ] {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
                .arg(&copy)
                .args(args);
            Ran::of(command.args(["-C", root]).current_dir("/"))
                .exits(3)
                .complains("can't");
        }
        let file = install.at("releases/v1.3.2/docker-compose.yml");
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(&copy);
        command
            .args(["image", "set", "postgres=16", "-f"])
            .arg(&file);
        Ran::of(command.current_dir("/")).exits(3).complains("sudo");
        assert_eq!(install.picture(""), before);
    } else {
        chmod(&install.at("volumes/v1_3_2_postgres_data"), 0o000);
        install.plan().exits(3).complains("v1_3_2_postgres_data");
        chmod(&install.at("volumes/v1_3_2_postgres_data"), 0o700);
    }
}

#[test]
fn a_lock_that_somebody_holds() {
    let install = Install::planned();
    let holder = LockHolder::this_process("apply");
    let lock = Lock::take(&Disk::new(), &install.at(".transship/lock"), &holder).unwrap();
    for args in [
        &PLAN[..],
        &["apply"],
        &["resume"],
        &["rollback"],
        &["release", "use", "v1.3.2"],
    ] {
        let ran = refused(&install, args, 3, "is held by `transship apply`");
        assert!(
            ran.err.contains(&format!("process {}", holder.pid)),
            "{}",
            ran.err
        );
        assert!(
            ran.err.contains(&format!("since {}", holder.since)),
            "{}",
            ran.err
        );
    }
    install.run(&["status"]).exits(0).prints("at work");
    drop(lock);
    install.run(&["apply"]).exits(0);
}

#[test]
fn paths_with_dots_that_lead_out() {
    let install = Install::adopted();
    for carry in ["../v1.3.2", "/etc/passwd", "a/../../b", "."] {
        refused(
            &install,
            &[&PLAN[..], &["--carry", carry]].concat(),
            2,
            "not a path inside a release",
        );
    }
    for version in ["../v9", "..", "a/b", "/v9"] {
        refused(&install, &["plan", version], 2, "not a release's name");
        refused(
            &install,
            &["release", "use", version],
            2,
            "not a release's name",
        );
    }
    for volume in ["..", "a b", "-v"] {
        let before = install.picture("");
        assert_ne!(
            install
                .run(&["volume", "copy", "--", "v1_3_2_postgres_data", volume])
                .code,
            0
        );
        assert_eq!(install.picture(""), before);
    }
}

#[test]
fn a_tarball_with_hostile_members() {
    let install = Install::adopted();
    let outside = install.at("v2.10.5/docker-compose.yml");
    fs::create_dir(install.at("v2.10.5")).unwrap();
    fs::write(&outside, "services: {}\n").unwrap();
    for (transform, text) in [("s,^,/,", "absolute path"), ("s,^,../,", "`..`")] {
        run(Command::new("tar")
            .args([
                "-P",
                "--transform",
                transform,
                "-czf",
                "v2.10.5.tar.gz",
                "v2.10.5",
            ])
            .current_dir(install.root()));
        refused(&install, &PLAN, 3, text);
        refused(
            &install,
            &[
                "release",
                "new",
                "v2.10.5",
                "--from-release",
                "v2.10.5.tar.gz",
            ],
            3,
            text,
        );
    }
    assert!(!Path::new("/v2.10.5").exists());
}

#[test]
fn a_tarball_that_is_missing_or_cut() {
    let install = Install::adopted();
    refused(
        &install,
        &["plan", "v2.10.5", "--from-release", "nowhere.tar.gz"],
        2,
        "nowhere.tar.gz",
    );
    let whole = fs::read(install.at("v2.10.5.tar.gz")).unwrap();
    fs::write(install.at("v2.10.5.tar.gz"), &whole[..whole.len() / 2]).unwrap();
    refused(&install, &PLAN, 2, "cut or damaged");
}

#[test]
fn an_interrupted_earlier_run() {
    let install = Install::planned();
    let layout = Layout::at(install.root()).unwrap();
    let plan = Plan::find(&layout, None).unwrap();
    let mut journal = Journal::begin(&layout, plan, transship::clock::now()).unwrap();
    journal
        .record(&Disk::new(), JournalEvent::Do { step: 0 })
        .unwrap();
    for args in [&["apply"][..], &PLAN, &["release", "use", "v1.3.2"]] {
        refused(&install, args, 3, "isn't over").complains("transship resume");
    }
    install.run(&["status"]).exits(0).prints("not over");
    install
        .run(&["resume"])
        .exits(0)
        .prints("Upgraded from v1.3.2 to v2.10.5");
    install
        .run(&["resume"])
        .exits(3)
        .complains("nothing to resume");
}

#[test]
fn a_plan_that_the_world_has_left_behind() {
    let install = Install::planned();
    fs::write(install.at("releases/v1.3.2/extra.yml"), "").unwrap();
    fs::remove_file(install.at("releases/v1.3.2/Caddyfile")).unwrap();
    refused(&install, &["apply"], 3, "is stale").complains("transship plan");
}

#[test]
fn a_plan_or_journal_that_was_damaged() {
    let install = Install::planned();
    let plan = fs::read_dir(install.at(".transship/plans"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, text.replace("postgres_backups", "postgres_dackups")).unwrap();
    refused(&install, &["apply"], 2, "damaged or was edited");
    fs::write(&plan, &text).unwrap();
    install.run(&["apply"]).exits(0);
    let journal = fs::read_dir(install.at(".transship/journal"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, &text[..text.len() - 20]).unwrap();
    refused(&install, &["rollback"], 2, "damaged or was edited");
}

#[test]
fn nothing_to_apply_to_resume_or_to_roll_back() {
    let install = Install::adopted();
    refused(&install, &["apply"], 2, "there is no plan");
    refused(&install, &["resume"], 3, "nothing to resume");
    refused(&install, &["rollback"], 3, "nothing to roll back");
    install.plan().exits(0);
    install.run(&["apply"]).exits(0);
    refused(&install, &["apply"], 3, "was applied already");
}

#[test]
fn wrong_usage_is_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["frobnicate"][..],
        &["image", "set"],
        &["plan"],
        &["--color", "blue", "status"],
        &["image", "set", "nginx", "-f", "x"],
    ] {
        transship(folder.path(), args.iter().copied()).exits(2);
    }
}

#[test]
fn a_failure_is_one_json_document_where_json_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let ran = transship(folder.path(), ["image", "ls", "--json"]).exits(2);
    let error = &ran.json()["error"];
    assert_eq!(error["exit"], 2);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("no compose file"),
        "{error}"
    );
    assert!(!error["hints"].as_array().unwrap().is_empty());
}
