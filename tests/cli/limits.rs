//! What a machine may refuse, and how a command is stopped from outside: an error with a code,
//! and never a crash.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::common::dead::is_temporary;
use super::common::need;
use super::common::program::Ran;

const PROGRAM: &str = env!("CARGO_BIN_EXE_transship");

/// Runs a shell's words in `folder`, with the program as `$0`.
fn shell(folder: &Path, words: &str) -> Ran {
    Ran::of(
        Command::new("bash")
            .args(["-c", words, PROGRAM])
            .current_dir(folder),
    )
}

/// A folder that everybody can enter, with the tree `source` in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777))
        .tempdir()
        .unwrap();
    fs::create_dir_all(folder.path().join("source/a/b")).unwrap();
    for n in 0..20 {
        fs::write(
            folder.path().join(format!("source/a/{n}")),
            vec![b'x'; 9000],
        )
        .unwrap();
    }
    folder
}

#[test]
fn a_refused_thread_is_no_crash() {
    if !(need::root() && need::program("setpriv")) {
        return;
    }
    let folder = folder();
    // As a user of its own, who may have no second process.
    let alone = "chown -R 54321:54321 . && cp $0 program && exec setpriv --reuid 54321 --regid 54321 \
                 --clear-groups bash -c 'ulimit -u 1; exec ./program \"$@\"' x";
    for command in [
        "copy source target",
        "copy --update source target",
        "verify source target",
        "manifest source",
    ] {
        shell(folder.path(), &format!("{alone} {command}")).exits(0);
    }
}

#[test]
fn a_file_beyond_the_limit_is_an_error() {
    let folder = folder();
    shell(folder.path(), "ulimit -f 4; exec $0 copy source target")
        .exits(4)
        .complains("File too large");
    // What can't be kept is said, and is not there in half.
    let copied = fs::read_dir(folder.path().join("target/a")).unwrap();
    assert!(copied.flatten().all(|entry| entry.path().is_dir()));
    let left = fs::read_dir(folder.path()).unwrap();
    let mut left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!left.any(|name| is_temporary(&name)));
}

#[test]
fn a_merge_that_finds_no_room_leaves_nothing_and_can_be_run_again() {
    if !need::root() {
        return;
    }
    let folder = folder();
    let script = "mkdir b m t full; for d in b m t; do echo A=1 >$d/.env; done
        echo mine >m/mine; echo new >t/Caddyfile; head -c 30000 /dev/urandom >t/zz
        mount -t tmpfs -o size=32k tmpfs full
        $0 merge b m t -o full/mo; code=$?
        ls -A full; umount full; exit $code";
    let ran = shell(folder.path(), script).exits(3);
    assert_eq!(ran.out, "");
    let again = "mkdir -p full/mo && $0 merge b m t -o full/mo && ls -A full";
    shell(folder.path(), again).exits(0).prints("mo\n");
    assert_eq!(
        fs::read(folder.path().join("t/zz")).unwrap(),
        fs::read(folder.path().join("full/mo/zz")).unwrap()
    );
}

#[test]
fn a_reader_that_goes_away_is_no_crash() {
    let folder = folder();
    let ran = shell(
        folder.path(),
        "$0 manifest source | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}",
    );
    assert!(ran.code < 128, "{ran:?}");
    assert!(!ran.err.contains("panicked"), "{ran:?}");
}

/// Sends the signal and gives how the program ended, and how soon.
fn end(mut child: Child, signal: Signal) -> (Option<i32>, Duration) {
    std::thread::sleep(Duration::from_millis(300));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
    let begun = Instant::now();
    (child.wait().unwrap().code(), begun.elapsed())
}

#[test]
fn one_signal_ends_a_command_that_waits() {
    let folder = folder();
    let pipe = folder.path().join("pipe");
    let deaf = "printf '#!/bin/sh\nexec sleep 60\n' >deaf && chmod +x deaf";
    shell(folder.path(), deaf).exits(0);
    fs::write(
        folder.path().join("compose.yml"),
        "services: {}\nvolumes: {v: }\n",
    )
    .unwrap();
    shell(folder.path(), "mkfifo pipe").exits(0);
    // Whoever has both ends open: nobody ever writes, and nobody closes it.
    let _held = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&pipe)
        .unwrap();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        for command in [
            &["verify", "source", "pipe"][..],
            &["image", "ls", "-f", "pipe"],
            &["merge", "pipe", "pipe", "pipe"],
            &["image", "set", "a=1", "-f", "pipe"],
            // An engine that never answers.
            &["volume", "ls", "--docker", "./deaf", "-f", "compose.yml"],
        ] {
            let child = Command::new(PROGRAM)
                .args(command)
                .current_dir(folder.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let (code, after) = end(child, signal);
            assert_eq!(code, Some(130), "{command:?} {signal:?}");
            assert!(after < Duration::from_secs(3), "{command:?}: {after:?}");
        }
    }
}

#[test]
fn what_nohup_protects_goes_on_after_a_hang_up() {
    let folder = folder();
    let pipe = folder.path().join("pipe");
    shell(folder.path(), "mkfifo pipe").exits(0);
    let held = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&pipe)
        .unwrap();
    let child = Command::new("bash")
        .args(["-c", "trap '' HUP; exec $0 verify source pipe", PROGRAM])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::HUP).unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    rustix::process::test_kill_process(pid).unwrap();
    let (code, _) = end(child, Signal::TERM);
    assert_eq!(code, Some(130));
    drop(held);
}
