//! Three-way merges of configuration: BASE is the vendor's file as it was shipped (the
//! pristine copy), MINE the administrator's, THEIRS the vendor's new one.
//!
//! Pure, bytes in and bytes out, but for the end, which writes what a merge came to
//! ([`FolderWriter`]). Begin with [`merge_file`], which chooses by name and content:
//! `.env` files are merged by key, compose files by what was changed in which service, other
//! text by line, and what isn't text is taken whole. The result is THEIRS with what MINE
//! changed put in. A side that changed nothing gives the other side, byte for byte; what both
//! changed differently is a [`OutcomeKind::Conflict`], and nothing of either side is left out
//! without an [`MergeOutcome`] that says so. No marker ever gets into [`Merged::bytes`].

mod answer;
mod compose;
mod env;
mod error;
mod file;
mod folder;
mod marked;
mod outcome;
mod text;
mod unknown;
mod whole;
mod write;

pub use answer::{Answer, Answers};
pub use compose::{Carried, carry, merge_compose};
pub use env::merge_env;
pub use error::Error;
pub use file::{FileKind, merge_file};
pub use folder::{Action, FileMerge, merge_folder};
pub use marked::MarkedVersions;
pub use outcome::{Input, Inputs, MergeOutcome, Merged, OutcomeKind, Side, SourceLine};
pub use text::merge_text;
pub use unknown::{merge_unknown_compose, said_by_mine_alone};
pub use whole::merge_whole;
pub use write::{
    FolderWriter, MarkedFile, MergeWriteError, with_ending, write_marked, write_over, write_to,
};
