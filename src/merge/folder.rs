//! Folders, three-way by file: what only one side added, changed or removed is that side's;
//! what both changed is merged as a file. Reads, and changes nothing.
//!
//! Links, devices and the like are never followed nor opened, and nothing is ever made below
//! a link. A link that MINE changed needs no word; where a link would have to be written, that
//! is a conflict.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::answer::Answers;
use super::error::Error;
use super::file::merge_file;
use super::outcome::{
    Input, Inputs, MergeOutcome, Merged, OutcomeKind, Side, SourceLine, SourceLines,
};
use crate::compose;
use crate::tree::Digest;

/// What becomes of one file of a folder.
#[derive(Debug, Clone)]
pub struct FileMerge {
    /// The path below the three folders.
    pub name: PathBuf,
    /// The effect on the file of MINE.
    pub action: Action,
    /// What became of each difference, in the order of the result.
    pub outcomes: Vec<MergeOutcome>,
    /// As [`Merged::marked`].
    pub marked: Option<Vec<u8>>,
}

/// What a merge does with a file of MINE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The file stays as it is, or stays away.
    Keep,
    /// The file gets this content; owner and mode stay.
    Replace(Vec<u8>),
    /// A new file with this content and mode.
    Create(Vec<u8>, u32),
    /// A new folder with this mode.
    CreateFolder(u32),
    /// The file goes.
    Remove,
    /// The folder goes, since nothing is left in it.
    RemoveFolder,
}

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FoundFile {
    kind: EntryType,
    /// Empty for what isn't read.
    bytes: Vec<u8>,
    mode: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryType {
    File,
    Folder,
    Link,
    Other,
}

/// Merges three folders; gives the files that differ in any way, in an order in which they can
/// be dealt with: folders before what is in them, removals last. `base` may be none.
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
    let (mut old, mut own, new) = (old?, own?, new?);
    let renamed = renamed_compose(&old, &own, &new);
    if let Some((from, to)) = &renamed {
        for found in [&mut old, &mut own] {
            let file = found.remove(from);
            found.extend(file.map(|file| (to.clone(), file)));
        }
    }
    let names: BTreeSet<&PathBuf> = old.keys().chain(own.keys()).chain(new.keys()).collect();
    let mut merges = Vec::new();
    for name in names {
        let three = ThreeFiles {
            name,
            roots,
            found: [old.get(name), own.get(name), new.get(name)],
            answers,
        };
        let mut merge = three.merge()?;
        if merge.is_made() && !is_in_folders(name, &own) {
            merge = three.outcome(Action::Keep, OutcomeKind::Conflict, Some(NO_FOLDER));
        }
        if merge.action != Action::Keep || !merge.outcomes.is_empty() {
            merges.push(merge);
        }
    }
    if let Some((from, to)) = renamed {
        rename(&mut merges, &from, &to, &own[&to]);
    }
    remove_folders(&mut merges, [&old, &own, &new]);
    Ok(merges)
}

/// The compose file that Compose reads by itself, where THEIRS calls it otherwise: its old and new name.
fn renamed_compose(
    old: &BTreeMap<PathBuf, FoundFile>,
    own: &BTreeMap<PathBuf, FoundFile>,
    new: &BTreeMap<PathBuf, FoundFile>,
) -> Option<(PathBuf, PathBuf)> {
    let only = |found: &BTreeMap<PathBuf, FoundFile>| {
        let is_it = |(name, file): &(&PathBuf, &FoundFile)| {
            file.kind == EntryType::File && compose::is_project_file(name)
        };
        let mut names = found.iter().filter(is_it).map(|(name, _)| name.clone());
        names.next().filter(|_| names.next().is_none())
    };
    let (from, to) = (only(own)?, only(new)?);
    let is_beside = from.parent() == to.parent();
    (from != to && is_beside && only(old).as_ref() == Some(&from)).then_some((from, to))
}

/// The merge of a renamed file goes under its new name, and the old one goes.
fn rename(merges: &mut Vec<FileMerge>, from: &Path, to: &Path, own: &FoundFile) {
    let merge = merges.iter().position(|merge| merge.name == to);
    let mut merge = merge.map_or_else(
        || FileMerge {
            name: to.to_owned(),
            action: Action::Keep,
            outcomes: Vec::new(),
            marked: None,
        },
        |at| merges.remove(at),
    );
    let bytes = match merge.action {
        Action::Replace(bytes) => bytes,
        _ => own.bytes.clone(),
    };
    merge.action = Action::Create(bytes, own.mode);
    merges.push(merge);
    let note = format!("it is `{}` now", to.display());
    merges.push(FileMerge {
        name: from.to_owned(),
        action: Action::Remove,
        outcomes: vec![
            MergeOutcome::new(OutcomeKind::RemovedTheirs, "", SourceLines::default()).because(note),
        ],
        marked: None,
    });
}

const NO_FOLDER: &str = "what should hold it is no folder in mine; put it there by hand";

/// True unless something above `name` is there and no folder.
fn is_in_folders(name: &Path, own: &BTreeMap<PathBuf, FoundFile>) -> bool {
    let mut above = name.ancestors().skip(1).filter_map(|path| own.get(path));
    above.all(|found| found.kind == EntryType::Folder)
}

/// Removes what THEIRS removed of folders, where nothing is left in them, and puts all
/// removals last, what is in a folder before the folder.
fn remove_folders(
    merges: &mut Vec<FileMerge>,
    [old, own, new]: [&BTreeMap<PathBuf, FoundFile>; 3],
) {
    let is_gone = |merge: &FileMerge| matches!(merge.action, Action::Remove);
    let gone: BTreeSet<&PathBuf> = merges
        .iter()
        .filter(|m| is_gone(m))
        .map(|m| &m.name)
        .collect();
    let is_folder = |found: &FoundFile| found.kind == EntryType::Folder;
    let folders = own.iter().filter(|(name, found)| {
        is_folder(found) && old.get(*name).is_some_and(is_folder) && !new.contains_key(*name)
    });
    let is_left = |(name, found): (&PathBuf, &FoundFile)| !is_folder(found) && !gone.contains(name);
    let emptied = folders.filter(|(folder, _)| {
        // An empty folder of mine in it is left, too, unless it is of the kind.
        let below = own.iter().filter(|(name, _)| name.starts_with(folder));
        let mut below = below.filter(|(name, _)| *name != *folder);
        !below.any(|(name, found)| is_left((name, found)) || !old.contains_key(name))
    });
    let emptied: Vec<FileMerge> = emptied
        .map(|(name, _)| FileMerge {
            name: name.clone(),
            action: Action::RemoveFolder,
            outcomes: vec![MergeOutcome::new(
                OutcomeKind::RemovedTheirs,
                "",
                SourceLines::default(),
            )],
            marked: None,
        })
        .collect();
    let (mut last, first): (Vec<_>, Vec<_>) = merges.drain(..).partition(is_gone);
    last.extend(emptied);
    last.sort_by(|a, b| b.name.cmp(&a.name));
    merges.extend(first.into_iter().chain(last));
}

impl FileMerge {
    /// The file and what of it is in conflict, for each conflict.
    pub fn conflicts(&self) -> impl Iterator<Item = (PathBuf, String)> + '_ {
        let conflicts = self
            .outcomes
            .iter()
            .filter(|o| o.kind == OutcomeKind::Conflict);
        conflicts.map(|conflict| (self.name.clone(), conflict.what.clone()))
    }

    /// True if something is to be there that was not.
    fn is_made(&self) -> bool {
        matches!(self.action, Action::Create(..) | Action::CreateFolder(_))
    }
}

/// Everything below a folder.
fn files(root: &Path) -> Result<BTreeMap<PathBuf, FoundFile>, Error> {
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
                folders.push(name.clone());
                (EntryType::Folder, Vec::new())
            } else if metadata.is_file() {
                (EntryType::File, fs::read(&path).map_err(unread(&path))?)
            } else if metadata.is_symlink() {
                let target = fs::read_link(&path).map_err(unread(&path))?;
                (EntryType::Link, target.as_os_str().as_bytes().to_vec())
            } else {
                (EntryType::Other, Vec::new())
            };
            let mode = metadata.mode() & 0o7777;
            found.insert(name, FoundFile { kind, bytes, mode });
        }
    }
    Ok(found)
}

/// One name in the three folders.
struct ThreeFiles<'a> {
    name: &'a Path,
    roots: [Option<&'a Path>; 3],
    found: [Option<&'a FoundFile>; 3],
    answers: &'a Answers,
}

impl ThreeFiles<'_> {
    fn merge(&self) -> Result<FileMerge, Error> {
        use OutcomeKind::{AddedMine, AddedTheirs, RemovedMine, RemovedTheirs, SameInBoth};
        if let Some(merge) = self.folders() {
            return Ok(merge);
        }
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

    /// What becomes of a folder; None if one side has something else under the name. What is
    /// in it is told by itself.
    fn folders(&self) -> Option<FileMerge> {
        let [base, mine, theirs] = self.found;
        let sides = [base, mine, theirs].into_iter().flatten();
        if !sides.clone().all(|found| found.kind == EntryType::Folder) {
            return None;
        }
        let (action, outcomes) = match (base, mine, theirs) {
            (None, None, Some(new)) => (
                Action::CreateFolder(new.mode & 0o755),
                vec![MergeOutcome::new(
                    OutcomeKind::AddedTheirs,
                    "",
                    self.places(),
                )],
            ),
            (Some(old), Some(own), Some(new)) => (Action::Keep, self.modes(old, own, new)),
            _ => (Action::Keep, Vec::new()),
        };
        Some(FileMerge {
            name: self.name.to_owned(),
            action,
            outcomes,
            marked: None,
        })
    }

    /// A mode that THEIRS changed: mine stays, and that is told.
    fn modes(&self, base: &FoundFile, mine: &FoundFile, theirs: &FoundFile) -> Vec<MergeOutcome> {
        if base.mode == theirs.mode || mine.mode == theirs.mode {
            return Vec::new();
        }
        let note = format!(
            "theirs has mode {:o}, mine stays {:o}",
            theirs.mode, mine.mode
        );
        vec![MergeOutcome::new(OutcomeKind::Dropped, "mode", self.places()).because(note)]
    }

    /// One side removed what the other changed.
    fn removed_and_changed(
        &self,
        mine: Option<&FoundFile>,
        theirs: Option<&FoundFile>,
    ) -> FileMerge {
        match (self.answers.find(self.name, ""), mine, theirs) {
            (Some(Side::Theirs), Some(mine), _) if mine.kind != EntryType::Folder => {
                self.outcome(Action::Remove, OutcomeKind::RemovedTheirs, None)
            }
            (Some(Side::Theirs), None, Some(new)) => self.create(new, OutcomeKind::TakenTheirs),
            (Some(Side::Mine), Some(_), _) => {
                self.outcome(Action::Keep, OutcomeKind::KeptMine, None)
            }
            (Some(_), None, _) => self.outcome(Action::Keep, OutcomeKind::RemovedMine, None),
            (_, mine, _) => {
                let who = if mine.is_some() { "they" } else { "I" };
                let note = format!("{who} removed it");
                self.outcome(Action::Keep, OutcomeKind::Conflict, Some(&note))
            }
        }
    }

    fn create(&self, new: &FoundFile, kind: OutcomeKind) -> FileMerge {
        if new.kind != EntryType::File {
            let note = "it is no regular file; copy it by hand";
            return self.outcome(Action::Keep, OutcomeKind::Conflict, Some(note));
        }
        // No right to change what came in a tarball, nor to run it as somebody else.
        let mode = new.mode & 0o755;
        self.outcome(Action::Create(new.bytes.clone(), mode), kind, None)
    }

    fn both(&self, mine: &FoundFile, theirs: &FoundFile) -> Result<FileMerge, Error> {
        let base = self.found[0];
        if mine.kind != EntryType::File || theirs.kind != EntryType::File {
            return Ok(self.no_files(mine, theirs));
        }
        let path = |side: usize| self.roots[side].unwrap_or(Path::new("")).join(self.name);
        let paths = [path(0), path(1), path(2)];
        let base = base.filter(|base| base.kind == EntryType::File);
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
        outcomes.extend(base.map_or(Vec::new(), |base| self.modes(base, mine, theirs)));
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
    fn no_files(&self, mine: &FoundFile, theirs: &FoundFile) -> FileMerge {
        let base = self.found[0];
        let unchanged = |side: &FoundFile| base.is_some_and(|base| is_same(base, side));
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
        let outcome = MergeOutcome::new(kind, "", self.places());
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

    fn places(&self) -> SourceLines {
        let place = |side: usize| {
            let found = self.found[side]?;
            Some(SourceLine {
                path: self.roots[side]?.join(self.name),
                line: 1,
                value: match found.kind {
                    EntryType::File => {
                        format!("sha256:{}", &Digest::of(&found.bytes).to_string()[..12])
                    }
                    EntryType::Link => String::from_utf8_lossy(&found.bytes).into_owned(),
                    EntryType::Folder => "a folder".to_owned(),
                    EntryType::Other => String::new(),
                },
            })
        };
        SourceLines {
            base: place(0),
            mine: place(1),
            theirs: place(2),
        }
    }
}

fn is_same(one: &FoundFile, other: &FoundFile) -> bool {
    one.kind == other.kind && one.bytes == other.bytes
}
