//! Data of the old release's services that nothing of the new release would find: the mount is gone, it is at
//! another place of the container, or the service has another name.

use std::collections::BTreeSet;
use std::path::Path;

use super::View;
use crate::compose::{Device, Service, VolumeDefinition, is_data};
use crate::doctor::DatabaseImage;
use crate::upgrade::data_places::{below_release, is_folder};
use crate::upgrade::planning::moved_data;
use crate::upgrade::planning::obstacle::Obstacle;
use crate::upgrade::planning::outside;
use crate::upgrade::planning::renamed_folders::{DataName, ProposedRename};

/// Where a service of the old release has data.
struct OldData<'a> {
    service: &'a str,
    target: &'a str,
    source: OldSource<'a>,
    /// What it is called, where a recipe can say so.
    name: DataName<'a>,
}

#[derive(Clone, Copy)]
enum OldSource<'a> {
    /// The volume of this key.
    Volume(&'a str),
    /// A folder, relative where it is below the release.
    Folder(&'a Path),
}

/// Where a service of the new release would have nothing that the old release has.
struct NewPlace<'a> {
    target: &'a str,
    /// As it is told: a volume's key or a folder.
    what: String,
    /// What it is called, where a recipe can say so.
    name: DataName<'a>,
    /// What it finds there, if that is nothing of either release's.
    data: Option<String>,
}

impl OldSource<'_> {
    fn told(self) -> String {
        match self {
            Self::Volume(key) => format!("volume `{key}`"),
            Self::Folder(path) => format!("`{}`", path.display()),
        }
    }

    /// What `--skip-volume` calls it.
    fn answer(self) -> String {
        match self {
            Self::Volume(key) => key.to_owned(),
            Self::Folder(path) => path.display().to_string(),
        }
    }
}

impl View<'_> {
    /// What stands against data that no service of the new release would find, and that is in a service
    /// which goes on, by its own name or another's.
    pub(super) fn left_data(&self) -> Vec<Obstacle> {
        let old = &self.releases.old.model;
        let running = old.services.iter().filter(|(_, service)| service.enabled);
        let mut found = Vec::new();
        for (name, was) in running {
            let places = self.old_data(name, was).into_iter();
            for place in places {
                let is_answered =
                    self.is_left(name, place.target) || self.is_skipped(&place.source.answer());
                if is_answered {
                    continue;
                }
                if self.is_found(place.source) {
                    found.extend(self.shifted(&place).filter(|_| is_database(was)));
                } else {
                    found.extend(match self.enabled().find(|(heir, _)| *heir == name) {
                        Some((_, heir)) => self.of_the_same_name(&place, heir),
                        None => self.of_another_name(&place, was),
                    });
                }
            }
        }
        found
    }

    /// What services have at another level of their container's folders, of which nobody knows whether that
    /// matters to them: a sentence each.
    pub(in crate::upgrade::planning) fn shifted_data(&self) -> Vec<String> {
        let old = &self.releases.old.model;
        let others = old.services.iter();
        let others = others.filter(|(_, service)| service.enabled && !is_database(service));
        let places = others.flat_map(|(name, was)| self.old_data(name, was));
        let places = places.filter(|place| !self.is_left(place.service, place.target));
        let found = places.filter(|place| self.is_found(place.source));
        found
            .filter_map(|place| Some(self.shifted(&place)?.to_string()))
            .collect()
    }

    fn old_data<'a>(&'a self, name: &'a str, service: &'a Service) -> Vec<OldData<'a>> {
        let old = &self.releases.old.model;
        let place = |target, source| OldData {
            service: name,
            target,
            name: match source {
                OldSource::Volume(key) => DataName::of_volume(old, key),
                OldSource::Folder(path) => DataName::Folder(path.into()),
            },
            source,
        };
        let mounts = service.mounts.iter();
        let volumes = mounts.map(|(target, key)| place(target, OldSource::Volume(key)));
        let binds = self.releases.old.model.binds.iter();
        let binds = binds.filter(|bind| bind.service == name && !bind.read_only);
        let own = binds.filter(|bind| self.has_own_data(&bind.source));
        let folders = own.map(|bind| place(&bind.target, OldSource::Folder(&bind.source)));
        volumes.chain(folders).collect()
    }

    /// Whether something that isn't only the vendor's is in a folder of the old release's.
    fn has_own_data(&self, source: &Path) -> bool {
        if source.is_absolute() {
            return is_data(source);
        }
        let mut left = self.releases.findings.left_behind.iter();
        let is_own = self.is_carried(source)
            || left.any(|path| path.starts_with(source) || source.starts_with(path));
        is_own && self.releases.old.folder.join(source).is_dir()
    }

    /// Whether an enabled service of the new release has it mounted, wherever.
    fn is_found(&self, source: OldSource<'_>) -> bool {
        match source {
            OldSource::Volume(key) => self.is_volume_found(key),
            OldSource::Folder(path) => self.is_folder_found(path),
        }
    }

    fn is_volume_found(&self, key: &str) -> bool {
        let Some(volume) = self.releases.old.model.volumes.get(key) else {
            return true;
        };
        let device = Device::of(&volume.driver_opts);
        if let Some(Device::Folder(path)) = &device
            && self.is_folder_found(&self.releases.old.model.inside(path).unwrap_or(path.clone()))
        {
            return true;
        }
        let mut copies = self
            .volumes
            .iter()
            .filter(|pair| pair.source == volume.name);
        let is_mounted = |name| {
            let place = below_release(name);
            place.is_some_and(|place| self.is_place_mounted(&place))
        };
        if copies.any(|copy| is_mounted(&copy.target)) {
            return true;
        }
        let mut mounted = self
            .enabled()
            .flat_map(|(_, service)| service.mounts.values());
        mounted.any(|mounted| match &device {
            // Whose that is, is a question of its own.
            Some(_) => self
                .model
                .volumes
                .get(mounted)
                .is_some_and(VolumeDefinition::is_device),
            None => self
                .data_of(mounted)
                .is_some_and(|data| data == volume.name),
        })
    }

    /// Whether an enabled service mounts this folder of the new release, or something in it.
    fn is_place_mounted(&self, place: &Path) -> bool {
        let is_enabled = |name: &str| self.model.services.get(name).is_some_and(|s| s.enabled);
        let mut binds = self.model.binds.iter();
        let mounted = self.mounted_volumes();
        let mut devices = mounted
            .iter()
            .filter_map(|key| self.model.volumes.get(*key)?.folder());
        binds.any(|bind| is_enabled(&bind.service) && bind.source.starts_with(place))
            || devices.any(|path| {
                let inside = self.model.inside(&path);
                inside.is_some_and(|path| path.starts_with(place))
            })
    }

    /// The keys of the volumes that enabled services of the new release mount.
    fn mounted_volumes(&self) -> BTreeSet<&String> {
        let mounts = self
            .enabled()
            .flat_map(|(_, service)| service.mounts.values());
        mounts.collect()
    }

    fn is_folder_found(&self, path: &Path) -> bool {
        let name = moved_data::folder_name(&self.releases.old.version, path);
        let mut into_volumes = self.volumes.iter().filter(|pair| is_folder(&pair.source));
        let mounted = self.mounted_volumes();
        if into_volumes
            .any(|pair| Path::new(&name).starts_with(&pair.source) && mounted.contains(&pair.key))
        {
            return true;
        }
        let is_enabled = |name: &str| self.model.services.get(name).is_some_and(|s| s.enabled);
        let is_around = |other: &Path| other.starts_with(path) || path.starts_with(other);
        let copies = self.folders.iter().filter(|copy| is_around(&copy.from));
        let mut binds = self.model.binds.iter();
        let is_there = binds.any(|bind| is_enabled(&bind.service) && is_around(&bind.source));
        is_there
            || copies
                .into_iter()
                .any(|copy| self.is_place_mounted(&copy.to))
    }

    /// The service is there still and has the same at a place around the old one, or within it: there its data
    /// isn't found where it was, as that of a `postgres:17` which was mounted at `/var/lib/postgresql/data` and
    /// now is a level higher. At quite another place it is the image's to say where.
    fn shifted(&self, place: &OldData<'_>) -> Option<Obstacle> {
        let (_, heir) = self.enabled().find(|(name, _)| *name == place.service)?;
        let binds = self.model.binds.iter();
        let binds = binds.filter(|bind| bind.service == place.service);
        let binds: Vec<_> = binds.collect();
        let at_same = |target: &str| target == place.target;
        if heir.mounts.keys().any(|target| at_same(target))
            || binds.iter().any(|bind| at_same(&bind.target))
        {
            return None;
        }
        let volumes = heir.mounts.iter();
        let volumes = volumes.filter(|(_, key)| match place.source {
            OldSource::Volume(old) => {
                let old = self.releases.old.model.volumes.get(old);
                old.is_some_and(|old| self.data_of(key).as_ref() == Some(&old.name))
            }
            OldSource::Folder(_) => false,
        });
        let volumes = volumes.map(|(target, _)| target);
        let folders = binds.iter().filter(|bind| match place.source {
            OldSource::Folder(path) => bind.source == path,
            OldSource::Volume(_) => false,
        });
        let folders = folders.map(|bind| &bind.target);
        let to = volumes
            .chain(folders)
            .find(|to| is_nested(to, place.target))?;
        Some(Obstacle::DataShifted {
            service: place.service.to_owned(),
            target: place.target.to_owned(),
            from: place.source.told(),
            to: to.clone(),
        })
    }

    /// The service is there still, and has nothing at the place; what it has there is looked at elsewhere.
    fn of_the_same_name(&self, place: &OldData<'_>, heir: &Service) -> Option<Obstacle> {
        let mut binds = self.model.binds.iter();
        let has_bind =
            binds.any(|bind| bind.service == place.service && bind.target == place.target);
        if has_bind || heir.mounts.contains_key(place.target) {
            return None;
        }
        let new = self.new_places(place.service, heir);
        let beside = new.iter().find(|new| is_nested(new.target, place.target));
        match (beside, place.source) {
            (Some(new), _) => Some(moved(place, new, &format!("at `{}`", new.target))),
            // It stays where it is, and isn't the release's.
            (None, OldSource::Folder(path)) if path.is_absolute() => None,
            (None, _) => Some(left(place, None)),
        }
    }

    /// The service is gone, and one that is new may be what it was.
    fn of_another_name(&self, place: &OldData<'_>, was: &Service) -> Option<Obstacle> {
        let old = &self.releases.old.model.services;
        let is_new = |name: &String| !old.get(name).is_some_and(|service| service.enabled);
        for (name, heir) in self.enabled().filter(|(name, _)| is_new(name)) {
            let is_alike = family(was).is_some() && family(was) == family(heir);
            let new = self.new_places(name, heir);
            let mut likely = new.iter().filter(|new| is_nested(new.target, place.target));
            let likely = likely.next().or(new.first().filter(|_| is_alike));
            if let Some(new) = likely {
                return Some(moved(place, new, &format!("of `{name}`")));
            }
            let is_bare = heir.mounts.is_empty()
                && !self
                    .model
                    .binds
                    .iter()
                    .any(|bind| bind.service == *name && !bind.read_only);
            if is_alike && is_bare {
                return Some(left(place, Some(name)));
            }
        }
        None
    }

    /// Where a service of the new release would begin with nothing, or with what is outside: volumes that nothing
    /// is copied into, and folders that nobody brings along.
    fn new_places<'a>(&'a self, name: &str, service: &'a Service) -> Vec<NewPlace<'a>> {
        let volumes = service.mounts.iter().filter_map(|(target, key)| {
            let data = self.data_of(key);
            let was = &self.releases.old.model.volumes;
            let is_known = |name: &String| was.values().any(|volume| volume.name == *name);
            let is_old = data
                .as_ref()
                .is_some_and(|data| is_known(data) || is_folder(data))
                || was.values().any(|volume| self.is_device_of(volume, key));
            let inside = self.model.volumes.get(key)?.folder();
            let inside = inside.and_then(|path| self.model.inside(&path));
            (!is_old).then(|| NewPlace {
                target,
                what: format!("volume `{key}`"),
                name: DataName::of_volume(self.model, key),
                data: data.filter(|_| inside.is_none()),
            })
        });
        let binds = self.model.binds.iter();
        let binds = binds.filter(|bind| bind.service == name && !bind.read_only);
        let is_new = |source: &Path| match source.is_absolute() {
            true => is_data(source) && !outside::is_used(&self.releases.old.model, source),
            false => {
                !self.is_there(source)
                    && self.copies_to(source).next().is_none()
                    && !self.folders.iter().any(|copy| source.starts_with(&copy.to))
            }
        };
        let folders = binds.filter(|bind| is_new(&bind.source));
        let folders = folders.map(|bind| NewPlace {
            target: &bind.target,
            what: format!("`{}`", bind.source.display()),
            name: DataName::Folder((&bind.source).into()),
            data: bind
                .source
                .is_absolute()
                .then(|| bind.source.display().to_string()),
        });
        volumes.chain(folders).collect()
    }
}

/// Whether a service runs a database by its image's name: that begins with nothing beside what is at another
/// level.
fn is_database(service: &Service) -> bool {
    let image = service.image.as_deref();
    image.is_some_and(|image| DatabaseImage::of(image, None).is_some())
}

/// The name of a service's image without its registry, path and tag.
fn family(service: &Service) -> Option<&str> {
    let image = service.image.as_deref()?;
    let name = image.split('@').next()?.rsplit('/').next()?;
    name.split(':').next()
}

fn is_nested(one: &str, other: &str) -> bool {
    let (one, other) = (Path::new(one), Path::new(other));
    one.starts_with(other) || other.starts_with(one)
}

fn moved(place: &OldData<'_>, new: &NewPlace<'_>, whose: &str) -> Obstacle {
    let (service, target) = (place.service.to_owned(), place.target.to_owned());
    let (from, to) = (place.source.told(), format!("{} {whose}", new.what));
    if let Some(data) = new.data.clone() {
        return Obstacle::AnothersData {
            service,
            target,
            from,
            to,
            data,
        };
    }
    let rename = ProposedRename::of(&place.name, &new.name);
    Obstacle::DataMoved {
        service,
        target,
        from,
        to,
        rename,
    }
}

fn left(place: &OldData<'_>, heir: Option<&str>) -> Obstacle {
    Obstacle::DataLeft {
        service: place.service.to_owned(),
        target: place.target.to_owned(),
        from: place.source.told(),
        heir: heir.map(str::to_owned),
    }
}
