//! The JSON format: one object, one line for each entry.
//!
//! Keys are [`ManifestEntry`]'s fields; what isn't known is left out. Bytes that aren't UTF-8 stand
//! in base64 under the same key with `_base64` at its end.

use std::fmt;
use std::io::{self, Read, Write};

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::entry::{EntryKind, ManifestEntry, Time, Xattr};
use super::escape::{clean_path, from_base64, to_base64};
use super::inode_flags::InodeFlags;
use super::manifest::ManifestProblem;
use super::packed::Packer;
use crate::tree::digest::Digest;

/// The version that is written; version 1 knew no inode flags.
const VERSION: u32 = 2;

pub(super) fn write<'a>(
    entries: impl Iterator<Item = ManifestEntry> + 'a,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(
        out,
        "{{\"format\":\"transship-manifest\",\"version\":{VERSION},\"entries\":["
    )?;
    for (n, entry) in entries.enumerate() {
        out.write_all(if n == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &JsonEntry::from(entry))?;
    }
    out.write_all(b"\n]}\n")
}

/// The entries.
pub(super) fn read(reader: impl Read) -> Result<Packer, ManifestProblem> {
    let document: JsonManifest = serde_json::from_reader(reader).map_err(|error| {
        if error.is_io() {
            return ManifestProblem::Io(error.into());
        }
        ManifestProblem::Line(error.line(), describe(&error))
    })?;
    if document.format != "transship-manifest" || !(1..=VERSION).contains(&document.version) {
        return Err(ManifestProblem::Line(
            1,
            format!("not a manifest of version 1 to {VERSION}"),
        ));
    }
    document.entries.0
}

/// What kind of mistake it is; serde's own text would repeat the position.
fn describe(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => "not what a manifest has in this place",
        _ => "not JSON",
    }
    .to_owned()
}

#[derive(Deserialize)]
struct JsonManifest {
    format: String,
    version: u32,
    entries: JsonEntries,
}

/// All lines, packed one by one as they are read.
struct JsonEntries(Result<Packer, ManifestProblem>);

impl<'de> Deserialize<'de> for JsonEntries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = JsonEntries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut lines: A) -> Result<JsonEntries, A::Error> {
        let mut packer = Ok(Packer::default());
        // Our own files have one entry a line, the first on line 2.
        let mut number = 2;
        while let Some(line) = lines.next_element::<JsonEntry>()? {
            match (ManifestEntry::try_from(line), &mut packer) {
                (Ok(entry), Ok(packer)) => packer.push(&entry, None),
                (Err(message), Ok(_)) => packer = Err(ManifestProblem::Line(number, message)),
                // The first mistake is told.
                (_, Err(_)) => {}
            }
            number += 1;
        }
        Ok(JsonEntries(packer))
    }
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct JsonEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtime: Option<(i64, u32)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<(u32, u32)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hard_link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hard_link_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    xattrs: Option<Vec<(String, String)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<String>,
}

/// Text where it is UTF-8, else base64.
fn split(bytes: Vec<u8>) -> (Option<String>, Option<String>) {
    match String::from_utf8(bytes) {
        Ok(text) => (Some(text), None),
        Err(error) => (None, Some(to_base64(error.as_bytes()))),
    }
}

fn unite(text: Option<String>, base64: Option<String>) -> Result<Option<Vec<u8>>, String> {
    match (text, base64) {
        (Some(text), _) => Ok(Some(text.into_bytes())),
        (None, Some(base64)) => match from_base64(base64.as_bytes()) {
            None => Err("broken base64".to_owned()),
            some => Ok(some),
        },
        (None, None) => Ok(None),
    }
}

impl From<ManifestEntry> for JsonEntry {
    fn from(entry: ManifestEntry) -> Self {
        let (path, path_base64) = split(entry.path);
        let (target, target_base64) = entry.target.map(split).unwrap_or_default();
        let (hard_link, hard_link_base64) = entry.hard_link.map(split).unwrap_or_default();
        let xattr = |xattr: Xattr| {
            let name = String::from_utf8_lossy(&xattr.name).into_owned();
            (name, to_base64(&xattr.value))
        };
        Self {
            path,
            path_base64,
            kind: entry.kind.word().to_owned(),
            mode: entry.mode.map(|mode| format!("{mode:04o}")),
            uid: entry.uid,
            gid: entry.gid,
            size: entry.size,
            mtime: entry.mtime.map(|time| (time.seconds, time.nanoseconds)),
            sha256: entry.sha256.map(|digest| digest.to_string()),
            target,
            target_base64,
            device: entry.device,
            hard_link,
            hard_link_base64,
            xattrs: entry
                .xattrs
                .map(|xattrs| xattrs.into_iter().map(xattr).collect()),
            flags: entry.flags.map(|flags| flags.to_string()),
        }
    }
}

impl TryFrom<JsonEntry> for ManifestEntry {
    type Error = String;

    fn try_from(line: JsonEntry) -> Result<Self, String> {
        let path = unite(line.path, line.path_base64)?.ok_or("an entry without a path")?;
        let kind = EntryKind::from_word(&line.kind).ok_or("an entry of an unknown type")?;
        let mut entry = Self::new(clean_path(&path)?, kind);
        entry.mode = match line.mode {
            Some(mode) => Some(u32::from_str_radix(&mode, 8).map_err(|_| "a broken mode")?),
            None => None,
        };
        entry.uid = line.uid;
        entry.gid = line.gid;
        entry.size = line.size;
        entry.mtime = match line.mtime {
            Some((_, 1_000_000_000..)) => return Err("a broken time".to_owned()),
            time => time.map(|(seconds, nanoseconds)| Time {
                seconds,
                nanoseconds,
            }),
        };
        entry.sha256 = match line.sha256 {
            Some(hex) => Some(Digest::from_hex(hex.as_bytes()).ok_or("a broken SHA-256")?),
            None => None,
        };
        entry.target = unite(line.target, line.target_base64)?;
        entry.device = line.device;
        entry.hard_link = unite(line.hard_link, line.hard_link_base64)?;
        entry.xattrs = match line.xattrs {
            Some(xattrs) => Some(xattrs.into_iter().map(xattr).collect::<Result<_, _>>()?),
            None => None,
        };
        entry.flags = match line.flags {
            Some(words) => Some(InodeFlags::from_words(&words).ok_or("unknown inode flags")?),
            None => None,
        };
        Ok(entry)
    }
}

fn xattr((name, value): (String, String)) -> Result<Xattr, String> {
    let value = from_base64(value.as_bytes()).ok_or("broken base64")?;
    let name = name.into_bytes();
    Ok(Xattr { name, value })
}
