//! How a top-level volume's or network's `name:` is written: as the file's author might have, in the block below
//! the key, after a comment on the key's line, or behind the `{`.
//!
//! This only finds the splice; what else would change is for the edit's proof to say.

use std::collections::HashSet;
use std::ops::Range;

use crate::compose::file::document::{Document, MapEntry};
use crate::compose::file::edit::Intent;
use crate::compose::file::rewrite::{plain_or_quoted, rewrite};
use crate::compose::file::syntax::{NodeId, NodeKind, Style};

/// A splice, and what it is for.
pub(crate) struct NameEdit {
    pub(crate) node: NodeId,
    pub(crate) intent: Intent,
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

/// A volume or network in its document, about to get a name. Reasons for refusal are
/// clauses.
pub(crate) struct NamePosition<'a> {
    pub(crate) document: &'a Document,
    /// Every volume or network below the same top-level key, this one among them.
    pub(crate) siblings: &'a Siblings,
    /// Its entry there.
    pub(crate) item: MapEntry,
    /// Its `name:`, if it has one, its own or merged.
    pub(crate) name: Option<MapEntry>,
}

/// All that stand in a top-level section, looked up once for the whole file.
pub(crate) struct Siblings {
    entries: Vec<MapEntry>,
    /// The keys of those that stand in a flow mapping.
    in_flow: HashSet<NodeId>,
}

impl Siblings {
    pub(crate) fn of(document: &Document, section: &str) -> Self {
        let tree = document.tree();
        let flows = tree.roots.iter().filter_map(|root| {
            let map = document.get(*root, section)?.value;
            let kind = &tree.node(tree.resolve(map)).kind;
            matches!(kind, NodeKind::Mapping { flow: true, .. }).then_some(map)
        });
        Self {
            entries: document.section(section),
            in_flow: flows
                .flat_map(|map| tree.entries(map).iter().map(|(key, _)| *key))
                .collect(),
        }
    }
}

impl NamePosition<'_> {
    /// The edit that names it.
    pub(crate) fn set(&self, name: &str) -> Result<NameEdit, String> {
        self.check()?;
        match self.name {
            Some(entry) if entry.own && !self.is_alias() => self.replace(entry, name),
            _ => self.insert(name),
        }
    }

    fn is_alias(&self) -> bool {
        let kind = &self.document.tree().node(self.item.value).kind;
        matches!(kind, NodeKind::Alias(_))
    }

    fn check(&self) -> Result<(), String> {
        let tree = self.document.tree();
        let node = tree.node(self.item.value);
        if !self.item.own {
            return Err("it comes from a merge key".to_owned());
        }
        if let Some((tag, _)) = &node.tag {
            return Err(format!("it has the tag `{tag}`"));
        }
        // Others that are aliases of this one get names of their own, which win.
        let siblings = &self.siblings.entries;
        let is_sibling = |alias: &NodeId| siblings.iter().any(|entry| entry.value == *alias);
        match tree
            .aliases(self.item.value)
            .find(|alias| !is_sibling(alias))
        {
            Some(alias) => Err(format!(
                "line {} shares it by an alias",
                self.document.location_of(alias).line
            )),
            None => Ok(()),
        }
    }

    /// Writes `name` over the value of the `name:` that the volume or network has of its own.
    fn replace(&self, entry: MapEntry, name: &str) -> Result<NameEdit, String> {
        let tree = self.document.tree();
        let node = tree.node(entry.value);
        if tree.aliases(entry.value).next().is_some() {
            return Err("its name is shared by an alias".to_owned());
        }
        let (range, text) = match &node.kind {
            NodeKind::Alias(_) => (node.span.clone(), plain_or_quoted(name)),
            NodeKind::Scalar { .. } if node.span.is_empty() || node.tag.is_some() => {
                return Err("its `name:` is empty or tagged".to_owned());
            }
            _ => rewrite(self.document, entry.value, name)
                .ok_or("its `name:` is written over several lines")?,
        };
        Ok(NameEdit {
            node: entry.value,
            intent: Intent::Scalar(name.to_owned()),
            range,
            text,
        })
    }

    fn insert(&self, name: &str) -> Result<NameEdit, String> {
        let id = self.item.value;
        let node = self.document.tree().node(id);
        match &node.kind {
            NodeKind::Alias(_) => Ok(self.merge_alias(name)),
            NodeKind::Mapping { flow: true, .. } => Ok(self.insert_in_flow(name)),
            NodeKind::Mapping { flow: false, .. } => self.insert_in_block(name),
            NodeKind::Scalar { value, style } if *style == Style::Plain && is_null(value) => {
                if !node.span.is_empty() {
                    Ok(self.become_flow(node.span.clone(), "", name))
                } else if self.is_in_flow() {
                    Ok(self.fill_flow_gap(name))
                } else {
                    self.insert_below_key(name)
                }
            }
            _ => Err("it is neither empty nor a mapping".to_owned()),
        }
    }

    /// `db: *v` becomes `db: {<<: *v, name: x}`.
    fn merge_alias(&self, name: &str) -> NameEdit {
        let id = self.item.value;
        let tree = self.document.tree();
        let span = tree.node(id).span.clone();
        let alias = self.document.slice(span.clone());
        let merging = matches!(tree.node(tree.resolve(id)).kind, NodeKind::Mapping { .. });
        let entry = self.entry(name);
        let text = if merging {
            format!("{{<<: {alias}, {entry}}}")
        } else {
            format!("{{{entry}}}")
        };
        let intent = Intent::Mapping {
            key: "name",
            value: name.to_owned(),
            merging,
        };
        NameEdit {
            node: id,
            intent,
            range: span,
            text,
        }
    }

    /// `{}`, `{ driver: local }`, over lines or not.
    fn insert_in_flow(&self, name: &str) -> NameEdit {
        let id = self.item.value;
        let node = self.document.tree().node(id);
        let brace = node.span.start + 1;
        let entry = self.entry(name);
        let first = self.document.tree().entries(id).first();
        let (at, text) = match first {
            None => {
                let inside = self.document.slice(brace..node.span.end - 1);
                let is_blank = !inside.is_empty() && inside.trim_matches(' ').is_empty();
                let space = if is_blank { " " } else { "" };
                (brace, format!("{space}{entry}"))
            }
            Some((key, _)) => {
                let first = self.start(*key);
                let gap = self.document.slice(brace..first);
                match gap.find('\n') {
                    // A line of its own, in front of comments that belong to the first.
                    Some(newline) => {
                        let column = first - self.line_start(first);
                        let eol = self.eol();
                        (
                            brace + newline + 1,
                            format!("{}{entry},{eol}", " ".repeat(column)),
                        )
                    }
                    None => (first, format!("{entry}, ")),
                }
            }
        };
        NameEdit {
            node: id,
            intent: one_more(name),
            range: at..at,
            text,
        }
    }

    /// The line goes right behind the key's, so that comments above the first entry stay
    /// with it.
    fn insert_in_block(&self, name: &str) -> Result<NameEdit, String> {
        let id = self.item.value;
        let tree = self.document.tree();
        let Some((key, _)) = tree.entries(id).first() else {
            return Err("its block is empty".to_owned());
        };
        let first = self.start(*key);
        let line = self.line_start(first);
        let indent = self.document.slice(line..first);
        if !indent.bytes().all(|byte| byte == b' ') {
            return Err("its first entry does not begin a line".to_owned());
        }
        let key_line_end = self.line_end(tree.node(self.item.key).span.end);
        let anchor_end = tree
            .node(id)
            .anchor
            .as_ref()
            .map_or(0, |(_, span)| span.end);
        let at = if anchor_end > key_line_end {
            line
        } else {
            self.next_line(key_line_end)
        };
        Ok(NameEdit {
            node: id,
            intent: one_more(name),
            range: at..at,
            text: format!("{indent}{}{}", self.entry(name), self.eol()),
        })
    }

    /// `db:` alone on its line, perhaps with a comment.
    fn insert_below_key(&self, name: &str) -> Result<NameEdit, String> {
        let tree = self.document.tree();
        let key = tree.node(self.item.key);
        let line = self.line_start(key.span.start);
        let indent = self.document.slice(line..key.span.start);
        if !indent.bytes().all(|byte| byte == b' ') {
            return Err("its key does not begin a line".to_owned());
        }
        let at = self.line_end(key.span.end);
        if self.next_colon(key.span.end).is_none_or(|colon| colon > at) {
            return Err("its key has no `:`".to_owned());
        }
        let step = " ".repeat(self.step(indent.len()));
        let entry = self.entry(name);
        let text = format!("{}{indent}{step}{entry}", self.eol());
        Ok(NameEdit {
            intent: become_mapping(name),
            node: self.item.value,
            range: at..at,
            text,
        })
    }

    /// `{db: , e}`: nothing, or not even a colon, stands behind the key.
    fn fill_flow_gap(&self, name: &str) -> NameEdit {
        let key_end = self.document.tree().node(self.item.key).span.end;
        let (at, before) = match self.next_colon(key_end) {
            Some(colon) if self.document.slice(colon + 1..colon + 2) == " " => (colon + 2, ""),
            Some(colon) => (colon + 1, " "),
            None => (key_end, ": "),
        };
        self.become_flow(at..at, before, name)
    }

    fn become_flow(&self, range: Range<usize>, before: &str, name: &str) -> NameEdit {
        NameEdit {
            node: self.item.value,
            intent: become_mapping(name),
            range,
            text: format!("{before}{{{}}}", self.entry(name)),
        }
    }

    /// `name: x`, quoted as JSON where the file is JSON.
    fn entry(&self, name: &str) -> String {
        let key = self.document.tree().node(self.item.key);
        let quoted = matches!(
            key.kind,
            NodeKind::Scalar {
                style: Style::Double,
                ..
            }
        );
        if quoted && self.is_in_flow() {
            format!("\"name\": \"{name}\"")
        } else {
            format!("name: {}", plain_or_quoted(name))
        }
    }

    /// True if the entry stands in a flow mapping.
    fn is_in_flow(&self) -> bool {
        self.siblings.in_flow.contains(&self.item.key)
    }

    /// The colon behind a key, if it is the next thing.
    fn next_colon(&self, from: usize) -> Option<usize> {
        let rest = &self.document.text()[from..];
        let gap = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        rest[gap..].starts_with(':').then_some(from + gap)
    }

    /// How much deeper than `indent` the file's blocks stand: as the first block of a
    /// sibling does, or as the siblings' keys themselves.
    fn step(&self, indent: usize) -> usize {
        let tree = self.document.tree();
        let sibling = self.siblings.entries.iter().find_map(|sibling| {
            let NodeKind::Mapping {
                flow: false,
                entries,
            } = &tree.node(sibling.value).kind
            else {
                return None;
            };
            let first = self.start(entries.first()?.0);
            (first - self.line_start(first)).checked_sub(indent)
        });
        sibling.filter(|step| *step > 0).unwrap_or(match indent {
            0 => 2,
            indent => indent,
        })
    }

    fn start(&self, id: NodeId) -> usize {
        let node = self.document.tree().node(id);
        let starts = [&node.anchor, &node.tag]
            .into_iter()
            .flatten()
            .map(|(_, span)| span.start);
        starts.fold(node.span.start, usize::min)
    }

    fn line_start(&self, offset: usize) -> usize {
        let before = &self.document.text()[..offset];
        before.rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// The end of the line's text, in front of its line break.
    fn line_end(&self, offset: usize) -> usize {
        let rest = &self.document.text()[offset..];
        let line = rest.split('\n').next().unwrap_or_default();
        offset + line.strip_suffix('\r').unwrap_or(line).len()
    }

    fn next_line(&self, offset: usize) -> usize {
        let rest = &self.document.text()[offset..];
        rest.find('\n')
            .map_or(self.document.text().len(), |newline| offset + newline + 1)
    }

    fn eol(&self) -> &'static str {
        let text = self.document.text();
        match text.find('\n') {
            Some(newline) if text[..newline].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }
}

fn become_mapping(name: &str) -> Intent {
    Intent::Mapping {
        key: "name",
        value: name.to_owned(),
        merging: false,
    }
}

fn one_more(name: &str) -> Intent {
    Intent::MapEntry {
        key: "name",
        value: name.to_owned(),
    }
}

fn is_null(value: &str) -> bool {
    matches!(value, "" | "~" | "null" | "Null" | "NULL")
}
