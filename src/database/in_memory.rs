//! A tree in memory, for tests and the fuzzer.

use std::collections::BTreeMap;
use std::io;

use super::files::{FileType, Files, Look, Names};

/// A tree of files, symlinks and the folders that they are in.
#[derive(Debug, Clone, Default)]
pub struct InMemory {
    entries: BTreeMap<Vec<u8>, InMemoryEntry>,
}

#[derive(Debug, Clone)]
enum InMemoryEntry {
    File(Vec<u8>),
    Folder,
    Symlink(Vec<u8>),
    Fifo,
}

impl InMemory {
    /// With a file at `path`, in folders that are made for it.
    #[must_use]
    pub fn file(self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.put(path, InMemoryEntry::File(content.into()))
    }

    /// With an empty folder.
    #[must_use]
    pub fn folder(self, path: &str) -> Self {
        self.put(path, InMemoryEntry::Folder)
    }

    /// With a symlink to `target`.
    #[must_use]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.put(path, InMemoryEntry::Symlink(target.into()))
    }

    /// With a fifo.
    #[must_use]
    pub fn fifo(self, path: &str) -> Self {
        self.put(path, InMemoryEntry::Fifo)
    }

    fn put(mut self, path: &str, node: InMemoryEntry) -> Self {
        for (at, _) in path.match_indices('/') {
            let above = path.as_bytes()[..at].to_vec();
            self.entries.entry(above).or_insert(InMemoryEntry::Folder);
        }
        self.entries.insert(path.into(), node);
        self
    }

    fn at(&self, path: &[u8]) -> io::Result<Option<&InMemoryEntry>> {
        if path.is_empty() {
            return Ok(Some(&InMemoryEntry::Folder));
        }
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            match self.entries.get(&path[..at]) {
                Some(InMemoryEntry::Folder) => {}
                Some(_) => return Err(io::ErrorKind::NotADirectory.into()),
                None => return Ok(None),
            }
        }
        Ok(self.entries.get(path))
    }
}

impl Files for InMemory {
    fn look(&self, path: &[u8]) -> io::Result<Option<Look>> {
        let look = |file_type, size: usize| Look {
            file_type,
            size: size as u64,
        };
        Ok(self.at(path)?.map(|node| match node {
            InMemoryEntry::File(content) => look(FileType::File, content.len()),
            InMemoryEntry::Folder => look(FileType::Folder, 0),
            InMemoryEntry::Symlink(target) => look(FileType::Symlink, target.len()),
            InMemoryEntry::Fifo => look(FileType::Other, 0),
        }))
    }

    fn read(&self, path: &[u8], at: u64, most: usize) -> io::Result<Option<Vec<u8>>> {
        let Some(InMemoryEntry::File(content)) = self.at(path)? else {
            return Ok(None);
        };
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let rest = content.get(at..).unwrap_or_default();
        Ok(Some(rest[..rest.len().min(most)].to_vec()))
    }

    fn names(&self, path: &[u8], most: usize) -> io::Result<Option<Names>> {
        let Some(InMemoryEntry::Folder) = self.at(path)? else {
            return Ok(None);
        };
        let mut names = Vec::new();
        for (full, node) in &self.entries {
            let name = match path {
                [] => Some(full.as_slice()),
                path => full
                    .strip_prefix(path)
                    .and_then(|rest| rest.strip_prefix(b"/")),
            };
            if let Some(name) = name.filter(|name| !name.contains(&b'/')) {
                names.push((name.to_vec(), matches!(node, InMemoryEntry::Folder)));
            }
        }
        let complete = names.len() <= most;
        names.truncate(most);
        Ok(Some(Names { names, complete }))
    }

    fn link(&self, path: &[u8]) -> io::Result<Option<Vec<u8>>> {
        Ok(match self.at(path)? {
            Some(InMemoryEntry::Symlink(target)) => Some(target.clone()),
            _ => None,
        })
    }
}
