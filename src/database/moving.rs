//! How a database gets from the release that is left to the one that comes: which engine it is, and by
//! which of its ways. A recipe says it, a plan keeps it, and a step does it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of server whose data a recipe can name a way for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseEngine {
    /// Postgres, and what is built on it: `PostGIS`, `TimescaleDB`, `pgvector`.
    Postgres,
    /// `MariaDB`.
    Mariadb,
    /// `MySQL`.
    Mysql,
    /// Redis and Valkey.
    Redis,
    /// etcd.
    Etcd,
    /// `MongoDB`.
    Mongodb,
    /// `SQLite`, which has no server.
    Sqlite,
    /// `RabbitMQ`.
    Rabbitmq,
    /// `OrientDB`.
    Orientdb,
    /// Pachyderm.
    Pachyderm,
    /// Anything else, by commands that the recipe names.
    Command,
}

/// A way in which data is moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseMethod {
    /// Its files are copied: right only where the new server reads what the old one wrote.
    Files,
    /// What the old server has is streamed into a new, empty one, by the engine's own programs.
    #[default]
    Dump,
    /// One dump of everything as text, as `pg_dumpall` makes it.
    Dumpall,
    /// The engine's own program makes new files of a copy of the old ones, as `pg_upgrade` does.
    Upgrade,
    /// The commands that the recipe names.
    Command,
}

impl DatabaseEngine {
    /// Its name, as a recipe has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
            Self::Mysql => "mysql",
            Self::Redis => "redis",
            Self::Etcd => "etcd",
            Self::Mongodb => "mongodb",
            Self::Sqlite => "sqlite",
            Self::Rabbitmq => "rabbitmq",
            Self::Orientdb => "orientdb",
            Self::Pachyderm => "pachyderm",
            Self::Command => "command",
        }
    }

    /// The engine of this name: of a recipe's, of a [`DatabaseKind`](crate::database::DatabaseKind), or
    /// of the database that an image runs.
    pub fn named(name: &str) -> Option<Self> {
        const ALL: [DatabaseEngine; 11] = [
            DatabaseEngine::Postgres,
            DatabaseEngine::Mariadb,
            DatabaseEngine::Mysql,
            DatabaseEngine::Redis,
            DatabaseEngine::Etcd,
            DatabaseEngine::Mongodb,
            DatabaseEngine::Sqlite,
            DatabaseEngine::Rabbitmq,
            DatabaseEngine::Orientdb,
            DatabaseEngine::Pachyderm,
            DatabaseEngine::Command,
        ];
        let name = if name == "valkey" { "redis" } else { name };
        ALL.into_iter().find(|engine| engine.name() == name)
    }
}

impl DatabaseMethod {
    /// Its name, as a recipe has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Dump => "dump",
            Self::Dumpall => "dumpall",
            Self::Upgrade => "upgrade",
            Self::Command => "command",
        }
    }
}

impl fmt::Display for DatabaseEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for DatabaseMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_recipes_and_of_what_is_on_disk() {
        for engine in ["postgres", "mariadb", "etcd", "rabbitmq", "command"] {
            let found = DatabaseEngine::named(engine).unwrap();
            let written: DatabaseEngine = serde_yaml::from_str(engine).unwrap();
            assert_eq!((found, found.name()), (written, engine));
        }
        assert_eq!(DatabaseEngine::named("valkey"), Some(DatabaseEngine::Redis));
        assert_eq!(DatabaseEngine::named("minio"), None);
        let method: DatabaseMethod = serde_yaml::from_str("dumpall").unwrap();
        assert_eq!(method.name(), "dumpall");
    }
}
