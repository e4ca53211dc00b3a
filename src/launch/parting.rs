//! Parting a project from others that it would collide with: the edits of its compose files,
//! what the project comes to with them, and whether they made anything worse.
//!
//! `up` gives the edited files to Compose as copies; `conflicts --fix` writes them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::LaunchError;
use super::mounted::MountedTexts;
use crate::compose::{
    self, Claims, Conflict, ConflictRule, Document, Edited, FixRule, LoadOptions, Location, Lookup,
    Model, NamedThing, PortOffset, ProjectFiles, Rename, StaleName, VariableChange,
};
use crate::env_file::{EnvFile, Values};

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
    pub port_offset: Option<PortOffset>,
    /// Whether mounted files are edited, where they surely mean what gets another name.
    pub edits_mounted: bool,
    /// Files of variables that others have theirs from, too: what they hold stays.
    pub kept_variables: Vec<PathBuf>,
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
    /// Files of `env_file` that name what gets another name.
    pub env_files: Vec<EditedFile>,
    /// Files of labels that do, and mounted files where those are edited.
    pub texts: Vec<EditedFile>,
    /// Variables that have to have another value: those that hold ports or names.
    pub variables: Vec<VariableChange>,
    /// Where the variables have their values from now.
    pub values: Values,
    /// What gets another name.
    pub renames: Vec<Rename>,
    /// Places that still use, or may use, a name that is gone.
    pub stale: Vec<StaleName>,
    /// What wasn't searched for names that are gone, one clause each.
    pub unread: Vec<String>,
    /// Why what could be edited couldn't.
    pub refusals: Vec<compose::Error>,
}

impl Parting {
    /// The edits of `paths`, compose files of the project `model`, that end as many as possible
    /// of the conflicts `found`, of which the project is the second side. `others` is all that
    /// it is compared with: no port may land there, and no name may be left that Compose made of
    /// one of their projects' names.
    ///
    /// # Errors
    /// [`LaunchError::Read`], [`LaunchError::Env`], and [`LaunchError::Compose`] for a file that
    /// can't be parsed, an offset of ports that leads to one that is taken, or edits that
    /// together can't be proven.
    pub fn of(
        model: &Model,
        paths: &[PathBuf],
        others: &Claims,
        found: &[Conflict],
        names: &PartingNames,
    ) -> Result<Self, LaunchError> {
        let project = &model.project;
        let own = Claims::of(model);
        let is_port = |conflict: &Conflict| conflict.rule == ConflictRule::HostPort;
        let offset = names.port_offset.filter(|_| found.iter().any(is_port));
        let offset = offset
            .map(|wanted| compose::port_offset(others, &own, found, wanted))
            .transpose()?;
        let rule = FixRule {
            suffix: names.suffix.clone().unwrap_or(format!("-{project}")),
            prefix: names.prefix.clone().unwrap_or(format!("{project}_")),
            port_offset: offset,
        };
        let values = Values::of_model(model, read)?;
        let mut documents = Vec::new();
        for path in paths {
            documents.push(Document::parse(path, &read(path)?)?);
        }
        let by_file = ValuesByFile::of(model, &values)?;
        let lookups = documents
            .iter()
            .map(|document| by_file.lookup(document.path()));
        let lookups: Vec<_> = lookups.collect();
        let env_files = env_files(model)?;
        let names_of_others = others.projects.iter().map(|claim| claim.what.clone());
        let names_of_others: BTreeSet<String> = names_of_others.collect();
        let texts = MountedTexts::of(model, names.edits_mounted);
        let all_values = by_file.all();
        let is_kept = |name: &str| {
            let file = all_values.target(name);
            file.is_some_and(|file| names.kept_variables.iter().any(|kept| kept == file))
        };
        let fixed = compose::fix(
            &ProjectFiles {
                model,
                documents: &documents,
                lookup: &|name| values.get(name),
                lookups: &lookups.iter().map(|lookup| &**lookup).collect::<Vec<_>>(),
                env_files: &env_files,
                others: &names_of_others.into_iter().collect::<Vec<_>>(),
                foreign: &Rename::of_others(others, &own, model),
                texts: &texts.files,
                taken: others,
                is_kept: &is_kept,
            },
            found,
            &rule,
        )?;
        let files = documents.iter().zip(fixed.files);
        let files = files.map(|(document, edited)| EditedFile {
            path: document.path().to_owned(),
            before: document.bytes().to_vec(),
            edited,
        });
        let mut parting = Self {
            files: files.collect(),
            env_files: Vec::new(),
            texts: text_edits(&texts, fixed.texts),
            unread: match fixed.renames.iter().all(|rename| rename.is_made) {
                true => Vec::new(),
                false => texts.unread,
            },
            variables: fixed.variables,
            values: all_values,
            renames: fixed.renames,
            stale: fixed.stale,
            refusals: fixed.refusals,
        };
        for (file, changes) in env_files.iter().zip(&fixed.env_files) {
            let is_kept = names.kept_variables.iter().any(|kept| kept == file.path());
            parting.take_env_file(model, file, changes, is_kept);
        }
        parting.keep_what_names_are_made_of();
        Ok(parting)
    }

    /// The places in `paths`, compose files of the project `model`, and in the files beside them,
    /// that use a name which only the `others` have, though the service is one that the project
    /// has, too.
    ///
    /// # Errors
    /// As [`Parting::of`].
    pub fn uses_of_others(
        model: &Model,
        paths: &[PathBuf],
        others: &Claims,
    ) -> Result<Vec<StaleName>, LaunchError> {
        if Rename::of_others(others, &Claims::of(model), model).is_empty() {
            return Ok(Vec::new());
        }
        let parting = Self::of(model, paths, others, &[], &PartingNames::default())?;
        let is_foreign = |rename: &&Rename| rename.may_be_others && !rename.is_made;
        let foreign = parting.renames.iter().filter(is_foreign);
        let foreign: BTreeSet<&String> = foreign.map(|rename| &rename.from).collect();
        let mut stale = parting.stale;
        stale.retain(|name| name.thing == NamedThing::Container && foreign.contains(&name.from));
        Ok(stale)
    }

    /// A value that has a container's name from the variable that this name is still made of can't
    /// change with it: what it holds is stale.
    fn keep_what_names_are_made_of(&mut self) {
        let renames = self
            .renames
            .iter()
            .filter(|rename| !rename.made_of.is_empty());
        let renames: Vec<Rename> = renames.cloned().collect();
        let values = &self.values;
        let is_kept = |change: &mut VariableChange| {
            let old = change.from.clone().unwrap_or_default();
            let mut named = renames.iter().filter(|rename| old.contains(&rename.from));
            named.any(|rename| values.is_made_of(&change.name, &rename.made_of))
        };
        let kept: Vec<_> = self.variables.extract_if(.., is_kept).collect();
        for change in kept {
            let old = change.from.unwrap_or_default();
            let file = self.values.holder(&change.name);
            let line = file.and_then(|file| Some(file.last(&change.name)?.line));
            let named = renames.iter().filter(|rename| old.contains(&rename.from));
            self.stale.extend(named.map(|rename| StaleName {
                thing: rename.thing,
                from: rename.from.clone(),
                to: rename.to.clone(),
                owner: change.name.clone(),
                at: Location {
                    path: file.map_or_else(PathBuf::new, |file| file.path().to_owned()),
                    line: line.unwrap_or(1),
                    column: 1,
                },
                reason: "the new name is still made of a variable in it".to_owned(),
            }));
        }
    }

    /// The `.env` that Compose itself reads is edited by its variables, unless those are kept;
    /// others as files.
    fn take_env_file(
        &mut self,
        model: &Model,
        file: &EnvFile,
        changes: &[VariableChange],
        is_kept: bool,
    ) {
        let is_own = file.path() == model.project_dir.join(".env")
            || model.env_files.iter().any(|own| own == file.path());
        if is_own && !is_kept {
            let known: HashSet<String> = self.variables.iter().map(|c| c.name.clone()).collect();
            let new = changes
                .iter()
                .filter(|change| !known.contains(&change.name));
            self.variables.extend(new.cloned());
            return;
        }
        match compose::set_variables(file, changes, &|name| self.values.get(name)) {
            Ok(edited) if edited.changes.is_empty() => {}
            Ok(edited) => self.env_files.push(EditedFile {
                path: file.path().to_owned(),
                before: file.bytes().to_vec(),
                edited,
            }),
            Err(error) => self.refusals.push(error),
        }
    }

    /// Takes env files and text files that `is_kept` is true for out of the edits: what they
    /// name is stale. `reason` says why they stay, as a clause.
    pub fn keep(&mut self, is_kept: &dyn Fn(&Path) -> bool, reason: &str) {
        let is_kept = |file: &mut EditedFile| is_kept(&file.path);
        let env_files: Vec<_> = self.env_files.extract_if(.., is_kept).collect();
        let texts: Vec<_> = self.texts.extract_if(.., is_kept).collect();
        for file in env_files.into_iter().chain(texts) {
            for change in file.edited.changes {
                let old = change.from.unwrap_or_default();
                let named = self
                    .renames
                    .iter()
                    .filter(|rename| old.contains(&rename.from) && change.to.contains(&rename.to));
                self.stale.extend(named.map(|rename| StaleName {
                    thing: rename.thing,
                    from: rename.from.clone(),
                    to: rename.to.clone(),
                    owner: change.key.join("."),
                    at: change.at.clone(),
                    reason: reason.to_owned(),
                }));
            }
        }
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
            let mut files = self.files.iter().chain(&self.env_files).chain(&self.texts);
            match files.find(is_it) {
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

/// The env files of the services that run, as far as they are there.
fn env_files(model: &Model) -> Result<Vec<EnvFile>, LaunchError> {
    let services = model.services.values().filter(|service| service.enabled);
    let paths: BTreeSet<&PathBuf> = services.flat_map(|service| &service.env_files).collect();
    let there = paths.into_iter().filter(|path| path.is_file());
    there
        .map(|path| Ok(EnvFile::parse(path, &read(path)?).map_err(compose::Error::from)?))
        .collect()
}

/// Those of the text files that were edited.
fn text_edits(texts: &MountedTexts, edits: Vec<Edited>) -> Vec<EditedFile> {
    let files = texts.files.iter().zip(edits);
    let files = files.map(|(file, edited)| EditedFile {
        path: file.path.clone(),
        before: file.text.clone().into_bytes(),
        edited,
    });
    files.filter(EditedFile::is_change).collect()
}

/// The values of variables for each file: those that come by an `include` have more.
struct ValuesByFile<'a> {
    own: &'a Values,
    included: BTreeMap<&'a Path, Values>,
}

impl<'a> ValuesByFile<'a> {
    fn of(model: &'a Model, own: &'a Values) -> Result<Self, LaunchError> {
        let with = |(file, env_files): (&'a PathBuf, &'a Vec<PathBuf>)| {
            Ok((file.as_path(), own.over(env_files, read)?))
        };
        let included = model.included_env.iter().map(with);
        Ok(Self {
            own,
            included: included.collect::<Result<_, LaunchError>>()?,
        })
    }

    fn lookup(&self, file: &Path) -> Box<Lookup<'_>> {
        let values = self.included.get(file).unwrap_or(self.own);
        Box::new(|name| values.get(name))
    }

    /// All together, to find what holds a variable.
    fn all(&self) -> Values {
        let mut all = self.own.clone();
        for values in self.included.values() {
            all.hold(values);
        }
        all
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LaunchError> {
    std::fs::read(path).map_err(|source| LaunchError::Read {
        path: path.to_owned(),
        source,
    })
}
