//! The tally of a copy: what was copied, what was lost, what failed. Filled from several
//! threads.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use rustix::fs::FileType;

use super::options::MAX_PROBLEMS;
use crate::tree::error::{Cause, Failure, Lost, Problem};
use crate::tree::walk::stat::Stat;
use crate::tree::walk::survey::Survey;

/// Counts, problems and failures.
#[derive(Default)]
pub(super) struct Tally {
    files: AtomicU64,
    directories: AtomicU64,
    others: AtomicU64,
    bytes: AtomicU64,
    allocated: AtomicU64,
    problems_left_out: AtomicU64,
    problems: Mutex<Vec<Problem>>,
    failed: Mutex<Vec<Failure>>,
}

impl Tally {
    pub(super) fn count(&self, stat: &Stat) {
        let counter = match stat.kind {
            FileType::RegularFile => {
                self.bytes.fetch_add(stat.size, Relaxed);
                &self.files
            }
            FileType::Directory => &self.directories,
            _ => &self.others,
        };
        counter.fetch_add(1, Relaxed);
        self.allocated.fetch_add(stat.allocated, Relaxed);
    }

    pub(super) fn survey(&self) -> Survey {
        Survey {
            files: self.files.load(Relaxed),
            directories: self.directories.load(Relaxed),
            others: self.others.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            allocated: self.allocated.load(Relaxed),
        }
    }

    pub(super) fn problem(&self, path: Vec<u8>, lost: Lost, reason: String) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        if problems.len() < MAX_PROBLEMS {
            problems.push(Problem { path, lost, reason });
        } else {
            self.problems_left_out.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn fail(&self, path: Vec<u8>, cause: Cause) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.push(Failure { path, cause });
    }

    pub(super) fn into_parts(self) -> (Vec<Problem>, u64, Vec<Failure>) {
        let problems = self.problems.into_inner();
        let failed = self.failed.into_inner();
        (
            problems.unwrap_or_else(PoisonError::into_inner),
            self.problems_left_out.into_inner(),
            failed.unwrap_or_else(PoisonError::into_inner),
        )
    }
}
