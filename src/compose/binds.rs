//! Folders of the host that services mount by their absolute paths: which they are, and how
//! they are moved.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::document::{Document, Entry};
use super::edit::{Draft, Edited};
use super::error::Error;
use super::location::Location;
use super::mount::Short;
use super::prefix_names::entries;
use super::service_edits::items;
use super::site::Site;
use super::syntax::Kind;

/// Moves every bind mount from a folder of the host, or from below it, to the same place
/// below another; the devices of bind volumes too. Of several moves the first that fits
/// counts. Over several files, each move needs to find a mount in one. What is below the
/// other folder already stays: doing it again changes nothing.
///
/// # Errors
/// [`Error::Malformed`] for what isn't an absolute path; [`Error::NotMounted`] if nothing is
/// mounted from a folder; [`Error::Unsafe`].
pub fn rebase_binds_in(
    documents: &[Document],
    moves: &[(PathBuf, PathBuf)],
) -> Result<Vec<Edited>, Error> {
    for path in moves.iter().flat_map(|(from, to)| [from, to]) {
        if !path.is_absolute() || path.to_str().is_none_or(|path| path.contains(':')) {
            return Err(Error::Malformed {
                text: path.display().to_string(),
                reason: "not an absolute path that a mount can name".to_owned(),
            });
        }
    }
    let mut unmatched: Vec<&PathBuf> = moves.iter().map(|(from, _)| from).collect();
    let mut edits = Vec::new();
    for document in documents {
        let sites: Vec<_> = sources(document)
            .into_iter()
            .map(|source| source.site)
            .collect();
        let mut draft = Draft::new(document);
        for site in &sites {
            if let Some((from, value)) = moves
                .iter()
                .find_map(|(from, to)| Some((from, moved(site.written, from, to)?)))
            {
                unmatched.retain(|left| *left != from);
                draft.set(document, &sites, site, value)?;
            }
        }
        edits.push(draft.finish()?);
    }
    let Some(from) = unmatched.first() else {
        return Ok(edits);
    };
    let written = documents.iter().flat_map(sources);
    let mut present: Vec<String> = written
        .filter_map(|source| source.site.written.split(':').next())
        .map(str::to_owned)
        .collect();
    present.sort();
    present.dedup();
    Err(Error::NotMounted {
        path: documents
            .first()
            .map_or(Path::new("."), Document::path)
            .to_owned(),
        from: (*from).clone(),
        present,
    })
}

/// A mount with its source below `to` instead of `from`; None if it is from neither.
fn moved(mount: &str, from: &Path, to: &Path) -> Option<String> {
    let end = mount.find(':').unwrap_or(mount.len());
    let (source, rest) = mount.split_at(end);
    if Path::new(source).starts_with(to) {
        return Some(mount.to_owned());
    }
    let below = Path::new(source)
        .strip_prefix(from)
        .ok()?
        .display()
        .to_string();
    let slash = if below.is_empty() { "" } else { "/" };
    let root = to.display().to_string();
    Some(format!(
        "{}{slash}{below}{rest}",
        root.trim_end_matches('/')
    ))
}

/// A folder of the host that a service writes and that no release has to itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SharedData {
    /// The absolute path, as written.
    pub path: String,
    /// The service that mounts it, or the key of the volume that is a mount in disguise.
    pub owner: String,
    /// Where it stands.
    pub at: Location,
}

/// The absolute bind mounts that services can write: what every release of the file would
/// share. Sockets, devices and the system's own folders aren't data.
pub fn shared_data(document: &Document) -> Vec<SharedData> {
    let shared = |source: Source<'_>| {
        let site = source.site;
        let path = site.written.split(':').next().unwrap_or_default();
        (!source.read_only && is_data(Path::new(path))).then(|| SharedData {
            path: path.to_owned(),
            owner: site.service.to_owned(),
            at: document.location_of(site.scalar),
        })
    };
    sources(document).into_iter().filter_map(shared).collect()
}

/// False for the folders of the host that are shared by design.
pub(crate) fn is_data(path: &Path) -> bool {
    const SYSTEM: [&str; 7] = ["/dev", "/etc", "/lib", "/proc", "/run", "/sys", "/var/run"];
    path != Path::new("/") && !SYSTEM.iter().any(|system| path.starts_with(system))
}

/// The absolute source of a bind mount.
struct Source<'a> {
    site: Site<'a>,
    read_only: bool,
}

fn sources(document: &Document) -> Vec<Source<'_>> {
    let mounts = items(document, "volumes").into_iter();
    let mounts = mounts.filter_map(|(service, item)| {
        let name = document.key(service.key);
        let tree = document.tree();
        if let Kind::Mapping { .. } = &tree.node(tree.resolve(item)).kind {
            let (kind, _) = tree.scalar(document.get(item, "type")?.value)?;
            let source = document.get(item, "source").filter(|_| kind == "bind")?;
            let flag = document.get(item, "read_only");
            let flag = flag.and_then(|entry| tree.scalar(entry.value));
            return Some(Source {
                site: Site::new(document, name, &["volumes", "source"], source.value)?,
                read_only: flag.is_some_and(|(value, _)| value == "true"),
            });
        }
        let site = Site::new(document, name, &["volumes"], item)?;
        let short = Short::parse(site.written).filter(Short::is_bind)?;
        let read_only = short.read_only;
        Some(Source { site, read_only })
    });
    let devices = device_sites(document).into_iter().map(|site| Source {
        site,
        read_only: false,
    });
    let mut found: Vec<_> = mounts.chain(devices).collect();
    found.retain(|source| source.site.written.starts_with('/'));
    found
}

/// The devices of top-level volumes that are bind mounts in disguise.
fn device_sites(document: &Document) -> Vec<Site<'_>> {
    let site = |volume: Entry| {
        let options = document.get(volume.value, "driver_opts")?;
        let (flags, _) = document
            .tree()
            .scalar(document.get(options.value, "o")?.value)?;
        let is_bind = flags.split(',').any(|flag| flag == "bind");
        let device = document.get(options.value, "device").filter(|_| is_bind)?;
        let key = document.key(volume.key);
        let mut site = Site::new(document, key, &["driver_opts", "device"], device.value)?;
        "volumes".clone_into(&mut site.key[0]);
        site.written.starts_with('/').then_some(site)
    };
    let volumes = entries(document, "volumes").into_iter();
    volumes.filter_map(site).collect()
}

#[cfg(test)]
mod tests;
