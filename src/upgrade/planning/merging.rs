//! Files that both releases have and that both vendor and administrator may have changed, merged: the old release's
//! pristine copy tells whose change is whose.
//!
//! Pure, bytes in and bytes out; the same function makes the plan and carries it out.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::compose::{self, Document};
use crate::fs::{Disk, WriteError};
use crate::merge::{
    self, Answers, Carried, FileKind, Input, Inputs, MergeOutcome, Merged, OutcomeKind, SourceLine,
    with_ending,
};
use crate::release::{Install, Recipe, Version};
use crate::tree::{self, Digest};
use crate::upgrade::request::Request;

/// Beginnings of lines that no merged file may hold.
const MARKERS: [&[u8]; 3] = [b"<<<<<<< mine", b"||||||| base", b">>>>>>> theirs"];

/// True if the administrator has not yet settled every conflict in a text.
pub fn has_markers(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    lines.any(|line| MARKERS.iter().any(|marker| line.starts_with(marker)))
}

/// One file as the two releases have it, and as the old one was shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedFile {
    /// The file's path below the new release.
    pub name: PathBuf,
    /// The file's path below the old one.
    pub source: PathBuf,
    /// The pristine file's path.
    pub shipped: PathBuf,
    /// Without a pristine file the old release's version wins where both differ: it is a file of keys.
    pub keeps_mine: bool,
    /// The pristine file; absent where the vendor shipped none, or it isn't known.
    pub base: Option<Vec<u8>>,
    /// The old release's, as the administrator has it.
    pub mine: Vec<u8>,
    /// The new release's, as its vendor ships it.
    pub theirs: Vec<u8>,
    /// What the administrator made of an earlier plan's conflicts.
    pub resolved: Option<Vec<u8>>,
    /// Where that stands, relative to the install.
    pub resolved_in: Option<PathBuf>,
    /// For a compose file: what was edited becomes this override.
    pub overlay: Option<PathBuf>,
}

/// A three-way merge of a carried file. Modes and owners are the old release's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigMerge {
    /// The old release's file as its vendor shipped it; absent where there is none.
    pub base: Option<PathBuf>,
    /// What the administrator made of an earlier plan's conflicts; wins over all else.
    pub resolved: Option<PathBuf>,
    /// Where the old release's version wins a conflict.
    pub ours: Vec<PathBuf>,
    /// Where the vendor's version wins a conflict.
    pub theirs: Vec<PathBuf>,
    /// The vendor's new file, below the release, if the result is an override to lay over it;
    /// absent when the result takes that file's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<PathBuf>,
    /// SHA-256 of the old release's file.
    pub mine: String,
    /// SHA-256 of the new release's file before.
    pub before: String,
    /// SHA-256 of the result.
    pub after: String,
}

/// A file that was merged for a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedFile {
    /// The file's path below the new release.
    pub name: PathBuf,
    /// The old release's file, below that.
    pub source: PathBuf,
    /// The new release's content before; empty where there is none.
    pub before: Vec<u8>,
    /// The result of the merge: bytes, and what became of each change.
    pub merged: Merged,
    /// What a step needs to make the same merge again, and to see that it is the same.
    pub step: ConfigMerge,
}

/// A conflict that stands against applying a plan. It holds no value: those may be secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanConflict {
    /// The file, below the release.
    pub file: PathBuf,
    /// The key, the path in a compose file, or the line; empty for the whole file.
    pub what: String,
    /// The line in the old release's file, from 1, where it is there.
    pub mine: Option<usize>,
    /// The line in the new release's file, from 1, where it is there.
    pub theirs: Option<usize>,
}

/// Whose version wins which conflict: what was asked for, and what the recipe says of the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// Files, folders or `FILE:KEY` where the old release's version wins.
    pub ours: Vec<PathBuf>,
    /// Files, folders or `FILE:KEY` where the vendor's version wins.
    pub theirs: Vec<PathBuf>,
}

impl Answered {
    /// What `request` and `recipe` say together.
    pub fn of(request: &Request, recipe: &Recipe) -> Self {
        let asked =
            |path: &&PathBuf| !request.ours.contains(path) && !request.theirs.contains(path);
        let all = |own: &[PathBuf], said: &[PathBuf]| {
            let said = said.iter().filter(asked).cloned();
            said.chain(own.iter().cloned()).collect()
        };
        Self {
            ours: all(&request.ours, &recipe.ours),
            theirs: all(&request.theirs, &recipe.theirs),
        }
    }
}

/// Where a conflict's resolution is looked for, relative to the install. Its text with
/// markers stands beside it with `.merge` at the end of its name, and is the resolution once
/// no marker is left in it.
pub fn resolution(to: &Version, name: &Path) -> PathBuf {
    Path::new(".transship/merge").join(to.as_str()).join(name)
}

/// The pristine copies of a release, relative to the install.
pub fn pristine(version: &Version) -> PathBuf {
    Path::new(".transship/pristine").join(version.as_str())
}

/// Merges one file by what the administrator has said of its conflicts.
///
/// # Errors
/// [`merge::Error`] if a `.env` or compose file can't be read as one.
pub fn merged(shared: &SharedFile, answers: &Answers) -> Result<Merged, merge::Error> {
    if let Some(resolved) = &shared.resolved
        && !has_markers(resolved)
    {
        return Ok(Merged {
            bytes: resolved.clone(),
            outcomes: Vec::new(),
            marked: None,
        });
    }
    let base = base(shared)?;
    let (old, new) = (
        Path::new("old").join(&shared.name),
        Path::new("new").join(&shared.name),
    );
    let shipped = Path::new("pristine").join(&shared.name);
    let inputs = Inputs {
        name: &shared.name,
        base: base.as_deref().map(|bytes| Input {
            path: &shipped,
            bytes,
        }),
        mine: Input {
            path: &old,
            bytes: &shared.mine,
        },
        theirs: Input {
            path: &new,
            bytes: &shared.theirs,
        },
    };
    if shared.base.is_none() && kind(shared) == FileKind::Compose {
        return merge::merge_unknown_compose(&inputs, answers);
    }
    if shared.overlay.is_none() {
        return merge::merge_file(&inputs, answers);
    }
    let Carried {
        overlay, overlaid, ..
    } = merge::carry(&inputs, answers)?;
    Ok(Merged {
        bytes: overlay.unwrap_or_default(),
        outcomes: overlaid,
        // An override answers no conflict of its own.
        marked: None,
    })
}

fn kind(shared: &SharedFile) -> FileKind {
    let base = shared.base.iter().map(Vec::as_slice);
    let contents = base.chain([shared.mine.as_slice(), &shared.theirs]);
    FileKind::of(&shared.name, contents)
}

/// The pristine file. An upgrade to the old release has named its volumes, which is no change
/// of the administrator's: the pristine compose file gets the same names.
fn base(shared: &SharedFile) -> Result<Option<Vec<u8>>, merge::Error> {
    let Some(base) = &shared.base else {
        return Ok(None);
    };
    if kind(shared) != FileKind::Compose {
        return Ok(Some(base.clone()));
    }
    let pristine = Document::parse(&shared.name, base)?;
    let mine = Document::parse(&shared.name, &shared.mine)?;
    Ok(Some(compose::name_volumes_like(&pristine, &mine)?.bytes))
}

/// Writes every file that has conflicts, with markers, where the administrator can resolve
/// them, and removes what an earlier plan left of files that have none now.
///
/// # Errors
/// [`WriteError`] if the install can't be written.
pub fn save_conflicts(
    disk: &Disk,
    install: &Install,
    to: &Version,
    merged: &[MergedFile],
) -> Result<(), WriteError> {
    for file in merged {
        let path = resolution(to, &file.name);
        let marked = install.root().join(with_markers(&path));
        let io = |source| WriteError::Io {
            path: marked.clone(),
            source,
        };
        let there = fs::read(&marked).ok();
        match &file.merged.marked {
            Some(text) if there.as_ref() == Some(text) => {}
            Some(text) => {
                if let Some(above) = marked.parent() {
                    disk.create_dirs(above, 0o700)?;
                    // What a killed run was writing there, and nobody else looks for.
                    let _ = tree::sweep(disk, above);
                }
                if let Some(there) = there {
                    // Somebody may have begun to settle it.
                    disk.save(&with_ending(&marked, "~"), &there)?;
                }
                disk.save(&marked, text)?;
                let digest = Digest::of(text).to_string();
                disk.save(&written_digest(&marked), digest.as_bytes())?;
            }
            None if there.is_some() && file.step.resolved != Some(with_markers(&path)) => {
                disk.remove_file(&marked).map_err(io)?;
                let digest = written_digest(&marked);
                if digest.exists() {
                    disk.remove_file(&digest).map_err(io)?;
                }
            }
            None => {}
        }
    }
    Ok(())
}

/// The file with markers that belongs to a resolution.
pub fn with_markers(resolution: &Path) -> PathBuf {
    let mut name = resolution.as_os_str().to_owned();
    name.push(".merge");
    PathBuf::from(name)
}

/// Where the digest of such a file stands, as it was written: what is still that, nobody has
/// settled.
pub(crate) fn written_digest(marked: &Path) -> PathBuf {
    let mut name = marked.as_os_str().to_owned();
    name.push(".sha256");
    PathBuf::from(name)
}

impl MergedFile {
    /// Merges `shared` for an upgrade from one release to another.
    ///
    /// # Errors
    /// As [`merged`].
    pub fn of(
        answered: &Answered,
        from: &Version,
        shared: &SharedFile,
    ) -> Result<Self, merge::Error> {
        let Answered { mut ours, theirs } = answered.clone();
        if shared.keeps_mine && !ours.contains(&shared.name) {
            // Whatever else was said is narrower, or stands behind it.
            ours.insert(0, shared.name.clone());
        }
        let merged = merged(shared, &Answers::new(&ours, &theirs))?;
        let digest = |bytes: &[u8]| Digest::of(bytes).to_string();
        let base = shared.base.as_ref();
        let step = ConfigMerge {
            base: base.map(|_| pristine(from).join(&shared.shipped)),
            resolved: shared.resolved_in.clone(),
            over: shared.overlay.as_ref().map(|_| shared.name.clone()),
            ours,
            theirs,
            mine: digest(&shared.mine),
            before: digest(&shared.theirs),
            after: digest(&merged.bytes),
        };
        let (name, before) = match &shared.overlay {
            Some(overlay) => (overlay, &[][..]),
            None => (&shared.name, shared.theirs.as_slice()),
        };
        Ok(Self {
            name: name.clone(),
            source: shared.source.clone(),
            before: before.to_owned(),
            merged,
            step,
        })
    }

    /// Whether all of it is the vendor's, so that no step is needed.
    pub(crate) fn is_vendors(&self) -> bool {
        use OutcomeKind as Kind;
        let theirs = [
            Kind::TakenTheirs,
            Kind::AddedTheirs,
            Kind::RemovedTheirs,
            Kind::SameInBoth,
        ];
        let mut outcomes = self.merged.outcomes.iter();
        self.step.over.is_none()
            && self.step.resolved.is_none()
            && self.merged.bytes == self.before
            && outcomes.all(|outcome| theirs.contains(&outcome.kind))
    }

    /// What both sides changed and that has the vendor's value though nobody was asked, as `FILE:KEY`.
    pub(crate) fn overruled(&self) -> impl Iterator<Item = PathBuf> {
        let outcomes = self.merged.outcomes.iter();
        let unasked = outcomes.filter(|outcome| {
            let value = |line: &Option<SourceLine>| line.as_ref().map(|line| line.value.clone());
            outcome.kind == OutcomeKind::TakenTheirs
                && outcome.note.is_some()
                && value(&outcome.base) != value(&outcome.mine)
        });
        let file = self.name.display();
        unasked.map(move |outcome| PathBuf::from(format!("{file}:{}", outcome.what)))
    }

    /// The file as its conflicts are named: that of the new release.
    pub fn asked_as(&self) -> &Path {
        self.step.over.as_deref().unwrap_or(&self.name)
    }

    /// What stands against carrying it, for the plan.
    pub fn conflicts(&self) -> impl Iterator<Item = PlanConflict> {
        self.merged.conflicts().map(|conflict| PlanConflict {
            file: self.asked_as().to_owned(),
            what: conflict.what.clone(),
            mine: conflict.mine.as_ref().map(|place| place.line),
            theirs: conflict.theirs.as_ref().map(|place| place.line),
        })
    }

    /// One line on what was merged: `2 of yours kept, 1 of the vendor's taken`.
    pub fn summary(&self) -> String {
        use OutcomeKind as Kind;
        let count = |wanted: &[OutcomeKind]| {
            let outcomes = self.merged.outcomes.iter();
            let is_wanted = |outcome: &&MergeOutcome| wanted.contains(&outcome.kind);
            outcomes.filter(is_wanted).count()
        };
        let parts = [
            (
                count(&[Kind::KeptMine, Kind::AddedMine, Kind::RemovedMine]),
                "of yours kept",
            ),
            (
                count(&[Kind::TakenTheirs, Kind::AddedTheirs, Kind::RemovedTheirs]),
                "of the vendor's taken",
            ),
            (count(&[Kind::Dropped]), "not carried"),
            (count(&[Kind::Conflict]), "in conflict"),
        ];
        let told = parts.iter().filter(|(count, _)| *count > 0);
        let told: Vec<_> = told
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        match (told.is_empty(), self.step.resolved.is_some()) {
            (_, true) => "as you resolved it".to_owned(),
            (true, _) => "nothing of yours to carry".to_owned(),
            _ => told.join(", "),
        }
    }
}

/// The answers that were given and that fit neither a conflict nor a file that is `asked` about as a whole.
pub(super) fn unused_answers(
    request: &Request,
    shared: &[SharedFile],
    asked: impl Iterator<Item = PathBuf>,
) -> Result<Vec<PathBuf>, merge::Error> {
    let answers = Answers::new(&request.ours, &request.theirs);
    if answers.0.is_empty() {
        return Ok(Vec::new());
    }
    let mut conflicts: Vec<_> = asked.map(|path| (path, String::new())).collect();
    for file in shared {
        let merged = merged(file, &Answers::default())?;
        let what = merged.conflicts().map(|conflict| conflict.what.clone());
        conflicts.extend(what.map(|what| (file.name.clone(), what)));
    }
    let idle = answers.idle(&conflicts);
    Ok(idle.map(|answer| answer.path.clone()).collect())
}
