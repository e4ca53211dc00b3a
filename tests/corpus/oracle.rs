//! The judges: `PyYAML` by a script, and `docker compose config`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::need;

/// Verdicts on `jobs` (one JSON document each): the faults, by name; None where there is
/// no Python with `PyYAML`.
pub(crate) fn faults(jobs: &[String]) -> Option<Vec<(String, String)>> {
    let verdicts = script("oracle.py", jobs.join("\n").as_bytes())?;
    let verdicts: Vec<Value> = String::from_utf8(verdicts)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(verdicts.len(), jobs.len(), "a verdict for every job");
    let fault = |verdict: &Value| {
        let fault = verdict["fault"].as_str()?;
        Some((verdict["name"].as_str()?.to_owned(), fault.to_owned()))
    };
    Some(verdicts.iter().filter_map(fault).collect())
}

/// The files with comments behind all lines that can have one; None where there is no
/// Python with `PyYAML`.
pub(crate) fn commented(files: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let lines: Vec<_> = files.iter().map(|file| BASE64.encode(file)).collect();
    let printed = script("comment.py", (lines.join("\n") + "\n").as_bytes())?;
    let printed = String::from_utf8(printed).unwrap();
    let commented: Vec<_> = printed.lines().map(|l| BASE64.decode(l).unwrap()).collect();
    assert_eq!(commented.len(), files.len(), "every file comes back");
    Some(commented)
}

/// What a script beside this file prints when fed `input`.
fn script(name: &str, input: &[u8]) -> Option<Vec<u8>> {
    let has_yaml = run(command("python3").args(["-c", "import yaml"]), b"").is_some();
    if !need::given(has_yaml, "python3 with PyYAML") {
        return None;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let printed = run(command("python3").arg(folder.join(name)), input);
    assert!(printed.is_some(), "{name} failed");
    printed
}

/// True if Compose accepts `text` as a file in `folder`.
pub(crate) fn compose_accepts(folder: &Path, text: &[u8]) -> bool {
    let arguments = ["config", "-q", "--no-interpolate"];
    run(compose(folder).args(arguments), text).is_some()
}

/// What Compose makes of `text` as a file in `folder`, with no variable set.
pub(crate) fn compose_resolves(folder: &Path, text: &[u8]) -> Option<Value> {
    let printed = run(compose(folder).args(["config", "--format", "json"]), text)?;
    let mut config: Value = serde_json::from_slice(&printed).ok()?;
    // An anchor of an extension is where a shared image may live: it changes rightly.
    let extensions = |key: &String, _: &mut Value| !key.starts_with("x-");
    config.as_object_mut()?.retain(extensions);
    Some(config)
}

/// What Compose makes of files by themselves, with no variable set; None if it refuses.
pub(crate) fn compose_config(files: &[PathBuf]) -> Option<Value> {
    let mut compose = command("docker");
    compose.env_clear();
    for name in ["PATH", "HOME"] {
        compose.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    compose.arg("compose");
    for file in files {
        compose.arg("-f").arg(file);
    }
    let printed = run(compose.args(["config", "--format", "json"]), b"")?;
    // What is printed could be read as a compose file again, so each `$` is doubled.
    let plain = String::from_utf8(printed).ok()?.replace("$$", "$");
    serde_json::from_str(&plain).ok()
}

fn compose(folder: &Path) -> Command {
    let mut compose = command("docker");
    compose.args(["compose", "-f", "-", "-p", "x", "--project-directory"]);
    compose.arg(folder);
    compose
}

#[expect(
    clippy::disallowed_methods,
    reason = "a judge is another program, and tests have no engine"
)]
fn command(program: &str) -> Command {
    Command::new(program)
}

/// What the program prints when fed `input`; None if it fails or isn't there.
fn run(command: &mut Command, input: &[u8]) -> Option<Vec<u8>> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let input = input.to_vec();
    // Written from a thread: the program may answer before it has read everything.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().ok()?;
    // A program that refuses its input may close it early; its exit status tells.
    let _ = writer.join();
    output.status.success().then_some(output.stdout)
}
