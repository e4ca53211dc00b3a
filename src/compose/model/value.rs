//! The data of a compose file without its spelling: what merging and interpolation work
//! on. Aliases and merge keys are expanded; every value still knows where it stands.

use std::collections::BTreeMap;

use crate::compose::file::document::Document;
use crate::compose::file::strict::{self, Type};
use crate::compose::file::syntax::{Fault, NodeId, NodeKind};

/// Compose's own limit on nodes, against files whose aliases multiply.
const MAX_NODES: usize = 1_000_000;

/// Where a value stands: the number of its file, and the byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub(crate) file: usize,
    pub(crate) offset: usize,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value {
    pub(crate) data: Data,
    pub(crate) at: Origin,
    /// The text before interpolation, if that changed it.
    pub(crate) written: Option<String>,
    /// The variables of it that came to nothing.
    pub(crate) unset: Vec<String>,
}

/// A mapping's entries.
pub(crate) type Map = BTreeMap<String, Value>;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Map(Map),
}

impl Value {
    pub(crate) fn new(data: Data, at: Origin) -> Self {
        Self {
            data,
            at,
            written: None,
            unset: Vec::new(),
        }
    }

    pub(crate) fn text(text: impl Into<String>, at: Origin) -> Self {
        Self::new(Data::Text(text.into()), at)
    }

    pub(crate) fn is_null(&self) -> bool {
        self.data == Data::Null
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        match &self.data {
            Data::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.data {
            Data::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; none for anything else.
    pub(crate) fn items(&self) -> &[Value] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// The entry of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key).filter(|value| !value.is_null())
    }

    /// A scalar as text, the way Compose would print it.
    pub(crate) fn to_text(&self) -> Option<String> {
        match &self.data {
            Data::Bool(value) => Some(value.to_string()),
            Data::Int(value) => Some(value.to_string()),
            Data::Float(value) => Some(value.to_string()),
            Data::Text(text) => Some(text.clone()),
            Data::Null | Data::List(_) | Data::Map(_) => None,
        }
    }

    /// True for `true` and the words for it that Compose takes.
    pub(crate) fn is_true(&self) -> bool {
        match &self.data {
            Data::Bool(value) => *value,
            Data::Text(text) => matches!(
                text.to_ascii_lowercase().as_str(),
                "true" | "y" | "yes" | "on" | "1" | "t"
            ),
            _ => false,
        }
    }
}

/// One document's data, and the paths that its `!reset` and `!override` tags name.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) value: Value,
    /// The paths that `!reset` and `!override` take out of the files merged before.
    pub(crate) cleared: Vec<Vec<String>>,
}

/// Reads the data below `root`.
pub(crate) fn read(document: &Document, file: usize, root: NodeId) -> Result<Read, Fault> {
    let mut reader = ValueReader {
        document,
        file,
        path: Vec::new(),
        cleared: Vec::new(),
        nodes: 0,
    };
    let value = reader.value(root)?;
    let at = Origin { file, offset: 0 };
    Ok(Read {
        value: value.unwrap_or(Value::new(Data::Null, at)),
        cleared: reader.cleared,
    })
}

struct ValueReader<'a> {
    document: &'a Document,
    file: usize,
    path: Vec<String>,
    cleared: Vec<Vec<String>>,
    nodes: usize,
}

impl ValueReader<'_> {
    /// None for what is tagged `!reset`.
    fn value(&mut self, id: NodeId) -> Result<Option<Value>, Fault> {
        let tree = self.document.tree();
        let id = tree.resolve(id);
        let node = tree.node(id);
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Fault {
                offset: node.span.start,
                reason: "aliases multiply the file beyond what Compose would read".to_owned(),
            });
        }
        let tag = node.tag.as_ref().map(|(tag, _)| tag.as_str());
        if matches!(tag, Some("!reset" | "!override")) {
            self.cleared.push(self.path.clone());
        }
        if tag == Some("!reset") {
            return Ok(None);
        }
        let data = match &node.kind {
            NodeKind::Scalar { value, style } => {
                scalar(value, strict::scalar_type(value, *style, tag))
            }
            NodeKind::Sequence { items, .. } => self.list(items)?,
            NodeKind::Mapping { .. } => self.map(id)?,
            NodeKind::Alias(_) => Data::Null,
        };
        let offset = node.span.start;
        let file = self.file;
        Ok(Some(Value::new(data, Origin { file, offset })))
    }

    fn list(&mut self, items: &[NodeId]) -> Result<Data, Fault> {
        let mut values = Vec::new();
        for (index, item) in items.iter().enumerate() {
            self.path.push(index.to_string());
            values.extend(self.value(*item)?);
            self.path.pop();
        }
        Ok(Data::List(values))
    }

    fn map(&mut self, id: NodeId) -> Result<Data, Fault> {
        let mut map = Map::new();
        for entry in self.document.all(id) {
            let key = self.document.key(entry.key).to_owned();
            self.path.push(key.clone());
            if let Some(value) = self.value(entry.value)? {
                map.insert(key, value);
            }
            self.path.pop();
        }
        Ok(Data::Map(map))
    }
}

fn scalar(value: &str, kind: Type) -> Data {
    match kind {
        Type::Null => Data::Null,
        Type::Bool => Data::Bool(value.eq_ignore_ascii_case("true")),
        Type::Int => {
            strict::parse_int(value).map_or_else(|| Data::Text(value.to_owned()), Data::Int)
        }
        Type::Float => {
            strict::parse_float(value).map_or_else(|| Data::Text(value.to_owned()), Data::Float)
        }
        Type::String | Type::Timestamp => Data::Text(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read_text(text: &str) -> Read {
        let document = Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap();
        read(&document, 0, document.tree().roots[0]).unwrap()
    }

    /// The data in a compact notation.
    fn show(value: &Value) -> String {
        match &value.data {
            Data::List(items) => {
                let items: Vec<_> = items.iter().map(show).collect();
                format!("[{}]", items.join(", "))
            }
            Data::Map(map) => {
                let entries: Vec<_> = map
                    .iter()
                    .map(|(key, value)| format!("{key}: {}", show(value)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
            Data::Text(text) => format!("{text:?}"),
            _ => value.to_text().unwrap_or_else(|| "null".to_owned()),
        }
    }

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(show(&read_text(text).value), expect);
    }

    #[test]
    fn scalars_have_the_types_that_compose_gives_them() {
        check(
            "[1, '1', 0x10, 1.5, true, yes, ~, '', 1.2.3, 22:22, !!str 5, 2001-01-01]",
            "[1, \"1\", 16, 1.5, true, \"yes\", null, \"\", \"1.2.3\", \"22:22\", \"5\", \
             \"2001-01-01\"]",
        );
    }

    #[test]
    fn aliases_and_merges_are_expanded() {
        check(
            "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: *x",
            "{x: {a: 1, b: 2}, y: {a: 1, b: 3}, z: {a: 1, b: 2}}",
        );
    }

    #[test]
    fn reset_takes_the_value_out_and_override_keeps_it() {
        let read = read_text("a: {b: !reset null, c: !override [1]}");
        assert_eq!(show(&read.value), "{a: {c: [1]}}");
        assert_eq!(read.cleared, [["a", "b"], ["a", "c"]]);
    }

    #[test]
    fn aliases_that_multiply_are_an_error() {
        let mut text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
        for level in 1..9 {
            let below = vec![format!("*a{}", level - 1); 10].join(", ");
            text = format!("{text}a{level}: &a{level} [{below}]\n");
        }
        let document = Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap();
        let fault = read(&document, 0, document.tree().roots[0]).unwrap_err();
        assert_eq!(
            fault.reason,
            "aliases multiply the file beyond what Compose would read"
        );
    }
}
