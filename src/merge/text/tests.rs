use std::path::Path;

use super::super::answer::Answer;
use super::*;

fn merge_with(base: &[u8], mine: &[u8], theirs: &[u8], answers: &Answers) -> Merged {
    let input = |name: &'static str, bytes| Input {
        path: Path::new(name),
        bytes,
    };
    let inputs = Inputs {
        name: Path::new("Caddyfile"),
        base: Some(input("base", base)),
        mine: input("mine", mine),
        theirs: input("theirs", theirs),
    };
    merge_text(&inputs, answers)
}

fn merge(base: &str, mine: &str, theirs: &str) -> Merged {
    let [base, mine, theirs] = [base, mine, theirs].map(str::as_bytes);
    merge_with(base, mine, theirs, &Answers::default())
}

#[track_caller]
fn check(base: &str, mine: &str, theirs: &str, expect: &str) {
    let merged = merge(base, mine, theirs);
    assert_eq!(String::from_utf8(merged.bytes).unwrap(), expect);
    assert_eq!(merged.marked, None);
}

fn told(merged: &Merged) -> Vec<String> {
    let outcomes = merged.outcomes.iter();
    outcomes
        .map(|outcome| format!("{} {}", outcome.kind, outcome.what))
        .collect()
}

#[test]
fn changes_of_both_sides_in_different_places_are_all_there() {
    check(
        "a\nb\nc\nd\n",
        "A\nb\nc\nd\n",
        "a\nb\nc\nD\n",
        "A\nb\nc\nD\n",
    );
    let merged = merge(
        "a\nb\nc\nd\ne\nf\n",
        "A\nb\nc\nd\ne\nf\n",
        "a\nb\nc\nf\ng\n",
    );
    assert_eq!(
        told(&merged),
        ["kept mine 1", "removed by them 4", "added by them 7"]
    );
}

#[test]
fn line_ends_are_those_of_the_side_that_changed_them() {
    check(
        "a\nb\nc\n",
        "a\r\nb\r\nc\r\n",
        "a\nb\nC\n",
        "a\r\nb\r\nC\r\n",
    );
    check(
        "a\nb\nc\n",
        "A\nb\nc\n",
        "a\r\nb\r\nc\r\n",
        "A\r\nb\r\nc\r\n",
    );
    check(
        "a\r\nb\r\nc\r\n",
        "A\r\nb\r\nc\r\n",
        "a\r\nb\r\nC\r\n",
        "A\r\nb\r\nC\r\n",
    );
}

#[test]
fn a_missing_last_line_end_is_no_change_of_the_line() {
    check("a\nb", "a\nb\nc\n", "x\na\nb", "x\na\nb\nc\n");
    check("a\nb\n", "a\nb", "x\na\nb\n", "x\na\nb");
    check("a\r\nb", "a\r\nb", "a\r\nB\r\nc", "a\r\nB\r\nc");
}

#[test]
fn mixed_line_ends_stay_where_they_are() {
    check(
        "a\nb\r\nc\nd\n",
        "A\nb\r\nc\nd\n",
        "a\nb\r\nc\nD\n",
        "A\nb\r\nc\nD\n",
    );
}

#[test]
fn a_conflict_keeps_mine_and_shows_all_three_between_markers() {
    let merged = merge("a\nb\nc\n", "a\n1\nc\n", "a\n2\nc\n");
    assert_eq!(merged.bytes, b"a\n1\nc\n");
    assert_eq!(
        String::from_utf8(merged.marked.clone().unwrap()).unwrap(),
        "a\n<<<<<<< mine\n1\n||||||| base\nb\n=======\n2\n>>>>>>> theirs\nc\n"
    );
    let conflict = merged.conflicts().next().unwrap();
    let places: Vec<_> = conflict
        .places()
        .map(|(_, place)| format!("{place} {}", place.value))
        .collect();
    assert_eq!(places, ["base:2 b\n", "mine:2 1\n", "theirs:2 2\n"]);
}

#[test]
fn an_answer_settles_a_conflict() {
    let answers = |path: &str, side| {
        Answers(vec![Answer {
            path: path.into(),
            side,
        }])
    };
    let with = |answers: Answers| merge_with(b"a\nb\n", b"a\n1\n", b"a\n2\n", &answers);
    let merged = with(answers("Caddyfile", Side::Theirs));
    assert_eq!(
        (merged.bytes.as_slice(), merged.marked),
        (b"a\n2\n".as_slice(), None)
    );
    let merged = with(answers("Caddyfile:2", Side::Mine));
    assert_eq!(
        (merged.bytes.as_slice(), merged.marked),
        (b"a\n1\n".as_slice(), None)
    );
}

#[test]
fn text_that_is_not_utf8_keeps_its_bytes() {
    let merged = merge_with(
        b"caf\xe9\nb\nc\n",
        b"caf\xe9 \xe8\nb\nc\n",
        b"caf\xe9\nb\n\xff\n",
        &Answers::default(),
    );
    assert_eq!(merged.bytes, b"caf\xe9 \xe8\nb\n\xff\n");
}

#[test]
fn without_a_base_what_differs_is_a_conflict() {
    let input = |bytes: &'static [u8]| Input {
        path: Path::new("x"),
        bytes,
    };
    let inputs = Inputs {
        name: Path::new("x"),
        base: None,
        mine: input(b"a\n1\n"),
        theirs: input(b"a\n2\n"),
    };
    let merged = merge_text(&inputs, &Answers::default());
    assert_eq!(merged.bytes, b"a\n1\n");
    assert_eq!(merged.conflicts().count(), 1);
}
