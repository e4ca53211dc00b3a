//! The mtree format: one line for each path, `keyword=value` after it.
//!
//! Lines are full paths (`./a/b type=file ...`), as `bsdtar` writes them: one can be found
//! with grep. A socket is `type=socket`, as `mtree` has it; `bsdtar` says that it doesn't know
//! the word and lists a file. What the format has no keyword for stands in comment lines that begin with
//! `#:`, after the entry that they belong to: other programs skip them.

use std::io::{self, Write};

use super::entry::{EntryKind, ManifestEntry, Time, Xattr};
use super::escape::{escape, from_base64, to_base64, unescape};
use super::inode_flags::InodeFlags;
use super::packed::Packer;
use crate::tree::digest::Digest;

const HEADER: &[u8] = b"#mtree v2.0\n#: transship manifest 2\n";

pub(super) fn write_header(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(HEADER)
}

pub(super) fn write(entry: &ManifestEntry, out: &mut dyn Write) -> io::Result<()> {
    let mut line = Vec::with_capacity(256);
    push_path(&entry.path, &mut line);
    push(&mut line, "type", entry.kind.word());
    if let Some(mode) = entry.mode {
        push(&mut line, "mode", format_args!("{mode:04o}"));
    }
    if let Some(uid) = entry.uid {
        push(&mut line, "uid", uid);
    }
    if let Some(gid) = entry.gid {
        push(&mut line, "gid", gid);
    }
    if let Some(size) = entry.size {
        push(&mut line, "size", size);
    }
    if let Some(time) = entry.mtime {
        let (seconds, nanoseconds) = (time.seconds, time.nanoseconds);
        push(
            &mut line,
            "time",
            format_args!("{seconds}.{nanoseconds:09}"),
        );
    }
    if let Some((major, minor)) = entry.device {
        push(&mut line, "device", format_args!("native,{major},{minor}"));
    }
    if let Some(digest) = entry.sha256 {
        push(&mut line, "sha256", digest);
    }
    if let Some(flags) = entry.flags {
        push(&mut line, "flags", flags);
    }
    if let Some(target) = &entry.target {
        line.extend(b" link=");
        escape(target, &mut line);
    }
    line.push(b'\n');
    push_comments(entry, &mut line);
    out.write_all(&line)
}

fn push(line: &mut Vec<u8>, keyword: &str, value: impl std::fmt::Display) {
    line.extend(format!(" {keyword}={value}").into_bytes());
}

fn push_path(path: &[u8], line: &mut Vec<u8>) {
    line.push(b'.');
    if path != b"." {
        line.push(b'/');
        escape(path, line);
    }
}

fn push_comments(entry: &ManifestEntry, line: &mut Vec<u8>) {
    if let Some(first) = &entry.hard_link {
        line.extend(b"#: hard-link ");
        push_path(first, line);
        line.push(b'\n');
    }
    for xattr in entry.xattrs.iter().flatten() {
        line.extend(b"#: xattr ");
        escape(&xattr.name, line);
        line.push(b'=');
        line.extend(to_base64(&xattr.value).into_bytes());
        line.push(b'\n');
    }
}

/// Reads a file line by line: classic (nested, with `..`) or full paths, with `/set`.
#[derive(Debug, Default)]
pub(super) struct MtreeReader {
    /// True once our own header was seen: then no xattr comment means no xattr.
    ours: bool,
    defaults: Vec<Vec<u8>>,
    folder: Vec<u8>,
    /// The last entry: comments after it may add to it.
    last: Option<ManifestEntry>,
    taken: Packer,
}

impl MtreeReader {
    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), String> {
        let line = line.trim_ascii();
        if let Some(comment) = line.strip_prefix(b"#: ") {
            return self.comment(comment);
        }
        let mut words = line
            .split(u8::is_ascii_whitespace)
            .filter(|w| !w.is_empty());
        match words.next() {
            None => Ok(()),
            Some(comment) if comment.starts_with(b"#") => Ok(()),
            Some(b"/set") => {
                for word in words {
                    let name = keyword(word);
                    self.defaults.retain(|each| keyword(each) != name);
                    self.defaults.push(word.to_vec());
                }
                Ok(())
            }
            Some(b"/unset") => {
                for word in words {
                    self.defaults
                        .retain(|each| word != b"all" && keyword(each) != word);
                }
                Ok(())
            }
            Some(b"..") => {
                let cut = self.folder.iter().rposition(|&byte| byte == b'/');
                self.folder.truncate(cut.unwrap_or(0));
                Ok(())
            }
            Some(path) => self.entry(path, words),
        }
    }

    pub(super) fn finish(mut self) -> Packer {
        self.take_last();
        self.taken
    }

    fn take_last(&mut self) {
        if let Some(entry) = self.last.take() {
            self.taken.push(&entry, None);
        }
    }

    fn entry<'a>(
        &mut self,
        path: &'a [u8],
        words: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), String> {
        let name = unescape(path).ok_or("a broken escape in the path")?;
        let nested = !name.contains(&b'/');
        let path = if nested && name != b"." && !self.folder.is_empty() {
            [self.folder.as_slice(), b"/", &name].concat()
        } else {
            name
        };
        let mut entry = ManifestEntry::new(super::escape::clean_path(&path)?, EntryKind::File);
        if self.ours {
            entry.xattrs = Some(Vec::new());
        }
        let mut typed = false;
        let mut take = |word: &[u8]| {
            typed |= keyword(word) == b"type";
            set(&mut entry, word)
        };
        for word in &self.defaults {
            take(word)?;
        }
        for word in words {
            take(word)?;
        }
        if !typed {
            return Err("an entry without a type: neither mtree, sha256sum nor JSON".to_owned());
        }
        if nested && entry.kind == EntryKind::Directory && entry.path != b"." {
            self.folder.clone_from(&entry.path);
        }
        self.take_last();
        self.last = Some(entry);
        Ok(())
    }

    fn comment(&mut self, comment: &[u8]) -> Result<(), String> {
        if matches!(comment, b"transship manifest 1" | b"transship manifest 2") {
            self.ours = true;
        } else if comment.starts_with(b"transship manifest") {
            return Err("a newer manifest than this program knows".to_owned());
        }
        if !self.ours {
            return Ok(());
        }
        let Some(entry) = &mut self.last else {
            return Ok(());
        };
        if let Some(first) = comment.strip_prefix(b"hard-link ") {
            let first = unescape(first).ok_or("a broken escape in the path")?;
            entry.hard_link = Some(super::escape::clean_path(&first)?);
        } else if let Some(xattr) = comment.strip_prefix(b"xattr ") {
            let broken = "a broken extended attribute";
            let at = xattr.iter().position(|&byte| byte == b'=').ok_or(broken)?;
            let name = unescape(&xattr[..at]).ok_or(broken)?;
            let value = from_base64(&xattr[at + 1..]).ok_or(broken)?;
            let xattrs = entry.xattrs.get_or_insert_default();
            xattrs.push(Xattr { name, value });
        } else {
            return Err("a comment of an unknown kind".to_owned());
        }
        Ok(())
    }
}

fn keyword(word: &[u8]) -> &[u8] {
    word.split(|&byte| byte == b'=').next().unwrap_or(word)
}

/// Takes over what `word` says, if this program verifies such a thing.
fn set(entry: &mut ManifestEntry, word: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(word).map_err(|_| "a word that isn't ASCII")?;
    let Some((keyword, value)) = text.split_once('=') else {
        return Ok(());
    };
    let broken = || format!("`{keyword}` has no such value as `{value}`");
    match keyword {
        "type" => entry.kind = EntryKind::from_word(value).ok_or_else(broken)?,
        "mode" => entry.mode = Some(u32::from_str_radix(value, 8).map_err(|_| broken())?),
        "uid" => entry.uid = Some(value.parse().map_err(|_| broken())?),
        "gid" => entry.gid = Some(value.parse().map_err(|_| broken())?),
        "size" => entry.size = Some(value.parse().map_err(|_| broken())?),
        "time" => entry.mtime = Some(time(value).ok_or_else(broken)?),
        "sha256" | "sha256digest" => {
            entry.sha256 = Some(Digest::from_hex(value.as_bytes()).ok_or_else(broken)?);
        }
        "link" => entry.target = Some(unescape(value.as_bytes()).ok_or_else(broken)?),
        "device" => entry.device = device(value),
        "flags" => entry.flags = InodeFlags::from_words(value),
        _ => {}
    }
    if entry.kind == EntryKind::Symlink {
        entry.mode = None;
    }
    if entry.kind != EntryKind::File {
        entry.size = None;
    }
    if ![EntryKind::File, EntryKind::Directory].contains(&entry.kind) {
        entry.flags = None;
    }
    Ok(())
}

fn time(value: &str) -> Option<Time> {
    let (seconds, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let nanoseconds: u32 = fraction.parse().ok()?;
    (nanoseconds < 1_000_000_000).then_some(Time {
        seconds: seconds.parse().ok()?,
        nanoseconds,
    })
}

/// `FORMAT,MAJOR,MINOR`; other forms depend on the system that wrote them.
fn device(value: &str) -> Option<(u32, u32)> {
    let mut parts = value.split(',').skip(1);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
