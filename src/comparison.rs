//! Everything that differs between two releases, folders or files, with secrets masked.
//!
//! Compose files are compared service by service, `.env` by key, other files by content and
//! metadata, and the volumes that upgrades copied by the manifests that they kept. Nothing is
//! written. Begin with [`Compared::find`] for either side, and [`Comparison::of`].

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::compose::{self, Document, LoadOptions, Model, SettingChange, Settings};
use crate::env_file::{EnvChange, EnvFile, env_changes, is_env_name};
use crate::mask::{self, SecretWords, Secrets};
use crate::progress::Progress;
use crate::release::{Install, Recipe};
use crate::tree::{self, Against, Difference, DifferenceKind, Manifest, VerifyOptions};

mod error;

pub use error::ComparisonError;

/// The largest file whose lines are compared; larger ones are told to differ.
const LARGEST: u64 = 4 * 1024 * 1024;

/// A release, folder or file that is compared with another.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The folder or file that is read.
    pub path: PathBuf,
    /// The release's name, where a release of an install is compared; else none.
    pub release: Option<String>,
}

impl Compared {
    /// What `name` names: a path, or a release of the install at `install`. A path with a
    /// slash in it is never taken for a release; a bare name that is both is the release.
    ///
    /// # Errors
    ///
    /// If there is neither.
    pub fn find(name: &str, install: &Path) -> Result<Self, ComparisonError> {
        let path = Path::new(name);
        let named = || Self {
            path: path.to_owned(),
            release: None,
        };
        if path.exists() && name.contains('/') {
            return Ok(named());
        }
        let release = name
            .parse()
            .ok()
            .and_then(|version| Install::at(install).ok()?.release(&version).ok());
        match release {
            Some(release) => Ok(Self {
                path: release.path,
                release: Some(name.to_owned()),
            }),
            None if path.exists() => Ok(named()),
            None => Err(ComparisonError::Nowhere {
                name: name.to_owned(),
            }),
        }
    }
}

/// What differs. Paths are below both sides; for two files they are empty.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// The first of both, as it was named or found.
    pub a: PathBuf,
    /// The other.
    pub b: PathBuf,
    /// Whether nothing differs.
    pub same: bool,
    /// The settings of the compose files.
    pub compose: Vec<SettingChange>,
    /// The `.env` files.
    pub env: Vec<EnvFileChanges>,
    /// Every file and folder that differs in any way, those above among them.
    pub files: Vec<Difference>,
    /// The volumes of both releases that there are manifests of.
    pub volumes: Vec<VolumeChanges>,
    /// What couldn't be compared.
    pub notes: Vec<String>,
    /// The compose files of either side, which `compose` tells of.
    #[serde(skip)]
    pub compose_files: BTreeSet<PathBuf>,
    /// Whether values stand here as they are.
    #[serde(skip)]
    pub show_secrets: bool,
    /// What the names of secrets sound like.
    #[serde(skip)]
    pub words: SecretWords,
    /// What two files hold. A pipe can be read but once.
    #[serde(skip)]
    contents: Option<[Vec<u8>; 2]>,
}

/// The keys of one `.env` file that differ.
#[derive(Debug, Serialize)]
pub struct EnvFileChanges {
    /// The file, below both sides; empty where two files are compared.
    pub file: PathBuf,
    /// What became of its keys, in their order.
    pub changes: Vec<EnvChange>,
}

/// A volume that differs.
#[derive(Debug, Serialize)]
pub struct VolumeChanges {
    /// The volume's key in the compose files of both releases.
    pub volume: String,
    /// What differs in it, from the first one's view.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// Compares `a` with `b`. Of the `install` the recipe says what is secret, and its
    /// manifests stand for volumes. `show_secrets` leaves values as they are.
    ///
    /// # Errors
    ///
    /// If one is a folder and the other a file, or one of them can't be read. A compose file
    /// or `.env` that can't be understood is no error but one of the [notes](Self::notes).
    pub fn of(
        a: &Compared,
        b: &Compared,
        install: Option<&Install>,
        show_secrets: bool,
        progress: &dyn Progress,
    ) -> Result<Self, ComparisonError> {
        let mut found = Self {
            a: a.path.clone(),
            b: b.path.clone(),
            same: false,
            compose: Vec::new(),
            env: Vec::new(),
            files: Vec::new(),
            volumes: Vec::new(),
            notes: Vec::new(),
            compose_files: BTreeSet::new(),
            show_secrets,
            words: words(a, b, install),
            contents: None,
        };
        match (a.path.is_dir(), b.path.is_dir()) {
            (true, true) => found.folders(progress)?,
            (false, false) => found.two_files()?,
            _ => {
                return Err(ComparisonError::Unlike {
                    a: a.path.clone(),
                    b: b.path.clone(),
                });
            }
        }
        if let (Some(a), Some(b), Some(install)) = (&a.release, &b.release, install) {
            let manifests = install.manifests();
            found.volumes(&manifests.join(a), &manifests.join(b))?;
        }
        found.same = found.files.is_empty() && found.volumes.is_empty();
        Ok(found)
    }

    fn folders(&mut self, progress: &dyn Progress) -> Result<(), ComparisonError> {
        let against = Against::Tree(&self.a);
        let options = VerifyOptions::default();
        self.files = tree::verify(&self.b, against, &options, progress)?;
        self.files
            .retain(|found| found.kind != DifferenceKind::Mtime);
        let mut secrets = Secrets::new(self.show_secrets, self.words.clone());
        let env_files = self.env_files();
        // The first of them holds secrets that others repeat, though it may not differ.
        let own = Path::new(".env");
        for path in env_files.iter().map(PathBuf::as_path).chain([own]) {
            for side in [&self.a, &self.b] {
                secrets.add(values(&side.join(path)));
            }
        }
        for path in env_files {
            self.env_file(&path, &secrets);
        }
        let files = |side: &Path| -> Result<_, compose::Error> {
            let found = compose::find_project(side, None)?;
            Ok(found.map_or_else(Vec::new, |project| project.files))
        };
        let (first, second) = (files(&self.a)?, files(&self.b)?);
        for (side, files) in [(&self.a, &first), (&self.b, &second)] {
            let below = files.iter().filter_map(|file| file.strip_prefix(side).ok());
            self.compose_files.extend(below.map(Path::to_owned));
        }
        if !first.is_empty() && !second.is_empty() {
            self.settings(&first, &second, &secrets);
        }
        Ok(())
    }

    fn two_files(&mut self) -> Result<(), ComparisonError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| ComparisonError::Read {
                path: path.to_owned(),
                source,
            })
        };
        let (first, second) = (read(&self.a)?, read(&self.b)?);
        if first == second {
            return Ok(());
        }
        self.files.push(Difference {
            path: b".".to_vec(),
            kind: DifferenceKind::Content,
            expected: String::new(),
            found: String::new(),
        });
        self.contents = Some([first.clone(), second.clone()]);
        let mut secrets = Secrets::new(self.show_secrets, self.words.clone());
        if is_env_name(&self.a) && is_env_name(&self.b) {
            for (path, bytes) in [(&self.a, &first), (&self.b, &second)] {
                secrets.add(values_of(path, bytes).unwrap_or_default());
            }
            self.env_file(Path::new(""), &secrets);
            return Ok(());
        }
        for path in [&self.a, &self.b] {
            secrets.add(values(&path.with_file_name(".env")));
        }
        let is_compose = |path: &Path, bytes: &[u8]| {
            Document::parse(path, bytes).is_ok_and(|document| document.has_services())
        };
        if is_compose(&self.a, &first) && is_compose(&self.b, &second) {
            self.compose_files.insert(PathBuf::new());
            let (a, b) = ([self.a.clone()], [self.b.clone()]);
            self.settings(&a, &b, &secrets);
        }
        Ok(())
    }

    /// The `.env` files that differ in content or are on one side only.
    fn env_files(&self) -> Vec<PathBuf> {
        let differs = |difference: &&Difference| {
            matches!(
                difference.kind,
                DifferenceKind::Content
                    | DifferenceKind::Size
                    | DifferenceKind::Missing
                    | DifferenceKind::Extra
            )
        };
        let paths: BTreeSet<PathBuf> = self.files.iter().filter(differs).map(path_of).collect();
        let is_env = |path: &PathBuf| is_env_name(path);
        paths.into_iter().filter(is_env).collect()
    }

    fn env_file(&mut self, path: &Path, secrets: &Secrets) {
        let open = |side: &Path| {
            let path = if path.as_os_str().is_empty() {
                side.to_owned()
            } else {
                side.join(path)
            };
            let bytes = match self.given(&path) {
                Some(bytes) => bytes.clone(),
                None if path.is_file() => std::fs::read(&path)?,
                None => Vec::new(),
            };
            Ok::<_, std::io::Error>(EnvFile::parse(&path, &bytes))
        };
        let changes = match (open(&self.a), open(&self.b)) {
            (Ok(Ok(a)), Ok(Ok(b))) => env_changes(&a, &b),
            (Ok(Err(error)), _) | (_, Ok(Err(error))) => Err(error),
            // Unreadable: that its content couldn't be compared has been said by then.
            (Err(_), _) | (_, Err(_)) => return,
        };
        match changes {
            Ok(mut changes) => {
                for change in &mut changes {
                    mask_pair(&mut change.from, &mut change.to, |value| {
                        secrets.variable(&change.key, value)
                    });
                }
                if !changes.is_empty() {
                    self.env.push(EnvFileChanges {
                        file: path.to_owned(),
                        changes,
                    });
                }
            }
            Err(error) => self.notes.push(format!("{error}; compared as text")),
        }
    }

    fn settings(&mut self, first: &[PathBuf], second: &[PathBuf], secrets: &Secrets) {
        let options = LoadOptions::default();
        let read = |path: &Path| match self.given(path) {
            Some(bytes) => Ok(bytes.clone()),
            None => std::fs::read(path),
        };
        let load = |files: &[PathBuf]| Settings::load_with(files, &options, &read);
        match (load(first), load(second)) {
            (Ok(first), Ok(second)) => {
                self.compose = compose::settings_diff(&first, &second);
                for change in &mut self.compose {
                    mask_change(change, secrets);
                }
            }
            (Err(error), _) | (_, Err(error)) => {
                self.compose_files.clear();
                let cause = std::error::Error::source(&error);
                let cause = cause.map_or(String::new(), |cause| format!(": {cause}"));
                self.notes.push(format!(
                    "{error}{cause}; compose files are compared as text"
                ));
            }
        }
    }

    /// Compares what upgrades have kept of the volumes of either release, by their keys.
    fn volumes(&mut self, first: &Path, second: &Path) -> Result<(), ComparisonError> {
        let names = |side: &Path| {
            let project = compose::find_project(side, None).ok()??;
            let model = Model::load(&project.files, &project.options()).ok()?;
            let volumes = model.volumes.into_iter();
            Some(volumes.map(|(key, volume)| (key, volume.name)).collect())
        };
        let names = |side: &Path| -> BTreeMap<String, String> { names(side).unwrap_or_default() };
        let (a, b) = (names(&self.a), names(&self.b));
        for (volume, name) in a {
            let manifest = |folder: &Path, name: &str| folder.join(format!("{name}.mtree"));
            let Some(other) = b.get(&volume) else {
                continue;
            };
            let (a, b) = (manifest(first, &name), manifest(second, other));
            let (Ok(a_bytes), Ok(b_bytes)) = (std::fs::read(&a), std::fs::read(&b)) else {
                continue;
            };
            let (expected, found) = (Manifest::read(&a, &a_bytes)?, Manifest::read(&b, &b_bytes)?);
            let mut differences = tree::compare(&expected, &found, &VerifyOptions::default());
            differences.retain(|found| found.kind != DifferenceKind::Mtime);
            if !differences.is_empty() {
                self.volumes.push(VolumeChanges {
                    volume,
                    differences,
                });
            }
        }
        Ok(())
    }

    /// What one of two files holds.
    fn given(&self, path: &Path) -> Option<&Vec<u8>> {
        let [a, b] = self.contents.as_ref()?;
        match path {
            path if path == self.a => Some(a),
            path if path == self.b => Some(b),
            _ => None,
        }
    }

    /// Both versions of a file, where its lines may be shown: it is neither larger than
    /// 4 MiB nor private, and can be read. `path` is below both sides; `.` is the file itself
    /// where two files are compared.
    pub fn lines(&self, path: &Path) -> Option<(Vec<u8>, Vec<u8>)> {
        let at = |side: &Path| {
            if path == Path::new(".") {
                side.to_owned()
            } else {
                side.join(path)
            }
        };
        let (a, b) = (at(&self.a), at(&self.b));
        let is_large = |path: &Path| path.metadata().is_ok_and(|stat| stat.len() > LARGEST);
        if is_large(&a) || is_large(&b) {
            return None;
        }
        let read = |path: &Path| match self.given(path) {
            Some(bytes) => Some(bytes.clone()),
            None => std::fs::read(path).ok(),
        };
        let (old, new) = (read(&a)?, read(&b)?);
        let private = mask::is_private(&a, &old) || mask::is_private(&b, &new);
        (!private || self.show_secrets || is_env_name(path)).then_some((old, new))
    }
}

/// What the recipes of both sides and of the install call secret, and what sounds so.
fn words(a: &Compared, b: &Compared, install: Option<&Install>) -> SecretWords {
    let files = |side: &Compared| match side.path.is_dir() {
        true => match compose::find_project(&side.path, None) {
            Ok(Some(project)) => project.files,
            _ => Vec::new(),
        },
        false => vec![side.path.clone()],
    };
    let small = |path: &PathBuf| {
        path.metadata()
            .is_ok_and(|stat| stat.is_file() && stat.len() <= LARGEST)
    };
    let files = files(a).into_iter().chain(files(b)).filter(small);
    let files: Vec<Vec<u8>> = files.filter_map(|path| std::fs::read(path).ok()).collect();
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let own = install.and_then(|install| std::fs::read(install.root().join("transship.yml")).ok());
    SecretWords::with(Recipe::secrets_in(&files, own.as_deref()))
}

/// The path of a difference below both sides.
pub fn path_of(difference: &Difference) -> PathBuf {
    PathBuf::from(OsString::from_vec(difference.path.clone()))
}

/// The values of a `.env` file; none where it can't be read.
fn values(path: &Path) -> Vec<(String, String)> {
    let bytes = std::fs::read(path).ok();
    let values = bytes.and_then(|bytes| values_of(path, &bytes));
    values.unwrap_or_default()
}

fn values_of(path: &Path, bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let values = EnvFile::parse(path, bytes).ok()?.values(&|_| None).ok()?;
    Some(values.into_iter().collect())
}

fn mask_change(change: &mut SettingChange, secrets: &Secrets) {
    let keys: Vec<&str> = change.path.iter().map(String::as_str).collect();
    let masked = |value: &str| match keys.as_slice() {
        ["command" | "entrypoint"] | ["healthcheck", "test"] => secrets.command(value),
        ["environment" | "labels" | "annotations", key] | ["build", "args", key] => {
            secrets.setting(Some(key), value)
        }
        _ => secrets.setting(None, value),
    };
    let value = |setting: &mut Option<compose::Setting>| {
        setting.as_mut().and_then(|setting| setting.value.take())
    };
    let (mut from, mut to) = (value(&mut change.from), value(&mut change.to));
    mask_pair(&mut from, &mut to, masked);
    let put = |setting: &mut Option<compose::Setting>, value| {
        if let Some(setting) = setting {
            setting.value = value;
        }
    };
    put(&mut change.from, from);
    put(&mut change.to, to);
    let path = change.path.iter().map(|key| secrets.setting(None, key));
    change.path = path.collect();
}

/// Masks both values; where that makes them equal, the second says that it changed.
fn mask_pair(from: &mut Option<String>, to: &mut Option<String>, mask: impl Fn(&str) -> String) {
    for value in [&mut *from, &mut *to].into_iter().flatten() {
        *value = mask(value);
    }
    if let (Some(from), Some(to)) = (&*from, to)
        && from == to
    {
        to.push_str(" (changed)");
    }
}
