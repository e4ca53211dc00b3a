//! Folders that source and target both have.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use super::build::HeldPath;
use super::leaf::open_chain;
use crate::tree::error::Error;
use crate::tree::walk::dir_chain::DirChain;
use crate::tree::walk::escaped::join_path;

/// The roots of both trees, held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Roots<'a> {
    pub source: HeldPath<'a>,
    pub target: HeldPath<'a>,
}

/// A folder of that path on either side, open.
pub(super) struct FolderPair {
    pub source: OwnedFd,
    pub target: OwnedFd,
    pub place: Arc<DirChain>,
}

impl Roots<'_> {
    /// Opens a folder that both sides have.
    ///
    /// # Errors
    /// [`Error::Read`] for the source's, [`Error::Write`] for the target's.
    pub(super) fn open(&self, place: Arc<DirChain>) -> Result<FolderPair, Error> {
        let open = |root: BorrowedFd<'_>| open_chain(root, &place);
        Ok(FolderPair {
            source: open(self.source.fd.as_fd())
                .map_err(|error| self.unreadable(&place.path(), error))?,
            target: open(self.target.fd.as_fd())
                .map_err(|error| self.unwritable(&place.path(), error))?,
            place,
        })
    }

    /// The error for something of the source.
    pub(super) fn unreadable(&self, path: &[u8], error: io::Error) -> Error {
        Error::read(join_path(self.source.path, path), error)
    }

    /// The error for something of the target.
    pub(super) fn unwritable(&self, path: &[u8], error: io::Error) -> Error {
        Error::write(join_path(self.target.path, path), error)
    }
}
