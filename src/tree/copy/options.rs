//! What is asked of a copy, and what it answers.

use std::io;

use serde::Serialize;

use crate::tree::error::{Lost, Problem};
use crate::tree::manifest::Manifest;
use crate::tree::verify::difference::Difference;
use crate::tree::verify::known_files::KnownPair;
use crate::tree::walk::exclude::Exclude;
use crate::tree::walk::survey::{Survey, SurveyOptions};

/// How a tree is copied. The default keeps everything, durably, and computes no digests.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line of its own"
)]
pub struct CopyOptions {
    /// Compute the SHA-256 of every file from the bytes that pass, and give a manifest of
    /// the source as it was copied.
    pub digest: bool,
    /// Copy a symlink at the source's path as a symlink, instead of what it leads to.
    pub root_itself: bool,
    /// For [`update`](super::update): how much may be removed.
    pub removals: Removals,
    /// Fill in a target that exists: what it has already stays as it is, and each thing that
    /// it lacks appears complete or not at all.
    pub keep_existing: bool,
    /// Patterns of paths that aren't copied, nor removed from the target by an update.
    pub exclude: Exclude,
    /// Wait until everything is on the medium before it gets its name.
    pub sync: bool,
    /// Leave out what is mounted within the source: an empty folder stands there in the
    /// copy, and a [`Problem`] says so.
    pub one_file_system: bool,
    /// Take what changes while it is copied as it comes, with a [`Problem`], instead of
    /// failing: for the first pass over a tree that is in use.
    pub live: bool,
    /// Share blocks with the source where the filesystem can.
    pub reflink: bool,
    /// Bytes to be copied, where a survey has counted them: for the progress.
    pub expected_bytes: Option<u64>,
    /// For [`update`](super::update): compare files of equal size and time by content.
    pub checksum: bool,
    /// For [`update`](super::update) with `checksum`: files of both that needn't be read for that.
    pub known: Option<KnownPair>,
    /// Threads; `None` for what suits the machine. With one, the order of operations is the
    /// same every time.
    pub workers: Option<usize>,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            digest: false,
            root_itself: false,
            removals: Removals::default(),
            keep_existing: false,
            exclude: Exclude::default(),
            sync: true,
            one_file_system: true,
            live: false,
            reflink: true,
            expected_bytes: None,
            checksum: false,
            known: None,
            workers: None,
        }
    }
}

impl CopyOptions {
    /// The default for an entry of a folder, which is copied as what it is: a symlink as one.
    pub fn for_entry() -> Self {
        Self {
            root_itself: true,
            ..Self::default()
        }
    }

    /// What of the source is copied, for counting it.
    pub fn surveyed(&self) -> SurveyOptions {
        SurveyOptions {
            exclude: self.exclude.clone(),
            cross_mounts: !self.one_file_system,
            each_name: false,
        }
    }
}

/// How much an update may remove from its target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Removals {
    /// What looks like no mistake: no more than half, not for an empty source, and not from
    /// what has nothing in common with the source.
    #[default]
    Plausible,
    /// So many entries, whatever that looks like.
    AtMost(u64),
    /// Everything that isn't in the source.
    All,
}

/// The result of a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Counts of what the copy has; without what stood there before.
    pub counts: Survey,
    /// The source as it was copied, when digests were asked for.
    #[serde(skip)]
    pub manifest: Option<Manifest>,
    /// What couldn't be kept, path by path. A copy with problems isn't a copy in full, and
    /// the exit code must say so.
    pub problems: Vec<Problem>,
    /// Problems beyond the [`MAX_PROBLEMS`] that are listed.
    pub problems_left_out: u64,
}

impl Copied {
    pub(in crate::tree) fn lose_flags(&mut self, path: Vec<u8>, error: &io::Error) {
        self.problems.push(Problem {
            path,
            lost: Lost::Flags,
            reason: error.to_string(),
        });
    }

    /// Takes in what was copied to `below` this copy's root.
    pub(super) fn add(&mut self, other: Self, below: &[u8]) {
        self.counts += other.counts;
        self.problems_left_out += other.problems_left_out;
        let problems = other.problems.into_iter().map(|mut problem| {
            problem.path = prefixed(below, &problem.path);
            problem
        });
        self.problems.extend(problems);
        if let Some(manifest) = other.manifest {
            let mut entries: Vec<_> = self.manifest.iter().flat_map(Manifest::entries).collect();
            entries.extend(manifest.entries().map(|mut entry| {
                entry.path = prefixed(below, &entry.path);
                entry.hard_link = entry.hard_link.map(|first| prefixed(below, &first));
                entry
            }));
            self.manifest = Some(Manifest::new(entries));
        }
    }
}

fn prefixed(below: &[u8], path: &[u8]) -> Vec<u8> {
    match (below, path) {
        (_, b"." | b"") => below.to_vec(),
        (b"", _) => path.to_vec(),
        _ => [below, b"/", path].concat(),
    }
}

/// The result of an update.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Updated {
    /// What was new or different and is copied, with the problems of all that was done.
    pub copied: Copied,
    /// Entries that were removed, each of those that were in a folder among them.
    pub removed: u64,
    /// Things of which only attributes were set.
    pub adjusted: u64,
}

/// What an update would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Foretold {
    /// The counts that it would answer, and the problems that are known beforehand.
    pub updated: Updated,
    /// What differs now, path by path.
    pub differences: Vec<Difference>,
}

/// How many problems are listed one by one.
pub const MAX_PROBLEMS: usize = 10_000;
