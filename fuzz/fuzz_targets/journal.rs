//! Any bytes as the body of a journal, sealed as it should be: read, and its course checked, without a
//! panic.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use transship::upgrade::running::journal::{self, Journal};
use transship::upgrade::{Report, document};

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("journal.json");
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Journal::from_text(path, text);
    }
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return;
    };
    let text = document::to_text(journal::FORMAT, &body).expect("JSON is written");
    let Ok(read) = Journal::from_text(path, &text) else {
        return;
    };
    assert_eq!(read.steps().len(), read.plan().steps.len());
    let _ = (read.state(), read.last_error(), Report::of(&read));
});
