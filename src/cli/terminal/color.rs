//! The few styles that are used, and whether they may be.

use std::env;

pub(crate) use anstyle::Style;
use anstyle::{AnsiColor, Effects};

pub(crate) const ERROR: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default();
pub(crate) const HEADING: Style = Style::new().effects(Effects::BOLD);
pub(crate) const ADDED: Style = AnsiColor::Green.on_default();
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
pub(crate) const PLACE: Style = AnsiColor::Cyan.on_default();

/// All of them.
pub(crate) const ALL: [Style; 7] = [ERROR, WARNING, HINT, HEADING, ADDED, REMOVED, PLACE];

/// `text` in `style`, or plain.
pub(crate) fn paint(wanted: bool, style: Style, text: &str) -> String {
    if wanted {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

/// Whether the environment has nothing against colour: `NO_COLOR` unset or empty
/// (no-color.org), and a terminal that isn't `dumb`.
pub(crate) fn allowed() -> bool {
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !no_color && env::var_os("TERM").is_none_or(|term| term != "dumb")
}
