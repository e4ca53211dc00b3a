//! Why what a vendor ships can't be used.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Version;
use crate::document::DocumentError;
use crate::error::{Code, Explain, Kind};
use crate::tree;

/// Why a shipment can't be used.
#[derive(Debug, Error)]
pub enum VendorReleaseError {
    /// A file or folder can't be read or made.
    #[error("can't use `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error, the cause.
        source: io::Error,
    },
    /// The archive can't be read to its end.
    #[error("`{}` is no tar archive, or is cut or damaged", path.display())]
    Damaged {
        /// The archive.
        path: PathBuf,
        /// What the decoder said.
        source: io::Error,
    },
    /// The archive is compressed in a way that isn't understood.
    #[error("`{}` is compressed with {name}", path.display())]
    Compression {
        /// The archive.
        path: PathBuf,
        /// The compression's name.
        name: &'static str,
    },
    /// A member that no release may have.
    #[error("`{}` holds `{}`, {reason}", archive.display(), member.escape_ascii())]
    Member {
        /// The archive.
        archive: PathBuf,
        /// The member's name as the archive has it.
        member: Vec<u8>,
        /// What is wrong with the member, as the end of a sentence.
        reason: &'static str,
    },
    /// What was named as a shipment is neither a file nor a folder: a fifo or a device, say.
    #[error("`{}` is neither a file nor a folder", path.display())]
    NoFile {
        /// What was named.
        path: PathBuf,
    },
    /// The shipment has no compose file at its top, so there is nothing to run.
    #[error("`{}` holds no compose file", path.display())]
    NoCompose {
        /// The shipment.
        path: PathBuf,
        /// Folders in it that have compose files.
        elsewhere: Vec<PathBuf>,
    },
    /// The tarball or folder isn't what it was when it was planned with.
    #[error("`{}` was changed since the plan was made", path.display())]
    Changed {
        /// The shipment.
        path: PathBuf,
    },
    /// The release is there already.
    #[error("`{}` is there already", path.display())]
    ReleaseExists {
        /// The release's folder.
        path: PathBuf,
    },
    /// Something else was told to be what was shipped as a release.
    #[error("something else is kept as what the vendor shipped as {version}")]
    Known {
        /// The release.
        version: Version,
        /// Where it is kept.
        target: PathBuf,
    },
    /// The tree work failed.
    #[error(transparent)]
    Tree(#[from] tree::Error),
    /// The list of large files can't be written.
    #[error(transparent)]
    List(#[from] DocumentError),
    /// The user wanted to stop.
    #[error("interrupted")]
    Interrupted,
}

/// The command that makes of an archive what can be read.
fn converting(path: &Path, name: &str) -> String {
    let quote = |path: &Path| {
        let text = path.to_string_lossy();
        shlex::try_quote(&text).map_or_else(|_| text.to_string(), Into::into)
    };
    let archive = quote(path);
    let without = |end: &str| match path.extension().is_some_and(|own| own == end) {
        true => path.with_extension(""),
        false => path.to_owned(),
    };
    let piped = |end: &str, program: &str| {
        let tar = quote(&with_end(&without(end), ".gz"));
        format!("convert it, with `{program} -dc {archive} | gzip > {tar}`, and pass that")
    };
    match name {
        "zip" => {
            let folder = quote(&without("zip"));
            let tar = quote(&with_end(&without("zip"), ".tar.gz"));
            format!(
                "convert it, with `unzip {archive} -d {folder} && tar -czf {tar} -C {folder} .`, and pass that"
            )
        }
        "xz" => piped("xz", "xz"),
        "bzip2" => piped("bz2", "bzip2"),
        _ => piped("zst", "zstd"),
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

impl Explain for VendorReleaseError {
    fn code(&self) -> Code {
        match self {
            Self::Io { .. } => Code::Unreadable,
            Self::Damaged { .. } | Self::Compression { .. } => Code::Damaged,
            Self::Member { .. } => Code::Outside,
            Self::NoFile { .. } | Self::NoCompose { .. } => Code::IncompleteRelease,
            Self::Changed { .. } => Code::Changed,
            Self::ReleaseExists { .. } | Self::Known { .. } => Code::Exists,
            Self::Tree(error) => error.code(),
            Self::List(error) => error.code(),
            Self::Interrupted { .. } => Code::Interrupted,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Changed { .. }
            | Self::ReleaseExists { .. }
            | Self::Member { .. }
            | Self::Known { .. } => Kind::Refused,
            Self::Io { source, .. } if source.kind() != io::ErrorKind::NotFound => Kind::Refused,
            Self::Tree(error) => error.kind(),
            Self::List(error) => error.kind(),
            Self::Interrupted => Kind::Interrupted,
            _ => Kind::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Damaged { .. } => {
                vec!["compare its checksum with the vendor's, or fetch it again".into()]
            }
            Self::Compression { path, name } => vec![converting(path, name)],
            Self::Member { .. } => vec![
                "nothing was unpacked; ask the vendor whether the archive is genuine".into(),
                "if you trust it, unpack it by hand and pass the folder to `--from-release`".into(),
            ],
            Self::NoCompose { elsewhere, .. } if elsewhere.is_empty() => {
                vec!["it should hold a `docker-compose.yml` or `compose.yaml`".into()]
            }
            Self::NoCompose { path, elsewhere } => {
                const MOST: usize = 4;
                let some = elsewhere.iter().take(MOST);
                let some: Vec<_> = some.map(|name| format!("`{}`", name.display())).collect();
                let unpack = if path.is_dir() {
                    ""
                } else {
                    "unpack it by hand, and "
                };
                vec![format!(
                    "there are compose files in {}: {unpack}pass the folder that is the release to \
                     `--from-release`",
                    some.join(", ")
                )]
            }
            Self::Known { target, .. } => vec![
                "leave out `--pristine`".into(),
                format!("or remove `{}` if it is wrong", target.display()),
            ],
            Self::Changed { .. } => vec!["make the plan again with `transship plan`".into()],
            Self::ReleaseExists { .. } => {
                vec![
                    "to upgrade to it as it is, leave `--from-release` out; else move it away"
                        .into(),
                ]
            }
            Self::Tree(error) => error.hints(),
            Self::List(error) => error.hints(),
            _ => Vec::new(),
        }
    }
}
