//! Any bytes as a manifest in the sha256sum format: read without a panic, and what was read and
//! written again is read as the same.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use transship::tree::{Manifest, ManifestFormat};

/// What makes a manifest of this format of what follows.
const HEAD: &[u8] = b"b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c  first\n";

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("manifest");
    let Ok(read) = Manifest::read(path, &[HEAD, bytes].concat()) else {
        return;
    };
    let mut written = Vec::new();
    read.write(ManifestFormat::Sha256sum, &mut written)
        .expect("memory takes everything");
    let again = Manifest::read(path, &written).expect("what was written is read");
    let same = again == read;
    assert!(same, "what was read is written: {read:?} {again:?}");
});
