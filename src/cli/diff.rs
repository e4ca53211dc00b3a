//! `transship diff`.

use super::install_place::InstallArg;
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use crate::comparison::{Compared, Comparison};
use crate::release::Install;

mod groups;
mod markdown;
mod text;

/// Compare two releases, folders or files.
///
/// A and B are folders, files, or releases of the install. Compose files are compared service by
/// service, whatever their layout, `.env` by key, other text by lines, and everything by
/// content, mode, owner, type and link; the volumes that an upgrade copied by their manifests.
/// Times are not compared. Secrets are masked. The exit code is 1 when something differs.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub(super) struct DiffArgs {
    /// A release, a folder or a file
    a: String,
    /// Another
    b: String,
    #[command(flatten)]
    install: InstallArg,
    /// Only list what differs, without lines of text
    #[arg(long, conflicts_with = "text")]
    stat: bool,
    /// Show the lines of compose files, too
    #[arg(long)]
    text: bool,
    /// Write Markdown, for a change ticket
    #[arg(long, conflicts_with_all = ["json", "text"])]
    md: bool,
    /// Show passwords, tokens and the values of `.env`
    #[arg(long)]
    show_secrets: bool,
}

pub(super) fn run(args: &DiffArgs, ui: &Ui) -> Result<Done, Failure> {
    let root = &args.install.root(ui);
    let (a, b) = (
        Compared::find(&args.a, root)?,
        Compared::find(&args.b, root)?,
    );
    let install = Install::at(root).ok();
    let found = Comparison::of(&a, &b, install.as_ref(), args.show_secrets, ui.progress())?;
    for note in &found.notes {
        ui.warn(note);
    }
    if ui.json {
        ui.json("transship-diff", &found)?;
    } else if args.md {
        ui.print(&markdown::render(&found))?;
    } else {
        ui.print(&text::render(&found, args, ui))?;
    }
    Ok(Done::differs(!found.same))
}
