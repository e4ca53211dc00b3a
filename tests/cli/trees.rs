//! `copy`, `manifest` and `verify` from outside: options, exit codes, progress, signals.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::common::dead::is_temporary;
use super::common::need;
use super::common::program::{Ran, transship};

/// A folder with a small tree in `source`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for path in ["a", "sub/b", "sub/c.log", "cache/d"] {
        write(folder.path(), &format!("source/{path}"), path);
    }
    folder
}

fn write(folder: &Path, path: &str, content: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_update_copies_what_differs_and_removes_what_is_gone() {
    let folder = folder();
    let run = |args: &[&str]| transship(folder.path(), args.iter().copied());
    let update = ["copy", "source", "copy", "--update", "--json"];
    // There is nothing to update yet.
    assert_eq!(run(&update).exits(0).json()["files"], 4);
    fs::remove_file(folder.path().join("source/a")).unwrap();
    write(folder.path(), "source/sub/b", "longer than before");
    run(&["copy", "source", "copy", "--update", "--dry-run"])
        .exits(0)
        .prints("a: extra")
        .prints("sub/b: size");
    assert!(folder.path().join("copy/a").exists());
    let done = run(&update).exits(0).json();
    assert_eq!((&done["files"], &done["removed"]), (&1.into(), &1.into()));
    run(&["verify", "copy", "source"]).exits(0);
    let done = run(&update).exits(0).json();
    assert_eq!((&done["files"], &done["removed"]), (&0.into(), &0.into()));
}

#[test]
fn a_dry_run_refuses_what_the_copy_would() {
    let folder = folder();
    let run = |args: &[&str]| transship(folder.path(), args.iter().copied());
    fs::create_dir_all(folder.path().join("volumes/v1_data")).unwrap();
    fs::create_dir_all(folder.path().join("volumes/v2_data")).unwrap();
    write(folder.path(), "volumes/v1_data/a", "new");
    write(folder.path(), "volumes/v1_data/b", "b");
    write(folder.path(), "volumes/v2_data/gone", "x");
    let volume = ["volume", "copy", "v1_data", "v2_data"];
    let (path, inside) = (
        ["volume", "copy", "v1_data", "./volumes/v2_data"],
        ["copy", "source", "source/sub/in"],
    );
    let updates = [&volume[..], &["--update"]].concat();
    let refused: [&[&str]; 5] = [
        &["copy", "source", "volumes/v2_data"],
        &inside,
        &volume,
        &path,
        // Nothing in it is of the source.
        &updates,
    ];
    for args in refused {
        let dry = run(&[
            args,
            &["--assume-stopped", "--dry-run"][usize::from(args[0] == "copy")..],
        ]
        .concat())
        .exits(3);
        let real = run(&[
            args,
            &["--assume-stopped"][usize::from(args[0] == "copy")..],
        ]
        .concat())
        .exits(3);
        assert_eq!(dry.err, real.err, "{args:?}");
    }
}

#[test]
fn a_dry_run_of_an_update_of_a_volume_says_what_differs() {
    let folder = folder();
    let run = |args: &[&str]| transship(folder.path(), args.iter().copied());
    write(folder.path(), "volumes/v1_data/a", "new");
    write(folder.path(), "volumes/v2_data/gone", "x");
    let update = [
        "volume",
        "copy",
        "v1_data",
        "v2_data",
        "--update",
        "--delete-all",
        "--assume-stopped",
    ];
    let foretold = run(&[&update[..], &["--dry-run"]].concat()).exits(0);
    foretold
        .prints("a: missing")
        .prints("gone: extra")
        .complains("would copy 1 file, 3 B, 1 removed");
    assert_eq!(names(&folder.path().join("volumes/v2_data")), ["gone"]);
    run(&update).exits(0);
    assert_eq!(names(&folder.path().join("volumes/v2_data")), ["a"]);
    run(&[&update[..], &["--dry-run"]].concat())
        .exits(0)
        .complains("would copy 0 files, 0 B, 0 removed, 0 adjusted");
}

#[test]
fn a_checksum_finds_what_size_and_time_hide() {
    let folder = folder();
    let run = |args: &[&str]| transship(folder.path(), args.iter().copied());
    run(&["copy", "source", "copy"]).exits(0);
    let (source, copy) = (folder.path().join("source/a"), folder.path().join("copy/a"));
    fs::write(&copy, "b").unwrap();
    let file = fs::File::options().write(true).open(&copy).unwrap();
    file.set_modified(fs::metadata(source).unwrap().modified().unwrap())
        .unwrap();
    run(&["copy", "source", "copy", "--update"]).exits(0);
    assert_eq!(fs::read_to_string(&copy).unwrap(), "b");
    run(&[
        "copy",
        "source",
        "copy",
        "--update",
        "--checksum",
        "--verify",
    ])
    .exits(0)
    .prints("verified");
    assert_eq!(fs::read_to_string(&copy).unwrap(), "a");
    run(&["copy", "source", "new", "--checksum"])
        .exits(2)
        .complains("--update");
}

#[test]
fn what_is_excluded_is_in_no_copy_no_manifest_and_no_comparison() {
    let folder = folder();
    let run = |args: &[&str]| transship(folder.path(), args.iter().copied());
    let exclude = ["--exclude", "*.log", "--exclude", "/cache"];
    let copy = ["copy", "source", "copy", "--verify"];
    run(&[copy.as_slice(), &exclude].concat()).exits(0);
    assert_eq!(names(&folder.path().join("copy")), ["a", "sub"]);
    assert_eq!(names(&folder.path().join("copy/sub")), ["b"]);
    let listed = run(&[["manifest", "source"].as_slice(), &exclude].concat()).exits(0);
    assert_eq!(
        listed.out,
        run(&["manifest", "copy"]).exits(0).out,
        "the same bytes for the same tree"
    );
    run(&["verify", "copy", "source"]).exits(1);
    run(&[["verify", "copy", "source"].as_slice(), &exclude].concat()).exits(0);
}

#[test]
fn with_json_progress_comes_as_lines_on_stderr_and_one_document_on_stdout() {
    let folder = folder();
    let ran = transship(folder.path(), ["copy", "source", "copy", "--json"]).exits(0);
    assert_eq!(ran.json()["files"], 4);
    let events: Vec<Value> = ran
        .err
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.first().unwrap()["event"], "start");
    let last = events.last().unwrap();
    assert_eq!(last["event"], "finish");
    assert_eq!(last["what"], "copy");
    assert_eq!(
        (&last["bytes"], &last["total_bytes"]),
        (&22.into(), &22.into())
    );
    assert!(last["bytes_per_second"].is_u64());
    let quiet = transship(folder.path(), ["manifest", "source", "--json", "--quiet"]);
    assert_eq!(quiet.exits(0).err, "");
}

/// As a user without rights, with a copy of the program that this user can reach.
fn as_nobody(folder: &Path, args: &[&str]) -> Ran {
    let program = folder.join("transship");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_transship"), &program).unwrap();
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=999", "--regid=999", "--clear-groups"])
        .arg(program)
        .args(args)
        .current_dir(folder);
    Ran::of(&mut command)
}

#[test]
fn what_a_copy_lacks_is_listed_in_one_document_with_exit_code_4() {
    if !need::root() || !need::program("setpriv") {
        return;
    }
    let folder = folder();
    let ran = as_nobody(folder.path(), &["copy", "source", "copy", "--json"]).exits(4);
    let lost = ran.json()["lost"].as_array().unwrap().len();
    assert_eq!(lost, 7, "four files and three folders have another owner");
    let ran = ran.complains("a: owner not kept: 0:0");
    assert!(
        ran.err
            .contains("the copy isn't as its source: 7 differences"),
        "{}",
        ran.err
    );
    assert!(folder.path().join("copy/sub/b").exists());
}

#[test]
fn every_file_that_cannot_be_read_is_named_and_no_copy_made() {
    if !need::root() || !need::program("setpriv") {
        return;
    }
    let folder = folder();
    for path in ["a", "sub/b"] {
        let path = folder.path().join("source").join(path);
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    as_nobody(folder.path(), &["copy", "source", "copy"])
        .exits(4)
        .complains("a: Permission denied")
        .complains("sub/b: Permission denied")
        .complains("and another file");
    assert_eq!(names(folder.path()), ["source", "transship"]);
}

/// Starts a copy of many files, and answers it when it is at work.
fn start_copy(folder: &Path) -> std::process::Child {
    for n in 0..20_000 {
        write(folder, &format!("source/{}/{n}", n % 20), "x");
    }
    let child = Command::new(env!("CARGO_BIN_EXE_transship"))
        .args(["copy", "source", "copy", "--verify"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !names(folder).iter().any(|name| is_temporary(name)) {
        assert!(begun.elapsed() < Duration::from_secs(30), "it never began");
    }
    child
}

fn send(child: &std::process::Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, signal).unwrap();
}

#[test]
fn ctrl_c_leaves_nothing_behind_and_exits_130() {
    let folder = folder();
    let mut child = start_copy(folder.path());
    send(&child, rustix::process::Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(said.contains("interrupted"), "{said}");
    assert_eq!(names(folder.path()), ["source"]);
}

#[test]
fn what_a_killed_copy_left_is_removed_by_the_next() {
    let folder = folder();
    let mut child = start_copy(folder.path());
    send(&child, rustix::process::Signal::KILL);
    child.wait().unwrap();
    let left = names(folder.path());
    assert!(is_temporary(&left[0]), "{left:?}");
    assert!(!left.contains(&"copy".to_owned()), "{left:?}");
    transship(folder.path(), ["copy", "source", "copy", "--verify"]).exits(0);
    assert_eq!(names(folder.path()), ["copy", "source"]);
}

#[test]
fn a_manifest_is_read_from_a_pipe_and_written_to_one_that_closes() {
    let folder = folder();
    let bin = env!("CARGO_BIN_EXE_transship");
    let script = format!(
        "{bin} manifest source | {bin} verify source /dev/stdin && {bin} manifest source | head -c 1"
    );
    let mut command = Command::new("bash");
    command
        .args(["-o", "pipefail", "-c", &script])
        .current_dir(folder.path());
    Ran::of(&mut command)
        .exits(0)
        .complains("the same: 4 files");
}

#[test]
fn a_manifest_is_the_same_bytes_each_time_and_owned_by_its_caller() {
    let folder = folder();
    for format in ["mtree", "sha256sum", "json"] {
        let run = |args: &[&str]| transship(folder.path(), args.iter().copied()).exits(0);
        let first = run(&["manifest", "source", "--format", format]).out;
        run(&["manifest", "source", "--format", format, "-o", format]);
        assert_eq!(
            fs::read_to_string(folder.path().join(format)).unwrap(),
            first
        );
        let mode = fs::metadata(folder.path().join(format)).unwrap().mode();
        assert_eq!(mode & 0o7777, 0o644);
    }
}
