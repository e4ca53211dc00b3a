//! What was changed in THEIRS as a file of its own, to be laid over it by Compose.
//!
//! Compose adds the items of lists up. So a list of which an item was changed or removed is
//! given whole, with `!override`; what was removed from a mapping is `!reset`.

use super::node::{ChildNode, NodeAt, children};
use super::render::{self, WrittenOut};
use super::root;
use super::walk::{ChangeKind, ChangedPath};
use crate::compose::{Document, NodeKind, plain_or_quoted};

/// The file in the making.
pub(super) enum Overlay {
    Map(Vec<(String, Overlay)>),
    /// Items that are added to a list, or a value on one line.
    Items(Vec<String>),
    Value(String),
}

impl Overlay {
    /// The changes, with the values of the merged file.
    pub(super) fn of(changes: &[ChangedPath], merged: &Document) -> Self {
        let mut overlay = Self::Map(Vec::new());
        for change in changes {
            if let Some(root) = root(merged) {
                overlay.add(change, &change.parent, root);
                for parent in shared(change, root) {
                    overlay.add(change, &parent, root);
                }
            }
        }
        overlay
    }

    /// The file's text; None if nothing was changed.
    pub(super) fn text(&self) -> Option<Vec<u8>> {
        match self {
            Self::Map(entries) if entries.is_empty() => None,
            _ => {
                let mut text = String::new();
                self.write(0, &mut text);
                Some(text.into_bytes())
            }
        }
    }

    /// A change, at the place where it stands or at one that shares it.
    fn add(&mut self, change: &ChangedPath, parent: &[String], root: NodeAt<'_>) {
        let mut at = root;
        for (depth, key) in change.parent.iter().enumerate() {
            let inside = children(at, &change.parent[..depth]).unwrap_or_default();
            match inside.into_iter().find(|child| child.name == *key) {
                Some(child) => at = child.value,
                None => return,
            }
        }
        let children = children(at, &change.parent).unwrap_or_default();
        let child = children.into_iter().find(|child| child.name == change.name);
        if at.is_list() {
            self.add_item(change, parent, at, child.as_ref());
        } else if change.how == ChangeKind::Removed {
            self.put(parent, &change.name, Self::Value("!reset null".to_owned()));
        } else if let Some(child) = child {
            let value = Self::Value(render::flow(child.value, false, WrittenOut::All));
            self.put(parent, &change.name, value);
        }
    }

    fn add_item(
        &mut self,
        change: &ChangedPath,
        parent: &[String],
        list: NodeAt<'_>,
        item: Option<&ChildNode<'_>>,
    ) {
        let Some((name, parent)) = parent.split_last() else {
            return;
        };
        let whole = || {
            Self::Value(format!(
                "!override {}",
                render::flow(list, false, WrittenOut::All)
            ))
        };
        match (change.how, item) {
            (ChangeKind::Inserted, Some(item)) => {
                let text = render::flow(item.value, false, WrittenOut::All);
                match self.entry(parent, name) {
                    Some(Self::Items(items)) => items.push(text),
                    Some(_) => {}
                    None => self.put(parent, name, Self::Items(vec![text])),
                }
            }
            _ => self.put(parent, name, whole()),
        }
    }

    fn entry(&mut self, parent: &[String], name: &str) -> Option<&mut Self> {
        let mut at = self;
        for key in parent.iter().map(String::as_str).chain([name]) {
            let Self::Map(entries) = at else {
                return None;
            };
            at = &mut entries.iter_mut().find(|(other, _)| other == key)?.1;
        }
        Some(at)
    }

    fn put(&mut self, parent: &[String], name: &str, value: Self) {
        let mut at = self;
        for key in parent {
            at = match at {
                Self::Map(entries) => {
                    let index = entries.iter().position(|(other, _)| other == key);
                    let index = index.unwrap_or_else(|| {
                        entries.push((key.clone(), Self::Map(Vec::new())));
                        entries.len() - 1
                    });
                    &mut entries[index].1
                }
                _ => return,
            };
        }
        if let Self::Map(entries) = at {
            entries.retain(|(other, _)| other != name);
            entries.push((name.to_owned(), value));
        }
    }

    fn write(&self, indent: usize, text: &mut String) {
        let space = " ".repeat(indent);
        match self {
            Self::Map(entries) => {
                for (key, value) in entries {
                    *text += &format!("{space}{}:", plain_or_quoted(key));
                    if let Self::Value(value) = value {
                        *text += &format!(" {value}\n");
                    } else {
                        text.push('\n');
                        value.write(indent + 2, text);
                    }
                }
            }
            Self::Items(items) => {
                for item in items {
                    *text += &format!("{space}- {item}\n");
                }
            }
            Self::Value(value) => *text += value,
        }
    }
}

/// The parents of a change at every other place that has it by an alias or a merge key. Compose
/// resolves both before it lays a file over another, so that what is changed where it is
/// written changes nothing else.
fn shared(change: &ChangedPath, root: NodeAt<'_>) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for depth in 1..=change.parent.len() {
        let (above, below) = change.parent.split_at(depth);
        let Some(at) = find(root, above) else {
            break;
        };
        for mut place in aliases(root, at, &mut Vec::new()) {
            if place.last().is_some_and(|key| key == "<<") {
                place.pop();
                let first = below.first().unwrap_or(&change.name);
                let own = find(root, &place).and_then(|at| children(at, &place));
                // A key of its own wins over a merged one.
                if own.is_some_and(|own| own.iter().any(|child| child.name == *first)) {
                    continue;
                }
            }
            place.extend_from_slice(below);
            found.push(place);
        }
    }
    found
}

/// The node at a path that no alias is on.
fn find<'a>(root: NodeAt<'a>, path: &[String]) -> Option<NodeAt<'a>> {
    let mut at = root;
    for (depth, key) in path.iter().enumerate() {
        let inside = children(at, &path[..depth])?;
        at = inside.into_iter().find(|child| child.name == *key)?.value;
    }
    Some(at)
}

/// The paths of the aliases of a node.
fn aliases(at: NodeAt<'_>, target: NodeAt<'_>, path: &mut Vec<String>) -> Vec<Vec<String>> {
    if matches!(at.node().kind, NodeKind::Alias(id) if id == target.id) {
        return vec![path.clone()];
    }
    let mut found = Vec::new();
    for child in children(at, path).unwrap_or_default() {
        path.push(child.name);
        found.extend(aliases(child.value, target, path));
        path.pop();
    }
    found
}
