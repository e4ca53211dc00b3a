//! How an edit is made and proven: disjoint splices against one parsed document, applied
//! at once, and then both texts walked in parallel. Whatever differs beyond what the edit
//! declared — a value, a style, an anchor, a tag, a comment, the order of anything —
//! refuses it. No edit is made on a text that was edited before.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::document::Document;
use super::location::Location;
use super::strict::{self, Type};
use super::syntax::{Node, NodeId, NodeKind, Style};
use crate::compose::error::Error;

/// A compose file after an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The new content; equal to the old where nothing was to change.
    pub bytes: Vec<u8>,
    /// One entry for each value that was given another text, in the order of the file.
    pub changes: Vec<Change>,
    /// What was left alone or changes besides, for the user to know; in the order in which it was met.
    pub warnings: Vec<Warning>,
}

/// One value that an edit changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where the value stands, which may be an anchor elsewhere in the file.
    pub at: Location,
    /// The keys that lead to it: `["services", "web", "image"]`.
    pub key: Vec<String>,
    /// The value before, as written but for quotes; absent if there was none.
    pub from: Option<String>,
    /// The value after.
    pub to: String,
    /// Other services that change with it, because they share the value by an anchor.
    pub affects: Vec<String>,
}

/// Something to know about an edit, at a place in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The place in the file that the warning is about.
    pub at: Location,
    /// One sentence, lower case, without a full stop.
    pub message: String,
}

/// What is told of a value that changes: all of it, or, where a password might stand in it, the
/// words that differ.
pub(crate) fn told(from: &str, to: &str) -> (String, String) {
    let may_hold_secrets = |text: &str| {
        text.contains(['@', ';', '=', ' ', '\n', '\t', '"', '\'', ',', '|', '&'])
            || text.contains("://")
    };
    if !may_hold_secrets(from) && !may_hold_secrets(to) {
        return (from.to_owned(), to.to_owned());
    }
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let same = |a: &mut dyn Iterator<Item = char>, b: &mut dyn Iterator<Item = char>| {
        a.zip(b)
            .take_while(|(a, b)| a == b)
            .map(|(a, _)| a.len_utf8())
            .sum::<usize>()
    };
    let before = same(&mut from.chars(), &mut to.chars());
    let start = from[..before].trim_end_matches(is_word).len();
    let (from, to) = (&from[start..], &to[start..]);
    let after = same(&mut from.chars().rev(), &mut to.chars().rev());
    let kept = after.min(from.len()).min(to.len());
    let tail = &from[from.len() - kept..];
    let kept = tail.trim_start_matches(is_word).len();
    (
        from[..from.len() - kept].to_owned(),
        to[..to.len() - kept].to_owned(),
    )
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

/// What an edit means to do with one node, by which its result is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Intent {
    /// The node is a scalar with this value.
    Scalar(String),
    /// The mapping has one more entry.
    MapEntry { key: &'static str, value: String },
    /// In the node's place stands a mapping with this entry alone, or with a merge key
    /// whose value is the node before it.
    Mapping {
        key: &'static str,
        value: String,
        merging: bool,
    },
}

/// An edit in the making.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    document: &'a Document,
    splices: Vec<(Range<usize>, String)>,
    intents: HashMap<NodeId, Intent>,
    pub(crate) changes: Vec<Change>,
    pub(crate) warnings: Vec<Warning>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(document: &'a Document) -> Self {
        Self {
            document,
            splices: Vec::new(),
            intents: HashMap::new(),
            changes: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The change of a node that was drafted before, if there was one.
    pub(crate) fn intent(&self, node: NodeId) -> Option<&Intent> {
        self.intents.get(&node)
    }

    /// Replaces the bytes of `range` by `text`, for the sake of `intent`.
    pub(crate) fn splice(
        &mut self,
        node: NodeId,
        intent: Intent,
        range: Range<usize>,
        text: String,
    ) {
        self.intents.insert(node, intent);
        self.splices.push((range, text));
    }

    pub(crate) fn warn(&mut self, at: Location, message: String) {
        self.warnings.push(Warning { at, message });
    }

    /// Applies the splices and proves the result.
    pub(crate) fn finish(mut self) -> Result<Edited, Error> {
        self.splices
            .sort_by_key(|(range, _)| (range.start, range.end));
        self.changes.sort_by(|a, b| a.at.cmp(&b.at));
        let overlap = self
            .splices
            .windows(2)
            .find(|pair| pair[0].0.end > pair[1].0.start);
        if let Some(pair) = overlap {
            return Err(self.refusal(pair[1].0.start, "two changes overlap here"));
        }
        let bytes = self.applied();
        if !self.splices.is_empty() {
            let edited = Document::parse(self.document.path(), &bytes)
                .map_err(|_| self.refusal_at_first_splice("it would no longer parse"))?;
            let proof = EditProof {
                old: self.document,
                new: &edited,
                intents: &self.intents,
            };
            proof
                .check()
                .map_err(|offset| self.refusal(offset, "more would change than was asked for"))?;
        }
        Ok(Edited {
            bytes,
            changes: self.changes,
            warnings: self.warnings,
        })
    }

    fn applied(&self) -> Vec<u8> {
        let text = self.document.text();
        let source = self.document.bytes();
        let mut bytes = source[..source.len() - text.len()].to_vec();
        let mut at = 0;
        for (range, with) in &self.splices {
            bytes.extend_from_slice(&text.as_bytes()[at..range.start]);
            bytes.extend_from_slice(with.as_bytes());
            at = range.end;
        }
        bytes.extend_from_slice(&text.as_bytes()[at..]);
        bytes
    }

    fn refusal_at_first_splice(&self, reason: &str) -> Error {
        self.refusal(
            self.splices.first().map_or(0, |(range, _)| range.start),
            reason,
        )
    }

    fn refusal(&self, offset: usize, reason: &str) -> Error {
        Error::Unsafe {
            at: self.document.location(offset),
            reason: format!("the edit is refused: {reason}"),
            remedy: "edit this place by hand".to_owned(),
        }
    }
}

/// Two documents that must differ in nothing but the intents. An error is the offset in
/// the old text of the first difference.
struct EditProof<'a> {
    old: &'a Document,
    new: &'a Document,
    intents: &'a HashMap<NodeId, Intent>,
}

impl EditProof<'_> {
    fn check(&self) -> Result<(), usize> {
        let (old, new) = (self.old.tree(), self.new.tree());
        if old.roots.len() != new.roots.len() || !self.comments_are_equal() {
            return Err(0);
        }
        for (old, new) in old.roots.iter().zip(&new.roots) {
            self.nodes(*old, *new)?;
        }
        Ok(())
    }

    fn comments_are_equal(&self) -> bool {
        let texts = |document: &Document| -> Vec<String> {
            let comments = document.tree().comments.iter();
            comments
                .map(|range| document.slice(range.clone()).to_owned())
                .collect()
        };
        texts(self.old) == texts(self.new)
    }

    fn nodes(&self, old_id: NodeId, new_id: NodeId) -> Result<(), usize> {
        let (old, new) = (self.old.tree().node(old_id), self.new.tree().node(new_id));
        let intent = self.intents.get(&old_id);
        let same = match intent {
            Some(Intent::Scalar(value)) => {
                self.is_string(new_id, value) || self.is_number_as_before(old_id, new_id, value)
            }
            Some(Intent::Mapping {
                key,
                value,
                merging,
            }) => self.is_mapping(old, new, key, value, *merging),
            Some(Intent::MapEntry { key, value }) => {
                return self.collections(old, new, Some((key, value)));
            }
            None => return self.collections(old, new, None),
        };
        let same_properties = same_tag(old, new) && same_anchor(old, new);
        if same && (same_properties || matches!(old.kind, NodeKind::Alias(_))) {
            Ok(())
        } else {
            Err(old.span.start)
        }
    }

    fn is_string(&self, id: NodeId, expect: &str) -> bool {
        let node = self.new.tree().node(id);
        let NodeKind::Scalar { value, style } = &node.kind else {
            return false;
        };
        let tag = node.tag.as_ref().map(|(tag, _)| tag.as_str());
        value == expect && strict::scalar_type(value, *style, tag) == Type::String
    }

    /// A port may be a number where it was one.
    fn is_number_as_before(&self, old: NodeId, new: NodeId, expect: &str) -> bool {
        let kind = |document: &Document, id: NodeId| {
            let (value, style) = document.tree().scalar(id)?;
            (style == Style::Plain).then(|| (strict::plain_type(value), value.to_owned()))
        };
        matches!(
            (kind(self.old, old), kind(self.new, new)),
            (Some((Type::Int, _)), Some((Type::Int, value))) if value == expect
        )
    }

    fn is_mapping(&self, old: &Node, new: &Node, key: &str, expect: &str, merging: bool) -> bool {
        let NodeKind::Mapping { entries, .. } = &new.kind else {
            return false;
        };
        let is_entry =
            |(k, v): &(NodeId, NodeId)| self.is_string(*k, key) && self.is_string(*v, expect);
        match (entries.as_slice(), merging) {
            ([entry], false) => is_entry(entry),
            ([(merge, value), entry], true) => {
                let tree = self.new.tree();
                strict::is_merge(tree, *merge)
                    && self.new.slice(tree.node(*value).span.clone())
                        == self.old.slice(old.span.clone())
                    && is_entry(entry)
            }
            _ => false,
        }
    }

    /// Compares two nodes and what is below them; `added` may be in the new mapping only.
    fn collections(
        &self,
        old: &Node,
        new: &Node,
        added: Option<(&str, &str)>,
    ) -> Result<(), usize> {
        let differ = Err(old.span.start);
        if !same_tag(old, new) || !same_anchor(old, new) {
            return differ;
        }
        match (&old.kind, &new.kind) {
            (NodeKind::Scalar { .. }, NodeKind::Scalar { .. }) if old.kind == new.kind => Ok(()),
            (NodeKind::Alias(_), NodeKind::Alias(_))
                if self.old.slice(old.span.clone()) == self.new.slice(new.span.clone()) =>
            {
                Ok(())
            }
            (
                NodeKind::Sequence { flow, items },
                NodeKind::Sequence {
                    flow: new_flow,
                    items: new_items,
                },
            ) if flow == new_flow && items.len() == new_items.len() => items
                .iter()
                .zip(new_items)
                .try_for_each(|(old, new)| self.nodes(*old, *new)),
            (
                NodeKind::Mapping { flow, entries },
                NodeKind::Mapping {
                    flow: new_flow,
                    entries: new_entries,
                },
            ) if flow == new_flow => self
                .without_added(new_entries, added)
                .filter(|rest| rest.len() == entries.len())
                .ok_or(old.span.start)
                .and_then(|rest| {
                    entries.iter().zip(rest).try_for_each(|(old, new)| {
                        self.nodes(old.0, new.0)?;
                        self.nodes(old.1, new.1)
                    })
                }),
            _ => differ,
        }
    }

    /// The new mapping's entries but for the one that was to be added, which must be there
    /// once.
    fn without_added(
        &self,
        entries: &[(NodeId, NodeId)],
        added: Option<(&str, &str)>,
    ) -> Option<Vec<(NodeId, NodeId)>> {
        let Some((key, value)) = added else {
            return Some(entries.to_vec());
        };
        let is_added =
            |(k, v): &(NodeId, NodeId)| self.is_string(*k, key) && self.is_string(*v, value);
        let (added, rest): (Vec<_>, Vec<_>) = entries.iter().copied().partition(is_added);
        (added.len() == 1).then_some(rest)
    }
}

fn same_tag(old: &Node, new: &Node) -> bool {
    let tag = |node: &Node| node.tag.as_ref().map(|(tag, _)| tag.clone());
    tag(old) == tag(new)
}

fn same_anchor(old: &Node, new: &Node) -> bool {
    let name = |node: &Node| node.anchor.as_ref().map(|(name, _)| name.clone());
    name(old) == name(new)
}

#[cfg(test)]
mod tests;
