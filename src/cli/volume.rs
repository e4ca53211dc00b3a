//! `transship volume`.

mod copy;
mod edit;
mod engines;
mod in_use;
mod ls;
mod unpause;

use clap::Subcommand;

pub(super) use engines::is_path;

use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};

/// List, prefix and copy volumes.
#[derive(Debug, Subcommand)]
pub(super) enum VolumeCommand {
    Ls(ls::VolumeLs),
    Prefix(edit::Prefix),
    Rebase(edit::Rebase),
    Copy(copy::Args),
    Unpause(unpause::Unpause),
}

pub(super) fn run(command: &VolumeCommand, ui: &Ui) -> Result<Done, Failure> {
    match command {
        VolumeCommand::Ls(args) => ls::run(args, ui),
        VolumeCommand::Prefix(args) => edit::prefix(args, ui),
        VolumeCommand::Rebase(args) => edit::rebase(args, ui),
        VolumeCommand::Copy(args) => copy::run(args, ui),
        VolumeCommand::Unpause(args) => unpause::run(args, ui),
    }
}
