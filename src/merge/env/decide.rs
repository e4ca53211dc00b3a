//! What becomes of one key, by the three rules of every three-way merge: what one side
//! changed is taken, what both changed alike is taken once, the rest is a conflict.

use std::path::Path;

use super::super::outcome::{MergeOutcome, OutcomeKind, Side, SourceLines};
use super::super::text::marked;
use super::ParsedEnvs;
use super::parsed_env::{EnvUnit, Meaning, ParsedEnv, Statement};

/// What becomes of a key.
pub(super) struct Decision {
    /// The statement's text in the result without its line end; None if it isn't there.
    pub(super) text: Option<String>,
    /// True if the text is that of THEIRS, to the byte.
    pub(super) is_theirs: bool,
    meaning: Option<Meaning>,
    /// What to tell; None if nothing changed.
    pub(super) outcome: Option<MergeOutcome>,
    /// For a conflict, the lines of BASE, MINE and THEIRS between conflict markers.
    pub(super) marked: Option<String>,
}

impl Decision {
    /// What the key must mean in the result; None if it must not be there.
    pub(super) fn meaning(&self) -> Option<&Meaning> {
        self.meaning.as_ref()
    }
}

/// Decides on a key that at least one of the three has.
pub(super) fn decide(sheets: &ParsedEnvs<'_>, key: &str, answer: Option<Side>) -> Decision {
    let versions = EnvVersions {
        base: EnvVersion::of(sheets.base.unit(key)),
        mine: EnvVersion::of(sheets.mine.unit(key)),
        theirs: EnvVersion::of(sheets.theirs.unit(key)),
    };
    let (kind, source) = versions.verdict(answer);
    let places = SourceLines {
        base: sheets.base.place(key),
        mine: sheets.mine.place(key),
        theirs: sheets.theirs.place(key),
    };
    let note = match kind {
        Some(OutcomeKind::Conflict) if sheets.is_two_way => Some("there is no pristine copy"),
        Some(OutcomeKind::Conflict) if versions.mine.is_none() => Some("I removed it"),
        Some(OutcomeKind::Conflict) if versions.theirs.is_none() => Some("they removed it"),
        _ => None,
    };
    let outcome = kind.map(|kind| MergeOutcome::new(kind, key, places));
    Decision {
        text: versions.text(source),
        is_theirs: source == ChosenText::Theirs,
        meaning: match source {
            ChosenText::Theirs => versions.theirs.map(EnvVersion::meaning),
            _ => versions.mine.map(EnvVersion::meaning),
        },
        outcome: match note {
            Some(note) => outcome.map(|outcome| outcome.because(note)),
            None => outcome,
        },
        marked: (kind == Some(OutcomeKind::Conflict)).then(|| versions.marked(sheets.theirs.eol)),
    }
}

/// Whose text stands in the result.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ChosenText {
    Mine,
    Theirs,
    /// Their statement with my value.
    MineInTheirs,
}

#[derive(Clone, Copy)]
struct EnvVersion<'a> {
    unit: &'a EnvUnit,
    statement: &'a Statement,
}

impl<'a> EnvVersion<'a> {
    fn of(unit: Option<&'a EnvUnit>) -> Option<Self> {
        let unit = unit?;
        let statement = unit.statement.as_ref()?;
        Some(Self { unit, statement })
    }

    fn meaning(self) -> Meaning {
        self.statement.meaning.clone()
    }

    fn means(self, other: Self) -> bool {
        self.statement.meaning == other.statement.meaning
    }

    fn is_written_like(self, other: Self) -> bool {
        self.unit.content() == other.unit.content()
    }
}

struct EnvVersions<'a> {
    base: Option<EnvVersion<'a>>,
    mine: Option<EnvVersion<'a>>,
    theirs: Option<EnvVersion<'a>>,
}

impl EnvVersions<'_> {
    /// What is to be told, and whose text is taken.
    fn verdict(&self, answer: Option<Side>) -> (Option<OutcomeKind>, ChosenText) {
        use OutcomeKind::{
            AddedMine, AddedTheirs, Conflict, KeptMine, RemovedMine, RemovedTheirs, SameInBoth,
            TakenTheirs,
        };
        let verdict = match (self.base, self.mine, self.theirs) {
            (None, None, _) => (Some(AddedTheirs), ChosenText::Theirs),
            (None, Some(_), None) => (Some(AddedMine), ChosenText::Mine),
            (None, Some(mine), Some(theirs)) if mine.means(theirs) => {
                (Some(SameInBoth), ChosenText::Theirs)
            }
            (Some(_), None, None) => (Some(SameInBoth), ChosenText::Theirs),
            (Some(base), None, Some(theirs)) if theirs.means(base) => {
                (Some(RemovedMine), ChosenText::Mine)
            }
            (Some(base), Some(mine), None) if mine.means(base) => {
                (Some(RemovedTheirs), ChosenText::Theirs)
            }
            (Some(base), Some(mine), Some(theirs)) => return both(base, mine, theirs, answer),
            _ => (Some(Conflict), ChosenText::Mine),
        };
        match (verdict, answer) {
            ((Some(Conflict), _), Some(Side::Theirs)) => match self.theirs {
                Some(_) => (Some(TakenTheirs), ChosenText::Theirs),
                None => (Some(RemovedTheirs), ChosenText::Theirs),
            },
            ((Some(Conflict), _), Some(_)) => match self.mine {
                Some(_) => (Some(KeptMine), ChosenText::Mine),
                None => (Some(RemovedMine), ChosenText::Mine),
            },
            (verdict, _) => verdict,
        }
    }

    fn text(&self, source: ChosenText) -> Option<String> {
        let content = |version: Option<EnvVersion<'_>>| Some(version?.unit.content().to_owned());
        match source {
            ChosenText::Mine => content(self.mine),
            ChosenText::Theirs => content(self.theirs),
            ChosenText::MineInTheirs => self.spliced().or_else(|| content(self.mine)),
        }
    }

    /// Their statement, comment and all, with my value; None where that would read otherwise,
    /// as an empty value in front of a comment does.
    fn spliced(&self) -> Option<String> {
        let (mine, theirs) = (self.mine?, self.theirs?);
        let range = theirs.statement.value.clone()?;
        mine.statement.value.as_ref()?;
        let mut text = theirs.unit.text.clone();
        text.replace_range(range, &mine.statement.written);
        let text = text.trim_end_matches(['\r', '\n']);
        let read = ParsedEnv::parse(Path::new(""), format!("{text}\n").as_bytes()).ok()?;
        let found = read.statement(&mine.statement.key)?;
        (found.meaning == mine.statement.meaning).then(|| text.to_owned())
    }

    fn marked(&self, eol: &str) -> String {
        let line = |version: Option<EnvVersion<'_>>| {
            version.map_or(String::new(), |version| {
                format!("{}{eol}", version.unit.content())
            })
        };
        marked(&line(self.base), &line(self.mine), &line(self.theirs))
    }
}

/// Decides on a key that BASE, MINE and THEIRS all have.
fn both(
    base: EnvVersion<'_>,
    mine: EnvVersion<'_>,
    theirs: EnvVersion<'_>,
    answer: Option<Side>,
) -> (Option<OutcomeKind>, ChosenText) {
    let told = |kind, changed: bool| changed.then_some(kind);
    if mine.is_written_like(base) {
        let kind = told(OutcomeKind::TakenTheirs, !theirs.means(base));
        return (kind, ChosenText::Theirs);
    }
    if theirs.is_written_like(base) {
        return (
            told(OutcomeKind::KeptMine, !mine.means(base)),
            ChosenText::Mine,
        );
    }
    match (mine.means(base), theirs.means(base), answer) {
        (true, theirs_is_old, _) => (
            told(OutcomeKind::TakenTheirs, !theirs_is_old),
            ChosenText::Theirs,
        ),
        (_, true, _) => (Some(OutcomeKind::KeptMine), ChosenText::MineInTheirs),
        _ if mine.means(theirs) => (Some(OutcomeKind::SameInBoth), ChosenText::Theirs),
        (.., None) => (Some(OutcomeKind::Conflict), ChosenText::Mine),
        (.., Some(Side::Theirs)) => (Some(OutcomeKind::TakenTheirs), ChosenText::Theirs),
        (.., Some(_)) => (Some(OutcomeKind::KeptMine), ChosenText::Mine),
    }
}
