//! `conflicts --fix`: the edits of one project's file that part it from another.

use super::prefix_names::{PrefixRule, Section, prefix_names, prove_names};
use super::service_edits::{draft_ports, draft_suffix, items};
use crate::compose::conflicts::conflict::{Conflict, ConflictRule};
use crate::compose::error::Error;
use crate::compose::file::document::Document;
use crate::compose::file::edit::{Draft, Edited};
use crate::compose::file::interpolate::Lookup;
use crate::compose::file::value_location::{ValueLocation, sites};
use crate::compose::file::variable::{VariableChange, Variables};

/// How names and ports become a project's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixRule {
    /// What is put behind the container names that collide: `-v2105`.
    pub suffix: String,
    /// What is put before the keys of volumes and networks whose names collide: `v2105_`.
    pub prefix: String,
    /// What is added to the host ports of services of which one collides; none are moved
    /// when absent.
    pub port_offset: Option<i32>,
}

/// A file with its conflicts resolved, as far as that can be.
#[derive(Debug)]
pub struct Fixed {
    /// The edited file.
    pub edited: Edited,
    /// Variables that hold ports, for the `.env` file.
    pub variables: Vec<VariableChange>,
    /// Why what is left couldn't be edited.
    pub refusals: Vec<Error>,
}

/// Edits a file so that the conflicts end whose second side stands in it: names of
/// containers, volumes and networks, and host ports. What needs a decision or a copy of data
/// (subnets, folders, external networks, routes) is left.
///
/// # Errors
/// [`Error::Unsafe`] if the edits together can't be proven.
pub fn fix(
    document: &Document,
    conflicts: &[Conflict],
    rule: &FixRule,
    lookup: &Lookup<'_>,
) -> Result<Fixed, Error> {
    let owners = |of: ConflictRule| {
        let here = conflicts.iter().filter(|conflict| conflict.rule == of);
        let here = here.filter(|conflict| {
            let at = conflict.second.at.as_ref();
            at.is_some_and(|at| at.path == document.path())
        });
        let mut owners: Vec<String> = here.map(|c| c.second.owner.clone()).collect();
        owners.sort();
        owners.dedup();
        owners
    };
    let mut draft = Draft::new(document);
    let mut variables = Variables::default();
    let mut refusals = Vec::new();
    let mut refuse = |edit: Result<(), Error>| match edit {
        // The rule itself is wrong, and not what stands in the file.
        Err(error @ Error::Malformed { .. }) => Err(error),
        edit => {
            refusals.extend(edit.err());
            Ok(())
        }
    };
    for service in owners(ConflictRule::ContainerName) {
        let only = [service];
        refuse(
            not_referred_to(document, &only[0])
                .and_then(|()| draft_suffix(document, &mut draft, &rule.suffix, &only)),
        )?;
    }
    let offset = rule.port_offset.into_iter();
    for (offset, service) in offset.flat_map(|offset| {
        let services = owners(ConflictRule::HostPort).into_iter();
        services.map(move |service| (offset, service))
    }) {
        let drafts = (&mut draft, &mut variables);
        refuse(draft_ports(document, drafts, offset, &[service], lookup))?;
    }
    for (section, of) in [
        (Section::Volumes, ConflictRule::VolumeName),
        (Section::Networks, ConflictRule::NetworkName),
    ] {
        for key in owners(of) {
            let names = PrefixRule {
                prefix: rule.prefix.clone(),
                replace: None,
                only: vec![key],
            };
            refuse(prefix_names(document, &mut draft, section, &names))?;
        }
    }
    let edited = draft.finish()?;
    for section in [Section::Volumes, Section::Networks] {
        prove_names(document, &edited, section)?;
    }
    Ok(Fixed {
        edited,
        variables: variables.into_changes(),
        refusals,
    })
}

/// Refuses to rename a container that other services name: `network_mode: container:NAME`,
/// `volumes_from`, `links`, `external_links`.
fn not_referred_to(document: &Document, service: &str) -> Result<(), Error> {
    let names = sites(document, "container_name");
    let Some(name) = names.iter().find(|site| site.service == service) else {
        return Ok(());
    };
    let modes = ["network_mode", "pid", "ipc"];
    let modes = modes.into_iter().flat_map(|key| sites(document, key));
    let lists = ["volumes_from", "links", "external_links"];
    let lists = lists.into_iter().flat_map(|key| {
        let items = items(document, key).into_iter();
        items.filter_map(move |(service, item)| {
            ValueLocation::new(document, document.key(service.key), &[key], item)
        })
    });
    let refers = |site: &ValueLocation<'_>| {
        let bare = site
            .written
            .strip_prefix("container:")
            .unwrap_or(site.written);
        bare.split(':').next() == Some(name.written)
    };
    match modes.chain(lists).find(refers) {
        None => Ok(()),
        Some(site) => {
            let line = document.location_of(site.scalar).line;
            let reason = format!("line {line} refers to it by this name");
            Err(name.refusal(document, &reason))
        }
    }
}

#[cfg(test)]
mod tests;
