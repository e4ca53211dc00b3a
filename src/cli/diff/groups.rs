//! Changes that many services share, as one: fifty services that get the same tag are a
//! line, not a page.

use crate::compose::{Setting, SettingChange};

/// What happened to one or several services.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ChangeGroup<'a> {
    pub section: &'a str,
    /// The services, or none for a setting without a name above it.
    pub names: Vec<&'a str>,
    /// The setting, `environment.LOG_LEVEL`; `image tag` where only that differs; empty for
    /// a whole service.
    pub setting: String,
    pub from: SettingSide<'a>,
    pub to: SettingSide<'a>,
}

/// A setting on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SettingSide<'a> {
    Absent,
    /// The setting is there and has no value to show: its name says all.
    There,
    Value(&'a str),
}

impl<'a> SettingSide<'a> {
    fn of(setting: Option<&'a Setting>) -> Self {
        match setting.map(|setting| setting.value.as_deref()) {
            None => SettingSide::Absent,
            Some(None) => SettingSide::There,
            Some(Some(value)) => SettingSide::Value(value),
        }
    }

    /// As it is shown; nothing where there is no value.
    pub(super) fn text(self) -> &'a str {
        match self {
            SettingSide::Absent | SettingSide::There => "",
            SettingSide::Value(value) => value,
        }
    }

    pub(super) fn is_absent(self) -> bool {
        self == SettingSide::Absent
    }
}

/// The changes, equal ones together, in the order of their first service.
pub(super) fn groups(changes: &[SettingChange]) -> Vec<ChangeGroup<'_>> {
    let mut groups: Vec<ChangeGroup<'_>> = Vec::new();
    for change in changes {
        let mut group = group(change);
        let known = groups.iter_mut().find(|known| {
            (known.section, &known.setting, known.from, known.to)
                == (group.section, &group.setting, group.from, group.to)
                && !change.path.is_empty()
                && !known.names.is_empty()
        });
        match known {
            Some(known) => known.names.append(&mut group.names),
            None => groups.push(group),
        }
    }
    groups
}

fn group(change: &SettingChange) -> ChangeGroup<'_> {
    let mut group = ChangeGroup {
        section: &change.section,
        names: change.name.as_deref().into_iter().collect(),
        setting: setting(change),
        from: SettingSide::of(change.from.as_ref()),
        to: SettingSide::of(change.to.as_ref()),
    };
    if change.section == "services" && change.path == ["image"] {
        only_the_tag(&mut group);
    }
    group
}

/// `deploy.resources.limits.memory`, and with a space before an item of a list.
fn setting(change: &SettingChange) -> String {
    let has_value = |side: &Option<Setting>| side.as_ref().is_some_and(|s| s.value.is_some());
    let has_value = has_value(&change.from) || has_value(&change.to);
    match change.path.split_last() {
        Some((item, keys)) if !has_value && !keys.is_empty() => {
            format!("{} {item}", keys.join("."))
        }
        _ => change.path.join("."),
    }
}

/// Of two references of one repository, only the tags are of interest.
fn only_the_tag(group: &mut ChangeGroup<'_>) {
    let (SettingSide::Value(from), SettingSide::Value(to)) = (group.from, group.to) else {
        return;
    };
    if let (Some((repository, old)), Some((other, new))) = (tagged(from), tagged(to))
        && repository == other
    {
        "image tag".clone_into(&mut group.setting);
        (group.from, group.to) = (SettingSide::Value(old), SettingSide::Value(new));
    }
}

/// The repository and the tag of a plain reference.
fn tagged(reference: &str) -> Option<(&str, &str)> {
    let (repository, tag) = reference.rsplit_once(':')?;
    (!tag.contains(['/', '@']) && !repository.contains('@')).then_some((repository, tag))
}
