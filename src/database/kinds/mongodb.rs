//! MongoDB with WiredTiger.

use super::database_kind::{DatabaseKind, Owns};
use crate::database::files::{DataFolder, Seen};
use crate::database::formats::bson;
use crate::database::formats::fields::{plain, version_in};
use crate::database::{Database, Known, ShutdownState};

pub(crate) const KIND: DatabaseKind = DatabaseKind {
    name: "mongodb",
    title: "MongoDB",
    marks: &[&["storage.bson"], &["WiredTiger", "mongod.lock"]],
    tells: "version that ran last, storage engine, how it was left",
    owns: Owns::Everything,
    read,
};

fn read(folder: &DataFolder<'_>) -> Vec<Database> {
    let mut found = KIND.database(folder);
    found.checksums = Known::Unknown;
    let (state, because) = match folder.size("mongod.lock") {
        Seen::Is(0) => (ShutdownState::Clean, "`mongod.lock` is empty".to_owned()),
        Seen::Is(_) => {
            let because = "`mongod.lock` has a process in it: it runs, or was killed";
            (ShutdownState::Unclean, because.to_owned())
        }
        other => (ShutdownState::Unknown, other.why("mongod.lock")),
    };
    found.state(state, because);
    if state == ShutdownState::Unclean {
        found.hint(
            "start the old version and stop it with time to finish (`docker compose stop -t 300`)",
        );
    }
    let storage = folder.read("storage.bson", 16 * 1024).known();
    let engine = storage.and_then(|bytes| bson::text_at(&bytes, &["storage", "engine"]));
    found.detail("storage engine", engine);
    let wired_tiger = folder.text("WiredTiger").known();
    let wired_tiger = wired_tiger.as_deref().and_then(|text| text.lines().nth(1));
    found.detail("WiredTiger", wired_tiger.and_then(version_in));
    found.version = Known::or_unknown(last_version(folder));
    found.hint(
        "upgrades go one major at a time, and each needs `setFeatureCompatibilityVersion` of the old \
         one first, which its files don't tell",
    );
    vec![found]
}

/// The newest of the server's own diagnostics begins with what `buildInfo` said
/// (`src/mongo/db/ftdc` of MongoDB: a document of type 0, not packed).
fn last_version(folder: &DataFolder<'_>) -> Option<String> {
    const ENOUGH: usize = 64 * 1024;
    let names = folder.names_in("diagnostic.data").known()?;
    let newest = names
        .iter()
        .filter(|name| name.starts_with(b"metrics.2"))
        .max()?;
    let path = [b"diagnostic.data/", newest].concat();
    let bytes = folder.read_at(&path, 0, ENOUGH).known()?;
    let paths: [&[&str]; 2] = [
        &["doc", "buildInfo", "version"],
        &["doc", "common", "buildInfo", "version"],
    ];
    let version = paths.iter().find_map(|path| bson::text_at(&bytes, path))?;
    plain(version.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::formats::bson::tests::{document, nested, text};
    use crate::database::{InMemory, inspect_files};

    fn data(lock: &str) -> InMemory {
        let storage = nested("storage", &[text("engine", "wiredTiger")]);
        let build = nested("buildInfo", &[text("version", "7.0.14")]);
        let metadata = document(&[
            vec![0x10, b't', b'y', b'p', b'e', 0, 0, 0, 0, 0],
            nested("doc", &[build]),
        ]);
        InMemory::default()
            .file("storage.bson", document(&[storage]))
            .file(
                "WiredTiger",
                "WiredTiger\nWiredTiger 11.2.0: (May 1, 2023)\n",
            )
            .file("mongod.lock", lock)
            .file("diagnostic.data/metrics.2024-01-01T00-00-00Z-00000", "old")
            .file(
                "diagnostic.data/metrics.2024-06-01T00-00-00Z-00000",
                metadata,
            )
            .file("diagnostic.data/metrics.interim", "x")
    }

    fn only(files: &InMemory) -> Database {
        let mut databases = inspect_files(files).databases;
        assert_eq!(databases.len(), 1, "{databases:?}");
        databases.remove(0)
    }

    #[test]
    fn the_lock_tells_how_it_was_left() {
        for (lock, state) in [("", ShutdownState::Clean), ("1\n", ShutdownState::Unclean)] {
            assert_eq!(only(&data(lock)).state, state);
        }
        let without = InMemory::default().file("storage.bson", "x");
        assert_eq!(only(&without).state, ShutdownState::Unknown);
    }

    #[test]
    fn versions_are_those_of_the_last_run() {
        let found = only(&data(""));
        assert_eq!(found.version, Known::Is("7.0.14".to_owned()));
        assert_eq!(found.details["WiredTiger"], "11.2.0");
        assert_eq!(found.details["storage engine"], "wiredTiger");
    }
}
