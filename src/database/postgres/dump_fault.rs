//! What can be wrong with a dump, by its name.

use std::io;

use thiserror::Error;

/// What is wrong with a dump.
#[derive(Debug, Error)]
pub enum DumpFault {
    /// Something of its end isn't there.
    #[error("it is cut short: what ends a dump isn't there")]
    Truncated,
    /// A terminal has put CRLF into the place of every line end.
    #[error(
        "its line ends are CRLF: it went through a terminal (`docker exec -t`, `docker compose exec` without `-T`)"
    )]
    LineEnds,
    /// It is compressed, and its name says that it isn't.
    #[error("it is compressed with gzip, and isn't called so")]
    Compressed,
    /// It says that it is compressed, and isn't.
    #[error("it is called `.gz`, and isn't compressed")]
    NotCompressed,
    /// Two bytes for each letter, as a redirection in PowerShell writes.
    #[error("it is UTF-16: a redirection of PowerShell wrote it")]
    Wide,
    /// An archive of `pg_dump -Fc` that was compressed once more.
    #[error("it is an archive of `pg_dump -Fc` within gzip")]
    Archive,
    /// An archive whose format the server's programs don't know.
    #[error("it was made by a newer `pg_dump` than the server has")]
    Newer,
    /// An archive that `pg_restore` doesn't read to its end.
    #[error("it is cut short, or damaged: {0}")]
    Broken(String),
    /// No dump at all.
    #[error("it is no dump of Postgres")]
    NoDump,
    /// Its manifest tells of other bytes.
    #[error("it isn't what its manifest tells of")]
    Altered,
    /// It can't be read.
    #[error("it can't be read: {0}")]
    Unreadable(io::Error),
}

impl DumpFault {
    /// What an error of reading means: a compressed file that ends too soon is cut.
    pub(super) fn of(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Unreadable(error),
        }
    }

    /// What may be done, where something may.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Truncated | Self::Altered | Self::Broken(_) => {
                "dump it again, and see that the exit code is 0"
            }
            Self::LineEnds => {
                "dump it again without a terminal; what its functions and rows said can't be told any more"
            }
            Self::Compressed => "call it `.sql.gz`",
            Self::NotCompressed => "call it `.sql`",
            Self::Wide => "dump it again, with `transship db dump`",
            Self::Archive => "unpack it: `gunzip`",
            Self::Newer => "load it into a server of the major that made it, or a newer one",
            Self::NoDump | Self::Unreadable(_) => "see that it is the right file",
        }
    }
}
