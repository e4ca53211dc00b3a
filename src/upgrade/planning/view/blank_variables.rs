//! Variables that Compose would take for blank in the new release: in its compose files, and in the files of
//! variables that its containers get.

use std::collections::{BTreeMap, BTreeSet};

use super::View;
use crate::compose::{Model, ReadKind, unset, variables};
use crate::env_file::EnvFile;
use crate::upgrade::planning::obstacle::Obstacle;
use crate::upgrade::planning::release_files::ReleaseFiles;

/// Names, and in how many places each is.
type Places = BTreeMap<String, usize>;

impl View<'_> {
    /// Variables that Compose would take for blank and that weren't before, and those without which
    /// it would refuse the release. What services alone have that don't run is none of it.
    pub(super) fn blank_variables(&self) -> Option<Obstacle> {
        let (old, new) = (&self.releases.old, &self.releases.new);
        let mut before = old.model.unset.clone();
        before.extend(of_containers(old, &old.model));
        let mut unset = self.model.unset.clone();
        unset.retain(|name, _| !self.is_idle(name));
        for (name, count) in of_containers(new, self.model) {
            *unset.entry(name).or_default() += count;
        }
        unset.retain(|name, _| !before.contains_key(name));
        for (name, count) in &self.model.needed {
            unset.entry(name.clone()).or_insert(*count);
        }
        let variables: Vec<_> = unset.into_iter().collect();
        (!variables.is_empty()).then_some(Obstacle::Unset { variables })
    }

    /// Whether nothing but services that don't run reads a variable.
    fn is_idle(&self, name: &str) -> bool {
        let services = self.model.services.iter();
        let idle = services.filter(|(_, service)| !service.enabled);
        let idle: Vec<String> = idle.map(|(name, _)| format!("services.{name}.")).collect();
        let templates = self.model.templates.iter();
        let mut places = templates.filter(|(_, text)| variables(text).iter().any(|v| v == name));
        let mut seen = false;
        let all = places.all(|(place, _)| {
            seen = true;
            idle.iter().any(|service| place.starts_with(service))
        });
        all && seen
    }
}

/// The variables that the files which the containers of a release get leave open.
fn of_containers(release: &ReleaseFiles, model: &Model) -> Places {
    let mut found = Places::new();
    let Ok(values) = release.values() else {
        return found;
    };
    let mut seen = BTreeSet::new();
    for read in model
        .reads
        .iter()
        .filter(|read| read.kind == ReadKind::EnvFile)
    {
        let service = read
            .service
            .as_ref()
            .and_then(|name| model.services.get(name));
        let Some(service) = service.filter(|service| service.enabled) else {
            continue;
        };
        let bytes = release.variables_in(&read.path).ok();
        let file = bytes.and_then(|bytes| EnvFile::parse(&read.path, &bytes).ok());
        for entry in file.iter().flat_map(EnvFile::entries) {
            let text = file.as_ref().and_then(|file| file.template(entry));
            let own = |name: &str| service.environment.get(name).cloned();
            let is_known = |name: &str| values.get(name).or_else(|| own(name));
            for name in unset(&text.unwrap_or_default(), &is_known) {
                seen.insert((name, &read.path, entry.line));
            }
        }
    }
    for (name, _, _) in seen {
        *found.entry(name).or_default() += 1;
    }
    found
}
