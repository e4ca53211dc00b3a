//! Changes of a compose file as splices of its text, which are proved by reading the result
//! again.

use std::ops::Range;

use super::node::{ChildNode, NodeAt, raw_children};
use super::op::{MergeOp, OpKind, Replacement};
use super::proof::MergeProof;
use super::render::{self, WrittenOut};
use crate::compose::{Document, NodeId, NodeKind, Style, Type, plain_type, rewrite};

/// A change that couldn't be made: why, as a clause.
pub(super) type Refusal = String;

/// Splices that belong to changes.
pub(super) struct Edits<'a> {
    document: &'a Document,
    /// The comments of BASE, which are not MINE's to carry.
    base_comments: Vec<String>,
    pub(super) ops: Vec<MergeOp<'a>>,
}

impl<'a> Edits<'a> {
    pub(super) fn new(document: &'a Document, base_comments: Vec<String>) -> Self {
        Self {
            document,
            base_comments,
            ops: Vec::new(),
        }
    }

    /// Takes a change in, if it can be made beside those that are.
    pub(super) fn add(&mut self, op: MergeOp<'a>) -> Result<(), Refusal> {
        self.ops.push(op);
        self.finish().map(|_| ()).inspect_err(|_| {
            self.ops.pop();
        })
    }

    /// The file with all changes.
    pub(super) fn finish(&self) -> Result<Vec<u8>, Refusal> {
        self.apply(&self.ops)
    }

    fn apply(&self, ops: &[MergeOp<'a>]) -> Result<Vec<u8>, Refusal> {
        let mut splices = ops
            .iter()
            .map(|op| self.splice(op))
            .collect::<Result<Vec<_>, _>>()?;
        splices.sort_by_key(|(range, _)| (range.start, range.end));
        if splices
            .windows(2)
            .any(|pair| pair[0].0.end > pair[1].0.start)
        {
            return Err("two changes overlap there".to_owned());
        }
        let source = self.document.bytes();
        let text = self.document.text();
        let mut result = String::new();
        let mut new_ranges = Vec::new();
        let mut at = 0;
        for (range, with) in &splices {
            result += &text[at..range.start];
            new_ranges.push(result.len()..result.len() + with.len());
            result += with;
            at = range.end;
        }
        result += &text[at..];
        let mut bytes = source[..source.len() - text.len()].to_vec();
        bytes.extend_from_slice(result.as_bytes());
        let new = Document::parse(self.document.path(), &bytes)
            .map_err(|_| "it would no longer parse".to_owned())?;
        let proof = MergeProof {
            old: self.document,
            new: &new,
            ops,
            old_ranges: splices.into_iter().map(|(range, _)| range).collect(),
            new_ranges,
        };
        match proof.holds() {
            true => Ok(bytes),
            false => Err("more would change than was asked for".to_owned()),
        }
    }

    fn splice(&self, op: &MergeOp<'a>) -> Result<(Range<usize>, String), Refusal> {
        match &op.act {
            OpKind::Set(child, put) => self.set(op.parent, child, put),
            OpKind::Insert(after, put) => self.insert(op.parent, after.as_ref(), put),
            OpKind::Remove(child) => remove(op.parent, child),
        }
    }

    fn set(
        &self,
        parent: NodeAt<'a>,
        child: &ChildNode<'a>,
        put: &Replacement<'a>,
    ) -> Result<(Range<usize>, String), Refusal> {
        let value = child.value;
        let rewritten = |text: &str| {
            let found = rewrite(self.document, value.id, text);
            found.ok_or_else(|| "it is written over several lines".to_owned())
        };
        let mine = match put {
            Replacement::Text(text) => return rewritten(text),
            Replacement::KeyValue(pair) => {
                return match (child.key, &pair.value) {
                    (None, Some(value)) => rewritten(&format!("{}={value}", pair.key)),
                    (None, None) => rewritten(&pair.key),
                    (Some(_), Some(value)) => rewritten(value),
                    (Some(_), None) => Err("it would have no value there".to_owned()),
                };
            }
            Replacement::Like(mine) => mine,
        };
        let out = self.foreign(mine.value, value.node().span.start)?;
        let out = WrittenOut::Only(&out);
        let span = value.node().span.clone();
        let is_word = |at: NodeAt<'_>| at.scalar().is_some() && !at.source().contains('\n');
        let json = is_json(parent);
        if is_word(value)
            && is_word(mine.value)
            && !span.is_empty()
            && !mine.value.source().is_empty()
        {
            return Ok((span, word(mine.value, parent.is_flow(), json)));
        }
        if parent.is_flow() {
            return match span.is_empty() {
                true => Err("there is no value to replace".to_owned()),
                false => Ok((span, render::flow(mine.value, json, out))),
            };
        }
        let region = render::region(child)?;
        let eol = render::eol(self.document);
        let indent = render::indent(self.document, &region);
        let mut text = block(mine, indent, eol, out);
        if self.document.slice(region.clone()).ends_with('\n') {
            text += eol;
        }
        Ok((region, text))
    }

    fn insert(
        &self,
        parent: NodeAt<'a>,
        after: Option<&ChildNode<'a>>,
        put: &Replacement<'a>,
    ) -> Result<(Range<usize>, String), Refusal> {
        let last = raw_children(parent).pop();
        if parent.is_flow() {
            return self.insert_in_flow(parent, after.or(last.as_ref()), put);
        }
        let Some(sibling) = after.or(last.as_ref()) else {
            return Err("there is nothing beside it".to_owned());
        };
        let region = render::region(sibling)?;
        let out = match put {
            Replacement::Like(mine) => self.foreign(mine.value, region.end)?,
            _ => Vec::new(),
        };
        let eol = render::eol(self.document);
        let indent = render::indent(self.document, &region);
        let is_new = |comment: &str| !self.base_comments.iter().any(|base| base == comment);
        let entry = match put {
            Replacement::Like(mine) => {
                let lead = render::lead(mine, indent, eol, &is_new);
                lead + &block(mine, indent, eol, WrittenOut::Only(&out))
            }
            Replacement::KeyValue(pair) => {
                line(&render::pair(pair, parent.is_list(), false), parent, indent)
            }
            Replacement::Text(text) => line(text, parent, indent),
        };
        let text = match self.document.slice(region.clone()).ends_with('\n') {
            true => entry + eol,
            false => [eol, &entry].concat(),
        };
        Ok((region.end..region.end, text))
    }

    fn insert_in_flow(
        &self,
        parent: NodeAt<'a>,
        sibling: Option<&ChildNode<'a>>,
        put: &Replacement<'a>,
    ) -> Result<(Range<usize>, String), Refusal> {
        let json = is_json(parent);
        let entry = match put {
            Replacement::Like(mine) => {
                let out = self.foreign(mine.value, parent.node().span.start)?;
                render::entry(mine, json, WrittenOut::Only(&out))
            }
            Replacement::KeyValue(pair) => render::pair(pair, parent.is_list(), json),
            Replacement::Text(text) => text.clone(),
        };
        Ok(if let Some(sibling) = sibling {
            let end = render::content_end(sibling);
            (end..end, format!(", {entry}"))
        } else {
            let begin = parent.node().span.start + 1;
            (begin..begin, entry)
        })
    }

    /// The aliases in what is put in at `before` that have no anchor there: neither above in THEIRS,
    /// nor in what is put in. An anchor of its own must be new to THEIRS.
    fn foreign(&self, mine: NodeAt<'_>, before: usize) -> Result<Vec<NodeId>, Refusal> {
        let tree = self.document.tree();
        let there = |name: &str, before: usize| {
            tree.ids().any(|id| {
                let there = NodeAt {
                    document: self.document,
                    id,
                };
                there.anchor() == Some(name) && there.node().span.start < before
            })
        };
        let below = mine.below();
        let mut foreign = Vec::new();
        for at in &below {
            if at.anchor().is_some_and(|name| there(name, usize::MAX)) {
                return Err("it has an anchor of a name that theirs has, too".to_owned());
            }
            let NodeKind::Alias(target) = at.node().kind else {
                continue;
            };
            let is_within = below.iter().any(|other| other.id == target);
            let name = at.with(target).anchor().unwrap_or_default();
            if !is_within && !there(name, before) {
                foreign.push(at.id);
            }
        }
        Ok(foreign)
    }
}

fn remove(parent: NodeAt<'_>, child: &ChildNode<'_>) -> Result<(Range<usize>, String), Refusal> {
    let children = raw_children(parent);
    if children.len() < 2 {
        return Err("nothing would be left beside it".to_owned());
    }
    if !parent.is_flow() {
        return Ok((render::region(child)?, String::new()));
    }
    let index = children
        .iter()
        .position(|other| other.value.id == child.value.id)
        .unwrap_or_default();
    let range = match children.get(index + 1) {
        Some(next) => render::start(child.first())..render::start(next.first()),
        None => render::content_end(&children[index - 1])..render::content_end(child),
    };
    Ok((range, String::new()))
}

/// A child of MINE for a block of THEIRS.
fn block(mine: &ChildNode<'_>, indent: usize, eol: &str, out: WrittenOut<'_>) -> String {
    render::copied(mine, indent, eol, out).unwrap_or_else(|| {
        let dash = if mine.key.is_none() { "- " } else { "" };
        format!(
            "{}{dash}{}",
            " ".repeat(indent),
            render::entry(mine, false, out)
        )
    })
}

fn line(text: &str, parent: NodeAt<'_>, indent: usize) -> String {
    let dash = if parent.is_list() { "- " } else { "" };
    format!("{}{dash}{text}", " ".repeat(indent))
}

/// A scalar of MINE as it is written there, if that reads the same here.
fn word(mine: NodeAt<'_>, in_flow: bool, json: bool) -> String {
    let NodeKind::Scalar { value, style } = &mine.node().kind else {
        return render::flow(mine, json, WrittenOut::Only(&[]));
    };
    let is_text = plain_type(value) == Type::String;
    let is_odd = in_flow && (json && is_text || value.contains([',', '[', ']', '{', '}']));
    match style {
        Style::Plain if is_odd => render::flow(mine, json, WrittenOut::Only(&[])),
        _ => mine.source().to_owned(),
    }
}

/// True for flow style with quoted keys.
fn is_json(parent: NodeAt<'_>) -> bool {
    let NodeKind::Mapping {
        flow: true,
        entries,
    } = &parent.node().kind
    else {
        return false;
    };
    entries.first().is_some_and(|(key, _)| {
        matches!(
            parent.with(*key).node().kind,
            NodeKind::Scalar {
                style: Style::Double,
                ..
            }
        )
    })
}
