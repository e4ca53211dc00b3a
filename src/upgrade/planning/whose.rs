//! Whose is what lies in both releases, file by file: what the administrator changed is carried, what
//! only the vendor changed comes with the release, and what both did is merged or asked about.
//!
//! Only reads; follows no symlink. Where it isn't known what the old release's vendor shipped,
//! a difference is nobody's until somebody says whose.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::releases_error::ReleasesError;
use crate::env_file::{is_env_name, is_env_sample};
use crate::merge::{Answers, Side};
use crate::release::{AsShipped, CarryMode, CarryRule, ShippedFiles};

/// A path of the old release that is carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedPath {
    /// The path below the release.
    pub path: PathBuf,
    /// Of a folder: paths below it that aren't carried, since they are the vendor's or merged.
    pub exclude: Vec<PathBuf>,
    /// True if the vendor ships something under that name.
    pub replaces: bool,
    /// True if both releases have the same there by now, and the old one's services may write it still.
    pub is_same: bool,
}

/// A file that both releases have, of which nobody can tell whose it is to be, and that can't be
/// merged: it isn't read as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileQuestion {
    /// The path below the release.
    pub path: PathBuf,
    /// What the old release has there: a clause.
    pub mine: String,
    /// What the vendor ships there: a clause.
    pub theirs: String,
    /// Who was said to win.
    pub answer: Option<Side>,
}

/// A file to be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToMerge {
    pub(crate) path: PathBuf,
    /// Without a pristine copy the old release's values stay: it is a file of keys.
    pub(crate) keeps_mine: bool,
}

/// What became of everything that was to be carried.
#[derive(Debug, Default)]
pub(crate) struct Sorted {
    pub(crate) carry: Vec<CarriedPath>,
    pub(crate) merge: Vec<ToMerge>,
    pub(crate) questions: Vec<FileQuestion>,
    /// How many files come with the release as its vendor ships them.
    pub(crate) unchanged: usize,
    /// How many of those the vendor has changed.
    pub(crate) updated: usize,
    /// What the vendor ships no longer and the administrator never changed.
    pub(crate) gone: Vec<PathBuf>,
    /// What is carried though the vendor ships it no longer: the administrator changed it.
    pub(crate) outlived: Vec<PathBuf>,
    /// What keeps an owner or mode that was chosen for it, whatever its content comes to.
    pub(crate) set_apart: Vec<PathBuf>,
    /// What keeps the administrator's mode, though the vendor has made it executable, or no longer.
    pub(crate) other_mode: Vec<PathBuf>,
}

/// Who has the last word on one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Mine,
    /// The vendor's comes with the release; or there is none, and none comes.
    Vendors,
}

/// Three versions of a release, and what was said of their differences.
pub(crate) struct Sorter<'a> {
    /// The old release's folder.
    pub(crate) old: &'a Path,
    /// The new one's files.
    pub(crate) new: &'a ShippedFiles,
    /// What was shipped as the old one, where that is known.
    pub(crate) base: Option<&'a ShippedFiles>,
    pub(crate) answers: &'a Answers,
    /// What the new release can't do without.
    pub(crate) needed: &'a [PathBuf],
    /// What the administrator's own compose files name and the new release hasn't: files, and whole folders.
    pub(crate) own: &'a [PathBuf],
    /// What services of the old release may write until that is stopped, after the plan was made.
    pub(crate) written: &'a [PathBuf],
    /// Whether all that is carried by the rule is the same in both.
    pub(crate) is_same: bool,
    /// A file like most of the old release: whoever owns another, or may read it, was chosen.
    pub(crate) usual: Option<Metadata>,
    pub(crate) sorted: Sorted,
}

impl Sorter<'_> {
    /// Sorts what one rule names. `is_asked` where somebody named it, as opposed to our own choice.
    ///
    /// # Errors
    /// [`ReleasesError::Io`] where something can't be read.
    pub(crate) fn sort(&mut self, rule: &CarryRule, is_asked: bool) -> Result<(), ReleasesError> {
        let path = &rule.path;
        self.is_same = true;
        let there = look(&self.old.join(path))?;
        let Some(there) = there.filter(|_| rule.how != CarryMode::Copy) else {
            self.is_same = false;
            return self.carry(path, Vec::new());
        };
        if there.is_dir() {
            let (fate, exclude) = self.folder(path, &there, rule.how)?;
            if fate == Fate::Mine {
                let below = |name: PathBuf| name.strip_prefix(path).map(Path::to_owned).ok();
                self.carry(path, exclude.into_iter().filter_map(below).collect())?;
            }
        } else if self.leaf(path, &there, rule.how, is_asked)? == Fate::Mine {
            self.carry(path, Vec::new())?;
        }
        Ok(())
    }

    fn carry(&mut self, path: &Path, exclude: Vec<PathBuf>) -> Result<(), ReleasesError> {
        let replaces = self
            .new
            .has(path)
            .map_err(unread(&self.new.folder.join(path)))?;
        self.sorted.carry.push(CarriedPath {
            path: path.to_owned(),
            exclude,
            replaces,
            is_same: self.is_same,
        });
        Ok(())
    }

    /// Sorts a folder: whether anything of it is carried, and what of it isn't.
    fn folder(
        &mut self,
        name: &Path,
        there: &Metadata,
        how: CarryMode,
    ) -> Result<(Fate, Vec<PathBuf>), ReleasesError> {
        let theirs = self.theirs(name)?;
        if theirs.as_ref().is_some_and(|theirs| !theirs.is_dir()) {
            let vendors = self.told(name)?;
            return Ok((self.ask(name, "a folder", &vendors), vec![]));
        }
        let is_new_to_both = theirs.is_none() && self.was_not_shipped(name)?;
        if is_new_to_both {
            self.is_same = false;
            return Ok((Fate::Mine, vec![]));
        }
        let is_set_apart = self.is_set_apart(name, there)?;
        self.is_same &= !is_set_apart;
        let (mut is_mine, mut exclude) = (is_set_apart || self.is_written(name), Vec::new());
        let folder = self.old.join(name);
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = entries.map_err(unread(&folder))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let child = name.join(entry.file_name());
            let Some(there) = look(&entry.path())? else {
                continue;
            };
            let (fate, inner) = match there.is_dir() {
                true => self.folder(&child, &there, how)?,
                false => (self.leaf(&child, &there, how, false)?, vec![]),
            };
            match fate {
                Fate::Mine => {
                    is_mine = true;
                    exclude.extend(inner);
                }
                Fate::Vendors => exclude.push(child),
            }
        }
        let fate = if is_mine { Fate::Mine } else { Fate::Vendors };
        Ok((fate, exclude))
    }

    /// Sorts what is no folder. What is the same by now may be written until the old release is stopped.
    fn leaf(
        &mut self,
        name: &Path,
        there: &Metadata,
        how: CarryMode,
        is_asked: bool,
    ) -> Result<Fate, ReleasesError> {
        let (updated, unchanged) = (self.sorted.updated, self.sorted.unchanged);
        let fate = self.fate(name, there, how, is_asked)?;
        let is_same = fate == Fate::Vendors
            && self.sorted.unchanged > unchanged
            && self.sorted.updated == updated;
        if is_same && self.is_written(name) && !is_env_name(name) {
            self.sorted.unchanged = unchanged;
            return Ok(Fate::Mine);
        }
        self.is_same &= fate == Fate::Vendors;
        Ok(fate)
    }

    fn fate(
        &mut self,
        name: &Path,
        there: &Metadata,
        how: CarryMode,
        is_asked: bool,
    ) -> Result<Fate, ReleasesError> {
        use AsShipped::{Absent, Differs, Same, Unknown};
        let path = self.old.join(name);
        let unread = unread(&path);
        let theirs = self.new.compare(&path, name).map_err(&unread)?;
        let base = self.base.map(|base| base.compare(&path, name));
        let base = base.transpose().map_err(&unread)?;
        Ok(match (theirs, base) {
            (Same, _) if self.is_set_apart(name, there)? => Fate::Mine,
            (Same, _) => {
                self.sorted.unchanged += 1;
                Fate::Vendors
            }
            (Absent, Some(Same)) if !self.is_needed(name) => {
                self.sorted.gone.push(name.to_owned());
                Fate::Vendors
            }
            (Absent, base) => {
                if base == Some(Differs) {
                    self.sorted.outlived.push(name.to_owned());
                }
                Fate::Mine
            }
            (Differs | Unknown, Some(Same)) => {
                if self.is_text(name, there)? && self.is_set_apart(name, there)? {
                    self.sorted.set_apart.push(name.to_owned());
                    return Ok(self.merge(name, false));
                }
                self.sorted.unchanged += 1;
                self.sorted.updated += 1;
                Fate::Vendors
            }
            (Differs | Unknown, Some(_)) if self.is_vendors_unchanged(name)? => {
                self.note_mode(name, there)?;
                Fate::Mine
            }
            (Differs | Unknown, base) => {
                self.note_mode(name, there)?;
                let is_unknown = matches!(base, None | Some(Unknown));
                let is_env = is_env_name(name) && how == CarryMode::Auto;
                if is_unknown && is_asked && how == CarryMode::Auto && !is_env {
                    // Whoever named this very file has said whose it is to be.
                    return Ok(Fate::Mine);
                }
                if is_unknown && is_env_sample(name) && !self.is_needed(name) {
                    // It tells what the vendor means, and what is set is in the copy of it.
                    self.sorted.unchanged += 1;
                    self.sorted.updated += 1;
                    return Ok(Fate::Vendors);
                }
                if self.is_text(name, there)? {
                    return Ok(self.merge(name, is_unknown && is_env));
                }
                let (mine, vendors) = (told(there), self.told(name)?);
                self.ask(name, &mine, &vendors)
            }
        })
    }

    /// It comes of a merge, and is carried by nothing else.
    fn merge(&mut self, name: &Path, keeps_mine: bool) -> Fate {
        self.sorted.merge.push(ToMerge {
            path: name.to_owned(),
            keeps_mine,
        });
        Fate::Vendors
    }

    fn ask(&mut self, name: &Path, mine: &str, theirs: &str) -> Fate {
        let answer = self.answers.side_of(name);
        self.sorted.questions.push(FileQuestion {
            path: name.to_owned(),
            mine: mine.to_owned(),
            theirs: theirs.to_owned(),
            answer,
        });
        match answer {
            Some(Side::Mine | Side::Base) => Fate::Mine,
            Some(Side::Theirs) | None => Fate::Vendors,
        }
    }

    /// True if a service of the old release may write it until that is stopped.
    fn is_written(&self, name: &Path) -> bool {
        let mut written = self.written.iter();
        written.any(|path| name.starts_with(path))
    }

    /// True if the new release couldn't do without it.
    fn is_needed(&self, name: &Path) -> bool {
        self.needed.iter().any(|needed| needed == name)
            || self.own.iter().any(|own| name.starts_with(own))
    }

    fn was_not_shipped(&self, name: &Path) -> Result<bool, ReleasesError> {
        let unread = |error| unread(&self.old.join(name))(error);
        let new = self.new.has_nothing_below(name).map_err(unread)?;
        let base = self.base.map(|base| base.has_nothing_below(name));
        Ok(new && base.transpose().map_err(unread)?.unwrap_or(true))
    }

    /// True if the vendor ships now what was shipped as the old release.
    fn is_vendors_unchanged(&self, name: &Path) -> Result<bool, ReleasesError> {
        let Some(base) = self.base else {
            return Ok(false);
        };
        let alike = base.is_alike(self.new, name);
        alike.map_err(unread(&self.new.folder.join(name)))
    }

    /// True if it can be read whole on both sides.
    fn is_text(&self, name: &Path, there: &Metadata) -> Result<bool, ReleasesError> {
        let is_small = |file: &Metadata| file.is_file() && file.len() <= ShippedFiles::LARGEST;
        let theirs = self.theirs(name)?;
        Ok(is_small(there) && theirs.as_ref().is_some_and(is_small))
    }

    /// True if an owner or mode was chosen for it: it is neither as the vendor ships it nor as most
    /// of the release is.
    fn is_set_apart(&self, name: &Path, there: &Metadata) -> Result<bool, ReleasesError> {
        let shipped = match self.base {
            Some(base) => base
                .metadata(name)
                .map_err(unread(&base.folder.join(name)))?,
            None => None,
        };
        let shipped = match shipped {
            Some(shipped) => Some(shipped),
            None => self.theirs(name)?,
        };
        let (Some(usual), Some(shipped)) = (&self.usual, shipped) else {
            return Ok(false);
        };
        let owner = |file: &Metadata| (file.uid(), file.gid());
        let mode = |file: &Metadata| file.permissions().mode() & 0o7777;
        let runs = |file: &Metadata| mode(file) & 0o111 != 0;
        let is_owned = owner(there) != owner(usual) && owner(there) != owner(&shipped);
        let is_closed = mode(there) & 0o666 != mode(usual) & 0o666;
        let is_other = mode(there) != mode(&shipped);
        Ok(is_owned || (is_other && (is_closed || runs(there) != runs(&shipped))))
    }

    /// Notes that the vendor has made a file executable, or no longer, where the administrator hasn't.
    fn note_mode(&mut self, name: &Path, there: &Metadata) -> Result<(), ReleasesError> {
        let Some(base) = self.base else {
            return Ok(());
        };
        let was = base.metadata(name);
        let was = was.map_err(unread(&base.folder.join(name)))?;
        let runs = |file: &Metadata| file.permissions().mode() & 0o111 != 0;
        let (Some(was), Some(theirs)) = (was, self.theirs(name)?) else {
            return Ok(());
        };
        let all_files = [&was, &theirs, there].iter().all(|file| file.is_file());
        if all_files && runs(&was) != runs(&theirs) && runs(there) != runs(&theirs) {
            self.sorted.other_mode.push(name.to_owned());
        }
        Ok(())
    }

    fn theirs(&self, name: &Path) -> Result<Option<Metadata>, ReleasesError> {
        let theirs = self.new.metadata(name);
        theirs.map_err(unread(&self.new.folder.join(name)))
    }

    /// What the vendor ships there: a clause.
    fn told(&self, name: &Path) -> Result<String, ReleasesError> {
        if let Some(large) = self.new.large(name) {
            return Ok(format!("a file of {} bytes", large.size));
        }
        let theirs = self.theirs(name)?;
        Ok(theirs.as_ref().map_or_else(|| "nothing".to_owned(), told))
    }
}

fn look(path: &Path) -> Result<Option<Metadata>, ReleasesError> {
    crate::release::metadata(path).map_err(unread(path))
}

fn told(there: &Metadata) -> String {
    if there.is_dir() {
        "a folder".to_owned()
    } else if there.is_symlink() {
        "a symlink".to_owned()
    } else if there.is_file() {
        format!("a file of {} bytes", there.len())
    } else {
        "no regular file".to_owned()
    }
}

impl CarriedPath {
    /// True if a path below the release is carried by this one.
    pub fn brings(&self, name: &Path) -> bool {
        let Ok(below) = name.strip_prefix(&self.path) else {
            return false;
        };
        !self.exclude.iter().any(|path| below.starts_with(path))
    }
}

fn unread(path: &Path) -> impl Fn(io::Error) -> ReleasesError {
    let path = path.to_owned();
    move |source| ReleasesError::Io {
        path: path.clone(),
        source,
    }
}
