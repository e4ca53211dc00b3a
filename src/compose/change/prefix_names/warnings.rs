//! What may surprise about a name that is given, or not.

use super::{Section, TopLevelItem};
use crate::compose::file::document::Document;
use crate::compose::file::edit::Draft;
use crate::compose::model::mount::Device;

pub(super) fn warn_of_external(
    document: &Document,
    draft: &mut Draft<'_>,
    item: &TopLevelItem<'_>,
) {
    let remedy = match item.section {
        Section::Volumes => " and the data copied",
        Section::Networks => "",
    };
    let message = format!(
        "{} `{}` is external and stays as it is: both releases use it unless its `name:` is \
         changed by hand{remedy}",
        item.section.noun(),
        item.key
    );
    draft.warn(document.location_of(item.entry.key), message);
}

pub(super) fn warn_of_other_prefix(
    document: &Document,
    draft: &mut Draft<'_>,
    item: &TopLevelItem<'_>,
) {
    let message = format!(
        "{} `{}` is named `{}`, which has another prefix, and stays as it is",
        item.section.noun(),
        item.key,
        item.name.unwrap_or_default()
    );
    draft.warn(document.location_of(item.entry.key), message);
}

pub(super) fn warn_of_no_name(
    document: &Document,
    draft: &mut Draft<'_>,
    item: &TopLevelItem<'_>,
    old: &str,
) {
    let message = format!(
        "{} `{}` has no `name:` that begins with `{old}`, and stays as it is",
        item.section.noun(),
        item.key
    );
    draft.warn(document.location_of(item.entry.key), message);
}

/// A new name for the same disk or export is no other data.
pub(super) fn warn_of_device(document: &Document, draft: &mut Draft<'_>, item: &TopLevelItem<'_>) {
    let options = document.get(item.entry.value, "driver_opts");
    let option = |name: &str| {
        let entry = document.get(options?.value, name)?;
        let (value, _) = document.tree().scalar(entry.value)?;
        Some((name.to_owned(), value.to_owned()))
    };
    let options = ["type", "o", "device"].into_iter().filter_map(option);
    // Folders of the host are told of with the bind mounts.
    if let Some(Device::Elsewhere(what)) = Device::of(&options.collect()) {
        let message = format!(
            "volume `{}` is made of `{what}`, whatever its name: both releases use it unless its \
             `device:` is changed by hand and the data copied",
            item.key
        );
        draft.warn(document.location_of(item.entry.key), message);
    }
}
