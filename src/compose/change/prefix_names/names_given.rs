//! The names that volumes or networks get, of which no two may be the same.

use std::collections::BTreeMap;

use super::TopLevelItem;
use crate::compose::error::Error;
use crate::compose::file::document::Document;

/// Whose a name is.
pub(super) struct GivenName {
    pub(super) key: String,
    pub(super) is_new: bool,
}

impl GivenName {
    pub(super) fn of(item: &TopLevelItem<'_>, is_new: bool) -> Self {
        let key = item.key.to_owned();
        Self { key, is_new }
    }
}

/// The names given so far.
pub(super) type NamesGiven = BTreeMap<String, GivenName>;

/// Two may share a name only if neither is new.
pub(super) fn require_single(
    document: &Document,
    item: &TopLevelItem<'_>,
    name: &str,
    own: GivenName,
    names: &mut NamesGiven,
) -> Result<(), Error> {
    let is_new = own.is_new;
    match names.insert(name.to_owned(), own) {
        Some(other) if other.key != item.key && (is_new || other.is_new) => Err(Error::Collision {
            at: document.location_of(item.entry.key),
            kind: item.section.key(),
            first: other.key.into(),
            second: item.key.into(),
            name: name.to_owned(),
        }),
        _ => Ok(()),
    }
}
