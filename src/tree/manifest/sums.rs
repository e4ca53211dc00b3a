//! The sha256sum format: digest, two blanks, path; files only.

use std::io::{self, Write};

use super::entry::{EntryKind, ManifestEntry};
use crate::tree::digest::Digest;

/// Writes the line for a regular file; other entries have none.
pub(super) fn write(entry: &ManifestEntry, out: &mut dyn Write) -> io::Result<()> {
    let Some(digest) = entry.sha256 else {
        return Ok(());
    };
    // GNU marks a line whose name had to be escaped with a backslash in front.
    let mut name = Vec::with_capacity(entry.path.len());
    for &byte in &entry.path {
        match byte {
            b'\\' => name.extend(b"\\\\"),
            b'\n' => name.extend(b"\\n"),
            b'\r' => name.extend(b"\\r"),
            byte => name.push(byte),
        }
    }
    if name.len() != entry.path.len() {
        out.write_all(b"\\")?;
    }
    write!(out, "{digest}  ")?;
    out.write_all(&name)?;
    out.write_all(b"\n")
}

/// Reads one line, text mode or binary.
pub(super) fn read(line: &[u8]) -> Result<ManifestEntry, String> {
    let (escaped, line) = match line.strip_prefix(b"\\") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let (hex, rest) = line.split_at_checked(64).ok_or("no SHA-256 in this line")?;
    let digest = Digest::from_hex(hex).ok_or("no SHA-256 in this line")?;
    let name = rest
        .strip_prefix(b"  ")
        .or_else(|| rest.strip_prefix(b" *"))
        .filter(|name| !name.is_empty())
        .ok_or("no file name in this line")?;
    let path = if escaped {
        unescape(name).ok_or("a broken escape in the file name")?
    } else {
        name.to_vec()
    };
    let path = super::escape::clean_path(&path)?;
    let mut entry = ManifestEntry::new(path, EntryKind::File);
    entry.sha256 = Some(digest);
    Ok(entry)
}

fn unescape(name: &[u8]) -> Option<Vec<u8>> {
    let mut path = Vec::with_capacity(name.len());
    let mut bytes = name.iter();
    while let Some(&byte) = bytes.next() {
        path.push(match byte {
            b'\\' => match bytes.next()? {
                b'\\' => b'\\',
                b'n' => b'\n',
                b'r' => b'\r',
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(path)
}
