//! The compose files that a command works on.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::size;
use crate::cli::terminal::ui::Ui;
use crate::compose::{self, FoundProject, LoadOptions, Model};
use crate::env_file::Values;
use crate::error::{Kind, user_hint};

/// Which compose files.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct FilesArg {
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
    pub(crate) fn paths(&self) -> Result<Vec<PathBuf>, Failure> {
        if !self.files.is_empty() {
            return Ok(self.files.clone());
        }
        if let Some(named) = variable("COMPOSE_FILE") {
            let separator = variable("COMPOSE_PATH_SEPARATOR").unwrap_or(":".to_owned());
            return Ok(named.split(&separator).map(PathBuf::from).collect());
        }
        let Some(found) = compose::find_project(Path::new("."), None)? else {
            return Err(
                Failure::new(Kind::Usage, "there is no compose file in this folder")
                    .hint("name one with `-f FILE`"),
            );
        };
        Ok(found.files.into_iter().map(plain).collect())
    }

    /// The project in this folder, where no file is named.
    fn found(&self) -> Option<FoundProject> {
        if !self.files.is_empty() || variable("COMPOSE_FILE").is_some() {
            return None;
        }
        compose::find_project(Path::new("."), None).ok()?
    }

    /// How a project is loaded from them.
    pub(crate) fn options(&self) -> LoadOptions {
        LoadOptions {
            env_files: self.named_env_files(),
            root: self.found().and_then(|_| std::path::absolute(".").ok()),
            pwd: self.found().and_then(|found| found.options().pwd),
            lenient: true,
            ..LoadOptions::default()
        }
    }

    /// What the files come to; one of them may be standard input.
    pub(crate) fn model(&self, options: &LoadOptions) -> Result<Model, Failure> {
        let paths = self.paths()?;
        let is_piped = paths.iter().any(|path| path == Path::new("-"));
        let input = is_piped.then(|| read(Path::new("-"))).transpose()?;
        let read = |path: &Path| match &input {
            Some(input) if path == Path::new("-") => Ok(input.clone()),
            _ => std::fs::read(path),
        };
        Ok(Model::load_with(&paths, options, &read)?)
    }

    /// The images that the enabled services need and don't build; none where no file is named
    /// and none is here.
    pub(crate) fn images(&self) -> Result<Vec<String>, Failure> {
        let named = !self.files.is_empty() || variable("COMPOSE_FILE").is_some();
        if !named && compose::find_project(Path::new("."), None)?.is_none() {
            return Ok(Vec::new());
        }
        Ok(self.model(&self.options())?.images_to_have())
    }

    /// What the option says, else what Compose's own variable says.
    fn named_env_files(&self) -> Vec<PathBuf> {
        if !self.env_files.is_empty() {
            return self.env_files.clone();
        }
        let Some(named) = variable("COMPOSE_ENV_FILES") else {
            let found = self.found();
            return found.map_or_else(Vec::new, |found| found.named_env_files());
        };
        let named = named
            .split(',')
            .map(str::trim)
            .filter(|file| !file.is_empty());
        named.map(PathBuf::from).collect()
    }

    /// The variables that the compose file at `path` is resolved with.
    pub(crate) fn values(&self, path: &Path) -> Result<Values, Failure> {
        match self.named_env_files() {
            files if files.is_empty() => {
                Values::in_folder(path.parent().unwrap_or(Path::new("")), read)
            }
            files => Values::of(&files, read),
        }
    }
}

/// A variable of the environment that isn't empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Warns of the variables that Compose takes for blank, and of those without which it refuses the
/// files.
pub(crate) fn warn_of_unset(model: &Model, ui: &Ui) {
    let told = |variables: &BTreeMap<String, usize>| {
        let told = variables.iter().map(|(name, places)| {
            let places = size::count(*places as u64, "place");
            format!("`{name}` ({places})")
        });
        told.collect::<Vec<_>>().join(", ")
    };
    let mut blank = model.unset.clone();
    blank.retain(|name, _| !model.needed.contains_key(name));
    if !blank.is_empty() {
        ui.warn(&format!("unset, and taken for blank: {}", told(&blank)));
    }
    if !model.needed.is_empty() {
        let needed = model.needed.keys().map(|name| {
            let elsewhere = model.unset.get(name).copied().unwrap_or_default();
            (name.clone(), elsewhere.max(model.needed[name]))
        });
        let needed = told(&needed.collect());
        ui.warn(&format!(
            "unset: {needed}; mounts and ports that mean nothing without are left out, and Compose \
             refuses these files"
        ));
    }
}

/// The content of a file, or of standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
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
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                let hints = user_hint("a user who may read it");
                Failure { hints, ..failure }
            }
            io::ErrorKind::IsADirectory => failure.hint("name the file itself, with `-f FILE`"),
            _ => failure,
        }
    })
}

/// `./compose.yaml` as people write it.
fn plain(path: PathBuf) -> PathBuf {
    path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)
}
