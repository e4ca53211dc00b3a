//! `transship release`.

mod bad;
mod prune;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;

use super::install_place::InstallArg;
use super::terminal::failure::Failure;
use super::terminal::table;
use super::terminal::ui::{Done, Ui};
use crate::fs::Disk;
use crate::release::{BadReleases, InstallError, NewRelease, Release, Version};
use crate::upgrade::running::release_use::{ReleaseSwitch, use_release};

/// List, stage, switch and remove releases.
#[derive(Debug, Subcommand)]
pub(super) enum ReleaseCommand {
    Ls(ReleaseLs),
    New(ReleaseNew),
    Use(ReleaseUse),
    Prune(prune::ReleasePrune),
    Bad(bad::ReleaseBad),
}

/// List the releases of an install, oldest first.
#[derive(Debug, clap::Args)]
pub(super) struct ReleaseLs {
    #[command(flatten)]
    install: InstallArg,
}

/// Stage a release from the vendor's tarball or folder.
///
/// The release appears in `releases/` when it is complete. Nothing in it is edited and
/// nothing is carried into it: that is what `plan` and `apply` do.
#[derive(Debug, clap::Args)]
pub(super) struct ReleaseNew {
    /// The release's name
    version: Version,
    /// The vendor's tarball or folder
    #[arg(long, value_name = "PATH")]
    from_release: PathBuf,
    #[command(flatten)]
    install: InstallArg,
    /// Only look at what would be staged
    #[arg(long)]
    dry_run: bool,
}

/// Switch `current` to a release.
///
/// Only the symlink changes: no volume is copied, no container stopped or started.
#[derive(Debug, clap::Args)]
pub(super) struct ReleaseUse {
    /// The release's name
    version: Version,
    #[command(flatten)]
    install: InstallArg,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct ReleasesJson<'a> {
    releases: Vec<ReleaseJson<'a>>,
}

#[derive(Serialize)]
struct ReleaseJson<'a> {
    version: &'a Version,
    path: &'a Path,
    current: bool,
    complete: bool,
    /// Somebody wrote down that it is bad.
    bad: bool,
}

#[derive(Serialize)]
struct StagedJson<'a> {
    release: &'a Version,
    path: PathBuf,
    files: u64,
    bytes: u64,
    sha256: &'a str,
}

#[derive(Serialize)]
struct UsedJson<'a> {
    from: Option<&'a Version>,
    to: &'a Version,
}

pub(super) fn run(command: &ReleaseCommand, ui: &Ui) -> Result<Done, Failure> {
    match command {
        ReleaseCommand::Ls(args) => ls(args, ui),
        ReleaseCommand::New(args) => new(args, ui),
        ReleaseCommand::Use(args) => switch(args, ui),
        ReleaseCommand::Prune(args) => prune::run(args, ui),
        ReleaseCommand::Bad(args) => bad::run(args, ui),
    }
}

fn ls(args: &ReleaseLs, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.at(ui)?;
    let current = install.current()?.map(|release| release.version);
    let releases = install.all_releases()?;
    let bad = BadReleases::load(&install)?;
    let mut unclear = Vec::new();
    for release in releases.iter().filter(|release| !release.is_complete) {
        match release.project() {
            Ok(_) | Err(InstallError::Incomplete { .. }) => {}
            Err(error) => {
                let failure = Failure::from(error);
                ui.warn(&[vec![failure.message], failure.causes].concat().join(": "));
                unclear.push(&release.version);
            }
        }
    }
    let done = match unclear.is_empty() {
        true => Done::Same,
        false => Done::Unreadable,
    };
    let is_current = |release: &Release| current.as_ref() == Some(&release.version);
    if ui.json {
        let releases = releases.iter().map(|release| ReleaseJson {
            current: is_current(release),
            bad: bad.has(&release.version),
            version: &release.version,
            path: &release.path,
            complete: release.is_complete,
        });
        let releases = releases.collect();
        ui.json("transship-release-ls", &ReleasesJson { releases })?;
        return Ok(done);
    }
    let row = |release: &Release| {
        let what = match release.is_complete {
            true => None,
            false if unclear.contains(&&release.version) => Some("can't be looked into"),
            false => Some("no compose file"),
        };
        let marks = [
            is_current(release).then_some("current"),
            what,
            bad.has(&release.version).then_some("bad"),
        ];
        let marks: Vec<_> = marks.into_iter().flatten().collect();
        [release.version.to_string(), marks.join(", ")]
    };
    let rows: Vec<_> = releases.iter().map(row).collect();
    ui.print(&table::render(["RELEASE", ""], &rows))?;
    Ok(done)
}

fn new(args: &ReleaseNew, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.adopted(ui)?;
    let new = NewRelease {
        install: &install,
        version: &args.version,
        from: &args.from_release,
    };
    let disk = Disk::new();
    let staged = if args.dry_run {
        new.look(&disk, ui.progress())?
    } else {
        let staged = new.stage(&disk, ui.progress())?;
        ui.acted();
        staged
    };
    let (target, shipment) = (staged.path, staged.shipped);
    let (files, bytes) = (shipment.summary.files, shipment.summary.bytes);
    if ui.json {
        let (version, sha256) = (&args.version, shipment.sha256.as_str());
        ui.json(
            "transship-release-new",
            &StagedJson {
                release: version,
                path: target,
                files,
                bytes,
                sha256,
            },
        )?;
    } else {
        let verb = if args.dry_run {
            "would stage"
        } else {
            "staged"
        };
        let (files, bytes) = (
            super::terminal::size::count(files, "file"),
            super::terminal::size::human(bytes),
        );
        ui.line(&format!(
            "{verb} {} with {files}, {bytes}",
            target.display()
        ))?;
    }
    Ok(Done::Same)
}

fn switch(args: &ReleaseUse, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.adopted(ui)?;
    let switched = use_release(&install, &args.version, &Disk::new(), args.dry_run)?;
    if !args.dry_run {
        ui.acted();
    }
    let ReleaseSwitch { from, to } = switched;
    if ui.json {
        ui.json(
            "transship-release-use",
            &UsedJson {
                from: from.as_ref(),
                to: &to,
            },
        )?;
        return Ok(Done::Same);
    }
    let verb = if args.dry_run {
        "current would be"
    } else {
        "current is"
    };
    let was = from
        .map(|from| format!(" (was {from})"))
        .unwrap_or_default();
    ui.line(&format!("{verb} {to}{was}"))?;
    Ok(Done::Same)
}
