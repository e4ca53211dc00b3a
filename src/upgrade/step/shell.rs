//! Words for a POSIX shell: steps are shown as the commands that a person would type, from the
//! install's folder.

use std::path::Path;

/// A command of fixed words, followed by paths, each of which is one word.
pub(super) fn command<const N: usize, const M: usize>(
    words: [&str; N],
    paths: [&Path; M],
) -> String {
    let paths = paths.map(quote);
    words
        .iter()
        .copied()
        .chain(paths.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The text as one word of a POSIX shell. What is not UTF-8 is shown by its escapes.
pub(crate) fn quote(path: &Path) -> String {
    let text = path.to_string_lossy();
    shlex::try_quote(&text).map_or_else(|_| format!("'{}'", text.escape_debug()), Into::into)
}
