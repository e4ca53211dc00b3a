//! Lines taken apart into what may be shown and what may not: any number of secrets in one, and one
//! over several.

use std::path::Path;

use super::secret_file::SecretsBlock;
use super::token::{self, is_token};
use super::{MASK, SecretWords, without_credentials};
use crate::env_file::is_env_name;

/// A line: what is shown, each with the secret that follows, and its end.
pub(super) struct SplitLine<'a> {
    parts: Vec<(&'a str, &'a str)>,
    end: &'a str,
}

/// What the lines that follow have of a secret.
#[derive(Clone, Copy)]
enum Open {
    /// All up to this quote.
    Quote(char),
    /// All that is deeper than this column: a value of several lines.
    Deeper(usize),
    /// What is deeper than this column, or an item there, as long as it has no key of its own.
    Below(usize),
    /// The next word of a list: the value of an option.
    Word,
}

/// Takes the lines of a file one by one.
struct Splitter<'w> {
    words: &'w SecretWords,
    env: bool,
    /// Prose has no values of several lines.
    yaml: bool,
    open: Option<Open>,
    block: SecretsBlock,
}

/// The lines of a text.
pub(super) fn split<'a>(path: &Path, text: &'a str, words: &SecretWords) -> Vec<SplitLine<'a>> {
    let mut splitter = Splitter {
        words,
        env: is_env_name(path),
        yaml: path
            .extension()
            .is_none_or(|end| end == "yml" || end == "yaml" || end == "json"),
        open: None,
        block: SecretsBlock::default(),
    };
    let lines = text.split_inclusive('\n');
    lines.map(|line| splitter.split(line)).collect()
}

impl<'a> SplitLine<'a> {
    /// What is called by what: each secret with its key.
    pub(super) fn secrets(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let parts = self.parts.iter();
        parts.map(|(shown, secret)| (key_of(shown), *secret))
    }

    /// The line as it may be shown; marked where a secret is `changed`, by its key and itself.
    pub(super) fn masked(&self, changed: &dyn Fn(&str, &str) -> bool) -> String {
        let parts = self.parts.iter().map(|(shown, secret)| {
            let mark = match changed(key_of(shown), secret) {
                true => " (changed)",
                false => "",
            };
            format!("{}{MASK}{mark}", without_credentials(shown))
        });
        parts.collect::<String>() + &without_credentials(self.end)
    }
}

/// What a secret is called, by what stands before it; all of that where there is no name.
fn key_of(shown: &str) -> &str {
    match name_before(shown.trim_end_matches([' ', '"', '\'', ':', '=', ','])) {
        "" => shown.trim(),
        name => name,
    }
}

impl Splitter<'_> {
    fn split<'a>(&mut self, line: &'a str) -> SplitLine<'a> {
        let content = line.trim_end_matches(['\n', '\r']);
        let secrets = self.secrets_in(content);
        let (mut parts, mut at) = (Vec::new(), 0);
        for (begin, end) in secrets.into_iter().filter(|(begin, end)| begin < end) {
            parts.push((&line[at..begin], &line[begin..end]));
            at = end;
        }
        SplitLine {
            parts,
            end: &line[at..],
        }
    }

    /// Where the secrets of a line begin and end.
    fn secrets_in(&mut self, content: &str) -> Vec<(usize, usize)> {
        let whole = content.len();
        let is_quoted = matches!(self.open, Some(Open::Quote(_)));
        if content.trim().is_empty() && !is_quoted {
            return Vec::new();
        }
        if let Some(begin) = self.continued(content) {
            return vec![(begin, whole)];
        }
        if self.env {
            let at = value_of_variable(content, self.words);
            self.open = unclosed(&content[at..]).map(Open::Quote);
            return vec![(at, whole)];
        }
        if let Some(at) = self.block.secret_in(content) {
            let is_shown = is_variable(&content[at..]);
            return vec![(at, if is_shown { at } else { whole })];
        }
        self.open = opened(content, self.words).filter(|_| self.yaml);
        secrets_of(content, self.words)
    }

    /// Where what a line has of a secret begins that an earlier one began.
    fn continued(&mut self, content: &str) -> Option<usize> {
        let column = content.len() - content.trim_start().len();
        let word = after_dashes(content);
        let rest = &content[word..];
        match self.open? {
            Open::Quote(quote) => {
                self.open = self.open.filter(|_| !content.contains(quote));
                return Some(0);
            }
            Open::Deeper(above) if column > above => return Some(column),
            Open::Below(above) => {
                let is_item = word > column && content[column..].starts_with('-');
                let is_below = column > above || (is_item && column == above);
                if is_below && !has_key(rest) && !is_bracket(rest) {
                    return Some(word);
                }
            }
            Open::Word if !rest.starts_with("--") => {
                self.open = None;
                return Some(word);
            }
            Open::Deeper(_) | Open::Word => {}
        }
        self.open = None;
        None
    }
}

/// What the lines behind one have of its secret.
fn opened(content: &str, words: &SecretWords) -> Option<Open> {
    let column = after_dashes(content);
    let rest = &content[column..];
    let bare = rest.trim_matches([' ', ',', '"', '\'', '[']);
    let is_word = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    if bare.starts_with("--") && bare.chars().all(is_word) && words.sound_in(bare) {
        return Some(Open::Word);
    }
    let (key, value) = rest.split_once(':')?;
    let key = key.trim_end().trim_matches(['"', '\'']);
    let is_one = !key.is_empty() && key.chars().all(is_word) && words.sound_in(key);
    if !is_one || !(value.is_empty() || value.starts_with(' ')) {
        return None;
    }
    // An anchor or a tag says nothing of what follows.
    let is_mark = |word: &&str| word.starts_with(['&', '!']);
    let mut value = value.trim();
    while let Some(mark) = value.split(' ').next().filter(is_mark) {
        value = value[mark.len()..].trim_start();
    }
    Some(match unclosed(value) {
        Some(quote) => Open::Quote(quote),
        None if value.starts_with('#') || is_bracket(value) => Open::Below(column),
        None => Open::Deeper(column),
    })
}

/// `{`, `[`, `]`, `},`: brackets alone, which tell nothing.
fn is_bracket(text: &str) -> bool {
    text.trim().chars().all(|c| "{}[],".contains(c))
}

/// `KEY: value`, or `KEY:`.
fn has_key(text: &str) -> bool {
    let text = text.trim_end();
    let is_quoted = text.starts_with(['"', '\'']);
    match is_quoted {
        true => text.contains("\":") || text.contains("':"),
        false => text.contains(": ") || text.ends_with(':'),
    }
}

/// Where a line's text begins, behind the marks of items.
fn after_dashes(content: &str) -> usize {
    let mut at = content.len() - content.trim_start().len();
    while content[at..].starts_with("- ") {
        at = after(content, at + 1);
    }
    at
}

/// Where the secrets of a line begin and end that isn't one of `.env`.
fn secrets_of(content: &str, words: &SecretWords) -> Vec<(usize, usize)> {
    let (mut found, mut shown, mut from) = (Vec::new(), String::new(), first_open(content));
    shown.push_str(&content[..from]);
    while let Some(at) = next_secret(content, from, words) {
        shown.push_str(&content[from..at]);
        let end = at + end_of_secret(&content[at..], &shown);
        let secret = &content[at..end];
        // A variable alone tells nothing, nor does a bracket.
        match is_variable(secret.trim_matches(['"', '\'', ' '])) || is_bracket(secret) {
            true => shown.push_str(secret),
            false => found.push((at, end)),
        }
        from = end;
        if at == end {
            break;
        }
    }
    found
}

/// Where the first secret of a text begins; its end where it has none.
pub(super) fn secret_in(content: &str, words: &SecretWords) -> usize {
    let first = next_secret(content, first_open(content), words);
    first.unwrap_or(content.len())
}

/// Images and names are never secrets, but what stands behind them in the same line may be one.
fn first_open(content: &str) -> usize {
    let trimmed = content.trim_start_matches([' ', '-']);
    let is_named = ["image:", "name:", "container_name:"];
    match is_named.iter().any(|key| trimmed.starts_with(key)) {
        true => content.find(',').unwrap_or(content.len()),
        false => 0,
    }
}

/// Where the next secret begins: behind a key that sounds like one, or an option, or a token. Prose has
/// none.
fn next_secret(content: &str, from: usize, words: &SecretWords) -> Option<usize> {
    let signs = content.match_indices(['=', ':', ' ', ',']);
    let signs = signs.filter(|(at, _)| *at >= from);
    let mut named = signs.filter(|(at, sign)| {
        let name = name_before(&content[..*at]);
        words.sound_in(name) && is_key(&content[..*at], name, sign, &content[at + 1..])
    });
    let named = named.next().map(|(at, _)| after(content, at + 1));
    let token = token_in(&content[from..]).map(|at| from + at);
    named.into_iter().chain(token).min()
}

/// How long a secret is. In a mapping or list in one line it ends, `{PASSWORD: x, A: b}`; else it is the rest.
fn end_of_secret(secret: &str, shown: &str) -> usize {
    let opened = |open, close| shown.matches(open).count() > shown.matches(close).count();
    // What is escaped may hide where it ends.
    let is_plain = !secret.contains('\\') && !secret.contains("''");
    if !is_plain || !(opened('{', '}') || opened('[', ']')) {
        return secret.len();
    }
    let own = secret.chars().next().filter(|c| matches!(c, '"' | '\''));
    let around = ['"', '\''].into_iter();
    let mut around = around.filter(|quote| shown.matches(*quote).count() % 2 == 1);
    let end = match (own, around.next()) {
        (Some(quote), _) => secret[1..].find(quote).map(|at| at + 2),
        (None, Some(quote)) => secret.find(quote),
        (None, None) => end_of_plain(secret),
    };
    end.unwrap_or(secret.len())
}

/// Where a value without quotes ends, what it opens by itself left out: `${A:-x,y}`, `[x, "]"]`.
fn end_of_plain(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    for (at, c) in text.char_indices() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) if depth > 0 => quote = Some(c),
            ('{' | '[', None) => depth += 1,
            (',' | '}' | ']', None) if depth == 0 => return Some(at),
            ('}' | ']', None) => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Where the first token begins that is one by its shape.
fn token_in(content: &str) -> Option<usize> {
    let is_end = |c: char| c.is_whitespace() || "\"'=:,;()[]{}<>@".contains(c);
    let mut at = 0;
    content.split(is_end).find_map(|word| {
        let begin = at;
        at += word.len();
        at += content[at..].chars().next().map_or(0, char::len_utf8);
        token::has_maker(word).then_some(begin)
    })
}

/// Where the value of a line of `.env` begins; its end when there is none to hide.
fn value_of_variable(content: &str, words: &SecretWords) -> usize {
    let Some(sign) = content.find(['=', ':']) else {
        return content.len();
    };
    let comment = content.trim_start().strip_prefix('#');
    let name = comment.unwrap_or(content)[..].split(['=', ':']).next();
    let name = name.unwrap_or_default().trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let at = after(content, sign + 1);
    let is_prose = comment.is_some() && name.contains(' ');
    let is_secret = words.sound_in(name) || is_token(&content[at..]);
    match is_secret && !is_prose {
        true => at,
        false => content.len(),
    }
}

/// `$PW`, `${PW}`, `${PW:?it is needed}`; not `${PW:-hunter2}`, which has a value in it.
fn is_variable(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let Some(name) = text.strip_prefix('$') else {
        return false;
    };
    match name
        .strip_prefix('{')
        .and_then(|name| name.strip_suffix('}'))
    {
        Some(inner) => inner
            .split_once(['?', ':'])
            .map_or(is_name(inner), |(name, rest)| {
                is_name(name) && (inner[name.len()..].starts_with('?') || rest.starts_with('?'))
            }),
        None => is_name(name),
    }
}

/// The quote that a value opens and doesn't close.
fn unclosed(value: &str) -> Option<char> {
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    (!value[1..].contains(quote)).then_some(quote)
}

/// The name that a text ends with, quotes and blanks behind it left out.
fn name_before(text: &str) -> &str {
    let text = text.trim_end_matches([' ', '"', '\'']);
    let is_name = |c: char| c.is_alphanumeric() || "_.-".contains(c);
    let begin = text.rfind(|c: char| !is_name(c));
    let begin = begin.map_or(0, |at| {
        at + text[at..].chars().next().map_or(1, char::len_utf8)
    });
    &text[begin..]
}

/// True if `name`, at the end of `before`, is a key or an option whose value follows the sign, and no word
/// of a sentence.
fn is_key(before: &str, name: &str, sign: &str, behind: &str) -> bool {
    let end = before.trim_end_matches([' ', '"', '\'']);
    let ahead = &end[..end.len() - name.len()];
    let first = ahead.chars().all(|c| " \t-#\"'".contains(c));
    let opened = ahead
        .trim_end()
        .ends_with(['{', '[', ',', '(', '"', '\'', '`', '$']);
    match sign {
        "=" => end.len() == before.len() || first || opened,
        ":" => (first || opened) && (behind.is_empty() || behind.starts_with([' ', '"', '\''])),
        // In a list: an option, and its value as the next word.
        "," => name.starts_with("--"),
        // An option, or a setting of a word and its value.
        _ => {
            let is_option = name.starts_with("--");
            let words = behind.split_whitespace().count();
            let is_word = name
                .chars()
                .all(|c| c.is_ascii_lowercase() || "_-0".contains(c));
            let is_setting = first && !ahead.contains('#') && is_word && words == 1;
            end.len() == before.len() && (is_option || is_setting || ahead.ends_with("--"))
        }
    }
}

/// The first byte at or behind `at` that is no space.
pub(super) fn after(content: &str, at: usize) -> usize {
    content[at..]
        .find(|c: char| c != ' ')
        .map_or(content.len(), |offset| at + offset)
}
