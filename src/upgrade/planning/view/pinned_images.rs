//! Images that something of the administrator's keeps at the old release's: a variable that is set in a file
//! which comes along, or an override of theirs that names the image.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::View;
use crate::compose::{ImageUse, Model, Reference, interpolate};
use crate::env_file::EnvFile;
use crate::upgrade::planning::obstacle::{ImagePin, Obstacle};
use crate::upgrade::planning::release_files::ReleaseFiles;

/// The variables that a file of variables sets.
type SetIn = (PathBuf, BTreeMap<String, String>);

impl View<'_> {
    /// Images that are still the old release's, though the vendor means another.
    pub(super) fn pinned_images(&self) -> Vec<Obstacle> {
        let vendors = self.vendors_images();
        let images = self.model.images.iter();
        let pinned = images.filter_map(|image| {
            let service = self.model.services.get(&image.service)?;
            let old = &self.releases.old.model.services;
            let was = old.get(&image.service)?.image.as_deref();
            if !service.enabled || was != Some(&image.resolved) {
                return None;
            }
            let by_variable = self.held_by_variables(image);
            let (meant, by) = by_variable.or_else(|| self.named_by_own(image, vendors.as_ref()))?;
            Some(Obstacle::ImagePinned {
                service: image.service.clone(),
                image: image.resolved.clone(),
                meant,
                by,
            })
        });
        pinned.collect()
    }

    /// The image that an image would be with the vendor's values, and what has other ones.
    fn held_by_variables(&self, image: &ImageUse) -> Option<(String, ImagePin)> {
        let new = &self.releases.new;
        let shipped = self.shipped_values(image);
        let meant = interpolate(&image.written, &|name| shipped.get(name).cloned()).ok()?;
        let is_meant =
            meant != image.resolved && !meant.ends_with(':') && meant.parse::<Reference>().is_ok();
        if !is_meant {
            return None;
        }
        let held = image.variables.iter().filter_map(|name| {
            let (file, value) = self.holder(image, name)?;
            (shipped.get(name) != Some(&value)).then(|| (name.clone(), file))
        });
        let held: Vec<_> = held.collect();
        let answers = held
            .iter()
            .map(|(name, file)| (file.as_path(), name.as_str()));
        // What the environment of this very process sets is in no file.
        let default = || (PathBuf::from(".env"), image.variables.clone());
        let (file, names) = match held.first() {
            Some((_, file)) => (
                file.clone(),
                held.iter().map(|(name, _)| name.clone()).collect(),
            ),
            None => default(),
        };
        let is_kept = self.is_kept(answers) || {
            let all = new.env_names();
            let all = all.iter().flat_map(|file| {
                let names = image.variables.iter();
                names.map(|name| (file.as_path(), name.as_str()))
            });
            self.is_kept(all)
        };
        (!is_kept).then_some((meant, ImagePin::Variables { names, file }))
    }

    /// What the vendor ships for the variables of an image: in `.env` or a sample, and in the files that whatever
    /// includes its compose file names for it.
    fn shipped_values(&self, image: &ImageUse) -> BTreeMap<String, String> {
        let new = &self.releases.new;
        let mut values = self.releases.shipped_env.clone().unwrap_or_default();
        for path in self.included_env(&image.at.path) {
            let Some(name) = new.name_of(path) else {
                continue;
            };
            for (name, value) in set_in(&new.folder.join(&name)) {
                values.entry(name).or_insert(value);
            }
        }
        values
    }

    /// The file below the release, or elsewhere, that sets a variable of an image, and to what.
    fn holder(&self, image: &ImageUse, name: &str) -> Option<(PathBuf, String)> {
        let new = &self.releases.new;
        let told = |path: &Path| {
            new.name_of(path)
                .or_else(|| self.releases.old.name_of(path))
        };
        let mut found = new.values().ok().and_then(|values| {
            let file = values
                .holder(name)
                .filter(|file| file.last(name).is_some())?;
            let path = told(file.path()).unwrap_or_else(|| file.path().to_owned());
            Some((path, values.get(name)?))
        });
        if found.is_none() {
            let included = self.included_env(&image.at.path).iter();
            let mut set = included.filter_map(|path| self.coming_values(path));
            found = set.find_map(|(path, values)| Some((path, values.get(name)?.clone())));
        }
        found
    }

    /// What a file of variables sets as it will be.
    fn coming_values(&self, path: &Path) -> Option<SetIn> {
        let new = &self.releases.new;
        let name = new.name_of(path)?;
        let set = match new.coming(&name) {
            Some(bytes) => parsed(&name, bytes),
            None => set_in(&new.folder.join(&name)),
        };
        Some((name, set))
    }

    fn included_env(&self, compose_file: &Path) -> &[PathBuf] {
        let included = self.model.included_env.get(compose_file);
        included.map_or(&[], Vec::as_slice)
    }

    /// The image that the vendor's files alone would give a service, where a file of the administrator's names
    /// the old one, and the vendor has changed it.
    fn named_by_own(
        &self,
        image: &ImageUse,
        vendors: Option<&(Model, Model)>,
    ) -> Option<(String, ImagePin)> {
        let (old, new) = vendors?;
        let file = self.releases.new.name_of(&image.at.path)?;
        if self.is_vendors(&file) {
            return None;
        }
        let of = |model: &Model| model.services.get(&image.service)?.image.clone();
        let (was, meant) = (of(old)?, of(new)?);
        let place = format!("services.{}.image", image.service);
        let is_kept = self.is_kept(std::iter::once((file.as_path(), place.as_str())));
        let is_pinned = was != meant && meant != image.resolved && !is_kept;
        is_pinned.then_some((meant, ImagePin::File { file }))
    }

    /// What both releases come to without the compose files of the administrator's own; nothing where there are
    /// none, or nothing is left.
    fn vendors_images(&self) -> Option<(Model, Model)> {
        let (old, new) = (&self.releases.old, &self.releases.new);
        let own = new.files.iter().map(|file| &file.name);
        let own: Vec<&PathBuf> = own.filter(|name| !self.is_vendors(name)).collect();
        if own.is_empty() {
            return None;
        }
        let without = |release: &ReleaseFiles| release.model_without(&own).ok().flatten();
        Some((without(old)?, without(new)?))
    }

    /// Whether the vendor ships a file of the new release.
    pub(super) fn is_vendors(&self, name: &Path) -> bool {
        self.releases
            .new
            .folder
            .join(name)
            .symlink_metadata()
            .is_ok()
    }

    /// True if somebody has said that the old release's value counts at one of these places: a file, and a key in it.
    fn is_kept<'a>(&self, mut places: impl Iterator<Item = (&'a Path, &'a str)>) -> bool {
        places.any(|(file, key)| {
            let place = PathBuf::from(format!("{}:{key}", file.display()));
            self.kept.iter().any(|kept| kept == file || *kept == place)
        })
    }
}

/// The variables that a file sets; none where it can't be read as one.
fn set_in(path: &Path) -> BTreeMap<String, String> {
    fs::read(path).map_or_else(|_| BTreeMap::new(), |bytes| parsed(path, &bytes))
}

fn parsed(path: &Path, bytes: &[u8]) -> BTreeMap<String, String> {
    let file = EnvFile::parse(path, bytes);
    let values = file.map(|file| file.values(&|name| std::env::var(name).ok()));
    values.ok().and_then(Result::ok).unwrap_or_default()
}
