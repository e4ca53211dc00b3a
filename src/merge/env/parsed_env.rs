//! A `.env` file as a run of units, of which a merge keeps, moves or drops each as a whole:
//! a statement with its line, or a line without one. Together they are all of the file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::outcome::SourceLine;
use crate::env_file::{self, EnvFile};

const BOM: &str = "\u{feff}";

/// A `.env` file in units.
pub(super) struct ParsedEnv {
    path: PathBuf,
    pub(super) units: Vec<EnvUnit>,
    /// The unit of each key: of its last statement, which is the one that counts.
    live: BTreeMap<String, usize>,
    pub(super) has_bom: bool,
    pub(super) eol: &'static str,
}

/// A line or a statement.
pub(super) struct EnvUnit {
    /// With its line end, if it has one.
    pub(super) text: String,
    /// The line on which it begins, from 1.
    pub(super) line: usize,
    /// The statement, if it is one that counts; none for comments, blank lines, and
    /// statements that a later one of the same key overrides.
    pub(super) statement: Option<Statement>,
    /// The key of a statement that a later one overrides.
    pub(super) overridden: Option<String>,
}

/// A key and its value.
pub(super) struct Statement {
    pub(super) key: String,
    pub(super) meaning: Meaning,
    /// The value as written, quotes and all; empty for a key alone.
    pub(super) written: String,
    /// Where the value stands in the unit's text; None for a key alone.
    pub(super) value: Option<std::ops::Range<usize>>,
}

/// What a statement gives its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A value before its variables are resolved.
    Template(String),
    /// A key alone has its value from the environment.
    Environment,
}

/// What makes two units of different files the same one.
#[derive(Debug, PartialEq, Eq, Hash, Clone, Copy)]
pub(super) enum UnitIdentity<'a> {
    Key(&'a str),
    Text(&'a str),
}

impl ParsedEnv {
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, env_file::Error> {
        let file = EnvFile::parse(path, bytes)?;
        let text = file.text();
        let units = UnitCutter { text, at: 0 }.cut(&file);
        let mut sheet = Self {
            path: file.path().to_owned(),
            live: BTreeMap::new(),
            has_bom: text.starts_with(BOM),
            eol: dominant_eol(text),
            units,
        };
        sheet.find_live();
        Ok(sheet)
    }

    fn find_live(&mut self) {
        for index in 0..self.units.len() {
            let Some(statement) = &self.units[index].statement else {
                continue;
            };
            let key = statement.key.clone();
            if let Some(earlier) = self.live.insert(key.clone(), index) {
                self.units[earlier].statement = None;
                self.units[earlier].overridden = Some(key);
            }
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.live.keys().map(String::as_str)
    }

    /// The index of a key's unit.
    pub(super) fn index(&self, key: &str) -> Option<usize> {
        self.live.get(key).copied()
    }

    pub(super) fn unit(&self, key: &str) -> Option<&EnvUnit> {
        self.units.get(self.index(key)?)
    }

    pub(super) fn statement(&self, key: &str) -> Option<&Statement> {
        self.unit(key)?.statement.as_ref()
    }

    /// Where a key stands, and its value as written.
    pub(super) fn place(&self, key: &str) -> Option<SourceLine> {
        let unit = self.unit(key)?;
        Some(SourceLine {
            path: self.path.clone(),
            line: unit.line,
            value: unit.statement.as_ref()?.written.clone(),
        })
    }

    /// The place of a unit that is none of a key's.
    pub(super) fn place_of(&self, unit: &EnvUnit) -> SourceLine {
        SourceLine {
            path: self.path.clone(),
            line: unit.line,
            value: unit.text.trim().to_owned(),
        }
    }

    pub(super) fn identities(&self) -> Vec<UnitIdentity<'_>> {
        self.units.iter().map(EnvUnit::identity).collect()
    }
}

impl EnvUnit {
    fn identity(&self) -> UnitIdentity<'_> {
        match &self.statement {
            Some(statement) => UnitIdentity::Key(&statement.key),
            None => UnitIdentity::Text(self.text.trim_end()),
        }
    }

    /// The text without its line end.
    pub(super) fn content(&self) -> &str {
        let text = self.text.strip_suffix('\n').unwrap_or(&self.text);
        text.strip_suffix('\r').unwrap_or(text)
    }
}

struct UnitCutter<'a> {
    text: &'a str,
    at: usize,
}

impl UnitCutter<'_> {
    fn cut(mut self, file: &EnvFile) -> Vec<EnvUnit> {
        let mut units = Vec::new();
        if self.text.starts_with(BOM) {
            self.at = BOM.len();
        }
        let entries = file.entries();
        for (index, entry) in entries.iter().enumerate() {
            let line_start = self.text[..entry.start].rfind('\n').map_or(0, |at| at + 1);
            self.lines_until(line_start.max(self.at), &mut units);
            let value_end = entry.value.as_ref().map_or(entry.start, |value| value.end);
            let line_end = self.text[value_end..]
                .find('\n')
                .map_or(self.text.len(), |at| value_end + at + 1);
            let next = entries.get(index + 1).map(|next| next.start);
            let end = next.map_or(line_end, |next| next.min(line_end));
            let start = self.at;
            units.push(EnvUnit {
                text: self.text[start..end].to_owned(),
                line: entry.line,
                statement: Some(Statement {
                    key: entry.key.clone(),
                    meaning: file
                        .template(entry)
                        .map_or(Meaning::Environment, Meaning::Template),
                    written: file.written(entry).unwrap_or_default().to_owned(),
                    value: entry
                        .value
                        .as_ref()
                        .map(|value| value.start - start..value.end - start),
                }),
                overridden: None,
            });
            self.at = end;
        }
        self.lines_until(self.text.len(), &mut units);
        units
    }

    /// Lines that hold no statement.
    fn lines_until(&mut self, end: usize, units: &mut Vec<EnvUnit>) {
        let first = self.text[..self.at].matches('\n').count() + 1;
        let lines = self.text[self.at..end].split_inclusive('\n');
        units.extend(lines.enumerate().map(|(index, line)| EnvUnit {
            text: line.to_owned(),
            line: first + index,
            statement: None,
            overridden: None,
        }));
        self.at = end;
    }
}

fn dominant_eol(text: &str) -> &'static str {
    let crlf = text.matches("\r\n").count();
    if crlf * 2 > text.matches('\n').count() {
        "\r\n"
    } else {
        "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(usize, &str, Option<&str>)]) {
        let sheet = ParsedEnv::parse(Path::new(".env"), text.as_bytes()).unwrap();
        let key = |unit: &EnvUnit| unit.statement.as_ref().map(|found| found.key.clone());
        let found: Vec<_> = sheet
            .units
            .iter()
            .map(|unit| (unit.line, unit.text.clone(), key(unit)))
            .collect();
        let expect: Vec<_> = expect
            .iter()
            .map(|(line, text, key)| (*line, (*text).to_owned(), key.map(str::to_owned)))
            .collect();
        assert_eq!(found, expect);
        let all: String = sheet.units.iter().map(|unit| unit.text.as_str()).collect();
        assert_eq!(all, text.trim_start_matches(BOM));
    }

    #[test]
    fn units_are_statements_with_their_lines_and_all_other_lines() {
        check(
            "# c\r\n\n export A='x\ny' # d\r\nE\nB=",
            &[
                (1, "# c\r\n", None),
                (2, "\n", None),
                (3, " export A='x\ny' # d\r\n", Some("A")),
                (5, "E\n", Some("E")),
                (6, "B=", Some("B")),
            ],
        );
    }

    #[test]
    fn two_statements_on_a_line_are_two_units() {
        check(
            "\u{feff}A='x' B=2\n",
            &[(1, "A='x' ", Some("A")), (1, "B=2\n", Some("B"))],
        );
    }

    #[test]
    fn of_two_statements_the_last_counts() {
        check("A=1\nA=2\n", &[(1, "A=1\n", None), (2, "A=2\n", Some("A"))]);
    }
}
