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
    let indent = line.len() - line.trim_start_matches(' ').len();
    let (mut text, mut width) = (" ".repeat(indent), indent);
    let mut is_first = true;
    for word in words {
        let wanted = shown_width(word);
        if !is_first && width + 1 + wanted > columns {
            text += goes_on;
            text += "\n";
            text += &" ".repeat(indent + DEEPER);
            width = indent + DEEPER;
        } else if !is_first {
            text.push(' ');
            width += 1;
        }
        text += word;
        width += wanted;
        is_first = false;
    }
    text
}

/// How much further in a line goes on.
const DEEPER: usize = 4;

/// The columns of a text, without what only colours it.
fn shown_width(text: &str) -> usize {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().width();
    let coloured = parts.map(|part| {
        part.split_once('m')
            .map_or(part, |(_, shown)| shown)
            .width()
    });
    first + coloured.sum::<usize>()
}

/// The programs whose calls end a hint.
const COMMANDS: [&str; 4] = ["transship", "docker", "chmod", "chown"];

/// Where a line may not be broken.
trait Whole {
    /// Looks at the next character of `rest`, and tells whether what comes behind it belongs to it.
    fn holds(&mut self, rest: &str) -> bool;
}

/// The words of a line, without the spaces between them.
fn pieces<'a>(line: &'a str, whole: &mut impl Whole) -> Vec<&'a str> {
    let line = line.trim_start_matches(' ');
    let (mut words, mut begun) = (Vec::new(), 0);
    for (at, c) in line.char_indices() {
        if !whole.holds(&line[at..]) && c == ' ' {
            if begun < at {
                words.push(&line[begun..at]);
            }
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
