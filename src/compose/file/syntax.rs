//! One tree of byte spans over a YAML text.
//!
//! This is the only place that knows the parser (granit). It turns the parser's events
//! into nodes that remember where they stand, leaves aliases and merge keys as they are
//! written, and rejects what Compose's own parser rejects or reads differently: a
//! `%YAML` directive, line breaks that only YAML 1.1 knows, duplicate keys (in
//! [`super::strict`]). It never changes a text and never looks at what keys mean.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};

/// A node's place in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(usize);

/// What is wrong with a text, and the byte at which it was noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) reason: String,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NodeKind {
    /// The value after escapes and folding. An absent value is plain, `~`, with an empty
    /// span.
    Scalar {
        value: String,
        style: Style,
    },
    Sequence {
        flow: bool,
        items: Vec<NodeId>,
    },
    Mapping {
        flow: bool,
        entries: Vec<(NodeId, NodeId)>,
    },
    /// `*name`: the anchored node it stands for.
    Alias(NodeId),
}

/// One node as it is written.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    /// The bytes of a scalar or alias with its quotes; of a collection, from its first
    /// byte to its last for flow style, and to the start of what follows for block style.
    pub(crate) span: Range<usize>,
    /// The anchor's name and the bytes of `&name`.
    pub(crate) anchor: Option<(String, Range<usize>)>,
    /// The tag as written (`!reset`, `!!str`) and its bytes.
    pub(crate) tag: Option<(String, Range<usize>)>,
}

/// All YAML documents of one text, as one tree of nodes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    /// The first byte of each line but the first.
    lines: Vec<usize>,
    /// The root of each document that isn't empty.
    pub(crate) roots: Vec<NodeId>,
    /// The bytes of each comment, from `#` to the end of its line, in order.
    pub(crate) comments: Vec<Range<usize>>,
}

impl Tree {
    /// Parses a text without a byte order mark.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        refuse_odd_line_breaks(text)?;
        let mut builder = TreeBuilder::new(text);
        // The parser's limits stay at their defaults, but for comments: a licence text
        // above a file's first key is one run of comments.
        let options = granit_parser::options! {
            emit_anchor_events: true,
            max_buffered_comment_events: text.len(),
        };
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) = event.map_err(|error| Fault {
                offset: error.marker().byte_offset().unwrap_or(0),
                reason: error.info(),
            })?;
            builder.event(event, span)?;
        }
        Ok(builder.tree)
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// The line of a byte, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset) + 1
    }

    /// The first byte of a line, counted from 1.
    pub(crate) fn line_start(&self, line: usize) -> usize {
        match line {
            0 | 1 => 0,
            line => self.lines.get(line - 2).copied().unwrap_or_default(),
        }
    }

    /// Every node of the tree, in the order of the text.
    pub(crate) fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(NodeId)
    }

    /// The node itself, or the one that it is an alias of.
    pub(crate) fn resolve(&self, id: NodeId) -> NodeId {
        match self.node(id).kind {
            // An alias's target is never an alias: YAML allows no anchor on one.
            NodeKind::Alias(target) => target,
            _ => id,
        }
    }

    /// The value of a scalar or of an alias of one.
    pub(crate) fn scalar(&self, id: NodeId) -> Option<(&str, Style)> {
        match &self.node(self.resolve(id)).kind {
            NodeKind::Scalar { value, style } => Some((value, *style)),
            _ => None,
        }
    }

    /// The entries of a mapping or of an alias of one, as written (merge keys included).
    pub(crate) fn entries(&self, id: NodeId) -> &[(NodeId, NodeId)] {
        match &self.node(self.resolve(id)).kind {
            NodeKind::Mapping { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The items of a sequence or of an alias of one.
    pub(crate) fn items(&self, id: NodeId) -> &[NodeId] {
        match &self.node(self.resolve(id)).kind {
            NodeKind::Sequence { items, .. } => items,
            _ => &[],
        }
    }

    /// The aliases of `target`, in order.
    pub(crate) fn aliases(&self, target: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        // Only an anchored node can have any, and most are not: so this stays fast.
        let anchored = self.node(target).anchor.is_some();
        let ids = anchored.then(|| self.ids());
        ids.into_iter()
            .flatten()
            .filter(move |id| self.node(*id).kind == NodeKind::Alias(target))
    }
}

/// Compose's parser breaks lines at these where YAML 1.2 doesn't, or the other way
/// round: one text would mean two things.
fn refuse_odd_line_breaks(text: &str) -> Result<(), Fault> {
    let fault = |offset, what: &str| Fault {
        offset,
        reason: format!("{what} is a line break to some YAML parsers only"),
    };
    let bytes = text.as_bytes();
    for (offset, byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' if bytes.get(offset + 1) != Some(&b'\n') => {
                return Err(fault(offset, "a carriage return without a line feed"));
            }
            0xC2 if bytes.get(offset + 1) == Some(&0x85) => {
                return Err(fault(offset, "the character U+0085"));
            }
            0xE2 if matches!(bytes.get(offset + 1..offset + 3), Some([0x80, 0xA8 | 0xA9])) => {
                return Err(fault(offset, "the character U+2028 or U+2029"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A collection under construction.
struct OpenCollection {
    id: NodeId,
    /// The key of a mapping that waits for its value.
    key: Option<NodeId>,
}

struct TreeBuilder<'text> {
    text: &'text str,
    tree: Tree,
    open: Vec<OpenCollection>,
    /// From the parser's number of an anchor to the node that carries it.
    anchors: HashMap<usize, NodeId>,
    newest: Option<NodeId>,
}

impl<'text> TreeBuilder<'text> {
    fn new(text: &'text str) -> Self {
        let lines = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        Self {
            text,
            tree: Tree {
                lines,
                ..Tree::default()
            },
            open: Vec::new(),
            anchors: HashMap::new(),
            newest: None,
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let range = span.byte_range().unwrap_or(0..0);
        match event {
            Event::DocumentStart(_, Some(version)) if (version.major, version.minor) != (1, 1) => {
                return Err(Fault {
                    offset: range.start,
                    reason: "Compose accepts no `%YAML` directive but 1.1".to_owned(),
                });
            }
            Event::Scalar(value, style, ..) => {
                let kind = NodeKind::Scalar {
                    value: value.into_owned(),
                    style: Style::from(style),
                };
                self.node(kind, range, &span);
            }
            Event::SequenceStart(style, ..) => {
                let flow = style == StructureStyle::Flow;
                let items = Vec::new();
                self.collection(NodeKind::Sequence { flow, items }, range, &span);
            }
            Event::MappingStart(style, ..) => {
                let flow = style == StructureStyle::Flow;
                let entries = Vec::new();
                self.collection(NodeKind::Mapping { flow, entries }, range, &span);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(range.end),
            Event::Alias(number) => self.alias(number, range, &span)?,
            Event::Anchor(number, name) => self.anchor(number, name.into_owned(), range),
            Event::Comment(..) => self.tree.comments.push(range),
            _ => {}
        }
        Ok(())
    }

    fn alias(&mut self, number: usize, range: Range<usize>, span: &Span) -> Result<(), Fault> {
        let Some(target) = self.anchors.get(&number).copied() else {
            return Err(Fault {
                offset: range.start,
                reason: "found an unknown anchor".to_owned(),
            });
        };
        if self.open.iter().any(|open| open.id == target) {
            return Err(Fault {
                offset: range.start,
                reason: "an anchor contains itself".to_owned(),
            });
        }
        self.node(NodeKind::Alias(target), range, span);
        Ok(())
    }

    fn anchor(&mut self, number: usize, name: String, range: Range<usize>) {
        if let Some(id) = self.newest {
            self.anchors.insert(number, id);
            self.tree.nodes[id.0].anchor = Some((name, range));
        }
    }

    fn collection(&mut self, kind: NodeKind, range: Range<usize>, span: &Span) {
        let id = self.node(kind, range, span);
        self.open.push(OpenCollection { id, key: None });
    }

    fn close(&mut self, end: usize) {
        if let Some(open) = self.open.pop() {
            self.tree.nodes[open.id.0].span.end = end;
        }
    }

    fn node(&mut self, kind: NodeKind, range: Range<usize>, span: &Span) -> NodeId {
        let tag = span
            .tag_span()
            .and_then(|span| span.byte_range())
            .and_then(|range| Some((self.text.get(range.clone())?.to_owned(), range)));
        let id = NodeId(self.tree.nodes.len());
        self.tree.nodes.push(Node {
            kind,
            span: range,
            anchor: None,
            tag,
        });
        self.newest = Some(id);
        self.attach(id);
        id
    }

    /// Gives a new node to the collection that is open, or to the stream.
    fn attach(&mut self, id: NodeId) {
        let Some(open) = self.open.last_mut() else {
            self.tree.roots.push(id);
            return;
        };
        match &mut self.tree.nodes[open.id.0].kind {
            NodeKind::Sequence { items, .. } => items.push(id),
            NodeKind::Mapping { entries, .. } => match open.key.take() {
                Some(key) => entries.push((key, id)),
                None => open.key = Some(id),
            },
            NodeKind::Scalar { .. } | NodeKind::Alias(_) => {}
        }
    }
}

impl From<ScalarStyle> for Style {
    fn from(style: ScalarStyle) -> Self {
        match style {
            ScalarStyle::Plain => Self::Plain,
            ScalarStyle::SingleQuoted => Self::Single,
            ScalarStyle::DoubleQuoted => Self::Double,
            ScalarStyle::Literal => Self::Literal,
            ScalarStyle::Folded => Self::Folded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Tree {
        Tree::parse(text).unwrap()
    }

    /// The tree of one document, written out with the source of each scalar.
    fn shape(tree: &Tree, text: &str, id: NodeId) -> String {
        let node = tree.node(id);
        let anchor = node
            .anchor
            .as_ref()
            .map_or(String::new(), |(name, _)| format!("&{name} "));
        let tag = node
            .tag
            .as_ref()
            .map_or(String::new(), |(tag, _)| format!("{tag} "));
        let join = |parts: Vec<String>| parts.join(", ");
        let body = match &node.kind {
            NodeKind::Scalar { .. } => format!("<{}>", &text[node.span.clone()]),
            NodeKind::Alias(target) => {
                format!("*{}", tree.node(*target).anchor.as_ref().unwrap().0)
            }
            NodeKind::Sequence { items, .. } => format!(
                "[{}]",
                join(items.iter().map(|id| shape(tree, text, *id)).collect())
            ),
            NodeKind::Mapping { entries, .. } => format!(
                "{{{}}}",
                join(
                    entries
                        .iter()
                        .map(|(key, value)| format!(
                            "{}: {}",
                            shape(tree, text, *key),
                            shape(tree, text, *value)
                        ))
                        .collect()
                )
            ),
        };
        format!("{anchor}{tag}{body}")
    }

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let tree = tree(text);
        let shapes: Vec<_> = tree
            .roots
            .iter()
            .map(|root| shape(&tree, text, *root))
            .collect();
        assert_eq!(shapes.join(" --- "), expect);
    }

    #[track_caller]
    fn check_fault(text: &str, offset: usize, reason: &str) {
        let fault = Tree::parse(text).unwrap_err();
        assert_eq!((fault.offset, fault.reason.as_str()), (offset, reason));
    }

    #[test]
    fn scalars_keep_their_source_with_quotes() {
        check(
            "a: 'it''s'\nb: \"x\\u0031\"\nc: [d, e]",
            "{<a>: <'it''s'>, <b>: <\"x\\u0031\">, <c>: [<d>, <e>]}",
        );
    }

    #[test]
    fn anchors_aliases_and_tags_are_kept_as_written() {
        check(
            "a: &x !override {b: 1}\nc: *x\nd: !!null",
            "{<a>: &x !override {<b>: <1>}, <c>: *x, <d>: !!null <>}",
        );
    }

    #[test]
    fn an_absent_value_has_an_empty_span() {
        check("db:\ne: {f: , g}", "{<db>: <>, <e>: {<f>: <>, <g>: <>}}");
    }

    #[test]
    fn documents_are_all_kept() {
        check("a: 1\n---\nb: 2\n", "{<a>: <1>} --- {<b>: <2>}");
    }

    #[test]
    fn an_alias_stands_for_the_newest_anchor_of_its_name() {
        let text = "a: &x 1\nb: &x 2\nc: *x";
        let tree = tree(text);
        let (_, value) = tree.entries(tree.roots[0])[2];
        assert_eq!(tree.scalar(value), Some(("2", Style::Plain)));
        assert_eq!(tree.aliases(tree.resolve(value)).count(), 1);
    }

    #[test]
    fn comments_are_spans_without_their_line_break() {
        let text = "a: 1 # one\r\n# two\r\n";
        let found: Vec<_> = tree(text)
            .comments
            .into_iter()
            .map(|range| &text[range])
            .collect();
        assert_eq!(found, ["# one", "# two"]);
    }

    #[test]
    fn a_long_run_of_comments_is_accepted() {
        let text = format!("{}a: 1\n{}", "# c\n".repeat(500), "# d\n".repeat(500));
        assert_eq!(tree(&text).comments.len(), 1000);
    }

    #[test]
    fn line_breaks_of_some_parsers_only_are_refused() {
        check_fault(
            "a: 1\rb: 2",
            4,
            "a carriage return without a line feed is a line break to some YAML parsers only",
        );
        check_fault(
            "a: 1\u{85}b: 2",
            4,
            "the character U+0085 is a line break to some YAML parsers only",
        );
        check_fault(
            "# x\u{2028}b: 2",
            3,
            "the character U+2028 or U+2029 is a line break to some YAML parsers only",
        );
    }

    #[test]
    fn broken_yaml_says_where() {
        check_fault("a: [1\nb: 2\n", 7, "illegal placement of ':' indicator");
        check_fault(
            "%YAML 1.2\n---\na: 1",
            10,
            "Compose accepts no `%YAML` directive but 1.1",
        );
        assert!(Tree::parse("%YAML 1.1\n---\na: 1").is_ok());
        check_fault("a: &x [*x]", 7, "an anchor contains itself");
    }
}
