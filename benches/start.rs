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

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 101;

/// 500 lines: services with comments, anchors and volumes, as real files have them.
fn compose() -> String {
    let mut text = "x-base: &base\n  restart: unless-stopped\nservices:\n".to_owned();
    for number in 0..61 {
        text += &format!(
            "  service{number}: # number {number}\n    <<: *base\n    image: 'acme/part{number}:v1.3.2'\n    \
             environment:\n      NUMBER: \"{number}\"\n    ports:\n      - \"{}:80\"\n    volumes: [data:/data]\n",
            8000 + number
        );
    }
    text + "volumes:\n  data:\n    name: v1_3_2_data\n" + &"# the end\n".repeat(6)
}

fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let taken = start.elapsed();
    assert!(status.unwrap().success(), "{command:?}");
    taken
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compose.yaml");
    let (before, program) = (compose(), env!("CARGO_BIN_EXE_transship"));
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
    let [peer, help, set] = times.map(median).map(|median| median.as_secs_f64() * 1e3);
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
