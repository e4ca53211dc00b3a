//! Compose files of which it isn't known what their vendor shipped: taken whole, from whom is for
//! somebody to say.

use std::path::Path;

use super::answer::Answers;
use super::error::Error;
use super::outcome::{Inputs, MergeOutcome, Merged, OutcomeKind, Side, SourceLine, SourceLines};
use super::{merge_compose, merge_text};
use crate::compose::{self, Document};

/// Merges two versions of a compose file without a base. Where MINE says nothing that THEIRS doesn't
/// say, but for what an upgrade edits (images, names of volumes, folders of its own), THEIRS is taken. Else it is
/// one conflict: the result is THEIRS until somebody answers.
///
/// # Errors
/// [`Error`] if either can't be read as a compose file.
pub fn merge_unknown_compose(inputs: &Inputs<'_>, answers: &Answers) -> Result<Merged, Error> {
    let (mine, theirs) = (inputs.mine.bytes, inputs.theirs.bytes);
    let places = said_by_mine_alone(inputs)?;
    if places.is_empty() {
        return Ok(Merged::plain(theirs, Vec::new()));
    }
    let outcome = |kind| MergeOutcome::new(kind, "", SourceLines::default());
    Ok(match answers.side_of(inputs.name) {
        Some(Side::Theirs) => Merged::plain(theirs, vec![outcome(OutcomeKind::TakenTheirs)]),
        Some(_) => Merged::plain(mine, vec![outcome(OutcomeKind::KeptMine)]),
        None => {
            let conflict = outcome(OutcomeKind::Conflict);
            let note = format!("yours says otherwise of {}", some(&places));
            Merged {
                marked: merge_text(inputs, &Answers::default()).marked,
                ..Merged::plain(theirs, vec![conflict.because(note)])
            }
        }
    })
}

/// Where MINE, a compose file, says something that THEIRS doesn't, but for what an upgrade edits.
///
/// # Errors
/// [`Error`] if either can't be read as a compose file.
pub fn said_by_mine_alone(inputs: &Inputs<'_>) -> Result<Vec<String>, Error> {
    // An upgrade has named the old release's volumes.
    let mine = Document::parse(inputs.mine.path, inputs.mine.bytes)?;
    let theirs = Document::parse(inputs.theirs.path, inputs.theirs.bytes)?;
    let named = compose::name_volumes_like(&theirs, &mine)?.bytes;
    let mut compared = *inputs;
    compared.name = Path::new("compose.yaml");
    compared.base = None;
    compared.theirs.bytes = &named;
    let merged = merge_compose(&compared, &Answers::default())?;
    let is_meant = |outcome: &&MergeOutcome| {
        let is_alike = [OutcomeKind::SameInBoth, OutcomeKind::Dropped].contains(&outcome.kind);
        let last = outcome.what.rsplit('.').next();
        let is_ours = match last {
            // The tag is the release's; whose another repository is, nobody knows.
            Some("image") => !has_other_repository(outcome),
            last => matches!(last, Some("name" | "version")),
        };
        // A folder of the host that an upgrade has copied into the release.
        let is_ours = is_ours
            || outcome
                .mine
                .as_ref()
                .is_some_and(|at| at.value.contains("/own/"));
        outcome.mine.is_some() && !is_alike && !is_ours
    };
    let found = merged.outcomes.iter().filter(is_meant);
    Ok(found.map(|outcome| outcome.what.clone()).collect())
}

/// Whether both name an image, each of another repository.
fn has_other_repository(outcome: &MergeOutcome) -> bool {
    let repository = |line: &Option<SourceLine>| {
        let written = line.as_ref()?.value.trim_matches(['"', '\'', ' ']);
        let image = compose::interpolate(written, &|_| None).ok()?;
        let image: compose::Reference = image.parse().ok()?;
        Some(image.full_name())
    };
    let both = (repository(&outcome.mine), repository(&outcome.theirs));
    matches!(both, (Some(mine), Some(theirs)) if mine != theirs)
}

/// Some of the places, and how many more there are.
fn some(places: &[String]) -> String {
    const MOST: usize = 5;
    let shown: Vec<_> = places.iter().take(MOST).map(|p| format!("`{p}`")).collect();
    match places.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::Input;
    use super::*;

    #[track_caller]
    fn check(mine: &str, theirs: &str, kinds: &[OutcomeKind]) {
        let inputs = Inputs {
            name: Path::new("compose.yaml"),
            base: None,
            mine: Input {
                path: Path::new("old/compose.yaml"),
                bytes: mine.as_bytes(),
            },
            theirs: Input {
                path: Path::new("new/compose.yaml"),
                bytes: theirs.as_bytes(),
            },
        };
        let merged = merge_unknown_compose(&inputs, &Answers::default()).unwrap();
        assert_eq!(merged.bytes, theirs.as_bytes());
        let found: Vec<_> = merged.outcomes.iter().map(|outcome| outcome.kind).collect();
        assert_eq!(found, kinds, "{mine}");
    }

    #[test]
    fn what_an_upgrade_edits_and_what_the_vendor_adds_is_no_question() {
        let theirs = "services:\n  a:\n    image: x:2\n    ports: ['80:80']\n    volumes: ['pg:/d']\n  \
                      b: {image: y}\nvolumes:\n  pg:\n";
        let mine = "services:\n  a:\n    image: x:1\n    ports: ['80:80']\n    volumes: \
                    ['pg:/d']\nvolumes:\n  pg:\n    name: v1_pg\n";
        check(mine, theirs, &[]);
        check(
            &mine.replace("80:80", "8080:80"),
            theirs,
            &[OutcomeKind::Conflict],
        );
        check(
            &mine.replace("x:1", "mine/x:1"),
            theirs,
            &[OutcomeKind::Conflict],
        );
        check(&mine.replace("x:1", "'${X:-x}:1'"), theirs, &[]);
        check(&mine.replace("x:1", "'${X}'"), theirs, &[]);
        check(
            &mine.replace("    image", "    hostname: a\n    image"),
            theirs,
            &[OutcomeKind::Conflict],
        );
    }
}
