//! What `--json` prints, held against its schema in `docs/json/`; what it says on stderr, too.

#[path = "schema.rs"]
mod schema;

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::program::Ran;
use schema::Schema;

/// The folder of the schemas.
pub(crate) fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json"))
}

/// The one document of a call, which is as the schema of its format says; so is every line of stderr, as an
/// event.
#[track_caller]
pub(crate) fn check(call: &str, ran: &Ran) -> Value {
    let document = ran.json();
    let format = document["format"].as_str();
    let format = format.unwrap_or_else(|| panic!("`{call}` prints a document without a format"));
    hold(call, format, &document);
    for line in ran.err.lines() {
        let event = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("`{call}` says on stderr, {error}:\n{line}"));
        hold(call, "transship-event", &event);
    }
    document
}

#[track_caller]
fn hold(call: &str, format: &str, value: &Value) {
    let text = fs::read_to_string(folder().join(format!("{format}.json"))).unwrap_or_else(|_| {
        panic!("`{call}` prints the format `{format}`: put its schema into docs/json/{format}.json")
    });
    let faults = Schema::new(serde_json::from_str(&text).unwrap()).faults(value);
    assert!(
        faults.is_empty(),
        "`{call}` prints what docs/json/{format}.json doesn't know:\n{}\n{value:#}",
        faults.join("\n")
    );
}
