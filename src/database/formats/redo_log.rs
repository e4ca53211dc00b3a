//! The header of InnoDB's redo log, of MySQL and MariaDB: who wrote it.
//!
//! Offsets: `storage/innobase/include/log0log.h` of MariaDB and `log0types.h` of MySQL; the
//! format is a big-endian number at 0, the creator a text of 32 bytes at 16.

use super::fields::{bytes, plain, u32_be};

/// How many bytes of the file are enough.
pub(crate) const HEADER: usize = 512;

/// Who wrote a redo log: `MariaDB 10.11.19`, `MySQL 8.4.0`.
pub(crate) fn creator(header: &[u8]) -> Option<String> {
    const OLDEST_WITH_CREATOR: u32 = 1;
    const ENCRYPTED: u32 = 1 << 31;
    let format = u32_be(header, 0)? & !ENCRYPTED;
    if format < OLDEST_WITH_CREATOR {
        return None;
    }
    let creator: [u8; 32] = bytes(header, 16)?;
    let length = creator.iter().position(|byte| *byte == 0).unwrap_or(32);
    plain(&creator[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_creator_is_read_at_its_place() {
        // The first bytes of `ib_logfile0` as MariaDB 10.11.19 made it.
        let mut header = b"Phys\0\0\0\0\0\0\0\0\0\0\x30\0MariaDB 10.11.19".to_vec();
        header.resize(HEADER, 0);
        assert_eq!(creator(&header).as_deref(), Some("MariaDB 10.11.19"));
        assert_eq!(creator(&[0; HEADER]), None);
        assert_eq!(creator(&[b'P'; 20]), None);
    }
}
