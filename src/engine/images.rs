//! The images that an engine has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;

use super::{Docker, Error};
use crate::compose::spelled_out;

/// An image under one of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalImage {
    /// The repository, as the engine prints it: `postgres`.
    pub repository: String,
    /// The tag; none for an image that was pulled by digest.
    pub tag: Option<String>,
    /// The digest that its registry knows it by; none for one that was loaded or built.
    pub digest: Option<String>,
    /// The id, `sha256:...`.
    pub id: String,
}

/// Every image that the engine has, once for each of its names.
///
/// # Errors
/// [`Error::Call`] and [`Error::Answer`].
pub fn local_images(docker: &Docker) -> Result<Vec<LocalImage>, Error> {
    let args = [
        "image",
        "ls",
        "--no-trunc",
        "--digests",
        "--format",
        "{{json .}}",
    ];
    let rows: Vec<ImageRow> = Docker::json_lines("list the images", &docker.call(args))?;
    Ok(rows.into_iter().map(LocalImage::from).collect())
}

/// What an image says of the containers that are made of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageDefaults {
    /// Its id, `sha256:...`.
    pub id: String,
    /// The processor that its programs are for, as Go names it: `amd64`; nothing where it isn't told.
    pub machine: Option<String>,
    /// Its variables.
    pub env: BTreeMap<String, String>,
    /// Where its containers get a volume without a name, if nothing is mounted there.
    pub volumes: Vec<PathBuf>,
}

/// What the images `references`, which have to be there, say of themselves.
///
/// # Errors
/// [`Error::Call`] and [`Error::Answer`].
pub fn image_defaults(
    docker: &Docker,
    references: &[&str],
) -> Result<BTreeMap<String, ImageDefaults>, Error> {
    if references.is_empty() {
        return Ok(BTreeMap::new());
    }
    let call = docker.call(["image", "inspect", "--format", "{{json .}}"]);
    let told: Vec<ToldImage> = Docker::json_lines("look at the images", &call.args(references))?;
    let names = references.iter().map(|name| (*name).to_owned());
    Ok(names
        .zip(told.into_iter().map(ImageDefaults::from))
        .collect())
}

/// Those of the references in `wanted` that none of the images in `have` answers to, in
/// their order. Short and long spellings are the same image.
pub fn missing_images<'a>(have: &[LocalImage], wanted: &[&'a str]) -> Vec<&'a str> {
    let names: BTreeSet<String> = have.iter().flat_map(LocalImage::names).collect();
    let is_missing = |reference: &&&str| !names.contains(&spelled_out(reference));
    wanted.iter().filter(is_missing).copied().collect()
}

impl LocalImage {
    /// All that it can be called by, spelled out.
    fn names(&self) -> impl Iterator<Item = String> {
        let tagged = self
            .tag
            .iter()
            .map(|tag| format!("{}:{tag}", self.repository));
        let pinned = self.digest.iter();
        let pinned = pinned.map(|digest| format!("{}@{digest}", self.repository));
        tagged.chain(pinned).map(|name| spelled_out(&name))
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ToldImage {
    id: String,
    architecture: String,
    config: Option<ToldDefaults>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ToldDefaults {
    /// `NAME=value` each.
    env: Option<Vec<String>>,
    volumes: Option<BTreeMap<PathBuf, serde_json::Value>>,
}

impl From<ToldImage> for ImageDefaults {
    fn from(image: ToldImage) -> Self {
        let told = image.config.unwrap_or_default();
        let env = told.env.unwrap_or_default().into_iter();
        let pair = |text: String| {
            let (name, value) = text.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        Self {
            id: image.id,
            machine: Some(image.architecture).filter(|machine| !machine.is_empty()),
            env: env.filter_map(pair).collect(),
            volumes: told.volumes.unwrap_or_default().into_keys().collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ImageRow {
    repository: String,
    tag: String,
    #[serde(default)]
    digest: String,
    #[serde(rename = "ID")]
    id: String,
}

impl From<ImageRow> for LocalImage {
    fn from(row: ImageRow) -> Self {
        let named = |text: String| Some(text).filter(|text| !text.is_empty() && text != "<none>");
        Self {
            repository: row.repository,
            tag: named(row.tag),
            digest: named(row.digest),
            id: row.id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn an_image_answers_to_its_tag_and_to_its_digest_however_it_is_spelled() {
        let image = |tag: Option<&str>, digest: Option<&str>| LocalImage {
            repository: "postgres".to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
            id: "sha256:1".to_owned(),
        };
        let have = [image(Some("15"), None), image(None, Some(DIGEST))];
        let pinned = format!("docker.io/library/postgres:13@{DIGEST}");
        let wanted = ["library/postgres:15", "postgres", &pinned, "x/postgres:15"];
        assert_eq!(
            missing_images(&have, &wanted),
            ["postgres", "x/postgres:15"]
        );
    }
}
