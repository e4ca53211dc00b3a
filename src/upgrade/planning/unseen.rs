//! What the old release keeps where no compose file names it, and so no step copies it: refused by
//! name, unless somebody says that it may stay behind.

use std::path::Path;

use super::obstacle::Obstacle;
use crate::compose::Model;
use crate::engine::{DockerVolumes, Error, UnseenData, UnseenPlace, VolumeStore, unseen_data};
use crate::progress::Progress;
use crate::tree::Survey;
use crate::upgrade::service_path::ServicePath;

/// What was observed of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnseenFacts {
    /// What the containers keep, with what is in it where that could be counted.
    pub found: Vec<(UnseenData, Option<Survey>)>,
    /// Anonymous volumes of the compose files, where no engine could be asked what is in them.
    pub declared: Vec<ServicePath>,
    /// Why no engine could be asked.
    pub unknown: Option<String>,
}

impl UnseenFacts {
    /// Asks the engine of `volumes` about the old release's containers.
    ///
    /// # Errors
    /// Those of an engine that answers and then fails.
    pub(crate) fn observe(
        old: &Model,
        project: &str,
        volumes: &dyn VolumeStore,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let store = match volumes.docker() {
            None => Err("there is no Docker program".to_owned()),
            Some(docker) => match DockerVolumes::connect(docker.clone()) {
                Ok(store) => Ok(store),
                Err(error @ Error::NoEngine { .. }) => Err(error.to_string()),
                Err(error) => return Err(error),
            },
        };
        let store = match store {
            Ok(store) => store,
            Err(why) => {
                return Ok(Self {
                    declared: declared(old),
                    unknown: Some(why),
                    ..Self::default()
                });
            }
        };
        // The one that was given knows the helper; one for folders knows no volumes of an engine.
        let store = volumes
            .server()
            .map_or(&store as &dyn VolumeStore, |_| volumes);
        let mut found = Vec::new();
        for data in store
            .docker()
            .map(|docker| unseen_data(docker, project))
            .transpose()?
            .unwrap_or_default()
        {
            let survey = match &data.kind {
                UnseenPlace::AnonymousVolume { name } => survey(store, name, progress),
                _ => None,
            };
            // What the volume of an image has never been given is missed by nobody.
            if survey.is_none_or(|survey| survey.all_files() > 0) {
                found.push((data, survey));
            }
        }
        Ok(Self {
            found,
            ..Self::default()
        })
    }

    /// What stands against an upgrade, but for what may be left.
    pub(super) fn obstacles(&self, leave: &[ServicePath]) -> Vec<Obstacle> {
        let is_left =
            |service: &str, path: &Path| leave.iter().any(|left| left.covers(service, path));
        let found = self.found.iter();
        let found = found.filter(|(data, _)| data.kind != UnseenPlace::Settings);
        let found = found.filter(|(data, _)| !is_left(&data.service, &data.path));
        let found = found.map(|(data, survey)| Obstacle::UnseenData {
            data: data.clone(),
            survey: *survey,
        });
        let declared = self.declared.iter();
        let declared = declared.filter(|place| !is_left(&place.service, &place.path));
        let declared = declared.map(|place| Obstacle::UnseenUnknown {
            place: place.clone(),
            why: self.unknown.clone().unwrap_or_default(),
        });
        found.chain(declared).collect()
    }

    /// What is to be known of it.
    pub(super) fn warnings(&self, leave: &[ServicePath]) -> Vec<String> {
        let mut warnings = Vec::new();
        for (data, _) in &self.found {
            let (service, path) = (&data.service, data.path.display());
            if data.kind == UnseenPlace::Settings {
                warnings.push(format!(
                    "`{path}` was changed within the container of `{service}`: the new one won't \
                     have that"
                ));
            } else if leave.iter().any(|left| left.covers(service, &data.path)) {
                warnings.push(format!("what `{service}` keeps in `{path}` stays behind"));
            }
        }
        if let Some(why) = &self.unknown {
            warnings.push(format!(
                "whether the old release's containers keep data outside of named volumes can't \
                 be known: {why}"
            ));
        }
        warnings
    }
}

/// Nothing where the contents can't be reached.
fn survey(store: &dyn VolumeStore, name: &str, progress: &dyn Progress) -> Option<Survey> {
    let volume = store.find(name).ok()??;
    store.contents().survey(&volume, progress).ok()
}

/// The anonymous volumes of services that would run.
fn declared(model: &Model) -> Vec<ServicePath> {
    let services = model.services.iter().filter(|(_, service)| service.enabled);
    services
        .flat_map(|(name, service)| {
            let paths = service.anonymous_volumes.iter();
            paths.map(|path| ServicePath {
                service: name.clone(),
                path: path.into(),
            })
        })
        .collect()
}
