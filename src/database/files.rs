//! What a reader of databases may do with a tree: look, read a bounded piece of a regular
//! file, list a folder up to a bound, and see where a symlink points. No more, so that the
//! readers are the same on a disk ([`Beneath`](super::beneath::Beneath)) and on what a test
//! or a fuzzer has in memory ([`InMemory`](super::InMemory)).
//!
//! Paths are bytes below the tree's root, `/` between the names; the root is the empty path.

use std::cell::RefCell;
use std::io;

use serde::Serialize;

use crate::tree::Escaped;

/// A tree, below whose root no symlink is followed.
pub trait Files {
    /// What is at `path`, a symlink itself; nothing where nothing is.
    ///
    /// # Errors
    /// The operating system's error; `NotADirectory` where a part of the path is no folder.
    fn look(&self, path: &[u8]) -> io::Result<Option<Look>>;

    /// At most `most` bytes of the regular file at `path`, from offset `at` on; nothing where
    /// no regular file is.
    ///
    /// # Errors
    /// As those of [`Files::look`].
    fn read(&self, path: &[u8], at: u64, most: usize) -> io::Result<Option<Vec<u8>>>;

    /// The names in the folder at `path`, `most` of them; nothing where no folder is.
    ///
    /// # Errors
    /// As those of [`Files::look`].
    fn names(&self, path: &[u8], most: usize) -> io::Result<Option<Names>>;

    /// Where the symlink at `path` points; nothing where no symlink is.
    ///
    /// # Errors
    /// As those of [`Files::look`].
    fn link(&self, path: &[u8]) -> io::Result<Option<Vec<u8>>>;
}

/// What something in a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileType {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symlink.
    Symlink,
    /// A fifo, a socket or a device.
    Other,
}

/// One look at something in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The type of what is at the path; a symlink's own, not its target's.
    pub file_type: FileType,
    /// Its size in bytes.
    pub size: u64,
}

/// The names in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// In byte order, each with whether it is a folder; an entry whose type the filesystem
    /// doesn't tell counts as one.
    pub names: Vec<(Vec<u8>, bool)>,
    /// False where there are more.
    pub complete: bool,
}

impl Names {
    pub(crate) fn has(&self, name: &[u8]) -> bool {
        let known = self
            .names
            .binary_search_by(|(known, _)| known.as_slice().cmp(name));
        known.is_ok()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().map(|(name, _)| name.as_slice())
    }
}

/// What a look for something came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen<T> {
    Is(T),
    Absent,
    /// There is something else of that name, or in its way.
    Odd(&'static str),
    Denied(String),
}

impl<T> Seen<T> {
    pub(crate) fn known(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Self::Is(value) => Seen::Is(change(value)),
            Self::Absent => Seen::Absent,
            Self::Odd(what) => Seen::Odd(what),
            Self::Denied(why) => Seen::Denied(why),
        }
    }

    /// Why it isn't known, for a person.
    pub(crate) fn why(&self, path: &str) -> String {
        match self {
            Self::Is(_) => format!("`{path}` says nothing that is understood"),
            Self::Absent => format!("there is no `{path}`"),
            Self::Odd(what) => format!("`{path}` {what}"),
            Self::Denied(why) => format!("`{path}` can't be read: {why}"),
        }
    }
}

/// Something that is there and couldn't be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Its path below the tree's root, escaped; `.` for the root.
    pub place: String,
    /// Why it couldn't be read, in the operating system's words.
    pub why: String,
}

/// A folder of a tree, in which a database may be.
pub(crate) struct DataFolder<'a> {
    pub(crate) files: &'a dyn Files,
    /// Its path below the root.
    pub(crate) path: Vec<u8>,
    pub(crate) names: Names,
    pub(crate) unread: &'a RefCell<Vec<Unread>>,
}

/// The largest piece that is read of any file, in bytes.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// The most names that are read of a folder.
pub(crate) const MOST_NAMES: usize = 2048;

impl DataFolder<'_> {
    /// Its path for people: `.` for the root.
    pub(crate) fn place(&self) -> String {
        shown(&self.path)
    }

    /// True if something of this name is there, whatever it is, or may be.
    pub(crate) fn has(&self, path: &str) -> bool {
        let first = path.split('/').next().unwrap_or(path);
        if self.names.complete && !self.names.has(first.as_bytes()) {
            return false;
        }
        first == path && self.names.has(path.as_bytes()) || !matches!(self.look(path), Seen::Absent)
    }

    pub(crate) fn look(&self, path: &str) -> Seen<Look> {
        let full = self.full(path.as_bytes());
        match self.files.look(&full) {
            Ok(Some(look)) => Seen::Is(look),
            Ok(None) => Seen::Absent,
            Err(error) => self.denied(&full, &error),
        }
    }

    /// The beginning of a regular file.
    pub(crate) fn read(&self, path: &str, most: usize) -> Seen<Vec<u8>> {
        self.read_at(path.as_bytes(), 0, most)
    }

    /// A piece of a regular file.
    pub(crate) fn read_at(&self, path: &[u8], at: u64, most: usize) -> Seen<Vec<u8>> {
        let full = self.full(path);
        match self.files.read(&full, at, most.min(MOST_BYTES)) {
            Ok(Some(bytes)) => Seen::Is(bytes),
            Ok(None) => match self.files.look(&full) {
                Ok(Some(look)) => Seen::Odd(oddity(look.file_type)),
                _ => Seen::Absent,
            },
            Err(error) => self.denied(&full, &error),
        }
    }

    /// A short text, without the blanks at its end.
    pub(crate) fn text(&self, path: &str) -> Seen<String> {
        const SHORT: usize = 16 * 1024;
        self.read(path, SHORT)
            .map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    /// The size of a regular file, in bytes.
    pub(crate) fn size(&self, path: &str) -> Seen<u64> {
        match self.look(path) {
            Seen::Is(look) if look.file_type != FileType::File => Seen::Odd(oddity(look.file_type)),
            look => look.map(|look| look.size),
        }
    }

    /// The names in a folder below this one.
    pub(crate) fn names_in(&self, path: &str) -> Seen<Names> {
        let full = self.full(path.as_bytes());
        match self.files.names(&full, MOST_NAMES) {
            Ok(Some(names)) => Seen::Is(names),
            Ok(None) => match self.files.look(&full) {
                Ok(Some(look)) if look.file_type == FileType::Symlink => {
                    Seen::Odd(oddity(FileType::Symlink))
                }
                Ok(Some(_)) => Seen::Odd("is no folder"),
                _ => Seen::Absent,
            },
            Err(error) => self.denied(&full, &error),
        }
    }

    /// The text of the file beside this folder whose name goes on with `end`.
    pub(crate) fn text_beside(&self, end: &str) -> Seen<String> {
        match self.beside(end) {
            Some(above) => above.text(""),
            None => Seen::Absent,
        }
    }

    /// True if something is beside this folder whose name goes on with `end`.
    pub(crate) fn has_beside(&self, end: &str) -> bool {
        let above = self.beside(end);
        above.is_some_and(|above| !matches!(above.look(""), Seen::Absent))
    }

    fn beside(&self, end: &str) -> Option<DataFolder<'_>> {
        (!self.path.is_empty()).then(|| DataFolder {
            files: self.files,
            path: [&self.path, end.as_bytes()].concat(),
            names: Names::default(),
            unread: self.unread,
        })
    }

    /// Where a symlink points.
    pub(crate) fn link(&self, path: &[u8]) -> Option<Vec<u8>> {
        self.files.link(&self.full(path)).ok().flatten()
    }

    fn full(&self, path: &[u8]) -> Vec<u8> {
        join(&self.path, path)
    }

    fn denied<T>(&self, path: &[u8], error: &io::Error) -> Seen<T> {
        if error.kind() == io::ErrorKind::NotADirectory {
            return Seen::Odd("is behind something that is no folder, and isn't followed");
        }
        let why = reason(error);
        let unread = Unread {
            place: shown(path),
            why: why.clone(),
        };
        let mut list = self.unread.borrow_mut();
        if !list.contains(&unread) {
            list.push(unread);
        }
        Seen::Denied(why)
    }
}

const fn oddity(file_type: FileType) -> &'static str {
    match file_type {
        FileType::Symlink => "is a symlink, which isn't followed",
        FileType::Folder => "is a folder",
        FileType::File | FileType::Other => "is no regular file, and isn't opened",
    }
}

/// The operating system's words for an error, in lower case and without the error number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    words.to_lowercase()
}

/// A path below the root for people.
pub(crate) fn shown(path: &[u8]) -> String {
    match path {
        [] => ".".to_owned(),
        path => Escaped(path).to_string(),
    }
}

pub(crate) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    match (folder, name) {
        ([], name) => name.to_vec(),
        (folder, []) => folder.to_vec(),
        (folder, name) => [folder, b"/", name].concat(),
    }
}
