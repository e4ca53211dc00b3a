//! How long the short commands take from start to end, as a shell sees it: `--help`, and
//! `image set` on a compose file of 500 lines, against `true` in the same run.
//!
//! ```sh
//! cargo bench --bench start
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
use std::time::Duration;

use common::{compose, median, time};

const ROUNDS: usize = 101;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compose.yaml");
    let (before, program) = (compose(500), env!("CARGO_BIN_EXE_transship"));
    assert_eq!(before.lines().count(), 500);
    let set = |file: &Path| {
        fs::write(file, &before).unwrap();
        time(
            Command::new(program)
                .args(["image", "set", "acme/*=v2.10.5", "-f"])
                .arg(file),
        )
    };
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(time(&mut Command::new("true")));
        times[1].push(time(Command::new(program).arg("--help")));
        times[2].push(set(&file));
    }
    assert!(
        fs::read_to_string(&file)
            .unwrap()
            .contains("acme/part60:v2.10.5")
    );
    let [peer, help, set] = times.map(median);
    println!("medians of {ROUNDS} rounds");
    println!("true                          {peer:6.2} ms");
    println!(
        "transship --help              {help:6.2} ms  {:5.1} of true",
        help / peer
    );
    println!(
        "transship image set, 500 lines{set:6.2} ms  {:5.1} of true",
        set / peer
    );
}
