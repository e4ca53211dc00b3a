//! What a walk has still to do.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ffi::CString;
use std::ops::Range;
use std::sync::Arc;

use super::dir_chain::DirChain;
use super::stat::Listing;
use super::walk::{Folder, Visit};
use crate::tree::error::Error;

/// The folder that a directory to be entered is in.
pub(crate) enum ParentFolder<B> {
    Open(Arc<Folder<B>>),
    /// Closed, since too many are open; to be opened again from the root.
    Closed(Arc<DirChain>),
}

pub(crate) enum Job<V: Visit> {
    Enter(ParentFolder<V::Counterpart>, CString),
    Entries(Arc<Folder<V::Counterpart>>, Arc<Listing>, Range<usize>),
    Task(LargeTask<V>),
}

/// A task, ordered by its size.
pub(crate) struct LargeTask<V: Visit> {
    pub size: u64,
    pub folder: Arc<Folder<V::Counterpart>>,
    pub task: V::Task,
}

impl<V: Visit> Ord for LargeTask<V> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.size.cmp(&other.size)
    }
}

impl<V: Visit> PartialOrd for LargeTask<V> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<V: Visit> PartialEq for LargeTask<V> {
    fn eq(&self, other: &Self) -> bool {
        self.size == other.size
    }
}

impl<V: Visit> Eq for LargeTask<V> {}

/// The jobs, and who is at them. Those on large files are done first, the largest before all
/// others; then what came last.
pub(crate) struct Jobs<V: Visit> {
    jobs: Vec<Job<V>>,
    large: BinaryHeap<LargeTask<V>>,
    /// Threads that are at a job, which may bring more.
    pub busy: usize,
    pub failed: Option<Error>,
}

impl<V: Visit> Jobs<V> {
    pub(crate) fn new() -> Self {
        Self {
            jobs: Vec::new(),
            large: BinaryHeap::new(),
            busy: 0,
            failed: None,
        }
    }

    /// Takes them; answers how many that were.
    pub(crate) fn push(&mut self, jobs: impl IntoIterator<Item = Job<V>>) -> usize {
        let mut pushed = 0;
        for job in jobs {
            pushed += 1;
            match job {
                Job::Task(large) => self.large.push(large),
                job => self.jobs.push(job),
            }
        }
        pushed
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.large.is_empty()
    }

    pub(crate) fn pop(&mut self) -> Option<Job<V>> {
        let large = self.large.pop().map(Job::Task);
        large.or_else(|| self.jobs.pop())
    }

    pub(crate) fn clear(&mut self) {
        self.jobs.clear();
        self.large.clear();
    }
}
