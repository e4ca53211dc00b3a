//! The corpus, and the ways in which each of its files is written.

use std::path::{Path, PathBuf};

/// The folder of the corpus, or None with a word about it where there is none.
pub(crate) fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("TRANSSHIP_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder.canonicalize().unwrap());
    }
    let needed = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!needed, "no corpus in {}", folder.display());
    println!("skipped: no corpus in {}", folder.display());
    None
}

/// Every compose file of the corpus, in the order of their names.
pub(crate) fn compose_files(corpus: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(corpus).sort_by_file_name();
    let files = entries.into_iter().map(Result::unwrap);
    files
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            path.is_file() && matches!(extension, Some("yml" | "yaml"))
        })
        .collect()
}

/// How a file's bytes are changed before they are edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    AsIs,
    Crlf,
    Bom,
    Commented,
}

impl Variant {
    pub(crate) const ALL: [Self; 4] = [Self::AsIs, Self::Crlf, Self::Bom, Self::Commented];

    /// The file written this way. Comments go behind lines that end a plain or empty value
    /// only where nothing can swallow them: behind `key:` and `key: word`.
    pub(crate) fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::AsIs => bytes.to_vec(),
            Self::Crlf => replace_newlines(bytes),
            Self::Bom if bytes.starts_with(b"\xef\xbb\xbf") => bytes.to_vec(),
            Self::Bom => [b"\xef\xbb\xbf", bytes].concat(),
            Self::Commented => with_comments(&String::from_utf8_lossy(bytes)).into_bytes(),
        }
    }
}

fn replace_newlines(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    text.replace("\r\n", "\n")
        .replace('\n', "\r\n")
        .into_bytes()
}

/// Block scalars and texts over lines have no room for comments; a file with either keeps
/// its lines below the services' images and the volumes' keys only.
fn with_comments(text: &str) -> String {
    let mut result = String::new();
    let mut in_block = None;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let indent = body.len() - body.trim_start().len();
        if in_block.is_some_and(|block| indent > block || body.trim().is_empty()) {
            result.push_str(line);
            continue;
        }
        in_block = None;
        if body.trim_end().ends_with(['|', '>', '-', '+']) || body.contains(['|', '>']) {
            in_block = Some(indent);
            result.push_str(line);
            continue;
        }
        if takes_comment(body.trim()) {
            result.push_str(body);
            result.push_str(" # note");
            result.push_str(&line[body.len()..]);
        } else {
            result.push_str(line);
        }
    }
    result
}

fn takes_comment(line: &str) -> bool {
    let Some((key, value)) = line.split_once(':') else {
        return false;
    };
    let is_word = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let simple_key = !key.is_empty() && key.chars().all(is_word);
    let value = value.trim();
    simple_key
        && (value.is_empty()
            || matches!(key, "image" | "name" | "driver" | "container_name")
                && value.chars().all(|c| is_word(c) || c == ':'))
}
