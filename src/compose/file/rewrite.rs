//! How a scalar is written anew: in its own kind of quotes, over no more lines than it has.

use std::ops::Range;

use super::document::Document;
use super::strict::{self, Type};
use super::syntax::{NodeId, NodeKind, Style};

/// The bytes of a scalar to replace, and with what, so that it reads as `value` in the
/// same kind of quotes. None where that takes more than its own line.
pub(crate) fn rewrite(
    document: &Document,
    id: NodeId,
    value: &str,
) -> Option<(Range<usize>, String)> {
    let node = document.tree().node(id);
    let NodeKind::Scalar { value: old, style } = &node.kind else {
        return None;
    };
    let source = document.slice(node.span.clone());
    if value.contains(|c: char| c.is_control() && c != '\n') {
        return None;
    }
    match style {
        Style::Plain if source != old => None,
        // What the author wrote plain, such as `${A}`, may stay so; the proof has the last
        // word.
        Style::Plain if is_plain_change(old, value) => Some((node.span.clone(), value.to_owned())),
        Style::Plain
            if strict::plain_type(old) == Type::Int && strict::plain_type(value) == Type::Int =>
        {
            Some((node.span.clone(), value.to_owned()))
        }
        Style::Plain => Some((node.span.clone(), plain_or_quoted(value))),
        _ if value.trim_end_matches('\n').contains('\n') => None,
        Style::Single => Some((
            node.span.clone(),
            format!("'{}'", value.replace('\'', "''")),
        )),
        Style::Double => Some((node.span.clone(), double_quoted(value))),
        Style::Literal | Style::Folded => {
            let start = node.span.start + source.find(old.trim_end())?;
            // The one line of the block, whose indentation and line break stay.
            (source.trim() == old.trim_end() && !old.trim_end().is_empty()).then(|| {
                (
                    start..start + old.trim_end().len(),
                    value.trim_end().to_owned(),
                )
            })
        }
    }
}

/// The bytes of a scalar to replace, and with what, so that some parts of its value become
/// other texts, over however many lines it is written. None where a part can't be found in the
/// source as it is in the value; what comes of it is for the proof to judge.
pub(crate) fn rewrite_parts(
    document: &Document,
    id: NodeId,
    parts: &[(Range<usize>, String)],
) -> Option<(Range<usize>, String)> {
    let node = document.tree().node(id);
    let NodeKind::Scalar { value, .. } = &node.kind else {
        return None;
    };
    let source = document.slice(node.span.clone());
    let mut edits = Vec::new();
    for (range, text) in parts {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-:".contains(c);
        let old = value.get(range.clone()).filter(|old| !old.is_empty())?;
        if !text.chars().all(is_plain) || !old.chars().all(is_plain) {
            return None;
        }
        // As many times in the source as in the value: then in the same order.
        let nth = value[..range.start].matches(old).count();
        let places: Vec<usize> = source.match_indices(old).map(|(at, _)| at).collect();
        let same = places.len() == value.matches(old).count();
        let at = *places.get(nth).filter(|_| same)?;
        edits.push((at..at + old.len(), text));
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut rewritten = source.to_owned();
    for (range, text) in edits.iter().rev() {
        rewritten.replace_range(range.clone(), text);
    }
    (!edits.is_empty()).then_some((node.span.clone(), rewritten))
}

/// A string as a plain scalar where that is one in every context, else in double quotes.
pub(crate) fn plain_or_quoted(value: &str) -> String {
    if is_plain(value) {
        value.to_owned()
    } else {
        double_quoted(value)
    }
}

/// True if what differs between two texts is nothing that would need quotes.
fn is_plain_change(old: &str, new: &str) -> bool {
    let (old, bytes) = (old.as_bytes(), new.as_bytes());
    let same = |pairs: &mut dyn Iterator<Item = (&u8, &u8)>| {
        pairs.take_while(|(old, new)| old == new).count()
    };
    let before = same(&mut old.iter().zip(bytes));
    let after = same(&mut old[before..].iter().rev().zip(bytes[before..].iter().rev()));
    let changed = &bytes[before..bytes.len() - after];
    strict::plain_type(new) == Type::String
        && before + after > 0
        && new.starts_with(|c: char| c.is_ascii_alphanumeric() || "/$_.".contains(c))
        && !changed
            .iter()
            .any(|byte| b" #,[]{}&*!|>'\"%`\n".contains(byte))
}

/// Conservative: true only for text that is a plain string scalar in block and in flow
/// context, to readers of YAML 1.1 and 1.2 alike.
fn is_plain(value: &str) -> bool {
    const WORDS: [&str; 10] = [
        "true", "false", "yes", "no", "on", "off", "y", "n", "null", "~",
    ];
    // Interpolation is common in values, and `{` is safe inside a plain block scalar only.
    let characters =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | '@' | '+' | ':');
    value.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.'))
        && value.chars().all(characters)
        && !value.ends_with(':')
        && !WORDS.contains(&value.to_ascii_lowercase().as_str())
        && strict::plain_type(value) == Type::String
        && !is_sexagesimal(value)
}

/// `22:22` and the like: a number in base 60 to YAML 1.1.
fn is_sexagesimal(value: &str) -> bool {
    value.contains(':')
        && value
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | '_'))
}

fn double_quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
