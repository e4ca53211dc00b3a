//! What was done and couldn't be told is 6; what only reads and can't write its answer is 2; what
//! can't write at all is refused.

use std::fs;
use std::process::Command;

use crate::common::install::{Install, run};
use crate::common::program::Ran;

/// Runs it with a standard output on which nothing can be written.
fn to_a_full_device(install: &Install, args: &[&str]) -> Ran {
    let mut command = Command::new("sh");
    command
        .args(["-c", "exec \"$0\" \"$@\" > /dev/full"])
        .arg(env!("CARGO_BIN_EXE_transship"))
        .args(args)
        .current_dir(install.root());
    Ran::of(&mut command)
}

#[test]
fn what_was_done_and_could_not_be_told_is_6() {
    let install = Install::new();
    let compose = "releases/v1.3.2/docker-compose.yml";
    for (file, content) in [("base", "A=1\n"), ("mine", "A=2\n"), ("theirs", "A=1\n")] {
        fs::write(install.at(file), content).unwrap();
    }
    let from = ["--from-release", "v2.10.5.tar.gz"];
    let [from, tarball] = from;
    for (args, left) in [
        (&["init"][..], "current"),
        (
            &["release", "new", "v3.0.0", from, tarball],
            "releases/v3.0.0",
        ),
        (
            &["release", "bad", "v3.0.0"],
            ".transship/bad-releases.json",
        ),
        (&["plan", "v2.10.5", from, tarball], ".transship/plans"),
        (&["apply"], "releases/v2.10.5/.env"),
        (&["rollback"], "releases/v2.10.5/.env"),
        (&["release", "use", "v2.10.5"], "current"),
        (&["copy", "volumes", "copied"], "copied"),
        (&["copy", "volumes", "copied", "--update"], "copied"),
        (&["volume", "copy", "./volumes", "./again"], "again"),
        (
            &["merge", "base", "mine", "theirs", "-o", "merged"],
            "merged",
        ),
    ] {
        to_a_full_device(&install, args)
            .exits(6)
            .complains("can't write to standard output")
            .complains("everything was done");
        assert!(install.at(left).exists(), "{args:?} was done");
    }
    // What speaks of its edits on stderr has nothing to write but its document.
    let set = ["image", "set", "postgres=16", "-f", compose, "--json"];
    to_a_full_device(&install, &set).exits(6);
    assert!(
        fs::read_to_string(install.at(compose))
            .unwrap()
            .contains("postgres:16")
    );
}

#[test]
fn what_only_reads_and_cannot_write_its_answer_is_2() {
    let install = Install::planned();
    let compose = "releases/v1.3.2/docker-compose.yml";
    fs::write(
        install.at("kept"),
        run(Command::new("find").arg(install.root())),
    )
    .unwrap();
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["release", "ls"],
        &["image", "ls", "-f", compose],
        &["volume", "ls", "-f", compose],
        &["diff", "v1.3.2", "volumes"],
        &["manifest", "volumes"],
        &["verify", "volumes", "releases"],
        &["inspect", "--list"],
        &["doctor", "--list"],
        &["completions", "bash"],
        &["copy", "volumes", "copied", "--dry-run"],
        &["apply", "--dry-run"],
        &["image", "set", "postgres=16", "-f", compose, "--dry-run"],
    ] {
        to_a_full_device(&install, args)
            .exits(2)
            .complains("can't write to standard output");
    }
    let now = run(Command::new("find")
        .arg(install.root())
        .args(["!", "-name", "kept"]));
    let kept = fs::read_to_string(install.at("kept")).unwrap();
    let kept: Vec<_> = kept
        .lines()
        .filter(|line| !line.ends_with("/kept"))
        .collect();
    assert_eq!(now.lines().collect::<Vec<_>>(), kept, "nothing was changed");
}

#[test]
fn a_copy_to_where_nothing_can_be_written_is_refused() {
    let install = Install::new();
    for target in ["/proc/copied", "nowhere/copied", "v2.10.5.tar.gz/copied"] {
        for source in ["volumes", "v2.10.5.tar.gz"] {
            install
                .run(&["copy", source, target])
                .exits(3)
                .complains(&format!("can't write `{target}`"));
        }
    }
    install
        .run(&["copy", "volumes", "nowhere/copied"])
        .complains("in a folder that is there");
    assert_eq!(install.litter(), Vec::<std::path::PathBuf>::new());
}
