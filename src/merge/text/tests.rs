use std::path::Path;

use proptest::prelude::*;

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

#[test]
fn a_lone_carriage_return_is_text() {
    check("a\rb\nc\n", "a\rB\nc\n", "a\rb\nc\nd\n", "a\rB\nc\nd\n");
    check("a\r\nb\rc\r\n", "a\r\nb\rC\r\n", "a\nb\rc\n", "a\nb\rC\n");
}

/// A text of few lines, so that sides meet, with ends of either kind and bytes of any.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        &b"a"[..],
        b"b",
        b"c",
        b"",
        b"\xff\xfe",
        b"\r",
        "\u{e9}".as_bytes(),
    ]);
    let end = prop::sample::select(vec![&b"\n"[..], b"\r\n"]);
    let lines = prop::collection::vec((line, end), 0..8);
    (lines, any::<bool>()).prop_map(|(lines, is_cut)| {
        let parts = lines.iter().flat_map(|(line, end)| [*line, *end]);
        let mut text = parts.collect::<Vec<_>>().concat();
        if is_cut {
            text.pop();
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_side_without_a_change_gives_the_other_byte_for_byte(base in text(), other in text()) {
        for (mine, theirs) in [(&base, &other), (&other, &base), (&other, &other)] {
            let merged = merge_with(&base, mine, theirs, &Answers::default());
            prop_assert_eq!(&merged.bytes, &other);
            prop_assert_eq!(merged.conflicts().count(), 0);
            prop_assert_eq!(merged.marked, None);
        }
    }

    #[test]
    fn no_line_that_one_side_added_is_lost_without_being_listed(
        base in text(), mine in text(), theirs in text(),
    ) {
        let merged = merge_with(&base, &mine, &theirs, &Answers::default());
        let lines = |bytes: &[u8]| -> Vec<Vec<u8>> {
            let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
            lines.map(<[u8]>::to_vec).collect()
        };
        let (old, result) = (lines(&base), lines(&merged.bytes));
        for line in lines(&mine).iter().chain(&lines(&theirs)) {
            let is_there = old.contains(line) || result.contains(line);
            prop_assert!(is_there || merged.conflicts().count() > 0, "{line:?}");
        }
    }
}
