//! Compose files, three-way by meaning: what MINE changed against BASE, path by path, is made
//! again on THEIRS as edits that leave every other byte alone, and that are proved by reading
//! the result. Image tags follow THEIRS; a repository that MINE chose stays.
//!
//! Where the files merge by line, too, and to the very same content, that text is taken: it
//! has the comments of both sides.

mod edits;
mod image;
mod node;
mod op;
mod overlay;
mod proof;
mod render;
mod walk;

use self::node::{NodeAt, same};
use self::overlay::Overlay;
use self::walk::MergeWalk;
use super::answer::Answers;
use super::error::Error;
use super::merge_text;
use super::outcome::{Input, Inputs, MergeOutcome, Merged, OutcomeKind, SourceLine, SourceLines};
use crate::compose::Document;

/// What [`carry`] gives.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The merge.
    pub merged: Merged,
    /// What MINE changed as a file to lay over THEIRS; None if that is nothing.
    pub overlay: Option<Vec<u8>>,
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
        return Ok(Carried {
            merged: merge_text(inputs, answers),
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
    if let Some(bytes) = inputs.unaltered() {
        settle(&mut outcomes);
        return Ok(Carried {
            merged: Merged::plain(bytes, outcomes),
            overlay,
        });
    }
    let conflicts = outcomes
        .iter()
        .any(|outcome| outcome.kind == OutcomeKind::Conflict);
    let by_line = merge_text(inputs, &Answers::default());
    let bytes = match agreed(inputs, &by_line, &replayed).filter(|_| !conflicts) {
        Some(text) => text,
        None => bytes,
    };
    outcomes.extend(lost_comments(base.as_ref(), &mine, &bytes));
    Ok(Carried {
        merged: Merged {
            marked: conflicts.then(|| by_line.marked.unwrap_or_else(|| bytes.clone())),
            bytes,
            outcomes,
        },
        overlay,
    })
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
    let same_content = same(root(&document)?, root(replayed)?);
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
