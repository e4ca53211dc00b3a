//! What lets two copies of a project run side by side: other host ports, other container
//! names. Each function edits one kind of value in all services of a file, or in those that
//! `only` names.

use std::ops::Range;

use crate::compose::error::Error;
use crate::compose::file::document::{Document, MapEntry};
use crate::compose::file::edit::{Draft, Edited};
use crate::compose::file::interpolate::{Lookup, variables as variables_of};
use crate::compose::file::location::Location;
use crate::compose::file::syntax::NodeId;
use crate::compose::file::template::{MINGLED, Template};
use crate::compose::file::value_location::{ValueLocation, ValueSites, services, sites};
use crate::compose::file::variable::{VariableChange, VariableEdit, Variables};

fn is_meant(only: &[String], service: &str) -> bool {
    only.is_empty() || only.iter().any(|name| name == service)
}

/// Puts `suffix` behind every fixed container name that hasn't got it.
///
/// # Errors
/// [`Error::Malformed`] for a suffix that no name can have; [`Error::Unsafe`].
pub fn suffix_container_names(
    document: &Document,
    suffix: &str,
    only: &[String],
) -> Result<Edited, Error> {
    let mut draft = Draft::new(document);
    draft_suffix(document, &mut draft, suffix, only)?;
    draft.finish()
}

/// Refuses what no container's name can end with.
pub(crate) fn check_suffix(suffix: &str) -> Result<(), Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    match !suffix.is_empty() && suffix.chars().all(fits) {
        true => Ok(()),
        false => Err(Error::Malformed {
            text: suffix.to_owned(),
            reason: "a container's name is letters, digits, `_`, `.` and `-`".to_owned(),
        }),
    }
}

fn draft_suffix(
    document: &Document,
    draft: &mut Draft<'_>,
    suffix: &str,
    only: &[String],
) -> Result<(), Error> {
    check_suffix(suffix)?;
    let sites = ValueSites::new(sites(document, "container_name"));
    for site in sites.all.iter().filter(|site| is_meant(only, site.service)) {
        if !site.written.ends_with(suffix) {
            let name = format!("{}{suffix}", site.written);
            draft.set(document, &sites, site, name)?;
        }
    }
    Ok(())
}

/// Adds `offset` to every published host port, in the file's text or in a default that
/// applies. Ports that the engine chooses stay.
///
/// # Errors
/// [`Error::Unsafe`] for a port beyond 65535; [`Error::HeldInVariable`] for one that a
/// variable from outside holds.
pub fn offset_ports(
    document: &Document,
    offset: i32,
    only: &[String],
    lookup: &Lookup<'_>,
) -> Result<Edited, Error> {
    let (edited, variables) = offset_ports_with(document, offset, only, lookup)?;
    let Some(variable) = variables.into_iter().next() else {
        return Ok(edited);
    };
    let holds = |site: &ValueLocation<'_>| variables_of(site.written).contains(&variable.name);
    let ports = published_ports(document).into_iter();
    let site = ports.map(|port| port.value).find(holds);
    Err(Error::HeldInVariable {
        at: site.map_or_else(
            || document.location(0),
            |site| document.location_of(site.scalar),
        ),
        service: variable.services.first().cloned().unwrap_or_default(),
        part: "a host port".to_owned(),
        variable: variable.name,
    })
}

/// [`offset_ports`], where the change of a variable that holds a port is given back rather
/// than made.
///
/// # Errors
/// [`Error::Unsafe`].
pub fn offset_ports_with(
    document: &Document,
    offset: i32,
    only: &[String],
    lookup: &Lookup<'_>,
) -> Result<(Edited, Vec<VariableChange>), Error> {
    let mut draft = Draft::new(document);
    let mut variables = Variables::default();
    let refused = draft_ports(
        document,
        &mut draft,
        &mut variables,
        offset,
        &|port| is_meant(only, port.value.service),
        lookup,
    );
    if let Some(error) = refused.into_iter().next() {
        return Err(error);
    }
    Ok((draft.finish()?, variables.into_changes()))
}

/// Drafts the ports of the services that are meant; gives the reasons why some can't be.
pub(crate) fn draft_ports(
    document: &Document,
    draft: &mut Draft<'_>,
    variables: &mut Variables<'_>,
    offset: i32,
    is_meant: &dyn Fn(&PublishedPort<'_>) -> bool,
    lookup: &Lookup<'_>,
) -> Vec<Error> {
    let ports = published_ports(document);
    let sites = ports.iter().map(|port| port.value.clone());
    let sites = ValueSites::new(sites.collect());
    let asked = ports.iter().filter(|port| is_meant(port));
    let drafted = |port: &PublishedPort<'_>| {
        let site = &port.value;
        draft_port(document, draft, variables, site, &sites, offset, lookup).err()
    };
    let refused = asked.filter_map(drafted).collect();
    variables.mentioned_in(&sites.all);
    refused
}

const WITHIN: &str = "a variable within a variable holds the port";

fn is_long(site: &ValueLocation<'_>) -> bool {
    site.key.last().is_some_and(|key| key == "published")
}

fn draft_port(
    document: &Document,
    draft: &mut Draft<'_>,
    variables: &mut Variables<'_>,
    site: &ValueLocation<'_>,
    sites: &ValueSites<'_>,
    offset: i32,
    lookup: &Lookup<'_>,
) -> Result<(), Error> {
    let template = Template::new(site.written, lookup)
        .map_err(|error| site.refusal(document, &error.to_string()))?;
    let named = variables_of(site.written);
    // `${PORT}:${PORT}`: the container's port stays.
    let is_repeated = |name: &str| named.iter().filter(|other| *other == name).count() > 1;
    let (mut written, mut of_values) = (Vec::new(), Vec::new());
    for (range, port) in moved_ports(document, site, &template.resolved, offset)? {
        let home = template
            .home(range.clone(), false, &port)
            .ok_or_else(|| site.refusal(document, "the port is put together from parts"))?;
        match home.variable {
            Some(name) if home.is_in_value && (is_repeated(&name) || variables.is_kept(&name)) => {
                of_values.push((range, port));
            }
            Some(name) if home.is_in_value && home.is_whole_value => variables
                .change(
                    VariableEdit {
                        name,
                        range: home.range,
                        text: &home.text,
                    },
                    &[site.service],
                    lookup,
                )
                .map_err(|reason| site.refusal(document, &reason))?,
            _ if home.is_in_value => return Err(site.refusal(document, WITHIN)),
            _ => written.push((range, port, home)),
        }
    }
    let written_out = template.written_out(&of_values);
    written.extend(written_out.ok_or_else(|| site.refusal(document, WITHIN))?);
    let value = template
        .apply(site.written, lookup, written)
        .ok_or_else(|| site.refusal(document, MINGLED))?;
    draft.set(document, sites, site, value)
}

/// Where the host's ports stand in a resolved value, and what they become.
fn moved_ports(
    document: &Document,
    site: &ValueLocation<'_>,
    resolved: &str,
    offset: i32,
) -> Result<Vec<(Range<usize>, String)>, Error> {
    let moved = |range: Range<usize>| {
        let port: i32 = resolved[range.clone()].parse().ok()?;
        let moved = port.checked_add(offset)?;
        (1..=65535)
            .contains(&moved)
            .then(|| (range, moved.to_string()))
    };
    let moved = |range| moved(range).ok_or_else(|| site.refusal(document, "there is no such port"));
    host_ports(resolved, is_long(site))
        .into_iter()
        .map(moved)
        .collect()
}

/// The items of every service's `key`.
pub(crate) fn items(document: &Document, key: &str) -> Vec<(MapEntry, NodeId)> {
    let mut found = Vec::new();
    for service in services(document) {
        if let Some(list) = document.get(service.value, key) {
            let items = document.tree().items(list.value).iter();
            found.extend(items.map(|item| (service, *item)));
        }
    }
    found
}

/// A scalar that holds a host port: short syntax, or `published`.
pub(crate) struct PublishedPort<'a> {
    pub(crate) value: ValueLocation<'a>,
    /// The place of its item in `ports`.
    pub(crate) at: Location,
}

fn published_ports(document: &Document) -> Vec<PublishedPort<'_>> {
    let port = |(service, item): (MapEntry, NodeId)| {
        let name = document.key(service.key);
        let value = match document.get(item, "published") {
            Some(entry) => ValueLocation::new(document, name, &["ports", "published"], entry.value),
            None => ValueLocation::new(document, name, &["ports"], item),
        };
        let at = document.location_of(document.tree().resolve(item));
        value.map(|value| PublishedPort { value, at })
    };
    items(document, "ports")
        .into_iter()
        .filter_map(port)
        .collect()
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

#[cfg(test)]
mod tests;
