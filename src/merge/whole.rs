//! Files that are taken whole: what isn't text, and keys and certificates, which mean
//! something only as they are.

use super::answer::Answers;
use super::outcome::{
    Input, Inputs, MergeOutcome, Merged, OutcomeKind, Side, SourceLine, SourceLines,
};
use crate::tree::Digest;

/// Merges files of which no part is understood, by their digests.
pub fn merge_whole(inputs: &Inputs<'_>, answers: &Answers) -> Merged {
    let Inputs {
        name,
        base,
        mine,
        theirs,
    } = inputs;
    let base_bytes = base.map(|base| base.bytes);
    let (kind, bytes) = if mine.bytes == theirs.bytes {
        (
            (base_bytes != Some(mine.bytes)).then_some(OutcomeKind::SameInBoth),
            theirs.bytes,
        )
    } else if base_bytes == Some(mine.bytes) {
        (Some(OutcomeKind::TakenTheirs), theirs.bytes)
    } else if base_bytes == Some(theirs.bytes) {
        (Some(OutcomeKind::KeptMine), mine.bytes)
    } else {
        match answers.find(name, "") {
            Some(Side::Theirs) => (Some(OutcomeKind::TakenTheirs), theirs.bytes),
            Some(_) => (Some(OutcomeKind::KeptMine), mine.bytes),
            None => (Some(OutcomeKind::Conflict), mine.bytes),
        }
    };
    let places = SourceLines {
        base: base.map(place),
        mine: Some(place(*mine)),
        theirs: Some(place(*theirs)),
    };
    let outcomes = kind.map(|kind| MergeOutcome::new(kind, "", places));
    Merged::plain(bytes, outcomes.into_iter().collect())
}

fn place(input: Input<'_>) -> SourceLine {
    let digest = Digest::of(input.bytes).to_string();
    SourceLine {
        path: input.path.to_owned(),
        line: 1,
        value: format!("sha256:{}", &digest[..12]),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[track_caller]
    fn check(
        base: Option<&[u8]>,
        mine: &[u8],
        theirs: &[u8],
        bytes: &[u8],
        kind: Option<OutcomeKind>,
    ) {
        let input = |bytes| Input {
            path: Path::new("site.der"),
            bytes,
        };
        let inputs = Inputs {
            name: Path::new("site.der"),
            base: base.map(input),
            mine: input(mine),
            theirs: input(theirs),
        };
        let merged = merge_whole(&inputs, &Answers::default());
        assert_eq!(merged.bytes, bytes);
        assert_eq!(merged.outcomes.first().map(|outcome| outcome.kind), kind);
    }

    #[test]
    fn the_side_that_changed_is_taken_and_two_that_did_are_a_conflict() {
        check(Some(b"\0a"), b"\0a", b"\0a", b"\0a", None);
        check(
            Some(b"\0a"),
            b"\0b",
            b"\0a",
            b"\0b",
            Some(OutcomeKind::KeptMine),
        );
        check(
            Some(b"\0a"),
            b"\0a",
            b"\0b",
            b"\0b",
            Some(OutcomeKind::TakenTheirs),
        );
        check(
            Some(b"\0a"),
            b"\0b",
            b"\0b",
            b"\0b",
            Some(OutcomeKind::SameInBoth),
        );
        check(
            Some(b"\0a"),
            b"\0b",
            b"\0c",
            b"\0b",
            Some(OutcomeKind::Conflict),
        );
        check(None, b"\0b", b"\0c", b"\0b", Some(OutcomeKind::Conflict));
    }
}
