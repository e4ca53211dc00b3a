//! That nobody may be writing a volume.

use crate::engine::{Error, Volume, VolumeStore};

/// Refuses where somebody may be writing the volume: it can be neither copied nor removed.
///
/// # Errors
/// [`Error::InUse`], [`Error::UsersUnknown`], and those of [`VolumeStore::users`].
pub fn require_idle(store: &dyn VolumeStore, volume: &Volume) -> Result<(), Error> {
    store.users(volume)?.writing().require_none(&volume.name)
}

/// The same of several, asked at once.
///
/// # Errors
/// Those of [`require_idle`].
pub fn require_all_idle(store: &dyn VolumeStore, volumes: &[&Volume]) -> Result<(), Error> {
    let each = store.users_of_each(volumes)?.into_iter();
    each.zip(volumes)
        .try_for_each(|(users, volume)| users.writing().require_none(&volume.name))
}

/// Refuses where somebody may be writing the volume of this name, if there is one.
///
/// # Errors
/// Those of [`require_idle`] and [`VolumeStore::find`].
pub fn require_unused(store: &dyn VolumeStore, name: &str) -> Result<(), Error> {
    match store.find(name)? {
        Some(volume) => require_idle(store, &volume),
        None => Ok(()),
    }
}
