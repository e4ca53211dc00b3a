//! Folders of the host that services mount by their absolute paths: which they are, and how
//! they are moved.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::service_edits::items;
use crate::compose::error::Error;
use crate::compose::file::document::{Document, MapEntry};
use crate::compose::file::edit::{Draft, Edited};
use crate::compose::file::interpolate::{Lookup, interpolate};
use crate::compose::file::location::Location;
use crate::compose::file::syntax::NodeKind;
use crate::compose::file::template::{MINGLED, Template};
use crate::compose::file::value_location::{ValueLocation, ValueSites};
use crate::compose::model::mount::{Short, is_data};

/// Moves every bind mount from a folder of the host, or from below it, to the same place
/// below another; the devices of bind volumes too. Of several moves the first that fits
/// counts. Over several files, each move needs to find a mount in one. What is below the
/// other folder already stays: doing it again changes nothing.
///
/// # Errors
/// [`Error::Malformed`] for what isn't an absolute path; [`Error::NotMounted`] if nothing is
/// mounted from a folder; [`Error::Unsafe`].
pub fn rebase_binds_in(
    documents: &[(&Document, &Lookup<'_>)],
    moves: &[(PathBuf, PathBuf)],
) -> Result<Vec<Edited>, Error> {
    for path in moves.iter().flat_map(|(from, to)| [from, to]) {
        let is_plain = |path: &str| !path.contains([':', '$']);
        if !path.is_absolute() || !path.to_str().is_some_and(is_plain) {
            return Err(Error::Malformed {
                text: path.display().to_string(),
                reason: "not an absolute path that a mount can name".to_owned(),
            });
        }
    }
    let mut unmatched: Vec<&PathBuf> = moves.iter().map(|(from, _)| from).collect();
    let mut edits = Vec::new();
    for (document, lookup) in documents {
        edits.push(rebased(document, lookup, moves, &mut unmatched)?);
    }
    let Some(from) = unmatched.first() else {
        return Ok(edits);
    };
    let all = documents.iter();
    let all = all.flat_map(|(document, lookup)| sources(document, lookup));
    let mut present: Vec<String> = all.map(|source| source.path).collect();
    present.sort();
    present.dedup();
    Err(Error::NotMounted {
        path: documents
            .first()
            .map_or(Path::new("."), |(document, _)| document.path())
            .to_owned(),
        from: (*from).clone(),
        present,
    })
}

/// Moves the bind mounts of one file as [`rebase_binds_in`] does, of those whose path no variable
/// holds; a folder that nothing is mounted from is passed over. The other folder may be relative,
/// as `./files`.
///
/// # Errors
/// [`Error::Unsafe`], [`Error::HeldInVariable`].
pub(crate) fn rebase_literal_binds(
    document: &Document,
    moves: &[(PathBuf, PathBuf)],
) -> Result<Edited, Error> {
    rebased(document, &|_| None, moves, &mut Vec::new())
}

/// One file with its bind mounts moved; what was is no longer `unmatched`.
fn rebased(
    document: &Document,
    lookup: &Lookup<'_>,
    moves: &[(PathBuf, PathBuf)],
    unmatched: &mut Vec<&PathBuf>,
) -> Result<Edited, Error> {
    let sources = sources(document, lookup);
    let sites = sources.iter().map(|source| source.site.clone());
    let sites = ValueSites::new(sites.collect());
    let mut draft = Draft::new(document);
    for source in &sources {
        let fitting = moves.iter().find(|(from, to)| source.is_below(from, to));
        if let Some((from, to)) = fitting {
            unmatched.retain(|left| *left != from);
            let value = moved(document, source, from, to, lookup)?;
            draft.set(document, &sites, &source.site, value)?;
        }
    }
    draft.finish()
}

/// A mount with its source below `to` instead of `from`, in the text of the file or in a
/// default within it.
fn moved(
    document: &Document,
    source: &BindSource<'_>,
    from: &Path,
    to: &Path,
    lookup: &Lookup<'_>,
) -> Result<String, Error> {
    let site = &source.site;
    let path = Path::new(&source.path);
    if path.starts_with(to) {
        return Ok(site.written.to_owned());
    }
    let template = Template::new(site.written, lookup)
        .map_err(|error| site.refusal(document, &error.to_string()))?;
    let below = path
        .strip_prefix(from)
        .unwrap_or(path)
        .display()
        .to_string();
    let kept = if below.is_empty() { 0 } else { below.len() + 1 };
    let range = 0..source.path.len() - kept;
    let root = to.display().to_string();
    let root = root.trim_end_matches('/').to_owned();
    let home = template
        .home(range.clone(), false, &root)
        .ok_or_else(|| site.refusal(document, "the path is put together from several parts"))?;
    if let Some(variable) = home.variable.clone().filter(|_| home.is_in_value) {
        return Err(Error::HeldInVariable {
            at: document.location_of(site.scalar),
            service: site.service.to_owned(),
            part: "a path of the host".to_owned(),
            variable,
        });
    }
    template
        .apply(site.written, lookup, vec![(range, root, home)])
        .ok_or_else(|| site.refusal(document, MINGLED))
}

/// A folder of the host that a service writes and that no release has to itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SharedData {
    /// The absolute path, with its variables resolved.
    pub path: String,
    /// The service that mounts it, or the key of the volume that is a mount in disguise.
    pub owner: String,
    /// The place of the source's text.
    pub at: Location,
}

/// The absolute bind mounts that services can write: what every release of the file would
/// share. Sockets, devices and the system's own folders aren't data.
pub fn shared_data(document: &Document, lookup: &Lookup<'_>) -> Vec<SharedData> {
    let is_shared = |source: &BindSource<'_>| !source.read_only && is_data(Path::new(&source.path));
    let sources = sources(document, lookup).into_iter().filter(is_shared);
    sources
        .map(|source| SharedData {
            owner: source.site.service.to_owned(),
            at: document.location_of(source.site.scalar),
            path: source.path,
        })
        .collect()
}

/// The absolute source of a bind mount.
struct BindSource<'a> {
    site: ValueLocation<'a>,
    /// The path, with its variables resolved.
    path: String,
    read_only: bool,
}

impl<'a> BindSource<'a> {
    /// None for what isn't an absolute path.
    fn new(site: ValueLocation<'a>, read_only: bool, lookup: &Lookup<'_>) -> Option<Self> {
        let resolved = interpolate(site.written, lookup).ok()?;
        let path = resolved.split(':').next()?.to_owned();
        path.starts_with('/').then_some(Self {
            site,
            path,
            read_only,
        })
    }

    fn is_below(&self, from: &Path, to: &Path) -> bool {
        let path = Path::new(&self.path);
        path.starts_with(from) || path.starts_with(to)
    }
}

fn sources<'a>(document: &'a Document, lookup: &Lookup<'_>) -> Vec<BindSource<'a>> {
    let mounts = items(document, "volumes").into_iter();
    let mounts = mounts.filter_map(|(service, item)| {
        let name = document.key(service.key);
        let tree = document.tree();
        if let NodeKind::Mapping { .. } = &tree.node(tree.resolve(item)).kind {
            let (kind, _) = tree.scalar(document.get(item, "type")?.value)?;
            let source = document.get(item, "source").filter(|_| kind == "bind")?;
            let flag = document.get(item, "read_only");
            let flag = flag.and_then(|entry| tree.scalar(entry.value));
            let read_only = flag.is_some_and(|(value, _)| value == "true");
            let site = ValueLocation::new(document, name, &["volumes", "source"], source.value)?;
            return BindSource::new(site, read_only, lookup);
        }
        let site = ValueLocation::new(document, name, &["volumes"], item)?;
        let resolved = interpolate(site.written, lookup).ok()?;
        let read_only = Short::parse(&resolved).filter(Short::is_bind)?.read_only;
        BindSource::new(site, read_only, lookup)
    });
    let devices = device_sites(document).into_iter();
    let devices = devices.filter_map(|site| BindSource::new(site, false, lookup));
    mounts.chain(devices).collect()
}

/// The devices of top-level volumes that are bind mounts in disguise.
fn device_sites(document: &Document) -> Vec<ValueLocation<'_>> {
    let site = |volume: MapEntry| {
        let options = document.get(volume.value, "driver_opts")?;
        let (flags, _) = document
            .tree()
            .scalar(document.get(options.value, "o")?.value)?;
        let is_bind = flags.split(',').any(|flag| flag == "bind");
        let device = document.get(options.value, "device").filter(|_| is_bind)?;
        let key = document.key(volume.key);
        let mut site = ValueLocation::new(document, key, &["driver_opts", "device"], device.value)?;
        "volumes".clone_into(&mut site.key[0]);
        Some(site)
    };
    let volumes = document.section("volumes").into_iter();
    volumes.filter_map(site).collect()
}

#[cfg(test)]
mod tests;
