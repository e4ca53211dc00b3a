//! A volume that an upgrade copies, or whose database it moves, by both names.

use crate::database::postgres::MovedLocale;
use crate::database::{DatabaseEngine, DatabaseMethod};
use crate::release::{DatabaseCommands, UpgradePrograms};

/// A volume of the old release and the new release's copy of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumePair {
    /// The key in the new release's compose files.
    pub key: String,
    /// The real name of the old one.
    pub source: String,
    /// The real name of the new one.
    pub target: String,
    /// Whether an enabled service of the old release uses it: else there needn't be one.
    pub is_used: bool,
    /// How the database in it is moved; nothing where its files are copied.
    pub moved: Option<PlannedMove>,
}

/// How a database is moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedMove {
    /// Which kind of server it is.
    pub engine: DatabaseEngine,
    /// The way.
    pub method: DatabaseMethod,
    /// The service of the old release that has it.
    pub old_service: String,
    /// The service of the new release that will.
    pub service: String,
    /// Which database, where that has to be said.
    pub database: Option<String>,
    /// The recipe's own commands.
    pub commands: Option<DatabaseCommands>,
    /// How its databases sort afterwards.
    pub locale: MovedLocale,
    /// Where the programs of both majors are.
    pub programs: Option<UpgradePrograms>,
}
