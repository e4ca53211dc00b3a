//! MinIO: one drive of it.

use super::database_kind::{DatabaseKind, Owns};
use crate::database::files::{DataFolder, Seen};
use crate::database::formats::fields::plain;
use crate::database::{Database, Known, ShutdownState};

pub(crate) const KIND: DatabaseKind = DatabaseKind {
    name: "minio",
    title: "MinIO",
    marks: &[&[".minio.sys"]],
    tells: "format of the drive, deployment's id, how many drives belong together",
    owns: Owns::Everything,
    read,
};

const FORMAT: &str = ".minio.sys/format.json";

fn read(folder: &DataFolder<'_>) -> Vec<Database> {
    let mut found = KIND.database(folder);
    found.system_identifier = Known::Unknown;
    found.state(
        ShutdownState::Unknown,
        "it leaves no mark of how it was stopped",
    );
    match folder.text(FORMAT) {
        Seen::Is(text) => match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(format) => tell(&mut found, &format),
            Err(_) => found.state(ShutdownState::Damaged, format!("`{FORMAT}` is no JSON")),
        },
        other => found.state(ShutdownState::Unknown, other.why(FORMAT)),
    }
    vec![found]
}

/// `cmd/format-erasure.go` and `cmd/format-meta.go` of MinIO.
fn tell(found: &mut Database, format: &serde_json::Value) {
    let text = |value: Option<&serde_json::Value>| plain(value?.as_str()?.as_bytes());
    found.system_identifier = Known::or_unknown(text(format.get("id")));
    let kind = text(format.get("format"));
    found.detail("format version", text(format.pointer("/xl/version")));
    let sets = format.pointer("/xl/sets").and_then(|sets| sets.as_array());
    let drives: Option<usize> = sets.map(|sets| {
        let drives = sets.iter().filter_map(|set| set.as_array());
        drives.map(Vec::len).sum()
    });
    found.detail("drives", drives);
    if kind.as_deref() == Some("fs") {
        found.hint("it is of the old single-drive format `fs`, which no version after RELEASE.2022-10-24 opens: copy by `mc mirror`");
    }
    if drives.is_some_and(|drives| drives > 1) {
        found.hint("it is one of several drives: move all of them, or none");
    }
    found.detail("format", kind);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{InMemory, inspect_files};

    fn only(content: &str) -> Database {
        let files = InMemory::default()
            .file(FORMAT, content)
            .folder("bucket/a.db");
        let mut databases = inspect_files(&files).databases;
        assert_eq!(databases.len(), 1, "{databases:?}");
        databases.remove(0)
    }

    #[test]
    fn the_drive_tells_its_deployment() {
        let erasure = r#"{"version":"1","format":"xl","id":"0a4b2f","xl":{"version":"3","this":"1","sets":[["1","2"],["3","4"]],"distributionAlgo":"SIPMOD+PARITY"}}"#;
        let found = only(erasure);
        assert_eq!(found.system_identifier.shown(), "0a4b2f");
        assert_eq!(found.details["drives"], "4");
        assert!(found.hints[0].contains("several drives"));
        let old = only(r#"{"version":"1","format":"fs","id":"1","fs":{"version":"2"}}"#);
        assert!(old.hints[0].contains("mc mirror"));
    }

    #[test]
    fn a_format_that_says_nothing_leaves_it_unknown() {
        assert_eq!(only("{").state, ShutdownState::Damaged);
        for text in ["[]", "{}", r#"{"id": 5, "xl": {"sets": 7}}"#, "null"] {
            assert_eq!(only(text).system_identifier, Known::Unknown, "{text}");
        }
    }
}
