//! Removing clones: at the end of a rehearsal, and what a killed one left.

use std::io;

use super::RehearsalError;
use super::error;
use super::record::{CloneStanding, RehearsalRecord};
use crate::fs::Disk;
use crate::release::Install;
use crate::tree;

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
pub fn sweep(install: &Install, disk: &Disk) -> Result<Vec<String>, RehearsalError> {
    let mut swept = Vec::new();
    for mut record in standing(install)? {
        if record.standing == CloneStanding::InUse {
            clear(install, disk, &mut record)?;
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
    record: &mut RehearsalRecord,
) -> Result<(), RehearsalError> {
    let folder = record.clone_folder(install);
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
