//! The entries of a folder, where files may have to be waited for: what isn't in memory is
//! fetched from the medium while other files are worked on.

use std::ffi::{CStr, CString};

use super::exclude::Exclude;
use super::walk::{Batch, Folder, Later, Visit};
use crate::progress::Progress;
use crate::tree::error::Error;

/// How many files are being fetched from the medium at a time, for each thread.
const WINDOW: usize = 48;

/// A visitor that opens files before it reads them. Its tasks are large files, by name.
pub(crate) trait ColdFiles: Visit<Task = CString> {
    /// A file that is open and being fetched.
    type Cold;

    /// The patterns of paths that aren't visited.
    fn exclude(&self) -> &Exclude;

    /// Asked before each entry whether the user wants to stop.
    fn progress(&self) -> &dyn Progress;

    /// Deals with an entry, or leaves it for `later`, which is `None` if that happened already;
    /// a file that the medium has to be waited for is handed back.
    ///
    /// # Errors
    /// Whatever ends the walk.
    fn entry(
        &self,
        folder: &Folder<Self::Counterpart>,
        name: &CStr,
        buffers: &mut Self::Buffers,
        later: Option<&mut Later<CString>>,
    ) -> Result<Option<Self::Cold>, Error>;

    /// Deals with a file that was handed back.
    ///
    /// # Errors
    /// Whatever ends the walk.
    fn fetched(
        &self,
        folder: &Folder<Self::Counterpart>,
        name: &CStr,
        file: Self::Cold,
        buffers: &mut Self::Buffers,
    ) -> Result<(), Error>;
}

/// [`Visit::entries`] of a visitor that has files fetched.
///
/// # Errors
/// Those of the visitor, and [`Error::Interrupted`].
pub(crate) fn visit_entries<V: ColdFiles>(
    visitor: &V,
    folder: &Folder<V::Counterpart>,
    entries: &Batch<'_>,
    buffers: &mut V::Buffers,
    later: &mut Later<CString>,
) -> Result<(), Error> {
    let exclude = visitor.exclude();
    let mut cold = Vec::new();
    for entry in entries.iter() {
        if visitor.progress().interrupted() {
            return Err(Error::Interrupted);
        }
        if exclude.leaves_out(&folder.fd, &folder.place, entry) {
            continue;
        }
        let name = entry.name;
        if let Some(file) = visitor.entry(folder, name, buffers, Some(later))? {
            cold.push((name, file));
        }
        if cold.len() == WINDOW {
            // The first of them have come by now.
            for (name, file) in cold.drain(..) {
                visitor.fetched(folder, name, file, buffers)?;
            }
        }
    }
    for (name, file) in cold {
        visitor.fetched(folder, name, file, buffers)?;
    }
    Ok(())
}
