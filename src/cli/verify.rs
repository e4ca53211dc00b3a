//! `transship verify`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::failure::Failure;
use super::size;
use super::ui::{Done, Ui};
use crate::tree::{self, Against, Difference, Exclude, Manifest, Scope, VerifyOptions};

/// Compare a tree with another or with a manifest.
///
/// AGAINST is a tree, or a manifest in any of the formats of `transship manifest`. Every
/// difference is listed; the exit code is 1 when there is one. Differences are told from
/// AGAINST's view: `missing` is what AGAINST has and TREE lacks.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tree to verify
    tree: PathBuf,
    /// A tree or a manifest to hold it against
    against: PathBuf,
    /// Compare contents, types and links alone
    #[arg(long, conflicts_with = "metadata_only")]
    content_only: bool,
    /// Compare metadata alone: no file is read
    #[arg(long)]
    metadata_only: bool,
    /// Read from the disk rather than from what is cached of it
    #[arg(long)]
    media: bool,
    /// Leave out what matches, on both sides: `*.log`, `cache/`; repeatable
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
}

#[derive(Serialize)]
struct VerifyJson<'a> {
    tree: &'a Path,
    against: &'a Path,
    same: bool,
    differences: &'a [Difference],
}

pub(super) fn run(args: &Args, ui: &Ui) -> Result<Done, Failure> {
    let scope = match (args.content_only, args.metadata_only) {
        (true, _) => Scope::ContentOnly,
        (_, true) => Scope::MetadataOnly,
        _ => Scope::Everything,
    };
    let options = VerifyOptions {
        scope,
        exclude: Exclude::new(&args.exclude),
        media: args.media,
    };
    let survey = tree::survey(&args.tree)?;
    let differences = if args.against.is_dir() {
        tree::verify(
            &args.tree,
            Against::Tree(&args.against),
            &options,
            ui.progress(),
        )?
    } else {
        let bytes = super::compose_files::read(&args.against)?;
        let manifest = Manifest::read(&args.against, &bytes)?;
        tree::verify(
            &args.tree,
            Against::Manifest(&manifest),
            &options,
            ui.progress(),
        )?
    };
    report(
        args,
        &differences,
        survey.files + survey.others,
        survey.bytes,
        ui,
    )?;
    Ok(Done::differs(!differences.is_empty()))
}

fn report(
    args: &Args,
    differences: &[Difference],
    files: u64,
    bytes: u64,
    ui: &Ui,
) -> Result<(), Failure> {
    let same = differences.is_empty();
    if ui.json {
        let (tree, against) = (args.tree.as_path(), args.against.as_path());
        return ui.json(&VerifyJson {
            tree,
            against,
            same,
            differences,
        });
    }
    for difference in differences {
        ui.line(&difference.to_string())?;
    }
    let (files, bytes) = (size::count(files, "file"), size::human(bytes));
    ui.say(&match differences.len() as u64 {
        0 => format!("the same: {files}, {bytes}"),
        number => format!("{} in {files}, {bytes}", size::count(number, "difference")),
    });
    Ok(())
}
