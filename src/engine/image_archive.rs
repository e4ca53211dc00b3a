//! What an archive of images holds, before `docker load` gets it: so that an image which
//! a release needs and its vendor forgot is named before anything changes.
//!
//! Reads what `docker save` writes (`manifest.json`) and what other tools write by the OCI
//! image layout (`index.json`), plain or compressed by gzip or zstd, told by the first bytes.
//! It unpacks nothing, and reads no more than these two members into memory.

mod archive_file;
mod error;
mod load;

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use error::ArchiveError;
pub use load::load_images;

use archive_file::ArchiveFile;

use crate::archive::{ArchiveFault, MemberType, TarReader};
use crate::compose::spelled_out;
use crate::progress::Progress;

/// The most that a list of images may take; one of a thousand images has some 100 kB.
const LIMIT: u64 = 8 << 20;
/// How many members an archive may have, and how many bytes their names.
const MOST_MEMBERS: usize = 1_000_000;
const MOST_NAMES: usize = 128 << 20;
const MANIFEST: &str = "manifest.json";
const INDEX: &str = "index.json";

/// The images in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageArchive {
    /// In the archive's order.
    pub images: Vec<ArchivedImage>,
}

/// One image in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchivedImage {
    /// The names that loading gives it: `postgres:15`; may be none.
    pub names: Vec<String>,
    /// What it is known by: `sha256:...` of its configuration (the id that `docker image ls`
    /// shows for archives of `docker save`) or, by the OCI layout, of its manifest.
    pub digest: String,
}

impl ImageArchive {
    /// Reads the list of images of the archive `path`. The list can stand at its very end,
    /// so all of it may have to be read.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn read(path: &Path, progress: &dyn Progress) -> Result<Self, ArchiveError> {
        let file = ArchiveFile::open(path, progress).map_err(|error| {
            if progress.interrupted() {
                ArchiveError::Interrupted
            } else {
                error
            }
        })?;
        progress.start(&format!("reading {}", path.display()), Some(file.size));
        let unpacked = file.unpacked().map_err(|error| broken(path, error));
        let lists = unpacked.and_then(|archive| members(path, archive));
        progress.finish();
        if progress.interrupted() {
            return Err(ArchiveError::Interrupted);
        }
        let lists = lists?;
        let images = if let Some(bytes) = &lists.manifest {
            let images: Vec<DockerImage> = parsed(path, MANIFEST, bytes)?;
            require_parts(path, &images, &lists.members)?;
            images.iter().map(DockerImage::understood).collect()
        } else if let Some(bytes) = &lists.index {
            let index: OciIndex = parsed(path, INDEX, bytes)?;
            index
                .manifests
                .iter()
                .map(OciManifest::understood)
                .collect()
        } else {
            return Err(ArchiveError::NoImages {
                path: path.to_owned(),
            });
        };
        Ok(Self { images })
    }

    /// Those of the image references in `wanted` that loading this archive would not
    /// provide, in their order. Short and long spellings are the same image; a reference
    /// by digest is never provided, since loading an archive gives names only.
    pub fn missing<'a>(&self, wanted: &[&'a str]) -> Vec<&'a str> {
        let names = self.images.iter().flat_map(|image| &image.names);
        let there: Vec<String> = names.map(|name| spelled_out(name)).collect();
        let is_there = |reference: &str| there.contains(&spelled_out(reference));
        let missing = wanted.iter().filter(|reference| !is_there(reference));
        missing.copied().collect()
    }
}

/// The two members that can hold the list.
#[derive(Default)]
struct Lists {
    manifest: Option<Vec<u8>>,
    index: Option<Vec<u8>>,
    /// The names of all members.
    members: BTreeSet<String>,
}

fn members(path: &Path, archive: impl Read) -> Result<Lists, ArchiveError> {
    let mut lists = Lists::default();
    let mut names = 0;
    let mut archive = TarReader::new(archive);
    let fault = |fault| match fault {
        ArchiveFault::Damaged(source) => broken(path, source),
        ArchiveFault::Member { name, reason } => odd(path, &name, reason),
    };
    // What gzip has to say of its contents stands behind the end of the archive, which is
    // read, too.
    while let Some(member) = archive.next_member().map_err(fault)? {
        let name = plain(&member.name).map_err(|reason| odd(path, &member.name, reason))?;
        names += name.len();
        if lists.members.len() >= MOST_MEMBERS || names > MOST_NAMES {
            return Err(odd(
                path,
                &member.name,
                "beyond what an archive of images has",
            ));
        }
        lists.members.insert(name.clone());
        let list = match name.as_str() {
            MANIFEST => &mut lists.manifest,
            INDEX => &mut lists.index,
            _ => continue,
        };
        if list.is_some() {
            // Which of the two `docker load` would believe is anybody's guess.
            return Err(ArchiveError::Twice {
                path: path.to_owned(),
                name,
            });
        }
        if member.kind != MemberType::File {
            return Err(odd(path, &member.name, "which is no regular file"));
        }
        let mut bytes = Vec::new();
        let read = (&mut archive).take(LIMIT + 1).read_to_end(&mut bytes);
        read.map_err(|error| broken(path, error))?;
        if bytes.len() as u64 > LIMIT {
            return Err(ArchiveError::TooLong {
                path: path.to_owned(),
                name,
            });
        }
        *list = Some(bytes);
    }
    Ok(lists)
}

/// A member's name without `.` and the slash of a folder: what `docker load` unpacks it as.
fn plain(name: &[u8]) -> Result<String, &'static str> {
    let name = String::from_utf8_lossy(name);
    let mut parts = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err("with `..` in its path"),
            part => parts.push(part),
        }
    }
    if name.starts_with('/') {
        return Err("with an absolute path");
    }
    Ok(parts.join("/"))
}

fn odd(path: &Path, name: &[u8], reason: &'static str) -> ArchiveError {
    ArchiveError::Member {
        path: path.to_owned(),
        name: name.to_vec(),
        reason,
    }
}

fn parsed<T: DeserializeOwned>(
    path: &Path,
    name: &'static str,
    bytes: &[u8],
) -> Result<T, ArchiveError> {
    serde_json::from_slice(bytes).map_err(|source| ArchiveError::List {
        path: path.to_owned(),
        name,
        source,
    })
}

/// An entry of `manifest.json` (moby, image/tarexport).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Vec<String>,
}

impl DockerImage {
    fn understood(&self) -> ArchivedImage {
        // `HEX.json`, and `blobs/sha256/HEX` since 25.0.
        let file = self.config.rsplit('/').next().unwrap_or_default();
        ArchivedImage {
            names: self.repo_tags.clone().unwrap_or_default(),
            digest: format!("sha256:{}", file.trim_end_matches(".json")),
        }
    }
}

/// A tar that was cut between two members looks whole, but for what is missing in it.
fn require_parts(
    path: &Path,
    images: &[DockerImage],
    members: &BTreeSet<String>,
) -> Result<(), ArchiveError> {
    let parts = images
        .iter()
        .flat_map(|image| image.layers.iter().chain([&image.config]));
    for part in parts {
        if !members.contains(part) {
            return Err(ArchiveError::Lacks {
                path: path.to_owned(),
                name: part.clone(),
            });
        }
    }
    Ok(())
}

/// `index.json` (OCI image layout 1.1).
#[derive(Deserialize)]
struct OciIndex {
    manifests: Vec<OciManifest>,
}

#[derive(Deserialize)]
struct OciManifest {
    digest: String,
    #[serde(default)]
    annotations: OciNames,
}

/// The full name as containerd and buildx note it, and the plain tag of the standard.
#[derive(Default, Deserialize)]
struct OciNames {
    #[serde(rename = "io.containerd.image.name")]
    full: Option<String>,
    #[serde(rename = "org.opencontainers.image.ref.name")]
    short: Option<String>,
}

impl OciManifest {
    fn understood(&self) -> ArchivedImage {
        let names = &self.annotations;
        // A tag alone (`15`) names no image.
        let short = names.short.as_ref();
        let short = short.filter(|name| name.contains([':', '/']));
        ArchivedImage {
            names: names.full.as_ref().or(short).cloned().into_iter().collect(),
            digest: self.digest.clone(),
        }
    }
}

fn broken(path: &Path, source: io::Error) -> ArchiveError {
    ArchiveError::Damaged {
        path: path.to_owned(),
        source,
    }
}
