//! Groups of options that several commands share, and what they come to.
//!
//! A command flattens the groups that it takes into its own arguments. Nothing here knows a
//! command, so that [`super::args`], which knows all of them, is at the end of every chain.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use crate::engine::{self, Docker, EngineAccess};
use crate::tree::Removals;

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line of its own"
)]
pub(super) struct Common {
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing on stderr but warnings and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Show every command that is run, and how it ended
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`
    #[arg(long, global = true)]
    pub no_pager: bool,
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

/// How much an update may remove from its target.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct RemovalArgs {
    /// With --update: remove whatever is gone from the source, be it all
    #[arg(
        long,
        visible_alias = "yes",
        requires = "update",
        conflicts_with = "max_delete"
    )]
    delete_all: bool,
    /// With --update: remove at most so many files and folders, or do nothing
    #[arg(long, requires = "update", value_name = "N")]
    max_delete: Option<u64>,
}

impl RemovalArgs {
    pub(super) fn removals(&self) -> Removals {
        match (self.delete_all, self.max_delete) {
            (true, _) => Removals::All,
            (_, Some(most)) => Removals::AtMost(most),
            _ => Removals::Plausible,
        }
    }
}

/// Where volumes live.
#[derive(Debug, Clone, Args)]
pub(super) struct VolumesArg {
    /// Where volumes live: a folder that holds one folder for each, or `docker`
    ///
    /// Without it: `volumes` in the install where that is a folder, else the Docker engine
    /// of this machine.
    #[arg(long, value_name = "DIR|docker", env = "TRANSSHIP_VOLUMES")]
    pub volumes: Option<PathBuf>,
    #[command(flatten)]
    pub engine: EngineArg,
}

/// The program that reaches the Docker engine.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct DockerArg {
    /// The docker program, such as `sudo -n docker`
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
    pub helper: Option<PathBuf>,
    /// Take for unused what nobody can be asked about
    ///
    /// Without it a volume is neither copied nor removed while it can't be known whether
    /// something uses it: no engine of this machine answers, and not everything can be seen
    /// without it.
    #[arg(long)]
    pub assume_stopped: bool,
}

impl EngineArg {
    pub(super) fn access(&self) -> EngineAccess {
        EngineAccess {
            docker: self.docker.find(),
            helper: self.helper.clone(),
            assume_stopped: self.assume_stopped,
        }
    }
}
