//! One compose file as bytes: its syntax, its document of spans, edits of it and their proof.

pub(crate) mod document;
pub(crate) mod edit;
pub(crate) mod interpolate;
pub(crate) mod location;
pub(crate) mod rewrite;
pub(crate) mod set_variables;
pub(crate) mod strict;
pub(crate) mod syntax;
pub(crate) mod template;
pub(crate) mod value_location;
pub(crate) mod variable;
