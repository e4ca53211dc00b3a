//! A look into what services will mount, for databases: the old release's volumes and folders as they
//! are on disk, beside the images that will open them. Only reads, and starts nothing but a container to be
//! thrown away, in which an image is asked for its C library.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::decisions::OutsideFolder;
use super::volume_pair::VolumePair;
use crate::compose::Model;
use crate::database;
use crate::doctor::{DataMount, DatabaseFacts, Observed, SeenDatabases};
use crate::engine::{
    self, ByPath, Container, Docker, Users, VolumeStore, c_library_of, image_defaults,
    local_images, missing_images,
};
use crate::launch::CloneBindings;
use crate::release::DatabaseRule;
use crate::upgrade::data_places::{below_release, is_folder};

/// Whose data is looked at, and what will open it.
pub(super) struct DatabaseLook<'a> {
    /// The release that will open it.
    pub(super) model: &'a Model,
    /// The release in use; the same where nothing is upgraded.
    pub(super) old: &'a Model,
    /// The project that the release in use runs as.
    pub(super) project: &'a str,
    /// What the recipe says of databases.
    pub(super) rules: &'a [DatabaseRule],
    /// The folder of the release in use.
    pub(super) folder: &'a Path,
    /// Where folders of the host are instead, in a rehearsal's clone.
    pub(super) clone: Option<&'a CloneBindings>,
    /// The volumes that are copied; nothing where nothing is upgraded.
    pub(super) pairs: Option<&'a [VolumePair]>,
    /// The folders that are copied.
    pub(super) copies: &'a [OutsideFolder],
    /// Where they live.
    pub(super) volumes: &'a dyn VolumeStore,
}

/// Where it is now what a service will have in a folder.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum FoundData {
    /// In a folder.
    Folder(PathBuf),
    /// In a volume, of which the folder gets a copy.
    Volume {
        /// The key of the copy.
        key: String,
        /// The volume's real name.
        name: String,
    },
}

impl DatabaseLook<'_> {
    /// Looks.
    ///
    /// # Errors
    /// Those of asking for the volumes.
    pub(super) fn facts(&self) -> Result<DatabaseFacts, engine::Error> {
        let mut seen = Vec::new();
        for (key, volume) in &self.model.volumes {
            let mounts = self.mounts_of(key);
            if let Some(device) = volume.folder() {
                match self.now_at(&device) {
                    _ if mounts.is_empty() => {}
                    FoundData::Folder(path) if path.is_dir() => {
                        seen.push(self.folder(&path, mounts)?);
                    }
                    FoundData::Folder(_) => {}
                    FoundData::Volume { key, name } => {
                        seen.extend(self.volume(&key, &name, mounts)?);
                    }
                }
                continue;
            }
            let pair = self
                .pairs
                .map(|pairs| pairs.iter().find(|pair| pair.key == *key));
            let name = match pair {
                // Its files are opened by nothing but what wrote them.
                Some(Some(pair)) if pair.moved.is_some() => continue,
                Some(Some(pair)) => &pair.source,
                // It begins empty.
                Some(None) if !volume.external => continue,
                _ => &volume.name,
            };
            if !mounts.is_empty() && is_folder(name) {
                let place = self
                    .folder
                    .join(below_release(name).unwrap_or_else(|| name.into()));
                if place.is_dir() {
                    seen.push(SeenDatabases {
                        key: key.clone(),
                        ..self.folder(&place, mounts)?
                    });
                }
            } else if !mounts.is_empty() {
                seen.extend(self.volume(key, name, mounts)?);
            }
        }
        for (place, mounts) in self.folders() {
            match &place {
                FoundData::Folder(path) => seen.push(self.folder(path, mounts)?),
                FoundData::Volume { key, name } => seen.extend(self.volume(key, name, mounts)?),
            }
        }
        let old = self.old.services.iter();
        let old = old.filter_map(|(name, service)| Some((name.clone(), service.image.clone()?)));
        let rules = self.rules.iter();
        let mut facts = DatabaseFacts {
            old_images: old.collect(),
            ways: rules
                .map(|rule| (rule.service.clone(), rule.method))
                .collect(),
            seen,
            ..DatabaseFacts::default()
        };
        let has_servers = facts.seen.iter().any(SeenDatabases::needs_server);
        if let Some(docker) = self.volumes.docker().filter(|_| has_servers) {
            self.ask_for_images(docker, &mut facts);
        }
        Ok(facts)
    }

    /// What the images, the old ones and the new, say of themselves; nothing of those that aren't there.
    fn ask_for_images(&self, docker: &Docker, facts: &mut DatabaseFacts) {
        let containers = Container::of_project(docker, self.project).unwrap_or_default();
        let of_service = |one: Container| Some((one.service?, one.image));
        facts.old_ids = containers.into_iter().filter_map(of_service).collect();
        facts.images = self.images(docker, facts);
        for id in facts.to_be_asked(self.model) {
            let library = c_library_of(docker, &id).and_then(|told| told.parse().ok());
            if let Some(library) = library {
                facts.c_libraries.insert(id, library);
            }
        }
    }

    /// The enabled services that mount a volume.
    fn mounts_of(&self, key: &str) -> Vec<DataMount> {
        let services = self.model.services.iter();
        let enabled = services.filter(|(_, service)| service.enabled);
        let mounts = enabled.flat_map(|(name, service)| {
            let targets = service.mounts.iter().filter(|(_, volume)| *volume == key);
            targets.map(|(target, _)| DataMount {
                service: name.clone(),
                target: target.clone(),
            })
        });
        mounts.collect()
    }

    fn volume(
        &self,
        key: &str,
        name: &str,
        mounts: Vec<DataMount>,
    ) -> Result<Option<SeenDatabases>, engine::Error> {
        let Some(volume) = self.volumes.find(name)? else {
            return Ok(None);
        };
        let path = self.volumes.contents().path(&volume);
        let found = path.map_or_else(
            || {
                Err(format!(
                    "this process doesn't reach it in {}",
                    self.volumes.describe()
                ))
            },
            inspected,
        );
        Ok(Some(SeenDatabases {
            name: format!("volume `{name}`"),
            key: key.to_owned(),
            mounts,
            found,
            is_used: is_used(&self.volumes.users(&volume)?),
        }))
    }

    /// Where it is now what a service will have at a place: a copy's source, else the same place of the release in
    /// use for what is below a release.
    fn now_at(&self, place: &Path) -> FoundData {
        let Some(below) = self.model.inside(place) else {
            return FoundData::Folder(self.folder.join(place));
        };
        let mut pairs = self.pairs.unwrap_or_default().iter();
        let is_in = |to: PathBuf| below.starts_with(to);
        if let Some(pair) = pairs.find(|pair| below_release(&pair.target).is_some_and(is_in)) {
            return FoundData::Volume {
                key: pair.key.clone(),
                name: pair.source.clone(),
            };
        }
        let copied = self.copies.iter().find_map(|copy| {
            let rest = below.strip_prefix(&copy.to).ok()?;
            Some(match rest.as_os_str().is_empty() {
                true => copy.from.clone(),
                false => copy.from.join(rest),
            })
        });
        FoundData::Folder(self.folder.join(copied.unwrap_or(below)))
    }

    /// The folders of the host that enabled services may write, as they are now.
    fn folders(&self) -> BTreeMap<FoundData, Vec<DataMount>> {
        let mut folders: BTreeMap<FoundData, Vec<DataMount>> = BTreeMap::new();
        let services = &self.model.services;
        let is_enabled = |name: &str| services.get(name).is_some_and(|service| service.enabled);
        let binds = self.model.binds.iter();
        for bind in binds.filter(|bind| !bind.read_only && is_enabled(&bind.service)) {
            let place = self.now_at(&bind.source);
            let is_system = ["/", "/proc", "/sys", "/dev", "/run", "/var/run"];
            let is_data = match &place {
                FoundData::Folder(path) => {
                    path.is_dir() && is_system.iter().all(|system| path != Path::new(system))
                }
                FoundData::Volume { .. } => true,
            };
            if is_data {
                folders.entry(place).or_default().push(DataMount {
                    service: bind.service.clone(),
                    target: bind.target.clone(),
                });
            }
        }
        folders
    }

    fn folder(&self, path: &Path, mounts: Vec<DataMount>) -> Result<SeenDatabases, engine::Error> {
        let place = self.clone.and_then(|clone| clone.copy_of(path));
        let place = place.as_deref().unwrap_or(path);
        let found = inspected(place);
        // Who uses a folder of settings is of no interest here, and takes its time to find out.
        let has_database = found
            .as_ref()
            .is_ok_and(|found| !found.databases.is_empty());
        let is_used = match has_database {
            true => is_used(&self.volumes.users(&ByPath::volume(place))?),
            false => false,
        };
        Ok(SeenDatabases {
            name: format!("`{}`", path.display()),
            key: path.display().to_string(),
            mounts,
            found,
            is_used,
        })
    }

    fn images(
        &self,
        docker: &Docker,
        facts: &DatabaseFacts,
    ) -> BTreeMap<String, engine::ImageDefaults> {
        let Ok(have) = local_images(docker) else {
            return BTreeMap::new();
        };
        let wanted = self.model.images_to_have();
        let old = facts.old_images.values();
        let wanted: BTreeSet<&str> = wanted.iter().chain(old).map(String::as_str).collect();
        let wanted: Vec<&str> = wanted.into_iter().collect();
        let missing = missing_images(&have, &wanted);
        let named = wanted.into_iter().filter(|image| !missing.contains(image));
        let ids: BTreeSet<&str> = facts.old_ids.values().map(String::as_str).collect();
        let ids = ids.into_iter();
        let here = ids.filter(|id| have.iter().any(|image| image.id == **id));
        let here: Vec<&str> = named.chain(here).collect();
        image_defaults(docker, &here).unwrap_or_default()
    }
}

fn inspected(path: &Path) -> Observed<database::Inspection> {
    database::inspect(path).map_err(|error| {
        let source = std::error::Error::source(&error);
        source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
    })
}

fn is_used(users: &Users) -> bool {
    users.unknown.is_some() || users.found.iter().any(engine::User::is_writing)
}
