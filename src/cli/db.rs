//! `transship db`.

mod compare;
mod move_server;

use clap::Subcommand;

use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};

/// Move databases that run, and compare them.
#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    Compare(compare::DbCompare),
    Move(move_server::DbMove),
}

pub(super) fn run(command: &DbCommand, ui: &Ui) -> Result<Done, Failure> {
    match command {
        DbCommand::Compare(args) => compare::run(args, ui),
        DbCommand::Move(args) => move_server::run(args, ui),
    }
}
