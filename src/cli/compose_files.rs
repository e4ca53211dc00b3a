//! The compose files that a command works on.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::compose::{self, LoadOptions};
use crate::error::Kind;

/// Which compose files.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct FilesArg {
    /// A compose file; repeatable. `-` for standard input
    ///
    /// Without it: those that Compose would read in this folder.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A file of variables instead of `.env`; repeatable, later ones win
    #[arg(long = "env-file", value_name = "FILE")]
    env_files: Vec<PathBuf>,
}

impl FilesArg {
    /// The files named, or those that Compose would read in this folder: what `COMPOSE_FILE`
    /// says in the environment or in `.env`, else the one of a known name with its override.
    pub(super) fn paths(&self) -> Result<Vec<PathBuf>, Failure> {
        if !self.files.is_empty() {
            return Ok(self.files.clone());
        }
        if let Some(named) = std::env::var_os("COMPOSE_FILE").filter(|named| !named.is_empty()) {
            return Ok(std::env::split_paths(&named).collect());
        }
        let found = compose::discover(Path::new("."))?;
        if found.is_empty() {
            return Err(
                Failure::new(Kind::Usage, "there is no compose file in this folder")
                    .hint("name one with `-f FILE`"),
            );
        }
        Ok(found.into_iter().map(plain).collect())
    }

    /// How a project is loaded from them.
    pub(super) fn options(&self) -> LoadOptions {
        LoadOptions {
            env_files: self.env_files.clone(),
            ..LoadOptions::default()
        }
    }

    /// The files that hold the variables of the compose file at `path`, later ones winning.
    pub(super) fn env_files(&self, path: &Path) -> Vec<PathBuf> {
        match self.env_files.as_slice() {
            [] => vec![path.with_file_name(".env")],
            files => files.to_vec(),
        }
    }
}

/// The content of a file, or of standard input for `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = || -> io::Result<Vec<u8>> {
        if path != Path::new("-") {
            return std::fs::read(path);
        }
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| {
        let denied = error.kind() == io::ErrorKind::PermissionDenied;
        let kind = if denied { Kind::Refused } else { Kind::Usage };
        let failure = Failure::new(kind, format!("can't read `{}`", path.display())).cause(&error);
        match denied {
            true => failure.hint("run it as a user who may, for example with `sudo`"),
            false => failure,
        }
    })
}

/// `./compose.yaml` as people write it.
fn plain(path: PathBuf) -> PathBuf {
    path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)
}
