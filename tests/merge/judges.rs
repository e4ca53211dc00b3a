//! What git makes of merges by line, and Compose of merged compose files.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use transship::merge::{Answers, Input, Inputs, carry};

use super::common::need;
use super::{merge, table};

/// What `docker compose config` says of files laid over each other; None if it refuses.
fn config(folder: &Path, files: &[&str]) -> Option<Value> {
    let mut command = Command::new("docker");
    command
        .args(["compose", "-p", "x", "--project-directory"])
        .arg(folder);
    for file in files {
        command.arg("-f").arg(folder.join(file));
    }
    let output = command
        .args(["config", "--format", "json"])
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout)
        .ok()
        .filter(|_| output.status.success())
}

/// What Compose says of a release in a folder, by its own rules and `.env`.
pub(crate) fn release_config(folder: &Path) -> Option<Value> {
    let mut command = Command::new("docker");
    command.current_dir(folder).env_clear();
    for name in ["PATH", "HOME"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    let args = [
        "compose",
        "-p",
        "x",
        "--profile",
        "*",
        "config",
        "--format",
        "json",
    ];
    let output = command.args(args).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .ok()
        .filter(|_| output.status.success())
}

/// What one side alone changed is in the result as that side has it, and nothing else differs
/// from the vendor's.
pub(crate) fn assert_both(name: &str, [base, mine, theirs, result]: [&Value; 4]) {
    let (mut by_mine, mut by_theirs) = (Vec::new(), Vec::new());
    differing(base, mine, "", &mut by_mine);
    differing(base, theirs, "", &mut by_theirs);
    let apart = |one: &String, others: &[String]| {
        !others
            .iter()
            .any(|other| one.starts_with(other.as_str()) || other.starts_with(one.as_str()))
    };
    let at = |value: &Value, path: &str| value.pointer(path).cloned().unwrap_or(Value::Null);
    for (side, own, others) in [(mine, &by_mine, &by_theirs), (theirs, &by_theirs, &by_mine)] {
        for path in own {
            if apart(path, others) {
                // What an anchor or a variable holds, the other side may have changed.
                let mut other = Vec::new();
                differing(&at(side, path), &at(result, path), path, &mut other);
                let last = |path: &String| path.rsplit('/').next().map(str::to_owned);
                other.retain(|path| !others.iter().any(|other| last(other) == last(path)));
                assert_eq!(other, Vec::<String>::new(), "{name}: {path}");
            }
            // Of a list that both changed, each side's new items are there.
            let [base, side, result] = [base, side, result].map(|value| at(value, path));
            let (Value::Array(side), Value::Array(result)) = (side, result) else {
                continue;
            };
            let old = base.as_array().cloned().unwrap_or_default();
            for item in side.iter().filter(|item| !old.contains(item)) {
                assert!(result.contains(item), "{name}: {path} has no {item}");
            }
        }
    }
    let mut neither = Vec::new();
    differing(theirs, result, "", &mut neither);
    neither.retain(|path| apart(path, &by_mine) && apart(path, &by_theirs));
    assert_eq!(neither, Vec::<String>::new(), "{name}");
}

/// The paths of what differs between two values, lists of texts as sets.
fn differing(old: &Value, new: &Value, path: &str, found: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let names: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
            for name in names {
                let (old, new) = (old.get(name), new.get(name));
                let (old, new) = (old.unwrap_or(&Value::Null), new.unwrap_or(&Value::Null));
                differing(old, new, &format!("{path}/{name}"), found);
            }
        }
        (old, new) if old == new => {}
        _ => found.push(path.to_owned()),
    }
}

#[test]
fn git_merges_the_same_lines_and_sees_the_same_conflicts() {
    if !need::program("git") {
        return;
    }
    for case in table::read("caddyfile.txt") {
        let folder = tempfile::tempdir().unwrap();
        for side in ["base", "mine", "theirs"] {
            fs::write(folder.path().join(side), case.part(side)).unwrap();
        }
        let mut git = Command::new("git");
        git.current_dir(&folder)
            .args(["merge-file", "-p", "mine", "base", "theirs"]);
        let output = git.output().unwrap();
        let is_same_kind = ["base", "mine", "theirs"].map(|side| case.part(side).contains('\r'));
        let ends = ["base", "mine", "theirs"].map(|side| case.part(side).ends_with('\n'));
        if is_same_kind != [false; 3] || ends != [true; 3] {
            // Git takes line ends for content.
            continue;
        }
        let ours = merge("Caddyfile", &case);
        assert_eq!(
            output.status.success(),
            ours.marked.is_none(),
            "{}",
            case.name
        );
        if output.status.success() {
            assert_eq!(output.stdout, ours.bytes, "{}", case.name);
        }
    }
}

#[test]
fn compose_finds_the_intentions_of_both_sides_in_every_merged_file() {
    if !need::compose() {
        return;
    }
    for case in table::read("compose.txt") {
        let merged = merge("docker-compose.yml", &case);
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        for side in ["base", "mine", "theirs"] {
            write(side, case.part(side).as_bytes());
        }
        write("merged", &merged.bytes);
        let [base, mine, theirs, result] =
            ["base", "mine", "theirs", "merged"].map(|name| config(folder.path(), &[name]));
        let (Some(base), Some(mine), Some(theirs)) = (base, mine, theirs) else {
            panic!("{}: Compose refuses one of the three", case.name);
        };
        let result = result.unwrap_or_else(|| panic!("{}: Compose refuses the result", case.name));
        if merged.conflicts().count() > 0 {
            continue;
        }
        assert_both(&case.name, [&base, &mine, &theirs, &result]);
    }
}

#[test]
fn an_override_over_theirs_is_to_compose_what_the_merged_file_is() {
    if !need::compose() {
        return;
    }
    for case in table::read("compose.txt") {
        let input = |side: &'static str| Input {
            path: Path::new(side),
            bytes: case.part(side).as_bytes(),
        };
        let inputs = Inputs {
            name: Path::new("docker-compose.yml"),
            base: Some(input("base")),
            mine: input("mine"),
            theirs: input("theirs"),
        };
        let carried = carry(&inputs, &Answers::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        write("theirs", inputs.theirs.bytes);
        write("merged", &carried.merged.bytes);
        let mut files = vec!["theirs"];
        if let Some(overlay) = &carried.overlay {
            write("overlay", overlay);
            files.push("overlay");
        }
        let (over, merged) = (
            config(folder.path(), &files),
            config(folder.path(), &["merged"]),
        );
        let show = carried.overlay.map(|text| String::from_utf8(text).unwrap());
        assert_eq!(over, merged, "{}: {}", case.name, show.unwrap_or_default());
    }
}
