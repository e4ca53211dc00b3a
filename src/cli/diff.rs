//! `transship diff`.

use std::path::{Path, PathBuf};

use super::options::InstallArg;
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use crate::error::Kind;
use crate::release::Install;

mod comparison;
mod groups;
mod markdown;
mod text;

use comparison::Comparison;

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
pub(super) struct Args {
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

pub(super) fn run(args: &Args, ui: &Ui) -> Result<Done, Failure> {
    let root = &args.install.root;
    let (a, b) = (Side::find(&args.a, root)?, Side::find(&args.b, root)?);
    let install = Install::at(root).ok();
    let found = Comparison::of(&a, &b, install.as_ref(), args.show_secrets, ui)?;
    for note in &found.notes {
        ui.warn(note);
    }
    if ui.json {
        ui.json(&found)?;
    } else if args.md {
        ui.write(markdown::render(&found).as_bytes())?;
    } else {
        ui.write(text::render(&found, args, ui).as_bytes())?;
    }
    Ok(Done::differs(!found.same))
}

/// One of the two that are compared.
#[derive(Debug)]
struct Side {
    path: PathBuf,
    /// Its name, where it is a release.
    release: Option<String>,
}

impl Side {
    /// A path as it is named, or the release of that name.
    fn find(name: &str, install: &Path) -> Result<Self, Failure> {
        let path = Path::new(name);
        let named = || Self {
            path: path.to_owned(),
            release: None,
        };
        if path.exists() && name.contains('/') {
            return Ok(named());
        }
        let release = name
            .parse()
            .ok()
            .and_then(|version| Install::at(install).ok()?.release(&version).ok());
        match release {
            Some(release) => Ok(Self {
                path: release.path,
                release: Some(name.to_owned()),
            }),
            None if path.exists() => Ok(named()),
            None => Err(Failure::new(
                Kind::Usage,
                format!("`{name}` is neither a folder, nor a file, nor a release"),
            )
            .hint("name the install of a release with `-C INSTALL`")),
        }
    }
}
