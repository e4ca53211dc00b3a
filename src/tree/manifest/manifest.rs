//! The manifest itself: entries in order, written and read in three formats.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read as _, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::entry::ManifestEntry;
use super::packed::{PackedEntries, Packer};
use super::{json, mtree, sums};
use crate::tree::digest::Digest;
use crate::tree::error::Error;
use crate::tree::walk::exclude::Exclude;
use crate::tree::walk::stat::FileId;

/// How much of a manifest is looked at to tell its format, in bytes.
const HEAD: usize = 128 * 1024;

/// How a manifest is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ManifestFormat {
    /// Everything, in a form that `mtree` and `bsdtar` read.
    #[default]
    Mtree,
    /// Digests of regular files only, for `sha256sum -c` in the tree's root.
    Sha256sum,
    /// Everything, as one JSON object.
    Json,
}

/// What is in a tree, path by path, in [`path_order`](super::path_order). A million files
/// take some sixty megabytes.
#[derive(Clone, Default)]
pub struct Manifest {
    packed: PackedEntries,
    files_only: bool,
}

impl PartialEq for Manifest {
    fn eq(&self, other: &Self) -> bool {
        self.files_only == other.files_only && self.entries().eq(other.entries())
    }
}

impl Eq for Manifest {}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries()).finish()
    }
}

impl Manifest {
    /// From entries in any order; of several for the same path, the last counts.
    pub fn new(entries: impl IntoIterator<Item = ManifestEntry>) -> Self {
        let mut packer = Packer::default();
        for entry in entries {
            packer.push(&entry, None);
        }
        Self::packed(packer)
    }

    pub(in crate::tree) fn packed(packer: Packer) -> Self {
        Self {
            packed: packer.finish(),
            files_only: false,
        }
    }

    /// Every entry, the root's first.
    pub fn entries(&self) -> impl Iterator<Item = ManifestEntry> + '_ {
        self.packed.entries()
    }

    /// The entry at `path`, with a number below the length that no other entry has.
    pub(in crate::tree) fn find(&self, path: &[u8]) -> Option<(usize, ManifestEntry)> {
        self.packed.find(path)
    }

    /// The entries whose numbers aren't `left_out`.
    pub(in crate::tree) fn entries_but(
        &self,
        left_out: impl Fn(usize) -> bool,
    ) -> impl Iterator<Item = ManifestEntry> {
        self.packed.entries_but(left_out)
    }

    /// What is left of it without what is excluded; `None` if that is all of it. Of a file
    /// with several names only those count that are left.
    pub(in crate::tree) fn without(&self, exclude: &Exclude) -> Option<Self> {
        if exclude.is_empty() {
            return None;
        }
        let mut packer = Packer::default();
        let mut groups = std::collections::HashMap::new();
        for mut entry in self.entries() {
            if exclude.covers(&entry.path) {
                continue;
            }
            // The packer counts the names of what it takes for an inode.
            let next = groups.len() as u64;
            let group = entry.hard_link.take();
            let group = group.map(|first| *groups.entry(first).or_insert(next));
            let file = |inode| FileId { device: 0, inode };
            packer.push(&entry, group.map(file));
        }
        Some(Self {
            packed: packer.finish(),
            files_only: self.files_only,
        })
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.packed.len()
    }

    /// True if not even the root is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if it tells of regular files only, as one in the sha256sum format does.
    pub fn is_files_only(&self) -> bool {
        self.files_only
    }

    /// Writes it; the bytes depend on the entries alone.
    ///
    /// # Errors
    ///
    /// If `out` can't be written to.
    pub fn write(&self, format: ManifestFormat, out: &mut dyn Write) -> io::Result<()> {
        match format {
            ManifestFormat::Mtree => {
                mtree::write_header(out)?;
                self.entries()
                    .try_for_each(|entry| mtree::write(&entry, out))
            }
            ManifestFormat::Sha256sum => self
                .entries()
                .try_for_each(|entry| sums::write(&entry, out)),
            ManifestFormat::Json => json::write(self.entries(), out),
        }
    }

    /// Reads a manifest in whichever of the three formats it is; `path` is for messages.
    ///
    /// # Errors
    /// [`Error::Manifest`] with the line that can't be understood.
    pub fn read(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        Self::read_from(path, bytes)
    }

    /// Reads the manifest in the file at `path`, piece by piece.
    ///
    /// # Errors
    /// [`Error::Manifest`] with the line that can't be understood; [`Error::Read`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|error| Error::read(path, error))?;
        Self::read_from(path, BufReader::with_capacity(HEAD, file))
    }

    fn read_from(path: &Path, mut reader: impl BufRead) -> Result<Self, Error> {
        let fail = |bad: ManifestProblem| bad.at(path);
        let head = head(&mut reader).map_err(|error| Error::read(path, error))?;
        let format = format_of(&head);
        let reader = Cursor::new(head).chain(reader);
        match format {
            ManifestFormat::Json => json::read(reader).map(Self::packed).map_err(fail),
            ManifestFormat::Mtree => read_mtree(reader).map(Self::packed).map_err(fail),
            ManifestFormat::Sha256sum => {
                let mut manifest = read_sums(reader).map(Self::packed).map_err(fail)?;
                manifest.files_only = true;
                Ok(manifest)
            }
        }
    }

    /// The SHA-256 of the mtree form, in hexadecimal: equal for equal trees.
    pub fn digest(&self) -> String {
        let mut sum = Summing(Sha256::new());
        match self.write(ManifestFormat::Mtree, &mut sum) {
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

/// Why a manifest can't be read.
#[derive(Debug)]
pub(super) enum ManifestProblem {
    Io(io::Error),
    /// A line, counted from 1, and what is wrong with it.
    Line(usize, String),
}

impl ManifestProblem {
    fn at(self, path: &Path) -> Error {
        match self {
            Self::Io(error) => Error::read(path, error),
            Self::Line(line, message) => Error::Manifest {
                path: path.to_owned(),
                line,
                message,
            },
        }
    }
}

/// The first line that isn't blank and what stands before it, or [`HEAD`] bytes.
fn head(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while head.len() < HEAD && (head.trim_ascii().is_empty() || !head.ends_with(b"\n")) {
        let left = (HEAD - head.len()) as u64;
        if reader.by_ref().take(left).read_until(b'\n', &mut head)? == 0 {
            break;
        }
    }
    Ok(head)
}

/// The first line of a sha256sum file is a digest and a name; of an mtree file, never.
fn format_of(head: &[u8]) -> ManifestFormat {
    let start = head.trim_ascii_start();
    let line = start.split(|&byte| byte == b'\n').next().unwrap_or(start);
    if start.starts_with(b"{") {
        ManifestFormat::Json
    } else if sums::read(line).is_ok() {
        ManifestFormat::Sha256sum
    } else {
        ManifestFormat::Mtree
    }
}

fn read_sums(reader: impl BufRead) -> Result<Packer, ManifestProblem> {
    let mut packer = Packer::default();
    each_line(reader, |number, line| {
        if !line.is_empty() {
            let entry =
                sums::read(line).map_err(|message| ManifestProblem::Line(number, message))?;
            packer.push(&entry, None);
        }
        Ok(())
    })?;
    Ok(packer)
}

fn read_mtree(reader: impl BufRead) -> Result<Packer, ManifestProblem> {
    let mut mtree = mtree::MtreeReader::default();
    let mut joined = Vec::new();
    each_line(reader, |number, line| {
        // A backslash at the end continues the line; `vis` never leaves one there.
        if let Some(begun) = line.strip_suffix(b"\\") {
            joined.extend_from_slice(begun);
            return Ok(());
        }
        joined.extend_from_slice(line);
        let read = mtree.line(&joined);
        joined.clear();
        read.map_err(|message| ManifestProblem::Line(number, message))
    })?;
    Ok(mtree.finish())
}

/// Hands over every line, without its end, with its number counted from 1.
fn each_line(
    mut reader: impl BufRead,
    mut take: impl FnMut(usize, &[u8]) -> Result<(), ManifestProblem>,
) -> Result<(), ManifestProblem> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if reader
            .read_until(b'\n', &mut line)
            .map_err(ManifestProblem::Io)?
            == 0
        {
            break;
        }
        take(number, line.strip_suffix(b"\n").unwrap_or(&line))?;
    }
    Ok(())
}
