//! Databases on disk, and the images that will open them.

use std::collections::BTreeMap;

use super::{DatabaseImage, Observed};
use crate::compose::{Model, Reference, Service};
use crate::database::{CLibrary, DatabaseMethod, DatabaseRecipe, Inspection, Platform};
use crate::engine::ImageDefaults;

/// What the rules on databases look at.
#[derive(Debug, Clone, Default)]
pub struct DatabaseFacts {
    /// What is mounted in services that may hold a database, as it is on disk now.
    pub seen: Vec<SeenDatabases>,
    /// The images of the release in use, by service.
    pub old_images: BTreeMap<String, String>,
    /// The ids of the images that the containers of the release in use were made of, by service: a tag
    /// may have moved since.
    pub old_ids: BTreeMap<String, String>,
    /// What the engine's images say of themselves, by reference, and by id those of containers.
    pub images: BTreeMap<String, ImageDefaults>,
    /// The C libraries of images that were asked for them, by id.
    pub c_libraries: BTreeMap<String, CLibrary>,
    /// The ways that the recipe names, by service.
    pub ways: BTreeMap<String, DatabaseMethod>,
}

/// An image as a service had it, or will have it.
#[derive(Debug, Clone)]
pub struct ServedImage {
    /// The database that it runs.
    pub runs: DatabaseImage,
    /// Its id, where the engine has it.
    pub id: Option<String>,
    /// What it brings besides.
    pub platform: Platform,
}

/// A volume, or a folder of the host, and what is in it.
#[derive(Debug, Clone)]
pub struct SeenDatabases {
    /// For people: ``volume `v1_pgdata` ``, or `` `/data/pg` ``.
    pub name: String,
    /// The volume's key or the folder's path, as options name it.
    pub key: String,
    /// Where it will be mounted.
    pub mounts: Vec<DataMount>,
    /// What is in it.
    pub found: Observed<Inspection>,
    /// Whether something writes it now, as far as that is known.
    pub is_used: bool,
}

impl SeenDatabases {
    /// Whether a database is in it that a server opens.
    pub fn needs_server(&self) -> bool {
        let databases = self.found.iter().flat_map(|found| &found.databases);
        databases
            .into_iter()
            .any(|database| database.kind != "sqlite")
    }
}

/// Where something is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataMount {
    /// The service.
    pub service: String,
    /// The path in the container.
    pub target: String,
}

impl DatabaseFacts {
    /// The database that the image of a service runs, if it is known to run one.
    pub fn image_of(&self, service: &Service) -> Option<DatabaseImage> {
        let reference = service.image.as_ref()?;
        DatabaseImage::of(reference, self.images.get(reference))
    }

    /// The image that a service will have, if it is known to run a database.
    pub fn new_image(&self, service: &Service) -> Option<ServedImage> {
        let reference = service.image.as_ref()?;
        self.served(reference, self.images.get(reference))
    }

    /// The image that a service of the release in use has.
    pub fn old_image(&self, service: &str) -> Option<ServedImage> {
        let reference = self.old_images.get(service)?;
        let id = self.old_ids.get(service);
        let defaults = match id {
            Some(id) => self.images.get(id),
            None => self.images.get(reference),
        };
        let image = self.served(reference, defaults)?;
        Some(ServedImage {
            id: image.id.or_else(|| id.cloned()),
            ..image
        })
    }

    fn served(&self, reference: &str, image: Option<&ImageDefaults>) -> Option<ServedImage> {
        let id = image.map(|image| image.id.clone());
        let asked = id.as_ref().and_then(|id| self.c_libraries.get(id)).copied();
        let by_tag = || {
            let parsed: Reference = reference.parse().ok()?;
            CLibrary::of_tag(parsed.tag.as_deref()?)
        };
        Some(ServedImage {
            runs: DatabaseImage::of(reference, image)?,
            platform: Platform {
                machine: image.and_then(|image| image.machine.clone()),
                // An image that is here is asked, and no tag believed.
                c_library: if image.is_some() { asked } else { by_tag() },
            },
            id,
        })
    }

    /// The images of which the C library has to be known: those of a service that gets the files of a
    /// database whose order is the C library's, and another image of the same major.
    pub fn to_be_asked(&self, model: &Model) -> Vec<String> {
        let mut ids = Vec::new();
        for seen in &self.seen {
            let sorts = |kind: &str| {
                DatabaseRecipe::of(kind).is_some_and(|recipe| recipe.files.heeds_c_library)
            };
            let mut found = seen.found.iter().flat_map(|found| &found.databases);
            if !found.any(|database| sorts(database.kind)) {
                continue;
            }
            for mount in &seen.mounts {
                let service = model.services.get(&mount.service);
                let new = service.and_then(|service| self.new_image(service));
                let Some((old, new)) = self.old_image(&mount.service).zip(new) else {
                    continue;
                };
                let is_asked = old.id != new.id && old.runs.major() == new.runs.major();
                ids.extend([old.id, new.id].into_iter().flatten().filter(|_| is_asked));
            }
        }
        ids.sort();
        ids.dedup();
        ids
    }

    /// The enabled services that run a database, with it.
    pub fn services<'a>(
        &'a self,
        model: &'a Model,
    ) -> impl Iterator<Item = (&'a String, &'a Service, DatabaseImage)> {
        let services = model.services.iter();
        let enabled = services.filter(|(_, service)| service.enabled);
        enabled.filter_map(|(name, service)| Some((name, service, self.image_of(service)?)))
    }
}
