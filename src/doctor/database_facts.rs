//! Databases on disk, and the images that will open them.

use std::collections::BTreeMap;

use super::{DatabaseImage, Observed};
use crate::compose::{Model, Service};
use crate::database::Inspection;
use crate::engine::ImageDefaults;

/// What the rules on databases look at.
#[derive(Debug, Clone, Default)]
pub struct DatabaseFacts {
    /// What is mounted in services that may hold a database, as it is on disk now.
    pub seen: Vec<SeenDatabases>,
    /// The images of the release in use, by service.
    pub old_images: BTreeMap<String, String>,
    /// What the engine's images say of themselves, by reference.
    pub images: BTreeMap<String, ImageDefaults>,
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
