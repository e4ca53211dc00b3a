use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{Error, Invocation, Program};
use crate::clock::Stopwatch;
use crate::error::{Explain, Kind};

fn sh(script: &str) -> Invocation {
    Program::find("sh").unwrap().call(["-c", script])
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_program_is_found_in_path_as_an_absolute_path() {
    let sh = Program::find("sh").unwrap();
    assert!(sh.path().is_absolute());
    assert!(sh.path().ends_with("sh"));
}

#[test]
fn a_missing_program_is_named_with_a_hint() {
    let error = Program::find("no-such-program").unwrap_err();
    assert_eq!(error.to_string(), "program `no-such-program` not found");
    assert_eq!(error.kind(), Kind::Usage);
    assert!(error.hints()[0].contains("PATH"));
}

#[test]
fn a_folder_or_a_plain_file_is_no_program() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
    fs::write(&file, "#!/bin/sh\n").unwrap();
    for path in [home.path(), &file] {
        assert!(Program::find(path.to_str().unwrap()).is_err(), "{path:?}");
    }
}

#[test]
fn a_setting_of_several_words_is_a_program_with_arguments() {
    let env = Program::parse("env -u HOME 'A=b c'").unwrap();
    assert!(env.path().ends_with("env"));
    let output = env
        .call(["sh", "-c", "echo \"$A|${HOME-none}\""])
        .run_well()
        .unwrap();
    assert_eq!(text(&output.stdout), "b c|none\n");
    assert_eq!(env.to_string(), "env -u HOME 'A=b c'");
}

#[test]
fn a_setting_without_a_word_names_no_program() {
    for words in ["", "  ", "'unclosed"] {
        let error = Program::parse(words).unwrap_err();
        assert!(matches!(error, Error::Words { .. }), "{words:?}: {error}");
    }
}

#[test]
fn arguments_reach_the_program_as_they_are() {
    let args = ["a b", "$HOME", "*", "", "'", "\"", "\n", "ä", ";true"];
    let call = Program::find("sh").unwrap();
    let call = call.call(["-c", "printf '<%s>' \"$@\"", "sh"]).args(args);
    let expected = format!("<{}>", args.join("><"));
    assert_eq!(text(&call.run_well().unwrap().stdout), expected);
}

#[test]
fn the_command_that_is_shown_does_the_same_in_a_shell() {
    let call = sh("printf '%s|' \"$A\" \"$@\"")
        .args(["sh", "x y", "it's", "$A", ""])
        .env("A", "1 2");
    let shown = sh(&call.shown()).run_well().unwrap();
    assert_eq!(shown.stdout, call.run_well().unwrap().stdout);
}

#[test]
fn a_secret_is_masked_in_the_command_and_in_the_complaint() {
    let call = sh("echo \"can't log in with $1\" >&2; exit 3")
        .args(["sh", "hunter2-long"])
        .env("PASSWORD", "hunter2")
        .secret("hunter2")
        .secret("hunter2-long");
    let error = call.run_well().unwrap_err();
    for shown in [
        call.shown(),
        error.to_string(),
        format!("{call:?}"),
        format!("{error:?}"),
    ] {
        assert!(
            !shown.contains("hunter2") && !shown.contains("-long"),
            "{shown}"
        );
    }
    assert!(
        error
            .to_string()
            .ends_with("failed (exit code 3): can't log in with ***"),
        "{error}"
    );
}

#[test]
fn an_empty_secret_masks_nothing() {
    assert_eq!(sh("true").secret("").shown(), "sh -c true");
}

#[test]
fn standard_input_is_empty_unless_given() {
    assert!(sh("cat").run_well().unwrap().stdout.is_empty());
    let big = "line\n".repeat(100_000);
    let output = sh("cat").stdin(big.as_bytes()).run_well().unwrap();
    assert_eq!(text(&output.stdout), big);
}

#[test]
fn a_program_that_does_not_read_its_input_is_no_error() {
    let call = sh("exit 0").stdin(vec![b'x'; 1 << 20]);
    assert!(call.run_well().is_ok());
}

#[test]
fn an_exit_code_is_an_error_only_when_success_is_asked_for() {
    let call = sh("echo out; echo one >&2; echo two >&2; exit 7");
    let output = call.run().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(text(&output.stdout), "out\n");
    let error = call.run_well().unwrap_err().to_string();
    assert!(error.ends_with("failed (exit code 7): one\ntwo"), "{error}");
}

#[test]
fn a_program_that_was_killed_says_by_which_signal() {
    let error = sh("kill -9 $$").run_well().unwrap_err().to_string();
    assert_eq!(error, "`sh -c 'kill -9 $$'` failed (signal 9)");
}

#[test]
fn what_it_said_on_its_output_stands_in_for_silent_errors() {
    let error = sh("echo 'no space left'; exit 1").run_well().unwrap_err();
    assert!(error.to_string().ends_with(": no space left"), "{error}");
}

#[test]
fn output_over_the_limit_is_cut_and_does_not_block() {
    let call = sh("head -c 1000000 /dev/zero; echo done >&2").limit(10);
    let output = call.run_well().unwrap();
    assert_eq!((output.stdout.len(), output.cut), (10, true));
    assert_eq!(text(&output.stderr), "done\n");
}

#[test]
fn a_program_over_its_time_is_killed_with_all_that_it_started() {
    let home = tempfile::tempdir().unwrap();
    let pids = home.path().join("pids");
    let script = "trap '' TERM; sleep 60 & echo $$ $! >\"$1\"; wait; sleep 60";
    let call = sh(script)
        .arg("sh")
        .arg(&pids)
        .time_out(Duration::from_millis(300));
    let watch = Stopwatch::start();
    let error = call.run().unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    assert!(
        error
            .to_string()
            .ends_with("had no answer after 0.3 s and was stopped"),
        "{error}"
    );
    assert!(watch.elapsed() < Duration::from_secs(20));
    for pid in fs::read_to_string(&pids).unwrap().split_whitespace() {
        assert!(is_gone(pid), "process {pid} is still there");
    }
}

/// True once the process has ended; whoever inherits it may be slow to collect it.
fn is_gone(pid: &str) -> bool {
    (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        let stat = fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
        stat.is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
    })
}

#[test]
fn something_left_running_does_not_hold_up_the_answer() {
    let watch = Stopwatch::start();
    let output = sh("echo answer; sleep 5 &").run_well().unwrap();
    assert_eq!(text(&output.stdout), "answer\n");
    assert!(watch.elapsed() < Duration::from_secs(4));
}

#[test]
fn the_folder_and_the_environment_are_as_asked() {
    let home = tempfile::tempdir().unwrap();
    let call = sh("pwd -P; echo \"${PATH-none}\"")
        .in_folder(home.path())
        .without_env("PATH");
    let output = call.run_well().unwrap();
    let lines: Vec<&str> = text(&output.stdout).lines().collect();
    assert_eq!(
        lines[0],
        home.path().canonicalize().unwrap().to_str().unwrap()
    );
    // A shell without a PATH gives itself one, and exports none.
    let path = std::env::var("PATH").unwrap();
    assert_ne!(lines[1], path);
}
