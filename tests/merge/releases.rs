//! Pairs of consecutive releases with an administrator's edits of the first: everything is
//! carried or listed, and Compose finds what both sides meant in the result.
//!
//! A pair is a folder with `old`, `mine` and `new`. Five stand in `fixtures/merge/releases`,
//! written after real projects; `TRANSSHIP_RELEASES` names a folder with more of the kind.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use transship::env_file::EnvFile;
use transship::merge::{Action, Answers, FileMerge, MergeOutcome, OutcomeKind, merge_folder};

use super::common::need;
use super::judges;

const SIDES: [&str; 3] = ["old", "mine", "new"];

/// The folders of all pairs, by name.
fn pairs() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/merge/releases");
    let more = std::env::var_os("TRANSSHIP_RELEASES").map(PathBuf::from);
    let folders = [own].into_iter().chain(more);
    let mut pairs: Vec<PathBuf> = folders
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    pairs.sort();
    assert!(pairs.len() >= 5);
    pairs
}

fn merges(pair: &Path) -> Vec<FileMerge> {
    let [old, mine, new] = SIDES.map(|side| pair.join(side));
    let merges = merge_folder(Some(&old), &mine, &new, &Answers::default());
    merges.unwrap_or_else(|error| panic!("{}: {error}", pair.display()))
}

/// The merged release, in a folder of its own.
fn merged(pair: &Path, merges: &[FileMerge]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let contents = fs_extra::dir::CopyOptions::new().content_only(true);
    fs_extra::dir::copy(pair.join("mine"), folder.path(), &contents).unwrap();
    for merge in merges {
        let path = folder.path().join(&merge.name);
        match &merge.action {
            Action::Keep => {}
            Action::CreateFolder(_) => fs::create_dir_all(path).unwrap(),
            Action::Replace(bytes) | Action::Create(bytes, _) => {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
            Action::Remove => fs::remove_file(path).unwrap(),
            Action::RemoveFolder => fs::remove_dir(path).unwrap(),
        }
    }
    folder
}

/// What Compose makes of a release, wherever it is.
fn config(release: &Path) -> Value {
    let found = judges::release_config(release);
    let found = found.unwrap_or_else(|| panic!("Compose refuses {}", release.display()));
    let folder = release.canonicalize().unwrap();
    let text = found.to_string().replace(folder.to_str().unwrap(), "/here");
    serde_json::from_str(&text).unwrap()
}

/// A line for each outcome, to be held against what stands in the fixtures.
fn told(merges: &[FileMerge]) -> String {
    let line = |name: &Path, outcome: &MergeOutcome| {
        let note = outcome.note.iter().map(|note| format!(", {note}"));
        let note: String = note.collect();
        let (kind, what) = (outcome.kind, &outcome.what);
        format!("{kind}: {}: {what}{note}\n", name.display())
    };
    let lines = merges.iter().flat_map(|merge| {
        let name = &merge.name;
        merge
            .outcomes
            .iter()
            .map(move |outcome| line(name, outcome))
    });
    lines.collect()
}

#[test]
fn compose_finds_what_both_sides_meant_in_five_merged_releases() {
    if !need::compose() {
        return;
    }
    for pair in pairs() {
        let merges = merges(&pair);
        let conflicts: Vec<_> = merges.iter().flat_map(FileMerge::conflicts).collect();
        let result = merged(&pair, &merges);
        let [base, mine, theirs] = SIDES.map(|side| config(&pair.join(side)));
        let result = config(result.path());
        let name = pair.file_name().unwrap().to_str().unwrap();
        if conflicts.is_empty() {
            judges::assert_both(name, [&base, &mine, &theirs, &result]);
        }
        // In the pairs of the project nothing is in conflict but what is said below.
        let expected = pair.join("outcomes.txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, told(&merges)).unwrap();
        } else if let Ok(expected) = fs::read_to_string(&expected) {
            assert_eq!(told(&merges), expected, "{name}");
        }
    }
}

#[test]
fn no_variable_and_no_line_of_five_releases_is_lost_without_being_listed() {
    for pair in pairs() {
        let merges = merges(&pair);
        let result = merged(&pair, &merges);
        let by_name: BTreeMap<&Path, &FileMerge> = merges
            .iter()
            .map(|merge| (merge.name.as_path(), merge))
            .collect();
        for side in ["mine", "new"] {
            let root = pair.join(side);
            for entry in walkdir::WalkDir::new(&root).into_iter().map(Result::unwrap) {
                if !entry.file_type().is_file() {
                    continue;
                }
                let name = entry.path().strip_prefix(&root).unwrap();
                let before = fs::read(entry.path()).unwrap();
                let after = fs::read(result.path().join(name)).unwrap_or_default();
                if before == after {
                    continue;
                }
                let merge = by_name.get(name).unwrap_or_else(|| {
                    panic!(
                        "{}: {} differs and isn't listed",
                        pair.display(),
                        name.display()
                    )
                });
                if name.extension().is_some_and(|end| end == "env") || name == Path::new(".env") {
                    assert_keys(name, merge, &before, &after);
                } else {
                    assert!(!merge.outcomes.is_empty(), "{}", name.display());
                }
            }
        }
    }
}

/// Every key is in the result with its value, or listed.
fn assert_keys(name: &Path, merge: &FileMerge, before: &[u8], after: &[u8]) {
    let values = |bytes: &[u8]| {
        EnvFile::parse(name, bytes)
            .unwrap()
            .values(&|_| None)
            .unwrap()
    };
    let after = values(after);
    for (key, value) in values(before) {
        let listed = merge
            .outcomes
            .iter()
            .any(|outcome| outcome.what == key && outcome.kind != OutcomeKind::Dropped);
        assert!(
            after.get(&key) == Some(&value) || listed,
            "{}: {key}",
            name.display()
        );
    }
}
