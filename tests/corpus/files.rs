//! The corpus, and the ways in which each of its files is written.

use std::path::{Path, PathBuf};

use super::{need, oracle};

/// The folder of the corpus, or None with a word about it where there is none.
pub(crate) fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("TRANSSHIP_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder.canonicalize().unwrap());
    }
    need::given(false, "a corpus (see TRANSSHIP_CORPUS)");
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

    /// The files written this way; None where what it takes isn't there.
    pub(crate) fn of(self, files: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
        let each = |change: fn(&[u8]) -> Vec<u8>| files.iter().map(|file| change(file)).collect();
        match self {
            Self::AsIs => Some(files.to_vec()),
            Self::Crlf => Some(each(with_crlf)),
            Self::Bom => Some(each(with_bom)),
            Self::Commented => oracle::commented(files),
        }
    }
}

fn with_bom(bytes: &[u8]) -> Vec<u8> {
    match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(_) => bytes.to_vec(),
        None => [b"\xef\xbb\xbf", bytes].concat(),
    }
}

fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    text.replace("\r\n", "\n")
        .replace('\n', "\r\n")
        .into_bytes()
}
