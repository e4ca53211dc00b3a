//! Any bytes as the body of a plan, sealed as it should be: read, shown and confined without a panic,
//! and what was read and written again is read as the same.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use transship::engine::FakeVolumes;
use transship::release::Install;
use transship::upgrade::document;
use transship::upgrade::plan::{self, Plan};

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("plan.json");
    if let Ok(text) = std::str::from_utf8(bytes) {
        // As it is, with whatever seal it has.
        let _ = document::from_text::<Plan>(plan::FORMAT, path, text);
    }
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return;
    };
    let text = document::to_text(plan::FORMAT, &body).expect("JSON is written");
    let Ok(read) = document::from_text::<Plan>(plan::FORMAT, path, &text) else {
        return;
    };
    let volumes = FakeVolumes::new(Path::new("/nowhere"));
    for step in &read.steps {
        let _ = (step.title(), step.commands(&volumes), step.phase());
    }
    let _ = read.require_settled();
    if let Ok(install) = Install::at(Path::new("/tmp/transship-fuzz")) {
        let _ = read.require_own(&install, "plan", &read.id);
    }
    let again = document::to_text(plan::FORMAT, &read).expect("a plan is written");
    let again: Plan = document::from_text(plan::FORMAT, path, &again).expect("and read");
    assert!(again == read, "{again:?} {read:?}");
});
