//! Entries packed close together, so that a million of them take some sixty megabytes.
//!
//! What one folder holds stands in one run of bytes, a record for each entry, with an index
//! in the order of the names. What many entries have alike (type, mode, owner, extended
//! attributes, inode flags) is kept once, as a [`Class`]; so is what all names of one file share. A
//! [`Packer`] takes entries in any order, and [`PackedEntries`] gives them back in
//! [`path_order`], or one by its path.

use std::collections::HashMap;
use std::sync::Arc;

use super::entry::{EntryKind, ManifestEntry, Xattr, path_order};
use super::inode_flags::InodeFlags;
use super::packed_record::{self, PackedRecord};
use crate::tree::walk::stat::FileId;

/// The attributes that many entries share, kept once for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Class {
    kind: EntryKind,
    mode: Option<u32>,
    uid: Option<u32>,
    gid: Option<u32>,
    device: Option<(u32, u32)>,
    xattrs: Option<Vec<Xattr>>,
    flags: Option<InodeFlags>,
}

/// A file with several names.
#[derive(Debug, Clone)]
struct HardLinkGroup {
    /// The first of its names.
    first: Vec<u8>,
    /// How many names were met; none are counted where the group was given by its first name.
    names: Option<u32>,
    /// What is known of that name of it which was read.
    read: Option<Box<ManifestEntry>>,
}

impl HardLinkGroup {
    /// One name makes no link.
    fn is_link(&self) -> bool {
        self.names != Some(1)
    }
}

/// One folder's entries.
#[derive(Debug, Clone, Default)]
struct Shelf {
    /// The folder's path; empty for the root, whose own entry stands here, too.
    path: Box<[u8]>,
    /// One record after the other, as they came.
    bytes: Vec<u8>,
    /// Where each record begins, in the order of the names.
    order: Vec<u32>,
    /// The shelves of the folders in this one, in the order of their names.
    children: Vec<usize>,
    /// How many entries stand on the shelves before this one.
    before: usize,
}

impl Shelf {
    fn name_at(&self, position: usize) -> Option<&[u8]> {
        let begin = *self.order.get(position)?;
        packed_record::name(&self.bytes, begin as usize)
    }

    fn folder_name(&self) -> &[u8] {
        split(&self.path).1
    }

    /// Sorts the index; of several records of one name the last stays.
    fn settle(&mut self) {
        let Self { bytes, order, .. } = self;
        let name = |at: u32| packed_record::name(bytes, at as usize).unwrap_or_default();
        // The root's own entry comes before whatever is in it.
        let key = |at: u32| (name(at) != b".", name(at));
        order.sort_unstable_by(|&a, &b| key(a).cmp(&key(b)).then(b.cmp(&a)));
        order.dedup_by(|later, kept| name(*later) == name(*kept));
        order.shrink_to_fit();
        bytes.shrink_to_fit();
    }
}

/// A path's folder and its last name; the root's own entry is `.` in the folder without a name.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

/// By what two names are known to be of one file.
#[derive(Debug, PartialEq, Eq, Hash)]
enum FileKey {
    /// By its device and inode.
    Inode(FileId),
    /// By its first name.
    First(Vec<u8>),
}

/// Takes entries.
#[derive(Debug, Default)]
pub(in crate::tree) struct Packer {
    shelves: Vec<Shelf>,
    by_path: HashMap<Box<[u8]>, usize>,
    /// The shelf that was used last.
    last: usize,
    classes: Vec<Arc<Class>>,
    by_class: HashMap<Arc<Class>, usize>,
    groups: Vec<HardLinkGroup>,
    by_file: HashMap<FileKey, usize>,
}

impl Packer {
    /// Takes an entry. `inode` is which file it is, where that has several names: which
    /// of them are in the tree is found out then.
    pub(in crate::tree) fn push(&mut self, entry: &ManifestEntry, inode: Option<FileId>) {
        let class = self.class(entry);
        let file = match (inode, &entry.hard_link) {
            (Some(inode), _) => Some(FileKey::Inode(inode)),
            (None, Some(first)) => Some(FileKey::First(first.clone())),
            (None, None) => None,
        };
        let group = file.map(|file| self.group(file, entry));
        let (folder, name) = split(&entry.path);
        let at = self.shelf(folder);
        let shelf = &mut self.shelves[at];
        let begin = shelf.bytes.len();
        // Past four gigabytes of one folder's entries, memory has long run out.
        shelf.order.push(u32::try_from(begin).unwrap_or(u32::MAX));
        let record = PackedRecord {
            name,
            class,
            group,
            size: entry.size,
            mtime: entry.mtime,
            sha256: entry.sha256,
            target: entry.target.as_deref(),
        };
        record.write(&mut shelf.bytes);
    }

    fn shelf(&mut self, folder: &[u8]) -> usize {
        if self
            .shelves
            .get(self.last)
            .is_some_and(|shelf| *shelf.path == *folder)
        {
            return self.last;
        }
        let next = self.shelves.len();
        self.last = self.by_path.get(folder).copied().unwrap_or(next);
        if self.last == next {
            self.by_path.insert(folder.into(), next);
            self.shelves.push(Shelf {
                path: folder.into(),
                ..Shelf::default()
            });
        }
        self.last
    }

    fn class(&mut self, entry: &ManifestEntry) -> usize {
        let class = Class {
            kind: entry.kind,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            device: entry.device,
            xattrs: entry.xattrs.clone(),
            flags: entry.flags,
        };
        if let Some(&number) = self.by_class.get(&class) {
            return number;
        }
        let class = Arc::new(class);
        self.classes.push(Arc::clone(&class));
        self.by_class.insert(class, self.classes.len() - 1);
        self.classes.len() - 1
    }

    fn group(&mut self, file: FileKey, entry: &ManifestEntry) -> usize {
        let by_inode = matches!(file, FileKey::Inode(_));
        let next = self.groups.len();
        let number = *self.by_file.entry(file).or_insert(next);
        if number == next {
            let first = entry.hard_link.as_ref().filter(|_| !by_inode);
            self.groups.push(HardLinkGroup {
                first: first.unwrap_or(&entry.path).clone(),
                names: by_inode.then_some(0),
                read: None,
            });
        }
        let group = &mut self.groups[number];
        if let Some(names) = &mut group.names {
            *names += 1;
            if path_order(&entry.path, &group.first).is_lt() {
                group.first.clone_from(&entry.path);
            }
            let read = entry.sha256.is_some() || entry.target.is_some();
            let earlier = |other: &ManifestEntry| path_order(&entry.path, &other.path).is_lt();
            if read && group.read.as_deref().is_none_or(earlier) {
                group.read = Some(Box::new(entry.clone()));
            }
        }
        number
    }

    /// The entries that were taken, in [`path_order`]; of several for one path the last.
    pub(in crate::tree) fn finish(mut self) -> PackedEntries {
        for folder in self.missing_folders() {
            self.shelf(&folder);
        }
        let mut shelves = self.shelves;
        shelves.sort_unstable_by(|a, b| path_order(&a.path, &b.path));
        let mut count = 0;
        for shelf in &mut shelves {
            shelf.settle();
            shelf.before = count;
            count += shelf.order.len();
        }
        // A folder comes before what is in it, so its shelf is known.
        let mut known: HashMap<Box<[u8]>, usize> = HashMap::new();
        for number in 0..shelves.len() {
            let path = shelves[number].path.clone();
            if !path.is_empty()
                && let Some(&above) = known.get(split(&path).0)
            {
                shelves[above].children.push(number);
            }
            known.insert(path, number);
        }
        PackedEntries {
            shelves,
            classes: self.classes,
            groups: self.groups,
            count,
        }
    }

    /// Folders that have no shelf, though there is one for something in them: a list of files
    /// needn't name the folders.
    fn missing_folders(&self) -> Vec<Vec<u8>> {
        let mut missing = Vec::new();
        for shelf in &self.shelves {
            let mut path: &[u8] = &shelf.path;
            while !path.is_empty() {
                path = split(path).0;
                if !self.by_path.contains_key(path) {
                    missing.push(path.to_vec());
                }
            }
        }
        missing
    }
}

/// Entries in [`path_order`].
#[derive(Debug, Clone, Default)]
pub(in crate::tree) struct PackedEntries {
    shelves: Vec<Shelf>,
    classes: Vec<Arc<Class>>,
    groups: Vec<HardLinkGroup>,
    count: usize,
}

impl PackedEntries {
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = ManifestEntry> {
        self.places()
            .filter_map(|(shelf, position)| self.decode(shelf, position))
    }

    /// The entries whose numbers aren't `left_out`.
    pub(super) fn entries_but(
        &self,
        left_out: impl Fn(usize) -> bool,
    ) -> impl Iterator<Item = ManifestEntry> {
        self.places()
            .filter(move |(shelf, position)| !left_out(shelf.before + position))
            .filter_map(|(shelf, position)| self.decode(shelf, position))
    }

    fn places(&self) -> PackedPositions<'_> {
        let root = Level::default();
        let stack = if self.shelves.is_empty() {
            Vec::new()
        } else {
            vec![root]
        };
        PackedPositions {
            packed: self,
            stack,
        }
    }

    /// The entry at `path`, and its number: below the length, and no other entry's.
    pub(super) fn find(&self, path: &[u8]) -> Option<(usize, ManifestEntry)> {
        let (folder, name) = split(path);
        let by_path = |shelf: &Shelf| path_order(&shelf.path, folder);
        let shelf = &self.shelves[self.shelves.binary_search_by(by_path).ok()?];
        let by_name = |&at: &u32| {
            let found = packed_record::name(&shelf.bytes, at as usize).unwrap_or_default();
            (found != b".", found).cmp(&(name != b".", name))
        };
        let position = shelf.order.binary_search_by(by_name).ok()?;
        let entry = self.decode(shelf, position)?;
        Some((shelf.before + position, entry))
    }

    fn decode(&self, shelf: &Shelf, position: usize) -> Option<ManifestEntry> {
        let begin = *shelf.order.get(position)?;
        let record = PackedRecord::read(&shelf.bytes, begin as usize)?;
        let path = if shelf.path.is_empty() {
            record.name.to_vec()
        } else {
            [&shelf.path, b"/".as_slice(), record.name].concat()
        };
        let group = record.group.and_then(|group| self.groups.get(group));
        let group = group.filter(|group| group.is_link());
        let hard_link = group.map(|group| group.first.clone());
        if let Some(read) = group.and_then(|group| group.read.as_deref()) {
            return Some(ManifestEntry {
                path,
                hard_link,
                ..read.clone()
            });
        }
        let class = self.classes.get(record.class)?;
        Some(ManifestEntry {
            path,
            kind: class.kind,
            mode: class.mode,
            uid: class.uid,
            gid: class.gid,
            size: record.size,
            mtime: record.mtime,
            sha256: record.sha256,
            target: record.target.map(<[u8]>::to_vec),
            device: class.device,
            hard_link,
            xattrs: class.xattrs.clone(),
            flags: class.flags,
        })
    }
}

/// The place of an iteration on one shelf, and in the folders below it.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    shelf: usize,
    position: usize,
    child: usize,
}

/// Where all entries stand, one after the other.
#[derive(Debug)]
struct PackedPositions<'a> {
    packed: &'a PackedEntries,
    /// The shelves that are open, the root's first.
    stack: Vec<Level>,
}

impl<'a> Iterator for PackedPositions<'a> {
    /// A shelf, and the position on it.
    type Item = (&'a Shelf, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let level = self.stack.last_mut()?;
            let shelf = self.packed.shelves.get(level.shelf)?;
            let child = shelf.children.get(level.child).copied();
            let folder = child.and_then(|child| self.packed.shelves.get(child));
            match (
                shelf.name_at(level.position),
                folder.map(Shelf::folder_name),
            ) {
                (None, None) => {
                    self.stack.pop();
                }
                // A folder's own entry comes before what is in it.
                (Some(name), folder)
                    if folder.is_none_or(|folder| name == b"." || name <= folder) =>
                {
                    let position = level.position;
                    level.position += 1;
                    return Some((shelf, position));
                }
                _ => {
                    level.child += 1;
                    let shelf = child?;
                    self.stack.push(Level {
                        shelf,
                        ..Level::default()
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
