//! MariaDB: Aria's control file tells it from MySQL.

use super::database_kind::{DatabaseKind, Owns};
use super::mysql::innodb;
use crate::database::files::{DataFolder, Seen};
use crate::database::formats::fields::{u32_be, version_in};
use crate::database::{Database, Known, ShutdownState};

pub(crate) const KIND: DatabaseKind = DatabaseKind {
    name: "mariadb",
    title: "MariaDB",
    marks: &[&["aria_log_control"]],
    tells: "version, how it was left, checksums",
    owns: Owns::Everything,
    read,
};

fn read(folder: &DataFolder<'_>) -> Vec<Database> {
    let mut found = KIND.database(folder);
    found.checksums = checksums(folder);
    // Written by `mariadb-upgrade`, which images run at their start: the version of the tables.
    let upgraded = ["mariadb_upgrade_info", "mysql_upgrade_info"]
        .into_iter()
        .find_map(|name| folder.text(name).known());
    let upgraded = upgraded.as_deref().and_then(version_in);
    let log = innodb::creator(folder, "ib_logfile0");
    found.version = Known::or_unknown(upgraded.or_else(|| log.as_deref().and_then(version_in)));
    found.detail("redo log of", log.as_deref());
    innodb::left(&mut found, folder, log.as_deref());
    if found.state == ShutdownState::Clean
        && let Some(backup) = unprepared(folder)
    {
        found.state(ShutdownState::Unclean, backup);
    }
    found.hint("files go forwards only, after a clean stop, and then `mariadb-upgrade` has to run; never to MySQL");
    vec![found]
}

/// Bit 4 of the flags of the system tablespace, at 54: pages have `full_crc32`
/// (`FSP_FLAGS_FCRC32_MASK_MARKER`, `storage/innobase/include/fsp0types.h`).
fn checksums(folder: &DataFolder<'_>) -> Known {
    const FULL_CRC32: u32 = 1 << 4;
    match folder
        .read("ibdata1", 64)
        .known()
        .and_then(|page| u32_be(&page, 54))
    {
        Some(flags) if flags & FULL_CRC32 != 0 => Known::Is("on".to_owned()),
        _ => Known::Unknown,
    }
}

/// What `mariabackup` copied from a running server and nobody prepared.
fn unprepared(folder: &DataFolder<'_>) -> Option<String> {
    let names = ["mariadb_backup_checkpoints", "xtrabackup_checkpoints"];
    let (name, text) = names.into_iter().find_map(|name| match folder.text(name) {
        Seen::Is(text) => Some((name, text)),
        _ => None,
    })?;
    let is_prepared = text
        .lines()
        .any(|line| line.trim() == "backup_type = full-prepared");
    (!is_prepared).then(|| format!("`{name}`: a backup that wasn't prepared"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{InMemory, inspect_files};

    fn stopped() -> InMemory {
        // As MariaDB 10.11.19 left them.
        let mut log = b"Phys\0\0\0\0\0\0\0\0\0\0\x30\0MariaDB 10.11.19".to_vec();
        log.resize(12288, 0);
        let mut page = vec![0; 16384];
        page[54..58].copy_from_slice(&0x15_u32.to_be_bytes());
        InMemory::default()
            .file("aria_log_control", [0xfe, 0xfe, 0x0c, 1])
            .file("ib_logfile0", log)
            .file("ibdata1", page)
            .folder("mysql")
    }

    fn only(files: &InMemory) -> Database {
        let mut databases = inspect_files(files).databases;
        assert_eq!(databases.len(), 1, "{databases:?}");
        databases.remove(0)
    }

    #[test]
    fn a_stopped_server_is_clean_and_has_a_version() {
        let found = only(&stopped());
        assert_eq!((found.kind, found.state), ("mariadb", ShutdownState::Clean));
        assert_eq!(found.version, Known::Is("10.11.19".to_owned()));
        assert_eq!(found.checksums, Known::Is("on".to_owned()));
        let upgraded = only(&stopped().file("mariadb_upgrade_info", "11.4.2-MariaDB\n"));
        assert_eq!(upgraded.version, Known::Is("11.4.2".to_owned()));
    }

    #[test]
    fn what_a_running_server_has_makes_it_unclean() {
        for name in ["ibtmp1", "8f0b1c.pid", "ddl_recovery.log"] {
            assert_eq!(
                only(&stopped().file(name, "x")).state,
                ShutdownState::Unclean,
                "{name}"
            );
        }
        let backup = stopped().file("xtrabackup_checkpoints", "backup_type = full-backuped\n");
        assert_eq!(only(&backup).state, ShutdownState::Unclean);
        let prepared = stopped().file("xtrabackup_checkpoints", "backup_type = full-prepared\n");
        assert_eq!(only(&prepared).state, ShutdownState::Clean);
    }

    #[test]
    fn without_its_log_nothing_is_clean() {
        let bare = InMemory::default()
            .file("aria_log_control", "x")
            .folder("mysql");
        let found = only(&bare);
        assert_eq!(
            (found.state, found.version),
            (ShutdownState::Unknown, Known::Unknown)
        );
    }
}
