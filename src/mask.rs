//! Secrets in what is shown: no value is printed whose key sounds like a secret, or that has the shape
//! of a well-known token; prose is.
//!
//! Nothing here prints: every function gives back what may be shown. [`pair`] is for the two
//! versions of a file whose difference is wanted, [`value`] for one value and its name, and
//! [`Secrets`] for what is shown of two releases, where a value of `.env` may turn up anywhere.

mod secret_file;
mod token;
mod url;

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use self::secret_file::{SecretsBlock, is_named_secret};
use self::token::is_token;
pub use self::url::{url_host, url_path};
use crate::env_file::is_env_name;

const SECRET_WORDS: [&str; 12] = [
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "credential",
    "auth",
    "salt",
    "private",
    "dsn",
    "cert",
    "url",
];
const MASK: &str = "********";

/// What the names of secrets sound like.
#[derive(Debug, Clone, Default)]
pub struct SecretWords {
    /// What somebody has named besides, in lower case.
    named: Vec<String>,
}

impl SecretWords {
    /// The usual ones, and parts of names that somebody has called secret.
    pub fn with(named: impl IntoIterator<Item = String>) -> Self {
        let named = named.into_iter().filter(|word| !word.is_empty());
        Self {
            named: named.map(|word| word.to_ascii_lowercase()).collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        let named = self.named.iter().map(String::as_str);
        SECRET_WORDS.into_iter().chain(named)
    }

    /// True for what is called a secret.
    fn sound_in(&self, key: &str) -> bool {
        // Who wrote it is no secret.
        let key = key
            .to_ascii_lowercase()
            .replace("authors", "")
            .replace("author:", "");
        let key = key.strip_suffix("author").unwrap_or(&key);
        // Too short to look for within words.
        let mut parts = key.split(|c: char| !c.is_ascii_alphanumeric());
        self.all().any(|word| key.contains(word)) || parts.any(|part| part == "pw")
    }
}

/// What must not be shown of two releases, wherever it turns up: the values of `.env` whose
/// keys sound like a secret.
#[derive(Debug, Default)]
pub struct Secrets {
    values: Vec<String>,
    words: SecretWords,
    /// The user has asked to see them.
    shown: bool,
}

impl Secrets {
    /// Masks nothing where they are `shown`, as somebody asked; else by `words`.
    pub fn new(shown: bool, words: SecretWords) -> Self {
        Self {
            values: Vec::new(),
            words,
            shown,
        }
    }

    /// Takes the values of one `.env` file.
    pub fn add(&mut self, values: impl IntoIterator<Item = (String, String)>) {
        // A shorter one would mask half of all words.
        const SHORTEST: usize = 4;
        let secret = values
            .into_iter()
            .filter(|(key, value)| self.words.sound_in(key) && value.len() >= SHORTEST)
            .map(|(_, value)| value);
        self.values.extend(secret);
        // What contains another comes first.
        self.values
            .sort_by_key(|value| std::cmp::Reverse(value.len()));
    }

    /// The value of a variable, as it may be shown.
    pub fn variable(&self, key: &str, value: &str) -> String {
        if self.shown || value.is_empty() {
            return value.to_owned();
        }
        let is_known = self.values.iter().any(|secret| secret == value);
        match self.words.sound_in(key) || is_known || is_token(value) {
            true => MASK.to_owned(),
            false => without_passwords(&without_credentials(value)),
        }
    }

    /// The value of a setting, as it may be shown; `key` where it names a variable.
    pub fn setting(&self, key: Option<&str>, value: &str) -> String {
        if self.shown {
            return value.to_owned();
        }
        if key.is_some_and(|key| self.words.sound_in(key)) {
            return MASK.to_owned();
        }
        let known = self.values.iter();
        let text = known.fold(value.to_owned(), |text, secret| text.replace(secret, MASK));
        without_passwords(&without_credentials(&text))
    }

    /// A command, which may name a secret in its words.
    pub fn command(&self, value: &str) -> String {
        let text = self.setting(None, value);
        if self.shown {
            return text;
        }
        let at = secret_in(&text, &self.words);
        let mask = if at < text.len() { MASK } else { "" };
        format!("{}{mask}", &text[..at])
    }
}

/// A line taken apart: what is shown, and what is not.
struct SplitLine<'a> {
    key: &'a str,
    secret: &'a str,
    end: &'a str,
}

/// Both texts with their secrets masked, line by line, so that their diff has the lines of
/// the diff of the originals. A secret that differs is marked as changed in the second, so
/// that this shows without the secret.
pub fn pair(path: &Path, old: &str, new: &str, words: &SecretWords) -> (String, String) {
    let (old, new) = (lines(path, old, words), lines(path, new, words));
    let known: HashSet<(&str, &str)> = old
        .iter()
        .map(|line| (line.key.trim(), line.secret))
        .collect();
    let keys: HashSet<&str> = known.iter().map(|(key, _)| *key).collect();
    let changed = |line: &SplitLine<'_>| {
        let key = line.key.trim();
        keys.contains(key) && !known.contains(&(key, line.secret))
    };
    let masked = |line: &SplitLine<'_>, changed: bool| {
        let mask = if line.secret.is_empty() { "" } else { MASK };
        let mark = if changed && !line.secret.is_empty() {
            " (changed)"
        } else {
            ""
        };
        format!("{}{mask}{mark}{}", without_credentials(line.key), line.end)
    };
    let second = new.iter().map(|line| masked(line, changed(line))).collect();
    (old.iter().map(|line| masked(line, false)).collect(), second)
}

/// A value as it may be shown: what it is called by decides, then what is in it.
pub fn value(name: &str, text: &str, words: &SecretWords) -> String {
    let private = text.contains("PRIVATE KEY-----");
    if text.is_empty() || !(private || words.sound_in(name)) {
        return without_passwords(&pair(Path::new(""), text, text, words).0);
    }
    MASK.to_owned()
}

/// Whether nothing of a file is to be shown: it is its owner's alone, or a private key, or its
/// name says that all of it is a secret.
pub fn is_private(path: &Path, content: &[u8]) -> bool {
    if is_named_secret(path) {
        return true;
    }
    // No right for the group or for others.
    let owners_alone = path
        .metadata()
        .is_ok_and(|metadata| metadata.mode().trailing_zeros() >= 6);
    owners_alone || content.windows(MARK.len()).any(|window| window == MARK)
}

const MARK: &[u8] = b"PRIVATE KEY-----";

fn lines<'a>(path: &Path, text: &'a str, words: &SecretWords) -> Vec<SplitLine<'a>> {
    let env = is_env_name(path);
    let mut open = None;
    let mut block = SecretsBlock::default();
    let lines = text.split_inclusive('\n').map(|line| {
        let content = line.trim_end_matches(['\n', '\r']);
        let at = match open {
            Some(quote) => {
                open = open.filter(|_| !content.contains(quote));
                0
            }
            None if env => {
                let at = value_of_variable(content, words);
                open = unclosed(&content[at..]);
                at
            }
            None => match block.secret_in(content) {
                Some(at) => at,
                None => secret_in(content, words),
            },
        };
        let (key, secret) = content.split_at(at);
        let (secret, _) = secret.split_at(end_of_secret(secret, key, env));
        let end = &line[key.len() + secret.len()..];
        SplitLine { key, secret, end }
    });
    lines.collect()
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

/// Where a secret ends that a line of a mapping or list in one line has: `{PASSWORD: x, A: b}` goes on, and a
/// variable alone (`$PW`, `${PW}`) tells nothing.
fn end_of_secret(secret: &str, key: &str, env: bool) -> usize {
    // In `.env` it may be a value as it stands.
    if !env && is_variable(secret.trim_matches(['"', '\'', ' '])) {
        return 0;
    }
    let opened = |open, close| key.matches(open).count() > key.matches(close).count();
    // What is escaped may hide where it ends.
    let is_plain = !secret.contains('\\') && !secret.contains("''");
    if env || !is_plain || !(opened('{', '}') || opened('[', ']')) {
        return secret.len();
    }
    let own = secret.chars().next().filter(|c| matches!(c, '"' | '\''));
    let around = ['"', '\''].into_iter();
    let mut around = around.filter(|quote| key.matches(*quote).count() % 2 == 1);
    let end = match (own, around.next()) {
        (Some(quote), _) => secret[1..].find(quote).map(|at| at + 2),
        (None, Some(quote)) => secret.find(quote),
        (None, None) => secret.find([',', '}', ']']),
    };
    end.unwrap_or(secret.len())
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

/// Where a line of another file begins to tell a secret: behind a key that sounds like one, or an
/// option. Images and names are never secrets, nor is prose.
fn secret_in(content: &str, words: &SecretWords) -> usize {
    let trimmed = content.trim_start_matches([' ', '-']);
    let is_named = ["image:", "name:", "container_name:"];
    if is_named.iter().any(|key| trimmed.starts_with(key)) {
        return content.len();
    }
    let signs = content.match_indices(['=', ':', ' ']);
    let mut secret = signs.filter(|(at, sign)| {
        let name = name_before(&content[..*at]);
        words.sound_in(name) && is_key(&content[..*at], name, sign, &content[at + 1..])
    });
    let found = secret.next().map(|(at, _)| after(content, at + 1));
    found.or_else(|| token_in(content)).unwrap_or(content.len())
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

/// Where the first token begins that is one by its shape.
fn token_in(content: &str) -> Option<usize> {
    let is_end = |c: char| c.is_whitespace() || "\"'=:,;()[]{}<>@".contains(c);
    let mut at = 0;
    content.split(is_end).find_map(|word| {
        let begin = at;
        at += word.len()
            + content[at + word.len()..]
                .chars()
                .next()
                .map_or(0, char::len_utf8);
        (token::has_maker(word)).then_some(begin)
    })
}

/// The first byte at or behind `at` that is no space.
fn after(content: &str, at: usize) -> usize {
    content[at..]
        .find(|c: char| c != ' ')
        .map_or(content.len(), |offset| at + offset)
}

/// `://user:password@` in the text of a line, masked.
fn without_credentials(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://").map(|at| at + 3) {
        result.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(['/', ' ', '"', '\'', '@']).unwrap_or(rest.len());
        if rest[end..].starts_with('@') && rest[..end].contains(':') {
            result.push_str(MASK);
            rest = &rest[end..];
        }
    }
    result + rest
}

/// `Password=x;` and the like within a value, masked: connection strings, options, queries.
fn without_passwords(text: &str) -> String {
    const WORDS: [&str; 6] = ["password", "passwd", "pwd", "pw", "secret", "token"];
    let lower = text.to_ascii_lowercase();
    let (mut result, mut at) = (String::new(), 0);
    while let Some(word) = WORDS
        .iter()
        .filter_map(|w| Some(at + lower[at..].find(w)?))
        .min()
    {
        let ends = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        let sign = lower[word..]
            .find(ends)
            .map_or(lower.len(), |end| word + end);
        if !lower[sign..].starts_with('=') {
            result.push_str(&text[at..sign]);
            at = sign;
            continue;
        }
        let stops: &[char] = &[';', '&', ' ', ',', '"', '\'', '\n', ']', '}'];
        let end = text[sign + 1..]
            .find(stops)
            .map_or(text.len(), |end| sign + 1 + end);
        result.push_str(&text[at..=sign]);
        result.push_str(if end > sign + 1 { MASK } else { "" });
        at = end;
    }
    result + &text[at..]
}

#[cfg(test)]
mod tests;
