//! The lossless reading of a `.env` file, by the rules of Compose's own parser
//! (compose-go's `dotenv`): `KEY=value` or `KEY: value`, `export`, quotes over lines,
//! comments behind ` #`, keys without a value.

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
    source: String,
    entries: Vec<EnvEntry>,
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
        Ok(Self {
            path: path.to_owned(),
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
        self.entries.iter().rev().find(|entry| entry.key == key)
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

    /// The file with `key` set to `value`: in its place with the same quotes where that can
    /// hold it, else on a new line at the end.
    ///
    /// # Errors
    /// [`Error::Unwritable`] if no quotes can hold the value, the key isn't one, or another variable
    /// would change with it.
    pub fn set(&self, key: &str, value: &str) -> Result<Vec<u8>, Error> {
        let unwritable = |reason: &str| Error::Unwritable {
            path: self.path.clone(),
            key: key.to_owned(),
            reason: reason.to_owned(),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let begins = |c: char| is_name(c) && !c.is_ascii_digit();
        if !key.starts_with(begins) || !key.chars().all(is_name) {
            return Err(unwritable("it is not the name of a variable"));
        }
        let place = self
            .last(key)
            .and_then(|entry| Some((entry.value.clone()?, entry.quote)));
        let quote = place.as_ref().map_or(Quote::None, |(_, quote)| *quote);
        let range = place.map(|(range, _)| range);
        let mut reason = "no quotes can hold the value";
        for quote in [quote, Quote::Single, Quote::Double] {
            let Some(written) = quoted(value, quote) else {
                continue;
            };
            let text = self.with(key, range.clone(), &written);
            if Self::parse(&self.path, text.as_bytes())
                .is_ok_and(|again| again.says(key, value) && again.has_others_of(self, key))
            {
                return Ok(text.into_bytes());
            }
            reason = "it or another variable would be read otherwise; is the last line complete?";
        }
        Err(unwritable(reason))
    }

    /// The text with `written` at `range`, or as the value of `key` on a line of its own at the end.
    fn with(&self, key: &str, range: Option<Range<usize>>, written: &str) -> String {
        let mut text = self.source.clone();
        if let Some(range) = range {
            text.replace_range(range, written);
            return text;
        }
        let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str(eol);
        }
        for part in [key, "=", written, eol] {
            text.push_str(part);
        }
        text
    }

    /// True if `key` has `value`, without a variable in it.
    fn says(&self, key: &str, value: &str) -> bool {
        let entry = self.last(key);
        let written = entry.and_then(|entry| Some((entry, self.written(entry)?)));
        let found = written.map(|(entry, written)| self.value(entry, written, &|_| None));
        found.is_some_and(|found| found.is_ok_and(|found| found == value))
    }

    /// True if all variables but `key` are written as in `other`.
    pub(super) fn has_others_of(&self, other: &Self, key: &str) -> bool {
        let others = |file: &Self| -> Vec<(String, Option<String>)> {
            let entries = file.entries.iter().filter(|entry| entry.key != key);
            let written = |entry: &EnvEntry| file.written(entry).map(str::to_owned);
            entries
                .map(|entry| (entry.key.clone(), written(entry)))
                .collect()
        };
        others(self) == others(other)
    }
}

/// A value in these quotes, if they can hold it and mean it literally.
fn quoted(value: &str, quote: Quote) -> Option<String> {
    match quote {
        Quote::None => {
            let plain = !value.contains(['\n', '\r', '$'])
                && !value.contains(" #")
                && !value.starts_with(['"', '\'', '#'])
                && value.trim() == value;
            plain.then(|| value.to_owned())
        }
        Quote::Single => (!value.contains(['\'', '\\', '\r'])).then(|| format!("'{value}'")),
        Quote::Double => {
            let escaped = value
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('$', "\\$");
            (!value.contains(['\\', '\r'])).then(|| format!("\"{escaped}\""))
        }
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

    #[track_caller]
    fn check_set(text: &str, key: &str, value: &str, expect: &str) {
        let edited = parse(text).set(key, value).unwrap();
        assert_eq!(String::from_utf8(edited.clone()).unwrap(), expect);
        let values = EnvFile::parse(Path::new(".env"), &edited)
            .unwrap()
            .values(&|_| None)
            .unwrap();
        assert_eq!(values.get(key).map(String::as_str), Some(value));
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

    #[test]
    fn a_value_is_set_in_its_place_and_quotes() {
        check_set("A=1 # c\nT=15\nB=2", "T", "16", "A=1 # c\nT=16\nB=2");
        check_set("T = '15' # c\r\n", "T", "16", "T = '16' # c\r\n");
        check_set("export T=\"15\"\n", "T", "16", "export T=\"16\"\n");
    }

    #[test]
    fn the_last_of_two_entries_is_the_one_that_counts() {
        check_set("T=1\nT=2\n", "T", "3", "T=1\nT=3\n");
    }

    #[test]
    fn a_new_key_goes_on_a_line_of_its_own() {
        check_set("A=1", "T", "16", "A=1\nT=16\n");
        check_set("A=1\r\n", "T", "16", "A=1\r\nT=16\r\n");
        check_set("", "T", "16", "T=16\n");
    }

    #[test]
    fn values_that_need_quotes_get_them() {
        check_set("", "T", "a #b", "T='a #b'\n");
        check_set("", "T", "$x", "T='$x'\n");
        check_set("T=1\n", "T", "it's #1", "T=\"it's #1\"\n");
        check_set("T='1'\n", "T", "it's $1", "T=\"it's \\$1\"\n");
    }

    #[test]
    fn a_value_that_would_let_a_comment_become_one_is_quoted() {
        check_set("T=1 # c\n", "T", "", "T='' # c\n");
        check_set("T= # c\n", "T", "", "T= \n");
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        for (key, value) in [("", "x"), ("1A", "x"), ("A B", "x"), ("A", "a\r\\'b")] {
            assert!(parse("").set(key, value).is_err(), "{key}={value}");
        }
    }

    #[test]
    fn a_last_word_without_an_end_isnt_made_a_variable_by_a_line_after_it() {
        for text in ["A=1\nSECRET", "\nz b"] {
            assert!(parse(text).set("NEW", "1").is_err(), "{text}");
        }
        check_set("A=1\nSECRET", "A", "2", "A=2\nSECRET");
        check_set("A=1\nSECRET\n", "NEW", "1", "A=1\nSECRET\nNEW=1\n");
    }
}
