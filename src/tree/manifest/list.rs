//! The manifest itself: entries in order, written and read in three formats.

use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::entry::{Entry, path_order};
use super::{json, mtree, sums};
use crate::tree::digest::Digest;
use crate::tree::error::Error;

/// How a manifest is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Everything, in a form that `mtree` and `bsdtar` read.
    #[default]
    Mtree,
    /// Digests of regular files only, for `sha256sum -c` in the tree's root.
    Sha256sum,
    /// Everything, as one JSON object.
    Json,
}

/// What is in a tree, path by path, in [`path_order`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    entries: Vec<Entry>,
    files_only: bool,
}

impl Manifest {
    /// From entries in any order; of several for the same path, the last counts.
    pub fn new(mut entries: Vec<Entry>) -> Self {
        entries.reverse();
        entries.sort_by(|a, b| path_order(&a.path, &b.path));
        entries.dedup_by(|later, earlier| later.path == earlier.path);
        Self {
            entries,
            files_only: false,
        }
    }

    /// Every entry, the root's first.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.entries.iter().cloned()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if not even the root is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// True if it tells of regular files only, as one in the sha256sum format does.
    pub fn is_files_only(&self) -> bool {
        self.files_only
    }

    /// Writes it; the bytes depend on the entries alone.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Mtree => {
                mtree::write_header(out)?;
                self.entries()
                    .try_for_each(|entry| mtree::write(&entry, out))
            }
            Format::Sha256sum => self
                .entries()
                .try_for_each(|entry| sums::write(&entry, out)),
            Format::Json => json::write(self.entries(), out),
        }
    }

    /// Reads a manifest in whichever of the three formats it is; `path` is for messages.
    ///
    /// # Errors
    /// [`Error::Manifest`] with the line that can't be understood.
    pub fn read(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let fail = |(line, message)| Error::Manifest {
            path: path.to_owned(),
            line,
            message,
        };
        let start = bytes.trim_ascii_start();
        if start.starts_with(b"{") {
            return json::read(bytes).map(Self::new).map_err(fail);
        }
        if is_sums(start) {
            let mut manifest = Self::new(read_sums(bytes).map_err(fail)?);
            manifest.files_only = true;
            return Ok(manifest);
        }
        read_mtree(bytes).map(Self::new).map_err(fail)
    }

    /// The SHA-256 of the mtree form, in hexadecimal: equal for equal trees.
    pub fn digest(&self) -> String {
        let mut sum = Summing(Sha256::new());
        match self.write(Format::Mtree, &mut sum) {
            Ok(()) => Digest(sum.0.finalize().into()).to_string(),
            Err(never) => unreachable!("digesting can't fail: {never}"),
        }
    }
}

struct Summing(Sha256);

impl Write for Summing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The first line of a sha256sum file is a digest and a name; of an mtree file, never.
fn is_sums(start: &[u8]) -> bool {
    let line = start.split(|&byte| byte == b'\n').next().unwrap_or(start);
    sums::read(line).is_ok()
}

fn read_sums(bytes: &[u8]) -> Result<Vec<Entry>, (usize, String)> {
    lines(bytes)
        .filter(|(_, line)| !line.is_empty())
        .map(|(n, line)| sums::read(line).map_err(|message| (n, message)))
        .collect()
}

fn read_mtree(bytes: &[u8]) -> Result<Vec<Entry>, (usize, String)> {
    let mut reader = mtree::Reader::default();
    let mut joined = Vec::new();
    for (n, line) in lines(bytes) {
        // A backslash at the end continues the line; `vis` never leaves one there.
        if let Some(begun) = line.strip_suffix(b"\\") {
            joined.extend_from_slice(begun);
            continue;
        }
        joined.extend_from_slice(line);
        reader.line(&joined).map_err(|message| (n, message))?;
        joined.clear();
    }
    Ok(reader.finish())
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    (1..).zip(bytes.split(|&byte| byte == b'\n'))
}
