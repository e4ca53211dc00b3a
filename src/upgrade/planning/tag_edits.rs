//! Tags that variables hold: what `image set --tag-var` would do to the new release's files, decided
//! from its values. The default in a compose file is edited there, and a value where it stands, in a
//! file of variables that is the release's own. Only reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::obstacle::Obstacle;
use super::release_files::{ComposeFile, ReleaseFiles, ReleasePair, real_name};
use crate::compose::{self, Document, Edited, ImageOptions, ImageRule, VariableChange};
use crate::env_file::{EnvFile, Values};

/// What becomes of the files of a release.
#[derive(Debug, Default)]
pub(crate) struct TagEdits {
    /// The images of each compose file as they are to be written, by service.
    pub(crate) written: BTreeMap<PathBuf, Vec<(String, String)>>,
    /// The files of variables by name below the release, with what is set in each.
    pub(crate) env_files: Vec<TagEnvEdit>,
    /// Variables that no step can change.
    pub(crate) obstacles: Vec<Obstacle>,
}

/// A file of variables in which tags are set.
#[derive(Debug)]
pub(crate) struct TagEnvEdit {
    pub(crate) name: PathBuf,
    /// The same, but where that is a symlink what it leads to.
    pub(crate) real: PathBuf,
    pub(crate) before: Vec<u8>,
    pub(crate) edited: Edited,
    /// The variables with their new values.
    pub(crate) variables: Vec<(String, String)>,
}

impl TagEdits {
    /// What `rules` come to in the new release.
    ///
    /// # Errors
    /// [`compose::Error`] where a rule can't be followed.
    pub(crate) fn of(releases: ReleasePair<'_>, rules: &[String]) -> Result<Self, compose::Error> {
        let new = releases.new;
        let values = new.values()?;
        let rules: Vec<ImageRule> = rules.iter().map(|r| r.parse()).collect::<Result<_, _>>()?;
        let options = ImageOptions {
            tag_var: true,
            ..ImageOptions::default()
        };
        let (mut edits, mut variables) = (Self::default(), BTreeMap::new());
        for file in new.files.iter().chain(&new.included) {
            // What includes a file may name it variables of its own.
            let values = new.values_of(file, &values)?;
            let lookup = |name: &str| values.get(name);
            let document = Document::parse(&file.name, &file.bytes)?;
            let mut fitting = Vec::new();
            for rule in &rules {
                let alone = std::slice::from_ref(rule);
                match compose::set_images_with(&document, alone, &options, &lookup) {
                    Err(error) if error.is_no_match() => {}
                    // Any other error comes again, with all rules at once.
                    _ => fitting.push(rule.clone()),
                }
            }
            let (edited, changes) =
                compose::set_images_with(&document, &fitting, &options, &lookup)?;
            for change in changes {
                let holder = values.holder(&change.name).map(EnvFile::path);
                let key = (change.name.clone(), holder.map(Path::to_owned));
                variables.insert(key, (change, values.clone()));
            }
            let before: BTreeSet<_> = compose::written_images(&file.name, &file.bytes)?
                .into_iter()
                .collect();
            let mut after = compose::written_images(&file.name, &edited.bytes)?;
            after.retain(|image| !before.contains(image));
            edits.written.insert(file.name.clone(), after);
        }
        edits.set(releases, variables.into_values())?;
        Ok(edits)
    }

    /// Sets variables where they stand.
    fn set(
        &mut self,
        releases: ReleasePair<'_>,
        changes: impl Iterator<Item = (VariableChange, Values)>,
    ) -> Result<(), compose::Error> {
        type Held = (EnvFile, PathBuf, Vec<VariableChange>);
        let mut files: BTreeMap<PathBuf, Held> = BTreeMap::new();
        for (change, values) in changes {
            if std::env::var_os(&change.name).is_some() {
                self.refuse(change.name, "the environment, which wins over every file");
                continue;
            }
            let file = values.holder(&change.name);
            let Some((file, name)) =
                file.and_then(|file| Some((file, below(file.path(), releases)?)))
            else {
                let place = file.map_or_else(
                    || "no file that comes along".to_owned(),
                    |file| {
                        format!(
                            "`{}`, which is outside of the release",
                            file.path().display()
                        )
                    },
                );
                self.refuse(change.name, &place);
                continue;
            };
            let Some(real) = real_below(file.path(), &name, releases) else {
                let place = format!("`{}`, which leads out of the release", name.display());
                self.refuse(change.name, &place);
                continue;
            };
            let held = files
                .entry(name)
                .or_insert_with(|| (file.clone(), real, Vec::new()));
            held.2.push(change);
        }
        for (name, (file, real, changes)) in files {
            let variables = changes.iter().map(|c| (c.name.clone(), c.to.clone()));
            self.env_files.push(TagEnvEdit {
                variables: variables.collect(),
                before: file.bytes().to_vec(),
                edited: compose::set_variables(&file, &changes, &|name| std::env::var(name).ok())?,
                name,
                real,
            });
        }
        Ok(())
    }

    fn refuse(&mut self, variable: String, place: &str) {
        self.obstacles.push(Obstacle::TagOutOfReach {
            variable,
            place: place.to_owned(),
        });
    }
}

/// What the file leads to below its release; nothing where it leads out of that.
fn real_below(
    path: &Path,
    name: &Path,
    ReleasePair { old, new }: ReleasePair<'_>,
) -> Option<PathBuf> {
    // What comes along is in the old release still.
    let is_new = path.starts_with(&new.folder) || path.starts_with(&new.model.root);
    let folder = match is_new && new.folder.join(name).symlink_metadata().is_ok() {
        true => &new.folder,
        false => &old.folder,
    };
    let there = folder.join(name);
    match there.is_symlink() {
        true => real_name(&there, folder),
        false => Some(name.to_owned()),
    }
}

/// A file's name below the release that it will be of.
fn below(path: &Path, ReleasePair { old, new }: ReleasePair<'_>) -> Option<PathBuf> {
    new.name_of(path).or_else(|| old.name_of(path))
}

impl ReleaseFiles {
    /// The values of the variables that its files are resolved with.
    pub(super) fn values(&self) -> Result<Values, compose::Error> {
        Values::of_model(&self.model, |path| self.variables_in(path))
    }

    /// Those that one of them is resolved with: `values`, and what whatever includes it names for it besides.
    fn values_of(&self, file: &ComposeFile, values: &Values) -> Result<Values, compose::Error> {
        let places = [&self.model.root, &self.folder].map(|folder| folder.join(&file.name));
        let included = places.iter().find_map(|at| self.model.included_env.get(at));
        let included = included.map_or(&[][..], Vec::as_slice);
        values.over(included, |path| self.variables_in(path))
    }

    /// The content of a file of variables as it will be.
    pub(super) fn variables_in(&self, path: &Path) -> Result<Vec<u8>, compose::Error> {
        let name = self.name_of(path);
        let coming = name.as_ref().and_then(|name| self.coming(name));
        let there = name
            .as_ref()
            .map_or_else(|| path.to_owned(), |name| self.folder.join(name));
        match coming {
            Some(bytes) => Ok(bytes.to_vec()),
            None => std::fs::read(&there).map_err(|source| compose::Error::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }
}
