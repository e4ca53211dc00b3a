//! What users saw at the interface and was wrong, one by one: it is right now.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use transship::engine::{Docker, FolderUsers, FolderVolumes};
use transship::error::{Explain as _, Kind};
use transship::fs::Disk;
use transship::progress::Collected;
use transship::release::Install as Layout;
use transship::upgrade::data_places::DataPlaces;
use transship::upgrade::running::going_back::OnFailure;
use transship::upgrade::{Plan, Runner};

use crate::common::dead::is_temporary;
use crate::common::install::{Install, chmod};
use crate::common::need;
use crate::common::program::{Ran, transship};

/// Runs a shell's words in `folder`, with the program as `$0`.
fn shell(folder: &Path, words: &str) -> Ran {
    let mut shell = Command::new("sh");
    shell.args(["-c", words, env!("CARGO_BIN_EXE_transship")]);
    Ran::of(shell.current_dir(folder))
}

#[test]
fn a_failed_step_is_kept_with_its_causes_and_without_secrets() {
    let install = Install::planned();
    // A volume that finds no room: files may be of 96 KiB, and the journal is of less.
    let failed = shell(install.root(), "ulimit -f 96; exec $0 apply --json");
    let failed = failed.exits(4).json();
    let cause = failed["error"]["causes"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    let cause = cause.as_str().unwrap();
    let status = install.run(&["status", "--json"]).exits(0).json();
    let kept = status["run"]["error"].as_str().unwrap();
    assert!(kept.contains(cause), "`{cause}` isn't in `{kept}`");
    let env = fs::read_to_string(install.at("releases/v1.3.2/.env")).unwrap();
    let secrets = env.lines().filter(|line| line.contains("PASSWORD="));
    for secret in secrets {
        assert!(!kept.contains(secret.split_once('=').unwrap().1));
    }
}

#[test]
fn the_same_pristine_twice_is_known_once_and_a_dry_run_may_name_it() {
    let install = Install::adopted();
    install.stage();
    let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/story");
    let tar = |name: &str, from: &str| {
        let mut tar = Command::new("tar");
        let made = tar
            .arg("-C")
            .arg(&story)
            .arg("-czf")
            .arg(install.at(name))
            .arg(from);
        assert!(made.status().unwrap().success());
    };
    fs::create_dir(install.at("vendor")).unwrap();
    tar("vendor/old.tar.gz", "v1.3.2");
    tar("vendor/other.tar.gz", "v2.10.5");
    let plan = |more: &[&str]| {
        let plan = ["plan", "v2.10.5", "--pristine"];
        install.run(&[&plan, more].concat())
    };
    let kept = install.at(".transship/pristine/v1.3.2");
    let before = install.picture("");
    plan(&["vendor/old.tar.gz", "--dry-run"]).exits(0);
    assert!(!kept.exists(), "a dry run keeps nothing");
    let known: Vec<_> = install.picture("").into_keys().collect();
    assert_eq!(known, before.into_keys().collect::<Vec<_>>());
    plan(&["vendor/old.tar.gz"]).exits(0);
    plan(&["vendor/old.tar.gz", "--ours", ".env"]).exits(0);
    plan(&["vendor/old.tar.gz", "--dry-run"]).exits(0);
    assert!(kept.exists());
    plan(&["vendor/other.tar.gz"])
        .exits(3)
        .complains("something else is kept as what the vendor shipped as v1.3.2");
}

#[test]
fn one_tree_has_one_count_of_files() {
    let install = Install::planned();
    let shown = install.run(&["apply", "--dry-run"]).exits(0);
    shown.prints("volume postgres_data: 97.66 KiB in 4 files");
    let data = "volumes/v1_3_2_postgres_data";
    install
        .run(&["copy", data, "copied"])
        .exits(0)
        .prints("copied 4 files");
    install
        .run(&["copy", data, "again", "--dry-run"])
        .exits(0)
        .prints("would copy 4 files");
    install
        .run(&["verify", data, "copied"])
        .exits(0)
        .complains("the same: 4 files");
    install
        .run(&["apply"])
        .exits(0)
        .prints("postgres_data: 4 files");
}

#[test]
fn what_differs_is_told_in_words_for_people() {
    let install = Install::new();
    for (file, text) in [
        ("a/x", "1\n"),
        ("b/x", "123\n"),
        ("b/new", ""),
        ("a/old", ""),
    ] {
        fs::create_dir_all(install.at(file).parent().unwrap()).unwrap();
        fs::write(install.at(file), text).unwrap();
    }
    let stat = install.run(&["diff", "a", "b", "--stat"]).exits(1);
    stat.prints("  + new: new file\n  - old: file is gone\n")
        .prints("  ~ x: 2 -> 4 bytes\n");
    shell(install.root(), "touch -d '2026-11-28 07:15:00.5 UTC' a/x; cp -a a/x c; touch -d '2026-11-28 07:16 UTC' c; $0 verify c a/x")
        .exits(1)
        .prints(
            "mtime: expected 2026-11-28 07:15:00.500000000 UTC, found 2026-11-28 07:16:00.000000000 UTC",
        );
    install
        .run(&["manifest", "a", "--format", "sha256sum", "--json"])
        .exits(2)
        .complains("another format is asked for");
}

#[test]
fn all_versions_of_a_conflict_stand_beside_mine() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["etc", "work"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    for (path, beside) in [(".env", ".env.merge"), ("sub/dir/.env", ".env.merge")] {
        for (name, text) in [("base", "A=1\n"), ("mine", "A=2\n"), ("theirs", "A=3\n")] {
            fs::write(folder.path().join("etc").join(name), text).unwrap();
        }
        let merge = ["merge", "../etc/base", "../etc/mine", "../etc/theirs"];
        transship(
            &folder.path().join("work"),
            [&merge[..], &["--path", path]].concat(),
        )
        .exits(1)
        .complains(&format!("all versions are in ../etc/{beside}"));
        fs::remove_file(folder.path().join("etc").join(beside)).unwrap();
        assert_eq!(fs::read_dir(folder.path().join("work")).unwrap().count(), 0);
    }
}

#[test]
fn a_masked_value_leaves_the_line_whole() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, value: &str, image: &str| {
        let text = format!(
            "services:\n  db:\n    image: {image}\n    environment: {{ROOT_PASSWORD: {value}, PW: $ORIENT_PW}}\n"
        );
        fs::write(folder.path().join(name), text).unwrap();
    };
    write("a.yml", "hunter2", "'x:1'");
    write("b.yml", "hunter3", "'x:2'");
    let shown = transship(folder.path(), ["diff", "a.yml", "b.yml", "--text"]).exits(1);
    let shown = shown.prints("{ROOT_PASSWORD: ********, PW: $ORIENT_PW}");
    assert!(!shown.out.contains("hunter"), "{}", shown.out);
}

#[test]
fn the_install_may_be_named_between_the_words_of_a_command() {
    let install = Install::adopted();
    let root = install.root().to_str().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    transship(elsewhere.path(), ["release", "-C", root, "ls"])
        .exits(0)
        .prints("v1.3.2");
    transship(elsewhere.path(), ["release", "-C", root, "ls", "-C", root])
        .exits(2)
        .complains("named twice");
}

#[test]
fn a_word_of_another_tool_and_a_value_that_is_nearly_right_lead_to_the_right_one() {
    let here = Path::new(".");
    for (args, tip) in [
        (&["history"][..], "here that is `transship"),
        (&["upgrad"], "'upgrade'"),
        (&["version"], "here that is `transship --version`"),
        (&["manifest", ".", "--format", "sha256"], "'sha256sum'"),
        (&["completions", "bsh"], "'bash'"),
    ] {
        transship(here, args.iter().copied())
            .exits(2)
            .complains(tip);
    }
}

#[test]
fn what_comes_next_is_a_command_of_ours_and_not_of_compose() {
    let install = Install::planned();
    let applied = install
        .run(&["apply"])
        .exits(0)
        .prints("next: to start it: transship up v2.10.5\n")
        .prints("next: then, to go back: transship rollback\n");
    assert!(!applied.out.contains("docker compose"), "{}", applied.out);
}

#[test]
fn what_a_killed_plan_unpacked_goes_with_the_next() {
    let install = Install::adopted();
    let temporary = install.at("tmp");
    fs::create_dir(&temporary).unwrap();
    let left = crate::common::dead::dead_name(transship::fs::Purpose::SmallFiles);
    fs::create_dir_all(temporary.join(&left).join("x")).unwrap();
    let words = "TMPDIR=$PWD/tmp exec $0 plan v2.10.5 --from-release v2.10.5.tar.gz";
    shell(install.root(), words).exits(0);
    let left = fs::read_dir(&temporary).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!left.into_iter().any(|name| is_temporary(&name)));
}

#[test]
fn a_plan_begins_with_what_it_comes_to_and_goes_through_a_pager_on_a_terminal() {
    let install = Install::planned();
    let shown = install.run(&["apply", "--dry-run"]).exits(0);
    let first: Vec<&str> = shown.out.lines().take(2).collect();
    assert_eq!(first[0], "Upgrade from v1.3.2 to v2.10.5");
    assert!(first[1].starts_with("  2 to copy, "), "{first:?}");
    assert!(first[1].contains(" to edit; 97.67 KiB; "), "{first:?}");
    if !need::program("script") {
        return;
    }
    for (more, paged) in [("", true), (" --no-pager", false)] {
        let command = format!("{} apply --dry-run{more}", env!("CARGO_BIN_EXE_transship"));
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]);
        script.env("PAGER", "sh -c 'cat >paged'");
        let said = Ran::of(script.current_dir(install.root())).exits(0);
        assert_eq!(
            said.out.contains("Upgrade from v1.3.2"),
            !paged,
            "{}",
            said.out
        );
        let file = install.at("paged");
        assert_eq!(
            fs::read_to_string(&file).is_ok_and(|text| text.contains("2 to copy")),
            paged
        );
        let _ = fs::remove_file(file);
    }
}

#[test]
fn what_only_looked_is_not_undone() {
    let install = Install::planned();
    install.run(&["apply"]).exits(0);
    install.run(&["release", "use", "v1.3.2"]).exits(0);
    let foretold = install
        .run(&["rollback", "--discard", "--dry-run"])
        .exits(0)
        .prints("would undo: copy volume v1_3_2_postgres_data to v2_10_5_postgres_data\n");
    let undone = install.run(&["rollback", "--discard", "--yes"]).exits(0);
    let undone = undone.complains("undo: copy volume v1_3_2_postgres_data");
    let said = [foretold.out, foretold.err, undone.out, undone.err];
    assert!(
        !said.iter().any(|text| text.contains("undo: verify")),
        "{said:?}"
    );
}

#[test]
fn root_is_not_told_to_be_root() {
    if !need::root() || !need::program("setpriv") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yml"), "services: {}\n").unwrap();
    fs::create_dir(folder.path().join("tree")).unwrap();
    let denied = |words: &str| {
        let words = format!("chmod 0 a.yml tree; exec {words}");
        let denied = shell(folder.path(), &words);
        assert!(denied.err.contains("ermission denied"), "{}", denied.err);
        denied.err
    };
    let [root, other] = [
        "setpriv --bounding-set=-all $0",
        "setpriv --reuid=65534 --clear-groups $0",
    ];
    for command in ["image ls -f a.yml", "diff a.yml a.yml", "manifest tree"] {
        let said = denied(&format!("{root} {command}"));
        assert!(!said.contains("run it as"), "{said}");
        let said = denied(&format!("{other} {command}"));
        assert!(said.contains("try: run it as "), "{said}");
    }
}

#[test]
fn what_is_interrupted_before_anything_was_done_is_begun_again_and_not_gone_on_with() {
    let install = Install::planned();
    let layout = Layout::at(install.root()).unwrap();
    let plan = Plan::find(&layout, None).unwrap();
    let users = FolderUsers::new(Docker::find(Some("/nowhere/docker"))).assume_stopped(true);
    let progress = Collected::default();
    progress.stop.store(true, Relaxed);
    let runner = Runner {
        install: &layout,
        disk: &Disk::new(),
        volumes: DataPlaces {
            install: &layout,
            volumes: &FolderVolumes::new(&install.at("volumes"), users),
        },
        progress: &progress,
        on_failure: OnFailure::GoBack,
    };
    let error = runner.apply(plan).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted);
    let hints = error.hints().concat();
    assert!(
        hints.contains("nothing was done yet") && !hints.contains("resume"),
        "{hints}"
    );
    install
        .run(&["resume"])
        .exits(3)
        .complains("nothing to resume");
    install.run(&["apply"]).exits(0);
}

#[test]
fn the_demo_says_what_it_does_before_it_is_built() {
    let folder = tempfile::tempdir().unwrap();
    let cargo = folder.path().join("cargo");
    fs::write(&cargo, "#!/bin/sh\necho \"cargo $1\"\nexit 1\n").unwrap();
    chmod(&cargo, 0o755);
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap()
    );
    let mut demo = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/demo"));
    let ran = Ran::of(demo.env_remove("TRANSSHIP").env("PATH", path)).exits(1);
    let told: Vec<_> = ran.out.lines().collect();
    assert!(
        told[0].starts_with("Building transship from its sources"),
        "{told:?}"
    );
    assert_eq!(told[1..], ["cargo build"]);
}
