//! Names that a plan would have to hold. A plan is text, and a name on disk needn't be.

use std::path::PathBuf;

use super::decisions::Decisions;
use super::obstacle::Obstacle;
use crate::upgrade::request::Request;

/// The paths of a request.
pub(super) fn given(request: &Request) -> impl Iterator<Item = &PathBuf> {
    let single = request.shipment.iter().chain(&request.image_archive);
    single.chain(&request.env_files).chain(&request.carry)
}

/// The names below a release that the steps of a plan would have.
pub(super) fn named(decisions: &Decisions) -> impl Iterator<Item = &PathBuf> {
    let carried = decisions.carry.iter();
    let carried = carried.flat_map(|carry| [&carry.path].into_iter().chain(&carry.exclude));
    let merged = decisions.merged.iter().map(|file| &file.name);
    let asked = decisions.questions.iter().map(|question| &question.path);
    let copies = decisions.folders.iter();
    let copies = copies.flat_map(|copy| [&copy.path, &copy.from, &copy.to]);
    carried.chain(merged).chain(asked).chain(copies)
}

/// What stands against paths that aren't UTF-8.
pub(super) fn not_utf8<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Option<Obstacle> {
    let paths: Vec<PathBuf> = paths
        .filter(|path| path.to_str().is_none())
        .cloned()
        .collect();
    (!paths.is_empty()).then_some(Obstacle::NotUtf8 { paths })
}
