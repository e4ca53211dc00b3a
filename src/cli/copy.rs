//! `transship copy`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::consent::{self, can_ask};
use super::options::RemovalArgs;
use super::terminal::failure::Failure;
use super::terminal::size;
use super::terminal::ui::{Done, Ui};
use crate::error::{Kind, root_hint};
use crate::fs::Disk;
use crate::tree::{
    self, Against, Copied, CopyOptions, Difference, Exclude, Foretold, Removals, Survey, Updated,
    VerifyOptions,
};

/// How many of the files that couldn't be read are listed.
const MAX_FAILED: usize = 100;

/// Copy a tree with all of its metadata.
///
/// Kept are contents, holes, modes, owners, times, extended attributes, ACLs,
/// capabilities, hard links, symlinks, fifos, sockets and devices. DST must not exist, or
/// be an empty folder; it appears when it is complete. What can't be kept is listed, and
/// the exit code is then 4. What an interrupted copy left behind is removed by the next one
/// to the same place.
///
/// With --update, DST may be an earlier copy, or a mounted disk: only what differs is copied, and
/// what is gone from SRC is removed. Each file is replaced in one step; interrupted, it is to be run
/// again. Where SRC is empty, more than half of DST would go, or nothing in DST is as in SRC, nothing
/// is done unless --delete-all or --max-delete says that it is meant (exit code 3).
///
/// SRC and DST may be symlinks, which are followed, and single files.
#[derive(Debug, clap::Args)]
pub(super) struct CopyArgs {
    /// The tree to copy
    source: PathBuf,
    /// Where to
    target: PathBuf,
    #[command(flatten)]
    how: CopyFlags,
    /// Only say what would be copied; with --update, what differs
    #[arg(long)]
    dry_run: bool,
}

/// How a tree is copied.
#[derive(Debug, Clone, Default, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line of its own"
)]
pub(super) struct CopyFlags {
    /// Read the copy back and compare it with what was copied
    #[arg(long)]
    verify: bool,
    /// With --verify: read it from the disk rather than from what is cached of it
    #[arg(long, requires = "verify")]
    media: bool,
    /// Bring an earlier copy up to date: copy what differs, remove what is gone
    #[arg(long)]
    update: bool,
    /// With --update: compare files by content, not by size and time alone
    #[arg(long, requires = "update")]
    checksum: bool,
    #[command(flatten)]
    removals: RemovalArgs,
    /// Leave out what matches, as rsync does: `*.log`, `cache/`, `/top/*`; repeatable
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Take what changes while it is copied as it comes, and list it: the first pass over a
    /// tree that is in use, before --update
    #[arg(long)]
    live: bool,
    /// Copy what is mounted within the tree, too
    #[arg(long)]
    cross_mounts: bool,
    /// Copy all blocks, where the filesystem could share them
    #[arg(long)]
    no_reflink: bool,
    /// Don't wait until the copy is on the disk
    #[arg(long)]
    no_sync: bool,
}

impl CopyFlags {
    /// The plain way, verified or not, of what is in use or isn't.
    pub(super) fn plain(verify: bool, live: bool) -> Self {
        Self {
            verify,
            live,
            ..Self::default()
        }
    }

    fn options(&self) -> CopyOptions {
        CopyOptions {
            digest: self.verify,
            exclude: Exclude::new(&self.exclude),
            sync: !self.no_sync,
            one_file_system: !self.cross_mounts,
            live: self.live,
            reflink: !self.no_reflink,
            checksum: self.checksum,
            removals: self.removals.removals(),
            ..CopyOptions::default()
        }
    }

    /// The same, whatever goes.
    fn removing_all(&self) -> CopyOptions {
        CopyOptions {
            removals: Removals::All,
            ..self.options()
        }
    }

    fn verifying(&self) -> VerifyOptions {
        VerifyOptions {
            exclude: Exclude::new(&self.exclude),
            media: self.media,
            cross_mounts: self.cross_mounts,
            ..VerifyOptions::default()
        }
    }
}

#[derive(Serialize)]
struct CopyJson<'a> {
    source: &'a Path,
    target: &'a Path,
    files: u64,
    folders: u64,
    bytes: u64,
    /// Of an update: things that were removed, and things of which attributes were set.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adjusted: Option<u64>,
    sha256: Option<String>,
    verified: bool,
    lost: Vec<String>,
    lost_left_out: u64,
    differences: &'a [Difference],
}

/// What `--update` would do.
#[derive(Serialize)]
struct ForetoldJson<'a> {
    files: u64,
    bytes: u64,
    removed: u64,
    adjusted: u64,
    differences: &'a [Difference],
}

impl<'a> ForetoldJson<'a> {
    fn of(foretold: &'a Foretold) -> Self {
        let Updated {
            copied,
            removed,
            adjusted,
        } = &foretold.updated;
        Self {
            files: copied.counts.all_files(),
            bytes: copied.counts.bytes,
            removed: *removed,
            adjusted: *adjusted,
            differences: &foretold.differences,
        }
    }
}

pub(super) fn run(args: &CopyArgs, ui: &Ui) -> Result<Done, Failure> {
    // A first run of a script that updates has nothing to update yet.
    let update = args.how.update && args.target.symlink_metadata().is_ok();
    match (args.dry_run, update) {
        (true, true) => foretell(args, ui),
        (true, false) => {
            let survey = tree::foretell_copy(&args.source, &args.target, &args.how.options())?;
            announce(&args.source, &args.target, &survey, ui)
        }
        (false, true) => update_tree(&args.source, &args.target, &args.how, ui),
        (false, false) => copy(&args.source, &args.target, &args.how, ui),
    }
}

/// Copies, verifies where that is wanted, and reports.
pub(super) fn copy(
    source: &Path,
    target: &Path,
    how: &CopyFlags,
    ui: &Ui,
) -> Result<Done, Failure> {
    let copied = tree::copy(&Disk::new(), source, target, &how.options(), ui.progress())
        .map_err(|error| refuse(error, ui))?;
    ui.acted();
    let mut differences = Vec::new();
    if let Some(manifest) = &copied.manifest {
        let against = Against::Manifest(manifest);
        differences = tree::verify(target, against, &how.verifying(), ui.progress())?;
    }
    finish(source, target, &copied, &differences, how, ui)
}

/// Reports a copy, and what it lacks.
pub(super) fn finish(
    source: &Path,
    target: &Path,
    copied: &Copied,
    differences: &[Difference],
    how: &CopyFlags,
    ui: &Ui,
) -> Result<Done, Failure> {
    report(source, target, copied, None, how, differences, ui)?;
    Ok(conclude(copied, differences, ui))
}

fn update_tree(source: &Path, target: &Path, how: &CopyFlags, ui: &Ui) -> Result<Done, Failure> {
    let update =
        |options: &CopyOptions| tree::update(&Disk::new(), source, target, options, ui.progress());
    let updated = match update(&how.options()) {
        Err(error) if is_much(&error) && can_ask(ui) => {
            let all = how.removing_all();
            list(&tree::foretell(source, target, &all, ui.progress())?, ui)?;
            ui.warn(&error.to_string());
            consent::ask(ui, "--delete-all")?;
            update(&all)
        }
        updated => updated,
    };
    let updated = updated.map_err(|error| refuse(error, ui))?;
    ui.acted();
    let mut differences = Vec::new();
    if how.verify {
        let against = Against::Tree(source);
        differences = tree::verify(target, against, &how.verifying(), ui.progress())?;
    }
    let copied = &updated.copied;
    report(
        source,
        target,
        copied,
        Some(&updated),
        how,
        &differences,
        ui,
    )?;
    Ok(conclude(copied, &differences, ui))
}

/// What `--update` would do.
fn foretell(args: &CopyArgs, ui: &Ui) -> Result<Done, Failure> {
    let foretell =
        |options: &CopyOptions| tree::foretell(&args.source, &args.target, options, ui.progress());
    match foretell(&args.how.options()) {
        Err(error) if is_much(&error) && !ui.json => {
            list(&foretell(&args.how.removing_all())?, ui)?;
            Err(error.into())
        }
        foretold => announce_update(&foretold?, ui),
    }
}

/// True where so much would be removed that it may be a mistake.
const fn is_much(error: &tree::Error) -> bool {
    matches!(error, tree::Error::TooManyRemovals { .. })
}

pub(super) fn announce_update(foretold: &Foretold, ui: &Ui) -> Result<Done, Failure> {
    if ui.json {
        ui.json(
            "transship-copy-update-foretold",
            &ForetoldJson::of(foretold),
        )?;
        return Ok(Done::Same);
    }
    list(foretold, ui)?;
    for problem in &foretold.updated.copied.problems {
        ui.warn(&problem.to_string());
    }
    let Updated {
        copied,
        removed,
        adjusted,
    } = &foretold.updated;
    let files = size::count(copied.counts.all_files(), "file");
    let bytes = size::human(copied.counts.bytes);
    ui.say(&format!(
        "would copy {files}, {bytes}, {removed} removed, {adjusted} adjusted"
    ));
    Ok(Done::Same)
}

/// What an update would change, line by line.
fn list(foretold: &Foretold, ui: &Ui) -> Result<(), Failure> {
    for difference in &foretold.differences {
        ui.line(&difference.to_string())?;
    }
    Ok(())
}

/// Lists the files that stood against a copy: the message itself names but the first.
pub(super) fn refuse(error: tree::Error, ui: &Ui) -> Failure {
    if let tree::Error::Incomplete { failed, .. } = &error {
        for failure in failed.iter().take(MAX_FAILED) {
            ui.warn(&failure.to_string());
        }
        let more = failed.len().saturating_sub(MAX_FAILED);
        if more > 0 {
            ui.warn(&format!("and {}", size::count(more as u64, "other file")));
        }
    }
    error.into()
}

/// Says what is missing in the copy, and makes it the exit code.
fn conclude(copied: &Copied, differences: &[Difference], ui: &Ui) -> Done {
    for problem in &copied.problems {
        ui.warn(&problem.to_string());
    }
    if copied.problems_left_out > 0 {
        let count = copied.problems_left_out;
        ui.warn(&format!("and {count} more of what could not be kept"));
    }
    for difference in differences {
        ui.warn(&format!("the copy differs: {difference}"));
    }
    let lost = copied.problems.len() + differences.len();
    let lost = lost as u64 + copied.problems_left_out;
    if lost == 0 {
        return Done::Same;
    }
    let lost = size::count(lost, "difference");
    let message = format!("the copy isn't as its source: {lost}, told above");
    let hints = root_hint(
        "run it as root, onto a filesystem of the same kind",
        Some("copy it onto a filesystem of the same kind"),
    );
    let failure = Failure::new(Kind::Failed, message);
    ui.fail_in_words(&Failure { hints, ..failure });
    Done::Incomplete
}

pub(super) fn announce(
    source: &Path,
    target: &Path,
    survey: &Survey,
    ui: &Ui,
) -> Result<Done, Failure> {
    if ui.json {
        ui.json("transship-copy-foretold", survey)?;
    } else {
        let (files, bytes) = (
            size::count(survey.all_files(), "file"),
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
    updated: Option<&Updated>,
    how: &CopyFlags,
    differences: &[Difference],
    ui: &Ui,
) -> Result<(), Failure> {
    let verified = how.verify && differences.is_empty();
    if ui.json {
        return ui.json(
            "transship-copy",
            &CopyJson {
                source,
                target,
                files: copied.counts.all_files(),
                folders: copied.counts.directories,
                bytes: copied.counts.bytes,
                removed: updated.map(|updated| updated.removed),
                adjusted: updated.map(|updated| updated.adjusted),
                sha256: copied.manifest.as_ref().map(tree::Manifest::digest),
                verified,
                lost: copied.problems.iter().map(ToString::to_string).collect(),
                lost_left_out: copied.problems_left_out,
                differences,
            },
        );
    }
    let (files, bytes) = (
        size::count(copied.counts.all_files(), "file"),
        size::human(copied.counts.bytes),
    );
    let changed = updated.map_or_else(String::new, |updated| {
        let (removed, adjusted) = (updated.removed, updated.adjusted);
        format!(", {removed} removed, {adjusted} adjusted")
    });
    let verified = if verified { ", verified" } else { "" };
    ui.line(&format!(
        "copied {files}, {bytes}, to {}{changed}{verified}",
        target.display()
    ))
}
