//! What the receiver has already, as the sender judges it.

use std::collections::HashMap;

use crate::tree::manifest::{EntryKind, Manifest, ManifestEntry};
use crate::tree::walk::stat::{FileId, Stat};

/// Entries of the receiver, by path.
#[derive(Default)]
pub(super) struct AlreadyThere {
    entries: HashMap<Vec<u8>, ManifestEntry>,
    /// The receiver's files with several names, and the file here that they are taken for.
    taken: HashMap<Vec<u8>, FileId>,
}

impl AlreadyThere {
    pub(super) fn new(manifest: Option<&Manifest>) -> Self {
        let entries = manifest.into_iter().flat_map(Manifest::entries);
        Self {
            entries: entries.map(|entry| (entry.path.clone(), entry)).collect(),
            taken: HashMap::new(),
        }
    }

    /// True if the receiver's contents of `path` may stay: equal in type, size and
    /// modification time, in the target of a symlink, in the number of a device. Attributes
    /// are sent in any case.
    pub(super) fn has(&mut self, path: &[u8], stat: &Stat, target: Option<&[u8]>) -> bool {
        let Some(entry) = self.entries.get(path) else {
            return false;
        };
        let same = entry.kind == EntryKind::of(stat.kind)
            && match entry.kind {
                EntryKind::File => {
                    let time = entry.mtime.map(|t| (t.seconds, i64::from(t.nanoseconds)));
                    let here = (stat.modified.tv_sec, stat.modified.tv_nsec);
                    entry.size == Some(stat.size) && time == Some(here)
                }
                EntryKind::Symlink => entry.target.as_deref() == target,
                EntryKind::CharacterDevice | EntryKind::BlockDevice => {
                    let (major, minor) = (
                        rustix::fs::major(stat.device),
                        rustix::fs::minor(stat.device),
                    );
                    entry.device == Some((major, minor))
                }
                _ => true,
            };
        if !same {
            return false;
        }
        match &entry.hard_link {
            None => true,
            // A name of another file over there can't be one of its own here.
            Some(_) if stat.links == 1 => false,
            Some(first) => {
                let here = stat.id();
                *self.taken.entry(first.clone()).or_insert(here) == here
            }
        }
    }
}
