//! What a node means once aliases are followed and merge keys are resolved, whatever it is written
//! like.

use std::collections::BTreeMap;

use super::node::NodeAt;
use crate::compose::{Document, NodeKind};

/// Nodes that are looked at at most: aliases of aliases can stand for any number of them.
const MOST: usize = 200_000;

/// A value without its style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum YamlMeaning {
    Scalar(String),
    Null,
    List(Vec<Self>),
    Map(BTreeMap<String, Self>),
    /// With a tag, which may change what it means.
    Tagged(String, Box<Self>),
}

impl YamlMeaning {
    /// What a node means; nothing for one that is larger than any compose file, or that holds itself.
    pub(super) fn of(at: NodeAt<'_>) -> Option<Self> {
        Self::within(at, &mut MOST.clone())
    }

    /// What a whole file means.
    pub(super) fn of_file(document: &Document) -> Option<Self> {
        let id = *document.tree().roots.first()?;
        Self::of(NodeAt { document, id })
    }

    fn within(at: NodeAt<'_>, left: &mut usize) -> Option<Self> {
        *left = left.checked_sub(1)?;
        let value = match &at.node().kind {
            NodeKind::Scalar { .. } if at.is_null() => Self::Null,
            NodeKind::Scalar { value, .. } => Self::Scalar(value.clone()),
            NodeKind::Alias(target) => return Self::within(at.with(*target), left),
            NodeKind::Sequence { items, .. } => {
                let items = items.iter().map(|item| Self::within(at.with(*item), left));
                Self::List(items.collect::<Option<_>>()?)
            }
            NodeKind::Mapping { entries, .. } => {
                let (mut own, mut merged) = (BTreeMap::new(), Vec::new());
                for (key, value) in entries {
                    let value = Self::within(at.with(*value), left)?;
                    match at.with(*key).scalar()? {
                        "<<" => merged.push(value),
                        key => {
                            own.insert(key.to_owned(), value);
                        }
                    }
                }
                for value in merged {
                    value.merge_into(&mut own);
                }
                Self::Map(own)
            }
        };
        Some(match &at.node().tag {
            Some((tag, _)) => Self::Tagged(tag.clone(), Box::new(value)),
            None => value,
        })
    }

    /// What a merge key brings, where there is no such key yet.
    fn merge_into(self, own: &mut BTreeMap<String, Self>) {
        match self {
            Self::Map(entries) => {
                for (key, value) in entries {
                    own.entry(key).or_insert(value);
                }
            }
            Self::List(items) => items.into_iter().for_each(|item| item.merge_into(own)),
            _ => {}
        }
    }
}

/// True if `result` has what each of both sides changed against `base`, and nothing else: the proof of a
/// merge by whoever made it.
pub(super) fn has_both(
    base: Option<&YamlMeaning>,
    mine: Option<&YamlMeaning>,
    theirs: Option<&YamlMeaning>,
    result: Option<&YamlMeaning>,
) -> bool {
    if mine == theirs || theirs == base {
        return result == mine;
    }
    if mine == base {
        return result == theirs;
    }
    let empty = BTreeMap::new();
    match (base, mine, theirs, result) {
        (
            None | Some(YamlMeaning::Map(_)),
            Some(YamlMeaning::Map(m)),
            Some(YamlMeaning::Map(t)),
            Some(YamlMeaning::Map(r)),
        ) => {
            let b = match base {
                Some(YamlMeaning::Map(b)) => b,
                _ => &empty,
            };
            let mut keys = b.keys().chain(m.keys()).chain(t.keys()).chain(r.keys());
            keys.all(|key| has_both(b.get(key), m.get(key), t.get(key), r.get(key)))
        }
        (
            None | Some(YamlMeaning::List(_)),
            Some(YamlMeaning::List(m)),
            Some(YamlMeaning::List(t)),
            Some(YamlMeaning::List(r)),
        ) => {
            let b = match base {
                Some(YamlMeaning::List(b)) => b.as_slice(),
                _ => &[],
            };
            have_both_items([b, m, t, r])
        }
        _ => false,
    }
}

/// The same for the items of lists, whatever their order.
fn have_both_items([base, mine, theirs, result]: [&[YamlMeaning]; 4]) -> bool {
    let mut all = base.iter().chain(mine).chain(theirs).chain(result);
    all.all(|item| {
        let count = |list: &[YamlMeaning]| list.iter().filter(|other| *other == item).count();
        let (b, m, t) = (count(base), count(mine), count(theirs));
        let wanted = if m == b { t } else { m };
        (m == t || m == b || t == b) && count(result) == wanted
    })
}
