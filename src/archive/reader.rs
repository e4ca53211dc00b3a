//! The members of an archive, one after the other.

use std::io::{self, Read};
use std::ops::Range;

use super::error::{ArchiveFault, damaged};
use super::header::{BLOCK, Dialect, TarHeader, text};
use super::pax::PaxRecords;
use super::sparse::{MOST_RANGES, ODD_SPARSE, Sparse, SparseMap};

/// The longest name, and the longest list of records, in bytes. Linux has paths of 4,096.
const LONGEST_NAME: u64 = 4096;
const LONGEST_RECORDS: u64 = 1 << 20;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberType {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symlink that holds [`TarMember::link`].
    Symlink,
    /// Another name of the member [`TarMember::link`].
    HardLink,
    /// A block or character device.
    Device,
    /// A fifo.
    Fifo,
    /// Whatever else there may be.
    Other,
}

/// One member, as the archive has it: nothing of it is fit to be a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TarMember {
    /// The name, maybe with a slash at its end.
    pub name: Vec<u8>,
    /// The type of the member: a file, a folder, a link or another.
    pub kind: MemberType,
    /// What a link leads to; empty for anything else.
    pub link: Vec<u8>,
    /// Permission bits, and whatever else the archive has there.
    pub mode: u32,
    /// When it was modified: seconds since 1970, or before, and nanoseconds on top.
    pub modified: (i64, u32),
    /// The size of the content in bytes, with all holes.
    pub size: u64,
}

/// Reads an archive to its very end.
#[derive(Debug)]
pub struct TarReader<R> {
    inner: R,
    content: MemberContent,
    is_over: bool,
}

/// Where the reader is in the content of a member.
#[derive(Debug, Default)]
struct MemberContent {
    /// Data that come, and their places; the last first.
    data: Vec<Range<u64>>,
    /// How far it is, with holes, of how much.
    at: u64,
    size: u64,
    /// What fills the last block.
    padding: u64,
}

impl MemberContent {
    fn new(map: SparseMap, padding: u64) -> Self {
        let mut data = map.data;
        data.retain(|range| !range.is_empty());
        data.reverse();
        Self {
            data,
            at: 0,
            size: map.size,
            padding,
        }
    }

    /// How many bytes come next of how many at the most, and whether they are data.
    fn next(&self, most: usize) -> (usize, bool) {
        let (end, is_data) = match self.data.last() {
            Some(range) if range.start <= self.at => (range.end, true),
            Some(range) => (range.start, false),
            None => (self.size, false),
        };
        let length = end - self.at;
        (
            usize::try_from(length).map_or(most, |length| length.min(most)),
            is_data,
        )
    }

    fn advance(&mut self, length: usize) {
        self.at += length as u64;
        self.data.pop_if(|range| range.end <= self.at);
    }
}

/// What headers before a member's own said of it.
#[derive(Default)]
struct HeadersBefore {
    records: Option<PaxRecords>,
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

impl HeadersBefore {
    fn is_empty(&self) -> bool {
        self.records.is_none() && self.name.is_none() && self.link.is_none()
    }
}

impl<R: Read> TarReader<R> {
    /// A reader of what `inner` gives, unpacked.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            content: MemberContent::default(),
            is_over: false,
        }
    }

    /// The next member; nothing at the end. What wasn't read of the last one's content is
    /// passed over. At the end all of `inner` was read.
    ///
    /// # Errors
    /// [`ArchiveFault`]; no member comes after one.
    pub fn next_member(&mut self) -> Result<Option<TarMember>, ArchiveFault> {
        if self.is_over {
            return Ok(None);
        }
        io::copy(self, &mut io::sink())?;
        self.skip(self.content.padding)?;
        self.content = MemberContent::default();
        self.is_over = true;
        let member = self.read_member()?;
        self.is_over = member.is_none();
        Ok(member)
    }

    /// What the archive is read from.
    pub fn into_inner(self) -> R {
        self.inner
    }

    fn read_member(&mut self) -> Result<Option<TarMember>, ArchiveFault> {
        let mut before = HeadersBefore::default();
        loop {
            let block = self.block()?;
            let header = TarHeader(&block);
            if header.is_zero() {
                if !before.is_empty() {
                    return Err(damaged("it ends with a header for no member"));
                }
                self.finish()?;
                return Ok(None);
            }
            let (true, Some(dialect)) = (header.is_sound(), header.dialect()) else {
                return Err(damaged("a header isn't one"));
            };
            let fault = |reason| ArchiveFault::Member {
                name: header.name(dialect),
                reason,
            };
            if header.is_odd(dialect) {
                return Err(fault("with a sparse file's header, which it isn't"));
            }
            let size = header.size().ok_or_else(|| fault("with an odd size"))?;
            let mut list = |most, reason| match size > most {
                true => Err(fault(reason)),
                false => self.list(size),
            };
            let (odd_name, odd_records) = ("with a name that is too long", "with too many records");
            let twice = match header.kind() {
                b'x' => {
                    let records = PaxRecords::read(&list(LONGEST_RECORDS, odd_records)?);
                    before.records.replace(records.map_err(fault)?).is_some()
                }
                b'L' => {
                    let name = list(LONGEST_NAME, odd_name)?;
                    before.name.replace(text(&name).to_vec()).is_some()
                }
                b'K' => {
                    let link = list(LONGEST_NAME, odd_name)?;
                    before.link.replace(text(&link).to_vec()).is_some()
                }
                b'g' => {
                    let records = list(LONGEST_RECORDS, odd_records)?;
                    PaxRecords::check_global(&records).map_err(fault)?;
                    // Between a header and the member that it is for, it has no one meaning.
                    !before.is_empty()
                }
                _ => return self.member(&header, dialect, before).map(Some),
            };
            if twice
                || (before.records.is_some() && (before.name.is_some() || before.link.is_some()))
            {
                return Err(fault("a header where none belongs"));
            }
        }
    }

    /// The member whose own header was read.
    fn member(
        &mut self,
        header: &TarHeader<'_>,
        dialect: Dialect,
        before: HeadersBefore,
    ) -> Result<TarMember, ArchiveFault> {
        let own_name = header.name(dialect);
        let fault = |name: &[u8], reason| ArchiveFault::Member {
            name: name.to_vec(),
            reason,
        };
        let records = before.records.unwrap_or_default();
        let own_size = header.size();
        let stored = records.size.or(own_size);
        let stored = stored.ok_or_else(|| fault(&own_name, "with an odd size"))?;
        let mut name = records.path.or(before.name).unwrap_or(own_name);
        let sparse = records.sparse.understood().map_err(|r| fault(&name, r))?;
        let kind = header.kind();
        let is_file = matches!(kind, b'0' | 0 | b'7');
        if sparse != Sparse::No && !is_file {
            return Err(fault(&name, "a sparse file of another type"));
        }
        let map = match sparse {
            Sparse::No if kind == b'S' => self.old_map(header, stored),
            Sparse::No => SparseMap::new(&[0, stored], stored, None),
            Sparse::Mapped(map) if map.stored() != stored => Err(ODD_SPARSE),
            Sparse::Mapped(map) => Ok(map),
            Sparse::MapFollows(real_name, size) => self.map(stored, real_name, size)?,
        };
        let mut map = map.map_err(|reason| fault(&name, reason))?;
        let padding = padding(stored);
        name = map.name.take().unwrap_or(name);
        let mut member = TarMember {
            kind: member_type(kind),
            link: Vec::new(),
            mode: header
                .mode()
                .ok_or_else(|| fault(&name, "with an unreadable mode"))?,
            modified: match records.modified {
                Some(time) => time,
                None => header
                    .modified()
                    .map(|seconds| (seconds, 0))
                    .ok_or_else(|| fault(&name, "with an unreadable time"))?,
            },
            size: map.size,
            name,
        };
        if matches!(member.kind, MemberType::Symlink | MemberType::HardLink) {
            member.link = records
                .link
                .or(before.link)
                .unwrap_or_else(|| header.link());
        }
        let reason = member.make_plain(stored);
        reason.map_or(Ok(()), |reason| Err(fault(&member.name, reason)))?;
        self.content = MemberContent::new(map, padding);
        Ok(member)
    }

    /// The map of a sparse file of GNU's old format, which may go on in further blocks.
    fn old_map(&mut self, header: &TarHeader<'_>, stored: u64) -> Result<SparseMap, &'static str> {
        let odd = ODD_SPARSE;
        let (mut data, mut more, size) = header.sparse().ok_or(odd)?;
        while more {
            let block = self.block().map_err(|_| odd)?;
            let (further, again) = TarHeader(&block).more_sparse().ok_or(odd)?;
            data.extend(further);
            more = again;
            if data.len() > MOST_RANGES {
                return Err("a sparse file of too many pieces");
            }
        }
        let map = SparseMap::of(data, size, None)?;
        if map.stored() == stored {
            Ok(map)
        } else {
            Err(odd)
        }
    }

    /// The map of a sparse file of version 1.0: decimal numbers, a line each, in blocks of
    /// their own before the data.
    fn map(
        &mut self,
        stored: u64,
        name: Vec<u8>,
        size: u64,
    ) -> Result<Result<SparseMap, &'static str>, ArchiveFault> {
        let odd = Ok(Err(ODD_SPARSE));
        let mut left = stored;
        let mut numbers: Vec<u64> = Vec::new();
        let mut digits = Vec::new();
        // The first number is how many pairs follow.
        while numbers
            .first()
            .is_none_or(|count| numbers.len() as u64 - 1 < count * 2)
        {
            if left < BLOCK as u64 {
                return odd;
            }
            left -= BLOCK as u64;
            for byte in self.block()? {
                let is_complete = numbers
                    .first()
                    .is_some_and(|count| numbers.len() as u64 > count * 2);
                match byte {
                    _ if is_complete => {}
                    b'0'..=b'9' if digits.len() < 20 => digits.push(byte),
                    b'\n' => match super::pax::decimal(&digits) {
                        Some(number) if !numbers.is_empty() || number <= MOST_RANGES as u64 => {
                            numbers.push(number);
                            digits.clear();
                        }
                        _ => return odd,
                    },
                    _ => return odd,
                }
            }
        }
        let map = SparseMap::new(&numbers[1..], size, Some(name));
        Ok(map.and_then(|map| match map.stored() == left {
            true => Ok(map),
            false => Err(ODD_SPARSE),
        }))
    }

    /// Two blocks of zeros and nothing but zeros after them.
    fn finish(&mut self) -> Result<(), ArchiveFault> {
        let second = self.block()?;
        if !TarHeader(&second).is_zero() {
            return Err(damaged("a member stands after a block of zeros"));
        }
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.inner.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) if buffer[..length].iter().all(|byte| *byte == 0) => {}
                Ok(_) => return Err(damaged("something stands after its end")),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn block(&mut self) -> io::Result<[u8; BLOCK]> {
        let mut block = [0; BLOCK];
        self.inner.read_exact(&mut block)?;
        Ok(block)
    }

    /// A content of so many bytes that is read as a whole.
    fn list(&mut self, size: u64) -> Result<Vec<u8>, ArchiveFault> {
        let mut bytes = Vec::new();
        (&mut self.inner).take(size).read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < size {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        self.skip(padding(size))?;
        Ok(bytes)
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let passed = io::copy(&mut (&mut self.inner).take(bytes), &mut io::sink())?;
        if passed == bytes {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

impl<R: Read> Read for TarReader<R> {
    /// The content of the member that [`TarReader::next_member`] gave.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (length, is_data) = self.content.next(buffer.len());
        if length == 0 {
            return Ok(0);
        }
        let length = if is_data {
            match self.inner.read(&mut buffer[..length])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                length => length,
            }
        } else {
            buffer[..length].fill(0);
            length
        };
        self.content.advance(length);
        Ok(length)
    }
}

impl TarMember {
    /// Makes it one that all programs read in one way, or says why it isn't. `stored` is how
    /// many bytes follow it.
    fn make_plain(&mut self, stored: u64) -> Option<&'static str> {
        let has_slash = self.name.ends_with(b"/");
        if self.name.contains(&0) || self.link.contains(&0) {
            return Some("with a NUL in its path");
        }
        match self.kind {
            // As folders were written before there was a type for them.
            MemberType::File if has_slash => {
                self.kind = MemberType::Folder;
                (stored > 0).then_some("a folder with content")
            }
            MemberType::Folder => (stored > 0).then_some("a folder with content"),
            MemberType::Symlink if self.link.is_empty() => Some("a symlink to nothing"),
            MemberType::HardLink if self.link.is_empty() => Some("a hard link to nothing"),
            MemberType::Symlink | MemberType::HardLink if stored > 0 => Some("a link with content"),
            MemberType::Symlink | MemberType::HardLink if has_slash => {
                Some("a link that is named as a folder")
            }
            _ => None,
        }
    }
}

const fn member_type(kind: u8) -> MemberType {
    match kind {
        b'0' | 0 | b'7' | b'S' => MemberType::File,
        b'1' => MemberType::HardLink,
        b'2' => MemberType::Symlink,
        b'3' | b'4' => MemberType::Device,
        b'5' => MemberType::Folder,
        b'6' => MemberType::Fifo,
        _ => MemberType::Other,
    }
}

/// What fills a content up to a whole block.
const fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}
