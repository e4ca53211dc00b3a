//! The edits that a new release's compose file gets: its images' tags, its volumes' names.

use std::path::Path;

use super::image_rule::ImageRule;
use super::prefix_names::{PrefixRule, prefix_volumes};
use super::set_images::{ImageOptions, set_images};
use crate::compose::error::Error;
use crate::compose::file::document::Document;
use crate::compose::file::edit::Edited;

/// Edits a release's compose file: retags its images by `rules` (each as the command line
/// takes them) and gives its volumes the `prefix`; none if it is empty. The same function
/// makes the plan and carries it out. A rule that matches nothing in this file is passed
/// over: a release may have several.
///
/// # Errors
/// [`Error::Malformed`] for a rule that can't be understood; those of [`set_images`] but
/// [`Error::NoMatch`]; those of [`prefix_volumes`].
pub fn edit_for_release(
    path: &Path,
    before: &[u8],
    rules: &[String],
    prefix: &str,
) -> Result<Edited, Error> {
    let mut result = Edited {
        bytes: before.to_vec(),
        changes: Vec::new(),
        warnings: Vec::new(),
    };
    for rule in rules {
        let document = Document::parse(path, &result.bytes)?;
        let rule: ImageRule = rule.parse()?;
        match set_images(&document, &[rule], &ImageOptions::default()) {
            Err(error) if error.is_no_match() => {}
            other => extend(&mut result, other?),
        }
    }
    if !prefix.is_empty() {
        let document = Document::parse(path, &result.bytes)?;
        let rule = PrefixRule {
            prefix: prefix.to_owned(),
            ..PrefixRule::default()
        };
        extend(&mut result, prefix_volumes(&document, &rule)?);
    }
    Ok(result)
}

fn extend(result: &mut Edited, next: Edited) {
    result.bytes = next.bytes;
    result.changes.extend(next.changes);
    result.warnings.extend(next.warnings);
}
