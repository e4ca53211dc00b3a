//! A comparison as Markdown, for a change ticket.

use std::fmt::Write as _;

use super::groups::groups;
use super::text::change;
use crate::comparison::Comparison;

/// The whole document.
pub(super) fn render(found: &Comparison) -> String {
    let mut text = format!("# {} to {}\n", found.a.display(), found.b.display());
    if found.same {
        text += "\nNothing differs.\n";
    }
    let mut section = "";
    for group in &groups(&found.compose) {
        if group.section != section {
            section = group.section;
            table(&mut text, section, ["name", "setting", "before", "after"]);
        }
        let setting = match group.setting.as_str() {
            "" if group.from.is_absent() => "added",
            "" => "removed",
            setting => setting,
        };
        let yes = |side: super::groups::SettingSide<'_>| match side.text() {
            "" if !side.is_absent() => "yes".to_owned(),
            text => text.to_owned(),
        };
        let (from, to) = (yes(group.from), yes(group.to));
        row(&mut text, [&group.names.join(", "), setting, &from, &to]);
    }
    for file in &found.env {
        let name = match file.file.as_os_str().is_empty() {
            true => "variables".to_owned(),
            false => file.file.display().to_string(),
        };
        table(&mut text, &name, ["variable", "change", "before", "after"]);
        for change in &file.changes {
            let kind = match (&change.from, &change.to) {
                (None, _) => "added",
                (_, None) => "removed",
                _ => "changed",
            };
            let side = |value: &Option<String>| value.clone().unwrap_or_default();
            row(
                &mut text,
                [&change.key, kind, &side(&change.from), &side(&change.to)],
            );
        }
    }
    let mut files = found
        .files
        .iter()
        .filter(|file| file.path != b".")
        .peekable();
    if files.peek().is_some() {
        text += "\n## files\n\n";
        for difference in files {
            line(&mut text, &change(difference));
        }
    }
    for volume in &found.volumes {
        write!(text, "\n## volume {}\n\n", volume.volume).expect("a string grows");
        for difference in &volume.differences {
            line(&mut text, &change(difference));
        }
    }
    text
}

fn table(text: &mut String, title: &str, headings: [&str; 4]) {
    write!(text, "\n## {title}\n\n").expect("a string grows");
    row(text, headings);
    row(text, ["---"; 4]);
}

fn row(text: &mut String, cells: [&str; 4]) {
    let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
    writeln!(text, "| {} |", cells.join(" | ")).expect("a string grows");
}

/// An item of a list, as code, whatever is in it.
fn line(text: &mut String, item: &str) {
    writeln!(text, "- `{}`", item.replace('`', "'")).expect("a string grows");
}
