//! Whether what the new release runs with is as new as its recipe wants it: services by the tags of their
//! images, databases by what their files say. Pure. What can't be known is told, and is not enough.

use std::fmt;

use super::decisions::Decisions;
use super::obstacle::Obstacle;
use super::volume_pair::VolumePair;
use crate::compose::{Model, Reference};
use crate::database::Known;
use crate::doctor::DatabaseFacts;
use crate::release::{PathRules, Version, VersionedPart, leading_number};

/// Which version something is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartVersion {
    /// It is known.
    Is {
        /// The version.
        version: Version,
        /// Where it is: an image's reference, or a volume.
        place: String,
    },
    /// It isn't.
    Unknown {
        /// Why, as a clause.
        why: String,
    },
}

impl fmt::Display for PartVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is { version, place } => write!(f, "{place} is {version}"),
            Self::Unknown { why } => write!(f, "its version can't be known: {why}"),
        }
    }
}

/// What is older than the release that `decisions` lead to wants it, or may be.
pub(super) fn lacking(
    rules: &PathRules,
    decisions: &Decisions,
    databases: &DatabaseFacts,
) -> Vec<Obstacle> {
    let wanted = rules.minimum.iter();
    let wanted = wanted.filter(|minimum| minimum.is_wanted_by(&decisions.to));
    let found = wanted.flat_map(|minimum| {
        let parts = match &minimum.of {
            VersionedPart::Service(name) => vec![of_service(&decisions.model, name)],
            VersionedPart::Database(kind) => {
                of_databases(kind, &decisions.model, &decisions.volumes, databases)
            }
        };
        let is_lacking = |part: &PartVersion| match part {
            PartVersion::Is { version, .. } => !minimum.is_met_by(version),
            PartVersion::Unknown { .. } => true,
        };
        let parts = parts.into_iter().filter(is_lacking);
        parts.map(|found| Obstacle::BelowMinimum {
            minimum: minimum.clone(),
            found,
        })
    });
    found.collect()
}

/// The version of a service's image, by its tag.
fn of_service(model: &Model, name: &str) -> PartVersion {
    let unknown = |why: String| PartVersion::Unknown { why };
    let Some(service) = model.services.get(name) else {
        return unknown(format!("the new release has no service `{name}`"));
    };
    let Some(image) = &service.image else {
        return unknown(format!("`{name}` names no image"));
    };
    let parsed = image.parse::<Reference>().ok();
    let tag = parsed.and_then(|reference| reference.tag);
    match tag.as_deref().and_then(leading_number) {
        Some(version) => PartVersion::Is {
            version,
            place: format!("`{image}`"),
        },
        None => unknown(format!("the tag of `{image}` doesn't say it")),
    }
}

/// The versions of the databases of a kind that the new release gets: those of files that are copied,
/// and of the servers that others are moved into.
fn of_databases(
    kind: &str,
    model: &Model,
    pairs: &[VolumePair],
    databases: &DatabaseFacts,
) -> Vec<PartVersion> {
    let mut found = Vec::new();
    for seen in &databases.seen {
        let inspection = match &seen.found {
            Ok(inspection) => inspection,
            Err(why) => {
                let why = format!("{} can't be looked into: {why}", seen.name);
                found.push(PartVersion::Unknown { why });
                continue;
            }
        };
        let moved = pairs.iter().find(|pair| pair.key == seen.key);
        let moved = moved.and_then(|pair| pair.moved.as_ref());
        let own = inspection.databases.iter().filter(|one| one.kind == kind);
        found.extend(own.map(|database| match (moved, &database.version) {
            (Some(moved), _) => of_service(model, &moved.service),
            (None, Known::Is(version)) => match leading_number(version) {
                Some(version) => PartVersion::Is {
                    version,
                    place: format!("{} in {}", database.title, seen.name),
                },
                None => PartVersion::Unknown {
                    why: format!("{} says `{version}`", seen.name),
                },
            },
            (None, _) => PartVersion::Unknown {
                why: format!("the files in {} don't say it", seen.name),
            },
        }));
    }
    if found.is_empty() {
        found.push(PartVersion::Unknown {
            why: format!("no volume of the release holds a `{kind}`"),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::compose::LoadOptions;

    fn model(text: &str) -> Model {
        let read = |_: &Path| Ok(text.as_bytes().to_vec());
        let files = [PathBuf::from("/i/docker-compose.yml")];
        Model::load_with(&files, &LoadOptions::default(), &read).unwrap()
    }

    #[track_caller]
    fn check(image: &str, expect: &str) {
        let model = model(&format!("services:\n  db: {{{image}}}\n"));
        assert_eq!(of_service(&model, "db").to_string(), expect, "{image}");
    }

    #[test]
    fn a_service_is_at_what_its_tag_begins_with() {
        check(
            "image: 'postgis/postgis:14-3.2'",
            "`postgis/postgis:14-3.2` is 14",
        );
        check("image: 'r:5000/db:v2.1.3'", "`r:5000/db:v2.1.3` is 2.1.3");
        let unknown = "its version can't be known: ";
        check(
            "image: 'db:latest'",
            &format!("{unknown}the tag of `db:latest` doesn't say it"),
        );
        check(
            "image: db",
            &format!("{unknown}the tag of `db` doesn't say it"),
        );
        check("build: .", &format!("{unknown}`db` names no image"));
        let none = of_service(&model("services: {web: {image: 'w:1'}}\n"), "db");
        assert!(none.to_string().ends_with("has no service `db`"), "{none}");
    }

    #[test]
    fn a_database_that_is_nowhere_to_be_seen_is_not_known_to_be_new_enough() {
        let model = model("services: {web: {image: 'w:1'}}\n");
        let found = of_databases("postgres", &model, &[], &DatabaseFacts::default());
        let told: Vec<String> = found.iter().map(PartVersion::to_string).collect();
        assert_eq!(
            told,
            ["its version can't be known: no volume of the release holds a `postgres`"]
        );
    }
}
