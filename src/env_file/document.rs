//! The lossless reading of a `.env` file, by the rules of Compose's own parser
//! (compose-go's `dotenv`): `KEY=value` or `KEY: value`, `export`, quotes over lines,
//! comments behind ` #`, keys without a value.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::error::Error;

const BOM: &str = "\u{feff}";

/// A `.env` file of more bytes is refused unread.
const LARGEST: usize = 4 << 20;

/// A parsed `.env` file.
#[derive(Debug, Clone)]
pub struct EnvFile {
    pub(super) path: PathBuf,
    pub(super) source: String,
    pub(super) entries: Vec<EnvEntry>,
    /// The entries that count, by their keys.
    last: HashMap<String, usize>,
}

/// One key of a `.env` file, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvEntry {
    /// The key.
    pub key: String,
    /// The line that it stands on, from 1.
    pub line: usize,
    /// The first byte of the statement: of `export`, or of the key.
    pub start: usize,
    /// The bytes of the value with its quotes and without a comment; None for a key alone,
    /// whose value comes from the environment.
    pub value: Option<Range<usize>>,
    /// How the value is quoted.
    pub quote: Quote,
}

/// How a value is quoted: this decides which escapes and variables it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// Variables are resolved, and a ` #` begins a comment.
    None,
    /// Nothing is resolved.
    Single,
    /// Escapes and variables are resolved.
    Double,
}

impl EnvFile {
    /// Parses the content of `path`, which is used in messages only.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::NotUtf8`], and [`Error::Syntax`] for what Compose refuses,
    /// too.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > LARGEST {
            return Err(Error::TooLarge {
                path: path.to_owned(),
                most: LARGEST >> 20,
            });
        }
        let source = str::from_utf8(bytes).map_err(|error| Error::NotUtf8 {
            path: path.to_owned(),
            offset: error.valid_up_to(),
        })?;
        let mut reader = EnvParser {
            path,
            text: source,
            at: if source.starts_with(BOM) {
                BOM.len()
            } else {
                0
            },
            counted: (0, 1),
            entries: Vec::new(),
        };
        reader.read()?;
        let numbered = reader.entries.iter().enumerate();
        Ok(Self {
            path: path.to_owned(),
            last: numbered
                .map(|(number, entry)| (entry.key.clone(), number))
                .collect(),
            entries: reader.entries,
            source: source.to_owned(),
        })
    }

    /// The file's name, as it was given to [`EnvFile::parse`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes that were parsed.
    pub fn bytes(&self) -> &[u8] {
        self.source.as_bytes()
    }

    /// The number of lines of the file.
    pub(crate) fn lines(&self) -> usize {
        self.source.lines().count()
    }

    /// The text that was parsed.
    pub(crate) fn text(&self) -> &str {
        &self.source
    }

    /// The keys in the order of the file. A key that stands there twice has its last value.
    pub fn entries(&self) -> &[EnvEntry] {
        &self.entries
    }

    /// The entry that gives `key` its value: the last one.
    pub fn last(&self, key: &str) -> Option<&EnvEntry> {
        self.last.get(key).map(|number| &self.entries[*number])
    }

    /// True if other variables are resolved to make the entry's value.
    pub(crate) fn is_made_of_variables(&self, entry: &EnvEntry) -> bool {
        let written = self.written(entry).unwrap_or_default();
        entry.quote != Quote::Single && !crate::compose::variables(written).is_empty()
    }

    /// The bytes of an entry's value, as written.
    pub(crate) fn written(&self, entry: &EnvEntry) -> Option<&str> {
        self.source.get(entry.value.clone()?)
    }
}

struct EnvParser<'a> {
    path: &'a Path,
    text: &'a str,
    at: usize,
    /// A byte up to which lines are counted, and the line that it stands on.
    counted: (usize, usize),
    entries: Vec<EnvEntry>,
}

impl<'a> EnvParser<'a> {
    fn read(&mut self) -> Result<(), Error> {
        while self.skip_to_statement() {
            let start = self.at;
            let key = self.key()?;
            if let Some((key, line, has_value)) = key {
                let (value, quote) = if has_value {
                    let (value, quote) = self.value(line)?;
                    (Some(value), quote)
                } else {
                    (None, Quote::None)
                };
                self.entries.push(EnvEntry {
                    key,
                    line,
                    start,
                    value,
                    quote,
                });
            }
        }
        Ok(())
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn line(&mut self) -> usize {
        let (at, line) = self.counted;
        let line = line + self.text[at..self.at].matches('\n').count();
        self.counted = (self.at, line);
        line
    }

    fn fault(&self, line: usize, reason: String) -> Error {
        Error::Syntax {
            path: self.path.to_owned(),
            line,
            reason,
        }
    }

    /// Skips white space and comments; false at the end.
    fn skip_to_statement(&mut self) -> bool {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            if !self.rest().starts_with('#') {
                return !self.rest().is_empty();
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    /// Reads a key and what ends it: the key, its line, and whether a value follows. None
    /// for a last word without an end, which Compose passes over.
    fn key(&mut self) -> Result<Option<(String, usize, bool)>, Error> {
        let line = self.line();
        if let Some(rest) = self.rest().strip_prefix("export")
            && rest.starts_with(char::is_whitespace)
        {
            self.at += "export".len();
            self.skip_blanks();
            if self.rest().is_empty() {
                return Err(self.fault(line, "`export` stands there without a key".to_owned()));
            }
        }
        let rest = self.rest();
        for (offset, c) in rest.char_indices() {
            match c {
                '=' | ':' | '\n' => {
                    let key = rest[..offset].trim_end();
                    if key.contains(' ') {
                        return Err(self.fault(line, "a key can't contain a space".to_owned()));
                    }
                    self.at += offset + 1;
                    self.skip_blanks();
                    return Ok(Some((key.to_owned(), line, c != '\n')));
                }
                '_' | '.' | '-' | '[' | ']' => {}
                c if is_blank(c) || c.is_alphanumeric() => {}
                c => {
                    let reason = format!("unexpected character `{c}` in a key");
                    return Err(self.fault(line, reason));
                }
            }
        }
        self.at = self.text.len();
        Ok(None)
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_blank).len();
    }

    fn value(&mut self, line: usize) -> Result<(Range<usize>, Quote), Error> {
        let start = self.at;
        let rest = self.rest();
        let (quote, mark) = match rest.chars().next() {
            Some('"') => (Quote::Double, '"'),
            Some('\'') => (Quote::Single, '\''),
            _ => {
                let text = rest.split('\n').next().unwrap_or_default();
                let value = text.split(" #").next().unwrap_or_default().trim_end();
                self.at = (start + text.len() + 1).min(self.text.len());
                return Ok((start..start + value.len(), Quote::None));
            }
        };
        let mut escaped = false;
        for (offset, c) in rest.char_indices().skip(1) {
            if c == mark && !escaped {
                self.at = start + offset + 1;
                return Ok((start..self.at, quote));
            }
            escaped = c == '\\' && !escaped;
        }
        Err(self.fault(line, "a quoted value has no end".to_owned()))
    }
}

/// White space that doesn't end a line.
fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> EnvFile {
        EnvFile::parse(Path::new(".env"), text.as_bytes()).unwrap()
    }

    #[track_caller]
    fn check(text: &str, expect: &[(&str, Option<&str>, usize)]) {
        let file = parse(text);
        let found: Vec<_> = file
            .entries()
            .iter()
            .map(|entry| (entry.key.as_str(), file.written(entry), entry.line))
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn keys_and_values_are_found_where_they_stand() {
        check(
            "# c\nA=1\n\nexport B = two words # c\r\nC: '#'\nD=\"x\\\"\ny\" # c\nE\nF=",
            &[
                ("A", Some("1"), 2),
                ("B", Some("two words"), 4),
                ("C", Some("'#'"), 5),
                ("D", Some("\"x\\\"\ny\""), 6),
                ("E", None, 8),
                ("F", Some(""), 9),
            ],
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_key() {
        check("\u{feff}A=1", &[("A", Some("1"), 1)]);
    }

    #[test]
    fn broken_files_say_where() {
        let fault = |text: &str| {
            let error = EnvFile::parse(Path::new(".env"), text.as_bytes()).unwrap_err();
            error.to_string()
        };
        assert_eq!(fault("A=1\nB C=2"), ".env:2: a key can't contain a space");
        assert_eq!(
            fault("A=1\nB$=2"),
            ".env:2: unexpected character `$` in a key"
        );
        assert_eq!(fault("A=1\nB='2\nC=3"), ".env:2: a quoted value has no end");
        let error = EnvFile::parse(Path::new(".env"), b"A=\xff").unwrap_err();
        assert_eq!(error.to_string(), ".env: not UTF-8 at byte 2");
    }
}
