//! A comparison for people, in a terminal.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anstyle::Style;

use super::super::terminal::ui::Ui;
use super::super::terminal::{color, text_diff};
use super::DiffArgs;
use super::groups::{ChangeGroup, groups};
use crate::comparison::{Comparison, EnvFileChanges, path_of};
use crate::env_file::is_env_name;
use crate::tree::{Difference, DifferenceKind};

/// As many services are named in one line; the rest is counted.
const NAMES: usize = 6;
/// As many files of a volume are named.
const FILES: usize = 5;

/// The whole text, empty where nothing differs.
pub(super) fn render(found: &Comparison, args: &DiffArgs, ui: &Ui) -> String {
    let mut text = String::new();
    let mut section = "";
    for group in &groups(&found.compose) {
        if group.section != section {
            section = group.section;
            text += &heading(ui, section);
        }
        text += &setting(ui, group);
    }
    for file in &found.env {
        text += &env(ui, file);
    }
    let (shown, listed): (Vec<_>, Vec<_>) = found
        .files
        .iter()
        .partition(|difference| is_of_content(difference) && !args.stat);
    let hunks = hunks(found, &shown, args, ui);
    let listed: Vec<&Difference> = listed.into_iter().filter(|d| !is_told(found, d)).collect();
    if !listed.is_empty() || !hunks.listed.is_empty() {
        text += &heading(ui, "files");
        for difference in listed {
            text += &entry(ui, difference);
        }
        for line in hunks.listed {
            text += &format!("  {line}\n");
        }
    }
    for volume in &found.volumes {
        text += &heading(ui, &format!("volume {}", volume.volume));
        for difference in volume.differences.iter().take(FILES) {
            text += &entry(ui, difference);
        }
        if let Some(more) = volume
            .differences
            .len()
            .checked_sub(FILES)
            .filter(|n| *n > 0)
        {
            text += &format!("  and {more} more\n");
        }
    }
    text + &hunks.text
}

fn heading(ui: &Ui, text: &str) -> String {
    ui.paint(color::HEADING, text) + "\n"
}

/// How a value came to differ.
#[derive(Clone, Copy, PartialEq)]
enum Presence {
    New,
    Gone,
    Changed,
}

impl Presence {
    fn of(is_new: bool, is_gone: bool) -> Self {
        match (is_new, is_gone) {
            (true, _) => Self::New,
            (_, true) => Self::Gone,
            _ => Self::Changed,
        }
    }
}

fn marked(ui: &Ui, presence: Presence, line: &str) -> String {
    let (mark, style) = match presence {
        Presence::New => ("+", color::ADDED),
        Presence::Gone => ("-", color::REMOVED),
        Presence::Changed => ("~", Style::new()),
    };
    format!("  {}\n", ui.paint(style, &format!("{mark} {line}")))
}

/// What differs of a file or folder, as a change from the first to the second.
fn entry(ui: &Ui, difference: &Difference) -> String {
    let is = |kind| difference.kind == kind;
    let presence = Presence::of(is(DifferenceKind::Extra), is(DifferenceKind::Missing));
    marked(ui, presence, &change(difference))
}

/// The same without a mark.
pub(super) fn change(difference: &Difference) -> String {
    let path = path_of(difference);
    let (path, kind) = (path.display(), difference.kind);
    let (old, new) = (&difference.expected, &difference.found);
    match kind {
        DifferenceKind::Extra => format!("{path}: new {new}"),
        DifferenceKind::Missing => format!("{path}: {old} is gone"),
        DifferenceKind::Mount => difference.to_string(),
        DifferenceKind::Size => format!("{path}: {old} -> {new} bytes"),
        DifferenceKind::Content => format!("{path}: content"),
        _ if old.is_empty() && new.is_empty() => format!("{path}: {kind}"),
        _ => format!("{path}: {kind} {old} -> {new}"),
    }
}

fn setting(ui: &Ui, group: &ChangeGroup<'_>) -> String {
    let presence = Presence::of(group.from.is_absent(), group.to.is_absent());
    let values = match (group.from.text(), group.to.text()) {
        ("", "") => String::new(),
        (from, "") if group.to.is_absent() => from.to_owned(),
        ("", to) if group.from.is_absent() => to.to_owned(),
        (from, to) => format!("{from} -> {to}"),
    };
    let lead = match (group.names.is_empty(), group.setting.is_empty()) {
        (false, false) => format!("{}: {}", names(&group.names), group.setting),
        (false, true) => names(&group.names),
        (true, _) => group.setting.clone(),
    };
    marked(ui, presence, format!("{lead}  {values}").trim_end())
}

/// `web, api`, and of many the first ones.
fn names(names: &[&str]) -> String {
    match names.len().checked_sub(NAMES).filter(|more| *more > 1) {
        None => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..NAMES].join(", ")),
    }
}

fn env(ui: &Ui, file: &EnvFileChanges) -> String {
    let name = match file.file.as_os_str().is_empty() {
        true => "variables".to_owned(),
        false => file.file.display().to_string(),
    };
    let mut text = heading(ui, &name);
    for change in &file.changes {
        let line = match (change.from.as_deref(), change.to.as_deref()) {
            (Some(from), Some(to)) => format!("{}  {from} -> {to}", change.key),
            (from, to) => format!("{}  {}", change.key, from.or(to).unwrap_or_default()),
        };
        text += &marked(
            ui,
            Presence::of(change.from.is_none(), change.to.is_none()),
            line.trim_end(),
        );
    }
    text
}

fn is_of_content(difference: &Difference) -> bool {
    matches!(
        difference.kind,
        DifferenceKind::Content | DifferenceKind::Size
    )
}

/// True for the content of what is compared by its settings or keys.
fn is_told(found: &Comparison, difference: &Difference) -> bool {
    let path = path_of(difference);
    is_of_content(difference) && found.env.iter().any(|file| same_file(&file.file, &path))
}

/// Two files that are compared have the empty path, and `.` in the list of differences.
fn same_file(one: &Path, other: &Path) -> bool {
    one == other || (one.as_os_str().is_empty() && other == Path::new("."))
}

/// The lines of text files, and of other files that their content differs.
struct Hunks {
    text: String,
    listed: Vec<String>,
}

fn hunks(found: &Comparison, shown: &[&Difference], args: &DiffArgs, ui: &Ui) -> Hunks {
    let mut hunks = Hunks {
        text: String::new(),
        listed: Vec::new(),
    };
    let paths: BTreeSet<PathBuf> = shown.iter().map(|difference| path_of(difference)).collect();
    for path in paths {
        let is_env = found.env.iter().any(|file| same_file(&file.file, &path));
        let is_compose = found
            .compose_files
            .iter()
            .any(|file| same_file(file, &path));
        if is_env {
            continue;
        }
        if is_compose && !args.text {
            if found.compose.is_empty() {
                let line = format!("{}: content, but no setting differs", path.display());
                hunks.listed.push(line);
            }
            continue;
        }
        // Of two files, the second gives the name.
        let name = if path == Path::new(".") {
            &found.b
        } else {
            &path
        };
        match found.lines(&path) {
            Some((old, new)) if found.show_secrets => {
                hunks.text += &text_diff::render_open(ui, name, &old, &new);
            }
            Some((old, new)) => {
                hunks.text += &text_diff::render_with(ui, name, &old, &new, &found.words);
            }
            None if is_env_name(&path) => {
                hunks.listed.push(format!("{}: content", path.display()));
            }
            None => hunks.text += &format!("files a/{0} and b/{0} differ\n", path.display()),
        }
    }
    hunks
}
