//! Data outside of what a release owns: external volumes, folders of the host by their absolute
//! paths, volumes that are a mount of something else. Both releases would write it, so that going
//! back brings nothing of it back: whether the new one gets a copy of its own is a question that
//! somebody has to answer.
//!
//! Pure.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::obstacle::Obstacle;
use super::volume_pair::VolumePair;
use crate::compose::{Device, Model, Service, VolumeDefinition, interpolate, is_data};
use crate::release::Recipe;
use crate::upgrade::request::Request;
use crate::upgrade::shared_with_old::SharedWithOld;

/// Where in a release its own copies of folders of the host are, by their whole paths.
pub(crate) const OWN_FOLDER: &str = "own";

/// What is outside of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OutsideData {
    /// An external volume.
    Volume {
        /// The key below `volumes:` of the new release.
        key: String,
        /// Its real name.
        name: String,
    },
    /// A folder of the host, mounted as it is, or as the device of a volume.
    Folder {
        /// The absolute path.
        path: PathBuf,
        /// Whether a volume has it as its device, which can't be relative.
        is_device: bool,
    },
    /// A volume on a disk, or on a server.
    Device {
        /// The key below `volumes:` of the new release.
        key: String,
        /// The disk or export.
        device: String,
    },
}

/// A use of it by the new release that needs an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutsideUse {
    pub(crate) data: OutsideData,
    /// The services of the new release that use it, or the volume's key where none does.
    pub(crate) services: Vec<String>,
    /// What the old release has in its place; the same when absent.
    pub(crate) was: Option<OldPlace>,
}

/// Where the old release has the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OldPlace {
    /// In a volume of this name.
    Volume(String),
    /// In a folder; relative below the release.
    Folder(PathBuf),
}

/// Whose the data is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ownership {
    /// The new release gets a copy.
    Own,
    /// Both use it.
    Share,
}

impl OutsideUse {
    /// All that the new release uses and that the old one, too, has there or elsewhere.
    pub(crate) fn all(old: &Model, new: &Model) -> Vec<Self> {
        let mut found = Vec::new();
        for (key, volume) in &new.volumes {
            if volume.used_by.is_empty() {
                continue;
            }
            let was = counterpart(old, new, key);
            if volume.external {
                found.extend(external(old, key, volume, was));
            } else {
                found.extend(device((old, new), key, volume, was));
            }
        }
        folders(old, new, &mut found);
        // What lies below another comes behind it.
        found.sort_by_key(Self::answer);
        found
    }

    /// What an answer calls it: a volume's key, or an absolute path.
    pub(crate) fn answer(&self) -> String {
        match &self.data {
            OutsideData::Volume { key, .. } | OutsideData::Device { key, .. } => key.clone(),
            OutsideData::Folder { path, .. } => path.display().to_string(),
        }
    }

    /// Whether a volume has it as its device, which is an absolute path.
    pub(crate) fn is_device(&self) -> bool {
        matches!(
            self.data,
            OutsideData::Folder {
                is_device: true,
                ..
            }
        )
    }

    /// As a plan records that both use it.
    pub(crate) fn shared(&self) -> SharedWithOld {
        let name = match &self.data {
            OutsideData::Volume { name, .. } => name.clone(),
            OutsideData::Folder { path, .. } => path.display().to_string(),
            OutsideData::Device { device, .. } => device.clone(),
        };
        SharedWithOld {
            what: self.answer(),
            name,
            services: self.services.clone(),
        }
    }

    /// The copy that makes an external volume the new release's own.
    pub(crate) fn pair(&self, prefix: &str) -> Option<VolumePair> {
        let OutsideData::Volume { key, name } = &self.data else {
            return None;
        };
        let source = match &self.was {
            None => name,
            Some(OldPlace::Volume(was)) => was,
            Some(OldPlace::Folder(_)) => return None,
        };
        Some(VolumePair {
            key: key.clone(),
            source: source.clone(),
            target: format!("{prefix}{key}"),
            is_used: true,
            moved: None,
        })
    }

    /// Where the copy of a folder comes from, an absolute path or one below the old release, and
    /// its place below the new one.
    pub(crate) fn folder(&self) -> Option<(PathBuf, PathBuf)> {
        let OutsideData::Folder { path, .. } = &self.data else {
            return None;
        };
        let from = match &self.was {
            None => path.clone(),
            Some(OldPlace::Folder(was)) => was.clone(),
            Some(OldPlace::Volume(_)) => return None,
        };
        Some((from, own_place(path)))
    }

    /// What stands against it while nobody has said whose it is to be.
    pub(crate) fn question(&self, new: &Model) -> Obstacle {
        let place = match &self.was {
            None => None,
            Some(OldPlace::Volume(name)) => Some(format!("volume `{name}`")),
            Some(OldPlace::Folder(path)) => Some(format!("`{}`", path.display())),
        };
        let shared = self.shared();
        Obstacle::OutsideData {
            can_own: self.pair("").is_some() || self.folder().is_some() && self.is_editable(new),
            is_volume: !matches!(self.data, OutsideData::Folder { .. }),
            answer: shared.what,
            name: shared.name,
            services: self.services.clone(),
            was: place,
        }
    }
}

impl OutsideUse {
    /// Whether every mount of a folder says in its file which it is, so that another can take its place: what a
    /// variable holds is edited by nobody.
    fn is_editable(&self, new: &Model) -> bool {
        let OutsideData::Folder { path, .. } = &self.data else {
            return true;
        };
        let binds = new.binds.iter().filter(|bind| bind.source == *path);
        let binds = binds.map(|bind| format!("services.{}.volumes.{}", bind.service, bind.target));
        let volumes = new.volumes.iter();
        let devices = volumes.filter(|(_, volume)| volume.folder().as_ref() == Some(path));
        let devices = devices.map(|(key, _)| format!("volumes.{key}.driver_opts.device"));
        let mut written = binds
            .chain(devices)
            .filter_map(|place| new.templates.get(&place));
        written.all(|written| {
            let by_itself = interpolate(written, &|_| None).unwrap_or_default();
            by_itself.split(':').next() == path.to_str()
        })
    }
}

/// The place of a folder's copy below a release.
pub(crate) fn own_place(path: &Path) -> PathBuf {
    Path::new(OWN_FOLDER).join(path.strip_prefix("/").unwrap_or(path))
}

/// What was said of data outside: by the request, else by the recipe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutsideAnswers<'a> {
    request: &'a Request,
    recipe: &'a Recipe,
}

impl<'a> OutsideAnswers<'a> {
    pub(crate) fn of(request: &'a Request, recipe: &'a Recipe) -> Self {
        Self { request, recipe }
    }

    /// The answer for what is called `answer`: that itself, or a folder above it.
    pub(crate) fn answer(&self, answer: &str) -> Option<Ownership> {
        let is_in = |list: &[String]| list.iter().any(|given| covers(given, answer));
        let lists = [
            (&self.request.own, Ownership::Own),
            (&self.request.share, Ownership::Share),
            (&self.recipe.own, Ownership::Own),
            (&self.recipe.share, Ownership::Share),
        ];
        let given = lists.into_iter().find(|(list, _)| is_in(list));
        given.map(|(_, ownership)| ownership)
    }

    /// What the request answers and nobody asked.
    pub(crate) fn idle(&self, asked: &[String]) -> Vec<&'a str> {
        let given = self.request.own.iter().chain(&self.request.share);
        let is_idle = |given: &&String| asked.iter().all(|answer| !covers(given, answer));
        given.filter(is_idle).map(String::as_str).collect()
    }
}

fn covers(given: &str, answer: &str) -> bool {
    let is_above = given.starts_with('/') && Path::new(answer).starts_with(given);
    given == answer || is_above
}

/// What the old release has where the new one has the volume `key`: by service and place, else by
/// the key.
fn counterpart(old: &Model, new: &Model, key: &str) -> Option<OldPlace> {
    let mounts = new.services.iter().flat_map(|(name, service)| {
        let here = service.mounts.iter().filter(|(_, mounted)| *mounted == key);
        here.map(move |(target, _)| (name, target))
    });
    let mut places = mounts.filter_map(|(name, target)| old_place(old, name, target));
    places.next().or_else(|| {
        let volume = old.volumes.get(key)?;
        Some(OldPlace::Volume(volume.name.clone()))
    })
}

/// What a service of the old release has at a path of its container.
fn old_place(old: &Model, service: &str, target: &str) -> Option<OldPlace> {
    if let Some(key) = old.services.get(service)?.mounts.get(target) {
        let volume = old.volumes.get(key)?;
        return Some(match volume.folder() {
            Some(path) => OldPlace::Folder(path),
            None => OldPlace::Volume(volume.name.clone()),
        });
    }
    let is_it = |bind: &&crate::compose::Bind| {
        bind.service == service && bind.target == target && !bind.read_only
    };
    let bind = old.binds.iter().find(is_it)?;
    Some(OldPlace::Folder(bind.source.clone()))
}

fn external(
    old: &Model,
    key: &str,
    volume: &VolumeDefinition,
    was: Option<OldPlace>,
) -> Option<OutsideUse> {
    let is_same = old.volumes.values().any(|other| other.name == volume.name);
    let was = match is_same {
        true => None,
        // What only the new release uses is nothing of the old one's.
        false => Some(was?),
    };
    Some(OutsideUse {
        data: OutsideData::Volume {
            key: key.to_owned(),
            name: volume.name.clone(),
        },
        services: volume.used_by.clone(),
        was,
    })
}

fn device(
    (old, new): (&Model, &Model),
    key: &str,
    volume: &VolumeDefinition,
    was: Option<OldPlace>,
) -> Option<OutsideUse> {
    let data = match Device::of(&volume.driver_opts)? {
        Device::Folder(path) if !is_data(&path) => return None,
        // It is the release's, and comes along as what is mounted by its path does.
        Device::Folder(path) if new.inside(&path).is_some() => return None,
        Device::Folder(path) => OutsideData::Folder {
            path,
            is_device: true,
        },
        Device::Elsewhere(device) => OutsideData::Device {
            key: key.to_owned(),
            device,
        },
    };
    let same = if let OutsideData::Folder { path, .. } = &data {
        is_used(old, path)
    } else {
        let mut others = old.volumes.values();
        others.any(|other| other.driver_opts == volume.driver_opts)
    };
    let was = match same {
        true => None,
        false => Some(was?),
    };
    Some(OutsideUse {
        data,
        services: volume.used_by.clone(),
        was,
    })
}

fn folders(old: &Model, new: &Model, found: &mut Vec<OutsideUse>) {
    let binds = new.binds.iter();
    let outside = binds.filter(|b| b.source.is_absolute() && !b.read_only && is_data(&b.source));
    for bind in outside {
        let known = found.iter_mut().find(|used| match &used.data {
            OutsideData::Folder { path, .. } => *path == bind.source,
            _ => false,
        });
        if let Some(known) = known {
            if !known.services.contains(&bind.service) {
                known.services.push(bind.service.clone());
            }
            continue;
        }
        let was = match is_used(old, &bind.source) {
            true => None,
            false => match old_place(old, &bind.service, &bind.target) {
                Some(was) => Some(was),
                None => continue,
            },
        };
        found.push(OutsideUse {
            data: OutsideData::Folder {
                path: bind.source.clone(),
                is_device: false,
            },
            services: vec![bind.service.clone()],
            was,
        });
    }
}

/// Whether a release uses a folder of the host, or one above or below it.
pub(crate) fn is_used(model: &Model, path: &Path) -> bool {
    let binds = model.binds.iter().map(|bind| bind.source.clone());
    let devices = model.volumes.values().filter_map(VolumeDefinition::folder);
    let mut used = binds
        .chain(devices)
        .filter(|source| source.is_absolute() && is_data(source));
    used.any(|source| source.starts_with(path) || path.starts_with(&source))
}

/// The services of a release that use a folder of the host still, whatever was to become of it.
pub(crate) fn still_using(model: &Model, path: &Path) -> BTreeSet<String> {
    let binds = model.binds.iter();
    let binds = binds.filter(|bind| !bind.read_only && bind.source.starts_with(path));
    let volumes = model.volumes.values();
    let volumes = volumes.filter(|volume| volume.folder().is_some_and(|at| at.starts_with(path)));
    let by_volume = volumes.flat_map(|volume| volume.used_by.iter().cloned());
    binds
        .map(|bind| bind.service.clone())
        .chain(by_volume)
        .collect()
}

/// Whether an enabled service uses the volume of this key.
pub(crate) fn is_mounted(model: &Model, key: &str) -> bool {
    let uses = |service: &Service| service.enabled && service.volumes.contains(key);
    model.services.values().any(uses)
}
