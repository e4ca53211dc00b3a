//! The versions that a release wants of what it runs with: of a service's image, or of a database's files.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_yaml::Value;

use super::Version;
use super::path_rules::version;

/// From one release on, something has to be at a version, or a newer one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MinimumVersion {
    /// The first release that wants it.
    pub release: Version,
    /// What of.
    pub of: VersionedPart,
    /// The oldest version that does; `14` is any of 14.
    pub version: Version,
}

/// What has a version of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionedPart {
    /// The image of a service, by its tag.
    Service(String),
    /// The files of a database of this kind, `postgres`, wherever they are.
    Database(String),
}

/// As recipes have it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMinimum {
    release: Value,
    service: Option<String>,
    database: Option<String>,
    version: Value,
}

impl<'de> Deserialize<'de> for MinimumVersion {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = WrittenMinimum::deserialize(from)?;
        let of = match (written.service, written.database) {
            (Some(service), None) => VersionedPart::Service(service),
            (None, Some(database)) => VersionedPart::Database(database),
            _ => {
                return Err(D::Error::custom(
                    "a minimum version is either a `service`'s or a `database`'s",
                ));
            }
        };
        Ok(Self {
            release: version(&written.release)?,
            of,
            version: version(&written.version)?,
        })
    }
}

impl MinimumVersion {
    /// Whether a release wants it.
    pub fn is_wanted_by(&self, release: &Version) -> bool {
        self.release <= *release || self.release.is_same_as(release)
    }

    /// Whether a version is enough.
    pub fn is_met_by(&self, version: &Version) -> bool {
        self.version <= *version || version.is_of(&self.version)
    }
}

impl fmt::Display for MinimumVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            release,
            of,
            version,
        } = self;
        write!(f, "{release} wants {of} at {version} or newer")
    }
}

impl fmt::Display for VersionedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "service `{name}`"),
            Self::Database(kind) => write!(f, "database `{kind}`"),
        }
    }
}

/// The number that a tag, or what a database's files say, begins with: 14 of `14-3.2`, 15.4 of
/// `v15.4-alpine`; nothing of `latest`.
pub fn leading_number(text: &str) -> Option<Version> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let number = text[..end.unwrap_or(text.len())].trim_end_matches('.');
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_begins_with_its_version_or_has_none() {
        for (tag, expect) in [
            ("14-3.2", Some("14")),
            ("v15.4-alpine", Some("15.4")),
            ("10.11.6-MariaDB", Some("10.11.6")),
            ("7", Some("7")),
            ("15.", Some("15")),
            ("latest", None),
            ("alpine3.20", None),
            ("", None),
            ("v", None),
        ] {
            let found = leading_number(tag);
            assert_eq!(found.as_ref().map(Version::as_str), expect, "{tag}");
        }
    }

    #[track_caller]
    fn check(minimum: &str, found: &str, is_met: bool) {
        let minimum = MinimumVersion {
            release: "3.1".parse().unwrap(),
            of: VersionedPart::Service("db".to_owned()),
            version: minimum.parse().unwrap(),
        };
        let found = found.parse().unwrap();
        assert_eq!(minimum.is_met_by(&found), is_met, "{minimum}: {found}");
    }

    #[test]
    fn a_version_is_enough_from_the_wanted_one_on() {
        check("14", "13.9", false);
        check("14", "14", true);
        check("14", "14.2", true);
        check("14.2", "14", false);
        check("14.2", "14.10", true);
        check("9.6", "10", true);
    }

    #[test]
    fn a_release_wants_it_from_the_one_that_is_named_on() {
        let minimum: MinimumVersion =
            serde_yaml::from_str("{release: '3.1', database: postgres, version: 14}").unwrap();
        for (release, is_wanted) in [
            ("v3.0.9", false),
            ("3.1-rc1", false),
            ("v3.1", true),
            ("3.1.2", true),
            ("4", true),
        ] {
            let release = release.parse().unwrap();
            assert_eq!(minimum.is_wanted_by(&release), is_wanted, "{release}");
        }
        assert_eq!(
            minimum.to_string(),
            "3.1 wants database `postgres` at 14 or newer"
        );
    }
}
