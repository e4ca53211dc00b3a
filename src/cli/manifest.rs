//! `transship manifest`.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;

use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use crate::error::Kind;
use crate::fs::{Disk, new_file_mode};
use crate::tree::{self, Exclude, ManifestFormat, VerifyOptions};

/// List a tree with the metadata and digest of everything in it.
///
/// The same tree gives the same bytes. An mtree manifest is read by `mtree` and `bsdtar`,
/// a sha256sum one by `sha256sum -c`, and each of them by `transship verify`.
#[derive(Debug, clap::Args)]
pub(super) struct ManifestArgs {
    /// The tree
    tree: PathBuf,
    /// The manifest's format: mtree without it, JSON with --json
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatArg>,
    /// Write the manifest to a new file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Leave out what matches, as rsync does: `*.log`, `cache/`; repeatable
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Look into what is mounted within the tree, too
    #[arg(long)]
    cross_mounts: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    /// Everything, one line an entry
    Mtree,
    /// Digests of regular files only
    Sha256sum,
    /// Everything, as one JSON document
    Json,
}

pub(super) fn run(args: &ManifestArgs, ui: &Ui) -> Result<Done, Failure> {
    let format = match (args.format, ui.json) {
        (Some(FormatArg::Json), _) | (None, true) => ManifestFormat::Json,
        (Some(_), true) => {
            let message = "`--json` prints the manifest as JSON, and another format is asked for";
            return Err(Failure::new(Kind::Usage, message).hint("leave out one of both"));
        }
        (None | Some(FormatArg::Mtree), false) => ManifestFormat::Mtree,
        (Some(FormatArg::Sha256sum), false) => ManifestFormat::Sha256sum,
    };
    let options = VerifyOptions {
        exclude: Exclude::new(&args.exclude),
        cross_mounts: args.cross_mounts,
        ..VerifyOptions::default()
    };
    let inventory = tree::inventory(&args.tree, &options, ui.progress())?;
    for unseen in &inventory.unseen {
        ui.warn(&unseen.to_string());
    }
    let manifest = inventory.manifest;
    let write = |out: &mut dyn Write| manifest.write(format, out);
    match &args.output {
        Some(path) => Disk::new().create_from(path, new_file_mode(), write)?,
        None => ui.write_from(write)?,
    }
    Ok(Done::Same)
}
