//! Folders, merged by the program. In their table a line is a file with its mode and content,
//! a folder with its mode, or a link: `etc/a.conf 644 text`, `etc/ 755`, `link -> target`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use super::table;

const TABLE: &str = "folders.txt";

fn build(root: &Path, lines: &str) {
    fs::create_dir(root).unwrap();
    let mut modes = Vec::new();
    for line in lines.lines() {
        let (name, rest) = line.split_once(' ').unwrap();
        let path = root.join(name.trim_end_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if let Some(target) = rest.strip_prefix("-> ") {
            symlink(target, path).unwrap();
            continue;
        }
        let (mode, content) = rest.split_once(' ').unwrap_or((rest, ""));
        if name.ends_with('/') {
            fs::create_dir_all(&path).unwrap();
        } else {
            fs::write(&path, content.replace("\\n", "\n").replace("\\0", "\0")).unwrap();
        }
        modes.push((path, u32::from_str_radix(mode, 8).unwrap()));
    }
    for (path, mode) in modes.into_iter().rev() {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// What is in a folder, as [`build`] takes it. A `.merge` file's content is none of the
/// table's.
fn picture(root: &Path) -> String {
    let entries = walkdir::WalkDir::new(root).min_depth(1).sort_by_file_name();
    let mut text = String::new();
    for entry in entries.into_iter().map(Result::unwrap) {
        let name = entry
            .path()
            .strip_prefix(root)
            .unwrap()
            .display()
            .to_string();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o7777;
        if entry.path_is_symlink() {
            let target = fs::read_link(entry.path()).unwrap();
            text += &format!("{name} -> {}\n", target.display());
        } else if entry.file_type().is_dir() {
            text += &format!("{name}/ {mode:o}\n");
        } else {
            let content = fs::read_to_string(entry.path()).unwrap();
            let content = content.replace('\n', "\\n").replace('\0', "\\0");
            let content = if entry.path().extension() == Some(std::ffi::OsStr::new("merge")) {
                "..."
            } else {
                &content
            };
            text += &format!("{name} {mode:o} {content}\n");
        }
    }
    text
}

#[test]
fn every_folder_comes_to_its_result_and_tells_what_it_did() {
    let cases = table::read(TABLE);
    assert!(cases.len() >= 20, "{} cases", cases.len());
    table::hold(TABLE, &cases, |case| {
        let home = tempfile::tempdir().unwrap();
        for side in ["base", "mine", "theirs"] {
            build(&home.path().join(side), case.part(side));
        }
        let elsewhere = home.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
        command.current_dir(home.path());
        let output = command
            .args(["merge", "base", "mine", "theirs"])
            .output()
            .unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let is_conflict = told.contains("conflict: ");
        assert_eq!(
            output.status.code(),
            Some(i32::from(is_conflict)),
            "{}",
            case.name
        );
        assert_eq!(
            fs::read_dir(&elsewhere).unwrap().count(),
            0,
            "{}",
            case.name
        );
        for side in ["base", "theirs"] {
            assert_eq!(picture(&home.path().join(side)), sorted(case.part(side)));
        }
        (picture(&home.path().join("mine")), told)
    });
}

/// The lines as [`picture`] gives them, which has the folders that lead to files, too.
fn sorted(lines: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    build(&home.path().join("x"), lines);
    picture(&home.path().join("x"))
}
