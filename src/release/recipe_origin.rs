//! Where a key of a recipe is written, for messages.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::compose::{Document, NodeId, NodeKind};

/// A file that a recipe's keys stand in: at its top, or below `x-transship`.
pub(super) struct RecipeOrigin<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    below: Option<&'static str>,
}

/// A compose file that ships a recipe.
#[derive(Deserialize)]
struct ShippedRecipe<T> {
    #[serde(rename = "x-transship")]
    _recipe: T,
}

/// The first scalar below a node that is this text.
fn scalar_of(document: &Document, node: NodeId, text: &str) -> Option<NodeId> {
    let tree = document.tree();
    match &tree.node(tree.resolve(node)).kind {
        NodeKind::Scalar { value, .. } => (value == text).then_some(node),
        NodeKind::Sequence { items, .. } => {
            let mut items = items.iter();
            items.find_map(|item| scalar_of(document, *item, text))
        }
        NodeKind::Mapping { entries, .. } => {
            let mut entries = entries.iter();
            entries.find_map(|(key, value)| {
                scalar_of(document, *key, text).or_else(|| scalar_of(document, *value, text))
            })
        }
        NodeKind::Alias(_) => None,
    }
}

impl<'a> RecipeOrigin<'a> {
    /// The install's own file.
    pub(super) const fn own(path: &'a Path, bytes: &'a [u8]) -> Self {
        Self {
            path,
            bytes,
            below: None,
        }
    }

    /// The last of some compose files that has a recipe.
    pub(super) fn of_compose(files: &[(&'a Path, &'a [u8])]) -> Self {
        let in_file = |(path, bytes): &(&'a Path, &'a [u8])| Self {
            path,
            bytes,
            below: Some("x-transship"),
        };
        let found = files.iter().rev().map(in_file).find(Self::has_recipe);
        found.unwrap_or_else(|| in_file(files.first().unwrap_or(&(Path::new("?"), &[]))))
    }

    fn has_recipe(&self) -> bool {
        self.place(&[]).is_some()
    }

    /// `FILE:LINE:COLUMN` of a key, or of the key in it that `complaint` names between ticks; the file
    /// alone where that isn't found.
    pub(super) fn at(&self, key: &str, complaint: Option<&str>) -> String {
        let within = complaint.and_then(|text| text.split('`').nth(1));
        let deeper = within.and_then(|within| self.place(&[key, within]));
        let place = deeper.or_else(|| self.place(&[key]));
        place.unwrap_or_else(|| self.path.display().to_string())
    }

    /// The place of what is wrong, where the file itself, read as a `T`, is refused with the same complaint.
    pub(super) fn of_fault<T: DeserializeOwned>(&self, complaint: &str) -> Option<String> {
        let fault = match self.below {
            None => serde_yaml::from_slice::<T>(self.bytes).err(),
            Some(_) => serde_yaml::from_slice::<ShippedRecipe<T>>(self.bytes).err(),
        };
        let fault = fault.filter(|fault| fault.to_string().contains(complaint))?;
        let place = fault.location()?;
        Some(self.at_line(Some((place.line(), place.column()))))
    }

    /// `FILE:LINE:COLUMN` of a text in the value of a key, else of the key.
    pub(super) fn at_text(&self, key: &str, text: &str) -> String {
        let place = || {
            let document = Document::parse(self.path, self.bytes).ok()?;
            let value = self.value_of(&document, key)?;
            let found = scalar_of(&document, value, text)?;
            Some(document.location_of(found).to_string())
        };
        place().unwrap_or_else(|| self.at(key, None))
    }

    /// `FILE:LINE:COLUMN` of the whole recipe.
    pub(super) fn of_whole(&self) -> String {
        let place = || {
            let document = Document::parse(self.path, self.bytes).ok()?;
            let root = *document.tree().roots.first()?;
            let keys = self.below.iter();
            let mut values = keys.map(|key| document.get(root, key).map(|entry| entry.value));
            let whole = values.next().unwrap_or(Some(root))?;
            Some(document.location_of(whole).to_string())
        };
        place().unwrap_or_else(|| self.path.display().to_string())
    }

    fn value_of(&self, document: &Document, key: &str) -> Option<NodeId> {
        let root = *document.tree().roots.first()?;
        let mut keys = self.below.iter().chain([&key]);
        keys.try_fold(root, |value, key| Some(document.get(value, key)?.value))
    }

    /// The same for a line and column that a parser has told.
    pub(super) fn at_line(&self, place: Option<(usize, usize)>) -> String {
        let path = self.path.display();
        place.map_or_else(
            || path.to_string(),
            |(line, column)| format!("{path}:{line}:{column}"),
        )
    }

    fn place(&self, keys: &[&str]) -> Option<String> {
        let document = Document::parse(self.path, self.bytes).ok()?;
        let mut value = *document.tree().roots.first()?;
        let mut place = None;
        for key in self.below.iter().chain(keys) {
            let entry = document.get(value, key)?;
            place = Some(document.location_of(entry.key).to_string());
            value = entry.value;
        }
        place
    }
}
