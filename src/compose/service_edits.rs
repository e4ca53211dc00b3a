//! What lets two copies of a project run side by side: other host ports, other container
//! names, other folders of the host. Each function edits one kind of value in all services
//! of a file, or in those that `only` names.

use std::ops::Range;
use std::path::Path;

use super::document::{Document, Entry};
use super::edit::{Draft, Edited};
use super::error::Error;
use super::interpolate::Lookup;
use super::mount::Short;
use super::site::{Site, services, sites};
use super::syntax::{Kind, NodeId};
use super::template::{MINGLED, Template};

fn is_meant(only: &[String], service: &str) -> bool {
    only.is_empty() || only.iter().any(|name| name == service)
}

/// Puts `suffix` behind every fixed container name that hasn't got it.
pub fn suffix_container_names(
    document: &Document,
    suffix: &str,
    only: &[String],
) -> Result<Edited, Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if suffix.is_empty() || !suffix.chars().all(fits) {
        return Err(Error::Malformed {
            text: suffix.to_owned(),
            reason: "a container's name is letters, digits, `_`, `.` and `-`".to_owned(),
        });
    }
    let sites = sites(document, "container_name");
    let mut draft = Draft::new(document);
    for site in sites.iter().filter(|site| is_meant(only, site.service)) {
        if !site.written.ends_with(suffix) {
            let name = format!("{}{suffix}", site.written);
            draft.set(document, &sites, site, name)?;
        }
    }
    draft.finish()
}

/// Adds `offset` to every published host port, in the file's text or in a default that
/// applies. Ports that the engine chooses stay.
///
/// # Errors
/// [`Error::Unsafe`] for a port beyond 65535, or one that a variable from outside holds.
pub fn offset_ports(
    document: &Document,
    offset: i32,
    only: &[String],
    lookup: &Lookup<'_>,
) -> Result<Edited, Error> {
    let sites = port_sites(document);
    let mut draft = Draft::new(document);
    for site in sites.iter().filter(|site| is_meant(only, site.service)) {
        let value = offset_port(document, site, offset, lookup)?;
        draft.set(document, &sites, site, value)?;
    }
    draft.finish()
}

/// The items of every service's `key`.
fn items(document: &Document, key: &str) -> Vec<(Entry, NodeId)> {
    let mut found = Vec::new();
    for service in services(document) {
        if let Some(list) = document.get(service.value, key) {
            let items = document.tree().items(list.value).iter();
            found.extend(items.map(|item| (service, *item)));
        }
    }
    found
}

/// The scalars that hold host ports: short syntax, and `published`.
fn port_sites(document: &Document) -> Vec<Site<'_>> {
    let site = |(service, item): (Entry, NodeId)| {
        let name = document.key(service.key);
        match document.get(item, "published") {
            Some(entry) => Site::new(document, name, &["ports", "published"], entry.value),
            None => Site::new(document, name, &["ports"], item),
        }
    };
    items(document, "ports")
        .into_iter()
        .filter_map(site)
        .collect()
}

fn offset_port(
    document: &Document,
    site: &Site<'_>,
    offset: i32,
    lookup: &Lookup<'_>,
) -> Result<String, Error> {
    let template = Template::new(site.written, lookup)
        .map_err(|error| site.refusal(document, &error.to_string()))?;
    let is_long = site.key.last().is_some_and(|key| key == "published");
    let mut changes = Vec::new();
    for range in host_ports(&template.resolved, is_long) {
        let port: Option<i32> = template.resolved[range.clone()].parse().ok();
        let moved = port
            .and_then(|port| port.checked_add(offset))
            .filter(|port| (1..=65535).contains(port))
            .ok_or_else(|| site.refusal(document, "there is no such port"))?;
        let home = template
            .home(range.clone(), false, &moved.to_string())
            .filter(|home| !home.is_in_value)
            .ok_or_else(|| {
                site.refusal(
                    document,
                    "a variable from outside of the file holds the port",
                )
            })?;
        changes.push((range, moved.to_string(), home));
    }
    template
        .apply(site.written, lookup, changes)
        .ok_or_else(|| site.refusal(document, MINGLED))
}

/// Where the host's port, or the two ends of its range, stand in a resolved port.
fn host_ports(resolved: &str, is_long: bool) -> Vec<Range<usize>> {
    let end = resolved.find('/').unwrap_or(resolved.len());
    let host = if is_long {
        0..end
    } else {
        let Some(container) = resolved[..end].rfind(':') else {
            return Vec::new();
        };
        let start = resolved[..container].rfind(':').map_or(0, |at| at + 1);
        start..container
    };
    if host.is_empty() {
        return Vec::new();
    }
    match resolved[host.clone()].find('-') {
        Some(dash) => vec![
            host.start..host.start + dash,
            host.start + dash + 1..host.end,
        ],
        None => vec![host],
    }
}

/// Moves every bind mount from `from`, or from below it, to the same place below `to`; the
/// devices of bind volumes too.
///
/// # Errors
/// [`Error::Malformed`] if either isn't an absolute path; [`Error::NotMounted`] if nothing
/// is mounted from there.
pub fn rebase_binds(document: &Document, from: &Path, to: &Path) -> Result<Edited, Error> {
    for path in [from, to] {
        if !path.is_absolute() || path.to_str().is_none_or(|path| path.contains(':')) {
            return Err(Error::Malformed {
                text: path.display().to_string(),
                reason: "not an absolute path that a mount can name".to_owned(),
            });
        }
    }
    let sites = bind_sites(document);
    let mut draft = Draft::new(document);
    let mut matched = false;
    for site in &sites {
        let end = site.written.find(':').unwrap_or(site.written.len());
        let (source, rest) = site.written.split_at(end);
        if let Ok(below) = Path::new(source).strip_prefix(from) {
            matched = true;
            let below = below.display().to_string();
            let slash = if below.is_empty() { "" } else { "/" };
            let root = to.display().to_string();
            let value = format!("{}{slash}{below}{rest}", root.trim_end_matches('/'));
            draft.set(document, &sites, site, value)?;
        }
    }
    if matched {
        return draft.finish();
    }
    let mut present: Vec<String> = sites
        .iter()
        .filter_map(|site| site.written.split(':').next())
        .map(str::to_owned)
        .collect();
    present.sort();
    present.dedup();
    Err(Error::NotMounted {
        path: document.path().to_owned(),
        from: from.to_owned(),
        present,
    })
}

/// The scalars that hold absolute sources of bind mounts.
fn bind_sites(document: &Document) -> Vec<Site<'_>> {
    let site = |(service, item): (Entry, NodeId)| {
        let name = document.key(service.key);
        let tree = document.tree();
        if let Kind::Mapping { .. } = &tree.node(tree.resolve(item)).kind {
            let (kind, _) = tree.scalar(document.get(item, "type")?.value)?;
            let source = document.get(item, "source").filter(|_| kind == "bind")?;
            return Site::new(document, name, &["volumes", "source"], source.value);
        }
        let site = Site::new(document, name, &["volumes"], item)?;
        let is_bind = Short::parse(site.written).is_some_and(|short| short.is_bind());
        is_bind.then_some(site)
    };
    let mut found: Vec<Site<'_>> = items(document, "volumes")
        .into_iter()
        .filter_map(site)
        .filter(|site| site.written.starts_with('/'))
        .collect();
    found.extend(device_sites(document));
    found
}

/// The devices of top-level volumes that are bind mounts in disguise.
fn device_sites(document: &Document) -> Vec<Site<'_>> {
    let roots = document.tree().roots.iter();
    let sections = roots.filter_map(|root| document.get(*root, "volumes"));
    let volumes = sections.flat_map(|section| document.all(section.value));
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
    volumes.filter_map(site).collect()
}

#[cfg(test)]
mod tests;
