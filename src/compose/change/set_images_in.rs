//! Retagging over several files.

use super::image_rule::ImageRule;
use super::set_images::{ImageOptions, set_images_with};
use crate::compose::error::Error;
use crate::compose::file::document::Document;
use crate::compose::file::edit::Edited;
use crate::compose::file::interpolate::Lookup;
use crate::compose::file::variable::VariableChange;

/// [`set_images_with`] on each of several files with the values that its variables have,
/// where a rule needs to match in one file only.
///
/// # Errors
/// Those of [`set_images_with`]; [`Error::NoMatch`] for a rule that matches in no file.
pub fn set_images_in(
    documents: &[(&Document, &Lookup<'_>)],
    rules: &[ImageRule],
    options: &ImageOptions,
) -> Result<Vec<(Edited, Vec<VariableChange>)>, Error> {
    let mut missed: Vec<Option<Error>> = rules.iter().map(|_| None).collect();
    let mut matched = vec![false; rules.len()];
    let mut edits = Vec::new();
    for (document, lookup) in documents {
        let mut fitting = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            match set_images_with(document, std::slice::from_ref(rule), options, lookup) {
                Err(error) if error.is_no_match() => missed[number] = Some(error),
                // Any other error comes again, below, with all rules at once.
                _ => {
                    matched[number] = true;
                    fitting.push(rule.clone());
                }
            }
        }
        edits.push(set_images_with(document, &fitting, options, lookup)?);
    }
    let unmatched = missed
        .into_iter()
        .zip(matched)
        .find(|(_, matched)| !matched);
    unmatched
        .and_then(|(error, _)| error)
        .map_or(Ok(edits), Err)
}
