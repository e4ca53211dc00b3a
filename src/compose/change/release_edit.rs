//! The edit of an upgrade: images retagged, volumes named, and folders of the host that become the
//! release's own.

use std::path::{Path, PathBuf};

use super::binds::rebase_literal_binds;
use super::image_rule::ImageRule;
use super::prefix_names::{PrefixRule, prefix_volumes};
use super::set_images::{ImageOptions, set_images};
use crate::compose::error::Error;
use crate::compose::file::document::Document;
use crate::compose::file::edit::{Draft, Edited};
use crate::compose::file::set_variables::set_variables;
use crate::compose::file::value_location::{ValueSites, sites};
use crate::compose::file::variable::VariableChange;
use crate::env_file::EnvFile;

/// What is edited in each compose file of a new release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleaseEdit {
    /// Rules as `image set` takes them.
    pub images: Vec<String>,
    /// Instead of what the rules say: the value of `image` of each of these services, as it is to be
    /// written.
    pub written: Option<Vec<(String, String)>>,
    /// What variables are to be; the file is then one of variables.
    pub variables: Vec<(String, String)>,
    /// What stands before each volume's key in its name; names stay when empty.
    pub prefix: String,
    /// Keys of external volumes that get a name of the release's own.
    pub own: Vec<String>,
    /// Folders of the host, and where in the release they are instead, as `./own/srv/data`.
    pub moves: Vec<(PathBuf, PathBuf)>,
}

impl ReleaseEdit {
    /// The file at `path`, whose content is `before`, with its images retagged, the names of its
    /// volumes prefixed, and its bind mounts moved. Rules without a match in it are passed over; the
    /// file comes back as it is when nothing changes.
    ///
    /// # Errors
    /// [`Error`] where a rule or an edit isn't possible.
    pub fn apply(&self, path: &Path, before: &[u8]) -> Result<Edited, Error> {
        let mut result = Edited {
            bytes: before.to_vec(),
            changes: Vec::new(),
            warnings: Vec::new(),
        };
        if !self.variables.is_empty() {
            return self.set_variables(path, before);
        }
        if let Some(written) = &self.written {
            let document = Document::parse(path, &result.bytes)?;
            extend(&mut result, write_images(&document, written)?);
        }
        let rules = self.images.iter().filter(|_| self.written.is_none());
        for rule in rules {
            let document = Document::parse(path, &result.bytes)?;
            let rule: ImageRule = rule.parse()?;
            match set_images(&document, &[rule], &ImageOptions::default()) {
                Err(error) if error.is_no_match() => {}
                other => extend(&mut result, other?),
            }
        }
        if !self.prefix.is_empty() {
            let document = Document::parse(path, &result.bytes)?;
            let rule = PrefixRule {
                prefix: self.prefix.clone(),
                own: Some(self.own.clone()),
                ..PrefixRule::default()
            };
            extend(&mut result, prefix_volumes(&document, &rule)?);
        }
        if !self.moves.is_empty() {
            let document = Document::parse(path, &result.bytes)?;
            extend(&mut result, rebase_literal_binds(&document, &self.moves)?);
        }
        Ok(result)
    }

    fn set_variables(&self, path: &Path, before: &[u8]) -> Result<Edited, Error> {
        let file = EnvFile::parse(path, before)?;
        let change = |(name, to): &(String, String)| VariableChange {
            name: name.clone(),
            from: None,
            to: to.clone(),
            parts: Vec::new(),
            services: Vec::new(),
        };
        let changes: Vec<_> = self.variables.iter().map(change).collect();
        set_variables(&file, &changes, &|name| std::env::var(name).ok())
    }
}

/// The value of `image` of each service that has one, as written.
///
/// # Errors
/// Those of [`Document::parse`].
pub fn written_images(path: &Path, text: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let document = Document::parse(path, text)?;
    let images = sites(&document, "image").into_iter();
    Ok(images
        .map(|image| (image.service.to_owned(), image.written.to_owned()))
        .collect())
}

/// Gives the images of services other values, and changes nothing else.
fn write_images(document: &Document, written: &[(String, String)]) -> Result<Edited, Error> {
    let images = ValueSites::new(sites(document, "image"));
    let mut draft = Draft::new(document);
    for image in &images.all {
        let wanted = written.iter().find(|(service, _)| service == image.service);
        if let Some((_, value)) = wanted {
            draft.set(document, &images, image, value.clone())?;
        }
    }
    draft.finish()
}

fn extend(result: &mut Edited, next: Edited) {
    result.bytes = next.bytes;
    result.changes.extend(next.changes);
    result.warnings.extend(next.warnings);
}
