//! The edits of the new release's compose files, and of the variables that hold its tags.

use std::path::PathBuf;

use super::release_files::ReleaseFiles;
use super::tag_edits::{TagEdits, TagEnvEdit};
use crate::compose::{self, ReleaseEdit};
use crate::release::Install;
use crate::tree::Digest;
use crate::upgrade::step::{EditCompose, FolderMove, TagVariable, ValueChange, WrittenImage};

/// An edit with both texts, for showing the difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEdit {
    /// The file, below the release.
    pub name: PathBuf,
    /// The step.
    pub step: EditCompose,
    /// The file's content before.
    pub before: Vec<u8>,
    /// The file's content after the edit.
    pub after: Vec<u8>,
}

/// Edits all compose files of the new release, and the files of variables; those that nothing changes are
/// left out.
///
/// # Errors
/// [`compose::Error`] where an edit isn't possible.
pub(super) fn edits(
    new: &ReleaseFiles,
    edit: &ReleaseEdit,
    tags: Option<&TagEdits>,
    warnings: &mut Vec<String>,
) -> Result<Vec<PlannedEdit>, compose::Error> {
    let mut edits = Vec::new();
    for file in new.files.iter().chain(&new.included) {
        let edit = ReleaseEdit {
            written: tags.map(|tags| tags.written.get(&file.name).cloned().unwrap_or_default()),
            ..edit.clone()
        };
        let edited = edit.apply(&file.name, &file.bytes)?;
        warnings.extend(edited.warnings.iter().map(ToString::to_string));
        if edited.bytes == file.bytes {
            continue;
        }
        let step = EditCompose {
            file: Install::current_target(&new.version).join(&file.real),
            images: edit.images.clone(),
            written: edit
                .written
                .as_ref()
                .map(|images| images.iter().map(written_image).collect()),
            variables: Vec::new(),
            prefix: edit.prefix.clone(),
            own: edit.own.clone(),
            moves: edit.moves.iter().map(FolderMove::of).collect(),
            changes: edited.changes.iter().map(change).collect(),
            before: Digest::of(&file.bytes).to_string(),
            after: Digest::of(&edited.bytes).to_string(),
        };
        edits.push(PlannedEdit {
            name: file.name.clone(),
            step,
            before: file.bytes.clone(),
            after: edited.bytes,
        });
    }
    let env_files = tags.into_iter().flat_map(|tags| &tags.env_files);
    edits.extend(env_files.map(|file| env_edit(new, file)));
    Ok(edits)
}

fn written_image((service, value): &(String, String)) -> WrittenImage {
    WrittenImage {
        service: service.clone(),
        value: value.clone(),
    }
}

fn env_edit(new: &ReleaseFiles, file: &TagEnvEdit) -> PlannedEdit {
    let variables = file.variables.iter();
    PlannedEdit {
        name: file.name.clone(),
        step: EditCompose {
            file: Install::current_target(&new.version).join(&file.real),
            images: Vec::new(),
            written: None,
            variables: variables
                .map(|(name, value)| TagVariable {
                    name: name.clone(),
                    value: value.clone(),
                })
                .collect(),
            prefix: String::new(),
            own: Vec::new(),
            moves: Vec::new(),
            changes: file.edited.changes.iter().map(change).collect(),
            before: Digest::of(&file.before).to_string(),
            after: Digest::of(&file.edited.bytes).to_string(),
        },
        before: file.before.clone(),
        after: file.edited.bytes.clone(),
    }
}

fn change(change: &compose::Change) -> ValueChange {
    ValueChange {
        key: change.key.join("."),
        line: change.at.line,
        from: change.from.clone(),
        to: change.to.clone(),
    }
}
