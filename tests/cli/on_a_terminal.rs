//! What stands on a terminal of 80 columns while a run is at work, and when it is over.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use unicode_width::UnicodeWidthStr as _;

use super::common::install::Install;
use super::common::need;

/// `transship` with `args` on a terminal of 80 columns, which tells its process in `pid`; every byte that it writes
/// there comes from its standard output.
fn on_terminal(here: &Path, args: &str) -> Child {
    let program = env!("CARGO_BIN_EXE_transship");
    let line = format!("stty cols 80 rows 24; echo $$ >pid; TERM=xterm exec {program} {args}");
    Command::new("script")
        .args([
            "--quiet",
            "--flush",
            "--return",
            "--command",
            &line,
            "/dev/null",
        ])
        .current_dir(here)
        .env_remove("TRANSSHIP_VOLUMES")
        .env("PAGER", "cat")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Every byte that `transship` with `args` writes on such a terminal.
fn shown(here: &Path, args: &str) -> String {
    let output = on_terminal(here, args).wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Runs it until it shows `moment`, has Ctrl-C come, and gives all that it wrote and its exit code.
fn interrupted(here: &Path, args: &str, moment: &str) -> (String, i32) {
    let mut run = on_terminal(here, args);
    let (mut shown, mut some) = (Vec::new(), [0; 4096]);
    let mut terminal = run.stdout.take().unwrap();
    let mut is_sent = false;
    loop {
        let read = terminal.read(&mut some).unwrap();
        if read == 0 {
            break;
        }
        shown.extend_from_slice(&some[..read]);
        if !is_sent && String::from_utf8_lossy(&shown).contains(moment) {
            let pid = fs::read_to_string(here.join("pid")).unwrap();
            let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
            kill_process(pid, Signal::INT).unwrap();
            is_sent = true;
        }
    }
    let code = run.wait().unwrap().code().unwrap();
    (String::from_utf8(shown).unwrap(), code)
}

/// What is left to be seen of it: of each line what was written since it was last cleared.
fn left(shown: &str) -> Vec<String> {
    let lines = shown.split('\n').map(|line| {
        let line = line.trim_end_matches('\r');
        let cleared = line.rsplit("\u{1b}[2K").next().unwrap_or(line);
        cleared.trim_start_matches('\r').to_owned()
    });
    lines.collect()
}

#[test]
fn a_run_has_one_line_that_goes_with_it() {
    if !need::program("script") {
        return;
    }
    let install = Install::planned();
    let shown = shown(install.root(), "apply");
    let pictures: Vec<_> = shown.split(['\r', '\n']).collect();
    assert!(pictures.iter().any(|one| one.contains("[1/")), "{shown:?}");
    let verifies = |one: &&str| one.contains("verify") && one.contains("v2_10_5_postgres_data");
    assert!(pictures.iter().any(verifies), "{shown:?}");
    let left = left(&shown);
    assert!(left.iter().all(|line| !line.contains("[1/")), "{left:?}");
    assert!(
        left.iter()
            .any(|line| line.contains("Upgraded from v1.3.2")),
        "{left:?}"
    );
}

/// That nothing left there is wider than the terminal, but for words that can't be broken.
fn check_fits(left: &[String]) {
    for line in left {
        let one = line.trim().trim_start_matches("$ ").trim_end_matches(" \\");
        assert!(
            line.width() <= 80 || !one.contains(' '),
            "{line:?} in {left:#?}"
        );
    }
}

/// Without what only colours it.
fn plain(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default();
    let parts = parts.map(|part| part.split_once('m').map_or(part, |(_, shown)| shown));
    first.to_owned() + &parts.collect::<String>()
}

#[test]
fn nothing_is_wider_than_the_terminal_and_a_ctrl_c_leaves_nothing_behind() {
    if !need::program("script") {
        return;
    }
    let install = Install::adopted();
    let root = install.root();
    // It takes a while to be read.
    let large = fs::File::create(install.at("volumes/v1_3_2_postgres_data/large")).unwrap();
    large.set_len(2 << 30).unwrap();
    drop(large);
    let plan = shown(root, "plan v2.10.5 --from-release v2.10.5.tar.gz");
    let (before, after) = plan.split_once("\nFiles: ").unwrap();
    // What files have in them is shown as it is.
    let (_, after) = after.split_once("\nSizes").unwrap();
    for part in [before, after] {
        let left: Vec<_> = left(part).iter().map(|line| plain(line)).collect();
        check_fits(&left);
    }
    // A shell reads what goes on behind a backslash.
    assert!(before.contains(" \\\r\n"), "{before}");

    let (apply, code) = interrupted(root, "apply", "copy v2_10_5_postgres_data");
    assert_eq!(code, 130, "{apply}");
    let left_behind: Vec<_> = left(&apply).iter().map(|line| plain(line)).collect();
    check_fits(&left_behind);
    assert!(
        left_behind.iter().all(|line| !line.contains("[9/")),
        "{left_behind:#?}"
    );
    let told = left_behind
        .iter()
        .any(|line| line.contains("of 12 was interrupted: "));
    assert!(told, "{left_behind:#?}");
    for (args, wanted) in [("status", "go on with"), ("resume", "Upgraded from v1.3.2")] {
        let left: Vec<_> = left(&shown(root, args))
            .iter()
            .map(|line| plain(line))
            .collect();
        check_fits(&left);
        assert!(left.iter().any(|line| line.contains(wanted)), "{left:#?}");
    }
}
