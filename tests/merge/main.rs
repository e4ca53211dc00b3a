//! Merges as tables: `fixtures/merge` has the three files, the result and what is told of it.
//! Git judges merges by line, Compose those of its files and what a `.env` means.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests set up their own world"
)]

#[path = "../common/mod.rs"]
mod common;

mod dotenv;
mod folders;
mod judges;
mod releases;
mod table;

use std::path::Path;

use transship::merge::{Answers, Input, Inputs, Merged, merge_file};

/// The merge of a case, as the file that the table is about.
fn merge(name: &str, case: &table::Case) -> Merged {
    let side = |side: &'static str| Input {
        path: Path::new(side),
        bytes: case.part(side).as_bytes(),
    };
    let inputs = Inputs {
        name: Path::new(name),
        base: Some(side("base")),
        mine: side("mine"),
        theirs: side("theirs"),
    };
    merge_file(&inputs, &Answers::default())
        .unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

/// The tables, and the file that each is about.
const TABLES: [(&str, &str); 3] = [
    ("env.txt", ".env"),
    ("caddyfile.txt", "Caddyfile"),
    ("compose.txt", "docker-compose.yml"),
];

#[test]
fn every_case_comes_to_its_result_and_tells_what_it_did() {
    let mut count = 0;
    for (table, file) in TABLES {
        let cases = table::read(table);
        count += cases.len();
        table::hold(table, &cases, |case| {
            let merged = merge(file, case);
            let outcomes = merged.outcomes.iter().map(|outcome| {
                let note = outcome.note.iter().map(|note| format!(", {note}"));
                let lines = outcome
                    .places()
                    .map(|(side, place)| format!(" {side:?}:{}", place.line));
                let (note, lines): (String, String) = (note.collect(), lines.collect());
                format!(
                    "{}: {}{note} ({})\n",
                    outcome.kind,
                    outcome.what,
                    lines.trim()
                )
            });
            let outcomes = outcomes.collect();
            (String::from_utf8(merged.bytes).unwrap(), outcomes)
        });
    }
    assert!(count >= 60, "{count} cases");
}

#[test]
fn in_every_case_a_side_without_a_change_gives_the_other() {
    for (table, file) in TABLES {
        for case in table::read(table) {
            for side in ["mine", "theirs"] {
                for (mine, theirs) in [("base", side), (side, "base"), (side, side)] {
                    let merged = merge(file, &case.with(mine, theirs));
                    let expected = case.part(side);
                    assert_eq!(
                        merged.bytes,
                        expected.as_bytes(),
                        "{}: {mine}, {theirs}",
                        case.name
                    );
                    assert_eq!(merged.conflicts().count(), 0, "{}", case.name);
                }
            }
        }
    }
}

#[test]
fn no_result_ever_has_a_marker() {
    for (table, file) in TABLES {
        for case in table::read(table) {
            let merged = merge(file, &case);
            let text = String::from_utf8(merged.bytes.clone()).unwrap();
            assert!(
                !text.contains("<<<<<<<") && !text.contains(">>>>>>>"),
                "{}",
                case.name
            );
            assert_eq!(
                merged.conflicts().count() > 0,
                merged.marked.is_some(),
                "{}",
                case.name
            );
        }
    }
}
