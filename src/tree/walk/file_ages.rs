//! When the files of a tree were made, and last changed: told by looking, without opening one.

use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags};

use super::fence::Fence;
use super::stat::Stat;
use super::survey::{SurveyOptions, survey_held};
use crate::tree::error::Error;

/// A regular file, as far as what becomes of it next can be told. Times are in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileAge {
    /// Bytes of content.
    pub size: u64,
    /// When it was last changed: the kernel alone sets that, and a copy has its own.
    pub changed: i64,
    /// When it was made; nothing where the filesystem doesn't say.
    pub born: Option<i64>,
}

/// Gives each regular file of the tree at `root` to `each`, one of several names as often.
///
/// # Errors
/// [`Error::Read`].
pub fn file_ages(root: &Path, each: &mut (dyn FnMut(FileAge) + Send)) -> Result<(), Error> {
    each_file(root, &mut |stat| {
        each(FileAge {
            size: stat.size,
            changed: stat.changed.tv_sec,
            born: stat.born,
        });
    })
}

/// The same, with all that is known of each.
pub(in crate::tree) fn each_file(
    root: &Path,
    each: &mut (dyn FnMut(&Stat) + Send),
) -> Result<(), Error> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let held =
        rustix::fs::open(root, flags, Mode::empty()).map_err(|error| Error::read(root, error))?;
    let mut listed = |_: Vec<u8>, stat: &Stat| {
        if stat.kind == FileType::RegularFile {
            each(stat);
        }
    };
    let (options, fence) = (SurveyOptions::default(), Fence::default());
    survey_held(&held, root, &options, &fence, &mut listed).map(|_| ())
}
