//! Hard links: which name a file with several was first copied under.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::tree::walk::dir_chain::DirChain;
use crate::tree::walk::stat::{FileId, Stat};

/// Where a file's first name stands in the target.
#[derive(Debug, Clone)]
pub(super) struct FirstName {
    pub place: Arc<DirChain>,
    pub name: CString,
}

#[derive(Debug)]
struct PendingLinks {
    /// `None` while the first name is being copied.
    first: Option<FirstName>,
    /// Names that haven't been met yet.
    left: u32,
}

/// Files with several names, until all of them have been met.
#[derive(Debug, Default)]
pub(super) struct Links {
    groups: Mutex<HashMap<FileId, PendingLinks>>,
    copied: Condvar,
}

/// What to do about a name.
#[derive(Debug)]
pub(super) enum LinkTurn {
    /// It is the first of its file: copy it, then call [`Links::copied`] as soon as it is
    /// in the target, and [`Links::settle`] in any case.
    Copy,
    /// The file is there under that name: link it.
    Link(FirstName),
}

impl Links {
    /// Meets a name of the file that `stat` is of; waits while another thread copies it.
    pub(super) fn meet(&self, stat: &Stat) -> LinkTurn {
        let key = stat.id();
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(group) = groups.get_mut(&key) else {
                let left = stat.links.saturating_sub(1);
                groups.insert(key, PendingLinks { first: None, left });
                return LinkTurn::Copy;
            };
            if let Some(first) = group.first.clone() {
                group.left = group.left.saturating_sub(1);
                if group.left == 0 {
                    groups.remove(&key);
                }
                return LinkTurn::Link(first);
            }
            // Whoever copies it waits for nobody, so this ends.
            groups = self
                .copied
                .wait(groups)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The first name is in the target.
    pub(super) fn copied(&self, stat: &Stat, first: FirstName) {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = groups.get_mut(&stat.id()) {
            group.first = Some(first);
        }
        self.copied.notify_all();
    }

    /// Whoever was to copy the first name is done. If it didn't come to that, the next name
    /// that is met is tried instead.
    pub(super) fn settle(&self, stat: &Stat) {
        let key = stat.id();
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if groups.get(&key).is_some_and(|group| group.first.is_none()) {
            groups.remove(&key);
        }
        self.copied.notify_all();
    }
}
