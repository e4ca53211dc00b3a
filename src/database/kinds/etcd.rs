//! etcd: a write-ahead log, and a store of bbolt.

use super::database_kind::{DatabaseKind, Owns};
use crate::database::files::{DataFolder, Seen};
use crate::database::formats::bolt::Bolt;
use crate::database::formats::fields::plain;
use crate::database::{Database, Known, ShutdownState};

pub(crate) const KIND: DatabaseKind = DatabaseKind {
    name: "etcd",
    title: "etcd",
    marks: &[&["member/wal"], &["member/snap"]],
    tells: "version of the cluster, whether its store is whole",
    owns: Owns::Everything,
    read,
};

const STORE: &str = "member/snap/db";

fn read(folder: &DataFolder<'_>) -> Vec<Database> {
    let mut found = KIND.database(folder);
    let read = |at, most| folder.read_at(STORE.as_bytes(), at, most).known();
    let size = folder.size(STORE);
    match (&size, Bolt::open(&read)) {
        (Seen::Is(_), Some(store)) => {
            // `server/storage/schema/schema.go` of etcd: the bucket `cluster`.
            let text = |bucket: &str, key: &str| {
                plain(&store.value(&read, bucket.as_bytes(), key.as_bytes())?)
            };
            found.version = Known::or_unknown(text("cluster", "clusterVersion"));
            found.detail("storage version", text("meta", "storageVersion"));
            found.state(
                ShutdownState::Unknown,
                "it leaves no mark of how it was stopped: its log is played again at the start",
            );
        }
        (Seen::Is(_), None) => found.state(
            ShutdownState::Damaged,
            format!("`{STORE}` is no store of etcd's, or damaged"),
        ),
        _ => found.state(ShutdownState::Unknown, size.why(STORE)),
    }
    found.hint("upgrades go one minor version at a time; `etcdctl snapshot save` and `etcdutl snapshot restore` move it");
    found.hint("a copy is the same member: never let both run against one cluster");
    vec![found]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::formats::bolt::tests::store;
    use crate::database::{InMemory, inspect_files};

    fn only(store: Vec<u8>) -> Database {
        let files = InMemory::default()
            .file("member/wal/0000000000000000-0000000000000000.wal", "x")
            .file(STORE, store);
        let mut databases = inspect_files(&files).databases;
        assert_eq!(databases.len(), 1, "{databases:?}");
        databases.remove(0)
    }

    #[test]
    fn the_version_is_that_of_the_cluster() {
        let found = only(store("cluster", "clusterVersion", "3.5.0"));
        assert_eq!(found.version, Known::Is("3.5.0".to_owned()));
        assert_eq!(found.state, ShutdownState::Unknown);
    }

    #[test]
    fn a_damaged_store_is_named() {
        for bytes in [vec![], vec![0; 70_000], b"\xed\xda\x0c\xed".repeat(9000)] {
            let found = only(bytes);
            assert_eq!(
                (found.state, found.version),
                (ShutdownState::Damaged, Known::Unknown)
            );
        }
    }
}
