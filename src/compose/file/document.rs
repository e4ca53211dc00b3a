//! A compose file as its author wrote it: the bytes, and one tree of spans over them.
//!
//! [`Document::parse`] is where everything begins: edits compute their splices against
//! it, the model reads its values from it. A document never changes; an edit gives new
//! bytes. Aliases and merge keys (`<<`) are looked through by [`Document::get`].

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::location::Location;
use super::strict::{self, Type};
use super::syntax::{Fault, NodeId, NodeKind, Style, Tree};
use crate::compose::error::Error;

/// A compose file of more bytes is refused unread; one of 3,000 services has some 500 KiB.
const LARGEST: usize = 4 << 20;

const BOM: &str = "\u{feff}";

/// A parsed compose file, of one or several YAML documents.
#[derive(Debug, Clone)]
pub struct Document {
    path: PathBuf,
    /// With the byte order mark, if there is one; spans count from behind it.
    source: String,
    tree: Tree,
}

impl Document {
    /// Parses the content of `path`, which is used in messages only.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::NotUtf8`], and [`Error::Syntax`] for what Compose rejects
    /// too: broken YAML, duplicate keys, keys that aren't strings.
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
        let text = source.strip_prefix(BOM).unwrap_or(source);
        let tree = Tree::parse(text)
            .and_then(|tree| strict::check(&tree).map(|()| tree))
            .map_err(|Fault { offset, reason }| Error::Syntax {
                at: Location::of(path, text, offset),
                reason,
            })?;
        Ok(Self {
            path: path.to_owned(),
            source: source.to_owned(),
            tree,
        })
    }

    /// The file's name, as it was given to [`Document::parse`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes that were parsed.
    pub fn bytes(&self) -> &[u8] {
        self.source.as_bytes()
    }

    /// Refuses what Compose wouldn't take for a compose file: an empty one, and one of which the
    /// root, `services`, `volumes` or `networks` isn't a mapping.
    ///
    /// # Errors
    /// [`Error::Syntax`].
    pub fn require_sections(&self) -> Result<(), Error> {
        let wrong = |at: Location, what: &str| {
            let reason = format!("{what} is not a mapping");
            Err(Error::Syntax { at, reason })
        };
        let roots = self.tree.roots.iter().copied();
        let mut roots = roots.filter(|root| !self.is_null(*root)).peekable();
        if roots.peek().is_none() {
            return Err(Error::Syntax {
                at: self.location(0),
                reason: "the file is empty".to_owned(),
            });
        }
        for root in roots {
            if !self.is_mapping(root) {
                return wrong(self.location_of(root), "the file");
            }
            for name in ["services", "volumes", "networks"] {
                let section = self.get(root, name).map(|entry| entry.value);
                let is_odd = |id: &NodeId| {
                    // `!reset []` takes a section away.
                    let is_tagged = self.tree.node(*id).tag.is_some();
                    !self.is_mapping(*id) && !self.is_null(*id) && !is_tagged
                };
                if let Some(id) = section.filter(is_odd) {
                    return wrong(self.location_of(id), &format!("`{name}`"));
                }
            }
        }
        Ok(())
    }

    fn is_mapping(&self, id: NodeId) -> bool {
        let node = self.tree.node(self.tree.resolve(id));
        matches!(node.kind, NodeKind::Mapping { .. })
    }

    fn is_null(&self, id: NodeId) -> bool {
        let scalar = self.tree.scalar(id);
        scalar.is_some_and(|(value, style)| {
            style == Style::Plain && strict::plain_type(value) == Type::Null
        })
    }

    /// True if it has a `services:` section, as compose files do.
    pub fn has_services(&self) -> bool {
        let mut roots = self.tree.roots.iter();
        roots.any(|root| self.get(*root, "services").is_some())
    }

    /// The files that it includes or that its services extend, as written, each with its
    /// place.
    pub fn files_named(&self) -> Vec<(String, Location)> {
        let mut found = Vec::new();
        let mut take = |id: NodeId| {
            if let Some((name, _)) = self.tree.scalar(id) {
                found.push((name.to_owned(), self.location_of(id)));
            }
        };
        for root in &self.tree.roots {
            let includes = self.get(*root, "include");
            for item in includes
                .iter()
                .flat_map(|entry| self.tree.items(entry.value))
            {
                match self.get(*item, "path") {
                    None => take(*item),
                    Some(path) => match self.tree.items(path.value) {
                        [] => take(path.value),
                        paths => paths.iter().copied().for_each(&mut take),
                    },
                }
            }
            let services = self.get(*root, "services");
            for service in services.iter().flat_map(|entry| self.all(entry.value)) {
                let extends = self.get(service.value, "extends");
                let file = extends.and_then(|entry| self.get(entry.value, "file"));
                if let Some(entry) = file {
                    take(entry.value);
                }
            }
        }
        found
    }

    /// The text that spans refer to: without a byte order mark.
    pub(crate) fn text(&self) -> &str {
        self.source.strip_prefix(BOM).unwrap_or(&self.source)
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> &str {
        self.text().get(range).unwrap_or_default()
    }

    pub(crate) fn location(&self, offset: usize) -> Location {
        let line = self.tree.line(offset);
        let start = self.tree.line_start(line);
        Location {
            path: self.path.clone(),
            line,
            column: self.slice(start..offset).chars().count() + 1,
        }
    }

    /// The place of a node's first byte.
    pub(crate) fn location_of(&self, id: NodeId) -> Location {
        self.location(self.tree.node(id).span.start)
    }

    /// The entry of `map` under `key`, and whether it stands there itself rather than
    /// being brought by a merge key.
    pub(crate) fn get(&self, map: NodeId, key: &str) -> Option<MapEntry> {
        self.all(map)
            .into_iter()
            .find(|entry| self.key(entry.key) == key)
    }

    /// All entries of `map`, its own first, then those that merge keys bring; the first
    /// of each key.
    pub(crate) fn all(&self, map: NodeId) -> Vec<MapEntry> {
        let mut walk = EntryWalk::default();
        self.visit(map, true, &mut walk);
        walk.found
    }

    /// The entries of a top-level section such as `volumes`, in all documents of the file.
    pub(crate) fn section(&self, name: &str) -> Vec<MapEntry> {
        let roots = self.tree.roots.iter();
        let sections = roots.filter_map(|root| self.get(*root, name));
        sections
            .flat_map(|section| self.all(section.value))
            .collect()
    }

    /// The value of a key that is a scalar; keys of other kinds are rejected on parsing.
    pub(crate) fn key(&self, key: NodeId) -> &str {
        self.tree.scalar(key).map_or("", |(value, _)| value)
    }

    fn visit<'a>(&'a self, map: NodeId, own: bool, walk: &mut EntryWalk<'a>) {
        // The first entry of a key wins, so a second visit could add nothing; and without
        // this, mappings that merge each other twice over would take forever.
        if !walk.visited.insert(self.tree.resolve(map)) {
            return;
        }
        let (merges, entries): (Vec<_>, Vec<_>) = self
            .tree
            .entries(map)
            .iter()
            .partition(|(key, _)| strict::is_merge(&self.tree, *key));
        for (key, value) in entries {
            if walk.seen.insert(self.key(key)) {
                walk.found.push(MapEntry { key, value, own });
            }
        }
        for (_, value) in merges {
            for merged in self.merged(value) {
                self.visit(merged, false, walk);
            }
        }
    }

    /// The mappings that a merge key's value names, the one that wins first.
    fn merged(&self, value: NodeId) -> Vec<NodeId> {
        match self.tree.items(value) {
            [] => vec![value],
            items => items.to_vec(),
        }
    }
}

/// What [`Document::visit`] remembers on its way.
#[derive(Default)]
struct EntryWalk<'a> {
    visited: HashSet<NodeId>,
    seen: HashSet<&'a str>,
    found: Vec<MapEntry>,
}

/// One entry of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MapEntry {
    pub(crate) key: NodeId,
    pub(crate) value: NodeId,
    /// False if a merge key brought it.
    pub(crate) own: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_too_large_to_be_a_compose_file_is_refused_by_its_size() {
        let bytes = vec![0xFF; LARGEST + 1];
        let error = Document::parse(Path::new("c.yml"), &bytes).unwrap_err();
        assert_eq!(error.to_string(), "c.yml: larger than 4 MiB");
        let error = Document::parse(Path::new("c.yml"), &bytes[1..]).unwrap_err();
        assert_eq!(error.to_string(), "c.yml: not UTF-8 at byte 0");
    }

    /// The scalars found at `keys` from the root of the first document.
    fn lookup<'a>(document: &'a Document, keys: &[&str]) -> Option<(&'a str, bool)> {
        let mut at = document.tree().roots[0];
        let mut own = true;
        for key in keys {
            let entry = document.get(at, key)?;
            (at, own) = (entry.value, entry.own);
        }
        Some((document.tree().scalar(at)?.0, own))
    }

    #[test]
    fn own_keys_win_over_merged_ones_wherever_they_stand() {
        let document = document("x: &x {a: 1, b: 2}\ny:\n  a: 3\n  <<: *x\n");
        assert_eq!(lookup(&document, &["y", "a"]), Some(("3", true)));
        assert_eq!(lookup(&document, &["y", "b"]), Some(("2", false)));
        assert_eq!(lookup(&document, &["y", "c"]), None);
    }

    #[test]
    fn the_first_of_several_merged_mappings_wins() {
        let document = document("x: &x {a: 1}\nz: &z {a: 2, c: 4}\ny: {<<: [*x, *z]}\n");
        assert_eq!(lookup(&document, &["y", "a"]), Some(("1", false)));
        assert_eq!(lookup(&document, &["y", "c"]), Some(("4", false)));
        let y = document.get(document.tree().roots[0], "y").unwrap();
        assert_eq!(document.all(y.value).len(), 2);
    }

    #[test]
    fn merges_nest() {
        let document = document("x: &x {a: 1}\nz: &z {<<: *x, b: 2}\ny: {<<: *z}\n");
        assert_eq!(lookup(&document, &["y", "a"]), Some(("1", false)));
    }

    #[test]
    fn a_byte_order_mark_is_kept_and_not_counted() {
        let document = document("\u{feff}a: 1\n");
        assert_eq!(document.bytes().len(), 8);
        assert_eq!(document.location_of(document.tree().roots[0]).column, 1);
        assert_eq!(document.location(5).to_string(), "c.yml:2:1");
        assert_eq!(document.location(4).to_string(), "c.yml:1:5");
        assert_eq!(lookup(&document, &["a"]), Some(("1", true)));
    }

    #[test]
    fn what_is_no_compose_file_is_refused_with_its_place() {
        let refused = |text: &str| {
            let error = document(text).require_sections();
            error.map_err(|error| error.to_string())
        };
        for (text, expect) in [
            ("", "c.yml:1:1: the file is empty"),
            ("# nothing\n", "c.yml:1:1: the file is empty"),
            ("---\n~\n", "c.yml:1:1: the file is empty"),
            ("- a\n", "c.yml:1:1: the file is not a mapping"),
            ("text", "c.yml:1:1: the file is not a mapping"),
            ("a: b\n---\n- c\n", "c.yml:3:1: the file is not a mapping"),
            (
                "volumes:\n  - db\n",
                "c.yml:2:3: `volumes` is not a mapping",
            ),
            ("services: web", "c.yml:1:11: `services` is not a mapping"),
        ] {
            assert_eq!(refused(text), Err(expect.to_owned()), "{text}");
        }
        for text in [
            "volumes:\n",
            "volumes: !reset []\n",
            "x: &x {a: {}}\nservices: *x\n",
            "<<: {services: {}}\n",
        ] {
            assert_eq!(refused(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn errors_name_file_line_and_column_and_quote_no_line() {
        let error = Document::parse(Path::new("c.yml"), b"a: secret\na: secret\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "c.yml:2:1: key `a` is already there on line 1"
        );
        let error = Document::parse(Path::new("c.yml"), b"a: [\n  \xff").unwrap_err();
        assert_eq!(error.to_string(), "c.yml: not UTF-8 at byte 7");
    }
}
