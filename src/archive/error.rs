//! What is wrong with an archive.

use std::io;

use thiserror::Error;

/// Why an archive can't be read on.
#[derive(Debug, Error)]
pub enum ArchiveFault {
    /// The bytes are no archive, or it was cut, or the file can't be read.
    #[error(transparent)]
    Damaged(#[from] io::Error),
    /// A member that has no one meaning.
    #[error("`{}`, {reason}", name.escape_ascii())]
    Member {
        /// The member's name as the archive has it, as far as it is known.
        name: Vec<u8>,
        /// What is wrong with the member, as the end of a sentence.
        reason: &'static str,
    },
}

/// An archive that isn't one.
pub(super) fn damaged(what: &'static str) -> ArchiveFault {
    io::Error::new(io::ErrorKind::InvalidData, what).into()
}
