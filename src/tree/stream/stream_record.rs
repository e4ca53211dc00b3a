//! Records of a stream, as bytes and back.

use rustix::fs::{FileType, IFlags, Timespec};

use crate::error::Kind;
use crate::tree::digest::Digest;
use crate::tree::error::Lost;
use crate::tree::walk::stat::{Stat, Xattrs};

/// The attributes of one file, as the stream has them: times in seconds and nanoseconds since
/// 1970, flags as `chattr`'s bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meta {
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub accessed: (i64, u32),
    pub modified: (i64, u32),
    pub flags: u32,
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Meta {
    pub(super) fn of(stat: &Stat, xattrs: &Xattrs, flags: IFlags) -> Self {
        let time = |t: Timespec| (t.tv_sec, u32::try_from(t.tv_nsec).unwrap_or(0));
        let xattrs = xattrs.iter();
        Self {
            mode: stat.mode,
            uid: stat.uid,
            gid: stat.gid,
            accessed: time(stat.accessed),
            modified: time(stat.modified),
            flags: flags.bits(),
            xattrs: xattrs
                .map(|(name, value)| (name.to_bytes().to_vec(), value.clone()))
                .collect(),
        }
    }
}

/// One record. `link` is 0 where there is only one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StreamRecord {
    Folder {
        name: Vec<u8>,
    },
    Leave {
        meta: Meta,
    },
    File {
        name: Vec<u8>,
        size: u64,
        sparse: bool,
        flags: u32,
        link: u64,
    },
    Data {
        offset: u64,
        bytes: Vec<u8>,
    },
    Again {
        size: u64,
    },
    FileEnd {
        size: u64,
        digest: Digest,
        meta: Meta,
    },
    Kept {
        name: Vec<u8>,
        link: u64,
        meta: Meta,
    },
    Symlink {
        name: Vec<u8>,
        target: Vec<u8>,
        link: u64,
        meta: Meta,
    },
    Node {
        name: Vec<u8>,
        kind: FileType,
        device: (u32, u32),
        link: u64,
        meta: Meta,
    },
    Link {
        name: Vec<u8>,
        link: u64,
    },
    /// Something that the sender couldn't read in full.
    Lost {
        path: Vec<u8>,
        lost: Lost,
        reason: Vec<u8>,
    },
    /// The sender gave up.
    Failed {
        kind: Kind,
        message: Vec<u8>,
    },
    End {
        records: u64,
        digest: Digest,
    },
}

const KINDS: [FileType; 4] = [
    FileType::Fifo,
    FileType::Socket,
    FileType::CharacterDevice,
    FileType::BlockDevice,
];
const LOST: [Lost; 3] = [Lost::MountPoint, Lost::ChangedDuringCopy, Lost::Xattr];
const FAILED: [Kind; 4] = [Kind::Usage, Kind::Refused, Kind::Failed, Kind::Interrupted];

fn position<T: PartialEq>(all: &[T], one: &T) -> u8 {
    let found = all.iter().position(|each| each == one);
    found.and_then(|n| u8::try_from(n).ok()).unwrap_or(0)
}

/// Bytes of a record in the making.
#[derive(Default)]
struct RecordWriter(Vec<u8>);

impl RecordWriter {
    fn byte(&mut self, byte: u8) -> &mut Self {
        self.0.push(byte);
        self
    }

    fn u32(&mut self, number: u32) -> &mut Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn u64(&mut self, number: u64) -> &mut Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        // Longer ones are refused when the record is written.
        self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.0.extend(bytes);
        self
    }

    fn time(&mut self, (seconds, nanoseconds): (i64, u32)) -> &mut Self {
        self.0.extend(seconds.to_le_bytes());
        self.u32(nanoseconds)
    }

    fn meta(&mut self, meta: &Meta) -> &mut Self {
        self.u32(meta.mode).u32(meta.uid).u32(meta.gid);
        self.time(meta.accessed).time(meta.modified).u32(meta.flags);
        self.u32(u32::try_from(meta.xattrs.len()).unwrap_or(u32::MAX));
        for (name, value) in &meta.xattrs {
            self.bytes(name).bytes(value);
        }
        self
    }
}

impl StreamRecord {
    /// The byte that says which record it is, and the bytes that follow its length.
    pub(super) fn encode(&self) -> (u8, Vec<u8>) {
        let mut put = RecordWriter::default();
        let tag = match self {
            Self::Folder { name } => {
                put.bytes(name);
                b'D'
            }
            Self::Leave { meta } => {
                put.meta(meta);
                b'U'
            }
            Self::File {
                name,
                size,
                sparse,
                flags,
                link,
            } => {
                put.bytes(name).u64(*size).byte(u8::from(*sparse));
                put.u32(*flags).u64(*link);
                b'F'
            }
            Self::Data { offset, bytes } => {
                put.u64(*offset).bytes(bytes);
                b'B'
            }
            Self::Again { size } => {
                put.u64(*size);
                b'A'
            }
            Self::FileEnd { size, digest, meta } => {
                put.u64(*size).bytes(&digest.0).meta(meta);
                b'E'
            }
            Self::Kept { name, link, meta } => {
                put.bytes(name).u64(*link).meta(meta);
                b'K'
            }
            Self::Symlink {
                name,
                target,
                link,
                meta,
            } => {
                put.bytes(name).bytes(target).u64(*link).meta(meta);
                b'S'
            }
            Self::Node {
                name,
                kind,
                device,
                link,
                meta,
            } => {
                put.bytes(name).byte(position(&KINDS, kind));
                put.u32(device.0).u32(device.1).u64(*link).meta(meta);
                b'N'
            }
            Self::Link { name, link } => {
                put.bytes(name).u64(*link);
                b'L'
            }
            Self::Lost { path, lost, reason } => {
                put.bytes(path).byte(position(&LOST, lost)).bytes(reason);
                b'P'
            }
            Self::Failed { kind, message } => {
                put.byte(position(&FAILED, kind)).bytes(message);
                b'X'
            }
            Self::End { records, digest } => {
                put.u64(*records).bytes(&digest.0);
                b'Z'
            }
        };
        (tag, put.0)
    }

    pub(super) fn decode(tag: u8, bytes: &[u8]) -> Option<Self> {
        let mut take = RecordReader(bytes);
        let record = match tag {
            b'D' => Self::Folder { name: take.name()? },
            b'U' => Self::Leave { meta: take.meta()? },
            b'F' => Self::File {
                name: take.name()?,
                size: take.size()?,
                sparse: take.byte()? != 0,
                flags: take.u32()?,
                link: take.u64()?,
            },
            b'B' => Self::Data {
                offset: take.size()?,
                bytes: take.bytes()?,
            },
            b'A' => Self::Again { size: take.size()? },
            b'E' => Self::FileEnd {
                size: take.size()?,
                digest: take.digest()?,
                meta: take.meta()?,
            },
            b'K' => Self::Kept {
                name: take.name()?,
                link: take.u64()?,
                meta: take.meta()?,
            },
            b'S' => Self::Symlink {
                name: take.name()?,
                target: take.bytes()?,
                link: take.u64()?,
                meta: take.meta()?,
            },
            b'N' => Self::Node {
                name: take.name()?,
                kind: *KINDS.get(usize::from(take.byte()?))?,
                device: (take.u32()?, take.u32()?),
                link: take.u64()?,
                meta: take.meta()?,
            },
            b'L' => Self::Link {
                name: take.name()?,
                link: take.u64()?,
            },
            b'P' => Self::Lost {
                path: take.bytes()?,
                lost: *LOST.get(usize::from(take.byte()?))?,
                reason: take.bytes()?,
            },
            b'X' => Self::Failed {
                kind: *FAILED.get(usize::from(take.byte()?))?,
                message: take.bytes()?,
            },
            b'Z' => Self::End {
                records: take.u64()?,
                digest: take.digest()?,
            },
            _ => return None,
        };
        take.0.is_empty().then_some(record)
    }
}

/// The bytes of a record that weren't decoded yet.
struct RecordReader<'a>(&'a [u8]);

impl RecordReader<'_> {
    fn some(&mut self, length: usize) -> Option<&[u8]> {
        let (some, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(some)
    }

    fn byte(&mut self) -> Option<u8> {
        self.some(1).map(|bytes| bytes[0])
    }

    fn u32(&mut self) -> Option<u32> {
        self.some(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.some(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    /// A place in a file: never beyond what a file can have.
    fn size(&mut self) -> Option<u64> {
        self.u64().filter(|size| i64::try_from(*size).is_ok())
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.u32()?).ok()?;
        self.some(length).map(<[u8]>::to_vec)
    }

    /// A single component that is neither the folder itself nor the one above.
    fn name(&mut self) -> Option<Vec<u8>> {
        let name = self.bytes()?;
        let fine = !matches!(name.as_slice(), b"" | b"." | b"..")
            && name.len() <= 255
            && !name.iter().any(|byte| matches!(byte, 0 | b'/'));
        fine.then_some(name)
    }

    fn digest(&mut self) -> Option<Digest> {
        self.bytes()?.try_into().ok().map(Digest)
    }

    fn time(&mut self) -> Option<(i64, u32)> {
        let seconds = self.some(8)?.try_into().ok().map(i64::from_le_bytes)?;
        Some((seconds, self.u32()?)).filter(|(_, nanoseconds)| *nanoseconds < 1_000_000_000)
    }

    fn meta(&mut self) -> Option<Meta> {
        let mut meta = Meta {
            mode: self.u32().filter(|mode| *mode <= 0o7777)?,
            uid: self.u32()?,
            gid: self.u32()?,
            accessed: self.time()?,
            modified: self.time()?,
            flags: self.u32()?,
            xattrs: Vec::new(),
        };
        for _ in 0..self.u32()? {
            let name = self.bytes()?;
            let fine = (1..=255).contains(&name.len()) && !name.contains(&0);
            meta.xattrs.push((fine.then_some(name)?, self.bytes()?));
        }
        Some(meta)
    }
}
