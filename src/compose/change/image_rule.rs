//! What `image set` is told: which images, and what they become.

use std::fmt;
use std::str::FromStr;

use crate::compose::error::Error;
use crate::compose::model::reference::{Reference, full_name, is_digest, is_tag};
use crate::glob;

/// One rule: `REPO=TAG`, `REPO:TAG`, a pattern such as `graphistry/*=v2.10.5`, or
/// `service:NAME=REF`.
///
/// Repositories are compared as Docker compares them: `postgres` is
/// `docker.io/library/postgres`. In a pattern `*` and `?` stop at a `/`, `**` doesn't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRule {
    text: String,
    target: Target,
    becomes: Becomes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// A full name, or a pattern of full names.
    Repository(String),
    Service(String),
}

/// What an image is to be; a part that is absent stays, but for a digest beside a tag that
/// changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Becomes {
    pub(crate) name: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) digest: Option<String>,
}

impl ImageRule {
    /// True if the rule speaks of an image of this repository, in this service.
    pub fn matches(&self, service: &str, repository: &str) -> bool {
        match &self.target {
            Target::Service(name) => name == service,
            Target::Repository(pattern) => {
                let name = full_name(repository);
                let fits = |pattern: &str| matches_name(pattern, &name);
                !repository.is_empty() && (fits(pattern) || any_registry(pattern).is_some_and(fits))
            }
        }
    }

    /// The service that the rule names, where it names no repository.
    pub(super) fn service(&self) -> Option<&str> {
        match &self.target {
            Target::Service(name) => Some(name),
            Target::Repository(_) => None,
        }
    }

    /// The rule with wildcards that go beyond a `/`, told, if that fits any of these repositories.
    pub(super) fn wider(&self, repositories: &[String]) -> Option<String> {
        let (pattern, tag) = self.text.split_once('=')?;
        if !pattern.contains('*') || pattern.contains("**") {
            return None;
        }
        let text = format!("{}={tag}", pattern.replace('*', "**"));
        let wider: Self = text.parse().ok()?;
        let fits = repositories.iter().find(|name| wider.matches("", name));
        Some(match fits {
            Some(name) => {
                format!("`{text}` fits `{name}`: `*` stops at a `/`, `**` doesn't")
            }
            None => "`*` stops at a `/`, `**` doesn't".to_owned(),
        })
    }

    pub(crate) fn becomes(&self) -> &Becomes {
        &self.becomes
    }
}

impl fmt::Display for ImageRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ImageRule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (target, becomes) = match text.split_once('=') {
            Some((left, reference)) if left.starts_with("service:") => {
                let service = left["service:".len()..].to_owned();
                let reference: Reference = reference.parse()?;
                if reference.is_just_a_number() {
                    return Err(malformed(
                        text,
                        "a tag alone is no reference; write `service:NAME=REPO:TAG`",
                    ));
                }
                (Target::Service(service), whole(reference))
            }
            Some((repository, tag)) => {
                if repository.is_empty() {
                    return Err(malformed(text, "names no repository before the `=`"));
                }
                let target = Target::Repository(full_pattern(repository));
                (target, tag_and_digest(text, tag)?)
            }
            None => {
                let reference: Reference = text.parse()?;
                if reference.tag.is_none() && reference.digest.is_none() {
                    return Err(malformed(
                        text,
                        "names no tag; write `REPO=TAG`, `REPO:TAG` or `service:NAME=REF`",
                    ));
                }
                let target = Target::Repository(reference.full_name());
                let becomes = Becomes {
                    name: None,
                    ..whole(reference)
                };
                (target, becomes)
            }
        };
        Ok(Self {
            text: text.to_owned(),
            target,
            becomes,
        })
    }
}

fn malformed(text: &str, reason: &str) -> Error {
    Error::Malformed {
        text: text.to_owned(),
        reason: reason.to_owned(),
    }
}

fn whole(reference: Reference) -> Becomes {
    Becomes {
        name: Some(reference.name()),
        tag: reference.tag,
        digest: reference.digest,
    }
}

fn tag_and_digest(rule: &str, text: &str) -> Result<Becomes, Error> {
    let (tag, digest) = match text.split_once('@') {
        Some((tag, digest)) => (tag, Some(digest)),
        None => (text, None),
    };
    if !tag.is_empty() && !is_tag(tag) || tag.is_empty() && digest.is_none() {
        return Err(malformed(
            rule,
            "a tag is up to 128 letters, digits, `_`, `.` and `-`",
        ));
    }
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Err(malformed(
            rule,
            "a digest is an algorithm, `:` and hex digits",
        ));
    }
    Ok(Becomes {
        name: None,
        tag: Some(tag.to_owned()).filter(|tag| !tag.is_empty()),
        digest: digest.map(str::to_owned),
    })
}

/// `**` at the front stands for any registry; otherwise Docker's defaults apply.
fn full_pattern(pattern: &str) -> String {
    if pattern.starts_with("**") {
        pattern.to_owned()
    } else {
        full_name(pattern)
    }
}

/// A pattern that begins with a wildcard, without the registry that Docker takes for granted: the
/// wildcard may stand for one.
fn any_registry(pattern: &str) -> Option<&str> {
    let rest = pattern.strip_prefix("docker.io/")?;
    let (first, _) = rest.split_once('/')?;
    first.contains(['*', '?']).then_some(rest)
}

/// An element of a pattern of repositories.
enum RuleElement {
    Char(char),
    /// `?`: one character but `/`.
    AnyInName,
    /// `*`: any number of characters but `/`.
    ManyInName,
    /// `**`: any number of characters.
    Many,
}

impl RuleElement {
    fn all(pattern: &str) -> Vec<Self> {
        let mut chars = pattern.chars().peekable();
        let mut elements = Vec::new();
        while let Some(c) = chars.next() {
            elements.push(match c {
                '*' if chars.next_if_eq(&'*').is_some() => Self::Many,
                '*' => Self::ManyInName,
                '?' => Self::AnyInName,
                c => Self::Char(c),
            });
        }
        elements
    }

    const fn is_many(&self) -> bool {
        matches!(self, Self::ManyInName | Self::Many)
    }

    const fn takes(&self, c: char) -> bool {
        match self {
            Self::Char(own) => *own == c,
            Self::AnyInName | Self::ManyInName => c != '/',
            Self::Many => true,
        }
    }
}

/// `*` and `?` stand for anything but `/`, `**` for anything.
fn matches_name(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    glob::matches(
        &RuleElement::all(pattern),
        &name,
        RuleElement::is_many,
        |element, c| element.takes(*c),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(rule: &str, image: &str) -> bool {
        let rule: ImageRule = rule.parse().unwrap();
        let image: Reference = image.parse().unwrap();
        rule.matches("web", &image.name())
    }

    #[test]
    fn a_repository_matches_however_docker_would_write_it() {
        assert!(matches("postgres=16", "postgres:15"));
        assert!(matches("postgres=16", "docker.io/library/postgres"));
        assert!(matches("docker.io/postgres:16", "postgres"));
        assert!(!matches("postgres=16", "quay.io/postgres:15"));
        assert!(!matches("postgres=16", "bitnami/postgres:15"));
        assert!(!matches("postgres=16", "postgres-exporter:15"));
    }

    #[test]
    fn patterns_stop_at_slashes_unless_doubled() {
        assert!(matches("graphistry/*=v2", "graphistry/nginx:v1"));
        assert!(!matches("graphistry/*=v2", "graphistry/a/b:v1"));
        assert!(matches("graphistry/**=v2", "graphistry/a/b:v1"));
        assert!(matches("*=v2", "nginx"));
        assert!(!matches("*=v2", "org/nginx"));
        assert!(matches("**=v2", "quay.io/org/nginx"));
        assert!(matches("**/ngin?=v2", "quay.io/org/nginx"));
        assert!(matches("*/*/pg=17", "registry.local:5000/acme/pg:16"));
        assert!(matches("*/pg=17", "quay.io/pg:16"));
        assert!(matches("*/pg=17", "acme/pg:16"));
        assert!(!matches("*/pg=17", "registry.local:5000/acme/pg:16"));
        let any: ImageRule = "**=v2".parse().unwrap();
        assert!(!any.matches("web", ""));
    }

    #[test]
    fn a_pattern_full_of_stars_is_matched_at_once() {
        let rule = "*a".repeat(20) + "z=v2";
        // Tried one way after the other, this would take longer than anybody lives.
        assert!(!matches(&rule, &"a".repeat(200)));
    }

    #[test]
    fn a_service_rule_matches_by_name_even_what_cannot_be_read() {
        let rule: ImageRule = "service:web=reg:5000/app:2".parse().unwrap();
        assert!(rule.matches("web", ""));
        assert!(!rule.matches("worker", ""));
        assert_eq!(rule.becomes().name.as_deref(), Some("reg:5000/app"));
        assert_eq!(rule.becomes().tag.as_deref(), Some("2"));
    }

    #[test]
    fn a_rule_is_shown_as_it_was_given() {
        let rule: ImageRule = "postgres=16".parse().unwrap();
        assert_eq!(rule.to_string(), "postgres=16");
    }

    #[test]
    fn malformed_rules_say_why() {
        for (rule, expect) in [
            ("=16", "`=16`: names no repository before the `=`"),
            (
                "postgres",
                "`postgres`: names no tag; write `REPO=TAG`, `REPO:TAG` or `service:NAME=REF`",
            ),
            (
                "postgres=",
                "`postgres=`: a tag is up to 128 letters, digits, `_`, `.` and `-`",
            ),
            (
                "postgres=1@sha256:1",
                "`postgres=1@sha256:1`: a digest is an algorithm, `:` and hex digits",
            ),
        ] {
            let error = rule.parse::<ImageRule>().unwrap_err();
            assert_eq!(error.to_string(), expect);
        }
        for number in ["2", "1.27", "2.10.5"] {
            let error = format!("service:web={number}").parse::<ImageRule>();
            let error = error.unwrap_err().to_string();
            assert!(error.ends_with("write `service:NAME=REPO:TAG`"), "{error}");
        }
        assert!("service:web=2:1".parse::<ImageRule>().is_ok());
        assert!("service:web=".parse::<ImageRule>().is_err());
    }
}
