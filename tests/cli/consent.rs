//! What removes something for good shows what it is and asks on a terminal; elsewhere it wants to be told,
//! and says by which command. A dry run shows the same.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::install::Install;
use crate::common::need;
use crate::common::program::Ran;

/// Runs it on a terminal, and types the answer. `None` where there is no program that makes terminals.
fn answered(folder: &Path, args: &str, answer: &str) -> (Option<i32>, String) {
    let command = format!("{} {args}", env!("CARGO_BIN_EXE_transship"));
    let mut script = Command::new("script");
    script
        .args(["-qec", &command, "/dev/null"])
        .current_dir(folder)
        .env_remove("TRANSSHIP_VOLUMES")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut running = script.spawn().unwrap();
    let typed = running.stdin.as_mut().unwrap().write_all(answer.as_bytes());
    typed.unwrap();
    let ended = running.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    (ended.status.code(), said)
}

/// What one command is asked about: what it says is lost, and the path that is gone after a `yes`.
struct Asked<'a> {
    command: &'static str,
    /// The option that says so beforehand.
    option: &'static str,
    lost: &'static str,
    path: &'a str,
}

#[track_caller]
fn check(install: &Install, asked: &Asked<'_>) {
    let Asked {
        command,
        option,
        lost,
        path,
    } = asked;
    let run = |more: &[&str]| -> Ran {
        let words: Vec<&str> = command.split(' ').chain(more.iter().copied()).collect();
        install.run(&words)
    };
    let is_there = || install.at(path).symlink_metadata().is_ok();
    let picture = || install.picture("").into_keys().collect::<Vec<_>>();
    let before = picture();
    let refused = run(&[]).exits(3);
    let meant = format!("{command} {option}");
    assert!(
        refused.err.contains(option),
        "no `{meant}` in {}",
        refused.err
    );
    let code = run(&["--json"]).exits(3).json()["error"]["code"].clone();
    assert!(code == "needs-yes" || code == "too-many-removals", "{code}");
    assert_eq!(picture(), before, "nothing was removed");
    if need::program("script") {
        for answer in ["n\n", "\n", "y\n"] {
            let (code, said) = answered(install.root(), command, answer);
            assert_eq!(code, Some(3), "{said}");
            assert!(said.contains(lost), "no `{lost}` in {said}");
            assert!(said.contains("It can't be brought back"), "{said}");
            assert!(is_there(), "{said}");
        }
        let (code, said) = answered(install.root(), command, "yes\n");
        assert_eq!(code, Some(0), "{said}");
    } else {
        run(&[option]).exits(0);
    }
    assert!(!is_there(), "`{path}` is there still");
}

#[test]
fn a_release_is_not_discarded_with_its_data_unasked() {
    let install = Install::planned();
    install.run(&["apply"]).exits(0);
    fs::write(
        install.at("volumes/v2_10_5_postgres_data/new"),
        "written since",
    )
    .unwrap();
    let asked = Asked {
        command: "rollback --discard",
        option: "--yes",
        lost: "lost for good: volume `v2_10_5_postgres_data`, 5 files, 97.6",
        path: "volumes/v2_10_5_postgres_data",
    };
    let told = install
        .run(&["rollback", "--discard", "--dry-run"])
        .exits(0);
    told.prints(asked.lost).complains("was written since");
    let told = install.run(&["rollback", "--discard", "--dry-run", "--json"]);
    let told = told.exits(0).json();
    assert_eq!(told["would_lose"][1]["files"], 5, "{told:#}");
    let told = install.run(&["rollback", "--dry-run"]).exits(0);
    assert!(!told.out.contains("lost for good"), "{}", told.out);
    let refused = install.run(&["rollback", "--discard"]).exits(3);
    refused
        .complains("lost for good: volume `v2_10_5_postgres_data`")
        .complains("if it is meant: transship rollback --discard --yes\n");
    check(&install, &asked);
}

#[test]
fn an_update_does_not_remove_most_of_its_target_unasked() {
    let install = Install::new();
    for (folder, names) in [("new", &["a"][..]), ("old", &["a", "b", "c", "d", "e"])] {
        fs::create_dir(install.at(folder)).unwrap();
        for name in names {
            fs::write(install.at(folder).join(name), name).unwrap();
        }
    }
    let dry = install.run(&["copy", "--update", "new", "old", "--dry-run"]);
    dry.exits(3)
        .prints("e: extra file")
        .complains("4 of 5 in `old` would be removed");
    check(
        &install,
        &Asked {
            command: "copy --update new old",
            option: "--delete-all",
            lost: "e: extra file",
            path: "old/e",
        },
    );
}

#[test]
fn a_clone_that_was_kept_is_not_removed_unasked() {
    let install = Install::adopted();
    let plan = [
        "rehearse",
        "v2.10.5",
        "--from-release",
        "v2.10.5.tar.gz",
        "--keep",
    ];
    install.run(&plan).exits(0);
    let clones = install.at(".transship/rehearsals");
    let clone = fs::read_dir(&clones).unwrap().map(|entry| entry.unwrap());
    let clone = clone
        .into_iter()
        .find(|entry| entry.path().is_dir())
        .unwrap();
    let name = clone.file_name().into_string().unwrap();
    check(
        &install,
        &Asked {
            command: "rehearse --clean",
            option: "--yes",
            lost: "lost for good: the clone in ",
            path: &format!(".transship/rehearsals/{name}"),
        },
    );
}
