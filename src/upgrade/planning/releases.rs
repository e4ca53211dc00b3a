//! Both releases, read: their compose files as bytes and as a model, and the recipe.
//!
//! The new release may still be in the vendor's tarball; its small files are then read
//! from a [`SmallFiles`]. Only reads, but for that temporary folder.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::config::{self, CarriedConfig, Shipped};
use super::local_changes::Findings;
use super::merging::MergedFile;
use super::release_files::{EnvSource, ReadOptions, ReleaseFiles, ReleasePair};
use super::releases_error::ReleasesError;
use super::whose::{CarriedPath, FileQuestion};
use crate::compose;
use crate::fs::Disk;
use crate::progress::Progress;
use crate::release::{
    Install, Recipe, Release, ShippedFiles, SmallFiles, VendorRelease, VendorReleaseError, Version,
};
use crate::upgrade::request::Request;

/// The old release, the new one, and how to get from one to the other.
#[derive(Debug)]
pub struct Releases {
    /// The release that the upgrade leaves.
    pub old: ReleaseFiles,
    /// The release that it leads to.
    pub new: ReleaseFiles,
    /// The vendor's tarball or folder, when the new release isn't staged yet.
    pub shipment: Option<VendorRelease>,
    /// The new release's recipe.
    pub recipe: Recipe,
    /// Config to be carried.
    pub carry: Vec<CarriedPath>,
    /// Files of both releases, merged; the new release's model is that of the result.
    pub merged: Vec<MergedFile>,
    /// Files of both releases that can't be merged, and of which nobody can tell whose it is to be.
    pub questions: Vec<FileQuestion>,
    /// True if it is known what the old release's vendor shipped.
    pub has_pristine: bool,
    /// Where releases and pristine files don't agree on what is there.
    pub findings: Findings,
    /// What the old release's vendor had in `.env`, where that is known.
    pub old_shipped_env: Option<BTreeMap<String, String>>,
    /// What the new release's vendor means to be in `.env`: the one that is shipped, or what a sample has new.
    pub shipped_env: Option<BTreeMap<String, String>>,
    /// Keeps the new release's files readable.
    _small_files: Option<SmallFiles>,
}

impl Releases {
    /// Reads both releases and what is carried from one to the other.
    ///
    /// # Errors
    /// [`ReleasesError`].
    pub fn read(
        disk: &Disk,
        install: &Install,
        request: &Request,
        progress: &dyn Progress,
    ) -> Result<Self, ReleasesError> {
        install.require_good(&request.version)?;
        let old = match &request.from {
            Some(version) => install.release(version)?,
            None => install.active()?,
        };
        let shipment = request
            .shipment
            .as_deref()
            .map(|path| open(install, request, &install.root().join(path), progress))
            .transpose()?;
        let small_files = shipment
            .as_ref()
            .map(|shipment| shipment.small_files(disk))
            .transpose()?;
        let folder = match &small_files {
            Some(small_files) => small_files.path().to_owned(),
            None => install.release(&request.version)?.path,
        };
        let untouched = BTreeMap::new();
        let directory = install.project_directory()?;
        let how = ReadOptions {
            project: request.from_project.clone(),
            env_files: env_files(install, request, &old.version, None),
            profiles: request.profiles.clone(),
        };
        let old = ReleaseFiles::read(&old, &old.path, &how, &untouched)?;
        let how = ReadOptions {
            project: request.project.clone(),
            env_files: env_files(install, request, &old.version, Some(&old)),
            ..how
        };
        let at = install.release_folder(&request.version);
        let release = Release::at(request.version.clone(), folder, directory.as_deref());
        let (shipped, is_whole) = as_shipped(&release, &at, &how, &old)?;
        shipped.require_alike(&old)?;
        let own = install.root().join("transship.yml");
        let files = shipped.files.iter();
        let files: Vec<_> = files.map(|file| (&*file.name, &*file.bytes)).collect();
        let recipe = Recipe::read(shipped.model.recipe.as_ref(), &files, &own)?;
        let pristine = Some(install.pristine(&old.version)).filter(|folder| folder.is_dir());
        let base = pristine.as_deref().map(ShippedFiles::kept).transpose()?;
        let found = match base {
            Some(_) => None,
            None => found_shipment(disk, install, &old, progress),
        };
        let base = base.as_ref().or(found.as_ref().map(SmallFiles::shipped));
        let staged = ShippedFiles::whole(&shipped.folder);
        let theirs = small_files.as_ref().map_or(&staged, SmallFiles::shipped);
        let mut config = CarriedConfig::decide(
            install,
            request,
            &recipe,
            ReleasePair {
                old: &old,
                new: &shipped,
            },
            Shipped { base, new: theirs },
        )?;
        let shipped_env = shipped.shipped_env(&old)?;
        let old_shipped_env = base.map(|base| old.env_in(&base.folder)).transpose()?;
        let new = match config.coming.is_empty() && is_whole {
            true => shipped,
            false => loop {
                let read = ReleaseFiles::read(&release, &at, &how, &config.coming);
                match read.map_err(|error| named_in_vain(error, &at)) {
                    Ok(new) => break new,
                    // What is yours of the compose files names it, and the vendor ships it no longer.
                    Err(ReleasesError::NotThere { file, .. }) if config.brings(&old, &file)? => {}
                    Err(error) => return Err(error),
                }
            },
        };
        let mut overlays = config.merged.iter().filter(|file| file.step.over.is_some());
        if let Some(unread) = overlays.find(|over| new.files.iter().all(|f| f.name != over.name)) {
            return Err(ReleasesError::OverrideTaken {
                path: new.folder.join(&unread.name),
            });
        }
        Ok(Self {
            old,
            new,
            shipment,
            recipe,
            carry: config.carry,
            merged: config.merged,
            questions: config.questions,
            has_pristine: config.has_pristine,
            findings: config.findings,
            old_shipped_env: old_shipped_env.flatten(),
            shipped_env,
            _small_files: small_files,
        })
    }
}

/// The new release as its vendor ships it, and whether all that its compose files name was in it: what only
/// the old one has of that, as a file of variables that the vendor leaves to the administrator, is lent, since it
/// will come along.
fn as_shipped(
    release: &Release,
    at: &Path,
    how: &ReadOptions,
    old: &ReleaseFiles,
) -> Result<(ReleaseFiles, bool), ReleasesError> {
    let mut lent = old.lent(release);
    let mut is_whole = true;
    loop {
        let read = ReleaseFiles::read(release, at, how, &lent);
        match read.map_err(|error| named_in_vain(error, at)) {
            Ok(shipped) => return Ok((shipped, is_whole)),
            Err(ReleasesError::NotThere { file }) => {
                is_whole = false;
                let there = config::read(&old.folder, &file)?;
                let there = there.filter(|_| !lent.contains_key(&file));
                let Some(bytes) = there else {
                    return Err(ReleasesError::NotThere { file });
                };
                lent.insert(file, bytes);
            }
            Err(error) => return Err(error),
        }
    }
}

/// The error of a compose file that names another below the release, which isn't there.
fn named_in_vain(error: ReleasesError, at: &Path) -> ReleasesError {
    match &error {
        ReleasesError::Compose(compose::Error::Read { path, source })
            if source.kind() == io::ErrorKind::NotFound =>
        {
            let below = path.strip_prefix(at);
            below
                .map(|file| ReleasesError::NotThere {
                    file: file.to_owned(),
                })
                .unwrap_or(error)
        }
        _ => error,
    }
}

/// The files of variables that a release is read with: those of the request, else the `.env` of
/// `default`, since the old release's is the one that the new release will run with.
fn env_files(
    install: &Install,
    request: &Request,
    old: &Version,
    default: Option<&ReleaseFiles>,
) -> Vec<EnvSource> {
    if request.env_files.is_empty() {
        let names = default.map(|old| (old, old.env_names()));
        let sources = names.into_iter().flat_map(|(old, names)| {
            // Compose reads the first again behind the second, and it wins.
            let again = names.get(1).and(names.first()).cloned();
            names.into_iter().chain(again).map(|name| EnvSource {
                path: old.folder.join(&name),
                name: Some(name),
            })
        });
        return sources.filter(|env| env.path.is_file()).collect();
    }
    let named = request.env_files.iter();
    let source = |path: &PathBuf| EnvSource {
        path: install.root().join(path),
        name: path
            .strip_prefix(Install::current_target(old))
            .ok()
            .map(Path::to_owned),
    };
    named.map(source).collect()
}

/// The old release's archive, where it lies in the install, while it isn't kept yet.
fn found_shipment(
    disk: &Disk,
    install: &Install,
    old: &ReleaseFiles,
    progress: &dyn Progress,
) -> Option<SmallFiles> {
    let found = install.shipment_of(disk, &old.version, progress)?;
    found.small_files(disk).ok()
}

fn open(
    install: &Install,
    request: &Request,
    path: &Path,
    progress: &dyn Progress,
) -> Result<VendorRelease, ReleasesError> {
    let target = install.release_folder(&request.version);
    if target.symlink_metadata().is_ok() {
        return Err(VendorReleaseError::ReleaseExists { path: target }.into());
    }
    Ok(VendorRelease::open_with(
        path,
        &install.run_files()?,
        progress,
    )?)
}
