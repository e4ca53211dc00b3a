//! The tables of `fixtures/merge`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const PARTS: [&str; 5] = ["base", "mine", "theirs", "result", "outcomes"];

/// One case of a table.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    parts: BTreeMap<&'static str, String>,
}

impl Case {
    pub(crate) fn part(&self, name: &str) -> &str {
        self.parts.get(name).map_or("", String::as_str)
    }

    /// The case with other parts in the place of mine and theirs.
    pub(crate) fn with(&self, mine: &str, theirs: &str) -> Self {
        let mut case = self.clone();
        case.parts.insert("mine", self.part(mine).to_owned());
        case.parts.insert("theirs", self.part(theirs).to_owned());
        case
    }
}

fn path(table: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/merge")
        .join(table)
}

pub(crate) fn read(table: &str) -> Vec<Case> {
    let text = fs::read_to_string(path(table)).unwrap();
    let mut cases: Vec<Case> = Vec::new();
    let mut part = None;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            cases.push(Case {
                name: name.to_owned(),
                parts: BTreeMap::new(),
            });
            part = None;
        } else if let Some(name) = line.strip_prefix("--- ") {
            part = PARTS.into_iter().find(|part| *part == name);
            assert!(part.is_some(), "{table}: {line}");
        } else if let (Some(case), Some(part)) = (cases.last_mut(), part) {
            let text = case.parts.entry(part).or_default();
            if line == "\\ no newline" {
                text.pop();
            } else {
                *text += &line.replace("\\r", "\r");
                text.push('\n');
            }
        }
    }
    // A blank line parts the cases.
    for case in &mut cases {
        if let Some(last) = case.parts.get_mut("outcomes") {
            let kept = last.trim_end_matches('\n').len();
            last.truncate(kept);
            if kept > 0 {
                last.push('\n');
            }
        }
    }
    cases
}

/// Holds every case against what `merge` gives: its result and outcomes. With `UPDATE` in the
/// environment that is written instead.
pub(crate) fn hold(table: &str, cases: &[Case], merge: impl Fn(&Case) -> (String, String)) {
    if std::env::var_os("UPDATE").is_some() {
        return update(table, cases, merge);
    }
    for case in cases {
        let (result, outcomes) = merge(case);
        assert_eq!(result, case.part("result"), "{table}: {}", case.name);
        assert_eq!(outcomes, case.part("outcomes"), "{table}: {}", case.name);
    }
}

fn update(table: &str, cases: &[Case], merge: impl Fn(&Case) -> (String, String)) {
    let old = fs::read_to_string(path(table)).unwrap();
    let mut text: String = old
        .split_inclusive('\n')
        .take_while(|line| line.starts_with('#'))
        .collect();
    for case in cases {
        let (result, outcomes) = merge(case);
        text += &format!("\n=== {}\n", case.name);
        for part in PARTS {
            let content = match part {
                "result" => &result,
                "outcomes" => &outcomes,
                part => case.part(part),
            };
            text += &format!("--- {part}\n{}", content.replace('\r', "\\r"));
            if !content.is_empty() && !content.ends_with('\n') {
                text += "\n\\ no newline\n";
            }
        }
    }
    fs::write(path(table), text).unwrap();
}
