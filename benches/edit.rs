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

/// Where a project has its names and ports from.
#[derive(Debug, Clone, Copy)]
enum Names {
    /// They stand in the compose file.
    Literal,
    /// One variable of `.env` is the host of all services.
    OneVariable,
    /// Each name and port has a variable.
    Variables,
}

/// The compose file and the `.env` of so many services, each with a container's name that is used, a
/// port and a volume of a fixed name.
fn project(services: usize, names: Names) -> (String, String) {
    let service = |n: usize| {
        let (name, port) = (format!("c{n}"), (n + 1000).to_string());
        let (name, host, port) = match names {
            Names::Literal => (name.clone(), name, port),
            Names::OneVariable => (name, "${DB_HOST}".to_owned(), port),
            Names::Variables => (
                format!("${{N{n}}}"),
                format!("${{H{n}}}"),
                format!("${{P{n}}}"),
            ),
        };
        format!(
            "  s{n}:\n    image: i\n    container_name: {name}\n    ports: ['{port}:80']\n    \
             environment: {{DB_HOST: '{host}'}}\n    volumes: ['v{n}:/v']\n"
        )
    };
    let volume = |n: usize| match names {
        Names::Variables => format!("  v{n}: {{name: 'w${{P{n}}}'}}\n"),
        _ => format!("  v{n}: {{name: w{n}}}\n"),
    };
    let variables = |n: usize| format!("N{n}=c{n}\nH{n}=c{n}\nP{n}={}\n", n + 1000);
    let services_text: String = (0..services).map(service).collect();
    let volumes: String = (0..services).map(volume).collect();
    let env = match names {
        Names::Literal => String::new(),
        Names::OneVariable => "DB_HOST=c1\n".to_owned(),
        Names::Variables => (0..services).map(variables).collect(),
    };
    (
        format!("services:\n{services_text}volumes:\n{volumes}"),
        env,
    )
}

/// `conflicts --fix` and `volume prefix` have to grow linearly: 3,000 services in under 2 s.
fn side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
        command.args(args).current_dir(folder.path());
        median(vec![time(&mut command)])
    };
    for names in [Names::Literal, Names::OneVariable, Names::Variables] {
        for services in [300, 3_000] {
            let (compose, env) = project(services, names);
            for side in ["A", "B"] {
                let side = folder.path().join(side);
                fs::create_dir_all(&side).unwrap();
                fs::write(side.join("compose.yaml"), &compose).unwrap();
                fs::write(side.join(".env"), &env).unwrap();
            }
            let fix = run(&["conflicts", "A", "B", "--fix", "--port-offset", "auto"]);
            let prefix = run(&["volume", "prefix", "x_", "-f", "B/compose.yaml"]);
            println!(
                "{services} services, {names:?}: conflicts --fix {fix:8.1} ms, volume prefix {prefix:8.1} ms"
            );
        }
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
