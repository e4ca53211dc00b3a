//! Any bytes as an archive: read to the end or refused, with no panic and in little memory, and
//! no member with more content than it says.

#![no_main]

use std::io::{self, Read};

use libfuzzer_sys::fuzz_target;
use transship::archive::TarReader;

/// More than this isn't read of a content: holes are cheap to write and take long to read.
const ENOUGH: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let mut archive = TarReader::new(bytes);
    while let Ok(Some(member)) = archive.next_member() {
        if member.size > ENOUGH {
            return;
        }
        let read = io::copy(&mut (&mut archive).take(ENOUGH + 1), &mut io::sink());
        if let Ok(read) = read {
            assert_eq!(read, member.size, "{member:?}");
        }
    }
});
