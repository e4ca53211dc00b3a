//! The manifest itself: entries in order, written and read in three formats.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read as _, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::entry::{EntryKind, ManifestEntry};
use super::packed::{PackedEntries, Packer};
use super::watched::Watched;
use super::{json, mtree, sums};
use crate::progress::Progress;
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
            if exclude.covers(&entry.path, entry.kind == EntryKind::Directory) {
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

    /// The number of entries, the root's own among them.
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

    /// Writes the manifest in `format`; the bytes depend on the entries alone.
    ///
    /// # Errors
    /// Those of `out`.
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

    /// [`Manifest::load`] of what may be a pipe, until the user wants to stop.
    ///
    /// # Errors
    /// Those of [`Manifest::load`], and [`Error::Interrupted`].
    pub fn load_watched(path: &Path, progress: &dyn Progress) -> Result<Self, Error> {
        let watched = Watched::open(path, progress).map_err(|error| Error::read(path, error))?;
        match Self::read_from(path, BufReader::with_capacity(HEAD, watched)) {
            Err(_) if progress.interrupted() => Err(Error::Interrupted),
            read => read,
        }
    }

    fn read_from(path: &Path, mut reader: impl BufRead) -> Result<Self, Error> {
        let fail = |problem: ManifestProblem| problem.at(path);
        let head = head(&mut reader).map_err(|error| Error::read(path, error))?;
        // Windows begins texts with it.
        let head = match head.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) => rest.to_vec(),
            None => head,
        };
        let form = Form::of(&head);
        let reader = Cursor::new(head).chain(reader);
        match form {
            Form::Json => json::read(reader).map(Self::packed).map_err(fail),
            Form::Mtree => read_mtree(reader).map(Self::packed).map_err(fail),
            Form::Sums(lines) => {
                let read = read_sums(reader, lines);
                let mut manifest = read.map(Self::packed).map_err(fail)?;
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

/// What a file is, going by how it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Mtree,
    Sums(Lines),
}

/// How the lines of a list of sums end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lines {
    end: u8,
    /// As Windows has it, with a carriage return before.
    with_return: bool,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// True for a line that says nothing in any format.
fn is_idle(line: &[u8]) -> bool {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    let line = line.trim_ascii();
    line.is_empty() || line.starts_with(b"#")
}

/// The first [`HEAD`] bytes, or all if there are less.
fn head(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

impl Form {
    /// The first line of a sha256sum file is a digest and a name, of which comments are none; of
    /// an mtree file, never.
    fn of(head: &[u8]) -> Self {
        let mut lines = head.split(|&byte| byte == b'\n');
        let line = lines.find(|line| !is_idle(line)).unwrap_or_default();
        if line.trim_ascii_start().starts_with(b"{") {
            return Self::Json;
        }
        // A name may have the end of a line in it, where lines end otherwise.
        let raw = head.contains(&0);
        let (end, first) = if raw {
            (0, head.split(|&byte| byte == 0).next().unwrap_or(head))
        } else {
            (b'\n', line)
        };
        let with_return = !raw && line.ends_with(b"\r");
        let lines = Lines { end, with_return };
        match sums::read(first.strip_suffix(b"\r").unwrap_or(first), raw) {
            Ok(_) => Self::Sums(lines),
            Err(_) => Self::Mtree,
        }
    }
}

fn read_sums(reader: impl BufRead, lines: Lines) -> Result<Packer, ManifestProblem> {
    let mut packer = Packer::default();
    let raw = lines.end == 0;
    each_line(reader, lines.end, |number, line| {
        let line = match line.strip_suffix(b"\r") {
            Some(rest) if lines.with_return => rest,
            _ => line,
        };
        let idle = if raw { line.is_empty() } else { is_idle(line) };
        if !idle {
            let entry = sums::read(line, raw);
            let entry = entry.map_err(|message| ManifestProblem::Line(number, message))?;
            packer.push(&entry, None);
        }
        Ok(())
    })?;
    Ok(packer)
}

fn read_mtree(reader: impl BufRead) -> Result<Packer, ManifestProblem> {
    let mut mtree = mtree::MtreeReader::default();
    let mut joined = Vec::new();
    each_line(reader, b'\n', |number, line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
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
    end: u8,
    mut take: impl FnMut(usize, &[u8]) -> Result<(), ManifestProblem>,
) -> Result<(), ManifestProblem> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if reader
            .read_until(end, &mut line)
            .map_err(ManifestProblem::Io)?
            == 0
        {
            break;
        }
        let text = line.strip_suffix(&[end]).unwrap_or(&line);
        take(number, text)?;
    }
    Ok(())
}
