//! What stands around everything that `--json` prints.
//!
//! On stdout there is one document, with its format and version; on stderr there are lines, each an
//! event. `docs/json/` has a schema for each format, and says what changes are no new version.

use serde::Serialize;

/// A document: an object of `format`, `version` and what the command has to say.
#[derive(Serialize)]
pub(crate) struct JsonDocument<'a, T> {
    format: &'static str,
    version: u32,
    #[serde(flatten)]
    body: &'a T,
}

impl<'a, T: Serialize> JsonDocument<'a, T> {
    /// `body` is a struct; its fields are the document's.
    pub(crate) fn new(format: &'static str, body: &'a T) -> Self {
        Self {
            format,
            version: 1,
            body,
        }
    }

    /// The text, with the end of its last line.
    pub(crate) fn text(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// One line on stderr.
#[derive(Serialize)]
pub(crate) struct JsonEvent<'a, T> {
    event: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

/// Something said in a sentence.
#[derive(Serialize)]
pub(crate) struct EventMessage<'a> {
    pub(crate) message: &'a str,
}

/// The line of an event, without its end.
pub(crate) fn event_line<T: Serialize>(event: &'static str, body: &T) -> String {
    serde_json::to_string(&JsonEvent { event, body }).unwrap_or_default()
}
