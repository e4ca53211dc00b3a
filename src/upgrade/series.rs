//! The names of plans and journals, which sort by when they were made:
//! `20260102T030405Z-v2.0.0`, and `20260102T030405Z.2-v3.0.0` for the next one of the same
//! second.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::release::Version;

/// A name for a document about `version`, made at `when`, that comes after all those in
/// `folder`. A folder that isn't there has none.
///
/// # Errors
/// What the system says when the folder can't be listed.
pub(super) fn next(folder: &Path, when: Timestamp, version: &Version) -> io::Result<String> {
    let second = when.strftime("%Y%m%dT%H%M%SZ").to_string();
    let saved = match list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        saved => saved?,
    };
    let orders = saved.iter().map(|path| order(path));
    let last = orders.filter(|(of, _)| *of == second).max();
    Ok(match last {
        None => format!("{second}-{version}"),
        Some((_, number)) => format!("{second}.{}-{version}", number + 1),
    })
}

/// The file of the document that was made last, if there is one.
///
/// # Errors
/// What the system says when the folder can't be listed.
pub(super) fn newest(folder: &Path) -> io::Result<Option<PathBuf>> {
    Ok(list(folder)?.into_iter().max_by_key(|path| order(path)))
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    Ok(paths)
}

/// The second that the name begins with, and the number within it.
fn order(path: &Path) -> (String, u32) {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let time = name.split_once('-').map_or(&*name, |(time, _)| time);
    let (second, number) = time.split_once('.').unwrap_or((time, "1"));
    (second.to_owned(), number.parse().unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::Disk;

    #[test]
    fn the_last_of_a_second_is_the_newest_whatever_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let when = Timestamp::from_second(0).unwrap();
        for version in ["v3", "v2", "v2.10", "v2"].repeat(3) {
            let version: Version = version.parse().unwrap();
            let name = next(folder.path(), when, &version).unwrap();
            let path = folder.path().join(name + ".json");
            Disk::new().create(&path, b"", 0o600).unwrap();
            assert_eq!(newest(folder.path()).unwrap(), Some(path));
        }
    }

    #[test]
    fn a_later_second_comes_after_any_number() {
        let folder = tempfile::tempdir().unwrap();
        let version: Version = "v1".parse().unwrap();
        for (second, expected) in [
            (59, "19700101T000059Z-v1"),
            (59, "19700101T000059Z.2-v1"),
            (60, "19700101T000100Z-v1"),
        ] {
            let when = Timestamp::from_second(second).unwrap();
            let name = next(folder.path(), when, &version).unwrap();
            assert_eq!(name, expected);
            let path = folder.path().join(name + ".json");
            Disk::new().create(&path, b"", 0o600).unwrap();
            assert_eq!(newest(folder.path()).unwrap(), Some(path));
        }
    }

    #[test]
    fn a_folder_that_isn_t_there_has_none() {
        let version: Version = "v1".parse().unwrap();
        let when = Timestamp::from_second(0).unwrap();
        assert!(next(Path::new("/nowhere"), when, &version).is_ok());
        assert!(newest(Path::new("/nowhere")).is_err());
    }
}
