//! How a value of one compose file is written into another: copied with its comments and
//! indented anew where it stands in a block, written anew in flow style.

use std::ops::Range;

use super::node::{ChildNode, KeyValue, NodeAt};
use crate::compose::{Document, NodeId, NodeKind, Style, Type, plain_or_quoted, plain_type};

/// The lines of a child of a block, from the first byte of its line to behind its line end.
pub(super) fn region(child: &ChildNode<'_>) -> Result<Range<usize>, String> {
    let document = child.value.document;
    let text = document.text();
    let first = start(child.first());
    let line = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line..first];
    let indent = match child.key {
        Some(_) => before,
        None => before
            .trim_end_matches(' ')
            .strip_suffix('-')
            .ok_or("the item does not begin a line")?,
    };
    if !indent.bytes().all(|byte| byte == b' ') {
        return Err("it does not begin a line".to_owned());
    }
    let end = content_end(child);
    let rest = text[end..].split('\n').next().unwrap_or_default();
    let behind = rest.trim().strip_prefix(':').unwrap_or(rest.trim()).trim();
    if !(behind.is_empty() || behind.starts_with('#')) {
        return Err("more stands on its line".to_owned());
    }
    let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    Ok(line..line_end)
}

/// How far a child of a block is indented: its dash, or its key.
pub(super) fn indent(document: &Document, region: &Range<usize>) -> usize {
    let line = document.slice(region.clone());
    line.len() - line.trim_start_matches(' ').len()
}

/// The first byte of a node with its anchor and tag.
pub(super) fn start(at: NodeAt<'_>) -> usize {
    let node = at.node();
    let starts = [&node.anchor, &node.tag].into_iter().flatten();
    starts.fold(node.span.start, |first, (_, span)| first.min(span.start))
}

/// Behind the last byte of a child's content.
pub(super) fn content_end(child: &ChildNode<'_>) -> usize {
    let key = child.key.map_or(0, |key| key.node().span.end);
    node_end(child.value).max(key)
}

fn node_end(at: NodeAt<'_>) -> usize {
    let node = at.node();
    let property = [&node.anchor, &node.tag].into_iter().flatten();
    let property = property.fold(0, |end, (_, span)| end.max(span.end));
    let own = match &node.kind {
        NodeKind::Mapping {
            flow: false,
            entries,
        } => entries.last().map_or(0, |(key, value)| {
            let key = at.with(*key).node().span.end;
            key.max(node_end(at.with(*value)))
        }),
        NodeKind::Sequence { flow: false, items } => {
            items.last().map_or(0, |item| node_end(at.with(*item)))
        }
        // An absent value has no place of its own.
        NodeKind::Scalar { .. } if node.span.is_empty() => 0,
        _ => node.span.start + at.source().trim_end().len(),
    };
    own.max(property)
}

pub(super) fn eol(document: &Document) -> &'static str {
    let text = document.text();
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Aliases that are written out: those whose anchors aren't there.
#[derive(Debug, Clone, Copy)]
pub(super) enum WrittenOut<'a> {
    All,
    Only(&'a [NodeId]),
}

impl WrittenOut<'_> {
    fn has(self, alias: NodeAt<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Only(some) => some.contains(&alias.id),
        }
    }
}

/// A child's own lines, indented by `indent`, without the last line's end; None if it doesn't
/// have lines of its own.
pub(super) fn copied(
    child: &ChildNode<'_>,
    indent: usize,
    eol: &str,
    out: WrittenOut<'_>,
) -> Option<String> {
    let region = region(child).ok()?;
    let document = child.value.document;
    let old = self::indent(document, &region);
    let (mut text, mut at) = (String::new(), region.start);
    let mut aliases: Vec<_> = child.value.below();
    aliases.retain(|alias| matches!(alias.node().kind, NodeKind::Alias(_)) && out.has(*alias));
    for alias in aliases {
        let span = alias.node().span.clone();
        text += document.slice(at..span.start);
        text += &flow(alias, false, out);
        at = span.end;
    }
    text += document.slice(at..region.end);
    Some(shifted(&text, old, indent, eol))
}

/// The comments right above a child that `is_new` takes for mine, and a blank line above,
/// indented by `indent`; each with its line end.
pub(super) fn lead(
    child: &ChildNode<'_>,
    indent: usize,
    eol: &str,
    is_new: &dyn Fn(&str) -> bool,
) -> String {
    let Ok(region) = region(child) else {
        return String::new();
    };
    let document = child.value.document;
    let old = self::indent(document, &region);
    let mut begin = region.start;
    let mut lines = document.text()[..region.start].split_inclusive('\n').rev();
    let mut blank = false;
    for line in lines.by_ref() {
        let content = line.trim();
        if content.starts_with('#') && is_new(content) {
            begin -= line.len();
        } else {
            blank = content.is_empty();
            break;
        }
    }
    let own = document.slice(begin..region.start);
    let comments = match own.is_empty() {
        true => String::new(),
        false => shifted(own, old, indent, eol) + eol,
    };
    match blank {
        true => [eol, &comments].concat(),
        false => comments,
    }
}

fn shifted(text: &str, from: usize, to: usize, eol: &str) -> String {
    let lines = text.lines().map(|line| {
        let content = line.trim_start_matches(' ');
        let depth = (line.len() - content.len()).saturating_sub(from);
        match content.is_empty() {
            true => String::new(),
            false => format!("{}{content}", " ".repeat(to + depth)),
        }
    });
    lines.collect::<Vec<_>>().join(eol)
}

/// A child in flow style, with its key; `json` where keys are quoted.
pub(super) fn entry(child: &ChildNode<'_>, json: bool, out: WrittenOut<'_>) -> String {
    let value = flow(child.value, json, out);
    match child.key.and_then(NodeAt::scalar) {
        Some(key) => format!("{}: {value}", text(key, json)),
        None => value,
    }
}

/// A pair as an item of a list, or as an entry of a mapping.
pub(super) fn pair(pair: &KeyValue, is_list: bool, json: bool) -> String {
    let KeyValue { key, value } = pair;
    match (is_list, value) {
        (true, Some(value)) => text(&format!("{key}={value}"), json),
        (true, None) => text(key, json),
        (false, Some(value)) => format!("{}: {}", text(key, json), text(value, json)),
        (false, None) => format!("{}: null", text(key, json)),
    }
}

fn text(value: &str, json: bool) -> String {
    let plain = plain_or_quoted(value);
    match json && !plain.starts_with('"') {
        true => format!("\"{plain}\""),
        false => plain,
    }
}

/// True if what a merge key names is written out: all of it, since one order of keys counts for both.
fn is_written_out(value: NodeAt<'_>, out: WrittenOut<'_>) -> bool {
    let below = value.below();
    let mut aliases = below
        .iter()
        .filter(|at| matches!(at.node().kind, NodeKind::Alias(_)));
    aliases.any(|alias| out.has(*alias))
}

/// What a merge key brings, in its order; what stands first counts.
fn merged(value: NodeAt<'_>) -> Vec<(&str, NodeAt<'_>)> {
    match &value.node().kind {
        NodeKind::Alias(target) => merged(value.with(*target)),
        NodeKind::Sequence { items, .. } => items
            .iter()
            .flat_map(|item| merged(value.with(*item)))
            .collect(),
        NodeKind::Mapping { entries, .. } => {
            let own = entries.iter().map(|(key, inner)| {
                let key = value.with(*key).scalar().unwrap_or_default();
                (key, value.with(*inner))
            });
            let (deeper, own): (Vec<_>, Vec<_>) = own.partition(|(key, _)| *key == "<<");
            let deeper = deeper.into_iter().flat_map(|(_, inner)| merged(inner));
            own.into_iter().chain(deeper).collect()
        }
        NodeKind::Scalar { .. } => Vec::new(),
    }
}

/// A value on one line.
pub(super) fn flow(at: NodeAt<'_>, json: bool, out: WrittenOut<'_>) -> String {
    let value = match &at.node().kind {
        NodeKind::Scalar { value, style } => match plain_type(value) {
            Type::Null if at.is_null() => "null".to_owned(),
            Type::String | Type::Null => text(value, json),
            _ if *style == Style::Plain => value.clone(),
            _ => format!("\"{value}\""),
        },
        // What an anchor holds may use others.
        NodeKind::Alias(target) if out.has(at) => flow(at.with(*target), json, WrittenOut::All),
        NodeKind::Alias(_) => at.source().to_owned(),
        NodeKind::Sequence { items, .. } => {
            let items = items.iter().map(|item| flow(at.with(*item), json, out));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        NodeKind::Mapping { entries, .. } => {
            let mut written: Vec<(&str, String)> = Vec::new();
            for (key, value) in entries {
                let key = at.with(*key).scalar().unwrap_or_default();
                let value = at.with(*value);
                if key != "<<" || !is_written_out(value, out) {
                    written.push((key, flow(value, json, out)));
                    continue;
                }
                let own = entries.iter().filter_map(|(key, _)| at.with(*key).scalar());
                let own: Vec<&str> = own.collect();
                for (key, value) in merged(value) {
                    if !own.contains(&key) && written.iter().all(|(other, _)| *other != key) {
                        written.push((key, flow(value, json, WrittenOut::All)));
                    }
                }
            }
            let entries = written.iter().map(|(key, value)| match *key {
                "<<" => format!("<<: {value}"),
                key => format!("{}: {value}", text(key, json)),
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    };
    match &at.node().tag {
        Some((tag, _)) => format!("{tag} {value}"),
        None => value,
    }
}
