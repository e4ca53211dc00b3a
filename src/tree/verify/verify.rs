//! Verifying: what differs between a tree and another, or a manifest.
//!
//! The comparison itself is a function of two manifests; only what is known on both sides
//! is compared. Everything that differs is listed, none hides another.

use std::cmp::Ordering;
use std::path::Path;

use super::checker::Checker;
use super::collector::Collector;
use super::difference::{Difference, VerifyOptions, differences_of, extra, missing};
use super::scan_options::ScanOptions;
use super::scanner::scan;
use super::unseen::Unseen;
use crate::progress::Progress;
use crate::tree::error::Error;
use crate::tree::manifest::{EntryKind, Manifest, ManifestEntry, path_order};
use crate::tree::walk::survey::Survey;

/// The side that is expected in a comparison.
#[derive(Debug, Clone, Copy)]
pub enum Against<'a> {
    /// Another tree, which is what is expected.
    Tree(&'a Path),
    /// A manifest.
    Manifest(&'a Manifest),
}

/// The result of a verification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Everything that differs, in the order of the paths.
    pub differences: Vec<Difference>,
    /// How much the verified tree holds, in names and bytes.
    pub counts: Survey,
}

/// Compares the tree at `tree` with what is expected; reads back every file of it whose
/// contents are in question.
///
/// # Errors
/// [`Error::Read`] for the first file that can't be read; [`Error::Interrupted`].
pub fn verify(
    tree: &Path,
    against: Against<'_>,
    options: &VerifyOptions,
    progress: &dyn Progress,
) -> Result<Vec<Difference>, Error> {
    verify_and_count(tree, against, options, progress).map(|verified| verified.differences)
}

/// [`verify`], and how much that was.
///
/// # Errors
/// Those of [`verify`].
pub fn verify_and_count(
    tree: &Path,
    against: Against<'_>,
    options: &VerifyOptions,
    progress: &dyn Progress,
) -> Result<Verified, Error> {
    let how = ScanOptions::from(options);
    let made;
    let mut unseen = Vec::new();
    let expected = match against {
        Against::Tree(expected) if expected.is_dir() && tree.is_dir() => {
            return verify_trees(tree, expected, options, progress);
        }
        Against::Tree(expected) => {
            let collector = Collector::default();
            unseen = scan(expected, how, &collector, progress)?.unseen;
            made = collector.finish();
            &made
        }
        Against::Manifest(expected) => match expected.without(&options.exclude) {
            Some(left) => {
                made = left;
                &made
            }
            None => expected,
        },
    };
    let checker = Checker::new(expected, options.scope);
    let scanned = scan(tree, how, &checker, progress)?;
    unseen.extend(scanned.unseen);
    Ok(concluded(checker, unseen, scanned.counts))
}

/// What isn't known of either side counts as a difference.
fn concluded(checker: Checker<'_>, mut unseen: Vec<Unseen>, counts: Survey) -> Verified {
    let mut differences = checker.finish();
    unseen.sort_by(|a, b| path_order(&a.path, &b.path));
    unseen.dedup();
    differences.extend(unseen.iter().map(Unseen::difference));
    differences.sort_by(|a, b| path_order(&a.path, &b.path));
    Verified {
        differences,
        counts,
    }
}

/// Two directories: their metadata first, then the bytes of files of equal size, side by side.
fn verify_trees(
    tree: &Path,
    expected: &Path,
    options: &VerifyOptions,
    progress: &dyn Progress,
) -> Result<Verified, Error> {
    let how = ScanOptions::from(options);
    let collector = Collector::default();
    let mut unseen = scan(expected, how.expected(), &collector, progress)?.unseen;
    let manifest = collector.finish();
    let checker = Checker::new(&manifest, options.scope);
    let scanned = scan(tree, how.against(expected), &checker, progress)?;
    unseen.extend(scanned.unseen);
    Ok(concluded(checker, unseen, scanned.counts))
}

/// What differs between two manifests, in the order of the paths.
pub fn compare(expected: &Manifest, found: &Manifest, options: &VerifyOptions) -> Vec<Difference> {
    let (left_of_a, left_of_b) = (
        expected.without(&options.exclude),
        found.without(&options.exclude),
    );
    let expected = left_of_a.as_ref().unwrap_or(expected);
    let found = left_of_b.as_ref().unwrap_or(found);
    let files_only = expected.is_files_only() || found.is_files_only();
    let counts = |entry: &ManifestEntry| !files_only || entry.kind == EntryKind::File;
    let mut left = expected.entries().filter(counts).peekable();
    let mut right = found.entries().filter(counts).peekable();
    let mut differences = Vec::new();
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) => path_order(&a.path, &b.path),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return differences,
        };
        let a = if order.is_le() { left.next() } else { None };
        let b = if order.is_ge() { right.next() } else { None };
        match (a, b) {
            (Some(a), Some(b)) => differences_of(&a, &b, options.scope, &mut differences),
            (Some(a), None) => differences.push(missing(a)),
            (None, Some(b)) => differences.push(extra(&b)),
            (None, None) => return differences,
        }
    }
}
