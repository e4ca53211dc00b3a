//! The text files of the host that a project's containers see: configuration, in which names of
//! other containers may stand.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::compose::{Bind, Model, TextFile};

/// A larger file is no configuration.
const LARGEST: u64 = 1 << 20;

/// Why a text file stays as it is.
const MOUNTED: &str = "a mounted file or a script is only edited with `--mounted`";
const SECRET: &str = "a secret's file is never edited";

/// What is looked at of all folders together: a folder with more holds data.
const MOST_ENTRIES: usize = 4_000;
const MOST_BYTES: usize = 16 << 20;

/// What services mount or get as configs, and the project's scripts, as far as they are text.
#[derive(Debug, Default)]
pub(crate) struct MountedTexts {
    /// Files of labels, and each mounted file, by path.
    pub(crate) files: Vec<TextFile>,
    /// What wasn't read, one clause each.
    pub(crate) unread: Vec<String>,
}

impl MountedTexts {
    /// Those of the enabled services of a project, but for its compose and env files. Folders
    /// are gone through where they are the project's own. Mounted files are edited if `are_edited`.
    pub(crate) fn of(model: &Model, are_edited: bool) -> Self {
        let is_enabled = |name: &String| model.services.get(name).is_some_and(|s| s.enabled);
        let binds = model.binds.iter().filter(|bind| is_enabled(&bind.service));
        // Without the `.` of `.:/app`.
        let path = |bind: &Bind| model.root.join(&bind.source).components().collect();
        let binds = binds.map(path);
        let configs = model.configs.values();
        let configs = configs.filter_map(|config| config.file.clone());
        let secrets = model.secrets.values();
        let secrets: BTreeSet<_> = secrets.filter_map(|secret| secret.file.clone()).collect();
        let sources: BTreeSet<PathBuf> = binds.chain(configs).chain(secrets.clone()).collect();
        let mut found = Self {
            files: labels(model),
            ..Self::default()
        };
        let (mut entries, mut bytes) = (0, 0);
        let mut paths = BTreeSet::new();
        for source in sources {
            if source.is_file() {
                paths.insert(source);
            } else if source.is_dir() {
                let is_own = source.starts_with(&model.root);
                match is_own.then(|| below(&source, &mut entries)).flatten() {
                    Some(files) => paths.extend(files),
                    None => found.unread.push(format!(
                        "`{}` is mounted, and its files weren't searched for old names",
                        source.display()
                    )),
                }
            }
        }
        match scripts(&model.project_dir) {
            Some(scripts) => paths.extend(scripts),
            None => found.unread.push(format!(
                "not all scripts below `{}` were searched for old names",
                model.project_dir.display()
            )),
        }
        let mut known = read_by_compose(model);
        for path in paths.iter().filter(|path| known.insert(real(path))) {
            let Some(text) = text(path) else {
                continue;
            };
            bytes += text.len();
            if bytes > MOST_BYTES {
                let from = path.display();
                let unread =
                    format!("mounted files from `{from}` on weren't searched for old names");
                found.unread.push(unread);
                break;
            }
            found.files.push(TextFile {
                path: path.clone(),
                text,
                kept: match secrets.contains(path) {
                    true => Some(SECRET),
                    false => (!are_edited).then_some(MOUNTED),
                },
            });
        }
        found
    }
}

/// The files of labels, which Compose alone reads.
fn labels(model: &Model) -> Vec<TextFile> {
    let services = model.services.values().filter(|service| service.enabled);
    let paths: BTreeSet<&PathBuf> = services.flat_map(|service| &service.label_files).collect();
    let file = |path: &PathBuf| {
        Some(TextFile {
            path: path.clone(),
            text: text(path)?,
            kept: None,
        })
    };
    paths.into_iter().filter_map(file).collect()
}

/// The files below a folder; None if there are too many, or some can't be known.
fn below(folder: &Path, entries: &mut usize) -> Option<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder) {
        *entries += 1;
        let entry = entry.ok().filter(|_| *entries <= MOST_ENTRIES)?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Some(files)
}

/// The scripts in a project's folder, which are run on the host; None if there is too much.
fn scripts(folder: &Path) -> Option<Vec<PathBuf>> {
    const DEPTH: usize = 3;
    let mut scripts = Vec::new();
    for (number, entry) in WalkDir::new(folder)
        .max_depth(DEPTH)
        .into_iter()
        .enumerate()
    {
        let entry = entry.ok().filter(|_| number < MOST_ENTRIES)?;
        let is_run = |metadata: &Metadata| metadata.is_file() && metadata.mode() & 0o111 != 0;
        let is_named = entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "sh");
        if entry.metadata().is_ok_and(|metadata| is_run(&metadata)) || is_named {
            scripts.push(entry.into_path());
        }
    }
    Some(scripts)
}

/// What is edited as what it is, by real paths: one file may be called in several ways.
fn read_by_compose(model: &Model) -> BTreeSet<PathBuf> {
    let beside = model.project_dir.join(".env");
    let reads = model.reads.iter();
    let reads = reads.filter(|read| read.kind.is_for_config());
    let files = model.env_files.iter().chain([&beside]);
    files
        .chain(reads.map(|read| &read.path))
        .map(|file| real(file))
        .collect()
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The content, if it is text and no larger than configuration is.
fn text(path: &Path) -> Option<String> {
    let metadata = path.metadata().ok()?;
    let is_small = metadata.is_file() && metadata.len() <= LARGEST;
    let bytes = is_small.then(|| std::fs::read(path).ok())??;
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::compose::LoadOptions;

    /// What is found below a project's folder with these files, and what wasn't read.
    fn found(volumes: &str, files: &[(&str, &[u8])]) -> (Vec<String>, Vec<String>) {
        let home = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = home.path().join(name);
            #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
            fs::write(path, content).unwrap();
        }
        let compose = home.path().join("compose.yaml");
        let text = format!("services: {{a: {{image: i, env_file: a.env, volumes: [{volumes}]}}}}");
        #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
        fs::write(&compose, text).unwrap();
        let model = Model::load(&[compose], &LoadOptions::default()).unwrap();
        let found = MountedTexts::of(&model, false);
        let inside = |path: &Path| {
            let path = path.strip_prefix(home.path()).unwrap();
            path.display().to_string()
        };
        let files = found.files.iter().map(|file| inside(&file.path)).collect();
        (files, found.unread)
    }

    #[test]
    fn text_is_read_in_files_and_in_the_project_s_folders() {
        let large = vec![b'x'; (1 << 20) + 1];
        let files: &[(&str, &[u8])] = &[
            ("a.env", b"A=1\n"),
            ("app.conf", b"x"),
            ("conf.d/a/b.conf", b"x"),
            ("conf.d/binary", b"\0x"),
            ("conf.d/latin", b"\xe4"),
            ("conf.d/large", &large),
            ("unmounted", b"x"),
            ("hooks/start.sh", b"x"),
        ];
        let (read, unread) = found("'./app.conf:/a', './conf.d:/c', './gone:/g'", files);
        assert_eq!(read, ["app.conf", "conf.d/a/b.conf", "hooks/start.sh"]);
        assert!(unread.is_empty(), "{unread:?}");
        // Compose's own files are edited as such.
        for all in [
            "'.:/all'",
            "'./:/all', './app.conf:/a', './conf.d/../app.conf:/b'",
        ] {
            let (read, _) = found(all, &files[..3]);
            assert_eq!(read, ["app.conf", "conf.d/a/b.conf"]);
        }
    }

    #[test]
    fn folders_of_others_and_of_much_data_are_said_to_be_unread() {
        let (read, unread) = found("'/etc:/e'", &[("a.env", b"")]);
        assert!(read.is_empty());
        assert_eq!(
            unread,
            ["`/etc` is mounted, and its files weren't searched for old names"]
        );
        let names: Vec<String> = (0..4_000).map(|n| format!("data/{n}")).collect();
        let files: Vec<(&str, &[u8])> = names
            .iter()
            .map(|name| (name.as_str(), &b"x"[..]))
            .collect();
        let (read, unread) = found("'./data:/d'", &files);
        assert!(read.is_empty());
        assert_eq!(unread.len(), 2);
        assert!(unread[1].starts_with("not all scripts below"), "{unread:?}");
    }

    #[test]
    fn more_text_than_configuration_has_is_said_to_be_unread() {
        let text = vec![b'x'; 1 << 20];
        let names: Vec<String> = (10..30).map(|n| format!("conf/{n}")).collect();
        let files: Vec<(&str, &[u8])> = names
            .iter()
            .map(|name| (name.as_str(), &text[..]))
            .collect();
        let (read, unread) = found("'./conf:/d'", &files);
        assert_eq!(read.len(), 16);
        assert!(
            unread[0].contains("/conf/26` on weren't searched"),
            "{unread:?}"
        );
    }
}
