//! Hard links: which name a file with several was first copied under.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::tree::walk::name::Place;
use crate::tree::walk::stat::Stat;

/// Where a file's first name stands in the target.
#[derive(Debug, Clone)]
pub(super) struct First {
    pub place: Arc<Place>,
    pub name: CString,
}

#[derive(Debug)]
struct Group {
    /// `None` while the first name is being copied.
    first: Option<First>,
    /// Names that haven't been met yet.
    left: u32,
}

/// Files with several names, until all of them have been met.
#[derive(Debug, Default)]
pub(super) struct Links {
    groups: Mutex<HashMap<(u64, u64), Group>>,
    copied: Condvar,
}

/// What to do about a name.
#[derive(Debug)]
pub(super) enum Turn {
    /// It is the first of its file: copy it, then call [`Links::copied`] as soon as it is
    /// in the target, and [`Links::settle`] in any case.
    Copy,
    /// The file is there under that name: link it.
    Link(First),
}

impl Links {
    /// Meets a name of the file that `stat` is of; waits while another thread copies it.
    pub(super) fn meet(&self, stat: &Stat) -> Turn {
        let key = (stat.dev, stat.ino);
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(group) = groups.get_mut(&key) else {
                let left = stat.links.saturating_sub(1);
                groups.insert(key, Group { first: None, left });
                return Turn::Copy;
            };
            if let Some(first) = group.first.clone() {
                group.left = group.left.saturating_sub(1);
                if group.left == 0 {
                    groups.remove(&key);
                }
                return Turn::Link(first);
            }
            // Whoever copies it waits for nobody, so this ends.
            groups = self
                .copied
                .wait(groups)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The first name is in the target.
    pub(super) fn copied(&self, stat: &Stat, first: First) {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = groups.get_mut(&(stat.dev, stat.ino)) {
            group.first = Some(first);
        }
        self.copied.notify_all();
    }

    /// Whoever was to copy the first name is done. If it didn't come to that, the next name
    /// that is met is tried instead.
    pub(super) fn settle(&self, stat: &Stat) {
        let key = (stat.dev, stat.ino);
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if groups.get(&key).is_some_and(|group| group.first.is_none()) {
            groups.remove(&key);
        }
        self.copied.notify_all();
    }
}
