//! Secrets in what is shown: no value is printed whose key sounds like a secret, or that has the shape
//! of a well-known token; prose is.
//!
//! Nothing here prints: every function gives back what may be shown. [`pair`] is for the two
//! versions of a file whose difference is wanted, [`value`] for one value and its name, and
//! [`Secrets`] for what is shown of two releases, where a value of `.env` may turn up anywhere.

mod secret_file;
mod split_line;
mod token;
mod url;

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use self::secret_file::is_named_secret;
use self::split_line::{SplitLine, secret_in, split};
use self::token::is_token;
pub use self::url::{url_host, url_path};

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

/// Both texts with their secrets masked, line by line, so that their diff has the lines of
/// the diff of the originals. A secret that differs is marked as changed in the second, so
/// that this shows without the secret.
pub fn pair(path: &Path, old: &str, new: &str, words: &SecretWords) -> (String, String) {
    let (old, new) = (split(path, old, words), split(path, new, words));
    let secrets = old.iter().flat_map(SplitLine::secrets);
    let known: HashSet<(&str, &str)> = secrets.collect();
    let keys: HashSet<&str> = known.iter().map(|(key, _)| *key).collect();
    let changed = |key: &str, secret: &str| keys.contains(key) && !known.contains(&(key, secret));
    let second = new.iter().map(|line| line.masked(&changed)).collect();
    let first = old.iter().map(|line| line.masked(&|_, _| false));
    (first.collect(), second)
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
