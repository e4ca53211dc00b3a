//! A vendor's tarball, read twice: first every member is held against the policy, then,
//! and only if all passed, the archive is extracted. A bad member is never skipped: the
//! whole archive is refused.
//!
//! The `tar` crate is used as a parser only; its own unpacking follows symlinks that are
//! swapped in, turns devices into files and skips `..` without a word (tar 0.4.46).
//! Compression is told by the first bytes, never by the name.

mod member;
mod policy;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use tar::{Archive, EntryType};

pub use member::{Limits, Summary};
use member::{Member, MemberKind};
use policy::Policy;
pub(super) use policy::{LEADS_OUT, stays_inside};

use super::error::VendorReleaseError;
use crate::fs::Disk;
use crate::progress::Progress;

/// What the first pass found: the digest, the layout and the amount of an archive.
#[derive(Debug)]
pub(super) struct ArchiveScan {
    /// SHA-256 of the archive file, in hex.
    pub sha256: String,
    /// The single top-level folder that everything is in, when that is so.
    pub top: Option<OsString>,
    pub summary: Summary,
    /// The names of the regular files at the top, or in `top`.
    pub top_files: Vec<OsString>,
}

/// Reads the whole archive and holds every member against the policy.
pub(super) fn scan(
    path: &Path,
    limits: Limits,
    progress: &dyn Progress,
) -> Result<ArchiveScan, VendorReleaseError> {
    let mut policy = Policy {
        limits,
        members: BTreeMap::new(),
        summary: Summary::default(),
    };
    let sha256 = read(path, progress, |member, _| {
        policy
            .admit(member)
            .map_err(|reason| VendorReleaseError::Member {
                archive: path.into(),
                member: member.name.clone(),
                reason,
            })
    })?;
    policy.no_member_below_a_leaf(path)?;
    let top = policy.single_top();
    policy.no_link_out_of_the_release(path, top.as_deref())?;
    let inside = |member: &&PathBuf| {
        member.parent().map(Path::as_os_str) == Some(top.as_deref().unwrap_or_default())
    };
    let files = policy
        .members
        .iter()
        .filter(|(_, kind)| matches!(kind, MemberKind::File | MemberKind::HardLink(_)));
    let top_files = files
        .map(|(path, _)| path)
        .filter(inside)
        .filter_map(|path| path.file_name());
    let top_files = top_files.map(OsStr::to_owned).collect();
    Ok(ArchiveScan {
        sha256,
        top,
        summary: policy.summary,
        top_files,
    })
}

/// Extracts into `target`, an empty folder that only the caller can enter, what is not
/// larger than `largest`, without the path component `top`. Gives the SHA-256 of the
/// archive as it was read now.
pub(super) fn extract(
    disk: &Disk,
    path: &Path,
    top: Option<&OsStr>,
    largest: u64,
    target: &Path,
    progress: &dyn Progress,
) -> Result<String, VendorReleaseError> {
    let mut folders = BTreeMap::new();
    let sha256 = read(path, progress, |member, content| {
        let name = member
            .path
            .strip_prefix(top.unwrap_or_default())
            .unwrap_or(&member.path);
        if name.as_os_str().is_empty() || (member.kind == MemberKind::File && member.size > largest)
        {
            return Ok(());
        }
        let to = target.join(name);
        let io = |source| match progress.interrupted() {
            true => VendorReleaseError::Interrupted,
            false => VendorReleaseError::Io {
                path: to.clone(),
                source,
            },
        };
        make_folders(disk, target, name, &mut folders).map_err(io)?;
        match &member.kind {
            MemberKind::Folder => {
                make_folder(disk, &to).map_err(io)?;
                folders.insert(to.clone(), Some((member.mode, member.modified)));
                return Ok(());
            }
            MemberKind::File => {
                let mut advance = |_| {
                    if progress.interrupted() {
                        Err(interrupted())
                    } else {
                        Ok(())
                    }
                };
                disk.unpack_file(&to, member.mode, content, &mut advance)
                    .map_err(io)?;
            }
            MemberKind::Symlink(aim) => disk.unpack_symlink(&to, aim).map_err(io)?,
            MemberKind::HardLink(original) => {
                let original = target.join(
                    original
                        .strip_prefix(top.unwrap_or_default())
                        .unwrap_or(original),
                );
                return disk.unpack_link(&original, &to).map_err(io);
            }
        }
        disk.set_modified(&to, member.modified).map_err(io)
    })?;
    // Folders last, the deepest first: a 0555 folder could not be filled, and filling
    // moves its time.
    for (folder, wanted) in folders.iter().rev() {
        let io = |source| VendorReleaseError::Io {
            path: folder.clone(),
            source,
        };
        let (mode, modified) =
            wanted.map_or((0o755, None), |(mode, modified)| (mode, Some(modified)));
        let open = File::open(folder).map_err(io)?;
        disk.chmod_unpacked(&open, folder, mode).map_err(io)?;
        modified
            .map_or(Ok(()), |seconds| disk.set_modified(folder, seconds))
            .map_err(io)?;
    }
    Ok(sha256)
}

type Folders = BTreeMap<PathBuf, Option<(u32, i64)>>;

/// Makes the folders above `name` that the archive didn't name.
fn make_folders(disk: &Disk, target: &Path, name: &Path, made: &mut Folders) -> io::Result<()> {
    let above = name
        .parent()
        .into_iter()
        .flat_map(Path::ancestors)
        .filter(|path| !path.as_os_str().is_empty());
    for folder in above.collect::<Vec<_>>().into_iter().rev() {
        let to = target.join(folder);
        if let Entry::Vacant(place) = made.entry(to) {
            make_folder(disk, place.key())?;
            place.insert(None);
        }
    }
    Ok(())
}

fn make_folder(disk: &Disk, path: &Path) -> io::Result<()> {
    match disk.create_dir(path, 0o700) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        other => other,
    }
}

/// Not [`io::ErrorKind::Interrupted`]: readers and writers retry that one for ever.
fn interrupted() -> io::Error {
    io::Error::other("interrupted")
}

/// Calls `each` for every member, reads to the very end (so that a cut or damaged archive
/// is found), and gives the file's SHA-256.
fn read(
    path: &Path,
    progress: &dyn Progress,
    mut each: impl FnMut(&Member, &mut dyn Read) -> Result<(), VendorReleaseError>,
) -> Result<String, VendorReleaseError> {
    let io = |source| VendorReleaseError::Io {
        path: path.into(),
        source,
    };
    let damaged = |source| match progress.interrupted() {
        true => VendorReleaseError::Interrupted,
        false => VendorReleaseError::Damaged {
            path: path.into(),
            source,
        },
    };
    let file = File::open(path).map_err(io)?;
    let raw = Hashing {
        inner: file,
        hash: Sha256::new(),
        progress,
    };
    let mut decoded = Decoder::new(BufReader::with_capacity(1 << 18, raw))
        .map_err(damaged)?
        .map_err(|name| VendorReleaseError::Compression {
            path: path.into(),
            name,
        })?;
    let mut archive = Archive::new(Tail {
        inner: &mut decoded,
        zeros: 0,
    });
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        if matches!(entry.header().entry_type(), EntryType::XGlobalHeader) {
            continue;
        }
        let member = Member::of(&entry).map_err(|reason| VendorReleaseError::Member {
            archive: path.into(),
            member: entry.path_bytes().into_owned(),
            reason,
        })?;
        each(&member, &mut entry)?;
    }
    let mut tail = archive.into_inner();
    io::copy(&mut tail, &mut io::sink()).map_err(damaged)?;
    if tail.zeros < 1024 {
        return Err(damaged(io::ErrorKind::UnexpectedEof.into()));
    }
    decoded.finish().map_err(damaged)
}

/// Digests the archive's own bytes while they pass, and reports progress in them.
struct Hashing<'a> {
    inner: File,
    hash: Sha256,
    progress: &'a dyn Progress,
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.progress.interrupted() {
            return Err(interrupted());
        }
        let length = self.inner.read(buffer)?;
        self.hash.update(&buffer[..length]);
        self.progress.advance(length as u64, 0);
        Ok(length)
    }
}

enum Decoder<'a> {
    Plain(BufReader<Hashing<'a>>),
    Gzip(Box<MultiGzDecoder<BufReader<Hashing<'a>>>>),
}

impl<'a> Decoder<'a> {
    /// The decoder that the first bytes ask for, or the name of a compression that isn't
    /// understood.
    fn new(mut reader: BufReader<Hashing<'a>>) -> io::Result<Result<Self, &'static str>> {
        use io::BufRead as _;
        Ok(match reader.fill_buf()? {
            [0x1f, 0x8b, ..] => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(reader)))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Err("zstd"),
            [0xfd, b'7', b'z', b'X', b'Z', ..] => Err("xz"),
            [b'B', b'Z', b'h', ..] => Err("bzip2"),
            [b'P', b'K', 3, 4, ..] => Err("zip"),
            _ => Ok(Self::Plain(reader)),
        })
    }

    /// Reads what is left of the file and gives its digest.
    fn finish(self) -> io::Result<String> {
        let mut reader = match self {
            Self::Plain(reader) => reader,
            Self::Gzip(decoder) => decoder.into_inner(),
        };
        io::copy(&mut reader, &mut io::sink())?;
        Ok(crate::tree::Digest(reader.into_inner().hash.finalize().into()).to_string())
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
        }
    }
}

/// Counts the zero bytes at the end: an archive ends with 1,024 of them (POSIX pax), and
/// one that was cut at a member's end does not.
struct Tail<R> {
    inner: R,
    zeros: u64,
}

impl<R: Read> Read for Tail<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let trailing = buffer[..length]
            .iter()
            .rev()
            .take_while(|byte| **byte == 0)
            .count();
        self.zeros = if trailing == length { self.zeros } else { 0 } + trailing as u64;
        Ok(length)
    }
}
