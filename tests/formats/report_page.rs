//! The report of a rehearsal with everything that one can have, as a page of HTML: it is what it was
//! (`fixtures/report`; `UPDATE=1` writes it), and keeps axe's rules as far as these need no layout.
//! `scripts/look-at-report` shows it in a real browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use transship::rehearsal;

use super::need;
use super::rehearsals::a_rehearsal;

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/report/rehearsal.html")
}

#[test]
fn the_report_of_a_rehearsal_is_the_page_that_was_looked_at() {
    let drifted = ["`releases/v1.0.0/.env` was abababab, and is cdcdcdcd".to_owned()];
    let today = rehearsal::html(&a_rehearsal(), Some(&drifted));
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(page().parent().unwrap()).unwrap();
        fs::write(page(), &today).unwrap();
    }
    let text = fs::read_to_string(page()).unwrap();
    assert_eq!(
        text, today,
        "look at it with `scripts/look-at-report`, and write it with UPDATE=1"
    );
}

#[test]
fn the_page_keeps_the_rules_of_accessibility_and_one_that_breaks_them_is_found() {
    let checks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report");
    let has = checks.join("node_modules/axe-core").is_dir();
    if !need::given(has, "node and `npm ci` in tests/report") {
        return;
    }
    let check = |page: &Path| {
        let output = Command::new("node")
            .arg(checks.join("check.mjs"))
            .arg(page)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("rules kept"), "{said}{output:?}");
        (output.status.success(), said)
    };
    let (is_well, said) = check(&page());
    assert!(is_well, "{said}");
    let home = tempfile::tempdir().unwrap();
    let bad = home.path().join("bad.html");
    let text = fs::read_to_string(page()).unwrap();
    fs::write(
        &bad,
        text.replace(" lang=\"en\"", "")
            .replace("<h1>", "<h1><img src=\"x\">"),
    )
    .unwrap();
    let (is_well, said) = check(&bad);
    assert!(
        !is_well && said.contains("html-has-lang") && said.contains("image-alt"),
        "{said}"
    );
}
