//! `transship db`.

mod compare;

use clap::Subcommand;

use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};

/// Compare databases that run.
#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    Compare(compare::DbCompare),
}

pub(super) fn run(command: &DbCommand, ui: &Ui) -> Result<Done, Failure> {
    match command {
        DbCommand::Compare(args) => compare::run(args, ui),
    }
}
