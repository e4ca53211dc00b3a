//! Edits of a `.env` file: values in their places and quotes, and nothing else moved. The result is
//! parsed again, and every other variable has to be written as before.

use std::collections::BTreeMap;
use std::ops::Range;

use super::document::{EnvEntry, EnvFile, Quote};
use super::error::Error;

/// What becomes of a variable's value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EnvEdit<'a> {
    /// It is this.
    Value(&'a str),
    /// Parts of its [template](EnvFile::template), in order, become other texts; the rest are
    /// variables.
    Parts(&'a [(Range<usize>, String)]),
}

impl EnvFile {
    /// The file with all the edits, each for its key. One after the other they would read a large file
    /// as often as there are edits; so they are made at once, and singly only where that doesn't
    /// come to what is meant: then the error tells of the first that can't be.
    ///
    /// # Errors
    /// [`Error::Unwritable`], as [`EnvFile::set`] has it.
    pub(crate) fn edited(&self, edits: &BTreeMap<&str, EnvEdit<'_>>) -> Result<Vec<u8>, Error> {
        if let Some(bytes) = self.edited_at_once(edits) {
            return Ok(bytes);
        }
        let mut file = self.clone();
        for (key, edit) in edits {
            let bytes = match edit {
                EnvEdit::Value(value) => file.set(key, value)?,
                EnvEdit::Parts(parts) => file
                    .replace_parts(key, parts)
                    .ok_or_else(|| file.unwritable(key, "it is made from other variables"))?,
            };
            file = Self::parse(&self.path, &bytes)?;
        }
        Ok(file.bytes().to_vec())
    }

    fn edited_at_once(&self, edits: &BTreeMap<&str, EnvEdit<'_>>) -> Option<Vec<u8>> {
        let (mut splices, mut added) = (Vec::new(), Vec::new());
        for (key, edit) in edits {
            match edit {
                EnvEdit::Value(_) if !is_name(key) => return None,
                EnvEdit::Value(value) => {
                    let entry = self.last(key);
                    let quote = entry.map_or(Quote::None, |entry| entry.quote);
                    let (_, written) = all_quoted(value, quote).next()?;
                    match entry.and_then(|entry| entry.value.clone()) {
                        Some(range) => splices.push((range, written)),
                        None => added.push((*key, written)),
                    }
                }
                EnvEdit::Parts(parts) => {
                    let start = self.start_of_template(self.last(key)?)?;
                    let parts = parts.iter();
                    splices.extend(parts.map(|(range, part)| {
                        (start + range.start..start + range.end, part.clone())
                    }));
                }
            }
        }
        splices.sort_by_key(|(range, _)| range.start);
        let (mut text, mut at) = (String::with_capacity(self.source.len()), 0);
        for (range, with) in splices {
            text.push_str(self.source.get(at..range.start)?);
            text.push_str(&with);
            at = range.end;
        }
        text.push_str(&self.source[at..]);
        for (key, written) in added {
            add_line(&mut text, key, &written);
        }
        let again = Self::parse(&self.path, text.as_bytes()).ok()?;
        let is_meant = edits.iter().all(|(key, edit)| match edit {
            EnvEdit::Value(value) => again.says(key, value),
            EnvEdit::Parts(parts) => again.has_parts(self, key, parts),
        });
        let is_other = |key: &str| !edits.contains_key(key);
        (is_meant && again.has_others_of(self, &is_other)).then(|| text.into_bytes())
    }

    fn unwritable(&self, key: &str, reason: &str) -> Error {
        Error::Unwritable {
            path: self.path.clone(),
            key: key.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// The file with `key` set to `value`: in its place with the same quotes where that can
    /// hold it, else on a new line at the end.
    ///
    /// # Errors
    /// [`Error::Unwritable`] if no quotes can hold the value, the key isn't one, or another variable
    /// would change with it.
    pub fn set(&self, key: &str, value: &str) -> Result<Vec<u8>, Error> {
        if !is_name(key) {
            return Err(self.unwritable(key, "it is not the name of a variable"));
        }
        let place = self
            .last(key)
            .and_then(|entry| Some((entry.value.clone()?, entry.quote)));
        let quote = place.as_ref().map_or(Quote::None, |(_, quote)| *quote);
        let range = place.map(|(range, _)| range);
        let mut reason = "no quotes can hold the value";
        for (_, written) in all_quoted(value, quote) {
            let text = self.with(key, range.clone(), &written);
            if Self::parse(&self.path, text.as_bytes()).is_ok_and(|again| {
                again.says(key, value) && again.has_others_of(self, &|other| other != key)
            }) {
                return Ok(text.into_bytes());
            }
            reason = "it or another variable would be read otherwise; is the last line complete?";
        }
        Err(self.unwritable(key, reason))
    }

    /// The text with `written` at `range`, or as the value of `key` on a line of its own at the end.
    fn with(&self, key: &str, range: Option<Range<usize>>, written: &str) -> String {
        let mut text = self.source.clone();
        if let Some(range) = range {
            text.replace_range(range, written);
            return text;
        }
        add_line(&mut text, key, written);
        text
    }

    /// True if `key` has `value`, without a variable in it.
    fn says(&self, key: &str, value: &str) -> bool {
        let entry = self.last(key);
        let written = entry.and_then(|entry| Some((entry, self.written(entry)?)));
        let found = written.map(|(entry, written)| self.value(entry, written, &|_| None));
        found.is_some_and(|found| found.is_ok_and(|found| found == value))
    }

    /// True if the template of `key` is that of the other file with parts of it replaced.
    fn has_parts(&self, other: &Self, key: &str, parts: &[(Range<usize>, String)]) -> bool {
        let template = |file: &Self| file.template(file.last(key)?);
        let Some(mut expect) = template(other) else {
            return false;
        };
        for (range, part) in parts.iter().rev() {
            expect.replace_range(range.clone(), part);
        }
        template(self) == Some(expect)
    }

    /// True if all variables that `is_other` is true for are written as in `other`.
    fn has_others_of(&self, other: &Self, is_other: &dyn Fn(&str) -> bool) -> bool {
        let others = |file: &Self| -> Vec<(String, Option<String>)> {
            let entries = file.entries.iter().filter(|entry| is_other(&entry.key));
            let written = |entry: &EnvEntry| file.written(entry).map(str::to_owned);
            entries
                .map(|entry| (entry.key.clone(), written(entry)))
                .collect()
        };
        others(self) == others(other)
    }

    /// The first byte of an entry's template in the file; None where escapes stand in the value.
    fn start_of_template(&self, entry: &EnvEntry) -> Option<usize> {
        let (written, template) = (self.written(entry)?, self.template(entry)?);
        let quotes = usize::from(entry.quote != Quote::None);
        let inside = written.get(quotes..written.len() - quotes)?;
        (inside == template).then_some(entry.value.as_ref()?.start + quotes)
    }

    /// The file with parts of a value replaced whose other parts are variables; the ranges are those
    /// of its [template](EnvFile::template), in order. None where escapes stand in the value, or
    /// it would be read otherwise.
    fn replace_parts(&self, key: &str, parts: &[(Range<usize>, String)]) -> Option<Vec<u8>> {
        let start = self.start_of_template(self.last(key)?)?;
        let mut text = self.source.clone();
        for (range, part) in parts.iter().rev() {
            text.replace_range(start + range.start..start + range.end, part);
        }
        let again = Self::parse(&self.path, text.as_bytes()).ok()?;
        let is_meant =
            again.has_parts(self, key, parts) && again.has_others_of(self, &|other| other != key);
        is_meant.then(|| text.into_bytes())
    }
}

/// True for what can be a variable's name.
fn is_name(key: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
    key.starts_with(|c: char| is_inner(c) && !c.is_ascii_digit()) && key.chars().all(is_inner)
}

/// Puts a variable on a line of its own at the end.
fn add_line(text: &mut String, key: &str, written: &str) {
    let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(eol);
    }
    for part in [key, "=", written, eol] {
        text.push_str(part);
    }
}

/// A value in all quotes that can hold it, beginning with those that it has.
fn all_quoted(value: &str, own: Quote) -> impl Iterator<Item = (Quote, String)> + '_ {
    let all = [own, Quote::Single, Quote::Double].into_iter();
    all.filter_map(|quote| Some((quote, quoted(value, quote)?)))
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parse(text: &str) -> EnvFile {
        EnvFile::parse(Path::new(".env"), text.as_bytes()).unwrap()
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

    /// What becomes of a file by edits at once, which is what it becomes by each alone.
    #[track_caller]
    fn check_edited(text: &str, edits: &[(&str, EnvEdit<'_>)], expect: Option<&str>) {
        let edits: BTreeMap<_, _> = edits.iter().copied().collect();
        let at_once = parse(text).edited_at_once(&edits);
        let at_once = at_once.map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(at_once.as_deref(), expect);
        let mut file = parse(text);
        for (key, edit) in &edits {
            let one = BTreeMap::from([(*key, *edit)]);
            if let Ok(bytes) = file.edited(&one) {
                file = EnvFile::parse(Path::new(".env"), &bytes).unwrap();
            }
        }
        if let Some(expect) = expect {
            assert_eq!(file.text(), expect);
        }
    }

    #[test]
    fn many_values_are_set_at_once_as_they_would_be_singly() {
        use EnvEdit::{Parts, Value};
        let part = [(5..7, "db-b".to_owned())];
        check_edited(
            "# c\nA=1 # c\nB='x'\nU=\"${A}@db/x\"\nEND=1",
            &[
                ("A", Value("2")),
                ("B", Value("it's")),
                ("U", Parts(&part)),
                ("W", Value("$w")),
                ("X", Value("y z")),
            ],
            Some("# c\nA=2 # c\nB=\"it's\"\nU=\"${A}@db-b/x\"\nEND=1\nW='$w'\nX=y z\n"),
        );
        check_edited("A=1\r\n", &[("B", Value("2"))], Some("A=1\r\nB=2\r\n"));
        check_edited("A=1\nA=2\n", &[("A", Value("3"))], Some("A=1\nA=3\n"));
        // Where one has to be done in another way, all are done singly.
        check_edited(
            "T=1 # c\nA=1\n",
            &[("A", Value("2")), ("T", Value(""))],
            None,
        );
        check_edited("A=1\nSECRET", &[("NEW", Value("1"))], None);
        check_edited(
            "U=\"\\\"db\"\n",
            &[("U", Parts(&[(1..3, "x".to_owned())]))],
            None,
        );
        check_edited("A=1\n", &[("1A", Value("x"))], None);
    }

    #[test]
    fn what_cannot_be_done_at_once_is_done_singly() {
        let edits = BTreeMap::from([("A", EnvEdit::Value("2")), ("T", EnvEdit::Value(""))]);
        let edited = parse("T=1 # c\nA=1\n").edited(&edits).unwrap();
        assert_eq!(String::from_utf8(edited).unwrap(), "T='' # c\nA=2\n");
        let edits = BTreeMap::from([("A", EnvEdit::Value("2")), ("NEW", EnvEdit::Value("1"))]);
        let error = parse("A=1\nSECRET").edited(&edits).unwrap_err();
        assert!(error.to_string().contains("`NEW`"), "{error}");
    }
}
