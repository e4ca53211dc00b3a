//! The stream, version 1: 8 bytes [`MAGIC`], the version as 4 bytes, then records: a byte that
//! says which, 4 bytes of length, and that many bytes. Numbers are little-endian; bytes of
//! any sort have their length before them, as 4 bytes.
//!
//! Records come in the order of a walk. `Folder` enters a folder of the current one, `Leave`
//! gives the current one its attributes and goes back; the first folder, the root, is entered
//! at the start. `File` is followed by its `Data` and ends with `FileEnd`; `Again` in between
//! takes back its data, since the file changed. `Kept` is what the receiver has already. Files
//! with several names have a number: the first name brings it, `Link` refers to it. `End` comes
//! after the root was left: with the count of all records before it, and a SHA-256 of them but
//! for the contents of `Data`, which `FileEnd` has one of.

use std::io::{self, Read, Write};

use rustix::fs::{FileType, IFlags, Timespec};

use crate::error::Kind;
use crate::tree::digest::{Digest, Sum};
use crate::tree::error::{Error, Lost};
use crate::tree::stat::{Stat, Xattrs};

/// What a stream begins with. As in PNG, a transfer that changes line ends breaks it.
const MAGIC: &[u8; 8] = b"TRSHIP\r\n";
const VERSION: u32 = 1;

/// The most that one `Data` record has, in bytes.
pub(super) const PIECE: usize = 256 * 1024;
/// The longest record: a piece, or a name with a few attributes of 64 KiB.
const LONGEST: usize = 4 << 20;

/// Attributes of anything.
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
pub(super) enum Record {
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
const LOST: [Lost; 2] = [Lost::MountPoint, Lost::Stillness];
const FAILED: [Kind; 4] = [Kind::Usage, Kind::Refused, Kind::Failed, Kind::Interrupted];

fn position<T: PartialEq>(all: &[T], one: &T) -> u8 {
    let found = all.iter().position(|each| each == one);
    found.and_then(|n| u8::try_from(n).ok()).unwrap_or(0)
}

/// Bytes of a record in the making.
#[derive(Default)]
struct Put(Vec<u8>);

impl Put {
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

impl Record {
    /// Its byte, and its own bytes.
    fn encode(&self) -> (u8, Vec<u8>) {
        let mut put = Put::default();
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

    fn decode(tag: u8, bytes: &[u8]) -> Option<Self> {
        let mut take = Take(bytes);
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

/// What is left of a record.
struct Take<'a>(&'a [u8]);

impl Take<'_> {
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

/// Writes a stream.
pub(super) struct Out<'a> {
    out: &'a mut dyn Write,
    sum: Sum,
    records: u64,
}

impl<'a> Out<'a> {
    /// Begins one.
    pub(super) fn begin(out: &'a mut dyn Write) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        out.write_all(&VERSION.to_le_bytes())?;
        Ok(Self {
            out,
            sum: Sum::default(),
            records: 0,
        })
    }

    pub(super) fn put(&mut self, record: &Record) -> io::Result<()> {
        let (tag, bytes) = record.encode();
        if bytes.len() > LONGEST {
            return Err(io::Error::other("more attributes than a stream takes"));
        }
        let mut head = [tag, 0, 0, 0, 0];
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        head[1..].copy_from_slice(&length.to_le_bytes());
        count(&mut self.sum, head, &bytes);
        self.records += 1;
        self.out.write_all(&head)?;
        self.out.write_all(&bytes)
    }

    /// Ends it.
    pub(super) fn end(mut self) -> io::Result<()> {
        let end = Record::End {
            records: self.records,
            digest: self.sum.clone().finish(),
        };
        self.put(&end)?;
        self.out.flush()
    }
}

/// A file's own digest covers its contents.
fn count(sum: &mut Sum, head: [u8; 5], bytes: &[u8]) {
    sum.bytes(&head);
    sum.bytes(if head[0] == b'B' {
        &bytes[..bytes.len().min(12)]
    } else {
        bytes
    });
}

/// Reads a stream.
pub(super) struct In<'a> {
    input: &'a mut dyn Read,
    sum: Sum,
    records: u64,
}

impl<'a> In<'a> {
    /// Begins with one.
    pub(super) fn begin(input: &'a mut dyn Read) -> Result<Self, Error> {
        let mut head = [0; 12];
        input.read_exact(&mut head).map_err(cut)?;
        if head[..8] != *MAGIC {
            return Err(broken("not a stream of transship's"));
        }
        if head[8..] != VERSION.to_le_bytes() {
            return Err(broken("of another version"));
        }
        Ok(Self {
            input,
            sum: Sum::default(),
            records: 0,
        })
    }

    /// The next record; an `End` is checked.
    pub(super) fn next(&mut self) -> Result<Record, Error> {
        let mut head = [0; 5];
        self.input.read_exact(&mut head).map_err(cut)?;
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > LONGEST {
            return Err(broken("a record without an end"));
        }
        let mut bytes = vec![0; length];
        self.input.read_exact(&mut bytes).map_err(cut)?;
        let record = Record::decode(head[0], &bytes).ok_or_else(|| broken("a broken record"))?;
        if let Record::End { records, digest } = &record {
            let right = *records == self.records && *digest == self.sum.clone().finish();
            return right
                .then_some(record)
                .ok_or_else(|| broken("damaged on the way"));
        }
        count(&mut self.sum, head, &bytes);
        self.records += 1;
        Ok(record)
    }
}

fn cut(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => broken("cut off before its end"),
        _ => Error::read("the stream", error),
    }
}

/// The error for a stream that can't be trusted.
pub(super) fn broken(what: &'static str) -> Error {
    Error::Stream { what }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn meta() -> Meta {
        Meta {
            mode: 0o4755,
            uid: 1,
            gid: u32::MAX,
            accessed: (-1, 999_999_999),
            modified: (i64::MAX, 0),
            flags: 0x10,
            xattrs: vec![(b"user.x".to_vec(), vec![0, 255])],
        }
    }

    fn all() -> Vec<Record> {
        let (name, meta, digest) = (b"\xff x".to_vec(), meta(), Digest::of(b"x"));
        vec![
            Record::Folder { name: name.clone() },
            Record::File {
                name: name.clone(),
                size: 7,
                sparse: true,
                flags: 1,
                link: 2,
            },
            Record::Data {
                offset: 3,
                bytes: b"data".to_vec(),
            },
            Record::Again { size: 9 },
            Record::FileEnd {
                size: 7,
                digest,
                meta: meta.clone(),
            },
            Record::Kept {
                name: name.clone(),
                link: 0,
                meta: meta.clone(),
            },
            Record::Symlink {
                name: name.clone(),
                target: b"../..".to_vec(),
                link: 0,
                meta: meta.clone(),
            },
            Record::Node {
                name: name.clone(),
                kind: FileType::Socket,
                device: (1, 2),
                link: 0,
                meta: meta.clone(),
            },
            Record::Link { name, link: 2 },
            Record::Lost {
                path: b"a/b".to_vec(),
                lost: Lost::MountPoint,
                reason: b"x".to_vec(),
            },
            Record::Failed {
                kind: Kind::Interrupted,
                message: b"y".to_vec(),
            },
            Record::Leave { meta },
        ]
    }

    fn stream() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut out = Out::begin(&mut bytes).unwrap();
        for record in &all() {
            out.put(record).unwrap();
        }
        out.end().unwrap();
        bytes
    }

    fn read(mut bytes: &[u8]) -> Result<Vec<Record>, Error> {
        let mut stream = In::begin(&mut bytes)?;
        let mut records = Vec::new();
        loop {
            match stream.next()? {
                Record::End { .. } => return Ok(records),
                record => records.push(record),
            }
        }
    }

    #[test]
    fn every_record_comes_through() {
        assert_eq!(read(&stream()).unwrap(), all());
    }

    #[test]
    fn a_stream_that_is_cut_anywhere_has_no_end() {
        let whole = stream();
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_name_is_one_component_and_leads_nowhere() {
        for name in [&b""[..], b".", b"..", b"a/b", b"/", b"a\0b", &[b'x'; 256]] {
            let mut bytes = Vec::new();
            let mut out = Out::begin(&mut bytes).unwrap();
            let record = Record::Folder {
                name: name.to_vec(),
            };
            out.put(&record).unwrap();
            out.end().unwrap();
            assert!(read(&bytes).is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_noticed_but_in_contents(at in 0_usize..600, to in any::<u8>()) {
            let mut bytes = stream();
            let at = at % bytes.len();
            let data = b"data";
            let contents = bytes.windows(4).position(|window| window == data).unwrap();
            let changed = bytes[at] != to && !(contents..contents + 4).contains(&at);
            bytes[at] = to;
            prop_assert_eq!(read(&bytes).is_err(), changed);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut whole = stream()[..12].to_vec();
            whole.extend(bytes);
            let _ = read(&whole);
        }
    }
}
