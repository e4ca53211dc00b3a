//! What a vendor ships: a tarball or a folder, looked at first and staged later.
//!
//! Looking gives a digest of the whole, so that what is staged is what was planned; a
//! [`SmallFiles`] gives the small files (compose files, `.env`, the recipe) a folder of their
//! own while the plan is made. Staging builds the release beside its final name, makes
//! it durable, and renames it: `releases/v2.10.5/` is complete or not there.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::archive::{self, Limits, Summary};
use super::error::VendorReleaseError;
use super::shipped_files::{LargeFiles, ShippedFiles};
use crate::compose;
use crate::fs::{Disk, Purpose};
use crate::progress::{Progress, Silent};
use crate::tree::{self, CopyOptions, Exclude, TemporaryTree};

/// The largest file that a [`SmallFiles`] holds: compose files and config are far smaller,
/// image archives far larger.
pub(super) const LARGEST_CONFIG: u64 = 16 * 1024 * 1024;

/// A tarball or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VendorReleaseKind {
    /// A tar archive, plain or gzipped.
    Tarball,
    /// A folder.
    Folder,
}

/// A shipment that was read to its end and found fit to be staged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendorRelease {
    /// The tarball's or folder's path, absolute and without symlinks.
    pub path: PathBuf,
    /// Whether it is a tarball or a folder.
    pub kind: VendorReleaseKind,
    /// SHA-256 in hex: of a tarball the file's, of a folder its manifest's.
    pub sha256: String,
    /// The single folder in a tarball that holds the release, and is left out of its
    /// paths.
    pub top: Option<OsString>,
    /// How many files, folders and bytes it holds.
    pub summary: Summary,
}

/// The small files of a shipment, in a folder to read them from.
#[derive(Debug)]
pub struct SmallFiles {
    shipped: ShippedFiles,
    _unpacked: Option<TemporaryTree>,
}

impl SmallFiles {
    /// The folder.
    pub fn path(&self) -> &Path {
        &self.shipped.folder
    }

    /// All files of the shipment: those in the folder, and what is known of the large ones.
    pub fn shipped(&self) -> &ShippedFiles {
        &self.shipped
    }
}

impl VendorRelease {
    /// Looks at the whole of what is at `path`.
    ///
    /// # Errors
    /// [`VendorReleaseError`], [`VendorReleaseError::Interrupted`] among them.
    pub fn open(path: &Path, progress: &dyn Progress) -> Result<Self, VendorReleaseError> {
        Self::open_with(path, &[], progress)
    }

    /// [`VendorRelease::open`], where one of `run`, paths below the release, does for the compose file
    /// that has to be in it.
    ///
    /// # Errors
    /// The same.
    pub fn open_with(
        path: &Path,
        run: &[PathBuf],
        progress: &dyn Progress,
    ) -> Result<Self, VendorReleaseError> {
        let io = |source| VendorReleaseError::Io {
            path: path.into(),
            source,
        };
        let path = path.canonicalize().map_err(io)?;
        let folder = path.is_dir();
        let bytes = if folder {
            None
        } else {
            Some(path.metadata().map_err(io)?.len())
        };
        progress.start("reading the release", bytes);
        let opened = if folder {
            Self::open_folder(path, run, progress)
        } else {
            Self::open_tarball(path, run, progress)
        };
        progress.finish();
        opened
    }

    fn open_folder(
        path: PathBuf,
        run: &[PathBuf],
        progress: &dyn Progress,
    ) -> Result<Self, VendorReleaseError> {
        let is_there = run.iter().any(|name| path.join(name).is_file());
        // Which of several it is will be asked where it matters.
        if !is_there && matches!(compose::find_project(&path, None), Ok(None)) {
            let elsewhere = compose::folders_with_projects(&path);
            return Err(VendorReleaseError::NoCompose { path, elsewhere });
        }
        let survey = tree::survey(&path)?;
        let summary = Summary {
            files: survey.all_files(),
            folders: survey.directories,
            bytes: survey.bytes,
        };
        let manifest = tree::manifest(&path, progress)?;
        refuse_links_out(&path, &manifest)?;
        let sha256 = manifest.digest();
        Ok(Self {
            path,
            kind: VendorReleaseKind::Folder,
            sha256,
            top: None,
            summary,
        })
    }

    fn open_tarball(
        path: PathBuf,
        run: &[PathBuf],
        progress: &dyn Progress,
    ) -> Result<Self, VendorReleaseError> {
        // A fifo would be waited for, and a device has no end.
        if !path.is_file() {
            return Err(VendorReleaseError::NoFile { path });
        }
        let scan = archive::scan(&path, Limits::default(), progress)?;
        let is_run = |file: &PathBuf| compose::is_project_file(file) || run.contains(file);
        if !scan.files.iter().any(is_run) {
            let files = scan.files.iter();
            let files = files.filter(|file| file.file_name().is_some_and(compose::is_compose_name));
            let top = scan.top.as_deref().unwrap_or_default();
            let folders = files.filter_map(|file| Some(Path::new(top).join(file.parent()?)));
            let elsewhere: BTreeSet<PathBuf> = folders.collect();
            return Err(VendorReleaseError::NoCompose {
                path,
                elsewhere: elsewhere.into_iter().collect(),
            });
        }
        let archive::ArchiveScan {
            sha256,
            top,
            summary,
            files,
        } = scan;
        // Releases of this install have a folder of that name: it is a part of the release.
        let is_part = |top: &OsString| {
            let mut below = run.iter().filter_map(|file| file.strip_prefix(top).ok());
            below.any(|below| files.iter().any(|file| file == below))
        };
        let top = top.filter(|top| !is_part(top));
        Ok(Self {
            path,
            kind: VendorReleaseKind::Tarball,
            sha256,
            top,
            summary,
        })
    }

    /// A folder with the shipment's small files, for as long as the plan is made.
    ///
    /// # Errors
    /// [`VendorReleaseError::Io`], and [`VendorReleaseError::Changed`] where the archive is another by now.
    pub fn small_files(&self, disk: &Disk) -> Result<SmallFiles, VendorReleaseError> {
        if self.kind == VendorReleaseKind::Folder {
            return Ok(SmallFiles {
                shipped: ShippedFiles::whole(&self.path),
                _unpacked: None,
            });
        }
        let unpacked = TemporaryTree::new(disk, &std::env::temp_dir(), Purpose::SmallFiles);
        let path = unpacked.path().to_owned();
        let io = |source| VendorReleaseError::Io {
            path: path.clone(),
            source,
        };
        disk.create_dir(&path, 0o700).map_err(io)?;
        let large = self.extract(disk, LARGEST_CONFIG, &path, &Silent)?;
        Ok(SmallFiles {
            shipped: ShippedFiles {
                folder: path,
                large,
            },
            _unpacked: Some(unpacked),
        })
    }

    /// Makes the release at `target`, which must not exist. Interrupted, it leaves at
    /// most a staging folder that the next attempt replaces.
    ///
    /// # Errors
    /// [`VendorReleaseError::ReleaseExists`], [`VendorReleaseError::Changed`], and what the disk says.
    pub fn stage(
        &self,
        disk: &Disk,
        target: &Path,
        progress: &dyn Progress,
    ) -> Result<(), VendorReleaseError> {
        if target.symlink_metadata().is_ok() {
            return Err(VendorReleaseError::ReleaseExists {
                path: target.into(),
            });
        }
        match self.kind {
            VendorReleaseKind::Folder => {
                if tree::manifest(&self.path, &Silent)?.digest() != self.sha256 {
                    return Err(VendorReleaseError::Changed {
                        path: self.path.clone(),
                    });
                }
                tree::copy(disk, &self.path, target, &CopyOptions::default(), progress)?;
                Ok(())
            }
            VendorReleaseKind::Tarball => {
                self.stage_tarball(disk, target, u64::MAX, progress, &|_| Ok(()))
            }
        }
    }

    /// Makes a copy of the shipment's small files at `target`, which must not exist: what was
    /// shipped, for telling later what was changed, with a list of the large ones beside it. Made
    /// as [`VendorRelease::stage`] makes a release.
    ///
    /// # Errors
    /// As [`VendorRelease::stage`].
    pub fn keep_pristine(&self, disk: &Disk, target: &Path) -> Result<(), VendorReleaseError> {
        match self.kind {
            VendorReleaseKind::Folder => {
                let manifest = tree::manifest(&self.path, &Silent)?;
                let is_large = |entry: &tree::ManifestEntry| entry.size > Some(LARGEST_CONFIG);
                let mut large = LargeFiles {
                    files: Vec::new(),
                    complete: true,
                };
                for entry in manifest.entries().filter(is_large) {
                    let digest = entry.sha256.map(|digest| digest.to_string());
                    let path = PathBuf::from(OsStr::from_bytes(&entry.path));
                    large.add(
                        path,
                        entry.size.unwrap_or_default(),
                        digest.unwrap_or_default(),
                    );
                }
                ShippedFiles::save_list(disk, target, &large)?;
                let paths = manifest.entries().filter(is_large);
                let options = CopyOptions {
                    exclude: Exclude::paths(paths.map(|entry| entry.path)),
                    ..CopyOptions::default()
                };
                tree::copy(disk, &self.path, target, &options, &Silent)?;
                Ok(())
            }
            VendorReleaseKind::Tarball => {
                let list = |large: &LargeFiles| Ok(ShippedFiles::save_list(disk, target, large)?);
                self.stage_tarball(disk, target, LARGEST_CONFIG, &Silent, &list)
            }
        }
    }

    fn stage_tarball(
        &self,
        disk: &Disk,
        target: &Path,
        largest: u64,
        progress: &dyn Progress,
        keep_list: &dyn Fn(&LargeFiles) -> Result<(), VendorReleaseError>,
    ) -> Result<(), VendorReleaseError> {
        let building = TemporaryTree::beside(disk, target);
        let part = building.path().to_owned();
        let io = |source| VendorReleaseError::Io {
            path: part.clone(),
            source,
        };
        disk.create_dir(&part, 0o700).map_err(io)?;
        let built = self
            .extract(disk, largest, &part, progress)
            .and_then(|large| {
                keep_list(&large)?;
                let open = File::open(&part).map_err(io)?;
                disk.chmod_unpacked(&open, &part, 0o755).map_err(io)?;
                disk.sync_filesystem_of(&part).map_err(io)?;
                disk.rename_new(&part, target)
                    .map_err(|source| match source.kind() {
                        io::ErrorKind::AlreadyExists => VendorReleaseError::ReleaseExists {
                            path: target.into(),
                        },
                        _ => VendorReleaseError::Io {
                            path: target.into(),
                            source,
                        },
                    })
            });
        if built.is_err() && part.symlink_metadata().is_err() && target.symlink_metadata().is_ok() {
            // It has its name, and the name couldn't be made durable.
            let _ = tree::remove(disk, target);
        }
        built
    }

    fn extract(
        &self,
        disk: &Disk,
        largest: u64,
        target: &Path,
        progress: &dyn Progress,
    ) -> Result<LargeFiles, VendorReleaseError> {
        let (digest, large) = archive::extract(
            disk,
            &self.path,
            self.top.as_deref(),
            largest,
            target,
            progress,
        )?;
        if digest == self.sha256 {
            Ok(large)
        } else {
            Err(VendorReleaseError::Changed {
                path: self.path.clone(),
            })
        }
    }
}

/// As with a tarball's: a release whose config leads elsewhere would be edited there.
fn refuse_links_out(path: &Path, manifest: &tree::Manifest) -> Result<(), VendorReleaseError> {
    let at = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes));
    let aims: BTreeMap<PathBuf, PathBuf> = manifest
        .entries()
        .filter_map(|entry| Some((at(&entry.path), at(entry.target.as_deref()?))))
        .collect();
    let mut links = archive::MemberLinks::new(|path: &Path| aims.get(path).map(PathBuf::as_path));
    for entry in manifest.entries() {
        let Some(aim) = entry.target.as_deref() else {
            continue;
        };
        if !links.stays_inside(&at(&entry.path), &at(aim)) {
            return Err(VendorReleaseError::Member {
                archive: path.into(),
                member: entry.path,
                reason: archive::LEADS_OUT,
            });
        }
    }
    Ok(())
}
