//! Holding what a scan finds against a manifest, entry by entry, so that nothing of the tree
//! that is scanned has to be kept.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::collector::{Collector, ExpectedFile, FoundEntry, Sink};
use super::difference::{Difference, VerifyScope, differences_of, extra, missing};
use crate::tree::manifest::{EntryKind, Manifest, ManifestEntry};

/// Compares what it is given, in any order and from several threads, with what is expected.
pub(crate) struct Checker<'a> {
    expected: &'a Manifest,
    scope: VerifyScope,
    /// A bit for each expected entry, set once it was met; the rest is missing in the end.
    seen: Vec<AtomicU64>,
    differences: Mutex<Vec<Difference>>,
    /// Files with several names: which of them are in the tree is known in the end.
    linked: Collector,
    /// What those were to have, by path, where the manifest doesn't know.
    linked_expected: Mutex<BTreeMap<Vec<u8>, ExpectedFile>>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(expected: &'a Manifest, scope: VerifyScope) -> Self {
        let words = expected.len().div_ceil(64);
        Self {
            expected,
            scope,
            seen: (0..words).map(|_| AtomicU64::new(0)).collect(),
            differences: Mutex::default(),
            linked: Collector::default(),
            linked_expected: Mutex::default(),
        }
    }

    fn counts(&self, entry: &ManifestEntry) -> bool {
        !self.expected.is_files_only() || entry.kind == EntryKind::File
    }

    fn check(&self, found: &ManifestEntry, more: Option<&ExpectedFile>) {
        if !self.counts(found) {
            return;
        }
        let mut differences = Vec::new();
        match self.expected.find(&found.path) {
            Some((number, mut expected)) => {
                if let Some(more) = more {
                    expected.sha256 = more.digest;
                    expected.xattrs.clone_from(&more.xattrs);
                    expected.flags = Some(more.flags);
                }
                self.seen[number / 64].fetch_or(1 << (number % 64), Relaxed);
                differences_of(&expected, found, self.scope, &mut differences);
            }
            None => differences.push(extra(found)),
        }
        if !differences.is_empty() {
            let all = self.differences.lock();
            all.unwrap_or_else(PoisonError::into_inner)
                .append(&mut differences);
        }
    }

    /// Every difference that was found, in [`path_order`](crate::tree::path_order).
    pub(crate) fn finish(mut self) -> Vec<Difference> {
        let linked = std::mem::take(&mut self.linked).finish();
        let more = std::mem::take(&mut self.linked_expected).into_inner();
        let more = more.unwrap_or_else(PoisonError::into_inner);
        for entry in linked.entries() {
            self.check(&entry, more.get(&entry.path));
        }
        let differences = self.differences.into_inner();
        let mut differences = differences.unwrap_or_else(PoisonError::into_inner);
        let seen = |number: usize| self.seen[number / 64].load(Relaxed) >> (number % 64) & 1 == 1;
        differences.extend(self.expected.entries_but(seen).map(missing));
        differences.sort_by(|a, b| crate::tree::manifest::path_order(&a.path, &b.path));
        differences
    }
}

impl Sink for Checker<'_> {
    fn take(&self, found: &FoundEntry) {
        if !found.is_linked() {
            return self.check(found.entry(), found.expected());
        }
        self.linked.take(found);
        if let Some(expected) = found.expected() {
            let path = found.entry().path.clone();
            let all = self.linked_expected.lock();
            let mut all = all.unwrap_or_else(PoisonError::into_inner);
            all.insert(path, expected.clone());
        }
    }
}
