//! The definition of the command line. The doc comments are the help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::install_place::OnInstall;
use super::options::Common;
use super::{
    apply, confirm, conflicts, copy, db, diff, doctor, image, init, inspect, log, manifest, merge,
    path, plan, rehearse, release, status, up, upgrade, verify, volume,
};

/// Upgrade self-hosted docker-compose installs, release by release.
///
/// transship lays the new release out beside the old one, edits image tags and volume
/// names in its compose file without touching another byte, carries config across, copies
/// the volumes with all of their metadata, proves the copies by checksum, and switches.
/// The old release is never changed, and `transship rollback` goes back to it.
///
/// An upgrade takes three commands:
///
///   transship init -C INSTALL
///   transship plan v2.10.5 --from-release v2.10.5.tar.gz -C INSTALL
///   transship apply -C INSTALL
///
/// The commands on images, volumes and trees need no install: they work on the files that
/// you name.
#[derive(Debug, Parser)]
#[command(name = "transship", version, verbatim_doc_comment)]
#[command(after_help = EXIT_CODES, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    /// The install that the command works on; it may stand behind the command, too
    #[arg(short = 'C', long = "install", value_name = "INSTALL")]
    pub(super) install: Option<PathBuf>,
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done, or nothing differs
  1    compared, and something differs
  2    wrong usage, or input that can't be read
  3    refused before anything was changed
  4    failed part-way; resume or roll back
  5    failed, and rolled back
  6    done, but what was to be said of it couldn't be written
  130  interrupted; resume or roll back";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(init::InitArgs),
    Doctor(Box<doctor::DoctorArgs>),
    Path(path::PathArgs),
    Plan(Box<plan::PlanCommand>),
    Rehearse(Box<rehearse::RehearseArgs>),
    Upgrade(Box<upgrade::UpgradeArgs>),
    Apply(apply::Apply),
    Resume(apply::Resume),
    Rollback(apply::Rollback),
    Confirm(confirm::Confirm),
    Status(status::StatusArgs),
    Log(log::LogArgs),
    Up(up::Up),
    Stop(up::Stop),
    /// List, stage, switch and remove releases
    Release(OnInstall<release::ReleaseCommand>),
    /// List, retag and load the images of compose files
    #[command(subcommand)]
    Image(image::ImageCommand),
    /// List, prefix and copy volumes
    #[command(subcommand)]
    Volume(volume::VolumeCommand),
    /// Dump, load, move and compare databases that run
    #[command(subcommand)]
    Db(db::DbCommand),
    Copy(copy::CopyArgs),
    Manifest(manifest::ManifestArgs),
    Verify(verify::VerifyArgs),
    Diff(diff::DiffArgs),
    Conflicts(conflicts::ConflictsArgs),
    Inspect(inspect::InspectArgs),
    Merge(merge::MergeArgs),
    Completions(Completions),
}

/// Print the script that has a shell complete commands, options and names.
///
/// The script asks this program whenever something is to be completed, so that it knows the install's releases,
/// plans, runs, services, profiles and volumes. For bash: `transship completions bash >
/// /etc/bash_completion.d/transship`; for zsh the same into a file `_transship` of a folder in `fpath`; for fish into
/// `~/.config/fish/completions/transship.fish`.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
