//! What the vendor shipped as a release that is in use already: named by somebody, or found where its
//! archive still lies in the install.

use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::shipped_files::list_of;
use super::{Install, ShippedFiles, StagingError, VendorRelease, VendorReleaseError, Version};
use crate::fs::Disk;
use crate::progress::{Progress, Silent};
use crate::tree::{self, Against, Exclude, VerifyOptions, VerifyScope};

impl Install {
    /// Keeps what was shipped as `version`, the archive or folder at `path`. Told the same twice, it is
    /// known once. Gives whether it wasn't known before.
    ///
    /// # Errors
    /// [`VendorReleaseError::Known`] where something else is kept as that, and those of opening and reading it.
    pub fn learn_shipment(
        &self,
        disk: &Disk,
        version: &Version,
        path: &Path,
        progress: &dyn Progress,
    ) -> Result<bool, StagingError> {
        let target = self.pristine(version);
        if target.symlink_metadata().is_ok() {
            let told = VendorRelease::open_with(path, &self.run_files()?, progress)?;
            if is_kept(&told, disk, &target)? {
                return Ok(false);
            }
            let version = version.clone();
            return Err(VendorReleaseError::Known { version, target }.into());
        }
        self.adopt(disk)?;
        let run = self.run_files()?;
        VendorRelease::open_with(path, &run, progress)?.keep_pristine(disk, &target)?;
        Ok(true)
    }

    /// Forgets what was shipped as `version`.
    ///
    /// # Errors
    /// The operating system's.
    pub fn forget_shipment(&self, disk: &Disk, version: &Version) -> io::Result<()> {
        let kept = self.pristine(version);
        tree::remove(disk, &kept)?;
        let list = list_of(&kept);
        match list.symlink_metadata() {
            Ok(_) => disk.remove_file(&list),
            Err(_) => Ok(()),
        }
    }

    /// Keeps what was shipped as `version`, where that isn't known yet and its archive lies in the
    /// install. Gives the archive's path.
    ///
    /// # Errors
    /// Those of reading the archive.
    pub fn find_shipment(
        &self,
        disk: &Disk,
        version: &Version,
        progress: &dyn Progress,
    ) -> Result<Option<PathBuf>, StagingError> {
        let target = self.pristine(version);
        if target.symlink_metadata().is_ok() {
            return Ok(None);
        }
        let Some(found) = self.shipment_of(disk, version, progress) else {
            return Ok(None);
        };
        self.adopt(disk)?;
        found.keep_pristine(disk, &target)?;
        Ok(Some(found.path))
    }

    /// The archive that `version` was made from, if exactly one of its name lies at the top of the
    /// install or beside the releases, and most of what is in it is in the release.
    pub(crate) fn shipment_of(
        &self,
        disk: &Disk,
        version: &Version,
        progress: &dyn Progress,
    ) -> Option<VendorRelease> {
        let folders = [self.root().to_owned(), self.releases_folder()];
        let files = folders.iter().flat_map(|folder| files_in(folder));
        let named = files.filter(|path| is_named(path, version));
        let release = self.release_folder(version);
        let run = self.run_files().ok()?;
        let opened = named.filter_map(|path| {
            let found = VendorRelease::open_with(&path, &run, progress).ok()?;
            is_of(&found, disk, &release).then_some(found)
        });
        let mut found: Vec<_> = opened.take(2).collect();
        found.pop().filter(|_| found.is_empty())
    }
}

/// True if what is kept at `pristine` are the small files of `told`.
fn is_kept(told: &VendorRelease, disk: &Disk, pristine: &Path) -> Result<bool, VendorReleaseError> {
    let small = told.small_files(disk)?;
    let large = ShippedFiles::kept(pristine)?.large.files.into_iter();
    let options = VerifyOptions {
        scope: VerifyScope::ContentOnly,
        exclude: Exclude::paths(large.map(|file| file.path.into_os_string().into_vec())),
        ..VerifyOptions::default()
    };
    let against = Against::Tree(small.path());
    Ok(tree::verify(pristine, against, &options, &Silent)?.is_empty())
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.map(|entry| entry.path()).collect()
}

/// `v1.3.2.tar.gz`, `app-1.3.2.tgz`; not `v1.3.20.tar.gz`.
fn is_named(path: &Path, version: &Version) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = [".tar.gz", ".tgz", ".tar"]
        .iter()
        .find_map(|end| name.strip_suffix(end));
    let number = version.number();
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.');
    stem.is_some_and(|stem| {
        stem.match_indices(number).any(|(at, _)| {
            let before = stem[..at].strip_suffix(['v', 'V']).unwrap_or(&stem[..at]);
            let after = &stem[at + number.len()..];
            !is_part(before.chars().last()) && !is_part(after.chars().next())
        })
    })
}

/// True if at least half of an archive's files are in the release under the same names.
fn is_of(found: &VendorRelease, disk: &Disk, release: &Path) -> bool {
    let Ok(small) = found.small_files(disk) else {
        return false;
    };
    let Ok(entries) = WalkDir::new(small.path())
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
    else {
        return false;
    };
    let files = entries.iter().filter(|entry| !entry.file_type().is_dir());
    let is_there = files.map(|entry| {
        let name = entry.path().strip_prefix(small.path());
        name.is_ok_and(|name| release.join(name).symlink_metadata().is_ok())
    });
    let is_there: Vec<bool> = is_there.collect();
    let both = is_there.iter().filter(|is| **is).count();
    both * 2 >= is_there.len() && both > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_named_by_the_whole_version() {
        let check =
            |version: &str, name: &str| is_named(Path::new(name), &version.parse().unwrap());
        for name in [
            "v1.3.2.tar.gz",
            "app-1.3.2.tgz",
            "app_v1.3.2.tar",
            "1.3.2-linux.tar.gz",
        ] {
            assert!(check("v1.3.2", name), "{name}");
        }
        for name in [
            "v1.3.20.tar.gz",
            "v11.3.2.tgz",
            "v1.3.2.1.tar",
            "v1.3.2.zip",
            "v1.3.2",
        ] {
            assert!(!check("v1.3.2", name), "{name}");
        }
    }
}
