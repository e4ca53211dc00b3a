//! Elasticsearch's state files: Lucene's envelope around a SMILE document, read as far as one
//! number in it.
//!
//! `MetadataStateFormat` of Elasticsearch: Lucene's header (0x3FD76C17, the name `state`, a
//! version), the kind of content as a big-endian number (1 for SMILE), the document, Lucene's
//! footer (0xC02893E8). SMILE: <https://github.com/FasterXML/smile-format-specification>.

use super::fields::{u32_be, u64_be};

const LUCENE_HEADER: u32 = 0x3FD7_6C17;
const LUCENE_FOOTER: u32 = 0xC028_93E8;

/// The whole number that the top-level document has at `key`.
pub(crate) fn number_at(file: &[u8], key: &str) -> Option<i64> {
    if u32_be(file, 0)? != LUCENE_HEADER {
        return None;
    }
    let footer = file.len().checked_sub(16)?;
    if u32_be(file, footer)? != LUCENE_FOOTER
        || u64_be(file, footer + 8)? != u64::from(crc32(&file[..footer + 8]))
    {
        return None;
    }
    let begin = file.windows(4).position(is_smile)?;
    // A short ASCII name of a key: 0x80 and its length less one.
    let token = 0x80 | u8::try_from(key.len().checked_sub(1)?).ok()?;
    let name = [&[token], key.as_bytes()].concat();
    let document = file.get(begin + 4..footer)?;
    let at = document
        .windows(name.len())
        .position(|bytes| bytes == name)?;
    whole_number(&document[at + name.len()..])
}

/// SMILE's header: three bytes, and a byte of flags below the version 0.
fn is_smile(bytes: &[u8]) -> bool {
    bytes.starts_with(b":)\n") && bytes.get(3).is_some_and(|flags| flags >> 4 == 0)
}

/// A small number in one byte, or 32 or 64 bits as zigzag: seven bits a byte, six in the last.
fn whole_number(value: &[u8]) -> Option<i64> {
    let (token, rest) = value.split_first()?;
    let zigzag = match token {
        0xc0..=0xdf => u64::from(token & 0x1f),
        0x24 | 0x25 => {
            let mut number: u64 = 0;
            let mut bytes = rest.iter().take(10);
            loop {
                let byte = *bytes.next()?;
                if byte & 0x80 != 0 {
                    break number.checked_mul(64)? | u64::from(byte & 0x3f);
                }
                number = number.checked_mul(128)? | u64::from(byte);
            }
        }
        _ => return None,
    };
    Some((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed()))
}

/// CRC-32 as zlib has it.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A state file, put together from what the two formats' descriptions say.
    pub(crate) fn state_file(document: &[u8]) -> Vec<u8> {
        let mut file = LUCENE_HEADER.to_be_bytes().to_vec();
        file.extend(b"\x05state");
        file.extend([0, 0, 0, 1, 0, 0, 0, 1]);
        file.extend(b":)\n\x01");
        file.extend(document);
        file.extend(LUCENE_FOOTER.to_be_bytes());
        file.extend([0; 4]);
        let sum = u64::from(crc32(&file));
        file.extend(sum.to_be_bytes());
        file
    }

    /// `{"node_id": "x", "node_version": 7171099}`.
    pub(crate) fn node(version: u32) -> Vec<u8> {
        let mut document = b"\xfa\x86node_id\x40x\x8bnode_version\x24".to_vec();
        let zigzag = version << 1;
        let mut groups = vec![0x80 | u8::try_from(zigzag & 0x3f).unwrap()];
        let mut rest = zigzag >> 6;
        while rest > 0 {
            groups.push(u8::try_from(rest & 0x7f).unwrap());
            rest >>= 7;
        }
        document.extend(groups.iter().rev());
        document.push(0xfb);
        state_file(&document)
    }

    #[test]
    fn a_number_is_read_from_a_state_file() {
        for version in [5, 7_171_099, 8_110_199] {
            let found = number_at(&node(version), "node_version");
            assert_eq!(found, Some(version.into()));
        }
        assert_eq!(number_at(&node(1), "other"), None);
        assert_eq!(whole_number(&[0xc1]), Some(-1));
    }

    #[test]
    fn a_damaged_state_file_says_nothing() {
        let mut file = node(7_171_099);
        let at = file.len() - 20;
        file[at] ^= 1;
        assert_eq!(number_at(&file, "node_version"), None);
        assert_eq!(number_at(b"", "node_version"), None);
        assert_eq!(
            number_at(&LUCENE_HEADER.to_be_bytes(), "node_version"),
            None
        );
    }
}
