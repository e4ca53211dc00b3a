//! The tally of a copy: what was copied, what was lost, what failed. Filled from several
//! threads.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::options::MAX_PROBLEMS;
use crate::tree::error::{Cause, FailedFile, Lost, Problem};
use crate::tree::walk::survey::SurveyCounts;

/// Counts, problems and failures.
#[derive(Default)]
pub(super) struct Tally {
    pub counts: SurveyCounts,
    problems_left_out: AtomicU64,
    problems: Mutex<Vec<Problem>>,
    failed: Mutex<Vec<FailedFile>>,
}

impl Tally {
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
        failed.push(FailedFile { path, cause });
    }

    pub(super) fn into_parts(self) -> (Vec<Problem>, u64, Vec<FailedFile>) {
        let problems = self.problems.into_inner();
        let failed = self.failed.into_inner();
        (
            problems.unwrap_or_else(PoisonError::into_inner),
            self.problems_left_out.into_inner(),
            failed.unwrap_or_else(PoisonError::into_inner),
        )
    }
}
