//! Long lines of a text for a reader, broken between words where the terminal ends.
//!
//! What can be pasted stays in one piece: what stands between backticks, and a command that ends
//! a sentence. A shell's line is broken as a shell reads it, behind a backslash.

use std::os::fd::AsFd;

use rustix::termios::{isatty, tcgetwinsize};
use unicode_width::UnicodeWidthStr as _;

/// The columns of a terminal; nothing where the stream is none, or doesn't know.
pub(crate) fn columns(stream: impl AsFd) -> Option<usize> {
    if !isatty(&stream) {
        return None;
    }
    let size = tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// The text with its lines within `columns`; what a line goes on with stands further in than it.
pub(crate) fn fold(text: &str, columns: usize) -> String {
    let lines = text.split('\n').map(|line| {
        let words = pieces(line, &mut Protected::default());
        folded(line, words, columns, "")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A command for a shell on lines within `columns`, which a shell reads as that one.
pub(crate) fn fold_command(line: &str, columns: usize) -> String {
    // The sign that goes on stands in the last columns.
    let room = columns.saturating_sub(2);
    folded(line, pieces(line, &mut Quoted::default()), room, " \\")
}

fn folded(line: &str, words: Vec<&str>, columns: usize, goes_on: &str) -> String {
    if shown_width(line) <= columns + goes_on.len() {
        return line.to_owned();
    }
    let shown = without_colour(line);
    let indent = shown.len() - shown.trim_start_matches(' ').len() + DEEPER;
    let (mut text, mut width) = (String::new(), 0);
    for (number, word) in words.into_iter().enumerate() {
        let wanted = shown_width(word);
        if number > 0 && width + 1 + wanted > columns {
            text.truncate(text.trim_end_matches(' ').len());
            text += &format!("{goes_on}\n{}", " ".repeat(indent));
            width = indent;
        } else if number > 0 {
            text.push(' ');
            width += 1;
        }
        text += word;
        width += wanted;
    }
    text
}

/// How much further in a line goes on.
const DEEPER: usize = 4;

/// The columns of a text.
fn shown_width(text: &str) -> usize {
    without_colour(text).width()
}

/// A text without what only colours it.
fn without_colour(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once('m').map_or(part, |(_, shown)| shown));
    std::iter::once(first).chain(rest).collect()
}

/// The programs whose calls end a hint.
const COMMANDS: [&str; 4] = ["transship", "docker", "chmod", "chown"];

/// Where a line may not be broken.
trait Whole {
    /// Looks at the next character of `rest`, and tells whether what comes behind it belongs to it.
    fn holds(&mut self, rest: &str) -> bool;
}

/// The words of a line, without the last of the spaces between each two.
fn pieces<'a>(line: &'a str, whole: &mut impl Whole) -> Vec<&'a str> {
    let (mut words, mut begun) = (Vec::new(), 0);
    for (at, c) in line.char_indices() {
        let is_last = c == ' ' && !line[at + 1..].starts_with(' ');
        if !whole.holds(&line[at..]) && is_last {
            words.push(&line[begun..at]);
            begun = at + 1;
        }
    }
    words.push(&line[begun..]);
    words
}

/// Backticks, and a command that ends the line.
#[derive(Default)]
struct Protected {
    in_ticks: bool,
    is_command: bool,
    before: [char; 2],
}

impl Whole for Protected {
    fn holds(&mut self, rest: &str) -> bool {
        let first = rest.split(' ').next().unwrap_or_default();
        self.is_command |= self.before == [':', ' '] && COMMANDS.contains(&first);
        let c = rest.chars().next().unwrap_or(' ');
        self.in_ticks ^= c == '`';
        self.before = [self.before[1], c];
        self.is_command || self.in_ticks
    }
}

/// What a shell takes for one word.
#[derive(Default)]
struct Quoted {
    quote: Option<char>,
    is_escaped: bool,
}

impl Whole for Quoted {
    fn holds(&mut self, rest: &str) -> bool {
        let c = rest.chars().next().unwrap_or(' ');
        let was_escaped = std::mem::take(&mut self.is_escaped);
        match (self.quote, c) {
            _ if was_escaped => return true,
            (None | Some('"'), '\\') => self.is_escaped = true,
            (None, '\'' | '"') => self.quote = Some(c),
            (Some(open), _) if open == c => self.quote = None,
            _ => {}
        }
        self.quote.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_goes_on_further_in_and_keeps_what_can_be_pasted_whole() {
        let check = |text: &str, columns: usize, wanted: &str| {
            assert_eq!(fold(text, columns), wanted);
        };
        check("short\n", 20, "short\n");
        check(
            "  one two three four\n",
            14,
            "  one two\n      three\n      four\n",
        );
        check(
            "try: go on with `a b c`",
            16,
            "try: go on with\n    `a b c`",
        );
        check(
            "next: then, to go back: transship -C /srv rollback",
            30,
            "next: then, to go back:\n    transship -C /srv rollback",
        );
        check(
            "\u{1b}[1mbold word\u{1b}[0m x",
            11,
            "\u{1b}[1mbold word\u{1b}[0m x",
        );
        check("unbreakable-by-far", 5, "unbreakable-by-far");
        // What stands in columns stays there, behind what a line before was coloured by, too.
        check(
            "\u{1b}[0m  done    copy it",
            14,
            "\u{1b}[0m  done    copy\n      it",
        );
    }

    #[test]
    fn a_shell_reads_a_broken_command_as_it_stood() {
        let line = "  $ tar -x -f 'it is one.tar' --strip \"a b\" c\\ d -C releases/v2.10.5";
        for columns in 8..70 {
            let text = fold_command(line, columns);
            let joined = text.replace("\\\n", "");
            assert_eq!(shlex::split(&joined), shlex::split(line), "{text}");
            let is_whole = |line: &str| line.trim().trim_end_matches(" \\").contains(' ');
            let mut lines = text.lines();
            assert!(lines.all(|line| line.len() <= columns || !is_whole(line) || columns < 24));
        }
        assert!(fold_command(line, 40).contains(" \\\n      "));
    }
}
