//! Parting a project from others that it would collide with: the edits of its compose files,
//! what the project comes to with them, and whether they made anything worse.
//!
//! `up` gives the edited files to Compose as copies; `conflicts --fix` writes them.

use std::path::{Path, PathBuf};

use super::LaunchError;
use crate::compose::{
    self, Claims, Conflict, Document, Edited, FixRule, LoadOptions, Model, VariableChange,
};
use crate::env_file::Values;

/// What names and ports get where they collide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartingNames {
    /// What is put behind container names; `-` and the project's name when absent.
    pub suffix: Option<String>,
    /// What is put before names of volumes and networks; the project's name and `_` when
    /// absent.
    pub prefix: Option<String>,
    /// What is added to the host ports of services of which one collides; none are moved when
    /// absent.
    pub port_offset: Option<i32>,
}

/// A compose file, and what parting makes of it.
#[derive(Debug)]
pub struct EditedFile {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub before: Vec<u8>,
    /// What it should hold.
    pub edited: Edited,
}

impl EditedFile {
    /// True if the two differ.
    pub fn is_change(&self) -> bool {
        self.edited.bytes != self.before
    }
}

/// The edits that part a project from others. Nothing is written yet.
#[derive(Debug)]
pub struct Parting {
    /// The compose files, edited or not, in the order that they were given in.
    pub files: Vec<EditedFile>,
    /// Variables that have to have another value: those that hold ports.
    pub variables: Vec<VariableChange>,
    /// Where the variables have their values from now.
    pub values: Values,
    /// Why what is left couldn't be edited.
    pub refusals: Vec<compose::Error>,
}

impl Parting {
    /// The edits of `paths`, compose files of the project `model`, that end as many as possible
    /// of the conflicts `found`, of which the project is the second side.
    ///
    /// # Errors
    /// [`LaunchError::Read`], [`LaunchError::Env`], and [`LaunchError::Compose`] for a file that
    /// can't be parsed, or edits that together can't be proven.
    pub fn of(
        model: &Model,
        paths: &[PathBuf],
        found: &[Conflict],
        names: &PartingNames,
    ) -> Result<Self, LaunchError> {
        let project = &model.project;
        let rule = FixRule {
            suffix: names.suffix.clone().unwrap_or(format!("-{project}")),
            prefix: names.prefix.clone().unwrap_or(format!("{project}_")),
            port_offset: names.port_offset,
        };
        let mut parting = Self {
            files: Vec::new(),
            variables: Vec::new(),
            values: Values::in_folder(&model.project_dir, read)?,
            refusals: Vec::new(),
        };
        for path in paths {
            let before = read(path)?;
            let document = Document::parse(path, &before)?;
            let lookup = |name: &str| parting.values.get(name);
            let fixed = compose::fix(&document, found, &rule, &lookup)?;
            parting.files.push(EditedFile {
                path: path.clone(),
                before,
                edited: fixed.edited,
            });
            parting.variables.extend(fixed.variables);
            parting.refusals.extend(fixed.refusals);
        }
        Ok(parting)
    }

    /// What `paths`, the files that the project `model` was loaded from, come to with the edits.
    ///
    /// # Errors
    /// [`LaunchError::Compose`].
    pub fn model(
        &self,
        model: &Model,
        paths: &[PathBuf],
        options: &LoadOptions,
    ) -> Result<Model, LaunchError> {
        let real = |path: &Path| path.canonicalize().ok();
        let read = |path: &Path| {
            let is_it = |file: &&EditedFile| {
                file.path == path || real(path).is_some() && real(&file.path) == real(path)
            };
            match self.files.iter().find(is_it) {
                Some(file) => Ok(file.edited.bytes.clone()),
                None => std::fs::read(path),
            }
        };
        let mut options = LoadOptions {
            project: Some(model.project.clone()),
            ..options.clone()
        };
        let changes = self.variables.iter();
        let changes = changes.map(|change| (change.name.clone(), change.to.clone()));
        options.environment.extend(changes);
        Ok(Model::load_with(paths, &options, &read)?)
    }
}

/// Refuses where edits have made two things of one project one.
///
/// # Errors
/// [`LaunchError::Made`].
pub fn require_distinct(before: &Claims, after: &Claims) -> Result<(), LaunchError> {
    match compose::conflicts_made(before, after).into_iter().next() {
        None => Ok(()),
        Some(conflict) => Err(LaunchError::Made {
            conflict: Box::new(conflict),
        }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LaunchError> {
    std::fs::read(path).map_err(|source| LaunchError::Read {
        path: path.to_owned(),
        source,
    })
}
