//! What a vendor shipped, as far as it is kept: the small files in a folder, and of the large ones how
//! large they are and their digest.
//!
//! What isn't among them wasn't shipped, or isn't known: two answers, of which the second proves
//! nothing. Only reads; follows no symlink.

use std::fs::{self, File, Metadata};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::vendor_release::LARGEST_CONFIG;
use crate::document::{self, DocumentError, DocumentFormat};
use crate::fs::{Disk, WriteError};
use crate::tree::file_digest;

/// The format of the list of large files. Each version has a file in `fixtures/formats/`.
pub const FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-shipped",
    version: 1,
    oldest: 1,
};

/// A file of a vendor's that is too large to be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LargeFile {
    /// The file's path below the release.
    pub path: PathBuf,
    /// Bytes of content.
    pub size: u64,
    /// SHA-256 of the content, in hex.
    pub sha256: String,
}

/// All files of a shipment that are too large to be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LargeFiles {
    /// The files, in the order of the shipment.
    pub files: Vec<LargeFile>,
    /// True if these are all: what is neither here nor in the folder wasn't shipped.
    pub complete: bool,
}

/// What a vendor shipped as one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedFiles {
    /// The folder that holds the small files.
    pub folder: PathBuf,
    /// The large ones.
    pub large: LargeFiles,
}

/// How a file is as a vendor shipped it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsShipped {
    /// Of the same type and content.
    Same,
    /// Shipped, and otherwise.
    Differs,
    /// Not shipped.
    Absent,
    /// It isn't known whether it was shipped.
    Unknown,
}

impl LargeFiles {
    /// Adds one; a name that no document can hold makes the list incomplete.
    pub(super) fn add(&mut self, path: PathBuf, size: u64, sha256: String) {
        match path.to_str() {
            Some(_) => self.files.push(LargeFile { path, size, sha256 }),
            None => self.complete = false,
        }
    }
}

impl ShippedFiles {
    /// Bytes of the largest file that is kept itself.
    pub const LARGEST: u64 = LARGEST_CONFIG;

    /// A whole release, as it is in a folder.
    pub fn whole(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            large: LargeFiles {
                files: Vec::new(),
                complete: true,
            },
        }
    }

    /// What is kept at `pristine` of a release's files, with the list beside it.
    ///
    /// # Errors
    /// [`DocumentError`] where the list is damaged.
    pub fn kept(pristine: &Path) -> Result<Self, DocumentError> {
        let list = list_of(pristine);
        let large = match list.symlink_metadata() {
            Ok(_) => document::load(FORMAT, &list)?,
            // An earlier transship kept none.
            Err(_) => LargeFiles::default(),
        };
        Ok(Self {
            folder: pristine.to_owned(),
            large,
        })
    }

    /// Writes the list of large files beside `pristine`.
    ///
    /// # Errors
    /// [`DocumentError::Write`].
    pub(super) fn save_list(
        disk: &Disk,
        pristine: &Path,
        large: &LargeFiles,
    ) -> Result<(), DocumentError> {
        let list = list_of(pristine);
        if let Some(folder) = list.parent()
            && !folder.is_dir()
        {
            disk.create_dir(folder, 0o700)
                .map_err(|source| WriteError::Io {
                    path: folder.to_owned(),
                    source,
                })?;
        }
        document::save(disk, FORMAT, &list, large)
    }

    /// What is at `name`, itself and not what a symlink leads to; nothing for a large file.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn metadata(&self, name: &Path) -> io::Result<Option<Metadata>> {
        for above in name
            .ancestors()
            .skip(1)
            .filter(|path| !path.as_os_str().is_empty())
        {
            let there = metadata(&self.folder.join(above))?;
            if there.is_some_and(|there| !there.is_dir()) {
                // Below a symlink is another place.
                return Ok(None);
            }
        }
        metadata(&self.folder.join(name))
    }

    /// The large file of that name.
    pub fn large(&self, name: &Path) -> Option<&LargeFile> {
        self.large.files.iter().find(|file| file.path == name)
    }

    /// True if something of that name was shipped, as far as that is known.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn has(&self, name: &Path) -> io::Result<bool> {
        let mut large = self.large.files.iter();
        Ok(large.any(|file| file.path.starts_with(name)) || self.metadata(name)?.is_some())
    }

    /// True if nothing at or below `name` was shipped, and that is known.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn has_nothing_below(&self, name: &Path) -> io::Result<bool> {
        Ok(self.large.complete && !self.has(name)?)
    }

    /// How the file, symlink or other thing at `path`, no folder, is as the one that was shipped as `name`.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn compare(&self, path: &Path, name: &Path) -> io::Result<AsShipped> {
        let here = path.symlink_metadata()?;
        if let Some(large) = self.large(name) {
            let is_same = here.is_file() && here.len() == large.size && {
                let digest = file_digest(path).map_err(io::Error::other)?;
                digest.to_string() == large.sha256
            };
            return Ok(AsShipped::of(is_same));
        }
        if self.metadata(name)?.is_none() {
            let may_be_large = here.is_file() && !self.large.complete;
            return Ok(match may_be_large && here.len() > LARGEST_CONFIG {
                true => AsShipped::Unknown,
                false => AsShipped::Absent,
            });
        }
        Ok(AsShipped::of(is_same(path, &self.folder.join(name))?))
    }

    /// True if two vendors' releases, or two of one's, have the same under a name; what only one has
    /// isn't the same.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn is_alike(&self, other: &Self, name: &Path) -> io::Result<bool> {
        match (self.large(name), other.large(name)) {
            (Some(one), Some(two)) => Ok((one.size, &one.sha256) == (two.size, &two.sha256)),
            (Some(_), None) => match other.metadata(name)? {
                Some(_) => Ok(self.compare(&other.folder.join(name), name)? == AsShipped::Same),
                None => Ok(false),
            },
            (None, _) => match self.metadata(name)? {
                Some(_) => Ok(other.compare(&self.folder.join(name), name)? == AsShipped::Same),
                None => Ok(false),
            },
        }
    }
}

impl AsShipped {
    const fn of(is_same: bool) -> Self {
        if is_same { Self::Same } else { Self::Differs }
    }
}

/// Where the list of large files is: in a folder beside that of all pristine copies.
pub(crate) fn list_of(pristine: &Path) -> PathBuf {
    let mut name = pristine.file_name().unwrap_or_default().to_owned();
    name.push(".json");
    let own = pristine.parent().and_then(Path::parent);
    own.unwrap_or(Path::new("")).join("shipped").join(name)
}

/// What is at `path`, itself and not what a symlink leads to; `None` when nothing is.
pub(crate) fn metadata(path: &Path) -> io::Result<Option<Metadata>> {
    match path.symlink_metadata() {
        Ok(metadata) => Ok(Some(metadata)),
        // A file in the place of a folder above it.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether two files, symlinks or other things are of one kind and content.
fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let (here, there) = (one.symlink_metadata()?, other.symlink_metadata()?);
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
