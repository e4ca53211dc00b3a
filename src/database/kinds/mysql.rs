//! MySQL, and what it shares with MariaDB.

use super::database_kind::{DatabaseKind, Owns};
use crate::database::files::DataFolder;
use crate::database::formats::fields::{plain, version_in};
use crate::database::{Database, Known};

pub(crate) const KIND: DatabaseKind = DatabaseKind {
    name: "mysql",
    title: "MySQL",
    marks: &[
        &["mysql.ibd", "!aria_log_control"],
        &["ibdata1", "auto.cnf", "!aria_log_control"],
        &["ibdata1", "mysql", "!aria_log_control"],
    ],
    tells: "version, how it was left, server's UUID",
    owns: Owns::Everything,
    read,
};

fn read(folder: &DataFolder<'_>) -> Vec<Database> {
    let mut found = KIND.database(folder);
    found.checksums = Known::Unknown;
    let log = newest_log(folder);
    // 8.4 and later keep a history, whose last version is that of the tables.
    let history = folder.text("mysql_upgrade_history").known();
    let history = history.as_deref().and_then(last_version);
    let upgraded = folder.text("mysql_upgrade_info").known();
    let upgraded = upgraded.as_deref().and_then(version_in);
    let by_log = log.as_deref().and_then(version_in);
    found.version = Known::or_unknown(history.or(by_log).or(upgraded));
    found.detail("redo log of", log.as_deref());
    let uuid = folder.text("auto.cnf").known();
    found.system_identifier = Known::or_unknown(uuid.as_deref().and_then(server_uuid));
    innodb::left(&mut found, folder, log.as_deref());
    found.hint("8.0, 8.4 and 9.x follow one another, with none left out, and none goes back; never to MariaDB");
    vec![found]
}

/// The creator of the redo log: from 8.0.30 on of the newest of many files.
fn newest_log(folder: &DataFolder<'_>) -> Option<String> {
    const LOGS: &str = "#innodb_redo";
    let names = folder.names_in(LOGS).known().unwrap_or_default();
    let number = |name: &[u8]| -> Option<u64> {
        let number = name.strip_prefix(b"#ib_redo")?;
        std::str::from_utf8(number).ok()?.parse().ok()
    };
    match names.iter().filter_map(number).max() {
        Some(newest) => innodb::creator(folder, &format!("{LOGS}/#ib_redo{newest}")),
        None => innodb::creator(folder, "ib_logfile0"),
    }
}

fn last_version(history: &str) -> Option<String> {
    let history: serde_json::Value = serde_json::from_str(history).ok()?;
    let entries = history.get("upgrade_history")?.as_array()?;
    plain(entries.last()?.get("version")?.as_str()?.as_bytes())
}

fn server_uuid(text: &str) -> Option<String> {
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("server-uuid"))?;
    plain(line.trim_start().strip_prefix('=')?.as_bytes())
}

/// What MySQL and MariaDB share.
pub(super) mod innodb {
    use crate::database::files::DataFolder;
    use crate::database::formats::fields::version_in;
    use crate::database::formats::redo_log;
    use crate::database::{Database, ShutdownState};

    /// Who wrote a redo log.
    pub(in crate::database::kinds) fn creator(
        folder: &DataFolder<'_>,
        path: &str,
    ) -> Option<String> {
        redo_log::creator(&folder.read(path, redo_log::HEADER).known()?)
    }

    /// A server that runs has temporary tables, and removes them when it stops in order: seen
    /// so with MariaDB 10.5 to 11.8 and MySQL 8.0 to 9.
    pub(in crate::database::kinds) fn left(
        found: &mut Database,
        folder: &DataFolder<'_>,
        log: Option<&str>,
    ) {
        let pid_file = folder.names.iter().find(|name| name.ends_with(b".pid"));
        let mark = match pid_file {
            _ if folder.has("ibtmp1") => Some("`ibtmp1`"),
            _ if folder.has("ddl_recovery.log") => Some("`ddl_recovery.log`"),
            Some(_) => Some("a `.pid` file"),
            None => None,
        };
        match mark {
            Some(mark) => {
                found.state(
                    ShutdownState::Unclean,
                    format!("{mark} is there: it runs, or was killed"),
                );
                found.hint("start the old version and stop it with time to finish (`docker compose stop -t 300`)");
            }
            None if !folder.names.complete => {
                found.state(
                    ShutdownState::Unknown,
                    "the folder has too many entries to list",
                );
            }
            None if log.and_then(version_in).is_some() => found.state(
                ShutdownState::Clean,
                "there is none of what a running server has (`ibtmp1`, a `.pid` file)",
            ),
            None => found.state(
                ShutdownState::Unknown,
                "there is no redo log that says which version wrote it",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{InMemory, ShutdownState, inspect_files};

    /// The header of a redo log: `log0types.h` and `log0constants.h` of MySQL.
    fn log(format: u32, creator: &str) -> Vec<u8> {
        let mut log = format.to_be_bytes().to_vec();
        log.extend([0; 12]);
        log.extend(creator.as_bytes());
        log.resize(512, 0);
        log
    }

    fn only(files: &InMemory) -> Database {
        let mut databases = inspect_files(files).databases;
        assert_eq!(databases.len(), 1, "{databases:?}");
        databases.remove(0)
    }

    #[test]
    fn versions_are_read_of_each_generation() {
        let modern = InMemory::default()
            .file("mysql.ibd", "x")
            .file(
                "auto.cnf",
                "[auto]\nserver-uuid=4cb1e3a6-0000-11ef-8000-0242ac110002\n",
            )
            .file("#innodb_redo/#ib_redo9", log(6, "MySQL 8.0.36"))
            .file("#innodb_redo/#ib_redo10", log(6, "MySQL 8.4.0"))
            .file("#innodb_redo/#ib_redo11_tmp", log(6, "MySQL 9.9.9"));
        let found = only(&modern);
        assert_eq!((found.kind, found.state), ("mysql", ShutdownState::Clean));
        assert_eq!(found.version, Known::Is("8.4.0".to_owned()));
        assert_eq!(
            found.system_identifier,
            Known::Is("4cb1e3a6-0000-11ef-8000-0242ac110002".to_owned())
        );
        let history = r#"{"file_format":"1","upgrade_history":[{"date":"2024-05-01 10:00:00","version":"8.4.0","maturity":"LTS","initialize":true},{"date":"2025-05-01 10:00:00","version":"9.1.0","maturity":"INNOVATION"}]}"#;
        let upgraded = only(&modern.file("mysql_upgrade_history", history));
        assert_eq!(upgraded.version, Known::Is("9.1.0".to_owned()));
        let old = InMemory::default()
            .file("ibdata1", "x")
            .folder("mysql")
            .file("ib_logfile0", log(1, "MySQL 5.7.44"));
        assert_eq!(only(&old).version, Known::Is("5.7.44".to_owned()));
    }

    #[test]
    fn a_running_server_is_unclean() {
        let running = InMemory::default()
            .file("mysql.ibd", "x")
            .file("ibtmp1", "x");
        assert_eq!(only(&running).state, ShutdownState::Unclean);
    }
}
