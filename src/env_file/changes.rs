//! How two `.env` files differ, by key.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::document::EnvFile;
use super::error::Error;

/// A key whose value differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvChange {
    /// The key.
    pub key: String,
    /// Its value in the first file; absent if it isn't there.
    pub from: Option<String>,
    /// Its value in the second file; absent if it isn't there.
    pub to: Option<String>,
    /// The line that it stands on in the first, from 1.
    pub from_line: Option<usize>,
    /// The line that it stands on in the second, from 1.
    pub to_line: Option<usize>,
}

/// The keys that differ, in alphabetical order. Comments, quotes and the order of the keys
/// don't count; a key that stands there without a value has the empty one.
///
/// # Errors
/// [`Error::Interpolate`] for a value that can't be resolved.
pub fn env_changes(first: &EnvFile, second: &EnvFile) -> Result<Vec<EnvChange>, Error> {
    let values = |file: &EnvFile| -> Result<BTreeMap<String, String>, Error> {
        let mut values = file.values(&|_| None)?;
        for entry in file.entries() {
            values.entry(entry.key.clone()).or_default();
        }
        Ok(values)
    };
    let (a, b) = (values(first)?, values(second)?);
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let line = |file: &EnvFile, key: &str| file.last(key).map(|entry| entry.line);
    let changes = keys.into_iter().filter(|key| a.get(*key) != b.get(*key));
    Ok(changes
        .map(|key| EnvChange {
            key: key.clone(),
            from: a.get(key).cloned(),
            to: b.get(key).cloned(),
            from_line: line(first, key),
            to_line: line(second, key),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn keys_are_compared_by_what_their_values_come_to() {
        let parse = |text: &str| EnvFile::parse(Path::new(".env"), text.as_bytes()).unwrap();
        let first = parse("# c\nSAME='x'\nTAG=v1\nGONE=1\nBASE=1\nMADE=$BASE.2\n");
        let second = parse("export SAME=x # d\nBASE=2\nMADE=$BASE.2\nTAG=v2\nNEW=\n");
        let changes = env_changes(&first, &second).unwrap();
        let found: Vec<_> = changes
            .iter()
            .map(|c| (c.key.as_str(), c.from.as_deref(), c.to.as_deref()))
            .collect();
        assert_eq!(
            found,
            [
                ("BASE", Some("1"), Some("2")),
                ("GONE", Some("1"), None),
                ("MADE", Some("1.2"), Some("2.2")),
                ("NEW", None, Some("")),
                ("TAG", Some("v1"), Some("v2")),
            ]
        );
        assert_eq!(
            (changes[4].from_line, changes[4].to_line),
            (Some(3), Some(4))
        );
    }
}
