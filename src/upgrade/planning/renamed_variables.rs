//! Variables that the administrator has set and that the new release reads by another name, or not at all: what
//! he set would give way to a default without a word.
//!
//! Pure, but for reading the files of variables again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::merging::Answered;
use super::obstacle::Obstacle;
use super::releases::Releases;
use crate::compose::{self, Model, Reference, interpolate, variables};
use crate::env_file::{EnvFile, Values};

/// What both releases read, and with which values.
struct ReadVariables<'a> {
    old: &'a Model,
    new: &'a Model,
    /// The values that the old release is resolved with.
    was: &'a Values,
    /// Those of the new one.
    is: &'a Values,
    /// All names that the old release's files have.
    before: BTreeSet<String>,
}

/// A variable that is read where another one was.
struct Heir {
    name: String,
    places: Vec<String>,
}

/// What stands against variables that have other names; of those that nothing reads any longer it is warned.
/// Where the vendor's value was said to count, nothing does.
///
/// # Errors
/// [`compose::Error`] where a file of variables can't be read.
pub(super) fn look(
    releases: &Releases,
    new: &Model,
    answered: &Answered,
    warnings: &mut Vec<String>,
) -> Result<Vec<Obstacle>, compose::Error> {
    let old = &releases.old;
    let (was, is) = (old.values()?, releases.new.values()?);
    let read = ReadVariables {
        old: &old.model,
        new,
        was: &was,
        is: &is,
        before: names(&old.model),
    };
    let after = names(new);
    let (mut found, mut unread) = (Vec::new(), BTreeMap::<PathBuf, Vec<String>>::new());
    for name in read.before.iter().filter(|name| !is_composes_own(name)) {
        let file = was.holder(name).filter(|file| file.last(name).is_some());
        let shipped = releases.old_shipped_env.as_ref();
        let is_vendors = shipped.is_some_and(|env| env.get(name) == was.get(name).as_ref());
        let Some(path) = file.map(EnvFile::path).filter(|_| !is_vendors) else {
            continue;
        };
        let file = old.name_of(path).unwrap_or_else(|| path.to_owned());
        let answer = format!("{}:{name}", file.display());
        if answered
            .theirs
            .iter()
            .any(|given| *given == file || given == Path::new(&answer))
        {
            continue;
        }
        match read.heir(name) {
            Some(heir) => found.push(Obstacle::VariableRenamed {
                from: name.clone(),
                to: heir.name,
                file,
                places: heir.places,
            }),
            None if !after.contains(name) && !is_read_by_container(new, releases, &file) => {
                unread.entry(file).or_default().push(format!("`{name}`"));
            }
            None => {}
        }
    }
    warnings.extend(unread.into_iter().map(|(file, names)| {
        format!(
            "{}: set in `{}`, and no compose file of {} reads {} as those of {} do",
            names.join(", "),
            file.display(),
            releases.new.version,
            if names.len() == 1 { "it" } else { "them" },
            old.version
        )
    }));
    Ok(found)
}

fn names(model: &Model) -> BTreeSet<String> {
    let written = model.templates.values();
    written.flat_map(|written| variables(written)).collect()
}

fn is_composes_own(name: &str) -> bool {
    name.starts_with("COMPOSE_") || matches!(name, "PWD" | "HOME")
}

/// Whether a container of the new release has all variables of a file.
fn is_read_by_container(new: &Model, releases: &Releases, file: &Path) -> bool {
    let services = new.services.values().filter(|service| service.enabled);
    let mut files = services.flat_map(|service| &service.env_files);
    files.any(|path| releases.new.name_of(path).as_deref() == Some(file))
}

impl ReadVariables<'_> {
    /// The variable that is new, that nobody has set, and that is read where the old one was, so that its value
    /// would make a difference.
    fn heir(&self, name: &str) -> Option<Heir> {
        let mut heir: Option<Heir> = None;
        for (place, written) in &self.old.templates {
            let Some(now) = self.new.templates.get(place) else {
                continue;
            };
            let reads = variables(now);
            if !variables(written).iter().any(|read| read == name)
                || reads.iter().any(|read| read == name)
            {
                continue;
            }
            let mut likely = reads.iter().filter(|read| {
                !self.before.contains(*read)
                    && self.was.get(read).is_none()
                    && self.would_differ(place, now, (name, read))
            });
            let named = heir.as_ref().map(|heir| heir.name.clone());
            let likely = likely.find(|read| named.as_ref().is_none_or(|name| name == *read));
            if let Some(read) = likely {
                let heir = heir.get_or_insert_with(|| Heir {
                    name: read.clone(),
                    places: Vec::new(),
                });
                heir.places.push(place.clone());
            }
        }
        heir
    }

    /// Whether a template comes to something else where the new variable has the old one's value. Of an image
    /// the tag alone makes no difference: that the vendor's is taken is what an upgrade is.
    fn would_differ(&self, place: &str, template: &str, (from, to): (&str, &str)) -> bool {
        let with = |name: &str| match name == to {
            true => self.was.get(from),
            false => self.is.get(name),
        };
        let without = |name: &str| self.is.get(name);
        let (Ok(given), Ok(left)) = (
            interpolate(template, &with),
            interpolate(template, &without),
        ) else {
            return false;
        };
        let name = |image: &str| Some(image.parse::<Reference>().ok()?.full_name());
        match place.rsplit('.').next() == Some("image") {
            true => name(&given).is_some() && name(&given) != name(&left),
            false => given != left,
        }
    }
}
