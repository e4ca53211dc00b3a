//! `transship volume prefix` and `rebase`.

use std::path::PathBuf;

use crate::cli::files::compose_files::FilesArg;
use crate::cli::files::edits::{self, EditArgs, FileEdit};
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::{Done, Ui};
use crate::compose::{self, Document, Lookup, PrefixRule};
use crate::env_file::Values;
use crate::error::Kind;

/// Give every top-level volume a unique `name:` that begins with PREFIX.
///
/// The name is PREFIX and the volume's key. External volumes are left alone and listed, but for those
/// that `--own` names.
/// Running it again changes nothing.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Prefix {
    /// The prefix, such as `v2_10_5_`
    prefix: String,
    /// Put PREFIX in place of OLD in the names that begin with OLD, and leave others alone
    #[arg(long, value_name = "OLD")]
    replace: Option<String>,
    /// Only the volume with this key; repeatable
    #[arg(long, value_name = "KEY")]
    only: Vec<String>,
    /// The external volume with this key gets a name, too, once it was copied to that; repeatable
    #[arg(long, value_name = "KEY")]
    own: Vec<String>,
    #[command(flatten)]
    files: FilesArg,
    #[command(flatten)]
    output: EditArgs,
}

/// Move bind mounts from one folder of the host to another.
///
/// Services that mount `/data/postgres` share it with every other release that does. Copy
/// the data (`transship copy /data DIR`), then let this release mount the copy: every
/// mount from FROM, or from below it, comes to be from the same place below TO.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Rebase {
    /// Two absolute paths, such as `/data=/srv/v2.10.5/data`
    #[arg(required = true, value_name = "FROM=TO")]
    moves: Vec<String>,
    #[command(flatten)]
    files: FilesArg,
    #[command(flatten)]
    output: EditArgs,
}

pub(super) fn prefix(args: &Prefix, ui: &Ui) -> Result<Done, Failure> {
    let rule = PrefixRule {
        prefix: args.prefix.clone(),
        replace: args.replace.clone(),
        only: args.only.clone(),
        own: (!args.own.is_empty()).then(|| args.own.clone()),
    };
    let documents = edits::open(&args.files, ui)?;
    let edited = compose::prefix_volumes_in(&documents, &rule)?;
    let edits = documents.iter().zip(edited);
    let edits = edits.map(|(document, edited)| FileEdit::of(document, edited));
    let edits = edits.collect();
    let values = values(&args.files, &documents)?;
    let shared = documents
        .iter()
        .zip(&values)
        .flat_map(|(document, values)| compose::shared_data(document, &|name| values.get(name)));
    for data in shared {
        ui.say(&format!(
            "note: {}: `{}` writes `{}` of the host, which every release shares; to part \
             them, copy it and run `transship volume rebase {2}=DIR`",
            data.at, data.owner, data.path
        ));
    }
    edits::finish(edits, &args.output, ui)
}

pub(super) fn rebase(args: &Rebase, ui: &Ui) -> Result<Done, Failure> {
    let moves = args
        .moves
        .iter()
        .map(|text| folders(text))
        .collect::<Result<Vec<_>, _>>()?;
    let documents = edits::open(&args.files, ui)?;
    let values = values(&args.files, &documents)?;
    let lookups: Vec<_> = values
        .iter()
        .map(|values| |name: &str| values.get(name))
        .collect();
    let pairs = documents.iter().zip(&lookups);
    let pairs: Vec<_> = pairs
        .map(|(document, lookup)| (document, lookup as &Lookup<'_>))
        .collect();
    let edited = compose::rebase_binds_in(&pairs, &moves)?;
    let edits = documents.iter().zip(edited);
    let edits = edits.map(|(document, edited)| FileEdit::of(document, edited));
    edits::finish(edits.collect(), &args.output, ui)
}

/// The variables of each file.
fn values(files: &FilesArg, documents: &[Document]) -> Result<Vec<Values>, Failure> {
    let values = |document: &Document| files.values(document.path());
    documents.iter().map(values).collect()
}

/// `FROM=TO`.
fn folders(text: &str) -> Result<(PathBuf, PathBuf), Failure> {
    let folders = text.split_once('=');
    let (from, to) = folders.ok_or_else(|| {
        Failure::new(Kind::Usage, format!("`{text}` is not FROM=TO"))
            .hint("name two folders, such as `/data=/srv/v2.10.5/data`")
    })?;
    Ok((PathBuf::from(from), PathBuf::from(to)))
}
