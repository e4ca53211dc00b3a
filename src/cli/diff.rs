//! `transship diff`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::InstallArg;
use super::failure::Failure;
use super::ui::{Done, Ui};
use super::{mask, text_diff};
use crate::error::Kind;
use crate::release::Install;
use crate::tree::{self, Against, Difference, DifferenceKind, VerifyOptions};

/// The largest file whose lines are compared; larger ones are told to differ.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Compare two releases or folders.
///
/// A and B are folders, or releases of the install. Shown are the lines that differ in
/// text files, secrets masked, and every other difference in content, mode, owner, type
/// or link. Times are not compared. The exit code is 1 when something differs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A release or a folder
    a: String,
    /// Another
    b: String,
    #[command(flatten)]
    install: InstallArg,
    /// Only list what differs
    #[arg(long)]
    stat: bool,
}

#[derive(Serialize)]
struct DiffJson<'a> {
    a: &'a Path,
    b: &'a Path,
    same: bool,
    differences: &'a [Difference],
}

pub(super) fn run(args: &Args, ui: &Ui) -> Result<Done, Failure> {
    let (a, b) = (
        folder(&args.a, &args.install.root)?,
        folder(&args.b, &args.install.root)?,
    );
    let mut differences = tree::verify(
        &b,
        Against::Tree(&a),
        &VerifyOptions::default(),
        ui.progress(),
    )?;
    differences.retain(|difference| difference.kind != DifferenceKind::Mtime);
    if ui.json {
        let (same, differences) = (differences.is_empty(), differences.as_slice());
        ui.json(&DiffJson {
            a: &a,
            b: &b,
            same,
            differences,
        })?;
        return Ok(Done::differs(!same));
    }
    for difference in differences
        .iter()
        .filter(|difference| args.stat || !of_content(difference))
    {
        ui.line(&difference.to_string())?;
    }
    if !args.stat {
        let changed = differences
            .iter()
            .filter(|difference| of_content(difference));
        let paths: BTreeSet<PathBuf> = changed.map(path).collect();
        for path in paths {
            ui.write(lines(&a, &b, &path, ui).as_bytes())?;
        }
    }
    Ok(Done::differs(!differences.is_empty()))
}

/// A folder as it is named, or the release of that name.
fn folder(name: &str, install: &Path) -> Result<PathBuf, Failure> {
    let path = Path::new(name);
    if path.is_dir() && name.contains('/') {
        return Ok(path.to_owned());
    }
    let release = name
        .parse()
        .ok()
        .and_then(|version| Install::at(install).ok()?.release(&version).ok());
    match release {
        Some(release) => Ok(release.path),
        None if path.is_dir() => Ok(path.to_owned()),
        None => Err(Failure::new(
            Kind::Usage,
            format!("`{name}` is neither a folder nor a release"),
        )
        .hint("name the install of a release with `-C INSTALL`")),
    }
}

fn lines(a: &Path, b: &Path, path: &Path, ui: &Ui) -> String {
    let large = |root: &Path| {
        root.join(path)
            .metadata()
            .is_ok_and(|metadata| metadata.len() > LARGEST)
    };
    let read = |root: &Path| std::fs::read(root.join(path));
    let private = |old: &[u8], new: &[u8]| {
        let either = mask::is_private(&a.join(path), old) || mask::is_private(&b.join(path), new);
        either && !mask::is_env_file(path)
    };
    match (large(a) || large(b), read(a), read(b)) {
        (false, Ok(old), Ok(new)) if !private(&old, &new) => {
            text_diff::render(ui, path, &old, &new)
        }
        _ => format!("files a/{0} and b/{0} differ\n", path.display()),
    }
}

fn of_content(difference: &Difference) -> bool {
    matches!(
        difference.kind,
        DifferenceKind::Content | DifferenceKind::Size
    )
}

fn path(difference: &Difference) -> PathBuf {
    PathBuf::from(OsString::from_vec(difference.path.clone()))
}
