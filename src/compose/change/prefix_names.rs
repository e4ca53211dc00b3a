//! `volume prefix`: gives every top-level volume, or network, a `name:` of its own, so that
//! two releases can't share it by accident. Which names is decided here, how they are
//! written in `top_level_name`.

mod names_given;
mod warnings;

use std::collections::{BTreeMap, HashSet};

use self::names_given::{GivenName, NamesGiven, require_single};
use self::warnings::{warn_of_device, warn_of_external, warn_of_no_name, warn_of_other_prefix};
use super::top_level_name::{NameEdit, NamePosition, Siblings};
use crate::compose::conflicts::conflict::ConflictRule;
use crate::compose::error::Error;
use crate::compose::file::document::{Document, MapEntry};
use crate::compose::file::edit::{Change, Draft, Edited};
use crate::compose::file::interpolate::interpolate;
use crate::compose::file::syntax::NodeId;

/// Which volumes, or networks, get which prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrefixRule {
    /// What is to stand before each key in its name: `v2_10_5_`.
    pub prefix: String,
    /// If given, the prefix takes the place of this one in the names that begin with it;
    /// other names stay.
    pub replace: Option<String>,
    /// If not empty, only those with these keys.
    pub only: Vec<String>,
    /// The external ones that get a name, too, by their keys, where it is decided for each whether it
    /// does. Else none does, and each is told of.
    pub own: Option<Vec<String>>,
}

/// What is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Volumes,
    Networks,
}

impl Section {
    /// The top-level key that they stand below.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Volumes => "volumes",
            Self::Networks => "networks",
        }
    }

    /// The rule by which two of one name collide.
    pub(super) const fn rule(self) -> ConflictRule {
        match self {
            Self::Volumes => ConflictRule::VolumeName,
            Self::Networks => ConflictRule::NetworkName,
        }
    }

    /// What one of them is called in messages.
    const fn noun(self) -> &'static str {
        match self {
            Self::Volumes => "volume",
            Self::Networks => "network",
        }
    }
}

/// Gives the file's top-level volumes names with a prefix. External volumes are left alone
/// and listed in the warnings. Doing it again changes nothing.
///
/// # Errors
/// [`Error::Malformed`] for a prefix that makes no volume name or a key that isn't there;
/// [`Error::Collision`] if two volumes would be one; [`Error::Unsafe`] where a name can't
/// be given without touching more.
pub fn prefix_volumes(document: &Document, rule: &PrefixRule) -> Result<Edited, Error> {
    let mut edited = prefix_in(std::slice::from_ref(document), Section::Volumes, rule)?;
    Ok(edited.remove(0))
}

/// Gives the volumes of a file the names that they have in another, where those are the key
/// with something before it.
///
/// # Errors
/// As [`prefix_volumes`].
pub fn name_volumes_like(document: &Document, other: &Document) -> Result<Edited, Error> {
    let mut draft = Draft::new(document);
    let own = named(document, Section::Volumes);
    let own: BTreeMap<&str, &TopLevelItem<'_>> = own.iter().map(|item| (item.key, item)).collect();
    let siblings = Siblings::of(document, Section::Volumes.key());
    for volume in named(other, Section::Volumes) {
        let prefix = volume.name.and_then(|name| name.strip_suffix(volume.key));
        let item = own.get(volume.key).filter(|_| !volume.external);
        // Another name is no edit of ours: `${PREFIX}_db`, or the key alone.
        let prefix = prefix.filter(|prefix| fits(prefix));
        if let (Some(prefix), Some(item)) = (prefix, item) {
            let rule = PrefixRule {
                prefix: prefix.to_owned(),
                ..PrefixRule::default()
            };
            let names = &mut NamesGiven::default();
            draft_name(document, &mut draft, item, &siblings, &rule, names)?;
        }
    }
    let edited = draft.finish()?;
    prove_names(document, &edited, Section::Volumes)?;
    Ok(edited)
}

/// [`prefix_volumes`] for the file's top-level networks.
///
/// # Errors
/// Those of [`prefix_volumes`].
pub fn prefix_networks(document: &Document, rule: &PrefixRule) -> Result<Edited, Error> {
    let mut edited = prefix_in(std::slice::from_ref(document), Section::Networks, rule)?;
    Ok(edited.remove(0))
}

/// Drafts the names of those of one section that `only` names; gives the keys of those that
/// can't be named, with the reasons.
///
/// # Errors
/// [`Error::Malformed`] for a prefix that makes no name.
pub(crate) fn draft_each_name(
    document: &Document,
    draft: &mut Draft<'_>,
    section: Section,
    rule: &PrefixRule,
) -> Result<Vec<(String, Error)>, Error> {
    check_rule(rule)?;
    let siblings = Siblings::of(document, section.key());
    let all = named(document, section);
    let meant: HashSet<&str> = rule.only.iter().map(String::as_str).collect();
    let others = all.iter().filter(|item| !meant.contains(item.key));
    let mut names: NamesGiven = others
        .filter_map(|item| Some((item.name?.to_owned(), GivenName::of(item, false))))
        .collect();
    let mut refused = Vec::new();
    for item in all.iter().filter(|item| meant.contains(item.key)) {
        let done = draft_name(document, draft, item, &siblings, rule, &mut names);
        refused.extend(done.err().map(|error| (item.key.to_owned(), error)));
    }
    Ok(refused)
}

fn draft_names(
    document: &Document,
    draft: &mut Draft<'_>,
    all: &[TopLevelItem<'_>],
    rule: &PrefixRule,
    names: &mut NamesGiven,
) -> Result<(), Error> {
    check_rule(rule)?;
    let Some(first) = all.first() else {
        return Ok(());
    };
    let siblings = Siblings::of(document, first.section.key());
    let meant: HashSet<&str> = rule.only.iter().map(String::as_str).collect();
    for item in all {
        if meant.is_empty() || meant.contains(item.key) {
            draft_name(document, draft, item, &siblings, rule, names)?;
        } else if let Some(name) = item.name {
            let own = GivenName::of(item, false);
            require_single(document, item, name, own, names)?;
        }
    }
    Ok(())
}

fn check_rule(rule: &PrefixRule) -> Result<(), Error> {
    if rule.prefix.is_empty() && rule.replace.is_none() {
        return Err(Error::Malformed {
            text: String::new(),
            reason: "an empty prefix makes names that everything else may have, too".to_owned(),
        });
    }
    check_prefix(&rule.prefix)
}

/// Drafts the name of one that is meant.
fn draft_name(
    document: &Document,
    draft: &mut Draft<'_>,
    item: &TopLevelItem<'_>,
    siblings: &Siblings,
    rule: &PrefixRule,
    names: &mut NamesGiven,
) -> Result<(), Error> {
    let wanted = wanted(rule, document, draft, item);
    if let Some(name) = &wanted {
        check_name(document, item, name)?;
    }
    let is_new = wanted.is_some();
    if let Some(name) = wanted.as_deref().or(item.name) {
        let own = GivenName::of(item, is_new);
        require_single(document, item, name, own, names)?;
    }
    match wanted {
        Some(name) => set_name(document, draft, item, siblings, &name),
        None => Ok(()),
    }
}

/// A top-level volume or network.
struct TopLevelItem<'a> {
    section: Section,
    key: &'a str,
    entry: MapEntry,
    external: bool,
    /// The entry of its `name:`, and its value if that is a string.
    name_entry: Option<MapEntry>,
    name: Option<&'a str>,
}

fn named(document: &Document, section: Section) -> Vec<TopLevelItem<'_>> {
    let externals = externals(document, section);
    let item = |entry: MapEntry| {
        let key = document.key(entry.key);
        let name_entry = document.get(entry.value, "name");
        let name = name_entry.and_then(|entry| document.tree().scalar(entry.value));
        TopLevelItem {
            section,
            key,
            entry,
            external: externals.contains(key),
            name_entry,
            name: name.map(|(name, _)| name),
        }
    };
    let entries = document.section(section.key()).into_iter();
    entries.map(item).collect()
}

/// The keys of those that are external.
fn externals(document: &Document, section: Section) -> HashSet<&str> {
    let entries = document.section(section.key()).into_iter();
    let external = entries.filter(|entry| is_external(document, entry.value));
    external.map(|entry| document.key(entry.key)).collect()
}

/// `external: true`, or the old `external: {name: x}`. A variable counts by its default.
fn is_external(document: &Document, volume: NodeId) -> bool {
    let Some(external) = document.get(volume, "external") else {
        return false;
    };
    match document.tree().scalar(external.value) {
        Some((value, _)) => interpolate(value, &|_| None).is_ok_and(|value| {
            matches!(
                value.to_ascii_lowercase().as_str(),
                "true" | "yes" | "on" | "y"
            )
        }),
        None => !document.tree().entries(external.value).is_empty(),
    }
}

/// The name that one is to have; None if it is to be left alone, which is warned of
/// where it may surprise.
fn wanted(
    rule: &PrefixRule,
    document: &Document,
    draft: &mut Draft<'_>,
    item: &TopLevelItem<'_>,
) -> Option<String> {
    let PrefixRule { prefix, .. } = rule;
    match &rule.own {
        Some(own) if item.external && !own.iter().any(|key| key == item.key) => return None,
        Some(_) => {}
        None if item.external => {
            warn_of_external(document, draft, item);
            return None;
        }
        None => warn_of_device(document, draft, item),
    }
    let Some(old) = &rule.replace else {
        return Some(format!("{prefix}{}", item.key));
    };
    let Some(name) = item.name else {
        warn_of_no_name(document, draft, item, old);
        return None;
    };
    // Done before, where the new prefix begins with the old one.
    if prefix.starts_with(old.as_str()) && name.starts_with(prefix) {
        return None;
    }
    if let Some(rest) = name.strip_prefix(old.as_str()) {
        return Some(format!("{prefix}{rest}"));
    }
    if prefix.is_empty() || !name.starts_with(prefix) {
        warn_of_other_prefix(document, draft, item);
    }
    None
}

const NAMING: &str =
    "a name begins with a letter or digit and goes on with those, `_`, `.` and `-`";

/// Docker's rule: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`.
fn fits(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(fits)
}

fn check_prefix(prefix: &str) -> Result<(), Error> {
    match prefix.is_empty() || fits(prefix) {
        true => Ok(()),
        false => Err(Error::Malformed {
            text: prefix.to_owned(),
            reason: NAMING.to_owned(),
        }),
    }
}

/// A name has two characters at least.
fn check_name(document: &Document, item: &TopLevelItem<'_>, name: &str) -> Result<(), Error> {
    if name.len() > 1 && fits(name) {
        return Ok(());
    }
    let noun = item.section.noun();
    Err(Error::Unsafe {
        at: document.location_of(item.entry.key),
        reason: format!("{noun} `{}` can't be named `{name}`", item.key),
        remedy: format!("{NAMING}: choose another prefix, or leave it out with `--only`"),
    })
}

/// [`prefix_volumes`] on the files of one project: a key of `only` needs to be in one, and what
/// one calls external is external.
///
/// # Errors
/// As [`prefix_volumes`].
pub fn prefix_volumes_in(documents: &[Document], rule: &PrefixRule) -> Result<Vec<Edited>, Error> {
    prefix_in(documents, Section::Volumes, rule)
}

fn prefix_in(
    documents: &[Document],
    section: Section,
    rule: &PrefixRule,
) -> Result<Vec<Edited>, Error> {
    check_only(documents, section, rule)?;
    let externals: HashSet<&str> = documents
        .iter()
        .flat_map(|document| externals(document, section))
        .collect();
    let mut names = NamesGiven::default();
    let edit = |document| {
        let mut draft = Draft::new(document);
        let mut all = named(document, section);
        for item in &mut all {
            item.external |= externals.contains(item.key);
        }
        draft_names(document, &mut draft, &all, rule, &mut names)?;
        let edited = draft.finish()?;
        prove_names(document, &edited, section)?;
        Ok(edited)
    };
    documents.iter().map(edit).collect()
}

/// Reads the edited file again: who wasn't to be renamed has the name that it had, also where it
/// shares what was edited by an alias.
pub(crate) fn prove_names(
    document: &Document,
    edited: &Edited,
    section: Section,
) -> Result<(), Error> {
    let after = Document::parse(document.path(), &edited.bytes)?;
    let asked: BTreeMap<&str, &str> = edited
        .changes
        .iter()
        .filter(|change| change.key.first().is_some_and(|key| key == section.key()))
        .filter_map(|change| Some((change.key.get(1)?.as_str(), change.to.as_str())))
        .collect();
    let (before, after) = (named(document, section), named(&after, section));
    let is_off = |(before, after): &(&TopLevelItem<'_>, &TopLevelItem<'_>)| {
        after.name != asked.get(before.key).copied().or(before.name)
    };
    match before.iter().zip(&after).find(is_off) {
        None => Ok(()),
        Some((item, _)) => Err(Error::Unsafe {
            at: document.location_of(item.entry.key),
            reason: format!(
                "{} `{}` would be renamed, too: it shares what is edited",
                section.noun(),
                item.key
            ),
            remedy: "rename both, or write their `name:` by hand".to_owned(),
        }),
    }
}

fn check_only(documents: &[Document], section: Section, rule: &PrefixRule) -> Result<(), Error> {
    let all: Vec<_> = documents
        .iter()
        .flat_map(|document| named(document, section))
        .collect();
    let is_there = |key: &String| all.iter().any(|item| item.key == *key);
    match rule.only.iter().find(|key| !is_there(key)) {
        None => Ok(()),
        Some(key) => {
            let mut keys: Vec<&str> = all.iter().map(|item| item.key).collect();
            keys.dedup();
            let noun = section.noun();
            Err(Error::Malformed {
                text: key.clone(),
                reason: match keys.is_empty() {
                    true => format!("is not a {noun}: there is none in the file"),
                    false => format!(
                        "is not a {noun} of the file, which has: {}",
                        keys.join(", ")
                    ),
                },
            })
        }
    }
}

/// True if the name stands in its own entry: neither merged nor aliased.
fn place_is_own(document: &Document, item: &TopLevelItem<'_>) -> bool {
    let is_alias = document.tree().resolve(item.entry.value) != item.entry.value;
    item.name_entry.is_some_and(|entry| entry.own) && !is_alias
}

/// True for what a file takes away from those before it: there is nothing to be named.
fn is_reset(document: &Document, item: &TopLevelItem<'_>) -> bool {
    let tag = document.tree().node(item.entry.value).tag.as_ref();
    tag.is_some_and(|(tag, _)| tag == "!reset")
}

fn set_name(
    document: &Document,
    draft: &mut Draft<'_>,
    item: &TopLevelItem<'_>,
    siblings: &Siblings,
    name: &str,
) -> Result<(), Error> {
    let noun = item.section.noun();
    if item.name == Some(name) && place_is_own(document, item) || is_reset(document, item) {
        return Ok(());
    }
    let place = NamePosition {
        document,
        siblings,
        item: item.entry,
        name: item.name_entry,
    };
    let NameEdit {
        node,
        intent,
        range,
        text,
    } = place.set(name).map_err(|reason| Error::Unsafe {
        at: document.location_of(item.entry.key),
        reason: format!("{noun} `{}` can't be given a name: {reason}", item.key),
        remedy: format!("write `name: {name}` by hand"),
    })?;
    if let Some(old) = item.name
        && old.contains('$')
    {
        let message = format!(
            "the name of {noun} `{}` was made from variables, which no longer have an effect on it",
            item.key
        );
        draft.warn(document.location_of(item.entry.key), message);
    }
    draft.changes.push(Change {
        at: document.location(range.start),
        key: [item.section.key(), item.key, "name"]
            .map(str::to_owned)
            .to_vec(),
        from: item.name.map(str::to_owned),
        to: name.to_owned(),
        affects: Vec::new(),
    });
    draft.splice(node, intent, range, text);
    Ok(())
}
