//! What the administrator has made of a release: compose files of his own, and what differs
//! from what its vendor shipped. Only reads; follows no symlink.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::config::Astray;
use super::releases::{ComposeFile, Side, SidesError};
use crate::release::CarryRule;

/// Compose files of the old release, but for its first, that the new one has not: overrides,
/// and what `COMPOSE_FILE` names.
pub(crate) fn compose_files<'a>(old: &'a Side, new: &Side) -> Vec<&'a ComposeFile> {
    let is_own = |file: &&ComposeFile| new.folder.join(&file.name).symlink_metadata().is_err();
    old.files.iter().skip(1).filter(is_own).collect()
}

/// The topmost paths of a release that its vendor didn't ship, or not with that content.
pub(crate) fn changed(release: &Path, pristine: &Path) -> Result<BTreeSet<PathBuf>, SidesError> {
    let mut changed = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = release.join(&folder);
        for entry in fs::read_dir(&path).map_err(unread(&path))? {
            let name = folder.join(entry.map_err(unread(&path))?.file_name());
            let (own, shipped) = (release.join(&name), pristine.join(&name));
            let here = own.symlink_metadata().map_err(unread(&own))?;
            match shipped.symlink_metadata() {
                Err(_) => {
                    changed.insert(name);
                }
                Ok(there) if here.is_dir() && there.is_dir() => folders.push(name),
                Ok(there) => {
                    if !is_same((&own, &here), (&shipped, &there)).map_err(unread(&own))? {
                        changed.insert(name);
                    }
                }
            }
        }
    }
    Ok(changed)
}

/// What was removed and is there again, and what is carried though it is shipped no longer.
pub(crate) fn astray(
    pristine: &Path,
    (old, new): (&Side, &Side),
    carry: &[CarryRule],
    astray: &mut Astray,
) -> Result<(), SidesError> {
    let is_compose = |name: &Path| old.files.iter().any(|file| file.name == name);
    for entry in WalkDir::new(pristine).sort_by_file_name() {
        let entry = entry.map_err(|error| SidesError::Io {
            path: pristine.to_owned(),
            source: error.into(),
        })?;
        let name = entry.path().strip_prefix(pristine).unwrap_or(entry.path());
        if entry.file_type().is_dir() || is_compose(name) {
            continue;
        }
        let is_in = |side: &Side| side.folder.join(name).symlink_metadata().is_ok();
        match (is_in(old), is_in(new)) {
            (false, true) => astray.revived.push(name.to_owned()),
            (true, false) if carry.iter().any(|carry| name.starts_with(&carry.path)) => {
                astray.outlived.push(name.to_owned());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether two files, symlinks or other things are of one kind and content.
fn is_same(
    (one, here): (&Path, &Metadata),
    (other, there): (&Path, &Metadata),
) -> io::Result<bool> {
    if here.file_type() != there.file_type() {
        return Ok(false);
    }
    if here.is_symlink() {
        return Ok(fs::read_link(one)? == fs::read_link(other)?);
    }
    if !here.is_file() {
        return Ok(true);
    }
    if here.len() != there.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (
        BufReader::new(File::open(one)?),
        BufReader::new(File::open(other)?),
    );
    loop {
        let (a, b) = (one.fill_buf()?, other.fill_buf()?);
        let length = a.len().min(b.len());
        if a[..length] != b[..length] {
            return Ok(false);
        }
        if length == 0 {
            return Ok(a.is_empty() && b.is_empty());
        }
        one.consume(length);
        other.consume(length);
    }
}

fn unread(path: &Path) -> impl Fn(io::Error) -> SidesError {
    let path = path.to_owned();
    move |source| SidesError::Io {
        path: path.clone(),
        source,
    }
}
