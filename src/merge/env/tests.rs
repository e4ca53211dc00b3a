use std::path::Path;

use proptest::prelude::*;

use super::super::answer::Answer;
use super::super::outcome::{Input, OutcomeKind, Side};
use super::*;

fn merge_with(base: Option<&str>, mine: &str, theirs: &str, answers: &Answers) -> Merged {
    fn input<'a>(name: &'static str, text: &'a str) -> Input<'a> {
        Input {
            path: Path::new(name),
            bytes: text.as_bytes(),
        }
    }
    let inputs = Inputs {
        name: Path::new(".env"),
        base: base.map(|base| input("base", base)),
        mine: input("mine", mine),
        theirs: input("theirs", theirs),
    };
    merge_env(&inputs, answers).unwrap()
}

fn merge(base: &str, mine: &str, theirs: &str) -> Merged {
    merge_with(Some(base), mine, theirs, &Answers::default())
}

fn told(merged: &Merged) -> Vec<String> {
    let outcomes = merged.outcomes.iter();
    outcomes
        .map(|outcome| format!("{} {}", outcome.kind, outcome.what))
        .collect()
}

#[track_caller]
fn check(base: &str, mine: &str, theirs: &str, expect: &str, outcomes: &[&str]) {
    let merged = merge(base, mine, theirs);
    assert_eq!(String::from_utf8(merged.bytes.clone()).unwrap(), expect);
    assert_eq!(told(&merged), outcomes);
}

#[test]
fn values_that_mine_changed_stand_in_the_layout_of_theirs() {
    check(
        "A=1\nB=2\n",
        "A=9\nB=2\n",
        "# new head\nB=3 # why\n\nA=1\n",
        "# new head\nB=3 # why\n\nA=9\n",
        &["taken theirs B", "kept mine A"],
    );
}

#[test]
fn a_value_of_mine_goes_into_a_statement_that_theirs_wrote_anew() {
    check(
        "A=1 # one\n",
        "A=9 # one\n",
        "export A='1' # first\n",
        "export A=9 # first\n",
        &["kept mine A"],
    );
}

#[test]
fn keys_that_mine_added_keep_their_comments_and_neighbours() {
    check(
        "A=1\nB=2\n",
        "A=1\n# mine\nM=5\nB=2\n\n# last\nL=6\n",
        "A=1\nB=2\nC=3\n",
        "A=1\n# mine\nM=5\nB=2\nC=3\n\n# last\nL=6\n",
        &["added by me M", "added by them C", "added by me L"],
    );
}

#[test]
fn comments_that_mine_changed_are_kept_beside_theirs() {
    check(
        "# port\nA=1\n",
        "# port, ours is 8443\nA=1\n",
        "# the port\nA=1\nB=2\n",
        "# port, ours is 8443\n# the port\nA=1\nB=2\n",
        &["added by them B"],
    );
}

#[test]
fn quotes_alone_are_no_change() {
    check("A=1\n", "A=\"1\"\n", "A=2\n", "A=2\n", &["taken theirs A"]);
    check(
        "A='x y'\n",
        "A=\"x y\"\n",
        "A='x y' # c\n",
        "A='x y' # c\n",
        &[],
    );
}

#[test]
fn a_key_that_one_side_removed_is_removed_and_listed() {
    check(
        "A=1\nB=2\nC=3\n",
        "A=1\nC=3\n",
        "A=1\nB=2\n",
        "A=1\n",
        &["removed by me B", "removed by them C"],
    );
}

#[test]
fn what_both_changed_to_the_same_is_taken_once() {
    check(
        "A=1\n",
        "A=2\nN=1\n",
        "A='2'\nN=1\n",
        "A='2'\nN=1\n",
        &["same in both A", "same in both N"],
    );
}

#[test]
fn what_both_changed_otherwise_is_a_conflict_that_keeps_mine() {
    let merged = merge("A=1\nB=1\n", "A=2\nB=1\n", "A=3\nB=4\n");
    assert_eq!(merged.bytes, b"A=2\nB=4\n");
    assert_eq!(told(&merged), ["conflict A", "taken theirs B"]);
    assert_eq!(
        String::from_utf8(merged.marked.unwrap()).unwrap(),
        "<<<<<<< mine\nA=2\n||||||| base\nA=1\n=======\nA=3\n>>>>>>> theirs\nB=4\n"
    );
}

#[test]
fn changing_what_the_other_removed_is_a_conflict() {
    let merged = merge("A=1\nB=1\n", "A=2\n", "B=2\n");
    assert_eq!(merged.bytes, b"A=2\n");
    let notes: Vec<_> = merged.conflicts().map(|c| c.note.as_deref()).collect();
    assert_eq!(notes, [Some("I removed it"), Some("they removed it")]);
}

#[test]
fn answers_settle_conflicts_one_by_one() {
    let answers = Answers(vec![
        Answer {
            path: ".env:A".into(),
            side: Side::Theirs,
        },
        Answer {
            path: ".env".into(),
            side: Side::Mine,
        },
    ]);
    let merged = merge_with(
        Some("A=1\nB=1\nC=1\nD=1\n"),
        "A=2\nB=2\nC=2\n",
        "A=3\nB=3\nD=3\n",
        &answers,
    );
    assert_eq!(String::from_utf8(merged.bytes).unwrap(), "A=3\nB=2\nC=2\n");
    assert_eq!(merged.marked, None);
}

#[test]
fn without_a_base_different_values_are_conflicts_and_all_keys_are_there() {
    let merged = merge_with(
        None,
        "A=1\nB=2\nM=1\n",
        "A=1\nB=3\nN=1\n",
        &Answers::default(),
    );
    assert_eq!(
        String::from_utf8(merged.bytes.clone()).unwrap(),
        "A=1\nB=2\nN=1\nM=1\n"
    );
    let conflict = merged.conflicts().next().unwrap();
    assert_eq!(conflict.note.as_deref(), Some("there is no pristine copy"));
    assert_eq!(merged.conflicts().count(), 1);
}

#[test]
fn line_ends_are_those_of_theirs() {
    check(
        "A=1\r\nB=1\r\n",
        "A=2\r\nM=\"x\r\ny\"\r\nB=1\r\n",
        "A=1\r\nB=2\r\n",
        "A=2\r\nM=\"x\r\ny\"\r\nB=2\r\n",
        &["kept mine A", "added by me M", "taken theirs B"],
    );
    check(
        "A=1\n",
        "A=2\r\n",
        "A=1\nB=1\n",
        "A=2\nB=1\n",
        &["kept mine A", "added by them B"],
    );
}

#[test]
fn a_missing_last_line_end_stays_missing() {
    check(
        "A=1",
        "A=1\nM=2",
        "A=2",
        "A=2\nM=2",
        &["taken theirs A", "added by me M"],
    );
    check(
        "A=1\n",
        "A=1\nM=2",
        "A=2\n",
        "A=2\nM=2\n",
        &["taken theirs A", "added by me M"],
    );
}

#[test]
fn the_last_of_two_statements_is_the_one_that_is_merged() {
    check(
        "A=1\nB=1\n",
        "A=1\nB=1\nA=5\n",
        "A=1\nB=2\n",
        "A=5\nB=2\n",
        &["not carried A", "kept mine A", "taken theirs B"],
    );
}

#[test]
fn statements_on_one_line_are_told_apart() {
    check(
        "A='1' B=1\nC=1\n",
        "A='2' B=1\nC=1\n",
        "A='1' B=1\nC=2\n",
        "A='2' \nB=1\nC=2\n",
        &["kept mine A", "taken theirs C"],
    );
}

#[test]
fn keys_without_a_value_are_keys() {
    check(
        "A\nB=1\n",
        "A=1\nB=1\n",
        "A\nB=2\nC\n",
        "A=1\nB=2\nC\n",
        &["kept mine A", "taken theirs B", "added by them C"],
    );
}

#[test]
fn a_byte_order_mark_is_theirs() {
    check(
        "A=1\n",
        "A=2\n",
        "\u{feff}A=1\nB=1\n",
        "\u{feff}A=2\nB=1\n",
        &["kept mine A", "added by them B"],
    );
}

#[test]
fn a_commented_default_that_mine_switched_on_is_not_there_twice() {
    check(
        "A=1\n# PORT=80\nB=1\n",
        "A=1\nPORT=8080\nB=1\n",
        "A=1\n# PORT=80\nB=2\n",
        "A=1\nPORT=8080\nB=2\n",
        &["added by me PORT", "taken theirs B"],
    );
}

/// One unit of a `.env` file, from few keys so that sides meet.
fn unit() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec!["A", "B", "C", "D", "E"]);
    let value = prop::sample::select(vec![
        "1",
        "2",
        "",
        "'1'",
        "\"1\"",
        "two words",
        "\"x\ny\"",
        "'a # b'",
        "1 # c",
        "$A",
        "\"\\$A\"",
    ]);
    let end = prop::sample::select(vec!["\n", "\r\n"]);
    prop_oneof![
        4 => (key.clone(), value, end).prop_map(|(key, value, end)| format!("{key}={value}{end}")),
        1 => key.clone().prop_map(|key| format!("export {key}=1\n")),
        1 => key.prop_map(|key| format!("{key}\n")),
        1 => prop::sample::select(vec!["\n", "# one\n", "# two\n", "  \n"]).prop_map(str::to_owned),
    ]
}

fn file() -> impl Strategy<Value = String> {
    (prop::collection::vec(unit(), 0..9), any::<bool>()).prop_map(|(units, ends)| {
        let text = units.concat();
        // A last word without a line end is no key to Compose.
        let cut = text.trim_end();
        let keep = ends
            || !cut.contains(['=', '#'])
            || !cut.lines().next_back().is_some_and(|l| l.contains('='));
        if keep { text } else { cut.to_owned() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_side_without_a_change_gives_the_other_byte_for_byte(base in file(), other in file()) {
        prop_assert_eq!(merge(&base, &base, &other).bytes, other.as_bytes());
        prop_assert_eq!(merge(&base, &other, &base).bytes, other.as_bytes());
        prop_assert_eq!(merge(&base, &other, &other).bytes, other.as_bytes());
        prop_assert_eq!(merge(&base, &base, &other).conflicts().count(), 0);
        prop_assert_eq!(merge(&base, &other, &base).conflicts().count(), 0);
    }

    #[test]
    fn no_key_and_no_value_is_lost_without_being_listed(
        base in file(), mine in file(), theirs in file(),
    ) {
        let merged = merge(&base, &mine, &theirs);
        let sheet = |text: &str| ParsedEnv::parse(Path::new("x"), text.as_bytes()).unwrap();
        let result = sheet(str::from_utf8(&merged.bytes).unwrap());
        for side in [&base, &mine, &theirs].map(|text| sheet(text)) {
            for key in side.keys() {
                let there = result.statement(key).is_some_and(|found| {
                    found.meaning == side.statement(key).unwrap().meaning
                });
                let listed = merged.outcomes.iter().any(|outcome| {
                    outcome.what == key && outcome.kind != OutcomeKind::Dropped
                });
                prop_assert!(there || listed, "{key}");
            }
        }
        // Comments of mine that no vendor wrote are all there.
        let text = String::from_utf8(merged.bytes.clone()).unwrap();
        for comment in ["# one", "# two"] {
            if mine.contains(comment) && !base.contains(comment) {
                prop_assert!(text.contains(comment), "{comment}");
            }
        }
    }

    #[test]
    fn conflicts_are_the_same_seen_from_either_side(
        base in file(), mine in file(), theirs in file(),
    ) {
        let keys = |merged: Merged| {
            let keys: BTreeSet<String> = merged.conflicts().map(|c| c.what.clone()).collect();
            keys
        };
        prop_assert_eq!(
            keys(merge(&base, &mine, &theirs)),
            keys(merge(&base, &theirs, &mine))
        );
    }
}
