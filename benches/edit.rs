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

/// A project of so many services, each with a container's name that another uses, a port and a
/// volume of a fixed name.
fn project(services: usize) -> String {
    let service = |n: usize| {
        format!(
            "  s{n}:\n    image: i\n    container_name: c{n}\n    ports: ['{}:80']\n    \
             environment: {{DB_HOST: 'c{n}'}}\n    volumes: ['v{n}:/v']\n",
            n + 1000
        )
    };
    let volume = |n: usize| format!("  v{n}: {{name: w{n}}}\n");
    let services_text: String = (0..services).map(service).collect();
    let volumes: String = (0..services).map(volume).collect();
    format!("services:\n{services_text}volumes:\n{volumes}")
}

/// `conflicts --fix` and `volume prefix` have to grow linearly: 3,000 services in under 2 s.
fn side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
        command.args(args).current_dir(folder.path());
        median(vec![time(&mut command)])
    };
    for services in [300, 3_000] {
        for side in ["A", "B"] {
            fs::create_dir_all(folder.path().join(side)).unwrap();
            fs::write(
                folder.path().join(side).join("compose.yaml"),
                project(services),
            )
            .unwrap();
        }
        let fix = run(&["conflicts", "A", "B", "--fix", "--port-offset", "auto"]);
        let prefix = run(&["volume", "prefix", "x_", "-f", "B/compose.yaml"]);
        println!(
            "{services} services: conflicts --fix {fix:8.1} ms, volume prefix {prefix:8.1} ms"
        );
    }
}

fn main() {
    side_by_side();
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
