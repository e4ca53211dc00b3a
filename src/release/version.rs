//! A release's name.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::version_order::{self, VersionPart};
use crate::error::{Code, Explain, Kind};

/// A release's name, such as `v2.10.5`: one path component of letters of any script, digits,
/// spaces and `.` `_` `-` `+`, beginning with a letter or digit and not ending with a space.
/// Ordered as administrators expect: a
/// leading `v` doesn't count, runs of digits go by value, so that `v2.9` comes before
/// `v2.10`, and `v2.10-rc1` comes before both `v2.10` and `v2.10.1` (`version_order`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(String);

/// A text that is no release's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{}` is not a release's name", .0.escape_debug())]
pub struct BadVersion(String);

impl Explain for BadVersion {
    fn code(&self) -> Code {
        Code::Usage
    }

    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn hints(&self) -> Vec<String> {
        vec!["a release is one folder below `releases/`, such as `v2.10.5`: no `/`, no `..`".into()]
    }
}

impl Version {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as one word of a POSIX shell, for commands that are told: `'release 4'`.
    pub fn word(&self) -> Cow<'_, str> {
        shlex::try_quote(&self.0).unwrap_or(Cow::Borrowed(&self.0))
    }

    /// The version without its leading `v`: `2.10.5`.
    pub fn number(&self) -> &str {
        match self.0.strip_prefix(['v', 'V']) {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
            _ => &self.0,
        }
    }

    /// The name with all that a volume's prefix can't hold or would misread turned into
    /// `_`: `v2_10_5`.
    pub fn slug(&self) -> String {
        let fit = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let slug: String = self.0.chars().map(fit).collect();
        // Docker wants a letter or digit first.
        if slug.starts_with('_') {
            format!("r{slug}")
        } else {
            slug
        }
    }

    /// The number that majors are counted by: 2 of `v2.10.5`, 2024 of `2024.12` and of `20241201`;
    /// nothing where there is none.
    pub fn major(&self) -> Option<u64> {
        match version_order::parts(self).first()? {
            VersionPart::Number(0, _) => Some(0),
            VersionPart::Number(_, digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// Whether it comes before the release that it names: `24.04-rc1`.
    pub fn is_pre_release(&self) -> bool {
        let parts = version_order::parts(self);
        parts
            .iter()
            .any(|part| matches!(part, VersionPart::PreRelease(_)))
    }

    /// Whether both are the same version, if perhaps not the same folder: `v1.8.7` and `1.8.7`.
    pub fn is_same_as(&self, other: &Self) -> bool {
        version_order::compare(self, other).is_eq()
    }

    /// Whether this is a release of `series`, as `16.3.2` is of `16.3`.
    pub fn is_of(&self, series: &Self) -> bool {
        let series = version_order::parts(series);
        !self.is_pre_release() && version_order::parts(self).starts_with(&series)
    }
}

impl FromStr for Version {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let fits = |c: char| c.is_alphanumeric() || "._-+ ".contains(c) || is_mark(c);
        let begins_well = text.starts_with(char::is_alphanumeric);
        let ends_well = !text.ends_with(' ');
        if begins_well && ends_well && text.len() <= 200 && text.chars().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadVersion(text.to_owned()))
        }
    }
}

/// An accent that combines with the letter before it: macOS writes names so.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

impl TryFrom<String> for Version {
    type Error = BadVersion;

    fn try_from(text: String) -> Result<Self, BadVersion> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        version_order::compare(self, other).then_with(|| self.0.cmp(&other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn a_version_is_of_its_series_and_has_a_major() {
        for (name, series, is_of) in [
            ("v16.3.2", "16.3", true),
            ("16.3", "16.3", true),
            ("16.0.1", "16.0", true),
            ("16.1", "16.0", false),
            ("16.30", "16.3", false),
            ("16.3-rc1", "16.3", false),
            ("17.3.1-ce.0", "v17.3.1", true),
        ] {
            assert_eq!(version(name).is_of(&version(series)), is_of, "{name}");
        }
        for (name, major) in [
            ("v2.10.5", Some(2)),
            ("0.9", Some(0)),
            ("2024.12", Some(2024)),
            ("20241201", Some(2024)),
            ("insight-3", Some(3)),
            ("green", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(version(name).major(), major, "{name}");
        }
    }

    #[test]
    fn a_name_that_could_leave_releases_is_refused() {
        for bad in [
            "",
            ".",
            "..",
            "../v1",
            "/v1",
            "v1/x",
            "-v1",
            ".v1",
            " v1",
            "v1 ",
            "v1\n",
            "v1\u{200e}",
            "v1\0",
            "v1:2",
            "v1*",
            "v1$x",
        ] {
            assert!(bad.parse::<Version>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_may_have_spaces_and_accents() {
        for name in ["release 4", "Größe 1.2", "e\u{301}té", "版本2"] {
            assert_eq!(version(name).as_str(), name);
        }
    }

    #[test]
    fn a_name_is_one_word_of_a_shell() {
        for (name, word) in [("v2.10.5", "v2.10.5"), ("release 4", "'release 4'")] {
            assert_eq!(version(name).word(), word);
        }
    }

    #[test]
    fn a_slug_is_fit_for_a_volume_name() {
        for (name, slug) in [
            ("v2.10.5", "v2_10_5"),
            ("2024-01+a", "2024_01_a"),
            ("release 4", "release_4"),
            ("ü1", "r_1"),
            ("v1", "v1"),
        ] {
            assert_eq!(version(name).slug(), slug);
        }
    }

    #[test]
    fn the_number_is_the_version_without_its_v() {
        for (name, number) in [
            ("v2.10.5", "2.10.5"),
            ("2.10.5", "2.10.5"),
            ("vega", "vega"),
        ] {
            assert_eq!(version(name).number(), number);
        }
    }

    #[test]
    fn a_version_from_json_is_checked_too() {
        assert!(serde_json::from_str::<Version>("\"../x\"").is_err());
        assert_eq!(serde_json::to_string(&version("v1")).unwrap(), "\"v1\"");
    }
}
