//! Removing clones: at the end of a rehearsal, and what a killed one left.

use std::io;
use std::path::Path;

use super::RehearsalError;
use super::error;
use super::record::{CloneStanding, RehearsalRecord};
use crate::engine::{self, Docker, DockerVolumes, ImageHold, VolumeStore as _, remove_projects};
use crate::fs::Disk;
use crate::release::Install;
use crate::tree;

/// Finds the program that reaches the engine, where a clone has something there.
pub type FindDocker<'a> = dyn Fn() -> Result<Docker, engine::Error> + 'a;

/// The rehearsals of which a clone stands.
///
/// # Errors
/// Those of [`RehearsalRecord::all`].
pub fn standing(install: &Install) -> Result<Vec<RehearsalRecord>, RehearsalError> {
    let mut all = RehearsalRecord::all(install)?;
    all.retain(|record| record.standing != CloneStanding::Gone);
    Ok(all)
}

/// Removes what killed rehearsals left, and gives their names. The caller has the install's lock, which a
/// rehearsal holds as long as it lasts: so whatever is in use is nobody's any more.
///
/// # Errors
/// Why it can't be known, or what can't be removed.
pub fn sweep(
    install: &Install,
    disk: &Disk,
    docker: &FindDocker<'_>,
) -> Result<Vec<String>, RehearsalError> {
    let mut swept = Vec::new();
    for mut record in standing(install)? {
        if record.standing == CloneStanding::InUse {
            clear(install, disk, docker, &mut record)?;
            swept.push(record.id);
        }
    }
    Ok(swept)
}

/// Removes a clone; nothing where there is none.
///
/// # Errors
/// What can't be removed.
pub fn clear(
    install: &Install,
    disk: &Disk,
    docker: &FindDocker<'_>,
    record: &mut RehearsalRecord,
) -> Result<(), RehearsalError> {
    let folder = record.clone_folder(install);
    if record.bindings.volumes.is_none() {
        clear_engine(&folder, disk, docker()?, record)?;
    }
    match tree::remove(disk, &folder) {
        Err(failed) if failed.kind() != io::ErrorKind::NotFound => {
            return Err(error::io("remove", folder)(failed));
        }
        _ => {}
    }
    // What a killed removal left of it has another name.
    let all = RehearsalRecord::folder(install);
    tree::sweep(disk, &all).map_err(error::io("sweep", &all))?;
    record.standing = CloneStanding::Gone;
    record.save(disk, install)
}

/// Removes what a clone has on the engine: all of it has its tag in its name, or is held in its name.
fn clear_engine(
    folder: &Path,
    disk: &Disk,
    docker: Docker,
    record: &RehearsalRecord,
) -> Result<(), RehearsalError> {
    let prefix = record.bindings.name("");
    remove_projects(&docker, disk, &prefix)?;
    // Without an id nothing was held.
    if let Ok(clone) = Install::at(folder)
        && let Some(identity) = clone.identity()?
        && identity.id != record.install
    {
        for hold in ImageHold::all_of(&docker, &identity.id)? {
            hold.let_go(&docker, disk)?;
        }
    }
    let volumes = DockerVolumes::connect(docker)?;
    for volume in volumes.list()? {
        if volume.name.starts_with(&prefix) {
            volumes.remove(disk, &volume.name)?;
        }
    }
    Ok(())
}
