//! Writes what a merge comes to. No file ever gets a looser mode than MINE has, and what is new
//! belongs to whom MINE belongs to.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::folder::{Action, FileMerge};
use super::outcome::Input;
use crate::error::{Code, Explain, Kind};
use crate::fs::{Disk, WriteError};
use crate::progress::Progress;
use crate::tree::{self, CopyOptions, Problem, TemporaryTree};

/// Why the result of a merge isn't written, or not all of it.
#[derive(Debug, Error)]
pub enum MergeWriteError {
    /// A file or folder can't be made, changed or removed.
    #[error("can't change `{}`", path.display())]
    Change {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error, the cause.
        source: io::Error,
    },
    /// A file can't be read that is to be replaced.
    #[error("can't read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error, the cause.
        source: io::Error,
    },
    /// A file can't be replaced.
    #[error(transparent)]
    File(#[from] WriteError),
    /// The copy of MINE can't be made, or can't get its name.
    #[error(transparent)]
    Tree(#[from] tree::Error),
    /// The same, after other files were changed.
    #[error(transparent)]
    PartWay(Box<Self>),
}

impl Explain for MergeWriteError {
    fn code(&self) -> Code {
        match self {
            Self::Change { .. } => Code::Unwritable,
            Self::Read { .. } => Code::Unreadable,
            Self::File(error) => error.code(),
            Self::Tree(error) => error.code(),
            Self::PartWay(error) => error.code(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Change { .. } => Kind::Failed,
            Self::Read { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Kind::Refused
            }
            Self::Read { .. } => Kind::Usage,
            Self::File(error) => error.kind(),
            Self::Tree(error) => error.kind(),
            Self::PartWay(error) => match error.kind() {
                Kind::Refused => Kind::Failed,
                kind => kind,
            },
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Change { .. } | Self::Read { .. } => Vec::new(),
            Self::File(error) => error.hints(),
            Self::Tree(error) => error.hints(),
            Self::PartWay(error) => error.hints(),
        }
    }
}

/// What became of the file that shows an editor all versions of what is in conflict: the
/// file's name with `.merge` behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkedFile {
    /// There is nothing to settle.
    Absent,
    /// There is nothing to settle, and one of an earlier merge is left as it is.
    Stale,
    /// It was written.
    Written,
    /// It was written, and what stood there is kept under the name with `~` behind it: somebody
    /// may have begun to settle it.
    WrittenOver,
}

/// `path` with `end` behind its name.
pub fn with_ending(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    PathBuf::from(name)
}

/// Writes a merged file over MINE.
///
/// # Errors
/// [`MergeWriteError::File`].
pub fn write_over(disk: &Disk, mine: Input<'_>, bytes: &[u8]) -> Result<(), MergeWriteError> {
    if bytes != mine.bytes {
        disk.replace(mine.path, mine.bytes, bytes)?;
    }
    Ok(())
}

/// Writes a merged file to `target`, new or over what is there, with the mode of the file at
/// `mine` at most.
///
/// # Errors
/// [`MergeWriteError`].
pub fn write_to(
    disk: &Disk,
    mine: &Path,
    target: &Path,
    bytes: &[u8],
) -> Result<(), MergeWriteError> {
    let own = mode(mine, 0o600);
    if !target.exists() {
        return Ok(disk.create_like(target, bytes, own, mine)?);
    }
    let tightened = disk.tighten(target, own);
    tightened.map_err(|error| change_failed(target, error))?;
    Ok(disk.replace(target, &read(target)?, bytes)?)
}

/// Writes beside the file at `target` what an editor needs to settle its conflicts, if it has any.
///
/// # Errors
/// [`MergeWriteError::Read`], [`MergeWriteError::File`].
pub fn write_marked(
    disk: &Disk,
    target: &Path,
    marked: Option<&[u8]>,
) -> Result<MarkedFile, MergeWriteError> {
    let path = with_ending(target, ".merge");
    let there = path.is_file().then(|| read(&path)).transpose()?;
    let Some(marked) = marked else {
        return Ok(match there {
            Some(_) => MarkedFile::Stale,
            None => MarkedFile::Absent,
        });
    };
    let begun = there.filter(|there| there != marked);
    if let Some(begun) = &begun {
        disk.save(&with_ending(&path, "~"), begun)?;
    }
    disk.save(&path, marked)?;
    Ok(match begun {
        Some(_) => MarkedFile::WrittenOver,
        None => MarkedFile::Written,
    })
}

/// Carries the merges of two folders' files out.
pub struct FolderWriter<'a> {
    /// The door to the disk.
    pub disk: &'a Disk,
    /// The administrator's folder.
    pub mine: &'a Path,
    /// The vendor's new folder, whose modes new folders get.
    pub theirs: &'a Path,
    /// Hears of each file of markers: of which file below the folder it is, and what became of it.
    pub told: &'a dyn Fn(&Path, MarkedFile),
}

impl FolderWriter<'_> {
    /// Changes MINE, file by file.
    ///
    /// # Errors
    /// [`MergeWriteError::PartWay`] once something is changed.
    pub fn change(&self, merges: &[FileMerge]) -> Result<(), MergeWriteError> {
        let mut is_changed = false;
        for merge in merges {
            self.carry_out(self.mine, self.mine, merge)
                .map_err(|error| match is_changed {
                    true => MergeWriteError::PartWay(Box::new(error)),
                    false => error,
                })?;
            is_changed |= merge.action != Action::Keep || merge.marked.is_some();
        }
        Ok(())
    }

    /// Builds the result out of sight, and calls it `target` when it is complete. Gives what of
    /// MINE couldn't be copied as it is.
    ///
    /// # Errors
    /// [`MergeWriteError`]; nothing is left at `target` then, nor beside it.
    pub fn build(
        &self,
        target: &Path,
        merges: &[FileMerge],
        progress: &dyn Progress,
    ) -> Result<Vec<Problem>, MergeWriteError> {
        tree::sweep_above(self.disk, target);
        tree::is_replaceable(target)?;
        let built = TemporaryTree::beside(self.disk, target);
        let options = CopyOptions::default();
        let copied = tree::copy(self.disk, self.mine, built.path(), &options, progress);
        let copied = copied.map_err(|error| match error {
            tree::Error::Nested { source_root, .. } => tree::Error::Nested {
                source_root,
                target: target.to_owned(),
            },
            other => other,
        })?;
        for merge in merges {
            self.carry_out(built.path(), target, merge)?;
        }
        built.publish(target)?;
        Ok(copied.problems)
    }

    /// Does to the folder `root` what the merge of one of its files comes to. `shown` is what the
    /// folder is called in what is said.
    fn carry_out(
        &self,
        root: &Path,
        shown: &Path,
        merge: &FileMerge,
    ) -> Result<(), MergeWriteError> {
        let path = root.join(&merge.name);
        let failed = |error| change_failed(&shown.join(&merge.name), error);
        match &merge.action {
            Action::Keep => {}
            Action::Replace(bytes) => self.disk.replace(&path, &read(&path)?, bytes)?,
            Action::Create(bytes, mode) => {
                let above = merge.name.parent().unwrap_or(Path::new(""));
                self.make_folders(root, above).map_err(failed)?;
                self.disk
                    .create_like(&path, bytes, *mode, &root.join(above))?;
            }
            Action::CreateFolder(_) => {
                self.make_folders(root, &merge.name).map_err(failed)?;
            }
            Action::Remove => self.disk.remove_file(&path).map_err(failed)?,
            Action::RemoveFolder => self.disk.remove_dir(&path).map_err(failed)?,
        }
        if !matches!(merge.action, Action::CreateFolder(_) | Action::RemoveFolder) {
            let marked = write_marked(self.disk, &path, merge.marked.as_deref())?;
            (self.told)(&merge.name, marked);
        }
        Ok(())
    }

    /// Makes the folders that lead to `below` in `root`, with the modes that they have in THEIRS.
    fn make_folders(&self, root: &Path, below: &Path) -> io::Result<()> {
        let folders = below
            .ancestors()
            .filter(|folder| !folder.as_os_str().is_empty());
        let missing: Vec<&Path> = folders
            .take_while(|folder| !root.join(folder).exists())
            .collect();
        for folder in missing.into_iter().rev() {
            let mode = mode(&self.theirs.join(folder), 0o755) & 0o755;
            let path = root.join(folder);
            tree::sweep_above(self.disk, &path);
            self.disk
                .create_dir_owned(&path, mode, path.parent().unwrap_or(root))?;
        }
        Ok(())
    }
}

fn mode(path: &Path, otherwise: u32) -> u32 {
    let metadata = path.metadata();
    let metadata = metadata
        .ok()
        .filter(|found| found.is_file() || found.is_dir());
    metadata.map_or(otherwise, |metadata| metadata.mode() & 0o777)
}

fn read(path: &Path) -> Result<Vec<u8>, MergeWriteError> {
    std::fs::read(path).map_err(|source| MergeWriteError::Read {
        path: path.to_owned(),
        source,
    })
}

fn change_failed(path: &Path, source: io::Error) -> MergeWriteError {
    let path = path.to_owned();
    MergeWriteError::Change { path, source }
}
