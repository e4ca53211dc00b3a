//! Redis and Valkey: a dump, an append-only log, or both.

use super::database_kind::{DatabaseKind, Owns};
use crate::database::files::{DataFolder, Seen};
use crate::database::formats::rdb::{self, Rdb};
use crate::database::{Database, Known, ShutdownState};

pub(crate) const KIND: DatabaseKind = DatabaseKind {
    name: "redis",
    title: "Redis or Valkey",
    marks: &[&["*.rdb"], &["appendonlydir"], &["appendonly.aof"]],
    tells: "version, format of the dump, whether the append-only log is on, whether it is whole",
    owns: Owns::Folders(&["appendonlydir"]),
    read,
};

const LOGS: &str = "appendonlydir";

fn read(folder: &DataFolder<'_>) -> Vec<Database> {
    let log = Log::of(folder);
    let dump = dump_name(folder);
    let dumped = dump.as_deref().and_then(|name| header(folder, name));
    let base = log.base.as_deref().and_then(|name| header(folder, name));
    if dumped.is_none() && base.is_none() && !log.is_on {
        return Vec::new();
    }
    let mut found = KIND.database(folder);
    let newest = dumped.as_ref().or(base.as_ref());
    name(&mut found, newest);
    found.detail(
        "append-only log",
        Some(if log.is_on { "on" } else { "off" }),
    );
    state(
        &mut found,
        folder,
        &log,
        dump.as_deref().filter(|_| dumped.is_some()),
    );
    if log.is_on && dumped.is_some() {
        found.hint(
            "with the append-only log on, the server reads the log, and a lone dump is ignored",
        );
    }
    if folder
        .names
        .iter()
        .any(|name| name.starts_with(b"temp-") && name.ends_with(b".rdb"))
    {
        found.hint("a `temp-*.rdb` is there: it was killed while it saved");
    }
    if folder.has("nodes.conf") {
        found.hint("it is a node of a cluster (`nodes.conf`): upgrade all of them, replicas first");
    }
    vec![found]
}

/// Which of both it is, and the version; what can read the format.
fn name(found: &mut Database, newest: Option<&Rdb>) {
    let Some(rdb) = newest else { return };
    if rdb.is_valkey {
        (found.kind, found.title) = ("valkey", "Valkey");
    } else if rdb.writer.is_some() {
        found.title = "Redis";
    }
    found.version = Known::or_unknown(rdb.writer.clone());
    found.detail("dump format", Some(rdb.format));
    // Valkey's `src/rdb.h`: 12 to 79 are foreign, and refused.
    match rdb.format {
        12..80 => found.hint(format!(
            "no Valkey reads a dump of format {}: stay with Redis, or copy by `SYNC` of keys",
            rdb.format
        )),
        80.. => found.hint("no Redis reads this dump, and no Valkey before 9"),
        _ => {}
    }
}

/// It leaves no mark of how it was stopped; but what is cut is seen.
fn state(found: &mut Database, folder: &DataFolder<'_>, log: &Log, dump: Option<&str>) {
    if let Some(missing) = &log.missing {
        found.state(
            ShutdownState::Damaged,
            format!("`{missing}` is named in the log's manifest, and isn't there"),
        );
        return;
    }
    if let Some(dump) = dump
        && !is_whole(folder, dump)
    {
        found.state(
            ShutdownState::Damaged,
            format!("`{dump}` has no end: it was cut"),
        );
        return;
    }
    found.state(
        ShutdownState::Unknown,
        "it leaves no mark of how it was stopped",
    );
    found.hint("what was written since the last save is in memory alone where the append-only log is off: stop it with `SHUTDOWN SAVE`");
}

fn is_whole(folder: &DataFolder<'_>, dump: &str) -> bool {
    const END: usize = 9;
    let Seen::Is(size) = folder.size(dump) else {
        return false;
    };
    let end = size.saturating_sub(END as u64);
    folder
        .read_at(dump.as_bytes(), end, END)
        .known()
        .is_some_and(|end| rdb::is_whole(&end))
}

fn header(folder: &DataFolder<'_>, path: &str) -> Option<Rdb> {
    rdb::header(&folder.read(path, rdb::HEADER).known()?)
}

/// The dump: by its usual name, else the first that is one.
fn dump_name(folder: &DataFolder<'_>) -> Option<String> {
    const USUAL: &str = "dump.rdb";
    if folder.has(USUAL) {
        return Some(USUAL.to_owned());
    }
    let names = folder
        .names
        .iter()
        .filter(|name| name.ends_with(b".rdb") && !name.starts_with(b"temp-"));
    let names = names.filter_map(|name| std::str::from_utf8(name).ok());
    names
        .take(8)
        .find(|name| header(folder, name).is_some())
        .map(ToOwned::to_owned)
}

/// The append-only log.
#[derive(Default)]
struct Log {
    is_on: bool,
    /// The dump that it begins with, below the folder.
    base: Option<String>,
    /// A part that its manifest names and that isn't there.
    missing: Option<String>,
}

impl Log {
    /// From 7 on a folder with a manifest: `file NAME seq NUMBER type b|i|h` (`src/aof.c`).
    fn of(folder: &DataFolder<'_>) -> Self {
        let mut log = Self {
            is_on: folder.has("appendonly.aof"),
            ..Self::default()
        };
        let names = folder.names_in(LOGS).known().unwrap_or_default();
        let manifest = names.iter().find(|name| name.ends_with(b".manifest"));
        let Some(manifest) = manifest.and_then(|name| std::str::from_utf8(name).ok()) else {
            return log;
        };
        log.is_on = true;
        let text = folder.text(&format!("{LOGS}/{manifest}")).known();
        for line in text.unwrap_or_default().lines().take(1024) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let ["file", name, "seq", _, "type", kind, ..] = words.as_slice() else {
                continue;
            };
            if name.contains('/') {
                continue;
            }
            let path = format!("{LOGS}/{name}");
            if matches!(folder.look(&path), Seen::Absent) && *kind != "h" {
                log.missing = Some(path.escape_default().to_string());
            }
            if *kind == "b" {
                log.base = Some(path);
            }
        }
        log
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{InMemory, inspect_files};

    /// As redis-server 7.0.15 wrote it, with no keys.
    fn dump(begin: &[u8]) -> Vec<u8> {
        [begin, b"\xff\x69\x2d\x0f\xb7\x8b\xbd\x25\x77"].concat()
    }

    const REDIS: &[u8] = b"REDIS0010\xfa\x09redis-ver\x067.0.15\xfa\x0aredis-bits\xc0\x40";

    fn only(files: &InMemory) -> Database {
        let mut databases = inspect_files(files).databases;
        assert_eq!(databases.len(), 1, "{databases:?}");
        databases.remove(0)
    }

    #[test]
    fn a_dump_has_a_version_and_a_stop_that_nobody_knows() {
        let found = only(&InMemory::default().file("dump.rdb", dump(REDIS)));
        assert_eq!(
            (found.kind, found.title, found.state),
            ("redis", "Redis", ShutdownState::Unknown)
        );
        assert_eq!(found.version, Known::Is("7.0.15".to_owned()));
        assert_eq!(found.details["append-only log"], "off");
    }

    #[test]
    fn a_dump_of_another_name_is_found_and_what_only_has_the_name_is_not() {
        let named = InMemory::default()
            .file("a.rdb", "no dump")
            .file("cache.rdb", dump(REDIS));
        assert_eq!(only(&named).kind, "redis");
        let none = InMemory::default()
            .file("a.rdb", "no dump")
            .symlink("b.rdb", "/srv/dump.rdb");
        assert_eq!(inspect_files(&none).databases, []);
    }

    #[test]
    fn valkey_is_told_from_redis_and_what_reads_it() {
        let valkey = dump(b"VALKEY080\xfa\x0avalkey-ver\x059.0.0");
        let found = only(&InMemory::default().file("dump.rdb", valkey));
        assert_eq!(
            (found.kind, &found.version),
            ("valkey", &Known::Is("9.0.0".to_owned()))
        );
        assert!(found.hints[0].contains("no Redis"));
        let new = only(
            &InMemory::default().file("dump.rdb", dump(b"REDIS0012\xfa\x09redis-ver\x058.0.1")),
        );
        assert!(new.hints[0].contains("no Valkey"));
    }

    #[test]
    fn a_cut_dump_or_log_is_damaged() {
        let cut = dump(REDIS)[..30].to_vec();
        assert_eq!(
            only(&InMemory::default().file("dump.rdb", cut)).state,
            ShutdownState::Damaged
        );
        let manifest = "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n";
        let log = InMemory::default()
            .file("appendonlydir/appendonly.aof.manifest", manifest)
            .file("appendonlydir/appendonly.aof.1.base.rdb", dump(REDIS));
        assert_eq!(only(&log).state, ShutdownState::Damaged);
        let whole = log.file("appendonlydir/appendonly.aof.1.incr.aof", "");
        let found = only(&whole);
        assert_eq!(found.state, ShutdownState::Unknown);
        assert_eq!(found.version, Known::Is("7.0.15".to_owned()));
        assert_eq!(found.details["append-only log"], "on");
    }
}
