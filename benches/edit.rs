//! `image set` on compose files of 500 and 20,000 lines, against `yq` in the same run: the
//! one from `PyPI` (`pip install yq`, which needs `jq`), on the same change.
//!
//! ```sh
//! cargo bench --bench edit
//! ```

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench starts programs, reads the time and prints"
)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{compose, median, time};

/// The same change as `image set 'acme/*=v2.10.5'`, but for comments, quotes and layout,
/// which `yq` loses.
const FILTER: &str =
    r#"(.services[] | select(.image != null).image) |= sub(":v1.3.2$"; ":v2.10.5")"#;

fn transship(file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
    command
        .args(["image", "set", "acme/*=v2.10.5", "-f"])
        .arg(file);
    command
}

fn yq(file: &Path) -> Command {
    let mut command = Command::new("yq");
    command.args(["-y", "-i", FILTER]).arg(file);
    command
}

fn main() {
    let has_yq = Command::new("yq").arg("--version").output().is_ok();
    if !has_yq {
        println!("no yq in PATH (`pip install yq`, and jq): transship alone is timed");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compose.yaml");
    for (lines, rounds) in [(500, 21), (20_000, 5)] {
        let before = compose(lines);
        let edited = |mut command: Command| {
            fs::write(&file, &before).unwrap();
            let taken = time(&mut command);
            let after = fs::read_to_string(&file).unwrap();
            assert!(after.contains("acme/part60:v2.10.5"), "{command:?}");
            taken
        };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            ours.push(edited(transship(&file)));
            if has_yq {
                theirs.push(edited(yq(&file)));
            }
        }
        let ours = median(ours);
        println!("{lines} lines, medians of {rounds} rounds");
        println!("  transship image set {ours:8.1} ms");
        if has_yq {
            let theirs = median(theirs);
            let ratio = ours / theirs;
            println!("  yq -i               {theirs:8.1} ms  transship takes {ratio:.3} of it");
        }
    }
}
