//! Places in a compose file as its author wrote them (aliases and merge keys are leaves), and
//! what makes two of them the same: keys by name, ports by the container's port, mounts by
//! their target, variables by their key whether they stand in a list or in a mapping.

use std::collections::HashMap;

use super::super::outcome::SourceLine;
use crate::compose::{Document, Node, NodeId, NodeKind, Style, Type, plain_type};

/// A node in its document.
#[derive(Clone, Copy)]
pub(super) struct NodeAt<'a> {
    pub(super) document: &'a Document,
    pub(super) id: NodeId,
}

/// An entry of a mapping or an item of a list.
#[derive(Clone)]
pub(super) struct ChildNode<'a> {
    /// What it is matched by in the other versions: a key, a port, a mount's target or a text.
    pub(super) name: String,
    /// None for an item.
    pub(super) key: Option<NodeAt<'a>>,
    pub(super) value: NodeAt<'a>,
    /// For `KEY=value` and `KEY: value` alike.
    pub(super) pair: Option<KeyValue>,
}

/// A variable, label or argument, in whichever form it is written.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct KeyValue {
    pub(super) key: String,
    /// None for a key alone.
    pub(super) value: Option<String>,
}

impl<'a> NodeAt<'a> {
    pub(super) fn node(self) -> &'a Node {
        self.document.tree().node(self.id)
    }

    pub(super) fn with(self, id: NodeId) -> Self {
        Self { id, ..self }
    }

    /// The text of a scalar that stands here itself.
    pub(super) fn scalar(self) -> Option<&'a str> {
        match &self.node().kind {
            NodeKind::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    pub(super) fn is_null(self) -> bool {
        let NodeKind::Scalar { value, style } = &self.node().kind else {
            return false;
        };
        *style == Style::Plain && plain_type(value) == Type::Null
    }

    pub(super) fn is_flow(self) -> bool {
        matches!(
            self.node().kind,
            NodeKind::Mapping { flow: true, .. } | NodeKind::Sequence { flow: true, .. }
        )
    }

    pub(super) fn is_list(self) -> bool {
        matches!(self.node().kind, NodeKind::Sequence { .. })
    }

    pub(super) fn source(self) -> &'a str {
        self.document.slice(self.node().span.clone())
    }

    fn tag(self) -> Option<&'a str> {
        self.node().tag.as_ref().map(|(tag, _)| tag.as_str())
    }

    pub(super) fn anchor(self) -> Option<&'a str> {
        self.node().anchor.as_ref().map(|(name, _)| name.as_str())
    }

    /// The node and all below it, aliases not followed.
    pub(super) fn below(self) -> Vec<NodeAt<'a>> {
        let mut found = vec![self];
        match &self.node().kind {
            NodeKind::Mapping { entries, .. } => {
                for (key, value) in entries {
                    found.extend(self.with(*key).below());
                    found.extend(self.with(*value).below());
                }
            }
            NodeKind::Sequence { items, .. } => {
                found.extend(items.iter().flat_map(|item| self.with(*item).below()));
            }
            _ => {}
        }
        found
    }
}

/// True if two nodes say the same, in whatever style; the order of keys says nothing.
pub(super) fn same(one: NodeAt<'_>, other: NodeAt<'_>) -> bool {
    if one.tag() != other.tag() {
        return false;
    }
    match (&one.node().kind, &other.node().kind) {
        (NodeKind::Scalar { value: a, .. }, NodeKind::Scalar { value: b, .. }) => {
            (one.is_null() && other.is_null()) || (a == b && one.is_null() == other.is_null())
        }
        (NodeKind::Sequence { items: a, .. }, NodeKind::Sequence { items: b, .. }) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| same(one.with(*a), other.with(*b)))
        }
        (NodeKind::Mapping { entries: a, .. }, NodeKind::Mapping { entries: b, .. }) => {
            let keys: HashMap<_, _> = b
                .iter()
                .filter_map(|(key, value)| Some((other.with(*key).scalar()?, *value)))
                .collect();
            let found = |(key, value): &(NodeId, NodeId)| {
                let key = one.with(*key).scalar()?;
                Some(same(one.with(*value), other.with(*keys.get(key)?)))
            };
            a.len() == b.len() && a.iter().all(|entry| found(entry) == Some(true))
        }
        (NodeKind::Alias(a), NodeKind::Alias(b)) => {
            one.with(*a).anchor() == other.with(*b).anchor()
        }
        _ => false,
    }
}

impl<'a> ChildNode<'a> {
    /// True if two children of the same name say the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (&self.pair, &other.pair) {
            (Some(one), Some(other)) => one == other,
            _ => same(self.value, other.value),
        }
    }

    /// The node that it begins with.
    pub(super) fn first(&self) -> NodeAt<'a> {
        self.key.unwrap_or(self.value)
    }

    pub(super) fn place(&self) -> SourceLine {
        let at = self.first();
        let location = at.document.location_of(at.id);
        let value = match &self.pair {
            Some(pair) => pair.value.clone().unwrap_or_default(),
            None => self.value.source().trim().to_owned(),
        };
        SourceLine {
            path: location.path,
            line: location.line,
            value,
        }
    }
}

/// What the items of a list are the same by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Items {
    /// Their order means something: the list is one value.
    Whole,
    Pairs,
    Ports,
    Mounts,
    Texts,
}

fn rule(path: &[String]) -> Items {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let ["services", _, rest @ ..] = path.as_slice() else {
        return match path.as_slice() {
            [.., "labels"] => Items::Pairs,
            _ => Items::Texts,
        };
    };
    match rest {
        ["command" | "entrypoint"] | ["healthcheck", "test"] => Items::Whole,
        ["environment" | "labels" | "annotations" | "sysctls"]
        | ["build", "args" | "labels"]
        | ["deploy", "labels"] => Items::Pairs,
        ["ports"] => Items::Ports,
        ["volumes" | "devices"] => Items::Mounts,
        _ => Items::Texts,
    }
}

/// What is in a mapping or in a list whose items have names; None for what is one value.
pub(super) fn children<'a>(at: NodeAt<'a>, path: &[String]) -> Option<Vec<ChildNode<'a>>> {
    siblings([Some(at)], path).map(|[children]| children)
}

/// The same for the versions of one place, under names that fit all of them; what isn't there
/// has none.
pub(super) fn siblings<'a, const N: usize>(
    versions: [Option<NodeAt<'a>>; N],
    path: &[String],
) -> Option<[Vec<ChildNode<'a>>; N]> {
    let mut all = Vec::new();
    for version in versions {
        all.push(match version {
            Some(at) => named(at, path)?,
            None => Vec::new(),
        });
    }
    if !all.iter().all(|list| are_told_apart(list)) {
        if all.iter().flatten().any(|child| child.key.is_some()) {
            return None;
        }
        for item in all.iter_mut().flatten() {
            full_text(item).clone_into(&mut item.name);
        }
        if !all.iter().all(|list| are_told_apart(list)) {
            return None;
        }
    }
    all.try_into().ok()
}

fn are_told_apart(list: &[ChildNode<'_>]) -> bool {
    let mut names: Vec<_> = list.iter().map(|child| &child.name).collect();
    names.sort();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

/// What an item is named by where less would name two.
fn full_text<'a>(item: &ChildNode<'a>) -> &'a str {
    let text = item.value.scalar();
    text.unwrap_or_else(|| item.value.source().trim())
}

fn named<'a>(at: NodeAt<'a>, path: &[String]) -> Option<Vec<ChildNode<'a>>> {
    let rule = rule(path);
    match &at.node().kind {
        NodeKind::Mapping { entries, .. } => entries
            .iter()
            .map(|(key, value)| {
                let (key, value) = (at.with(*key), at.with(*value));
                let name = key.scalar()?.to_owned();
                let text = value.scalar().filter(|_| !value.is_null());
                let is_pair = rule == Items::Pairs && value.scalar().is_some();
                let pair = is_pair.then(|| KeyValue {
                    key: name.clone(),
                    value: text.map(str::to_owned),
                });
                Some(ChildNode {
                    name,
                    key: Some(key),
                    value,
                    pair,
                })
            })
            .collect(),
        NodeKind::Sequence { items, .. } if rule != Items::Whole => {
            items.iter().map(|id| item(at.with(*id), rule)).collect()
        }
        _ => None,
    }
}

fn item(value: NodeAt<'_>, rule: Items) -> Option<ChildNode<'_>> {
    let mut pair = None;
    let name = match rule {
        Items::Pairs => {
            let text = value.scalar()?;
            let (key, rest) = match text.split_once('=') {
                Some((key, rest)) => (key, Some(rest.to_owned())),
                None => (text, None),
            };
            pair = Some(KeyValue {
                key: key.to_owned(),
                value: rest,
            });
            key.to_owned()
        }
        Items::Ports => port(value)?,
        Items::Mounts => match value.scalar() {
            Some(text) => {
                let parts = parts(text);
                parts.get(1).or(parts.first()).copied()?.to_owned()
            }
            None => field(value, "target")?.to_owned(),
        },
        Items::Texts | Items::Whole => value.scalar()?.to_owned(),
    };
    Some(ChildNode {
        name,
        key: None,
        value,
        pair,
    })
}

/// The container's port, with its protocol where that isn't TCP.
fn port(value: NodeAt<'_>) -> Option<String> {
    if let Some(text) = value.scalar() {
        return parts(text).last().map(|part| (*part).to_owned());
    }
    let target = field(value, "target")?;
    Some(match field(value, "protocol") {
        None | Some("tcp") => target.to_owned(),
        Some(other) => format!("{target}/{other}"),
    })
}

fn field<'a>(at: NodeAt<'a>, key: &str) -> Option<&'a str> {
    let NodeKind::Mapping { entries, .. } = &at.node().kind else {
        return None;
    };
    let entry = entries
        .iter()
        .find(|(name, _)| at.with(*name).scalar() == Some(key))?;
    at.with(entry.1).scalar()
}

/// The parts of a short syntax between its colons, those within `${...}` and `[...]` not
/// counted.
fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0_usize, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found
}

/// The children as they are written, under whatever names.
pub(super) fn raw_children(parent: NodeAt<'_>) -> Vec<ChildNode<'_>> {
    let child = |key: Option<NodeAt<'_>>, value| ChildNode {
        name: String::new(),
        key: key.map(|key| parent.with(key.id)),
        value,
        pair: None,
    };
    match &parent.node().kind {
        NodeKind::Mapping { entries, .. } => entries
            .iter()
            .map(|(key, value)| child(Some(parent.with(*key)), parent.with(*value)))
            .collect(),
        NodeKind::Sequence { items, .. } => items
            .iter()
            .map(|item| child(None, parent.with(*item)))
            .collect(),
        _ => Vec::new(),
    }
}
