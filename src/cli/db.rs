//! `transship db`.

mod collation;
mod compare;
mod dump;
mod load;
mod move_report;
mod move_server;
mod streamed;
mod upgrade;

use clap::Subcommand;

use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};

/// Dump, load, move and compare databases that run.
#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    Collation(collation::DbCollation),
    Compare(compare::DbCompare),
    Dump(dump::DbDump),
    Load(load::DbLoad),
    Move(move_server::DbMove),
    Upgrade(upgrade::DbUpgrade),
}

pub(super) fn run(command: &DbCommand, ui: &Ui) -> Result<Done, Failure> {
    match command {
        DbCommand::Collation(args) => collation::run(args, ui),
        DbCommand::Compare(args) => compare::run(args, ui),
        DbCommand::Dump(args) => dump::run(args, ui),
        DbCommand::Load(args) => load::run(args, ui),
        DbCommand::Move(args) => move_server::run(args, ui),
        DbCommand::Upgrade(args) => upgrade::run(args, ui),
    }
}
