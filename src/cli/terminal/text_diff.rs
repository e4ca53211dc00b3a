//! Unified diffs, with secrets masked.

use std::path::Path;

use similar::{ChangeTag, TextDiff};

use super::color;
use super::ui::Ui;
use crate::mask::{self, SecretWords};

/// The unified diff of a file, empty when nothing differs. A file that isn't text gives
/// one line.
pub(crate) fn render(ui: &Ui, path: &Path, old: &[u8], new: &[u8]) -> String {
    render_with(ui, path, old, new, &SecretWords::default())
}

/// [`render`], with what is secret besides.
pub(crate) fn render_with(
    ui: &Ui,
    path: &Path,
    old: &[u8],
    new: &[u8],
    words: &SecretWords,
) -> String {
    if old == new {
        return String::new();
    }
    match (str::from_utf8(old), str::from_utf8(new)) {
        (Ok(old), Ok(new)) => {
            let (old, new) = mask::pair(path, old, new, words);
            lines(ui, path, &old, &new)
        }
        _ => binary(path),
    }
}

/// [`render`] for a user who has asked to see what is masked there.
pub(crate) fn render_open(ui: &Ui, path: &Path, old: &[u8], new: &[u8]) -> String {
    match (str::from_utf8(old), str::from_utf8(new)) {
        (Ok(old), Ok(new)) => lines(ui, path, old, new),
        _ => binary(path),
    }
}

fn binary(path: &Path) -> String {
    let name = path.strip_prefix("/").unwrap_or(path).display();
    format!("binary files a/{name} and b/{name} differ\n")
}

fn lines(ui: &Ui, path: &Path, old: &str, new: &str) -> String {
    let name = path.strip_prefix("/").unwrap_or(path).display();
    let diff = TextDiff::from_lines(old, new);
    let mut text = ui.paint(color::HEADING, &format!("--- a/{name}\n+++ b/{name}\n"));
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        text += &ui.paint(color::PLACE, &hunk.header().to_string());
        text.push('\n');
        for change in hunk.iter_changes() {
            text += &line(ui, change.tag(), change.value(), change.missing_newline());
        }
    }
    text
}

fn line(ui: &Ui, tag: ChangeTag, value: &str, missing_newline: bool) -> String {
    let content = value.trim_end_matches('\n');
    let shown = match tag {
        ChangeTag::Equal => format!(" {content}"),
        ChangeTag::Delete => ui.paint(color::REMOVED, &format!("-{content}")),
        ChangeTag::Insert => ui.paint(color::ADDED, &format!("+{content}")),
    };
    let end = if missing_newline {
        "\n\\ No newline at end of file\n"
    } else {
        "\n"
    };
    shown + end
}
