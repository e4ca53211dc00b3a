//! One change that a merge makes in THEIRS, before it is text.

use super::node::{ChildNode, KeyValue, NodeAt};

/// One change of THEIRS.
#[derive(Clone)]
pub(super) struct MergeOp<'a> {
    /// The mapping or list in which something changes.
    pub(super) parent: NodeAt<'a>,
    pub(super) act: OpKind<'a>,
}

#[derive(Clone)]
pub(super) enum OpKind<'a> {
    /// The child has another value.
    Set(ChildNode<'a>, Replacement<'a>),
    /// There is one more child, behind this one or behind all.
    Insert(Option<ChildNode<'a>>, Replacement<'a>),
    /// The child is gone.
    Remove(ChildNode<'a>),
}

/// What is put in.
#[derive(Clone)]
pub(super) enum Replacement<'a> {
    /// What MINE has here.
    Like(ChildNode<'a>),
    /// What MINE has, in the form that THEIRS is written in.
    KeyValue(KeyValue),
    /// A text.
    Text(String),
}
