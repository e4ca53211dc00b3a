//! Which files make a project, and what it is called: Compose's own rules.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::load::ReadFile;
use crate::compose::error::Error;
use crate::env_file::EnvFile;

/// In Compose's order of preference.
const NAMES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// True for the name of a file that Compose would find by itself.
pub fn is_compose_name(name: &OsStr) -> bool {
    NAMES.iter().any(|known| name == *known)
}

/// True for the name of an override that Compose would lay over such a file by itself.
pub fn is_override_name(path: &Path) -> bool {
    let name = path.file_name();
    name.is_some_and(|name| OVERRIDES.iter().any(|known| name == *known))
}

/// The override that Compose lays over a file that it found by itself: `compose.override.yml`
/// beside `compose.yml`.
pub fn override_of(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default();
    let place = NAMES.iter().position(|known| name == *known);
    // The same name, with the same end.
    let over = [1, 0, 2, 3]
        .get(place.unwrap_or(2))
        .map_or(OVERRIDES[2], |at| OVERRIDES[*at]);
    file.with_file_name(over)
}

/// The paths that Compose looks for in a folder, in its order.
pub fn file_names(folder: &Path) -> Vec<PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).collect()
}

/// True if Compose would find a file in this folder itself.
pub fn is_in(dir: &Path) -> bool {
    NAMES.iter().any(|name| dir.join(name).is_file())
}

/// The compose files that Compose would read in `dir`: what `COMPOSE_FILE` in its `.env`
/// says, else the first of the known names and its override. Empty if there is none;
/// parent folders are not searched.
///
/// # Errors
/// A `.env` that can't be read, or that names files that aren't there.
pub fn discover(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    discover_with(dir, &|path| path.is_file(), &|path| std::fs::read(path))
}

/// [`discover`] in a folder of which `is_there` tells which files it has, and `read` what is
/// in them.
///
/// # Errors
/// The same.
pub fn discover_with(
    dir: &Path,
    is_there: &dyn Fn(&Path) -> bool,
    read: &ReadFile<'_>,
) -> Result<Vec<PathBuf>, Error> {
    if let Some(files) = named_in_env(dir, is_there, read)? {
        return Ok(files);
    }
    let first_of = |names: &[&str]| {
        let mut paths = names.iter().map(|name| dir.join(name));
        paths.find(|path| is_there(path))
    };
    let main = first_of(&NAMES);
    let over = main.as_ref().and_then(|_| first_of(&OVERRIDES));
    Ok(main.into_iter().chain(over).collect())
}

fn named_in_env(
    dir: &Path,
    is_there: &dyn Fn(&Path) -> bool,
    read: &ReadFile<'_>,
) -> Result<Option<Vec<PathBuf>>, Error> {
    let path = dir.join(".env");
    if !is_there(&path) {
        return Ok(None);
    }
    let bytes = read(&path).map_err(|source| Error::Read {
        path: path.clone(),
        source,
    })?;
    let values = EnvFile::parse(&path, &bytes)?.values(&|name| std::env::var(name).ok())?;
    let Some(files) = values.get("COMPOSE_FILE").filter(|files| !files.is_empty()) else {
        return Ok(None);
    };
    let separator = values
        .get("COMPOSE_PATH_SEPARATOR")
        .map_or(":", String::as_str);
    let paths = files.split(separator).map(|file| dir.join(file)).collect();
    Ok(Some(paths))
}

/// The name that Compose makes of a folder's or a file's: lower case, without what is
/// neither a letter, a digit, `_` nor `-`, and beginning with a letter or digit. So
/// `v1.3.2` and `v13.2` are both `v132`.
pub fn project_name(text: &str) -> String {
    let kept: String = text
        .to_lowercase()
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
        .collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_as_compose_does() {
        for (text, expect) in [
            ("v1.3.2", "v132"),
            ("v13.2", "v132"),
            ("My App", "myapp"),
            ("_x-Y_", "x-y_"),
            ("...", ""),
            ("ÄB", "b"),
        ] {
            assert_eq!(project_name(text), expect, "{text}");
        }
    }

    #[test]
    fn an_override_is_named_like_the_file_that_it_is_for() {
        for (name, expect) in [
            ("compose.yaml", "compose.override.yaml"),
            ("compose.yml", "compose.override.yml"),
            ("docker-compose.yml", "docker-compose.override.yml"),
            ("docker-compose.yaml", "docker-compose.override.yaml"),
        ] {
            assert_eq!(override_of(Path::new(name)), Path::new(expect));
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(dir.path().join(name), content).unwrap();
        }
        dir
    }

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let dir = folder(files);
        let paths = discover(dir.path()).unwrap();
        assert_eq!(
            is_in(dir.path()),
            files
                .iter()
                .any(|(name, _)| is_compose_name(OsStr::new(name)))
        );
        let names = paths
            .iter()
            .map(|path| path.strip_prefix(dir.path()).unwrap());
        names.map(|name| name.display().to_string()).collect()
    }

    #[test]
    fn files_are_found_in_compose_s_order() {
        assert!(found(&[]).is_empty());
        assert!(found(&[("compose.override.yml", "")]).is_empty());
        assert_eq!(
            found(&[("docker-compose.yaml", ""), ("compose.yml", "")]),
            ["compose.yml"]
        );
        assert_eq!(
            found(&[
                ("docker-compose.yml", ""),
                ("docker-compose.override.yml", "")
            ]),
            ["docker-compose.yml", "docker-compose.override.yml"]
        );
    }

    #[test]
    fn the_env_file_can_name_the_files() {
        let named = found(&[
            ("compose.yml", ""),
            (".env", "B=b.yml\nCOMPOSE_FILE=a.yml:$B\n"),
        ]);
        assert_eq!(named, ["a.yml", "b.yml"]);
        let separated = found(&[(
            ".env",
            "COMPOSE_PATH_SEPARATOR=;\nCOMPOSE_FILE='a.yml;b.yml'",
        )]);
        assert_eq!(separated, ["a.yml", "b.yml"]);
    }
}
