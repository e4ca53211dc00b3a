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

mod beneath;
mod check;
mod collect;
mod contents;
mod copy;
mod destination;
mod digest;
mod error;
mod exact;
mod exclude;
mod in_place;
mod jobs;
mod manifest;
mod name;
mod reading;
mod remove;
mod scan;
mod stat;
mod stream;
mod survey;
mod verify;
mod walk;

pub use beneath::read_beneath;
pub use copy::{Copied, CopyOptions, MAX_PROBLEMS, Updated, copy, fill, update};
pub use digest::{Digest, file_digest};
pub use error::{Cause, Error, Failure, Lost, Problem};
pub use exclude::Exclude;
pub use in_place::{Holds, clear, holds};
pub use manifest::{Entry, EntryKind, Format, Manifest, Time, Xattr, path_order};
pub use name::Escaped;
pub use remove::remove;
pub use scan::{manifest, manifest_of};
pub use stream::{Receiving, send};
pub use survey::{Survey, free, survey};
pub use verify::{
    Against, Difference, DifferenceKind, Scope, Verified, VerifyOptions, compare, observe, verify,
    verify_and_count,
};
