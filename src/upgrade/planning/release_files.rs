//! One release's files as its compose file is read from them: bytes and a model. The content of some
//! may be given, where they will be another than that on disk.
//!
//! Only reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::releases_error::ReleasesError;
use crate::compose::{self, LoadOptions, Model, ReadKind};
use crate::env_file::{EnvFile, SAMPLE_NAMES};
use crate::release::{Install, Release, Version};
use crate::tree;
use crate::upgrade::running::journal::JournalError;
use crate::upgrade::running::recorded_project::RecordedProject;

/// A release as it is read: its folder, compose files, model and variables.
#[derive(Debug)]
pub struct ReleaseFiles {
    /// The release's version, which is its folder's name.
    pub version: Version,
    /// Where its files can be read now.
    pub folder: PathBuf,
    /// Its compose files, those that Compose would read by itself.
    pub files: Vec<ComposeFile>,
    /// Files of the release that those include or extend, wherever in it.
    pub included: Vec<ComposeFile>,
    /// The resolved model of all compose files together.
    pub model: Model,
    /// The folder of its compose project, below the release; empty for the release's own.
    pub project_folder: PathBuf,
    /// The folder below the release that Compose is started in: another one where `COMPOSE_FILE` leads
    /// out of it.
    pub started_in: PathBuf,
    /// The variables of its `.env`; `None` where there is no such file.
    pub env: Option<BTreeMap<String, String>>,
    /// What makes the model of the files.
    options: LoadOptions,
    /// Files whose content isn't that on disk, by name.
    coming: BTreeMap<PathBuf, Vec<u8>>,
}

/// The two releases of an upgrade.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReleasePair<'a> {
    /// The release that the upgrade leaves.
    pub(crate) old: &'a ReleaseFiles,
    /// The release that it leads to.
    pub(crate) new: &'a ReleaseFiles,
}

/// A compose file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposeFile {
    /// The file's path below the release's folder.
    pub name: PathBuf,
    /// The same, but where that is a symlink what it leads to: what an edit changes.
    pub real: PathBuf,
    /// The file's content.
    pub bytes: Vec<u8>,
    /// Whether it is a symlink that leads out of the release: it is read, and never edited.
    pub leads_out: bool,
}

/// How a release's files are resolved.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadOptions {
    /// The compose project; Compose's own choice when absent.
    pub(crate) project: Option<String>,
    /// The files of variables; the release's `.env` when empty.
    pub(crate) env_files: Vec<EnvSource>,
    /// The active profiles.
    pub(crate) profiles: Vec<String>,
}

impl ReadOptions {
    /// As the newest run from or to the release had it: its names of volumes and its images follow from
    /// that. As Compose would by itself, where there was no run.
    ///
    /// # Errors
    /// [`JournalError`].
    pub(crate) fn recorded(install: &Install, release: &Release) -> Result<Self, JournalError> {
        let recorded = RecordedProject::of(install, &release.version)?;
        let source = |path: PathBuf| EnvSource {
            name: path.strip_prefix(&release.path).ok().map(Path::to_owned),
            path,
        };
        Ok(recorded.map_or_else(Self::default, |recorded| Self {
            project: Some(recorded.project),
            env_files: recorded.env_files.into_iter().map(source).collect(),
            profiles: recorded.profiles,
        }))
    }
}

/// A file of variables.
#[derive(Debug, Clone)]
pub(crate) struct EnvSource {
    /// Where it can be read now.
    pub(crate) path: PathBuf,
    /// Its name below the release, where it is of the release: a content that is given counts.
    pub(crate) name: Option<PathBuf>,
}

impl ReleaseFiles {
    /// What the files come to with other contents of some, which are given by their names below the
    /// release.
    ///
    /// # Errors
    /// Those of [`Model::load`].
    pub fn model_with(
        &self,
        contents: &BTreeMap<PathBuf, Vec<u8>>,
    ) -> Result<Model, compose::Error> {
        let paths = self.files.iter().map(|file| self.folder.join(&file.name));
        self.model_of(&paths.collect::<Vec<_>>(), contents)
    }

    fn model_of(
        &self,
        paths: &[PathBuf],
        contents: &BTreeMap<PathBuf, Vec<u8>>,
    ) -> Result<Model, compose::Error> {
        let read = |path: &Path| {
            let path = compose::now_at(path, &self.model.root, &self.folder);
            let name = path.strip_prefix(&self.folder).ok();
            let given = name.and_then(|name| contents.get(name).or_else(|| self.coming.get(name)));
            given.map_or_else(|| fs::read(&path), |b| Ok(b.clone()))
        };
        Model::load_with(paths, &self.options, &read)
    }

    /// What its compose files but for some come to; nothing where those are all.
    ///
    /// # Errors
    /// Those of [`Model::load`].
    pub(crate) fn model_without(
        &self,
        names: &[&PathBuf],
    ) -> Result<Option<Model>, compose::Error> {
        let others = self
            .files
            .iter()
            .filter(|file| !names.contains(&&file.name));
        let paths: Vec<_> = others.map(|file| self.folder.join(&file.name)).collect();
        if paths.is_empty() {
            return Ok(None);
        }
        self.model_of(&paths, &BTreeMap::new()).map(Some)
    }

    /// The files of variables that it is resolved with, where they can be read now; the `.env` beside
    /// the compose files when empty.
    pub(crate) fn env_files(&self) -> &[PathBuf] {
        &self.options.env_files
    }

    /// The content that a file will have instead of that on disk, by its name below the release.
    pub(crate) fn coming(&self, name: &Path) -> Option<&[u8]> {
        self.coming.get(name).map(Vec::as_slice)
    }

    /// The names below the release of the small files that Compose reads by its files, there or not: all but
    /// folders, and what is taken out of them.
    pub(crate) fn small_reads(&self) -> impl Iterator<Item = PathBuf> {
        let reads = self.model.reads.iter();
        let small = reads
            .filter(|read| read.kind.is_for_config() || read.kind == ReadKind::Dockerfile)
            .filter_map(|read| self.name_of(&read.path));
        small.collect::<Vec<_>>().into_iter()
    }

    /// A path's name below the release: where that will be, or where it can be read now.
    pub(super) fn name_of(&self, path: &Path) -> Option<PathBuf> {
        let below = path.strip_prefix(&self.model.root);
        let name = below.or_else(|_| path.strip_prefix(&self.folder));
        name.ok().map(Path::to_owned)
    }

    /// The names below the release of the files of variables that Compose reads by itself, there or not;
    /// the first is that of the folder it is started in.
    pub(crate) fn env_names(&self) -> Vec<PathBuf> {
        let mut names = vec![
            self.started_in.join(".env"),
            self.project_folder.join(".env"),
        ];
        names.dedup();
        names
    }

    /// True for one of those.
    pub(crate) fn is_env(&self, name: &Path) -> bool {
        self.env_names().iter().any(|own| own == name)
    }

    /// What of this release has to be known to find the compose files of the next one, `release`: where
    /// `COMPOSE_FILE` of its `.env` names them, which will come along, that, and those that are the
    /// administrator's.
    pub(crate) fn lent(&self, release: &Release) -> BTreeMap<PathBuf, Vec<u8>> {
        let names_files = self
            .env
            .as_ref()
            .is_some_and(|env| env.contains_key("COMPOSE_FILE"));
        let alone = release.project().ok();
        let alone = alone.and_then(|p| Some(p.folder.strip_prefix(&release.path).ok()?.to_owned()));
        let is_there = |name: &Path| release.path.join(name).is_file();
        if !names_files
            || alone.as_ref() == Some(&self.project_folder)
            || !is_there(&self.files[0].name)
        {
            return BTreeMap::new();
        }
        let files = self.files.iter().filter(|file| !is_there(&file.name));
        let mut lent: BTreeMap<_, _> = files.map(|f| (f.name.clone(), f.bytes.clone())).collect();
        let env = self.started_in.join(".env");
        lent.extend(
            fs::read(self.folder.join(&env))
                .ok()
                .map(|bytes| (env, bytes)),
        );
        lent
    }

    /// The variables that its vendor means, whatever comes in their place: those of the `.env` that is in the
    /// release; else those that a sample of it has otherwise than the one of `old`.
    pub(crate) fn shipped_env(
        &self,
        old: &Self,
    ) -> Result<Option<BTreeMap<String, String>>, ReleasesError> {
        let there = self.env_in(&self.folder)?;
        if there.is_some() {
            return Ok(there);
        }
        let was = old.sample_env().unwrap_or_default();
        let sample = self.sample_env().map(|mut sample| {
            sample.retain(|key, value| was.get(key) != Some(value));
            sample
        });
        Ok(sample)
    }

    /// The variables of its `.env` files as a folder has them, such as that of what was shipped.
    pub(crate) fn env_in(
        &self,
        folder: &Path,
    ) -> Result<Option<BTreeMap<String, String>>, ReleasesError> {
        let paths = self.env_names().into_iter().map(|name| folder.join(name));
        let there: Vec<_> = paths.filter(|path| path.is_file()).collect();
        read_env(&there, &|path| fs::read(path))
    }

    /// The variables of the sample of a `.env` that is in the release; nothing where it can't be read as one.
    fn sample_env(&self) -> Option<BTreeMap<String, String>> {
        let mut folders = vec![&self.started_in, &self.project_folder];
        folders.dedup();
        let paths = folders.into_iter().flat_map(|folder| {
            let names = SAMPLE_NAMES.iter();
            names.map(move |name| self.folder.join(folder).join(name))
        });
        let there: Vec<_> = paths.filter(|path| path.is_file()).take(1).collect();
        read_env(&there, &|path| fs::read(path)).ok()?
    }

    /// That the compose files of both are in the same place.
    pub(crate) fn require_alike(&self, old: &Self) -> Result<(), ReleasesError> {
        let told = |release: &Self| match release.project_folder.as_os_str().is_empty() {
            true => "its top".to_owned(),
            false => format!("`{}`", release.project_folder.display()),
        };
        if self.project_folder == old.project_folder {
            return Ok(());
        }
        Err(ReleasesError::OtherFolder {
            old: format!("the compose files of {} are in {}", old.version, told(old)),
            new: format!("those of {} in {}", self.version, told(self)),
        })
    }

    /// The values of `.env`, which are nobody else's to see.
    pub(crate) fn secret_values(&self) -> impl Iterator<Item = String> + '_ {
        self.env.iter().flat_map(|env| env.values().cloned())
    }

    /// Whether the file at `path`, below the release's folder, is one of its compose secrets.
    pub fn is_secret(&self, path: &Path) -> bool {
        let files = self
            .model
            .secrets
            .values()
            .filter_map(|secret| secret.file.as_ref());
        let inside = |file: &Path| file.strip_prefix(&self.model.root).unwrap_or(file) == path;
        files.into_iter().any(|file| inside(file))
    }

    /// Reads a release whose files are in its folder now and that will be `at` another; of
    /// those in `coming`, by their names, the content is given.
    ///
    /// # Errors
    /// [`ReleasesError`] where a file can't be read or is none of Compose's.
    pub(crate) fn read(
        release: &Release,
        at: &Path,
        how: &ReadOptions,
        coming: &BTreeMap<PathBuf, Vec<u8>>,
    ) -> Result<Self, ReleasesError> {
        let folder = release.path.clone();
        let given = |path: &Path| coming.get(path.strip_prefix(&folder).ok()?);
        let is_there = |path: &Path| given(path).is_some() || path.is_file();
        let read = |path: &Path| {
            let path = compose::now_at(path, at, &folder);
            given(&path).map_or_else(|| fs::read(&path), |b| Ok(b.clone()))
        };
        let found = compose::find_project_with(&folder, release.directory(), &is_there, &read)?;
        let Some(found) = found else {
            return Err(ReleasesError::NoCompose { folder });
        };
        let below = |path: &Path| path.strip_prefix(&folder).map(Path::to_owned);
        let (Ok(project_folder), Ok(started_in)) = (below(&found.folder), below(&found.started_in))
        else {
            let file = found.files.first().cloned().unwrap_or_default();
            return Err(ReleasesError::FileOutside { file, folder });
        };
        let paths = found.files.clone();
        let env_files = how.env_files.iter().map(|env| {
            let coming = env.name.as_ref().map(|name| folder.join(name));
            let coming = coming.filter(|path| given(path).is_some());
            coming.unwrap_or_else(|| env.path.clone())
        });
        let options = LoadOptions {
            project: how.project.clone(),
            project_dir: Some(at_home(at, &project_folder)),
            root: Some(at.to_owned()),
            pwd: Some(at_home(at, &started_in)),
            env_files: match how.env_files.is_empty() {
                true => found.named_env_files(),
                false => env_files.collect(),
            },
            profiles: how.profiles.clone(),
            lenient: true,
            ..LoadOptions::default()
        };
        let model = Model::load_with(&paths, &options, &read)?;
        let below = |path: &PathBuf| {
            let name = path.strip_prefix(at).or(path.strip_prefix(&folder));
            Some(name.ok()?.to_owned())
        };
        let named = model.files.iter().filter(|path| !paths.contains(path));
        let names: BTreeSet<PathBuf> = named.filter_map(below).collect();
        let included = names.into_iter().filter_map(|name| {
            let bytes = match given(&folder.join(&name)) {
                Some(bytes) => bytes.clone(),
                // What a symlink leads to is edited by nobody, and told of where it matters.
                None => tree::read_beneath(&folder, &name).ok()??,
            };
            let real = name.clone();
            Some(ComposeFile {
                name,
                real,
                bytes,
                leads_out: false,
            })
        });
        let included = included.collect();
        let files = paths.iter().map(|path| match given(path) {
            Some(bytes) => {
                let name = path.strip_prefix(&folder).unwrap_or(path).to_owned();
                Ok(ComposeFile {
                    real: real_name(path, &folder).unwrap_or_else(|| name.clone()),
                    name,
                    bytes: bytes.clone(),
                    leads_out: leads_out(path, &folder),
                })
            }
            None => ComposeFile::read(path, &folder),
        });
        Ok(Self {
            version: release.version.clone(),
            files: files.collect::<Result<_, _>>()?,
            included,
            env: read_env(&found.env_files, &read)?,
            project_folder,
            started_in,
            folder,
            model,
            options,
            coming: coming.clone(),
        })
    }
}

impl ComposeFile {
    fn read(path: &Path, folder: &Path) -> Result<Self, ReleasesError> {
        let outside = |_| ReleasesError::FileOutside {
            file: path.into(),
            folder: folder.into(),
        };
        let name = path.strip_prefix(folder).map_err(outside)?.to_owned();
        let real = real_name(path, folder).unwrap_or_else(|| name.clone());
        let bytes = fs::read(path).map_err(|source| ReleasesError::Io {
            path: path.into(),
            source,
        })?;
        Ok(Self {
            name,
            real,
            bytes,
            leads_out: leads_out(path, folder),
        })
    }
}

fn leads_out(path: &Path, folder: &Path) -> bool {
    path.exists() && real_name(path, folder).is_none()
}

/// What a file's path leads to, below the folder; nothing where it isn't there, or leads out.
pub(super) fn real_name(path: &Path, folder: &Path) -> Option<PathBuf> {
    let (file, folder) = (path.canonicalize().ok()?, folder.canonicalize().ok()?);
    Some(file.strip_prefix(folder).ok()?.to_owned())
}

fn read_env(
    paths: &[PathBuf],
    read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Option<BTreeMap<String, String>>, ReleasesError> {
    let mut values = BTreeMap::new();
    for path in paths {
        let bytes = read(path).map_err(|source| ReleasesError::Io {
            path: path.into(),
            source,
        })?;
        values.extend(EnvFile::parse(path, &bytes)?.values(&|_| None)?);
    }
    Ok((!paths.is_empty()).then_some(values))
}

/// A folder below one, without a `/` at its end.
fn at_home(at: &Path, below: &Path) -> PathBuf {
    at.join(below).components().collect()
}
