//! The definition of the command line. The doc comments are the help.

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::{
    apply, conflicts, copy, diff, image, init, manifest, merge, plan, release, status, up, verify,
    volume,
};
use crate::engine::{self, Docker};

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
  130  interrupted; resume or roll back";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(super) struct Common {
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing on stderr but warnings and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", action = ArgAction::Set)]
    pub color: When,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(init::Args),
    Plan(plan::Args),
    Apply(apply::Apply),
    Resume(apply::Resume),
    Rollback(apply::Rollback),
    Status(status::Args),
    Up(up::Up),
    Stop(up::Stop),
    /// List, stage and switch releases
    #[command(subcommand)]
    Release(release::ReleaseCommand),
    /// List, retag and load the images of compose files
    #[command(subcommand)]
    Image(image::Command),
    /// List, prefix and copy volumes
    #[command(subcommand)]
    Volume(volume::Command),
    Copy(copy::Args),
    Manifest(manifest::Args),
    Verify(verify::Args),
    Diff(diff::Args),
    Conflicts(conflicts::Args),
    Merge(merge::Args),
    Completions(Completions),
}

/// Print the completions for a shell.
///
/// For bash: `transship completions bash > /etc/bash_completion.d/transship`
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Where the install is.
#[derive(Debug, Clone, Args)]
pub(super) struct InstallArg {
    /// The install: the folder that holds `releases/`
    #[arg(
        short = 'C',
        long = "install",
        value_name = "INSTALL",
        default_value = "."
    )]
    pub root: std::path::PathBuf,
}

/// Where volumes live.
#[derive(Debug, Clone, Args)]
pub(super) struct VolumesArg {
    /// Where volumes live: a folder that holds one folder for each, or `docker`
    ///
    /// Without it: `volumes` in the install where that is a folder, else the Docker engine
    /// of this machine.
    #[arg(long, value_name = "DIR|docker", env = "TRANSSHIP_VOLUMES")]
    pub volumes: Option<std::path::PathBuf>,
    #[command(flatten)]
    pub engine: EngineArg,
}

/// The program that reaches the Docker engine.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct DockerArg {
    /// The docker program, such as `podman` or `sudo docker`
    #[arg(long = "docker", value_name = "PROGRAM", env = "TRANSSHIP_DOCKER")]
    program: Option<String>,
}

impl DockerArg {
    pub(super) fn find(&self) -> Result<Docker, engine::Error> {
        Docker::find(self.program.as_deref())
    }
}

/// How the Docker engine is reached.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct EngineArg {
    #[command(flatten)]
    pub docker: DockerArg,
    /// A static transship for the engine's processor, to work on volumes out of reach
    ///
    /// It is run in a container where this process can't read the volumes itself: not as
    /// root, on another machine, or in a virtual one. Without it: this program where it is
    /// static, else `transship-static` beside it.
    #[arg(long, value_name = "FILE", env = "TRANSSHIP_HELPER")]
    pub helper: Option<std::path::PathBuf>,
}
