//! Archives written byte for byte, however wrong.

/// The size of a header.
pub(crate) const BLOCK: usize = 512;

/// A header and what follows it.
#[derive(Clone)]
pub(crate) struct Raw {
    pub header: [u8; BLOCK],
    pub content: Vec<u8>,
}

/// A member of type `kind`, in POSIX' format, with a good header.
pub(crate) fn raw(kind: u8, name: &str, content: &[u8]) -> Raw {
    let mut raw = Raw {
        header: [0; BLOCK],
        content: content.to_vec(),
    };
    raw.put(0, &name.as_bytes()[..name.len().min(100)]);
    raw.put(100, b"0000644\0");
    raw.put(108, b"0000000\0");
    raw.put(116, b"0000000\0");
    raw.put(136, b"13130413400\0");
    raw.put(257, b"ustar\x0000");
    raw.header[156] = kind;
    raw.size(content.len() as u64)
}

impl Raw {
    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.header[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// The same with other bytes in its header.
    pub(crate) fn with(mut self, at: usize, bytes: &[u8]) -> Self {
        self.put(at, bytes);
        self
    }

    /// The same that leads to `link`.
    pub(crate) fn to(self, link: &str) -> Self {
        self.with(157, &link.as_bytes()[..link.len().min(100)])
    }

    /// The same that says that so many bytes follow.
    pub(crate) fn size(self, size: u64) -> Self {
        self.with(124, format!("{size:011o}\0").as_bytes())
    }

    /// Its bytes, with the sum that belongs into the header.
    fn bytes(mut self) -> Vec<u8> {
        sum(&mut self.header);
        let mut bytes = self.header.to_vec();
        bytes.extend(&self.content);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        bytes
    }
}

/// Puts the sum of a header into it.
pub(crate) fn sum(header: &mut [u8]) {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// A whole archive: the members, and the two blocks of zeros.
pub(crate) fn whole(members: impl IntoIterator<Item = Raw>) -> Vec<u8> {
    let mut bytes = open_end(members);
    bytes.resize(bytes.len() + 2 * BLOCK, 0);
    bytes
}

/// An archive without its end.
pub(crate) fn open_end(members: impl IntoIterator<Item = Raw>) -> Vec<u8> {
    members.into_iter().flat_map(Raw::bytes).collect()
}

/// A pax header for the next member with these records.
pub(crate) fn pax(records: &[(&str, &str)]) -> Raw {
    let text: String = records
        .iter()
        .map(|(key, value)| record(key, value))
        .collect();
    raw(b'x', "pax", text.as_bytes())
}

/// One record with its length.
pub(crate) fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}
