//! What stands on a terminal of 80 columns while a run is at work, and when it is over.

use std::path::Path;
use std::process::{Command, Stdio};

use super::common::install::Install;
use super::common::need;

/// Runs `transship` with `args` on a terminal of 80 columns, and gives every byte that it wrote there.
fn shown(here: &Path, args: &str) -> String {
    let program = env!("CARGO_BIN_EXE_transship");
    let line = format!("stty cols 80 rows 24; TERM=xterm exec {program} {args}");
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(here)
        .env_remove("TRANSSHIP_VOLUMES")
        .env("PAGER", "cat")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
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
