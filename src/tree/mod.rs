//! Trees: directories with all that is in them, copied, listed and verified.
//!
//! The root of a tree is an operator's path; what is below it may belong to anyone, a
//! container at work among them. So everything below is reached from a held descriptor,
//! one name at a time, following no symlink; what isn't a regular file is never opened; and
//! names are escaped wherever a person may see them. Nothing here changes a file itself:
//! that goes through [`crate::fs::Disk`].
//!
//! Begin at [`copy`](fn@copy), [`manifest`](fn@manifest) and [`verify`](fn@verify). All three
//! are a visitor on the same walk (`walk`), whose smallest is in `survey`.

mod copy;
mod digest;
mod error;
mod manifest;
mod reading;
mod stream;
mod target;
mod verify;
mod walk;

pub use copy::{
    Copied, CopyOptions, Foretold, MAX_PROBLEMS, Removals, Updated, check_removals, check_update,
    copy, fill, foretell, foretell_between, foretell_copy, update,
};
pub use digest::{Digest, file_digest};
pub use error::{Cause, Error, FailedFile, Lost, Problem, Suspicion};
pub use manifest::{
    EntryKind, InodeFlags, Manifest, ManifestEntry, ManifestFormat, Time, Xattr, path_order,
};
pub use stream::{Receiving, send};
pub use target::in_place::{Holds, clear, holds};
pub use target::remove::remove;
pub use target::sweep::{sweep, sweep_above};
pub use target::temporary_tree::{TemporaryTree, is_replaceable};
pub use verify::difference::{Difference, DifferenceKind, VerifyOptions, VerifyScope};
pub use verify::known_files::{KnownFiles, KnownPair, Writers};
pub use verify::scanner::{Inventory, inventory, manifest, manifest_of};
pub use verify::unseen::{Unseen, UnseenKind};
pub use verify::verify::{Against, Verified, compare, verify, verify_and_count};
pub use walk::beneath::read_beneath;
pub use walk::escaped::Escaped;
pub use walk::exclude::Exclude;
pub use walk::file_ages::{FileAge, file_ages};
pub(crate) use walk::stat;
pub use walk::survey::{Capacity, Survey, SurveyOptions, capacity, free, survey, survey_of};
