//! What a merge writes. No file ever gets a looser mode than MINE has, and what is new belongs
//! to whom MINE belongs to.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::files::compose_files::read;
use super::super::terminal::failure::Failure;
use super::super::terminal::ui::Ui;
use super::ThreeWay;
use crate::error::Kind;
use crate::fs::Disk;
use crate::merge::{Action, FileMerge};
use crate::tree;

/// Writes the result over MINE, or into the file that `-o` names.
pub(super) fn put(
    args: &ThreeWay,
    target: &Path,
    mine: &[u8],
    bytes: &[u8],
) -> Result<(), Failure> {
    let disk = Disk::new();
    if args.output.is_none() {
        if bytes != mine {
            disk.replace(target, mine, bytes)?;
        }
    } else if target.exists() {
        let own = mode(&args.mine, 0o600);
        disk.tighten(target, own)
            .map_err(|error| failed(target, &error))?;
        disk.replace(target, &read(target)?, bytes)?;
    } else {
        disk.create_like(target, bytes, mode(&args.mine, 0o600), &args.mine)?;
    }
    Ok(())
}

fn mode(path: &Path, otherwise: u32) -> u32 {
    let metadata = path.metadata();
    let metadata = metadata
        .ok()
        .filter(|found| found.is_file() || found.is_dir());
    metadata.map_or(otherwise, |metadata| metadata.mode() & 0o777)
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Kind::Failed, format!("can't change `{}`", path.display())).cause(error)
}

/// Writes what an editor needs to settle the conflicts beside the file. What stands there
/// already is kept under another name: somebody may have begun to settle it.
///
/// `shown` is what the file is called in what is said.
pub(super) fn put_marked(
    target: &Path,
    shown: &Path,
    marked: Option<&[u8]>,
    ui: &Ui,
) -> Result<(), Failure> {
    let with = |path: &Path, end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let path = with(target, ".merge");
    let shown_path = with(shown, ".merge");
    let there = path.is_file().then(|| read(&path)).transpose()?;
    let Some(marked) = marked else {
        if there.is_some() {
            ui.say(&format!(
                "{} is of an earlier merge: nothing is open any more",
                shown_path.display()
            ));
        }
        return Ok(());
    };
    if let Some(there) = there.filter(|there| there != marked) {
        let kept = with(target, ".merge~");
        Disk::new().save(&kept, &there)?;
        ui.say(&format!(
            "what was in {} is in {}",
            shown_path.display(),
            with(shown, ".merge~").display()
        ));
    }
    Disk::new().save(&path, marked)?;
    ui.say(&format!("all versions are in {}", shown_path.display()));
    Ok(())
}

/// Does to the folder what the merge of one of its files comes to. `shown` is what the folder
/// is called in what is said.
pub(super) fn carry_out(
    args: &ThreeWay,
    root: &Path,
    shown: &Path,
    merge: &FileMerge,
    ui: &Ui,
) -> Result<(), Failure> {
    let disk = Disk::new();
    let path = root.join(&merge.name);
    let failed = |error: &std::io::Error| failed(&shown.join(&merge.name), error);
    match &merge.action {
        Action::Keep => {}
        Action::Replace(bytes) => disk.replace(&path, &read(&path)?, bytes)?,
        Action::Create(bytes, mode) => {
            let above = merge.name.parent().unwrap_or(Path::new(""));
            make_folders(args, root, above).map_err(|error| failed(&error))?;
            disk.create_like(&path, bytes, *mode, &root.join(above))?;
        }
        Action::CreateFolder(_) => {
            make_folders(args, root, &merge.name).map_err(|error| failed(&error))?;
        }
        Action::Remove => disk.remove_file(&path).map_err(|error| failed(&error))?,
        Action::RemoveFolder => disk.remove_dir(&path).map_err(|error| failed(&error))?,
    }
    if matches!(merge.action, Action::CreateFolder(_) | Action::RemoveFolder) {
        return Ok(());
    }
    put_marked(&path, &shown.join(&merge.name), merge.marked.as_deref(), ui)
}

/// Makes the folders that lead to `below` in MINE, with the modes that they have in THEIRS.
fn make_folders(args: &ThreeWay, root: &Path, below: &Path) -> std::io::Result<()> {
    let folders = below
        .ancestors()
        .filter(|folder| !folder.as_os_str().is_empty());
    let missing: Vec<&Path> = folders
        .take_while(|folder| !root.join(folder).exists())
        .collect();
    for folder in missing.into_iter().rev() {
        let mode = mode(&args.theirs.join(folder), 0o755) & 0o755;
        let path = root.join(folder);
        tree::sweep_above(&Disk::new(), &path);
        Disk::new().create_dir_owned(&path, mode, path.parent().unwrap_or(root))?;
    }
    Ok(())
}
