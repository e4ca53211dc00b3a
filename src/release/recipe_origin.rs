//! Where a key of a recipe is written, for messages.

use std::path::Path;

use crate::compose::Document;

/// A file that a recipe's keys stand in: at its top, or below `x-transship`.
pub(super) struct RecipeOrigin<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    below: Option<&'static str>,
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
