//! Two compose files of which the second must be the first with some changes, and nothing
//! else: neither a style, an anchor, a tag, an order nor a comment.

use std::ops::Range;

use super::meaning::YamlMeaning;
use super::node::{ChildNode, NodeAt, raw_children, same};
use super::op::{MergeOp, OpKind, Replacement};
use crate::compose::{Document, Node, NodeKind};

pub(super) struct MergeProof<'a, 'o> {
    pub(super) old: &'a Document,
    pub(super) new: &'o Document,
    pub(super) ops: &'o [MergeOp<'a>],
    /// The bytes that were replaced, in the old text.
    pub(super) old_ranges: Vec<Range<usize>>,
    /// The bytes that were put in, in the new text.
    pub(super) new_ranges: Vec<Range<usize>>,
}

/// What a child of the new file has to be.
enum ExpectedChild<'a, 'o> {
    /// The old one.
    Old(ChildNode<'a>),
    /// What was put in; with the old key if there was one.
    Replacement(&'o Replacement<'a>, Option<NodeAt<'a>>),
}

impl<'a> MergeProof<'a, '_> {
    pub(super) fn holds(&self) -> bool {
        let (old, new) = (self.old.tree(), self.new.tree());
        let at = |document, id| NodeAt { document, id };
        comments(self.old, &self.old_ranges) == comments(self.new, &self.new_ranges)
            && old.roots.len() == new.roots.len()
            && old
                .roots
                .iter()
                .zip(&new.roots)
                .all(|(a, b)| self.nodes(at(self.old, *a), at(self.new, *b)))
    }

    fn nodes(&self, old: NodeAt<'a>, new: NodeAt<'_>) -> bool {
        if !same_properties(old.node(), new.node()) {
            return false;
        }
        match (&old.node().kind, &new.node().kind) {
            (NodeKind::Scalar { .. }, NodeKind::Scalar { .. }) => {
                old.node().kind == new.node().kind
            }
            (NodeKind::Alias(_), NodeKind::Alias(_)) => old.source() == new.source(),
            (NodeKind::Mapping { .. }, NodeKind::Mapping { .. })
            | (NodeKind::Sequence { .. }, NodeKind::Sequence { .. }) => {
                let (expected, found) = (self.expected(old), raw_children(new));
                old.is_flow() == new.is_flow()
                    && expected.len() == found.len()
                    && expected
                        .iter()
                        .zip(&found)
                        .all(|(expected, found)| self.child(expected, found))
            }
            _ => false,
        }
    }

    /// The children that a node has to have, in their order.
    fn expected(&self, old: NodeAt<'a>) -> Vec<ExpectedChild<'a, '_>> {
        let here: Vec<_> = self
            .ops
            .iter()
            .filter(|op| op.parent.id == old.id)
            .collect();
        let children = raw_children(old);
        let last = children.last().map(|child| child.value.id);
        let mut expected = Vec::new();
        for child in children {
            let id = child.value.id;
            let mut own = Some(ExpectedChild::Old(child.clone()));
            let mut behind = Vec::new();
            for op in &here {
                match &op.act {
                    OpKind::Set(set, put) if set.value.id == id => {
                        own = Some(ExpectedChild::Replacement(put, child.key));
                    }
                    OpKind::Remove(removed) if removed.value.id == id => own = None,
                    OpKind::Insert(after, put)
                        if after.as_ref().map(|after| after.value.id).or(last) == Some(id) =>
                    {
                        behind.push(ExpectedChild::Replacement(put, None));
                    }
                    _ => {}
                }
            }
            expected.extend(own);
            expected.extend(behind);
        }
        if last.is_none() {
            expected.extend(here.iter().filter_map(|op| match &op.act {
                OpKind::Insert(_, put) => Some(ExpectedChild::Replacement(put, None)),
                _ => None,
            }));
        }
        expected
    }

    fn child(&self, expected: &ExpectedChild<'a, '_>, found: &ChildNode<'_>) -> bool {
        let text = found.value.scalar();
        let key = found.key.and_then(NodeAt::scalar);
        match expected {
            ExpectedChild::Old(old) => {
                let keys = match (old.key, found.key) {
                    (Some(old), Some(new)) => self.nodes(old, new),
                    (None, None) => true,
                    _ => false,
                };
                keys && self.nodes(old.value, found.value)
            }
            ExpectedChild::Replacement(Replacement::Text(value), old) => {
                text == Some(value) && old.is_none_or(|old| old.scalar() == key)
            }
            ExpectedChild::Replacement(Replacement::Like(mine), _) => {
                // Aliases of anchors that theirs has not are written out.
                let means = || Some(YamlMeaning::of(mine.value)? == YamlMeaning::of(found.value)?);
                mine.key.and_then(NodeAt::scalar) == key
                    && (same(mine.value, found.value) || means() == Some(true))
            }
            ExpectedChild::Replacement(Replacement::KeyValue(pair), _) => {
                match (key, &pair.value) {
                    (Some(key), Some(value)) => key == pair.key && text == Some(value),
                    (Some(key), None) => key == pair.key && found.value.is_null(),
                    (None, Some(value)) => text == Some(&format!("{}={value}", pair.key)),
                    (None, None) => text == Some(&pair.key),
                }
            }
        }
    }
}

fn same_properties(old: &Node, new: &Node) -> bool {
    let anchor = |node: &Node| node.anchor.as_ref().map(|(name, _)| name.clone());
    let tag = |node: &Node| node.tag.as_ref().map(|(tag, _)| tag.clone());
    anchor(old) == anchor(new) && tag(old) == tag(new)
}

/// The comments outside of some bytes.
fn comments(document: &Document, without: &[Range<usize>]) -> Vec<String> {
    let comments = document.tree().comments.iter();
    comments
        .filter(|comment| {
            let inside = |range: &Range<usize>| {
                range.start <= comment.start && comment.end <= range.end && !range.is_empty()
            };
            !without.iter().any(inside)
        })
        .map(|comment| document.slice(comment.clone()).to_owned())
        .collect()
}
