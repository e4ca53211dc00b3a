//! `transship log`, the full log of each run, `--verbose`, and `status` where something is broken.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::common::install::{Install, chmod, run};
use crate::common::need;
use crate::common::program::Ran;

#[test]
fn each_run_has_a_full_log_of_its_owner_s_alone_without_secrets() {
    let install = Install::planned();
    let none = install.run(&["log"]).exits(0);
    none.prints("no plan was applied here yet");
    install.run(&["apply"]).exits(0);
    install.run(&["rollback"]).exits(0);
    let listed = install.run(&["log"]).exits(0);
    let listed = listed.prints("v1.3.2  v2.10.5").prints("rolled back");
    assert_eq!(listed.out.lines().count(), 2, "{}", listed.out);
    let document = install.run(&["log", "--json"]).exits(0).json();
    let file = document["runs"][0]["log"].as_str().unwrap().to_owned();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    let mut rest = text.as_str();
    for told in [
        ", from v1.3.2 to v2.10.5: apply",
        "step 1 of ",
        ", before: stage releases/v2.10.5",
        "step 1 of ",
        "done: ",
        "postgres_data: ",
        ", from v1.3.2 to v2.10.5: rollback",
        "undo: switch current to releases/v2.10.5",
        "undone: ",
    ] {
        let at = rest.find(told);
        let at = at.unwrap_or_else(|| panic!("no `{told}` behind the others in\n{text}"));
        rest = &rest[at + told.len()..];
    }
    // What is worked on is told by its name, not by the temporary one of what is built.
    assert!(
        !text.contains("/.transship-") && !text.contains(" .transship-"),
        "{text}"
    );
    let env = fs::read_to_string(install.at("releases/v1.3.2/.env")).unwrap();
    for line in env.lines().filter(|line| line.contains("PASSWORD=")) {
        assert!(!text.contains(line.split_once('=').unwrap().1), "{text}");
    }
    for name in ["1", "last"] {
        let shown = install.run(&["log", name]).exits(0);
        shown
            .prints("v1.3.2 to v2.10.5: rolled back\n")
            .prints("undone   switch current")
            .prints(text.lines().last().unwrap());
    }
    install
        .run(&["log", "7"])
        .exits(2)
        .complains("there is no run `7`");
}

#[test]
fn a_failure_is_in_the_log_with_its_cause() {
    let install = Install::planned();
    let mut limited = Command::new("sh");
    limited.args([
        "-c",
        "ulimit -f 96; exec $0 apply \"$@\"",
        env!("CARGO_BIN_EXE_transship"),
    ]);
    limited.arg("--json");
    let failed = Ran::of(limited.current_dir(install.root())).exits(4).json();
    let causes = failed["error"]["causes"].as_array().unwrap();
    let cause = causes.last().unwrap().as_str().unwrap();
    let shown = install.run(&["log", "last"]).exits(0);
    let shown = shown.prints("failed: step ").prints("because: ");
    assert!(shown.out.contains(cause), "{}", shown.out);
    let status = install.run(&["status"]).exits(0);
    status.prints("at step ").prints(cause);
    install.run(&["resume"]).exits(0);
    install
        .run(&["log", "last"])
        .prints(": resume\n")
        .prints("complete");
}

#[test]
fn verbose_shows_every_command_as_it_is_run() {
    let install = Install::planned();
    let docker = install.at("docker");
    fs::write(&docker, "#!/bin/sh\necho 'no engine here' >&2\nexit 1\n").unwrap();
    chmod(&docker, 0o755);
    let status = ["status", "--docker", "./docker"];
    let quiet = install.run(&status).exits(0);
    assert!(!quiet.err.contains('$'), "{}", quiet.err);
    let told = install
        .run(&[&status[..], &["--verbose"]].concat())
        .exits(0);
    told.complains("  $ ./docker ").complains("# exit code 1, ");
    let event = install.run(&[&status[..], &["-v", "--json"]].concat());
    event.complains(r#"{"event":"command","command":"./docker "#);
}

/// Breaks one thing of an install that has been upgraded and gone back.
struct Broken {
    what: &'static str,
    /// A shell's words in the install.
    breaks: &'static str,
    /// What is said of it, and what is told all the same.
    said: &'static str,
    told: &'static str,
    code: i32,
}

const BROKEN: &[Broken] = &[
    Broken {
        what: "nothing",
        breaks: ":",
        said: "",
        told: "last run  v1.3.2 to v2.10.5: rolled back",
        code: 0,
    },
    Broken {
        what: "a damaged plan",
        breaks: "for p in .transship/plans/*.json; do echo x >$p; done",
        said: "plans/",
        told: "last run  v1.3.2 to v2.10.5: rolled back",
        code: 2,
    },
    Broken {
        what: "a damaged journal",
        breaks: "for p in .transship/journal/*.json; do head -c 100 $p >x; cat x >$p; done",
        said: "journal/",
        told: "current   v1.3.2",
        code: 2,
    },
    Broken {
        what: "a dangling current",
        breaks: "ln -sfn releases/v9 current",
        said: "current",
        told: "releases  v1.3.2, v2.10.5",
        code: 2,
    },
    Broken {
        what: "no current",
        breaks: "rm current",
        said: "",
        told: "current   none",
        code: 0,
    },
    Broken {
        what: "a current that is a folder",
        breaks: "rm current; mkdir current",
        said: "current",
        told: "plan      ",
        code: 2,
    },
    Broken {
        what: "a damaged id",
        breaks: "echo x >.transship/id",
        said: ".transship/id",
        told: "current   v1.3.2",
        code: 2,
    },
    Broken {
        what: "a lock that is a pipe",
        breaks: "rm .transship/lock; mkfifo .transship/lock",
        said: "",
        told: "current   v1.3.2",
        code: 0,
    },
    Broken {
        what: "a compose file that can't be read as one",
        breaks: "echo 'services: [' >releases/v1.3.2/docker-compose.yml",
        said: "",
        told: "current   v1.3.2",
        code: 0,
    },
];

#[test]
fn status_tells_what_can_be_read_whatever_is_broken() {
    let install = Install::planned();
    install.run(&["apply"]).exits(0);
    install.run(&["rollback"]).exits(0);
    let kept = tempfile::tempdir().unwrap();
    let kept = kept.path().display();
    for Broken {
        what,
        breaks,
        said,
        told,
        code,
    } in BROKEN
    {
        let sh = |words: &str| {
            run(Command::new("sh")
                .args(["-ec", words])
                .current_dir(install.root()));
        };
        sh(&format!(
            "cp -a .transship current releases {kept}; {breaks}"
        ));
        for more in [&[][..], &["--docker", "/bin/false"]] {
            let ran = install.run(&[&["status"][..], more].concat());
            assert_eq!(ran.code, *code, "{what}: {ran:?}");
            assert!(ran.out.contains("install   "), "{what}: {ran:?}");
            assert!(ran.out.contains(told), "{what}, no `{told}`: {ran:?}");
            assert!(ran.err.contains(said), "{what}, no `{said}`: {ran:?}");
        }
        let document = install.run(&["status", "--json"]).json();
        let unreadable = document["unreadable"].as_array().unwrap();
        assert_eq!(!unreadable.is_empty(), *code == 2, "{what}: {document:#}");
        sh(&format!(
            "rm -rf .transship current releases; mv {kept}/* {kept}/.transship ."
        ));
    }
}

#[test]
fn a_stranger_is_told_what_it_may_not_read() {
    if !(need::root() && need::program("setpriv")) {
        return;
    }
    let install = Install::planned();
    install.run(&["apply"]).exits(0);
    chmod(install.root(), 0o755);
    chmod(&install.at(".transship"), 0o700);
    // A place that everybody can enter.
    let program = install.at("transship");
    fs::copy(env!("CARGO_BIN_EXE_transship"), &program).unwrap();
    let words = ["--reuid", "54321", "--regid", "54321", "--clear-groups"];
    let stranger = |command: &[&str], code: i32| {
        let mut stranger = Command::new("setpriv");
        stranger.args(words).arg(&program).args(command);
        let ran = Ran::of(stranger.current_dir(install.root())).exits(code);
        ran.complains("Permission denied")
    };
    stranger(&["status"], 2)
        .prints("current   v2.10.5")
        .prints("releases  \n          v1.3.2 can't be looked into\n");
    stranger(&["release", "ls"], 2)
        .prints("v1.3.2   can't be looked into\n")
        .prints("v2.10.5  current, can't be looked into\n");
    let log = stranger(&["log"], 3).complains("try: run it as ");
    assert_eq!(
        log.out, "",
        "no run is known, which isn't that there is none"
    );
}

#[test]
fn status_tells_the_step_at_work() {
    let install = Install::adopted();
    // It takes a while to be copied.
    let large = fs::File::create(install.at("volumes/v1_3_2_postgres_data/large")).unwrap();
    large.set_len(1 << 30).unwrap();
    drop(large);
    install.plan().exits(0);
    let mut apply = Command::new(env!("CARGO_BIN_EXE_transship"));
    let apply = apply
        .arg("apply")
        .current_dir(install.root())
        .env_remove("TRANSSHIP_VOLUMES");
    let mut apply = apply
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(apply.stderr.take().unwrap()).lines();
    let begun = "[9/12] copy volume v1_3_2_postgres_data";
    assert!(said.any(|line| line.unwrap().starts_with(begun)));
    let pid = Pid::from_child(&apply);
    // It is told before it is recorded, and from then on it is known to everybody.
    let told = loop {
        kill_process(pid, Signal::STOP).unwrap();
        let status = install.run(&["status"]).exits(0);
        kill_process(pid, Signal::CONT).unwrap();
        if status.out.contains("at step ") || !status.out.contains("at work ") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    told.prints("at work   `transship apply`")
        .prints("at step 9 of 12: copy volume v1_3_2_postgres_data");
    assert!(said.all(|line| line.is_ok()));
    assert!(apply.wait().unwrap().success());
}
