//! What a merge takes and gives.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// One of the three files of a merge.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The file's name, for messages only: nothing is read from there.
    pub path: &'a Path,
    /// The file's content.
    pub bytes: &'a [u8],
}

/// The three files of a merge.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The file as [`super::Answers`] name it, and as its kind is known by.
    pub name: &'a Path,
    /// The vendor's file that MINE was made from. Where there is none, whatever the other two
    /// don't agree on is a conflict.
    pub base: Option<Input<'a>>,
    /// The administrator's file.
    pub mine: Input<'a>,
    /// The vendor's new file.
    pub theirs: Input<'a>,
}

impl<'a> Inputs<'a> {
    /// The file that stands to the byte, because the other side changed nothing or the same.
    pub(super) fn unaltered(&self) -> Option<&'a [u8]> {
        let (mine, theirs) = (self.mine.bytes, self.theirs.bytes);
        let base = self.base.map(|base| base.bytes);
        if base == Some(theirs) {
            Some(mine)
        } else if base == Some(mine) || mine == theirs {
            Some(theirs)
        } else {
            None
        }
    }
}

/// One of the three files of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The vendor's old file.
    Base,
    /// The administrator's file.
    Mine,
    /// The vendor's new file.
    Theirs,
}

/// What a merge came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The merged file, which holds MINE where there is a conflict, and never a marker.
    pub bytes: Vec<u8>,
    /// What became of everything that differs, in the order of the result.
    pub outcomes: Vec<MergeOutcome>,
    /// The result with all sides of every conflict between markers, for an editor; None if
    /// there is no conflict, or if the file isn't text.
    pub marked: Option<Vec<u8>>,
}

/// What became of one thing that differs: a key, a place in a compose file, a run of lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergeOutcome {
    /// What was done with the difference.
    pub kind: OutcomeKind,
    /// The key, the path (`services.web.ports`), or the first line in MINE; empty for a whole
    /// file.
    pub what: String,
    /// The line of BASE that has it; absent if BASE has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<SourceLine>,
    /// The line of MINE that has it; absent if MINE has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mine: Option<SourceLine>,
    /// The line of THEIRS that has it; absent if THEIRS has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<SourceLine>,
    /// What is to be known besides: a clause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What was done with a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// MINE changed it and is kept.
    KeptMine,
    /// THEIRS changed it and is taken.
    TakenTheirs,
    /// Mine and theirs changed it alike.
    SameInBoth,
    /// Only MINE has it; it is in the result.
    AddedMine,
    /// Only THEIRS has it; it is in the result.
    AddedTheirs,
    /// MINE removed it; it isn't in the result.
    RemovedMine,
    /// THEIRS removed it; it isn't in the result.
    RemovedTheirs,
    /// MINE has it, and the result has not: it couldn't be carried and changes no meaning.
    Dropped,
    /// Mine and theirs changed it, and not alike.
    Conflict,
}

/// A place in one of the three files, and what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceLine {
    /// The file, as it was named.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What stands there, as written. May be a secret: for whoever shows it to mask.
    pub value: String,
}

impl Merged {
    /// A result that needs no merging.
    pub(super) fn plain(bytes: &[u8], outcomes: Vec<MergeOutcome>) -> Self {
        Self {
            bytes: bytes.to_vec(),
            outcomes,
            marked: None,
        }
    }

    /// The conflicts among the outcomes.
    pub fn conflicts(&self) -> impl Iterator<Item = &MergeOutcome> {
        self.outcomes
            .iter()
            .filter(|outcome| outcome.kind == OutcomeKind::Conflict)
    }
}

impl MergeOutcome {
    /// An outcome without a note.
    pub(super) fn new(kind: OutcomeKind, what: impl Into<String>, places: SourceLines) -> Self {
        let SourceLines { base, mine, theirs } = places;
        Self {
            kind,
            what: what.into(),
            base,
            mine,
            theirs,
            note: None,
        }
    }

    /// The same with a clause on why.
    pub(super) fn because(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// The places that there are, in the order of BASE, MINE, THEIRS.
    pub fn places(&self) -> impl Iterator<Item = (Side, &SourceLine)> {
        [
            (Side::Base, &self.base),
            (Side::Mine, &self.mine),
            (Side::Theirs, &self.theirs),
        ]
        .into_iter()
        .filter_map(|(side, place)| Some((side, place.as_ref()?)))
    }
}

/// Where a thing stands in each of the three.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceLines {
    pub(super) base: Option<SourceLine>,
    pub(super) mine: Option<SourceLine>,
    pub(super) theirs: Option<SourceLine>,
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeptMine => "kept mine",
            Self::TakenTheirs => "taken theirs",
            Self::SameInBoth => "same in both",
            Self::AddedMine => "added by me",
            Self::AddedTheirs => "added by them",
            Self::RemovedMine => "removed by me",
            Self::RemovedTheirs => "removed by them",
            Self::Dropped => "not carried",
            Self::Conflict => "conflict",
        })
    }
}

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}
