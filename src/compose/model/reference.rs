//! Image references: `registry/repository:tag@digest`, taken apart by the rules of the
//! distribution specification rather than at the first colon.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::compose::error::Error;

/// What Docker puts before a name that names no registry.
const DEFAULT_REGISTRY: &str = "docker.io";

/// An image reference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The registry, with its port, if it is named.
    pub registry: Option<String>,
    /// The repository without the registry: `library/postgres`, `postgres`.
    pub repository: String,
    /// The tag.
    pub tag: Option<String>,
    /// The digest, with its algorithm: `sha256:...`.
    pub digest: Option<String>,
}

impl Reference {
    /// The name as it is written: registry and repository.
    pub fn name(&self) -> String {
        match &self.registry {
            Some(registry) => format!("{registry}/{}", self.repository),
            None => self.repository.clone(),
        }
    }

    /// True for `16` and `1.27.3`, which are tags that have lost their repository.
    pub(crate) fn is_just_a_number(&self) -> bool {
        let number = |c: char| c.is_ascii_digit() || c == '.';
        self.tag.is_none() && self.registry.is_none() && self.repository.chars().all(number)
    }

    /// The name with what Docker adds to it: two references to one repository have the
    /// same.
    pub fn full_name(&self) -> String {
        full_name(&self.name())
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = |reason: &str| Error::Malformed {
            text: text.to_owned(),
            reason: reason.to_owned(),
        };
        let parts = Parts::of(text);
        let take = |range: &Option<Range<usize>>| range.clone().map(|range| text[range].to_owned());
        let name = &text[parts.name];
        let (registry, repository) = split_registry(name);
        if !is_repository(repository) {
            return Err(malformed(
                "a repository is lower case letters, digits, `.`, `_`, `-` and `/`",
            ));
        }
        let (tag, digest) = (take(&parts.tag), take(&parts.digest));
        if tag.as_deref().is_some_and(|tag| !is_tag(tag)) {
            return Err(malformed(
                "a tag is up to 128 letters, digits, `_`, `.` and `-`",
            ));
        }
        if digest.as_deref().is_some_and(|digest| !is_digest(digest)) {
            return Err(malformed("a digest is an algorithm, `:` and hex digits"));
        }
        Ok(Self {
            registry: registry.map(str::to_owned),
            repository: repository.to_owned(),
            tag,
            digest,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Where the parts of a reference stand in it; no part is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) name: Range<usize>,
    /// The bytes of the tag, without the `:` before it.
    pub(crate) tag: Option<Range<usize>>,
    /// The bytes of the digest, without the `@` before it.
    pub(crate) digest: Option<Range<usize>>,
}

impl Parts {
    pub(crate) fn of(text: &str) -> Self {
        let named = text.find('@').unwrap_or(text.len());
        let digest = (named < text.len()).then_some(named + 1..text.len());
        let last = text[..named].rfind('/').map_or(0, |slash| slash + 1);
        let colon = text[last..named].rfind(':').map(|colon| last + colon);
        Self {
            name: 0..colon.unwrap_or(named),
            tag: colon.map(|colon| colon + 1..named),
            digest,
        }
    }
}

/// A name, or a pattern of names, with the registry and folder that Docker adds.
pub(crate) fn full_name(name: &str) -> String {
    match split_registry(name) {
        (Some("docker.io" | "index.docker.io") | None, path) if path.contains('/') => {
            format!("{DEFAULT_REGISTRY}/{path}")
        }
        (Some("docker.io" | "index.docker.io") | None, path) => {
            format!("{DEFAULT_REGISTRY}/library/{path}")
        }
        (Some(registry), path) => format!("{registry}/{path}"),
    }
}

/// A reference with all that Docker leaves out, so that two that mean one image are equal:
/// `postgres` has its registry, folder and `:latest` (distribution/reference,
/// `ParseNormalizedNamed`); where there is a digest, the tag doesn't count.
pub(crate) fn spelled_out(reference: &str) -> String {
    let parts = Parts::of(reference);
    let name = full_name(&reference[parts.name]);
    match (parts.digest, parts.tag) {
        (Some(digest), _) => format!("{name}@{}", &reference[digest]),
        (None, Some(tag)) => format!("{name}:{}", &reference[tag]),
        (None, None) => format!("{name}:latest"),
    }
}

/// The first component is a registry if it looks like a host: a dot, a port, `localhost`.
fn split_registry(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            (Some(first), rest)
        }
        _ => (None, name),
    }
}

fn is_repository(repository: &str) -> bool {
    repository.split('/').all(|component| {
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        component.starts_with(is_word)
            && component.ends_with(is_word)
            && component
                .chars()
                .all(|c| is_word(c) || matches!(c, '.' | '_' | '-'))
    })
}

pub(crate) fn is_tag(tag: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128
        && tag.starts_with(is_word)
        && tag.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
}

pub(crate) fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty() && hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn references_are_split_where_docker_splits_them() {
        let cases = [
            ("nginx", (None, "nginx", None)),
            ("nginx:1.27", (None, "nginx", Some("1.27"))),
            ("localhost/app:1", (Some("localhost"), "app", Some("1"))),
            ("reg:5000/app", (Some("reg:5000"), "app", None)),
            ("reg:5000/a/b:2", (Some("reg:5000"), "a/b", Some("2"))),
            ("org/app_x:v1-a", (None, "org/app_x", Some("v1-a"))),
        ];
        for (text, (registry, repository, tag)) in cases {
            let found: Reference = text.parse().unwrap();
            assert_eq!(found.registry.as_deref(), registry, "{text}");
            assert_eq!(found.repository, repository, "{text}");
            assert_eq!(found.tag.as_deref(), tag, "{text}");
            assert_eq!(found.digest, None, "{text}");
            assert_eq!(found.to_string(), text);
            let pinned = format!("{text}@{DIGEST}");
            let found: Reference = pinned.parse().unwrap();
            assert_eq!(found.digest.as_deref(), Some(DIGEST));
            assert_eq!(found.tag.as_deref(), tag, "{text}");
            assert_eq!(found.to_string(), pinned);
        }
    }

    #[test]
    fn one_image_has_one_spelling_in_full() {
        for same in ["nginx", "nginx:latest", "docker.io/nginx", "library/nginx"] {
            assert_eq!(spelled_out(same), spelled_out("nginx"), "{same}");
        }
        assert_ne!(spelled_out("nginx:1"), spelled_out("nginx"));
        assert_ne!(spelled_out("reg:5000/nginx"), spelled_out("nginx"));
        let pinned = format!("nginx@{DIGEST}");
        assert_eq!(
            spelled_out(&format!("nginx:1@{DIGEST}")),
            spelled_out(&pinned)
        );
    }

    #[test]
    fn one_repository_has_one_full_name() {
        for name in [
            "nginx",
            "library/nginx",
            "docker.io/nginx",
            "docker.io/library/nginx",
        ] {
            let reference: Reference = name.parse().unwrap();
            assert_eq!(reference.full_name(), "docker.io/library/nginx", "{name}");
        }
        let other: Reference = "quay.io/nginx".parse().unwrap();
        assert_eq!(other.full_name(), "quay.io/nginx");
    }

    #[test]
    fn malformed_references_are_errors() {
        for text in [
            "",
            "A",
            "a:",
            "a:b:c",
            "a/",
            "/a",
            "a@sha256:12",
            "-a",
            "a:.b",
            "a b",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
        let long = format!("a:{}", "x".repeat(129));
        assert!(long.parse::<Reference>().is_err());
    }
}
