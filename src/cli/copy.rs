//! `transship copy`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::failure::Failure;
use super::size;
use super::ui::{Done, Ui};
use crate::error::Kind;
use crate::fs::Disk;
use crate::tree::{self, Against, Copied, CopyOptions, Difference, Survey, VerifyOptions};

/// Copy a tree with all of its metadata.
///
/// Kept are contents, holes, modes, owners, times, extended attributes, ACLs,
/// capabilities, hard links, symlinks, fifos, sockets and devices. DST must not exist, or
/// be an empty folder; it appears when it is complete. What can't be kept is listed, and
/// the exit code is then 4.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tree to copy
    source: PathBuf,
    /// Where to
    target: PathBuf,
    /// Read the copy back and compare it with what was copied
    #[arg(long)]
    verify: bool,
    /// Only say what would be copied
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct CopyJson<'a> {
    source: &'a Path,
    target: &'a Path,
    files: u64,
    folders: u64,
    bytes: u64,
    sha256: Option<String>,
    verified: bool,
    lost: Vec<String>,
}

pub(super) fn run(args: &Args, ui: &Ui) -> Result<Done, Failure> {
    let survey = tree::survey(&args.source)?;
    if args.dry_run {
        return announce(&args.source, &args.target, &survey, ui);
    }
    let options = CopyOptions {
        digest: args.verify,
        expected_bytes: Some(survey.bytes),
        ..CopyOptions::default()
    };
    copy(&args.source, &args.target, &options, ui)
}

/// Copies, verifies where digests are wanted, and reports.
pub(super) fn copy(
    source: &Path,
    target: &Path,
    options: &CopyOptions,
    ui: &Ui,
) -> Result<Done, Failure> {
    let copied = tree::copy(&Disk::new(), source, target, options, ui.progress())?;
    let mut differences = Vec::new();
    if let Some(manifest) = &copied.manifest {
        let options = VerifyOptions::default();
        differences = tree::verify(target, Against::Manifest(manifest), &options, ui.progress())?;
    }
    finish((source, target), &copied, &differences, options.digest, ui)
}

/// Reports a copy, and fails where it isn't one in full.
pub(super) fn finish(
    (source, target): (&Path, &Path),
    copied: &Copied,
    differences: &[Difference],
    verify: bool,
    ui: &Ui,
) -> Result<Done, Failure> {
    report(source, target, copied, verify, ui)?;
    for problem in &copied.problems {
        ui.warn(&problem.to_string());
    }
    for difference in differences {
        ui.warn(&format!("the copy differs: {difference}"));
    }
    if copied.problems.is_empty() && differences.is_empty() {
        return Ok(Done::Same);
    }
    let lost = copied.problems.len() as u64 + copied.problems_left_out + differences.len() as u64;
    Err(Failure::new(
        Kind::Failed,
        format!("the copy lacks {}", size::count(lost, "thing")),
    )
    .hint("run it as root, onto a filesystem of the same kind"))
}

pub(super) fn announce(
    source: &Path,
    target: &Path,
    survey: &Survey,
    ui: &Ui,
) -> Result<Done, Failure> {
    if ui.json {
        ui.json(survey)?;
    } else {
        let (files, bytes) = (
            size::count(survey.files + survey.others, "file"),
            size::human(survey.bytes),
        );
        ui.line(&format!(
            "would copy {files}, {bytes}, from {} to {}",
            source.display(),
            target.display()
        ))?;
    }
    Ok(Done::Same)
}

fn report(
    source: &Path,
    target: &Path,
    copied: &Copied,
    verified: bool,
    ui: &Ui,
) -> Result<(), Failure> {
    let sha256 = copied.manifest.as_ref().map(tree::Manifest::digest);
    if ui.json {
        return ui.json(&CopyJson {
            source,
            target,
            files: copied.counts.files,
            folders: copied.counts.directories,
            bytes: copied.counts.bytes,
            sha256,
            verified,
            lost: copied.problems.iter().map(ToString::to_string).collect(),
        });
    }
    let verified = if verified { ", verified" } else { "" };
    let (files, bytes) = (
        size::count(copied.counts.files, "file"),
        size::human(copied.counts.bytes),
    );
    ui.line(&format!(
        "copied {files}, {bytes}, to {}{verified}",
        target.display()
    ))
}
