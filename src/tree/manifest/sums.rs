//! The sha256sum format: digest, two blanks, path; files only. Read are also the forms that it
//! writes with `--tag` and with `-z`.

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

/// Reads one line, text mode or binary, tagged or not; with `raw`, as it is with `-z`, nothing
/// in it is escaped.
pub(super) fn read(line: &[u8], raw: bool) -> Result<ManifestEntry, String> {
    let (escaped, line) = match line.strip_prefix(b"\\") {
        Some(rest) if !raw => (true, rest),
        _ => (false, line),
    };
    let (hex, name) = if let Some(tagged) = line.strip_prefix(b"SHA256 (") {
        split_tagged(tagged)?
    } else {
        let (hex, rest) = line.split_at_checked(64).ok_or("no SHA-256 in this line")?;
        let name = rest
            .strip_prefix(b"  ")
            .or_else(|| rest.strip_prefix(b" *"));
        (hex, name.ok_or("no file name in this line")?)
    };
    let digest = Digest::from_hex(hex).ok_or("no SHA-256 in this line")?;
    if name.is_empty() {
        return Err("no file name in this line".to_owned());
    }
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

/// Digest and name of `NAME) = DIGEST`; the name may have such a thing in it.
fn split_tagged(tagged: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let between = b") = ";
    let at = tagged
        .windows(between.len())
        .rposition(|window| window == between)
        .ok_or("no SHA-256 in this line")?;
    Ok((&tagged[at + between.len()..], &tagged[..at]))
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
