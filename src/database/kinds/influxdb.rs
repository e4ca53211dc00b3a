//! InfluxDB 1 and 2.

use super::database_kind::{DatabaseKind, Owns};
use crate::database::files::{DataFolder, Seen};
use crate::database::formats::bolt::Bolt;
use crate::database::{Database, Known, ShutdownState};

pub(crate) const KIND: DatabaseKind = DatabaseKind {
    name: "influxdb",
    title: "InfluxDB",
    marks: &[&["influxd.bolt"], &["meta/meta.db"]],
    tells: "generation, whether its store of metadata is whole",
    owns: Owns::Everything,
    read,
};

const STORE: &str = "influxd.bolt";

fn read(folder: &DataFolder<'_>) -> Vec<Database> {
    let mut found = KIND.database(folder);
    found.state(
        ShutdownState::Unknown,
        "it leaves no mark of how it was stopped: its log is played again at the start",
    );
    if folder.has(STORE) {
        found.version = Known::Is("2".to_owned());
        let read = |at, most| folder.read_at(STORE.as_bytes(), at, most).known();
        match folder.size(STORE) {
            Seen::Is(_) if Bolt::open(&read).is_none() => {
                found.state(
                    ShutdownState::Damaged,
                    format!("`{STORE}` is no store of InfluxDB's, or damaged"),
                );
            }
            Seen::Is(_) => {}
            other => found.state(ShutdownState::Unknown, other.why(STORE)),
        }
        found.hint("`influx backup` and `influx restore` move it; an older 2.x doesn't open what a newer one wrote");
    } else {
        found.version = Known::Is("1".to_owned());
        found.hint("2.x doesn't open these files: `influxd upgrade` makes new ones of them, and needs room for both");
    }
    vec![found]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::formats::bolt::tests::store;
    use crate::database::{InMemory, inspect_files};

    #[test]
    fn both_generations_are_told_apart_and_own_their_folders() {
        let one = InMemory::default()
            .file("meta/meta.db", "x")
            .folder("data/x/autogen")
            .folder("wal");
        let two = InMemory::default()
            .file("influxd.bolt", store("a", "b", "c"))
            .file("influxd.sqlite", &b"SQLite format 3\0\x10\0\x01\x01"[..])
            .folder("engine/data");
        for (files, version, state) in [
            (one, "1", ShutdownState::Unknown),
            (two, "2", ShutdownState::Unknown),
            (
                InMemory::default().file("influxd.bolt", "x"),
                "2",
                ShutdownState::Damaged,
            ),
        ] {
            let found = inspect_files(&files).databases;
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(
                (&found[0].version, found[0].state),
                (&Known::Is(version.to_owned()), state)
            );
        }
    }
}
