//! `transship volume`.

mod copy;
mod edit;
mod engines;
mod in_use;
mod ls;

use clap::Subcommand;

pub(super) use copy::is_path;

use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};

/// List, prefix and copy volumes.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Ls(ls::Args),
    Prefix(edit::Prefix),
    Rebase(edit::Rebase),
    Copy(copy::Args),
}

pub(super) fn run(command: &Command, ui: &Ui) -> Result<Done, Failure> {
    match command {
        Command::Ls(args) => ls::run(args, ui),
        Command::Prefix(args) => edit::prefix(args, ui),
        Command::Rebase(args) => edit::rebase(args, ui),
        Command::Copy(args) => copy::run(args, ui),
    }
}
