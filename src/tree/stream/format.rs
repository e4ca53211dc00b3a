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

use super::stream_record::StreamRecord;
use crate::tree::digest::Sum;
use crate::tree::error::Error;

/// What a stream begins with. As in PNG, a transfer that changes line ends breaks it.
const MAGIC: &[u8; 8] = b"TRSHIP\r\n";
const VERSION: u32 = 1;

/// The most that one `Data` record has, in bytes.
pub(super) const PIECE: usize = 256 * 1024;
/// The longest record: a piece, or a name with a few attributes of 64 KiB.
const LONGEST: usize = 4 << 20;

/// Writes a stream.
pub(super) struct StreamWriter<'a> {
    out: &'a mut dyn Write,
    sum: Sum,
    records: u64,
}

impl<'a> StreamWriter<'a> {
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

    pub(super) fn put(&mut self, record: &StreamRecord) -> io::Result<()> {
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
        let end = StreamRecord::End {
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
pub(super) struct StreamReader<'a> {
    input: &'a mut dyn Read,
    sum: Sum,
    records: u64,
}

impl<'a> StreamReader<'a> {
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
    pub(super) fn next(&mut self) -> Result<StreamRecord, Error> {
        let mut head = [0; 5];
        self.input.read_exact(&mut head).map_err(cut)?;
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > LONGEST {
            return Err(broken("a record without an end"));
        }
        let mut bytes = vec![0; length];
        self.input.read_exact(&mut bytes).map_err(cut)?;
        let record =
            StreamRecord::decode(head[0], &bytes).ok_or_else(|| broken("a broken record"))?;
        if let StreamRecord::End { records, digest } = &record {
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
    use rustix::fs::FileType;

    use super::super::stream_record::Meta;
    use super::*;
    use crate::error::Kind;
    use crate::tree::digest::Digest;
    use crate::tree::error::Lost;

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

    fn all() -> Vec<StreamRecord> {
        let (name, meta, digest) = (b"\xff x".to_vec(), meta(), Digest::of(b"x"));
        vec![
            StreamRecord::Folder { name: name.clone() },
            StreamRecord::File {
                name: name.clone(),
                size: 7,
                sparse: true,
                flags: 1,
                link: 2,
            },
            StreamRecord::Data {
                offset: 3,
                bytes: b"data".to_vec(),
            },
            StreamRecord::Again { size: 9 },
            StreamRecord::FileEnd {
                size: 7,
                digest,
                meta: meta.clone(),
            },
            StreamRecord::Kept {
                name: name.clone(),
                link: 0,
                meta: meta.clone(),
            },
            StreamRecord::Symlink {
                name: name.clone(),
                target: b"../..".to_vec(),
                link: 0,
                meta: meta.clone(),
            },
            StreamRecord::Node {
                name: name.clone(),
                kind: FileType::Socket,
                device: (1, 2),
                link: 0,
                meta: meta.clone(),
            },
            StreamRecord::Link { name, link: 2 },
            StreamRecord::Lost {
                path: b"a/b".to_vec(),
                lost: Lost::MountPoint,
                reason: b"x".to_vec(),
            },
            StreamRecord::Failed {
                kind: Kind::Interrupted,
                message: b"y".to_vec(),
            },
            StreamRecord::Leave { meta },
        ]
    }

    fn stream() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut out = StreamWriter::begin(&mut bytes).unwrap();
        for record in &all() {
            out.put(record).unwrap();
        }
        out.end().unwrap();
        bytes
    }

    fn read(mut bytes: &[u8]) -> Result<Vec<StreamRecord>, Error> {
        let mut stream = StreamReader::begin(&mut bytes)?;
        let mut records = Vec::new();
        loop {
            match stream.next()? {
                StreamRecord::End { .. } => return Ok(records),
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
            let mut out = StreamWriter::begin(&mut bytes).unwrap();
            let record = StreamRecord::Folder {
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
