//! What Compose's YAML reader rejects beyond the grammar, so that transship reads no file
//! in a way that Compose doesn't: duplicate keys (two `<<` among them), keys that aren't
//! strings, merge keys whose value isn't a mapping. Also the rules of YAML 1.1 by which a
//! plain scalar is something other than a string.

use std::collections::HashMap;

use super::syntax::{Fault, NodeId, NodeKind, Style, Tree};

/// What a scalar is to Compose's YAML reader (`gopkg.in/yaml.v3` without a target type).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Type {
    Null,
    Bool,
    Int,
    Float,
    String,
    Timestamp,
}

/// The type of a scalar from its text, style and tag.
pub(crate) fn scalar_type(value: &str, style: Style, tag: Option<&str>) -> Type {
    match tag {
        Some("!!str" | "!" | "!!binary") => return Type::String,
        Some("!!null") => return Type::Null,
        Some("!!bool") => return Type::Bool,
        Some("!!int") => return Type::Int,
        Some("!!float") => return Type::Float,
        _ => {}
    }
    if style == Style::Plain {
        plain_type(value)
    } else {
        Type::String
    }
}

/// The type of a plain scalar. `yes`, `on` and the like are strings to yaml.v3.
pub(crate) fn plain_type(value: &str) -> Type {
    match value {
        "" | "~" | "null" | "Null" | "NULL" => Type::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Type::Bool,
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF"
        | "-.inf" | "-.Inf" | "-.INF" => Type::Float,
        _ if parse_int(value).is_some() => Type::Int,
        _ if parse_float(value).is_some() => Type::Float,
        _ if is_timestamp(value) => Type::Timestamp,
        _ => Type::String,
    }
}

/// An integer in yaml.v3's notations: decimal, `0x`, `0o`, `0b`, the old `0777`, with
/// underscores anywhere but in front.
pub(crate) fn parse_int(value: &str) -> Option<i128> {
    let (negative, digits) = match value.as_bytes().first()? {
        b'-' => (true, &value[1..]),
        b'+' => (false, &value[1..]),
        b'0'..=b'9' => (false, value),
        _ => return None,
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let digits = digits.replace('_', "");
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0o" | "0O") => (8, &digits[2..]),
        Some("0b" | "0B") => (2, &digits[2..]),
        Some(two) if two.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits.as_str()),
    };
    let digits_only = !digits.starts_with(['+', '-']);
    let number = i128::from_str_radix(digits, radix).ok()?;
    (digits_only && number <= i128::from(u64::MAX)).then_some(if negative {
        -number
    } else {
        number
    })
}

/// A float in yaml.v3's notation: `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
pub(crate) fn parse_float(value: &str) -> Option<f64> {
    let value = value.replace('_', "");
    let unsigned = value.strip_prefix(['-', '+']).unwrap_or(&value);
    let starts_as_number = unsigned.starts_with(|c: char| c.is_ascii_digit())
        || unsigned
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let only_its_characters = unsigned
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    (starts_as_number && only_its_characters)
        .then(|| value.parse().ok())
        .flatten()
}

/// A date, perhaps with a time: `2001-1-2` and longer.
fn is_timestamp(value: &str) -> bool {
    let date = value
        .split_once(['T', 't', ' '])
        .map_or(value, |(date, _)| date);
    let mut parts = date.split('-');
    let mut number = |lengths: std::ops::RangeInclusive<usize>| {
        parts.next().is_some_and(|part| {
            lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    number(4..=4) && number(1..=2) && number(1..=2) && parts.next().is_none()
}

/// True for a plain, untagged `<<` (or one tagged as merge): a quoted one is a key.
pub(crate) fn is_merge(tree: &Tree, key: NodeId) -> bool {
    let node = tree.node(key);
    matches!(&node.kind, NodeKind::Scalar { value, style: Style::Plain } if value == "<<")
        && node.tag.as_ref().is_none_or(|(tag, _)| tag == "!!merge")
}

/// Checks every mapping of the tree.
pub(crate) fn check(tree: &Tree) -> Result<(), Fault> {
    for id in tree.ids() {
        if let NodeKind::Mapping { entries, .. } = &tree.node(id).kind {
            check_mapping(tree, entries)?;
        }
    }
    Ok(())
}

fn check_mapping(tree: &Tree, entries: &[(NodeId, NodeId)]) -> Result<(), Fault> {
    let mut seen: HashMap<&str, NodeId> = HashMap::new();
    for (key, value) in entries {
        let name = string_key(tree, *key)?;
        if let Some(first) = seen.insert(name, *key) {
            return Err(duplicate(tree, name, first, *key));
        }
        if is_merge(tree, *key) {
            check_merge(tree, *value)?;
        }
    }
    Ok(())
}

fn string_key(tree: &Tree, key: NodeId) -> Result<&str, Fault> {
    let fault = |reason: String| Fault {
        offset: tree.node(key).span.start,
        reason,
    };
    let Some((name, style)) = tree.scalar(key) else {
        return Err(fault("a key is a list or a mapping".to_owned()));
    };
    let tag = tree.node(tree.resolve(key)).tag.as_ref();
    match scalar_type(name, style, tag.map(|(tag, _)| tag.as_str())) {
        Type::String => Ok(name),
        _ => Err(fault(format!(
            "key `{name}` is not a string to Compose unless it is quoted"
        ))),
    }
}

fn duplicate(tree: &Tree, name: &str, first: NodeId, second: NodeId) -> Fault {
    let offset = tree.node(second).span.start;
    // The message carries a line and not an offset: the fault's own place is the second.
    let line = tree.line(tree.node(first).span.start);
    Fault {
        offset,
        reason: format!("key `{name}` is already there on line {line}"),
    }
}

fn check_merge(tree: &Tree, value: NodeId) -> Result<(), Fault> {
    let is_mapping =
        |id: NodeId| matches!(tree.node(tree.resolve(id)).kind, NodeKind::Mapping { .. });
    let accepted = match &tree.node(value).kind {
        NodeKind::Sequence { items, .. } => items.iter().all(|item| is_mapping(*item)),
        _ => is_mapping(value),
    };
    if accepted {
        return Ok(());
    }
    Err(Fault {
        offset: tree.node(value).span.start,
        reason: "`<<` merges only mappings".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_fault(text: &str, reason: &str) {
        let tree = Tree::parse(text).unwrap();
        let found = check(&tree).map_err(|fault| fault.reason);
        assert_eq!(found, Err(reason.to_owned()));
    }

    #[test]
    fn duplicate_keys_are_rejected() {
        check_fault("a: 1\n'a': 2", "key `a` is already there on line 1");
        check_fault(
            "x: &x {a: 1}\ny: {<<: *x, <<: *x}",
            "key `<<` is already there on line 2",
        );
    }

    #[test]
    fn keys_that_are_no_strings_are_rejected() {
        for key in ["1", "0x1", "true", "~", "1.5", "2001-01-02"] {
            let reason = format!("key `{key}` is not a string to Compose unless it is quoted");
            check_fault(&format!("{key}: x"), &reason);
        }
        check_fault("? [a]\n: x", "a key is a list or a mapping");
    }

    #[test]
    fn words_that_were_booleans_once_are_strings() {
        for key in [
            "on", "yes", "off", "n", "\"1\"", "'true'", "1a", "1.2.3", "+",
        ] {
            let tree = Tree::parse(&format!("{key}: x")).unwrap();
            assert_eq!(check(&tree), Ok(()), "{key}");
        }
    }

    #[test]
    fn merging_a_scalar_is_rejected() {
        check_fault("a: {<<: b}", "`<<` merges only mappings");
        check_fault("a: {<<: [{b: 1}, c]}", "`<<` merges only mappings");
    }

    #[test]
    fn a_quoted_merge_key_is_a_key() {
        let tree = Tree::parse("a: {\"<<\": b}").unwrap();
        assert_eq!(check(&tree), Ok(()));
    }

    #[test]
    fn integers_are_read_as_yaml_v3_reads_them() {
        let cases = [
            ("12", Some(12)),
            ("-12", Some(-12)),
            ("1_000", Some(1000)),
            ("0x1F", Some(31)),
            ("0o17", Some(15)),
            ("017", Some(15)),
            ("0b11", Some(3)),
            ("089", None),
            ("_1", None),
            ("1a", None),
            ("", None),
            ("-", None),
        ];
        for (text, expect) in cases {
            assert_eq!(parse_int(text), expect, "{text}");
        }
    }

    #[test]
    fn floats_need_a_digit_and_nothing_else() {
        for (text, expect) in [("1.5", true), (".5", true), ("1e3", true), ("1.", true)] {
            assert_eq!(parse_float(text).is_some(), expect, "{text}");
        }
        for text in ["nan", "inf", ".", "1.2.3", "e3", "1f"] {
            assert_eq!(parse_float(text), None, "{text}");
        }
    }
}
