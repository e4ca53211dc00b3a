//! The new release as it will be, once its files are staged, merged, carried and edited: what
//! its model says that an administrator wouldn't want.
//!
//! Pure. The decisions are made file by file; here the whole is held against the old release,
//! since a file that is included, a variable in `.env`, or another key can change what they come to.

mod blank_variables;
mod left_data;
mod missing_files;
mod old_compose_files;
mod pinned_images;

use std::path::{Path, PathBuf};

use super::decisions::OutsideFolder;
use super::linked_data;
use super::moved_data;
use super::obstacle::Obstacle;
use super::outside;
use super::planned_edits::PlannedEdit;
use super::releases::Releases;
use super::renamed_folders::{DataName, ProposedRename};
use super::volume_pair::VolumePair;
use crate::compose::{Bind, Model, VolumeDefinition, is_data};
use crate::upgrade::data_places::below_release;
use crate::upgrade::service_path::ServicePath;
use crate::upgrade::shared_with_old::SharedWithOld;
use crate::upgrade::step::FolderMove;

/// The new release, and what it is held against.
pub(crate) struct View<'a> {
    pub(crate) releases: &'a Releases,
    /// What the new release's files come to after all edits.
    pub(crate) model: &'a Model,
    /// The edits of its files.
    pub(crate) edits: &'a [PlannedEdit],
    /// The volumes that are copied.
    pub(crate) volumes: &'a [VolumePair],
    /// Keys of volumes that may begin empty.
    pub(crate) skip: &'a [&'a str],
    /// Where the old release's version wins: `FILE` or `FILE:KEY`.
    pub(crate) kept: &'a [PathBuf],
    /// Folders of the host that the new release is to have copies of, and where.
    pub(crate) moves: &'a [FolderMove],
    /// Those that it gets, and folders that links lead to.
    pub(crate) folders: &'a [OutsideFolder],
    /// What is outside of both releases, and is to be mounted as it is.
    pub(crate) shared: &'a [SharedWithOld],
    /// Places in the old release's containers whose data may stay behind.
    pub(crate) leave: &'a [ServicePath],
}

impl View<'_> {
    /// Everything that stands against the release.
    pub(crate) fn obstacles(&self) -> Vec<Obstacle> {
        let mut found = self.volumes_not_its_own();
        found.extend(self.moved_data());
        found.extend(self.left_data());
        found.extend(self.pinned_images());
        found.extend(self.old_compose_files());
        found.extend(self.missing_files());
        found.extend(self.broken_services());
        found.extend(self.edited_links());
        found.extend(self.unmoved_folders());
        found.extend(self.blank_variables());
        found
    }

    /// Volumes that are the old release's, and copies that nothing would use.
    fn volumes_not_its_own(&self) -> Vec<Obstacle> {
        let old = self.releases.old.model.volumes.values();
        let old: Vec<&str> = old
            .filter(|volume| !volume.external)
            .map(|volume| volume.name.as_str())
            .collect();
        let mut found = Vec::new();
        for (key, volume) in &self.model.volumes {
            let pair = self.volumes.iter().find(|pair| pair.key == *key);
            // That is told of where volumes are observed.
            let is_told = pair.is_some_and(|pair| pair.source == pair.target);
            let is_anothers = volume.external && pair.is_none();
            if is_anothers || is_told {
                continue;
            }
            let (name, at) = (volume.name.clone(), self.place(&volume.at.to_string()));
            if old.contains(&name.as_str()) {
                found.push(Obstacle::OldVolumeUsed { name, at });
            } else if let Some(pair) = pair.filter(|pair| pair.target != name) {
                found.push(Obstacle::CopyUnused {
                    copy: pair.target.clone(),
                    used: name,
                    at,
                });
            }
        }
        found
    }

    /// Services that would find an empty volume or folder where they had their data.
    fn moved_data(&self) -> Vec<Obstacle> {
        let mut found = Vec::new();
        for (name, service) in self.enabled() {
            for (target, key) in &service.mounts {
                if self.is_skipped(key) || self.is_left(name, target) {
                    continue;
                }
                let Some((from, before)) = self.before(name, target) else {
                    continue;
                };
                let now = DataName::of_volume(self.model, key);
                if let DataName::Folder(folder) = &now {
                    let is_same = matches!(&before, Some(DataName::Folder(was)) if was == folder);
                    let is_answered = is_same || self.is_moved_to(folder, name, target);
                    let was = self.releases.old.model.services.get(name);
                    let was = was.and_then(|service| service.mounts.get(target));
                    let was = was.and_then(|was| self.releases.old.model.volumes.get(was));
                    if is_answered || was.is_some_and(|was| self.is_device_of(was, key)) {
                        continue;
                    }
                } else if let Some(data) = self.data_of(key) {
                    found.extend(self.anothers_data(name, target, (from, key), data));
                    continue;
                }
                found.push(Obstacle::DataMoved {
                    service: name.clone(),
                    target: target.clone(),
                    from,
                    to: format!("volume `{key}`"),
                    rename: before.and_then(|before| ProposedRename::of(&before, &now)),
                });
            }
        }
        found.extend(self.moved_into_folders());
        found.extend(self.moved_between_folders());
        found
    }

    /// The real name of the volume whose data the new release will find in a volume, unless that begins
    /// empty.
    fn data_of(&self, key: &str) -> Option<String> {
        if let Some(pair) = self.volumes.iter().find(|pair| pair.key == key) {
            return Some(pair.source.clone());
        }
        let volume = self.model.volumes.get(key)?;
        (volume.external || volume.is_device()).then(|| volume.name.clone())
    }

    /// A service that would find the data of another volume where it had its own.
    fn anothers_data(
        &self,
        service: &str,
        target: &str,
        (from, key): (String, &str),
        data: String,
    ) -> Option<Obstacle> {
        let old = &self.releases.old;
        let was = old.model.services.get(service)?.mounts.get(target);
        let was = was.and_then(|key| old.model.volumes.get(key));
        let place = moved_data::place_of(&old.model, &old.version, service, target);
        let is_its_own = place.is_some_and(|place| place == data)
            || was.is_some_and(|was| was.name == data || self.is_device_of(was, key));
        (!is_its_own).then(|| Obstacle::AnothersData {
            service: service.to_owned(),
            target: target.to_owned(),
            from,
            to: format!("volume `{key}`"),
            data,
        })
    }

    /// Whether the new release's volume is on the device of an old one: on a copy of it, or the same place of its
    /// release where it is a folder in there.
    fn is_device_of(&self, was: &VolumeDefinition, key: &str) -> bool {
        let Some(new) = self.model.volumes.get(key) else {
            return false;
        };
        let (Some(from), Some(to)) = (was.folder(), new.folder()) else {
            return was.is_device() && was.driver_opts == new.driver_opts;
        };
        let old = &self.releases.old.model;
        let (below_old, below_new) = (old.inside(&from), self.model.inside(&to));
        let is_copied = |copy: &OutsideFolder| {
            let is_from = copy.from == from || below_old.as_ref() == Some(&copy.from);
            is_from
                && below_new
                    .as_ref()
                    .is_some_and(|to| to.starts_with(&copy.to))
        };
        let is_same_place = below_old.is_some() && below_old == below_new;
        from == to || is_same_place || self.folders.iter().any(is_copied)
    }

    /// Whether what a service has at a place may stay behind.
    fn is_left(&self, service: &str, target: &str) -> bool {
        let mut places = self.leave.iter();
        places.any(|place| place.covers(service, Path::new(target)))
    }

    /// What the old release had at a place where the new one has a volume, told, and what it is called where a
    /// recipe can say that it is the new one's.
    fn before(&self, service: &str, target: &str) -> Option<(String, Option<DataName<'_>>)> {
        let old = &self.releases.old.model;
        if let Some(was) = old.services.get(service)?.mounts.get(target) {
            let is_meant = self.is_skipped(was);
            let name = DataName::of_volume(old, was);
            return (!is_meant).then(|| (format!("volume `{was}`"), Some(name)));
        }
        let mut binds = old.binds.iter();
        let bind = binds.find(|bind| bind.service == service && bind.target == target)?;
        let is_data = !bind.read_only;
        let is_folder = self.releases.old.folder.join(&bind.source).is_dir();
        let name = is_folder.then(|| DataName::Folder((&bind.source).into()));
        is_data.then(|| (format!("`{}`", bind.source.display()), name))
    }

    /// Folders of the release that take the place of a volume.
    fn moved_into_folders(&self) -> impl Iterator<Item = Obstacle> {
        let old = &self.releases.old.model;
        let binds = self.model.binds.iter();
        binds.filter_map(|bind| {
            let service = old.services.get(&bind.service)?;
            let was = service.mounts.get(&bind.target)?;
            let from = format!("volume `{was}`");
            if self.is_skipped(was) || is_asked_elsewhere(&bind.source) {
                return self.found_outside(bind, from);
            }
            let is_answered = self.is_left(&bind.service, &bind.target)
                || self.is_moved_to(&bind.source, &bind.service, &bind.target);
            let now = DataName::Folder((&bind.source).into());
            (!is_answered).then(|| Obstacle::DataMoved {
                service: bind.service.clone(),
                target: bind.target.clone(),
                from,
                to: format!("`{}`", bind.source.display()),
                rename: ProposedRename::of(&DataName::of_volume(old, was), &now),
            })
        })
    }

    /// Whether a folder of the new release gets what a service of the old one has at a place.
    fn is_moved_to(&self, folder: &Path, service: &str, target: &str) -> bool {
        let old = &self.releases.old;
        let was = moved_data::place_of(&old.model, &old.version, service, target);
        let mut copies = self.copies_to(folder);
        copies.any(|copy| was.as_ref() == Some(&copy.source))
            || self.folders.iter().any(|copy| {
                let from = moved_data::folder_name(&old.version, &copy.from);
                folder.starts_with(&copy.to) && was.as_deref() == Some(&*from)
            })
    }

    /// The copies of volumes that a folder of the new release is, or is in.
    fn copies_to<'b>(&'b self, folder: &'b Path) -> impl Iterator<Item = &'b VolumePair> {
        self.volumes.iter().filter(|pair| {
            let place = below_release(&pair.target);
            place.is_some_and(|place| folder.starts_with(place))
        })
    }

    /// A folder outside that is mounted as it is, since somebody said so, where the old release has data
    /// of its own.
    fn found_outside(&self, bind: &Bind, from: String) -> Option<Obstacle> {
        let is_it = |shared: &SharedWithOld| bind.source.starts_with(&shared.name);
        let is_meant = !self.shared.iter().any(is_it)
            || outside::is_used(&self.releases.old.model, &bind.source)
            || self.is_left(&bind.service, &bind.target);
        (!is_meant).then(|| Obstacle::AnothersData {
            service: bind.service.clone(),
            target: bind.target.clone(),
            from,
            to: format!("`{}`", bind.source.display()),
            data: bind.source.display().to_string(),
        })
    }

    /// Folders of the release that take the place of others, which nobody brings along.
    fn moved_between_folders(&self) -> impl Iterator<Item = Obstacle> {
        let old = &self.releases.old;
        self.model.binds.iter().filter_map(|bind| {
            let is_before = |was: &&Bind| was.service == bind.service && was.target == bind.target;
            let was = old.model.binds.iter().find(is_before)?;
            let is_data =
                !bind.read_only && !was.read_only && old.folder.join(&was.source).is_dir();
            let told = |path: &Path| format!("`{}`", path.display());
            if is_data && is_asked_elsewhere(&bind.source) {
                return self.found_outside(bind, told(&was.source));
            }
            let is_copied = |copy: &OutsideFolder| {
                let below = was.source.strip_prefix(&copy.from);
                below.is_ok_and(|below| bind.source.starts_with(copy.to.join(below)))
            };
            if is_data && was.source == bind.source && self.is_vendors_alone(&was.source) {
                return self.not_carried(bind);
            }
            let is_answered = was.source == bind.source
                || self.folders.iter().any(is_copied)
                || self.is_skipped(&was.source.to_string_lossy())
                || self.moves.iter().any(|m| m.from == was.source)
                || self.is_left(&bind.service, &bind.target);
            let (service, target) = (bind.service.clone(), bind.target.clone());
            let (from, to) = (told(&was.source), told(&bind.source));
            if !is_data || is_answered {
                None
            } else if self.is_carried(&bind.source) {
                Some(Obstacle::AnothersData {
                    service,
                    target,
                    from,
                    to,
                    data: bind.source.display().to_string(),
                })
            } else if bind.source.is_relative() && self.is_there(&bind.source) {
                // The vendor's own beginning; what was there is told among what stays behind.
                None
            } else {
                Some(Obstacle::DataMoved {
                    service,
                    target,
                    from,
                    to,
                    rename: ProposedRename::folders(&was.source, &bind.source),
                })
            }
        })
    }

    /// Whether both releases have a folder, and what is in the old one's doesn't come along.
    fn is_vendors_alone(&self, source: &Path) -> bool {
        let (old, new) = (&self.releases.old.folder, &self.releases.new.folder);
        let mut above = source.ancestors();
        let is_behind_link = above.any(|link| {
            let led_to = linked_data::leads_out(old, link);
            led_to.is_some() && led_to != linked_data::leads_out(new, link)
        });
        let mut left = self.releases.findings.left_behind.iter();
        let is_left = left.any(|path| path.starts_with(source) || source.starts_with(path));
        let mut copies = self.folders.iter();
        let mut links = source.ancestors();
        let mut questions = self.releases.questions.iter();
        let is_asked = questions.any(|q| q.answer.is_none() && source.starts_with(&q.path));
        (is_behind_link || is_left)
            && !is_asked
            && !links.any(|link| self.is_carried(link))
            && !copies.any(|copy| source.starts_with(&copy.to))
    }

    /// A folder with data that nobody brings along, though the new release mounts it, too.
    fn not_carried(&self, bind: &Bind) -> Option<Obstacle> {
        let is_answered = self.is_skipped(&bind.source.to_string_lossy())
            || self.is_left(&bind.service, &bind.target);
        (!is_answered).then(|| Obstacle::NotCarried {
            service: bind.service.clone(),
            target: bind.target.clone(),
            folder: bind.source.clone(),
        })
    }

    /// Folders of the host that are mounted still, though the new release is to have its own.
    fn unmoved_folders(&self) -> impl Iterator<Item = Obstacle> {
        self.moves.iter().filter_map(|FolderMove { from, .. }| {
            let services = outside::still_using(self.model, from);
            (!services.is_empty()).then(|| Obstacle::StillOutside {
                path: from.clone(),
                services: services.into_iter().collect(),
            })
        })
    }

    /// Services that Compose refuses, since the rest of them was the old release's.
    fn broken_services(&self) -> Vec<Obstacle> {
        let mut found = Vec::new();
        for (name, service) in self.enabled() {
            if service.image.is_none() && !service.build && !service.provided {
                found.push(Obstacle::NoImage {
                    service: name.clone(),
                    at: self.place(&service.at.to_string()),
                });
            }
            let is_known = |key: &&String| !self.model.volumes.contains_key(*key);
            let volumes = service.volumes.iter().filter(is_known);
            let is_known = |key: &&String| !self.model.networks.contains_key(*key);
            let networks = service.networks.keys().filter(is_known);
            let undefined = volumes
                .map(|key| ("volume", key))
                .chain(networks.map(|key| ("network", key)));
            found.extend(undefined.map(|(kind, key)| Obstacle::Undefined {
                service: name.clone(),
                kind,
                key: key.clone(),
            }));
        }
        found
    }

    /// Compose files that would be edited where others use them, too.
    fn edited_links(&self) -> impl Iterator<Item = Obstacle> {
        let Releases { old, new, .. } = self.releases;
        let is_link = |name: &Path| {
            let mine = old.files.iter().filter(|file| self.is_carried(&file.name));
            let mut all = mine.chain(&new.files);
            all.any(|file| file.name == name && file.leads_out)
        };
        let edited = self.edits.iter().filter(move |edit| is_link(&edit.name));
        edited.map(|edit| Obstacle::LinkEdited {
            file: edit.name.clone(),
        })
    }

    /// Whether a path below the new release will be there.
    fn is_there(&self, path: &Path) -> bool {
        self.releases.new.folder.join(path).exists() || self.is_carried(path)
    }

    /// Whether it comes from the old release.
    fn is_carried(&self, path: &Path) -> bool {
        let Releases { old, carry, .. } = self.releases;
        carry.iter().any(|carry| carry.brings(path)) && old.folder.join(path).exists()
    }

    fn enabled(&self) -> impl Iterator<Item = (&String, &crate::compose::Service)> {
        let services = self.model.services.iter();
        services.filter(|(_, service)| service.enabled)
    }

    fn is_skipped(&self, key: &str) -> bool {
        self.skip.contains(&key)
    }

    /// A place in the new release's files, by their names below it.
    fn place(&self, at: &str) -> String {
        let folders = [&self.releases.new.folder, &self.model.root];
        let below = |folder: &PathBuf| {
            let rest = at.strip_prefix(folder.to_str()?)?;
            Some(rest.trim_start_matches('/').to_owned())
        };
        let name = folders.into_iter().find_map(below);
        name.unwrap_or_else(|| at.to_owned())
    }
}

/// Whether data in a folder of the host is a question of its own: not where the system has what is
/// its own, as below `/dev/shm` or `/run`.
fn is_asked_elsewhere(source: &Path) -> bool {
    source.is_absolute() && is_data(source)
}
