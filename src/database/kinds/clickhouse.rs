//! ClickHouse.

use super::database_kind::{DatabaseKind, Owns};
use crate::database::files::{DataFolder, Seen};
use crate::database::formats::fields::plain;
use crate::database::{Database, Known, ShutdownState};

pub(crate) const KIND: DatabaseKind = DatabaseKind {
    name: "clickhouse",
    title: "ClickHouse",
    marks: &[
        &["metadata", "format_schemas"],
        &["metadata", "preprocessed_configs"],
        &["metadata", "store"],
        &["metadata", "flags", "data"],
    ],
    tells: "how it was left, server's UUID",
    owns: Owns::Everything,
    read,
};

fn read(folder: &DataFolder<'_>) -> Vec<Database> {
    let mut found = KIND.database(folder);
    // Every part has checksums of its own.
    found.checksums = Known::Is("on".to_owned());
    let uuid = folder.text("uuid").known();
    found.system_identifier = Known::or_unknown(uuid.and_then(|uuid| plain(uuid.as_bytes())));
    // `src/Common/StatusFile.cpp`: written at the start, removed at a stop in order.
    match folder.text("status") {
        Seen::Is(text) => {
            let revision = text
                .lines()
                .find_map(|line| line.strip_prefix("Revision: "));
            found.detail(
                "revision",
                revision.and_then(|revision| plain(revision.as_bytes())),
            );
            found.state(
                ShutdownState::Unclean,
                "`status` is there: it runs, or was killed",
            );
            found.hint("start the old version and stop it with time to finish (`docker compose stop -t 300`)");
        }
        Seen::Absent => found.state(
            ShutdownState::Clean,
            "there is no `status`, which a running server has",
        ),
        other => found.state(ShutdownState::Unknown, other.why("status")),
    }
    found.hint("its files don't tell its version: the image's tag does");
    vec![found]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{InMemory, inspect_files};

    #[test]
    fn the_status_file_tells_how_it_was_left() {
        // As clickhouse-server 18.16 leaves it, and with what newer ones add.
        let files = || {
            InMemory::default()
                .folder("metadata/default")
                .folder("data/default")
                .folder("format_schemas")
                .file("uuid", "2f0f2d6e-0000-4000-8000-000000000001")
        };
        let running = files().file(
            "status",
            "PID: 826\nStarted at: 2026-11-27 16:35:29\nRevision: 54412\n",
        );
        for (files, state) in [
            (files(), ShutdownState::Clean),
            (running, ShutdownState::Unclean),
            (files().fifo("status"), ShutdownState::Unknown),
        ] {
            let found = inspect_files(&files).databases.remove(0);
            assert_eq!((found.kind, found.state), ("clickhouse", state));
            assert_eq!(
                found.system_identifier.shown(),
                "2f0f2d6e-0000-4000-8000-000000000001"
            );
        }
    }

    #[test]
    fn folders_of_these_names_alone_are_no_database() {
        let files = InMemory::default().folder("metadata").folder("data");
        assert_eq!(inspect_files(&files).databases, []);
    }
}
