//! Unified diffs, with secrets masked.

use std::path::Path;

use similar::{ChangeTag, TextDiff};

use super::color;
use super::size;
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
    if old.len().max(new.len()) > LARGEST {
        return large(path, old, new);
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
    if old.len().max(new.len()) > LARGEST {
        return large(path, old, new);
    }
    match (str::from_utf8(old), str::from_utf8(new)) {
        (Ok(old), Ok(new)) => lines(ui, path, old, new),
        _ => binary(path),
    }
}

/// Bytes of the largest file whose difference is shown.
const LARGEST: usize = 1 << 20;

/// Lines of a difference that are shown, and characters of each.
const MOST_LINES: usize = 1_000;
const LONGEST_LINE: usize = 1_000;

fn large(path: &Path, old: &[u8], new: &[u8]) -> String {
    let name = path.strip_prefix("/").unwrap_or(path).display();
    let [old, new] = [old, new].map(|bytes| size::human(bytes.len() as u64));
    format!("a/{name} and b/{name} differ, of {old} and {new}: too large to be shown\n")
}

fn binary(path: &Path) -> String {
    let name = path.strip_prefix("/").unwrap_or(path).display();
    format!("binary files a/{name} and b/{name} differ\n")
}

fn lines(ui: &Ui, path: &Path, old: &str, new: &str) -> String {
    let name = path.strip_prefix("/").unwrap_or(path).display();
    let diff = TextDiff::from_lines(old, new);
    let mut text = ui.paint(color::HEADING, &format!("--- a/{name}\n+++ b/{name}\n"));
    let mut shown = 0;
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        if shown < MOST_LINES {
            text += &ui.paint(color::PLACE, &hunk.header().to_string());
            text.push('\n');
        }
        for change in hunk.iter_changes() {
            shown += 1;
            if shown <= MOST_LINES {
                text += &line(ui, change.tag(), change.value(), change.missing_newline());
            }
        }
    }
    if shown > MOST_LINES {
        text += &format!("... and {} more lines of {name}\n", shown - MOST_LINES);
    }
    text
}

fn line(ui: &Ui, tag: ChangeTag, value: &str, missing_newline: bool) -> String {
    let content = value.trim_end_matches('\n');
    let cut = content.char_indices().nth(LONGEST_LINE).map(|(at, _)| at);
    let short = cut.map(|at| format!("{} ... {} bytes more", &content[..at], content.len() - at));
    let content = short.as_deref().unwrap_or(content);
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
