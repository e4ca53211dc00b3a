//! What a scan of a tree looks at.

use std::path::Path;

use super::difference::{VerifyOptions, VerifyScope};
use super::known_files::{KnownFiles, Learner};
use crate::tree::walk::exclude::Exclude;

/// What a scan looks at of a regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileDepth {
    /// Everything but the file's contents, which aren't read.
    Metadata,
    /// Contents, too.
    Contents,
    /// What is known without opening it: it will be opened beside another.
    Closed,
}

/// What a scan looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScanOptions<'a> {
    pub(super) files: FileDepth,
    /// Compare them with those of that tree instead.
    pub(super) against: Option<&'a Path>,
    /// Read them from the medium.
    pub(super) media: bool,
    pub(super) cross_mounts: bool,
    pub(super) exclude: &'a Exclude,
    /// What needn't be read.
    pub(super) known: Option<&'a KnownFiles>,
    /// Who remembers what is read.
    pub(super) learner: Option<&'a Learner>,
}

impl<'a> From<&'a VerifyOptions> for ScanOptions<'a> {
    fn from(options: &'a VerifyOptions) -> Self {
        Self {
            files: match options.scope {
                VerifyScope::MetadataOnly => FileDepth::Metadata,
                VerifyScope::Everything | VerifyScope::ContentOnly => FileDepth::Contents,
            },
            against: None,
            media: options.media,
            cross_mounts: options.cross_mounts,
            exclude: &options.exclude,
            known: options.known.as_deref(),
            learner: None,
        }
    }
}

impl<'a> ScanOptions<'a> {
    pub(super) fn reads(&self) -> bool {
        self.files == FileDepth::Contents
    }

    /// For the tree that another one will be held against: what has to be opened will be looked
    /// at then.
    pub(crate) fn expected(self) -> Self {
        let files = match self.files {
            FileDepth::Contents => FileDepth::Closed,
            files => files,
        };
        Self { files, ..self }
    }

    /// What is read is remembered by `learner`.
    pub(crate) const fn learning(self, learner: &'a Learner) -> Self {
        Self {
            learner: Some(learner),
            ..self
        }
    }

    /// Contents, if they are wanted, are compared with those in the directory `expected`; a
    /// digest tells only what differs.
    pub(crate) const fn against(self, expected: &'a Path) -> Self {
        Self {
            against: Some(expected),
            ..self
        }
    }
}
