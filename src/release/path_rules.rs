//! What a recipe says of the versions that may follow each other.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_yaml::Value;

use super::{MinimumVersion, Version};

/// The recipe's `path`: which upgrades are one hop. Without a rule every upgrade is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PathRules {
    /// How many majors one hop may go up.
    #[serde(deserialize_with = "at_least_one")]
    pub max_major_jump: Option<u64>,
    /// Whether a major is left from its last release only.
    pub latest_point_release_first: bool,
    /// Versions that no hop may pass by; `16.3` stands for the last release of that series.
    #[serde(deserialize_with = "versions")]
    pub stops: Vec<Version>,
    /// What has to be at a version, from one release on.
    pub minimum: Vec<MinimumVersion>,
}

/// A version in a recipe.
pub(super) fn versions<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Version>, D::Error> {
    let values = Vec::<Value>::deserialize(from)?.into_iter();
    values.map(|value| version(&value)).collect()
}

/// One version in a recipe.
pub(super) fn version<E: Error>(value: &Value) -> Result<Version, E> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_u64() => number.to_string(),
        // 2.10 and 2.1 are one number, and two versions.
        Value::Number(_) => {
            return Err(E::custom(
                "a version of two numbers has to stand between quotes, as \"2.10\": without them it \
                 is the number 2.1",
            ));
        }
        _ => return Err(E::custom("a version is a text such as \"1.8.7\"")),
    };
    text.parse().map_err(E::custom)
}

fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    match Option::<u64>::deserialize(from)? {
        Some(0) => Err(D::Error::custom("max-major-jump is at least 1")),
        jump => Ok(jump),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Result<PathRules, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn rules_are_read_as_they_are_written() {
        let read = rules(
            "{max-major-jump: 2, latest-point-release-first: true, stops: [1.8.7, '1.9', 2024]}",
        );
        let read = read.unwrap();
        assert_eq!(read.max_major_jump, Some(2));
        assert!(read.latest_point_release_first);
        let stops: Vec<_> = read.stops.iter().map(Version::as_str).collect();
        assert_eq!(stops, ["1.8.7", "1.9", "2024"]);
    }

    #[test]
    fn what_can_not_be_meant_is_refused_and_told() {
        for (text, complaint) in [
            ("{stops: [2.10]}", "between quotes"),
            ("{stops: [{a: 1}]}", "is a text such as"),
            ("{stops: ['../x']}", "is not a release's name"),
            ("{max-major-jump: 0}", "at least 1"),
            (
                "{minimum: [{release: '2', version: 1}]}",
                "either a `service`'s or",
            ),
            (
                "{minimum: [{release: '2', version: 1, service: a, database: b}]}",
                "either a `service`'s or",
            ),
            ("{minimum: [{release: '2', service: a}]}", "version"),
            (
                "{minimum: [{release: 2.10, service: a, version: 1}]}",
                "between quotes",
            ),
            ("{max-major-jumps: 1}", "max-major-jumps"),
        ] {
            let said = rules(text).unwrap_err();
            assert!(said.contains(complaint), "{text}: {said}");
        }
    }
}
