//! Where everything stands in the result: THEIRS, unit by unit, less what MINE removed, with
//! what MINE inserted behind what it stands behind there.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::super::outcome::{MergeOutcome, OutcomeKind, SourceLines};
use super::ParsedEnvs;
use super::decide::Decision;
use super::parsed_env::{EnvUnit, ParsedEnv};

/// The result in pieces.
pub(super) struct Layout {
    pieces: Vec<LayoutPiece>,
    pub(super) outcomes: Vec<MergeOutcome>,
    has_bom: bool,
    eol: &'static str,
    ends_in_eol: bool,
}

/// A unit of the result.
struct LayoutPiece {
    text: String,
    /// The unit's index in THEIRS, from 0, where its text is taken as it is there.
    verbatim: Option<usize>,
    /// What stands for it where conflicts are marked.
    marked: Option<String>,
}

/// For each unit of a sheet, the same one in another.
type UnitMatches = Vec<Option<usize>>;

impl Layout {
    pub(super) fn of(sheets: &ParsedEnvs<'_>, decisions: &BTreeMap<&str, Decision>) -> Self {
        let theirs = sheets.theirs;
        let last = theirs.units.last();
        let mut builder = LayoutBuilder {
            sheets,
            decisions,
            theirs_of_base: matches(sheets.base, theirs),
            base_of_theirs: matches(theirs, sheets.base),
            mine_of_base: matches(sheets.base, sheets.mine),
            base_of_mine: matches(sheets.mine, sheets.base),
            theirs_of_mine: matches(sheets.mine, theirs),
            layout: Self {
                pieces: Vec::new(),
                outcomes: Vec::new(),
                has_bom: theirs.has_bom,
                eol: theirs.eol,
                ends_in_eol: last.is_none_or(|unit| unit.text.ends_with('\n')),
            },
        };
        builder.build();
        builder.layout
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.text(|piece| &piece.text)
    }

    /// The result with markers; None if no piece has any.
    pub(super) fn marked(&self) -> Option<Vec<u8>> {
        let any = self.pieces.iter().any(|piece| piece.marked.is_some());
        any.then(|| self.text(|piece| piece.marked.as_ref().unwrap_or(&piece.text)))
    }

    fn text(&self, of: impl Fn(&LayoutPiece) -> &String) -> Vec<u8> {
        let mut text = String::new();
        let mut previous = None;
        for piece in &self.pieces {
            let content = of(piece);
            if content.is_empty() {
                continue;
            }
            let follows = piece
                .verbatim
                .is_some_and(|at| at > 0 && Some(at - 1) == previous);
            if !(text.is_empty() || text.ends_with('\n') || follows) {
                text += self.eol;
            }
            text += content;
            previous = piece.verbatim;
            if piece.verbatim.is_none() && !text.ends_with('\n') {
                text += self.eol;
            }
        }
        // A key alone would be no key without its line end.
        let last_line = text.lines().next_back().unwrap_or_default();
        if !self.ends_in_eol && last_line.contains('=') {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        let bom = if self.has_bom { "\u{feff}" } else { "" };
        [bom, &text].concat().into_bytes()
    }
}

/// The units of `from` and the same ones of `to`, in an order that both have.
fn matches(from: &ParsedEnv, to: &ParsedEnv) -> UnitMatches {
    let mut result = vec![None; from.units.len()];
    let ops = capture_diff_slices(Algorithm::Myers, &from.identities(), &to.identities());
    for op in ops {
        if let DiffOp::Equal {
            old_index,
            new_index,
            len,
        } = op
        {
            for offset in 0..len {
                result[old_index + offset] = Some(new_index + offset);
            }
        }
    }
    result
}

struct LayoutBuilder<'a> {
    sheets: &'a ParsedEnvs<'a>,
    decisions: &'a BTreeMap<&'a str, Decision>,
    theirs_of_base: UnitMatches,
    base_of_theirs: UnitMatches,
    mine_of_base: UnitMatches,
    base_of_mine: UnitMatches,
    theirs_of_mine: UnitMatches,
    layout: Layout,
}

/// What stands behind a unit of THEIRS, or in front of all: units of MINE.
type Insertions<'a> = BTreeMap<Option<usize>, Vec<&'a EnvUnit>>;

impl<'a> LayoutBuilder<'a> {
    fn build(&mut self) {
        let sheets = self.sheets;
        let insertions = self.insertions();
        self.insert(insertions.get(&None));
        for (index, unit) in sheets.theirs.units.iter().enumerate() {
            match &unit.statement {
                Some(statement) => self.key(&statement.key, Some(index)),
                None if self.is_removed(index) || self.would_revive(unit) => {}
                None => self.layout.pieces.push(LayoutPiece {
                    text: unit.text.clone(),
                    verbatim: Some(index),
                    marked: None,
                }),
            }
            self.insert(insertions.get(&Some(index)));
        }
        // What is in neither of the new files has no place; it is told all the same.
        let gone =
            |key: &&str| sheets.mine.unit(key).is_none() && sheets.theirs.unit(key).is_none();
        let keys: Vec<&str> = self.decisions.keys().copied().filter(gone).collect();
        for key in keys {
            self.key(key, None);
        }
    }

    /// The key's decision, carried out here; `index` is its unit's in THEIRS.
    fn key(&mut self, key: &str, index: Option<usize>) {
        let Some(decision) = self.decisions.get(key) else {
            return;
        };
        self.layout.outcomes.extend(decision.outcome.clone());
        let theirs = index
            .filter(|_| decision.is_theirs)
            .and_then(|index| self.sheets.theirs.units.get(index));
        self.layout.pieces.push(LayoutPiece {
            text: match theirs {
                Some(unit) => unit.text.clone(),
                None => decision.text.clone().unwrap_or_default(),
            },
            verbatim: index.filter(|_| decision.is_theirs),
            marked: decision.marked.clone(),
        });
    }

    /// True for a line that MINE removed and THEIRS left alone.
    fn is_removed(&self, theirs: usize) -> bool {
        let base = self.base_of_theirs[theirs];
        base.is_some_and(|base| self.mine_of_base[base].is_none())
    }

    /// True for a statement that nothing would override any more.
    fn would_revive(&self, unit: &EnvUnit) -> bool {
        let decision = |key: &String| self.decisions.get(key.as_str());
        let decision = unit.overridden.as_ref().and_then(decision);
        decision.is_some_and(|decision| decision.meaning().is_none())
    }

    fn insert(&mut self, units: Option<&Vec<&'a EnvUnit>>) {
        for unit in units.into_iter().flatten() {
            match (&unit.statement, &unit.overridden) {
                (Some(statement), _) => self.key(&statement.key, None),
                (None, Some(key)) => self.drop_overridden(unit, key),
                (None, None) => self.layout.pieces.push(LayoutPiece {
                    text: unit.content().to_owned() + self.layout.eol,
                    verbatim: None,
                    marked: None,
                }),
            }
        }
    }

    fn drop_overridden(&mut self, unit: &EnvUnit, key: &str) {
        let places = SourceLines {
            mine: Some(self.sheets.mine.place_of(unit)),
            ..SourceLines::default()
        };
        let later = self.sheets.mine.unit(key).map_or(0, |unit| unit.line);
        let outcome = MergeOutcome::new(OutcomeKind::Dropped, key, places)
            .because(format!("line {later} of my file overrides it"));
        self.layout.outcomes.push(outcome);
    }

    /// The units that MINE has and THEIRS has not, each under the last unit before it that
    /// both have. What ends MINE ends the result.
    fn insertions(&self) -> Insertions<'a> {
        let mut insertions = Insertions::new();
        let (mut anchor, mut pending) = (None, Vec::new());
        for (index, unit) in self.sheets.mine.units.iter().enumerate() {
            match self.place(index, unit) {
                UnitInTheirs::At(theirs) => {
                    insertions.entry(anchor).or_default().append(&mut pending);
                    anchor = Some(theirs);
                }
                UnitInTheirs::Gone => {}
                UnitInTheirs::New => pending.push(unit),
            }
        }
        let end = self.sheets.theirs.units.len().checked_sub(1);
        insertions.entry(end).or_default().extend(pending);
        insertions
    }

    fn place(&self, index: usize, unit: &EnvUnit) -> UnitInTheirs {
        if let Some(statement) = &unit.statement {
            let theirs = self.sheets.theirs.index(&statement.key);
            return theirs.map_or(UnitInTheirs::New, UnitInTheirs::At);
        }
        match self.base_of_mine[index] {
            Some(base) => self.theirs_of_base[base].map_or(UnitInTheirs::Gone, UnitInTheirs::At),
            // Both may have added the same line.
            None => match self.theirs_of_mine[index] {
                Some(theirs) if self.base_of_theirs[theirs].is_none() => UnitInTheirs::At(theirs),
                _ => UnitInTheirs::New,
            },
        }
    }
}

/// Where a unit of MINE is in THEIRS.
enum UnitInTheirs {
    At(usize),
    /// THEIRS removed it.
    Gone,
    New,
}
