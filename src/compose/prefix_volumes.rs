//! `volume prefix`: gives every top-level volume a `name:` of its own, so that two releases
//! can't share data by accident. Which names is decided here, how they are written in
//! `volume_name`.

use std::collections::BTreeMap;

use super::document::{Document, Entry};
use super::edit::{Change, Draft, Edited};
use super::error::Error;
use super::interpolate::interpolate;
use super::syntax::NodeId;
use super::volume_name::{Edit, Place};

/// Which volumes get which prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrefixRule {
    /// What is to stand before each volume's key in its name: `v2_10_5_`.
    pub prefix: String,
    /// If given, the prefix takes the place of this one in the names that begin with it;
    /// other names stay.
    pub replace: Option<String>,
    /// If not empty, only the volumes with these keys.
    pub only: Vec<String>,
}

/// Gives the file's top-level volumes names with a prefix. External volumes are left alone
/// and listed in the warnings. Doing it again changes nothing.
///
/// # Errors
/// [`Error::Malformed`] for a prefix that makes no volume name or a key that isn't there;
/// [`Error::Collision`] if two volumes would be one; [`Error::Unsafe`] where a name can't
/// be given without touching more.
pub fn prefix_volumes(document: &Document, rule: &PrefixRule) -> Result<Edited, Error> {
    let volumes = volumes(document);
    check_only(rule, &volumes)?;
    let mut draft = Draft::new(document);
    let mut names: BTreeMap<String, (&Volume<'_>, bool)> = BTreeMap::new();
    for volume in &volumes {
        let wanted = wanted(rule, document, &mut draft, volume);
        if let Some(name) = &wanted {
            check_name(name)?;
            set_name(document, &mut draft, volume, name)?;
        }
        let is_new = wanted.is_some();
        let Some(name) = wanted.or_else(|| volume.name.map(str::to_owned)) else {
            continue;
        };
        if let Some((other, other_is_new)) = names.insert(name.clone(), (volume, is_new))
            && other.key != volume.key
            && (is_new || other_is_new)
        {
            return Err(Error::Collision {
                at: document.location_of(volume.entry.key),
                first: other.key.to_owned(),
                second: volume.key.to_owned(),
                name,
            });
        }
    }
    draft.finish()
}

/// A top-level volume.
struct Volume<'a> {
    key: &'a str,
    entry: Entry,
    external: bool,
    /// The entry of its `name:`, and its value if that is a string.
    name_entry: Option<Entry>,
    name: Option<&'a str>,
}

fn volumes(document: &Document) -> Vec<Volume<'_>> {
    let entries: Vec<Entry> = document
        .tree()
        .roots
        .iter()
        .filter_map(|root| document.get(*root, "volumes"))
        .flat_map(|volumes| document.all(volumes.value))
        .collect();
    let externals: Vec<&str> = entries
        .iter()
        .filter(|entry| is_external(document, entry.value))
        .map(|entry| document.key(entry.key))
        .collect();
    let volume = |entry: Entry| {
        let key = document.key(entry.key);
        let name_entry = document.get(entry.value, "name");
        let name = name_entry.and_then(|entry| document.tree().scalar(entry.value));
        Volume {
            key,
            entry,
            external: externals.contains(&key),
            name_entry,
            name: name.map(|(name, _)| name),
        }
    };
    entries.into_iter().map(volume).collect()
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

/// The name that a volume is to have; None if it is to be left alone, which is warned of
/// where it may surprise.
fn wanted(
    rule: &PrefixRule,
    document: &Document,
    draft: &mut Draft<'_>,
    volume: &Volume<'_>,
) -> Option<String> {
    let PrefixRule { prefix, only, .. } = rule;
    if !only.is_empty() && !only.iter().any(|key| key == volume.key) {
        return None;
    }
    if volume.external {
        warn_of_external(document, draft, volume);
        return None;
    }
    let (Some(old), Some(name)) = (&rule.replace, volume.name) else {
        return Some(format!("{prefix}{}", volume.key));
    };
    if let Some(rest) = name.strip_prefix(old.as_str()) {
        return Some(format!("{prefix}{rest}"));
    }
    if prefix.is_empty() || !name.starts_with(prefix) {
        warn_of_other_prefix(document, draft, volume);
    }
    None
}

/// Docker's rule: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, of two characters at least.
fn check_name(name: &str) -> Result<(), Error> {
    let fits = name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if fits {
        return Ok(());
    }
    Err(Error::Malformed {
        text: name.to_owned(),
        reason: "a volume's name begins with a letter or digit and goes on with those, `_`, `.` \
                 and `-`"
            .to_owned(),
    })
}

fn check_only(rule: &PrefixRule, volumes: &[Volume<'_>]) -> Result<(), Error> {
    let missing = rule
        .only
        .iter()
        .find(|key| !volumes.iter().any(|volume| volume.key == **key));
    match missing {
        None => Ok(()),
        Some(key) => {
            let keys: Vec<&str> = volumes.iter().map(|volume| volume.key).collect();
            Err(Error::Malformed {
                text: key.clone(),
                reason: format!(
                    "is not a volume of the file, which has: {}",
                    keys.join(", ")
                ),
            })
        }
    }
}

fn warn_of_external(document: &Document, draft: &mut Draft<'_>, volume: &Volume<'_>) {
    let message = format!(
        "volume `{}` is external and stays as it is: both releases use it unless its `name:` is \
         changed by hand and the data copied",
        volume.key
    );
    draft.warn(document.location_of(volume.entry.key), message);
}

fn warn_of_other_prefix(document: &Document, draft: &mut Draft<'_>, volume: &Volume<'_>) {
    let message = format!(
        "volume `{}` is named `{}`, which has another prefix, and stays as it is",
        volume.key,
        volume.name.unwrap_or_default()
    );
    draft.warn(document.location_of(volume.entry.key), message);
}

/// True if the volume's name stands in its own entry: neither merged nor aliased.
fn place_is_own(document: &Document, volume: &Volume<'_>) -> bool {
    let is_alias = document.tree().resolve(volume.entry.value) != volume.entry.value;
    volume.name_entry.is_some_and(|entry| entry.own) && !is_alias
}

fn set_name(
    document: &Document,
    draft: &mut Draft<'_>,
    volume: &Volume<'_>,
    name: &str,
) -> Result<(), Error> {
    if volume.name == Some(name) && place_is_own(document, volume) {
        return Ok(());
    }
    let place = Place {
        document,
        volume: volume.entry,
        name: volume.name_entry,
    };
    let Edit {
        node,
        intent,
        range,
        text,
    } = place.set(name).map_err(|reason| Error::Unsafe {
        at: document.location_of(volume.entry.key),
        reason: format!("volume `{}` can't be given a name: {reason}", volume.key),
        remedy: format!("write `name: {name}` by hand"),
    })?;
    if let Some(old) = volume.name
        && old.contains('$')
    {
        let message = format!(
            "the name of volume `{}` was made from variables, which no longer have an effect on it",
            volume.key
        );
        draft.warn(document.location_of(volume.entry.key), message);
    }
    draft.changes.push(Change {
        at: document.location(range.start),
        key: ["volumes", volume.key, "name"].map(str::to_owned).to_vec(),
        from: volume.name.map(str::to_owned),
        to: name.to_owned(),
        affects: Vec::new(),
    });
    draft.splice(node, intent, range, text);
    Ok(())
}
