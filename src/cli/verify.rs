//! `transship verify`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::terminal::failure::Failure;
use super::terminal::size;
use super::terminal::ui::{Done, Ui};
use crate::tree::{
    self, Against, Difference, Exclude, Manifest, Verified, VerifyOptions, VerifyScope,
};

/// Compare a tree with another or with a manifest.
///
/// AGAINST is a tree, or a manifest in any of the formats of `transship manifest`; where TREE is a
/// single file, it may be another. Every difference is listed, what is mounted within and wasn't
/// looked into among them; the exit code is 1 when there is one. Differences are told from
/// AGAINST's view: `missing` is what AGAINST has and TREE lacks.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line of its own"
)]
pub(super) struct VerifyArgs {
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
    /// Leave out what matches, on both sides, as rsync does: `*.log`, `cache/`; repeatable
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Look into what is mounted within the trees, too
    #[arg(long)]
    cross_mounts: bool,
}

#[derive(Serialize)]
struct VerifyJson<'a> {
    tree: &'a Path,
    against: &'a Path,
    same: bool,
    differences: &'a [Difference],
}

pub(super) fn run(args: &VerifyArgs, ui: &Ui) -> Result<Done, Failure> {
    let scope = match (args.content_only, args.metadata_only) {
        (true, _) => VerifyScope::ContentOnly,
        (_, true) => VerifyScope::MetadataOnly,
        _ => VerifyScope::Everything,
    };
    let options = VerifyOptions {
        scope,
        exclude: Exclude::new(&args.exclude),
        media: args.media,
        cross_mounts: args.cross_mounts,
        known: None,
    };
    let manifest;
    let against = if args.against.is_dir() {
        Against::Tree(&args.against)
    } else if args.tree.is_dir() {
        manifest = Manifest::load_watched(&args.against, ui.progress())?;
        Against::Manifest(&manifest)
    } else {
        match Manifest::load_watched(&args.against, ui.progress()) {
            // A manifest of a single file has nothing else in it.
            Ok(read) if read.len() == 1 && read.entries().any(|entry| entry.path == b".") => {
                manifest = read;
                Against::Manifest(&manifest)
            }
            Err(tree::Error::Interrupted) => return Err(tree::Error::Interrupted.into()),
            _ => Against::Tree(&args.against),
        }
    };
    let mut verified = tree::verify_and_count(&args.tree, against, &options, ui.progress())?;
    // A manifest that is verified against itself is a file like others.
    if !verified.differences.is_empty() && !args.tree.is_dir() && args.against.is_file() {
        let files = Against::Tree(&args.against);
        let as_files = tree::verify_and_count(&args.tree, files, &options, ui.progress())?;
        if as_files.differences.is_empty() {
            verified = as_files;
        }
    }
    report(args, &verified, ui)?;
    Ok(Done::differs(!verified.differences.is_empty()))
}

fn report(args: &VerifyArgs, verified: &Verified, ui: &Ui) -> Result<(), Failure> {
    let Verified {
        differences,
        counts,
    } = verified;
    let same = differences.is_empty();
    if ui.json {
        let (tree, against) = (args.tree.as_path(), args.against.as_path());
        return ui.json(
            "transship-verify",
            &VerifyJson {
                tree,
                against,
                same,
                differences,
            },
        );
    }
    for difference in differences {
        ui.line(&difference.to_string())?;
    }
    let files = size::count(counts.all_files(), "file");
    let bytes = size::human(counts.bytes);
    ui.say(&match differences.len() as u64 {
        0 => format!("the same: {files}, {bytes}"),
        number => format!("{} in {files}, {bytes}", size::count(number, "difference")),
    });
    Ok(())
}
