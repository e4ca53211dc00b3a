//! A type's name stands once in the crate, so that a search for it finds one thing.

#![expect(clippy::unwrap_used, reason = "tests may fail anywhere")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Names that stand more than once, each with its reason.
const SEVERAL: [(&str, &str); 1] = [(
    "Error",
    "a room's errors, always written with the room: `tree::Error`, `compose::Error`",
)];

/// The sources, without their tests.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let entries = walkdir::WalkDir::new(&root).sort_by_file_name();
    let paths = entries.into_iter().map(|entry| entry.unwrap().into_path());
    let paths = paths.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let code = paths.filter(|path| !path.ends_with("tests.rs"));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let end = text.find("\n#[cfg(test)]\nmod tests {");
        let text = text[..end.unwrap_or(text.len())].to_owned();
        (path.strip_prefix(&root).unwrap().to_owned(), text)
    };
    code.map(read).collect()
}

/// The type that a line declares. An associated type, which is indented, is none.
fn declared(line: &str) -> Option<&str> {
    let line = match line.split_once("pub(") {
        Some((_, rest)) => rest.split_once(") ")?.1,
        None => line.strip_prefix("pub ").unwrap_or(line),
    };
    let (kind, rest) = line.trim_start().split_once(' ')?;
    let is_type = match kind {
        "struct" | "enum" | "trait" | "union" => true,
        "type" => line.starts_with("type "),
        _ => false,
    };
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    is_type.then(|| &rest[..end.unwrap_or(rest.len())])
}

#[test]
fn a_types_name_stands_once_in_the_crate() {
    let sources = sources();
    let mut places: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
    for (path, text) in &sources {
        for name in text.lines().filter_map(declared) {
            places.entry(name).or_default().push(path);
        }
    }
    assert!(places.len() > 300, "the search finds hardly anything");
    for (name, reason) in SEVERAL {
        let times = places.remove(name).map_or(0, |places| places.len());
        assert!(
            times > 1,
            "`{name}` stands once, and needs no reason: {reason}"
        );
    }
    places.retain(|_, places| places.len() > 1);
    assert!(places.is_empty(), "these stand more than once: {places:#?}");
}

#[test]
fn declarations_are_found_however_visible_they_are() {
    for (line, expect) in [
        ("struct A;", Some("A")),
        ("pub enum B<'a> {", Some("B")),
        ("pub(crate) struct C(u8);", Some("C")),
        ("    pub(in crate::cli) struct D {", Some("D")),
        ("    struct Local {", Some("Local")),
        ("type E = u8;", Some("E")),
        ("    type Item = u8;", None),
        ("    structure: u8,", None),
        ("/// A struct of bytes", None),
    ] {
        assert_eq!(declared(line), expect, "{line}");
    }
}
