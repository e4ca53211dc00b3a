//! `transship db`.

mod collation;
mod compare;

use clap::Subcommand;

use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};

/// Compare databases that run.
#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    Collation(collation::DbCollation),
    Compare(compare::DbCompare),
}

pub(super) fn run(command: &DbCommand, ui: &Ui) -> Result<Done, Failure> {
    match command {
        DbCommand::Collation(args) => collation::run(args, ui),
        DbCommand::Compare(args) => compare::run(args, ui),
    }
}
