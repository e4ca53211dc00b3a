//! A folder as it is told to be compared: by paths, kinds, modes, times, contents and links.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use transship::tree::Digest;

/// What everything below a folder is, in a line each.
pub(crate) type Picture = BTreeMap<PathBuf, String>;

/// The picture of what is below `root`. Modes are those that a release may have; the times of
/// folders are only told where each was a member.
pub(crate) fn picture(root: &Path, with_times_of_folders: bool) -> Picture {
    let mut first_names: BTreeMap<u64, PathBuf> = BTreeMap::new();
    let mut lines = Picture::new();
    let mut paths: Vec<PathBuf> = vec![root.to_owned()];
    let mut all = Vec::new();
    while let Some(folder) = paths.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.symlink_metadata().unwrap().is_dir() {
                paths.push(path.clone());
            }
            all.push(path);
        }
    }
    all.sort();
    for path in all {
        let metadata = path.symlink_metadata().unwrap();
        let name = path.strip_prefix(root).unwrap().to_owned();
        let mode = metadata.permissions().mode() & 0o755;
        let time = format!("{}.{:09}", metadata.mtime(), metadata.mtime_nsec());
        let line = if metadata.is_dir() {
            let time = if with_times_of_folders { &time } else { "" };
            format!("folder {mode:o} {time}")
        } else if metadata.is_symlink() {
            format!("link {} {time}", fs::read_link(&path).unwrap().display())
        } else {
            let first = first_names
                .entry(metadata.ino())
                .or_insert_with(|| name.clone());
            let digest = Digest::of(&fs::read(&path).unwrap());
            format!("file {mode:o} {time} {digest} {}", first.display())
        };
        lines.insert(name, line);
    }
    lines
}

/// What `program` (`tar` or `bsdtar`) makes of an archive, below `folder`, which must not be
/// there; nothing if it complains of it.
pub(crate) fn unpacked_by(program: &str, archive: &Path, folder: &Path) -> Option<PathBuf> {
    fs::create_dir(folder).unwrap();
    let output = Command::new(program)
        .args(["--no-same-owner", "-p"])
        .args((program == "tar").then_some("--delay-directory-restore"))
        .arg("-xf")
        .arg(archive)
        .arg("-C")
        .arg(folder)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    output.status.success().then(|| folder.to_owned())
}
