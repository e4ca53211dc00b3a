//! What the values of a `.env` file come to: escapes in double quotes, variables outside
//! of single ones.

use std::collections::BTreeMap;

use super::document::{EnvEntry, EnvFile, Quote};
use super::error::Error;
use crate::compose::{Lookup, interpolate};

/// The bytes that all values may come to: variables that double each other would fill the
/// memory.
const LARGEST: usize = 16 << 20;

impl EnvFile {
    /// The values by key. Variables come from `outer`, which is the environment, and then
    /// from the keys above; a key alone has its value from `outer` or none.
    ///
    /// # Errors
    /// [`Error::Interpolate`] for the first value whose variables can't be resolved;
    /// [`Error::TooLarge`] if they make too much of the file.
    pub fn values(&self, outer: &Lookup<'_>) -> Result<BTreeMap<String, String>, Error> {
        let mut values: BTreeMap<String, String> = BTreeMap::new();
        let mut size = 0;
        for entry in self.entries() {
            let value = match self.written(entry) {
                None => outer(&entry.key),
                Some(written) => Some(self.value(entry, written, &|name| {
                    outer(name).or_else(|| values.get(name).cloned())
                })?),
            };
            if let Some(value) = value {
                size += value.len();
                if size > LARGEST {
                    return Err(Error::TooLarge {
                        path: self.path().to_owned(),
                        most: LARGEST >> 20,
                    });
                }
                values.insert(entry.key.clone(), value);
            }
        }
        Ok(values)
    }

    /// What an entry's value is before its variables are resolved, as a template whatever its
    /// quotes: entries with equal templates mean the same. None for a key alone.
    pub(crate) fn template(&self, entry: &EnvEntry) -> Option<String> {
        let written = self.written(entry)?;
        Some(match entry.quote {
            Quote::Single => unescape_quote(inside(written), '\'').replace('$', "$$"),
            Quote::Double => unescape(&unescape_quote(inside(written), '"')),
            Quote::None => written.to_owned(),
        })
    }

    pub(super) fn value(
        &self,
        entry: &EnvEntry,
        written: &str,
        lookup: &Lookup<'_>,
    ) -> Result<String, Error> {
        let template = match entry.quote {
            Quote::Single => return Ok(unescape_quote(inside(written), '\'')),
            Quote::Double => unescape(&unescape_quote(inside(written), '"')),
            Quote::None => written.to_owned(),
        };
        interpolate(&template, lookup).map_err(|source| Error::Interpolate {
            path: self.path.clone(),
            line: entry.line,
            key: entry.key.clone(),
            source,
        })
    }
}

fn inside(quoted: &str) -> &str {
    quoted.get(1..quoted.len() - 1).unwrap_or_default()
}

/// A backslash before the quotes' own character stands for that; other escapes stay.
fn unescape_quote(text: &str, mark: char) -> String {
    let mut value = String::with_capacity(text.len());
    let mut escaped = false;
    for c in text.chars() {
        if escaped {
            if c != mark {
                value.push('\\');
            }
            value.push(c);
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else {
            value.push(c);
        }
    }
    value
}

/// The escapes that Compose knows in double quotes: those of C for one character, `\$`,
/// and `\0` with up to three octal digits. Others stay as they are.
fn unescape(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (replacement, length) = match rest.chars().next() {
            Some('a') => ("\u{7}".to_owned(), 1),
            Some('b') => ("\u{8}".to_owned(), 1),
            Some('f') => ("\u{c}".to_owned(), 1),
            Some('n') => ("\n".to_owned(), 1),
            Some('r') => ("\r".to_owned(), 1),
            Some('t') => ("\t".to_owned(), 1),
            Some('v') => ("\u{b}".to_owned(), 1),
            Some('\\') => ("\\".to_owned(), 1),
            Some('"') => ("\"".to_owned(), 1),
            // The interpolation that follows makes one `$` of it.
            Some('$') => ("$$".to_owned(), 1),
            Some('0') => octal(rest),
            _ => ("\\".to_owned(), 0),
        };
        value.push_str(&replacement);
        rest = &rest[length..];
    }
    value.push_str(rest);
    value
}

/// `0` and three octal digits, which Compose wants all of: it drops the `0` of fewer, or of
/// others.
fn octal(rest: &str) -> (String, usize) {
    let digits = rest[1..]
        .bytes()
        .take(3)
        .take_while(u8::is_ascii_digit)
        .count();
    let code = u8::from_str_radix(&rest[1..=digits], 8).ok();
    match code.filter(|_| digits == 3) {
        Some(code) => (char::from(code).to_string(), digits + 1),
        None => (format!("\\{}", &rest[1..=digits]), digits + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(&str, &str)]) {
        let file = EnvFile::parse(Path::new(".env"), text.as_bytes()).unwrap();
        let outer = |name: &str| (name == "OUT").then(|| "outer".to_owned());
        let found = file.values(&outer).unwrap();
        let expect: BTreeMap<String, String> = expect
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn variables_that_double_each_other_end_at_a_limit() {
        let mut text = "A0=0123456789\n".to_owned();
        for n in 1..40 {
            text += &format!("A{n}=$A{0}$A{0}\n", n - 1);
        }
        let file = EnvFile::parse(Path::new(".env"), text.as_bytes()).unwrap();
        assert!(file.values(&|_| None).is_err());
        let many = format!("A={}\n{}", "x".repeat(1 << 20), "B=1\nA=$A\n".repeat(20));
        let file = EnvFile::parse(Path::new(".env"), many.as_bytes()).unwrap();
        let error = file.values(&|_| None).unwrap_err();
        assert_eq!(error.to_string(), ".env: larger than 16 MiB");
    }

    #[test]
    fn variables_come_from_outside_and_from_above() {
        check(
            "A=1\nB=${A}2$OUT\nC='${A}'\nD=\"${X:-d}\"\nOUT=inner\nE=$OUT",
            &[
                ("A", "1"),
                ("B", "12outer"),
                ("C", "${A}"),
                ("D", "d"),
                ("OUT", "inner"),
                ("E", "outer"),
            ],
        );
    }

    #[test]
    fn escapes_count_in_double_quotes_only() {
        check(
            r#"A="x\ty\\n\"z\"\$A\x"
B='x\ty\'z'
C=x\ty"#,
            &[("A", "x\ty\\n\"z\"$A\\x"), ("B", "x\\ty'z"), ("C", "x\\ty")],
        );
    }

    #[test]
    fn a_key_alone_has_its_value_from_outside() {
        check("OUT\nNOT\n", &[("OUT", "outer")]);
    }

    #[test]
    fn a_value_that_cannot_be_resolved_names_its_line() {
        let file = EnvFile::parse(Path::new(".env"), b"A=1\nB=${X:?no}\n").unwrap();
        let error = file.values(&|_| None).unwrap_err();
        assert_eq!(
            error.to_string(),
            ".env:2: the value of `B` can't be resolved"
        );
    }
}
