//! What a recipe says of a database: the service that has it, and how its data is moved.
//!
//! ```yaml
//! databases:
//!   - db                                   # the engine by its image, and its usual way
//!   - {service: cache, method: files}
//!   - {service: app, engine: sqlite, database: /data/app.db}
//!   - {service: sql, locale: builtin}      # by code points, from Postgres 17 on
//!   - {service: old, method: upgrade, image: "acme/postgres:15-to-17"}
//!   - {service: pachd, dump: pachctl extract, load: pachctl restore, ready: pachctl version}
//! ```

use serde::{Deserialize, Serialize};

use super::hooks::{CantFollow, HookCommand};
use crate::database::postgres::MovedLocale;
use crate::database::{DatabaseEngine, DatabaseMethod, StreamLines};

/// One entry of a recipe's `databases`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseRule {
    /// The service of the new release that has it.
    pub service: String,
    /// The engine; the one that the service's image runs where it isn't said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<DatabaseEngine>,
    /// The way.
    pub method: DatabaseMethod,
    /// Which database, where a server has several or it is a file in the service's container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The key of the volume that has it, where the service has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// What is run, where the way is [`DatabaseMethod::Command`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<DatabaseCommands>,
    /// How databases sort afterwards, where Postgres is dumped and loaded.
    #[serde(default, skip_serializing_if = "MovedLocale::is_as_it_was")]
    pub locale: MovedLocale,
    /// Where the programs of both majors are, where the way is [`DatabaseMethod::Upgrade`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programs: Option<UpgradePrograms>,
}

/// Where the programs of both majors are, in an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpgradePrograms {
    /// The image; the new release's own where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The folder of the old major's programs, where it isn't that of Debian's packages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_bin: Option<String>,
    /// The same of the new one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_bin: Option<String>,
}

/// The commands of a database that transship has no recipe of its own for. Each is run in the service,
/// in the old release's container or in the new one's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseCommands {
    /// Writes all that the old one has to its standard output.
    pub dump: HookCommand,
    /// Reads that from its standard input, into the new one.
    pub load: HookCommand,
    /// Prints the same in both where both have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<HookCommand>,
    /// Ends with 0 when the service answers; without it the others are run as soon as its container is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<HookCommand>,
}

impl From<&DatabaseCommands> for StreamLines {
    fn from(commands: &DatabaseCommands) -> Self {
        Self {
            ready: commands.ready.as_ref().map(HookCommand::argv),
            dump: commands.dump.argv(),
            load: commands.load.argv(),
            compare: commands.compare.as_ref().map(HookCommand::argv),
            ends_with: None,
            restarts: false,
            tells: false,
        }
    }
}

/// As it is written.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum WrittenDatabase {
    Service(String),
    Detailed(Box<WrittenRule>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRule {
    service: String,
    engine: Option<String>,
    method: Option<String>,
    dump: Option<HookCommand>,
    load: Option<HookCommand>,
    compare: Option<HookCommand>,
    ready: Option<HookCommand>,
    database: Option<String>,
    volume: Option<String>,
    locale: Option<String>,
    image: Option<String>,
    #[serde(rename = "old-bin")]
    old_bin: Option<String>,
    #[serde(rename = "new-bin")]
    new_bin: Option<String>,
}

impl WrittenDatabase {
    pub(super) fn read(self) -> Result<DatabaseRule, CantFollow> {
        let written = match self {
            Self::Service(service) => {
                return Ok(DatabaseRule {
                    service,
                    engine: None,
                    method: DatabaseMethod::default(),
                    database: None,
                    volume: None,
                    commands: None,
                    locale: MovedLocale::default(),
                    programs: None,
                });
            }
            Self::Detailed(written) => *written,
        };
        let engine = written.engine.map(|name| {
            DatabaseEngine::named(&name)
                .ok_or_else(|| CantFollow(format!("databases.engine: {name}")))
        });
        let engine = engine.transpose()?;
        let commands = match (written.dump, written.load) {
            (Some(dump), Some(load)) => Some(DatabaseCommands {
                dump,
                load,
                compare: written.compare,
                ready: written.ready,
            }),
            (None, None) => None,
            _ => return Err(CantFollow("databases: `dump` without `load`".to_owned())),
        };
        let method = match written.method {
            None if commands.is_some() => DatabaseMethod::Command,
            None => DatabaseMethod::default(),
            Some(name) => method(&name)?,
        };
        let is_command = method == DatabaseMethod::Command;
        if is_command != commands.is_some()
            || (engine == Some(DatabaseEngine::Command) && !is_command)
        {
            return Err(CantFollow(
                "databases: `method: command` has `dump` and `load`, and nothing else has"
                    .to_owned(),
            ));
        }
        let locale = written.locale.map(|name| {
            MovedLocale::named(&name).ok_or_else(|| CantFollow(format!("databases.locale: {name}")))
        });
        let locale = locale.transpose()?.unwrap_or_default();
        if locale != MovedLocale::AsItWas && method != DatabaseMethod::Dump {
            return Err(CantFollow(
                "databases: `locale` is for `method: dump`, which makes databases anew".to_owned(),
            ));
        }
        let programs = UpgradePrograms {
            image: written.image,
            old_bin: written.old_bin,
            new_bin: written.new_bin,
        };
        let programs = (programs != UpgradePrograms::default()).then_some(programs);
        if programs.is_some() && method != DatabaseMethod::Upgrade {
            return Err(CantFollow(
                "databases: `image`, `old-bin` and `new-bin` are for `method: upgrade`".to_owned(),
            ));
        }
        Ok(DatabaseRule {
            service: written.service,
            engine,
            method,
            database: written.database,
            volume: written.volume,
            commands,
            locale,
            programs,
        })
    }
}

fn method(name: &str) -> Result<DatabaseMethod, CantFollow> {
    let all = [
        DatabaseMethod::Files,
        DatabaseMethod::Dump,
        DatabaseMethod::Dumpall,
        DatabaseMethod::Upgrade,
        DatabaseMethod::Command,
    ];
    let found = all.into_iter().find(|method| method.name() == name);
    found.ok_or_else(|| CantFollow(format!("databases.method: {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DatabaseRule, String> {
        let written: WrittenDatabase =
            serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        written.read().map_err(|error| error.0)
    }

    #[test]
    fn a_rule_is_a_service_or_told_in_detail() {
        for (text, engine, method) in [
            ("db", None, DatabaseMethod::Dump),
            ("{service: db, method: files}", None, DatabaseMethod::Files),
            (
                "{service: db, engine: valkey}",
                Some(DatabaseEngine::Redis),
                DatabaseMethod::Dump,
            ),
            (
                "{service: db, method: upgrade, image: both}",
                None,
                DatabaseMethod::Upgrade,
            ),
            ("{service: db, locale: builtin}", None, DatabaseMethod::Dump),
            (
                "{service: db, dump: [a, b], load: c}",
                None,
                DatabaseMethod::Command,
            ),
        ] {
            let rule = read(text).unwrap();
            assert_eq!((rule.engine, rule.method), (engine, method), "{text}");
            assert_eq!(rule.service, "db");
        }
    }

    #[test]
    fn what_can_not_be_meant_is_named() {
        for (text, complaint) in [
            ("{service: db, engine: oracle}", "databases.engine: oracle"),
            ("{service: db, method: cp}", "databases.method: cp"),
            ("{service: db, locale: icu}", "databases.locale: icu"),
            (
                "{service: db, method: upgrade, locale: builtin}",
                "`locale` is for `method: dump`",
            ),
            ("{service: db, image: x}", "are for `method: upgrade`"),
            ("{service: db, dump: x}", "`dump` without `load`"),
            ("{service: db, method: command}", "`method: command` has"),
            ("{service: db, engine: command}", "`method: command` has"),
            (
                "{service: db, method: dump, dump: x, load: y}",
                "and nothing else has",
            ),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(complaint), "{text}: {said}");
        }
        assert!(read("{service: db, port: 1}").is_err());
    }
}
