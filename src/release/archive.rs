//! A vendor's tarball, read twice: first every member is held against the policy, then,
//! and only if all passed, the archive is extracted. A bad member is never skipped: the
//! whole archive is refused.
//!
//! [`TarReader`] says what is in it, and refuses what has no one meaning. Compression is told by the first bytes, never by the name.

mod member;
mod policy;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};

pub use member::{Limits, Summary};
use member::{Member, MemberKind};
use policy::Policy;
pub(super) use policy::{LEADS_OUT, MemberLinks};

use super::error::VendorReleaseError;
use super::shipped_files::LargeFiles;
use crate::archive::{ArchiveFault, Bounded, Packed, TarReader};
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
    /// The paths of the regular files, below `top`.
    pub files: Vec<PathBuf>,
}

/// Reads the whole archive and holds every member against the policy.
pub(super) fn scan(
    path: &Path,
    limits: Limits,
    progress: &dyn Progress,
) -> Result<ArchiveScan, VendorReleaseError> {
    let size = path.metadata().map_or(0, |metadata| metadata.len());
    let mut policy = Policy {
        limits: Limits {
            bytes: limits.bytes.min(Packed::most(size)),
            ..limits
        },
        members: BTreeMap::new(),
        summary: Summary::default(),
        names: 0,
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
    let files = policy
        .members
        .iter()
        .filter(|(_, kind)| matches!(kind, MemberKind::File | MemberKind::HardLink(_)));
    let above = top.as_deref().unwrap_or_default();
    let files = files.filter_map(|(path, _)| path.strip_prefix(above).ok());
    let files = files.map(Path::to_owned).collect();
    Ok(ArchiveScan {
        sha256,
        top,
        summary: policy.summary,
        files,
    })
}

/// Extracts into `target`, an empty folder that only the caller can enter, what is not
/// larger than `largest`, without the path component `top`. Gives the SHA-256 of the
/// archive as it was read now, and what was too large.
pub(super) fn extract(
    disk: &Disk,
    path: &Path,
    top: Option<&OsStr>,
    largest: u64,
    target: &Path,
    progress: &dyn Progress,
) -> Result<(String, LargeFiles), VendorReleaseError> {
    let mut folders = BTreeMap::new();
    let mut left_out = BTreeMap::new();
    let mut large = LargeFiles {
        files: Vec::new(),
        complete: true,
    };
    let sha256 = read(path, progress, |member, content| {
        let Ok(name) = member.path.strip_prefix(top.unwrap_or_default()) else {
            // A document beside the release's folder.
            return Ok(());
        };
        let too_large = match &member.kind {
            MemberKind::File if member.size > largest => {
                let damaged = |source| match progress.interrupted() {
                    true => VendorReleaseError::Interrupted,
                    false => VendorReleaseError::Damaged {
                        path: path.into(),
                        source,
                    },
                };
                Some((member.size, digest_of(content).map_err(damaged)?))
            }
            MemberKind::HardLink(original) => left_out.get(original).cloned(),
            MemberKind::File | MemberKind::Folder | MemberKind::Symlink(_) => None,
        };
        if let Some((size, sha256)) = too_large {
            left_out.insert(member.path.clone(), (size, sha256.clone()));
            large.add(name.to_owned(), size, sha256);
            return Ok(());
        }
        if name.as_os_str().is_empty() {
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
    Ok((sha256, large))
}

/// SHA-256, in hex, of what is left to be read.
fn digest_of(content: &mut dyn Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match content.read(&mut buffer)? {
            0 => break,
            length => hash.update(&buffer[..length]),
        }
    }
    Ok(crate::tree::Digest(hash.finalize().into()).to_string())
}

/// Folders with the mode and time that they get, where the archive says.
type Folders = BTreeMap<PathBuf, Option<(u32, (i64, u32))>>;

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
    let fault = |fault| match fault {
        ArchiveFault::Damaged(source) => damaged(source),
        ArchiveFault::Member { name, reason } => VendorReleaseError::Member {
            archive: path.into(),
            member: name,
            reason,
        },
    };
    let packed = Packed::default();
    let raw = Hashing {
        inner: File::open(path).map_err(io)?,
        hash: Sha256::new(),
        packed: packed.clone(),
        progress,
    };
    let decoder = Decoder::new(BufReader::with_capacity(1 << 18, raw))
        .map_err(damaged)?
        .map_err(|name| VendorReleaseError::Compression {
            path: path.into(),
            name,
        })?;
    let mut archive = TarReader::new(Bounded::new(decoder, packed));
    while let Some(member) = archive.next_member().map_err(fault)? {
        let member = Member::of(&member).map_err(|reason| VendorReleaseError::Member {
            archive: path.into(),
            member: member.name,
            reason,
        })?;
        let mut head = Vec::new();
        if is_appledouble(&member, &mut archive, &mut head).map_err(damaged)? {
            continue;
        }
        each(&member, &mut head.as_slice().chain(&mut archive))?;
    }
    let decoder = archive.into_inner().into_inner();
    decoder.finish().map_err(damaged)
}

/// What a Mac puts into an archive beside each file, for attributes of its own: no part of a release.
/// What was read of the content to find out is put into `head`.
fn is_appledouble(member: &Member, content: &mut dyn Read, head: &mut Vec<u8>) -> io::Result<bool> {
    const MAGIC: [u8; 4] = [0, 5, 22, 7];
    let name = member.path.file_name().unwrap_or_default();
    if member.kind != MemberKind::File || !name.as_bytes().starts_with(b"._") {
        return Ok(false);
    }
    content.take(MAGIC.len() as u64).read_to_end(head)?;
    Ok(*head == MAGIC)
}

/// Digests the archive's own bytes while they pass, and reports progress in them.
struct Hashing<'a> {
    inner: File,
    hash: Sha256,
    packed: Packed,
    progress: &'a dyn Progress,
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.progress.interrupted() {
            return Err(interrupted());
        }
        let length = self.inner.read(buffer)?;
        self.hash.update(&buffer[..length]);
        self.packed.advance(length as u64);
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
