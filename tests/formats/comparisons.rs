//! What `db compare -o` keeps.

use std::path::Path;

use transship::database::postgres::{
    COMPARISON_FORMAT, ComparedServer, DUMP_FORMAT, DatabaseComparison, DatabaseDifference,
    DatabaseTotals, DumpManifest, DumpedDatabase, ExplainedDifference, SurveyedItem, TableProof,
    UnreadItem,
};
use transship::database::{STREAMED_FORMAT, StreamedDump};
use transship::upgrade::document;

use super::fixture;

fn item(kind: &str, name: &str) -> SurveyedItem {
    SurveyedItem {
        database: Some("app".to_owned()),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

fn server(name: &str, version: &str) -> ComparedServer {
    ComparedServer {
        server: name.to_owned(),
        version: version.to_owned(),
        c_library: Some("glibc 2.36".to_owned()),
    }
}

fn difference(kind: &str, name: &str, a: Option<&str>) -> DatabaseDifference {
    DatabaseDifference {
        key: item(kind, name),
        a: a.map(str::to_owned),
        b: Some("3 77".to_owned()),
    }
}

fn a_comparison() -> DatabaseComparison {
    DatabaseComparison {
        equal: false,
        a: server("shop-db-1", "15.8"),
        b: server("shop-new-1", "17.2"),
        databases: vec![DatabaseTotals {
            database: "app".to_owned(),
            tables: 1,
            rows: 2,
            objects: 9,
        }],
        differences: vec![difference("rows", "s.t", Some("2 41"))],
        explained: vec![ExplainedDifference {
            difference: difference("maintain", "table s.t", None),
            why: "17 has it".to_owned(),
        }],
        unread: vec![UnreadItem {
            key: item("rows", "s.torn"),
            why: "invalid page".to_owned(),
        }],
        notes: vec!["a note".to_owned()],
        tables: vec![TableProof {
            database: "app".to_owned(),
            table: "s.t".to_owned(),
            rows: "2 41".to_owned(),
        }],
    }
}

#[test]
fn comparison_1_is_written_and_read() {
    let text = document::to_text(COMPARISON_FORMAT, &a_comparison()).unwrap();
    let text = fixture("db-comparison-v1.json", &text);
    let path = Path::new("db-comparison-v1.json");
    let read: DatabaseComparison = document::from_text(COMPARISON_FORMAT, path, &text).unwrap();
    assert_eq!(read, a_comparison());
}

#[test]
fn the_manifest_of_a_dump_is_written_and_read() {
    let manifest = DumpManifest {
        file: "shop.sql.gz".to_owned(),
        bytes: 4096,
        sha256: "a".repeat(64),
        made: "2026-11-28T02:00:00Z".to_owned(),
        server: "shop-db-1".to_owned(),
        server_version: "15.8".to_owned(),
        databases: vec![DumpedDatabase {
            name: "app".to_owned(),
            tables: 1,
            rows: 2,
        }],
    };
    let text = document::to_text(DUMP_FORMAT, &manifest).unwrap();
    let text = fixture("db-dump-v1.json", &text);
    let path = Path::new("db-dump-v1.json");
    let read: DumpManifest = document::from_text(DUMP_FORMAT, path, &text).unwrap();
    assert_eq!(read, manifest);
}

#[test]
fn what_a_stream_came_to_is_written_and_read() {
    let found = StreamedDump {
        from: "shop-cache-1".to_owned(),
        to: "shop-new-1".to_owned(),
        bytes: 4096,
        sha256: "a".repeat(64),
        equal: Some(true),
        compared_sha256: Some("b".repeat(64)),
        proof: Some("0 3000 41".to_owned()),
    };
    let text = document::to_text(STREAMED_FORMAT, &found).unwrap();
    let text = fixture("db-stream-v1.json", &text);
    let path = Path::new("db-stream-v1.json");
    let read: StreamedDump = document::from_text(STREAMED_FORMAT, path, &text).unwrap();
    assert_eq!(read, found);
}
