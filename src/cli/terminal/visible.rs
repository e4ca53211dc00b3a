//! Text for a terminal: what vendors' and administrators' files have in them is shown, and never
//! obeyed.

use std::borrow::Cow;

use super::color::{self, Style};

/// The text with every character that a terminal would act upon as its escape: control characters
/// but for line ends and tabs, and those that change the direction of a line. The colours of our own
/// are left alone where there are any.
pub(crate) fn visible(text: &str, colored: bool) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let styles = if colored { codes() } else { Vec::new() };
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(c) = rest.chars().next() {
        let style = styles.iter().find(|code| rest.starts_with(code.as_str()));
        let length = style.map_or(c.len_utf8(), String::len);
        // A line end of Windows' is no more than one.
        let is_plain = style.is_some() || !acts(c) || rest.starts_with("\r\n");
        match is_plain {
            true => shown.push_str(&rest[..length]),
            false => shown.extend(c.escape_default()),
        }
        rest = &rest[length..];
    }
    Cow::Owned(shown)
}

fn acts(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    turns || breaks || (c.is_control() && !matches!(c, '\n' | '\t'))
}

/// What our own styles begin and end with.
fn codes() -> Vec<String> {
    let styles = color::ALL.iter();
    let codes = styles.flat_map(|style: &Style| [format!("{style}"), format!("{style:#}")]);
    codes.filter(|code| !code.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_upon_is_shown_as_its_escape() {
        for (text, expect) in [
            ("plain, with ä and\ttabs\n", "plain, with ä and\ttabs\n"),
            ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
            ("\u{1b}[2J\u{7}\u{8}", "\\u{1b}[2J\\u{7}\\u{8}"),
            ("a\rb\r\n", "a\\rb\r\n"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
            ("\u{202e}txt.exe", "\\u{202e}txt.exe"),
            ("a\u{2028}b", "a\\u{2028}b"),
        ] {
            assert_eq!(visible(text, false), expect);
        }
    }

    #[test]
    fn our_own_colours_stay_where_there_are_any() {
        let text = color::paint(true, color::ADDED, "+a\u{1b}[2Jb");
        let shown = visible(&text, true);
        assert_eq!(shown, color::paint(true, color::ADDED, "+a\\u{1b}[2Jb"));
        assert!(!visible(&text, false).contains('\u{1b}'));
    }
}
