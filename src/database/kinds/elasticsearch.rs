//! Elasticsearch, and OpenSearch, its fork.

use super::database_kind::{DatabaseKind, Owns};
use crate::database::files::{DataFolder, MOST_BYTES};
use crate::database::formats::smile;
use crate::database::{Database, Known, ShutdownState};

pub(crate) const KIND: DatabaseKind = DatabaseKind {
    name: "elasticsearch",
    title: "Elasticsearch or OpenSearch",
    marks: &[&["nodes/0"], &["_state", "node.lock"]],
    tells: "version that ran last, layout",
    owns: Owns::Everything,
    read,
};

fn read(folder: &DataFolder<'_>) -> Vec<Database> {
    let mut found = KIND.database(folder);
    // Up to 7, and in OpenSearch, several nodes could share a folder.
    let (state, layout) = match folder.has("nodes/0") {
        true => ("nodes/0/_state", "`nodes/0`, as up to 7 and in OpenSearch"),
        false => ("_state", "`_state`, as from 8 on"),
    };
    found.detail("layout", Some(layout));
    if let Some(version) = node_version(folder, state) {
        name(&mut found, version);
    }
    found.state(
        ShutdownState::Unknown,
        "it leaves no mark of how it was stopped: its log is played again at the start",
    );
    found.hint("upgrades go one major at a time, from the last minor version of each; its own snapshots move it, files of a running one don't");
    vec![found]
}

/// The number in the newest `node-N.st`.
fn node_version(folder: &DataFolder<'_>, state: &str) -> Option<i64> {
    let names = folder.names_in(state).known()?;
    let number = |name: &[u8]| -> Option<u64> {
        let number = name.strip_prefix(b"node-")?.strip_suffix(b".st")?;
        std::str::from_utf8(number).ok()?.parse().ok()
    };
    let newest = names.iter().filter_map(number).max()?;
    let path = format!("{state}/node-{newest}.st");
    smile::number_at(&folder.read(&path, MOST_BYTES).known()?, "node_version")
}

/// A version's number has two digits each for minor, revision and build; OpenSearch marks its
/// own by a bit (`Version.java` of both).
fn name(found: &mut Database, number: i64) {
    const OPENSEARCH: i64 = 0x0800_0000;
    let is_opensearch = number & OPENSEARCH != 0;
    let number = number & !OPENSEARCH;
    found.title = "Elasticsearch";
    if is_opensearch {
        (found.kind, found.title) = ("opensearch", "OpenSearch");
    }
    if (1_000_000..100_000_000).contains(&number) {
        let version = format!(
            "{}.{}.{}",
            number / 1_000_000,
            number / 10_000 % 100,
            number / 100 % 100
        );
        found.version = Known::Is(version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::formats::smile::tests::node;
    use crate::database::{InMemory, inspect_files};

    #[test]
    fn the_version_is_that_of_the_node_that_ran_last() {
        for (path, number, kind, version) in [
            ("nodes/0/_state", 7_171_099, "elasticsearch", "7.17.10"),
            ("_state", 8_110_199, "elasticsearch", "8.11.1"),
            ("nodes/0/_state", 136_327_827, "opensearch", "2.11.0"),
        ] {
            let files = InMemory::default()
                .file(&format!("{path}/node-9.st"), "old")
                .file(&format!("{path}/node-12.st"), node(number))
                .file("node.lock", "");
            let found = inspect_files(&files).databases.remove(0);
            assert_eq!(
                (found.kind, found.version.shown()),
                (kind, version),
                "{path}"
            );
        }
    }

    #[test]
    fn a_state_that_cannot_be_read_leaves_it_unknown() {
        let files = InMemory::default()
            .folder("_state")
            .file("node.lock", "")
            .file("_state/node-1.st", "x");
        let found = inspect_files(&files).databases.remove(0);
        assert_eq!(
            (found.state, found.version),
            (ShutdownState::Unknown, Known::Unknown)
        );
    }
}
