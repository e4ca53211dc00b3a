//! Folders, three-way by file: what only one side added, changed or removed is that side's;
//! what both changed is merged as a file. Reads, and changes nothing.
//!
//! Links, devices and the like are never followed nor opened. A link that only one side
//! changed needs no word; where a link would have to be written, that is a conflict.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::answer::Answers;
use super::error::Error;
use super::file::merge_file;
use super::outcome::{Input, Inputs, Merged, Outcome, OutcomeKind, Place, Places, Side};
use crate::tree::Digest;

/// What becomes of one file of a folder.
#[derive(Debug, Clone)]
pub struct FileMerge {
    /// Its path below the folders.
    pub name: PathBuf,
    /// What is to be done with MINE.
    pub action: Action,
    /// What became of the differences.
    pub outcomes: Vec<Outcome>,
    /// As [`Merged::marked`].
    pub marked: Option<Vec<u8>>,
}

/// What a merge does with a file of MINE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It stays as it is, or stays away.
    Keep,
    /// It gets this content; owner and mode stay.
    Replace(Vec<u8>),
    /// It is new, with this mode.
    Create(Vec<u8>, u32),
    /// It goes.
    Remove,
}

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    kind: FoundKind,
    /// Empty for what isn't read.
    bytes: Vec<u8>,
    mode: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FoundKind {
    File,
    Link,
    Other,
}

/// Merges three folders; gives the files that differ in any way, by name. `base` may be none.
///
/// # Errors
/// [`Error::Read`] if something can't be read, and those of [`merge_file`].
pub fn merge_folder(
    base: Option<&Path>,
    mine: &Path,
    theirs: &Path,
    answers: &Answers,
) -> Result<Vec<FileMerge>, Error> {
    let roots = [base, Some(mine), Some(theirs)];
    let [old, own, new] = roots.map(|root| root.map_or(Ok(BTreeMap::new()), files));
    let (old, own, new) = (old?, own?, new?);
    let names: BTreeSet<&PathBuf> = old.keys().chain(own.keys()).chain(new.keys()).collect();
    let mut merges = Vec::new();
    for name in names {
        let three = Three {
            name,
            roots,
            found: [old.get(name), own.get(name), new.get(name)],
            answers,
        };
        let merge = three.merge()?;
        if merge.action != Action::Keep || !merge.outcomes.is_empty() {
            merges.push(merge);
        }
    }
    Ok(merges)
}

/// Everything below a folder that isn't a folder.
fn files(root: &Path) -> Result<BTreeMap<PathBuf, Found>, Error> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        let unread = |path: &Path| {
            let path = path.to_owned();
            |source| Error::Read { path, source }
        };
        for entry in fs::read_dir(&path).map_err(unread(&path))? {
            let entry = entry.map_err(unread(&path))?;
            let name = folder.join(entry.file_name());
            let path = entry.path();
            let metadata = path.symlink_metadata().map_err(unread(&path))?;
            let (kind, bytes) = if metadata.is_dir() {
                folders.push(name);
                continue;
            } else if metadata.is_file() {
                (FoundKind::File, fs::read(&path).map_err(unread(&path))?)
            } else if metadata.is_symlink() {
                let target = fs::read_link(&path).map_err(unread(&path))?;
                (FoundKind::Link, target.as_os_str().as_bytes().to_vec())
            } else {
                (FoundKind::Other, Vec::new())
            };
            let mode = metadata.mode() & 0o7777;
            found.insert(name, Found { kind, bytes, mode });
        }
    }
    Ok(found)
}

/// One name in the three folders.
struct Three<'a> {
    name: &'a Path,
    roots: [Option<&'a Path>; 3],
    found: [Option<&'a Found>; 3],
    answers: &'a Answers,
}

impl Three<'_> {
    fn merge(&self) -> Result<FileMerge, Error> {
        use OutcomeKind::{AddedMine, AddedTheirs, RemovedMine, RemovedTheirs, SameInBoth};
        Ok(match self.found {
            [_, Some(mine), Some(theirs)] => return self.both(mine, theirs),
            [_, None, None] => self.outcome(Action::Keep, SameInBoth, None),
            [None, Some(_), None] => self.outcome(Action::Keep, AddedMine, None),
            [None, None, Some(new)] => self.create(new, AddedTheirs),
            [Some(old), None, Some(new)] if is_same(old, new) => {
                self.outcome(Action::Keep, RemovedMine, None)
            }
            [Some(old), Some(own), None] if is_same(old, own) => {
                self.outcome(Action::Remove, RemovedTheirs, None)
            }
            [Some(_), own, new] => self.removed_and_changed(own, new),
        })
    }

    /// One side removed what the other changed.
    fn removed_and_changed(&self, mine: Option<&Found>, theirs: Option<&Found>) -> FileMerge {
        match (self.answers.find(self.name, ""), mine, theirs) {
            (Some(Side::Theirs), Some(_), _) => {
                self.outcome(Action::Remove, OutcomeKind::RemovedTheirs, None)
            }
            (Some(Side::Theirs), None, Some(new)) => self.create(new, OutcomeKind::TakenTheirs),
            (Some(_), Some(_), _) => self.outcome(Action::Keep, OutcomeKind::KeptMine, None),
            (Some(_), None, _) => self.outcome(Action::Keep, OutcomeKind::RemovedMine, None),
            (None, mine, _) => {
                let who = if mine.is_some() { "they" } else { "I" };
                let note = format!("{who} removed it");
                self.outcome(Action::Keep, OutcomeKind::Conflict, Some(&note))
            }
        }
    }

    fn create(&self, new: &Found, kind: OutcomeKind) -> FileMerge {
        if new.kind != FoundKind::File {
            let note = "it is no regular file; copy it by hand";
            return self.outcome(Action::Keep, OutcomeKind::Conflict, Some(note));
        }
        // No right to change what came in a tarball, nor to run it as somebody else.
        let mode = new.mode & 0o755;
        self.outcome(Action::Create(new.bytes.clone(), mode), kind, None)
    }

    fn both(&self, mine: &Found, theirs: &Found) -> Result<FileMerge, Error> {
        let base = self.found[0];
        if mine.kind != FoundKind::File || theirs.kind != FoundKind::File {
            return Ok(self.no_files(mine, theirs));
        }
        let path = |side: usize| self.roots[side].unwrap_or(Path::new("")).join(self.name);
        let paths = [path(0), path(1), path(2)];
        let base = base.filter(|base| base.kind == FoundKind::File);
        let inputs = Inputs {
            name: self.name,
            base: base.map(|base| Input {
                path: &paths[0],
                bytes: &base.bytes,
            }),
            mine: Input {
                path: &paths[1],
                bytes: &mine.bytes,
            },
            theirs: Input {
                path: &paths[2],
                bytes: &theirs.bytes,
            },
        };
        let Merged {
            bytes,
            mut outcomes,
            marked,
        } = merge_file(&inputs, self.answers)?;
        if base.is_some_and(|base| base.mode != theirs.mode) && mine.mode != theirs.mode {
            let note = format!(
                "theirs has mode {:o}, mine stays {:o}",
                theirs.mode, mine.mode
            );
            let places = self.places();
            outcomes.push(Outcome::new(OutcomeKind::Dropped, "mode", places).because(note));
        }
        let action = match bytes == mine.bytes {
            true => Action::Keep,
            false => Action::Replace(bytes),
        };
        Ok(FileMerge {
            name: self.name.to_owned(),
            action,
            outcomes,
            marked,
        })
    }

    /// At least one of both isn't a regular file.
    fn no_files(&self, mine: &Found, theirs: &Found) -> FileMerge {
        let base = self.found[0];
        let unchanged = |side: &Found| base.is_some_and(|base| is_same(base, side));
        let answered = self.answers.find(self.name, "") == Some(Side::Mine);
        if is_same(mine, theirs) || (unchanged(mine) && unchanged(theirs)) {
            return FileMerge {
                name: self.name.to_owned(),
                action: Action::Keep,
                outcomes: Vec::new(),
                marked: None,
            };
        }
        if unchanged(theirs) || answered {
            return self.outcome(Action::Keep, OutcomeKind::KeptMine, None);
        }
        let note = "it is no regular file on one side; change it by hand";
        self.outcome(Action::Keep, OutcomeKind::Conflict, Some(note))
    }

    fn outcome(&self, action: Action, kind: OutcomeKind, note: Option<&str>) -> FileMerge {
        let outcome = Outcome::new(kind, "", self.places());
        let outcome = match note {
            Some(note) => outcome.because(note),
            None => outcome,
        };
        FileMerge {
            name: self.name.to_owned(),
            action,
            outcomes: vec![outcome],
            marked: None,
        }
    }

    fn places(&self) -> Places {
        let place = |side: usize| {
            let found = self.found[side]?;
            Some(Place {
                path: self.roots[side]?.join(self.name),
                line: 1,
                value: match found.kind {
                    FoundKind::File => {
                        format!("sha256:{}", &Digest::of(&found.bytes).to_string()[..12])
                    }
                    FoundKind::Link => String::from_utf8_lossy(&found.bytes).into_owned(),
                    FoundKind::Other => String::new(),
                },
            })
        };
        Places {
            base: place(0),
            mine: place(1),
            theirs: place(2),
        }
    }
}

fn is_same(one: &Found, other: &Found) -> bool {
    one.kind == other.kind && one.bytes == other.bytes
}
