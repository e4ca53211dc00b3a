//! Compose files, three-way by meaning: what MINE changed against BASE, path by path, is made
//! again on THEIRS as edits that leave every other byte alone, and that are proved by reading
//! the result. Image tags follow THEIRS; a repository that MINE chose stays.
//!
//! Where the files merge by line, too, and to the very same content, that text is taken: it
//! has the comments of both sides.

mod edits;
mod image;
mod meaning;
mod node;
mod op;
mod overlay;
mod proof;
mod render;
mod walk;

use self::meaning::{YamlMeaning, has_both};
use self::node::{NodeAt, same};
use self::overlay::Overlay;
use self::walk::MergeWalk;
use super::answer::{Answer, Answers};
use super::error::Error;
use super::merge_text;
use super::outcome::{
    Input, Inputs, MergeOutcome, Merged, OutcomeKind, Side, SourceLine, SourceLines,
};
use crate::compose::Document;

/// What [`carry`] gives.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The merge.
    pub merged: Merged,
    /// What MINE changed as a file to lay over THEIRS; None if that is nothing.
    pub overlay: Option<Vec<u8>>,
    /// What became of everything that differs in that file: it may lack what the merge has.
    pub overlaid: Vec<MergeOutcome>,
}

/// Merges three compose files. Files of several YAML documents are merged by line.
///
/// # Errors
/// [`Error::Compose`] if one can't be read; [`Error::Unproven`] if changes that can be made
/// one by one can't be made together.
pub fn merge_compose(inputs: &Inputs<'_>, answers: &Answers) -> Result<Merged, Error> {
    Ok(carry(inputs, answers)?.merged)
}

/// The same, and what MINE changed as a `docker-compose.override.yml`.
///
/// # Errors
/// As [`merge_compose`]; [`Error::Unproven`] too if no file laid over THEIRS has that effect.
pub fn carry(inputs: &Inputs<'_>, answers: &Answers) -> Result<Carried, Error> {
    let parse = |input: Input<'_>| Document::parse(input.path, input.bytes);
    let base = inputs.base.map(parse).transpose()?;
    let (mine, theirs) = (parse(inputs.mine)?, parse(inputs.theirs)?);
    let single = |document: &Document| document.tree().roots.len() == 1;
    if !(single(&mine) && single(&theirs) && base.as_ref().is_none_or(single)) {
        let merged = merge_text(inputs, answers);
        return Ok(Carried {
            overlaid: merged.outcomes.clone(),
            merged,
            overlay: None,
        });
    }
    let mut walk = MergeWalk::new(inputs, answers, base.as_ref(), &theirs);
    walk.all(base.as_ref(), &mine, &theirs);
    let bytes = walk.edits.finish().map_err(|_| Error::Unproven {
        path: inputs.theirs.path.to_owned(),
        what: "the file".to_owned(),
    })?;
    let replayed = Document::parse(inputs.theirs.path, &bytes)?;
    let overlay = Overlay::of(&walk.changes, &replayed).text();
    let mut outcomes = walk.outcomes;
    let mut overlaid = outcomes.clone();
    if let Some(bytes) = inputs.unaltered() {
        settle(&mut outcomes);
        return Ok(Carried {
            merged: Merged::plain(bytes, outcomes),
            overlay,
            overlaid,
        });
    }
    let is_conflict = |outcome: &MergeOutcome| outcome.kind == OutcomeKind::Conflict;
    let mut conflicts = outcomes.iter().any(is_conflict);
    let by_line = merge_text(inputs, &Answers::default());
    let three = [base.as_ref(), Some(&mine), Some(&theirs)];
    let bytes = match agreed(inputs, &by_line, &replayed).filter(|_| !conflicts) {
        Some(text) => text,
        None if conflicts && has_both_sides(inputs, &by_line, three) => {
            // What couldn't be made again on theirs, lines could.
            settle(&mut outcomes);
            conflicts = false;
            by_line.bytes.clone()
        }
        None => bytes,
    };
    let lost = lost_comments(base.as_ref(), &mine, &bytes);
    overlaid.extend(lost.iter().cloned());
    outcomes.extend(lost);
    Ok(Carried {
        merged: Merged {
            marked: conflicts.then(|| {
                let conflicting = conflicting_alone(inputs, answers, &outcomes);
                conflicting.unwrap_or_else(|| marked(inputs, by_line, &outcomes))
            }),
            bytes,
            outcomes,
        },
        overlay,
        overlaid,
    })
}

/// A text in which nothing but what is in conflict stands between markers: whatever else a neighbouring line
/// has changed is merged in it. Nothing where that doesn't show both versions of every conflict.
fn conflicting_alone(
    inputs: &Inputs<'_>,
    answers: &Answers,
    outcomes: &[MergeOutcome],
) -> Option<Vec<u8>> {
    if answers.side_of(inputs.name).is_some() {
        // All that could be settled is.
        return None;
    }
    let settled = |side| {
        let mut answers = answers.clone();
        answers.0.push(Answer {
            path: inputs.name.to_owned(),
            side,
        });
        let merged = carry(inputs, &answers).ok()?.merged;
        let is_settled = merged.conflicts().next().is_none();
        is_settled.then_some(merged.bytes)
    };
    let base = match inputs.base {
        Some(base) => Some((base.path, settled(Side::Base)?)),
        None => None,
    };
    let (mine, theirs) = (settled(Side::Mine)?, settled(Side::Theirs)?);
    let between = Inputs {
        name: inputs.name,
        base: base.as_ref().map(|(path, bytes)| Input { path, bytes }),
        mine: Input {
            path: inputs.mine.path,
            bytes: &mine,
        },
        theirs: Input {
            path: inputs.theirs.path,
            bytes: &theirs,
        },
    };
    let text = merge_text(&between, &Answers::default()).marked?;
    shows_all(&text, outcomes).then_some(text)
}

/// Whether both versions of every conflict stand between the markers of a text.
fn shows_all(text: &[u8], outcomes: &[MergeOutcome]) -> bool {
    let shown = conflicting_lines(&String::from_utf8_lossy(text));
    let is_shown = |line: &Option<SourceLine>| {
        let first = line.as_ref().and_then(|line| line.value.lines().next());
        first.is_none_or(|first| shown.contains(first.trim()))
    };
    let mut conflicts = outcomes.iter().filter(|o| o.kind == OutcomeKind::Conflict);
    conflicts.all(|conflict| is_shown(&conflict.mine) && is_shown(&conflict.theirs))
}

/// The merge by line, if both versions of every conflict stand between markers in it; else all that
/// differs between both does.
fn marked(inputs: &Inputs<'_>, by_line: Merged, outcomes: &[MergeOutcome]) -> Vec<u8> {
    let all = || {
        let alone = Inputs {
            base: None,
            ..*inputs
        };
        let both = merge_text(&alone, &Answers::default());
        both.marked.unwrap_or(both.bytes)
    };
    let Some(text) = by_line.marked else {
        return all();
    };
    match shows_all(&text, outcomes) {
        true => text,
        false => all(),
    }
}

/// The lines of a text that stand between markers.
fn conflicting_lines(text: &str) -> String {
    let mut within = false;
    let lines = text.lines().filter(|line| {
        within = (within || line.starts_with("<<<<<<< ")) && !line.starts_with(">>>>>>> ");
        within
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// True if lines merged without a conflict, to a file that means what both sides changed.
fn has_both_sides(
    inputs: &Inputs<'_>,
    by_line: &Merged,
    [base, mine, theirs]: [Option<&Document>; 3],
) -> bool {
    if by_line.marked.is_some() || inputs.base.is_none() {
        return false;
    }
    let Ok(merged) = Document::parse(inputs.theirs.path, &by_line.bytes) else {
        return false;
    };
    let meaning = |document: Option<&Document>| document.and_then(YamlMeaning::of_file);
    let [base, mine, theirs, merged] = [base, mine, theirs, Some(&merged)].map(meaning);
    let all = [&base, &mine, &theirs, &merged];
    all.iter().all(|meaning| meaning.is_some())
        && has_both(
            base.as_ref(),
            mine.as_ref(),
            theirs.as_ref(),
            merged.as_ref(),
        )
}

/// Only one side changed anything: what couldn't be made again on the other file need not be.
fn settle(outcomes: &mut [MergeOutcome]) {
    for outcome in outcomes {
        if outcome.kind == OutcomeKind::Conflict {
            outcome.kind = OutcomeKind::KeptMine;
            outcome.note = None;
        }
    }
}

/// The merge by line, if it has the same content as the changes replayed.
fn agreed(inputs: &Inputs<'_>, by_line: &Merged, replayed: &Document) -> Option<Vec<u8>> {
    if by_line.marked.is_some() {
        return None;
    }
    let document = Document::parse(inputs.theirs.path, &by_line.bytes).ok()?;
    let (text, replay) = (root(&document)?, root(replayed)?);
    let same_meaning = || Some(YamlMeaning::of(text)? == YamlMeaning::of(replay)?);
    let same_content = same(text, replay) || same_meaning() == Some(true);
    same_content.then(|| by_line.bytes.clone())
}

fn root(document: &Document) -> Option<NodeAt<'_>> {
    let id = *document.tree().roots.first()?;
    Some(NodeAt { document, id })
}

fn comments(document: &Document) -> Vec<(usize, String)> {
    let comments = document.tree().comments.iter();
    comments
        .map(|range| {
            let line = document.location(range.start).line;
            (line, document.slice(range.clone()).to_owned())
        })
        .collect()
}

/// The comments of MINE that no vendor wrote and that the result has not.
fn lost_comments(base: Option<&Document>, mine: &Document, result: &[u8]) -> Vec<MergeOutcome> {
    let old = base.map(comments).unwrap_or_default();
    let result = String::from_utf8_lossy(result);
    comments(mine)
        .into_iter()
        .filter(|(_, text)| !old.iter().any(|(_, other)| other == text) && !result.contains(text))
        .map(|(line, value)| {
            let places = SourceLines {
                mine: Some(SourceLine {
                    path: mine.path().to_owned(),
                    line,
                    value,
                }),
                ..SourceLines::default()
            };
            MergeOutcome::new(OutcomeKind::Dropped, "comment", places)
        })
        .collect()
}

#[cfg(test)]
mod tests;
