//! Which install a command works on: the one that was named, or the one that it was called in.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args, Command, Subcommand};

use super::terminal::failure::Failure;
use super::terminal::ui::Ui;
use crate::error::Kind;
use crate::release::{Install, InstallError};

/// The variable that names the install where no `-C` does.
pub(super) const VARIABLE: &str = "TRANSSHIP_INSTALL";
/// The name of the option, as clap knows it, before and behind a command.
const OPTION: &str = "install";

/// Where the install is.
#[derive(Debug, Clone, Args)]
pub(super) struct InstallArg {
    /// The install: the folder that holds `releases/`
    ///
    /// Without it: what `TRANSSHIP_INSTALL` names, else this folder or the nearest one above it that is
    /// an install. It may stand before the command, too: `transship -C INSTALL status`.
    #[arg(short = 'C', long = OPTION, value_name = "INSTALL")]
    install: Option<PathBuf>,
}

impl InstallArg {
    /// Its folder, which may turn out to be no install.
    pub(super) fn root(&self, ui: &Ui) -> PathBuf {
        root(self.install.clone().or_else(|| ui.install.clone()))
    }

    /// The install, adopted or not.
    pub(super) fn at(&self, ui: &Ui) -> Result<Install, InstallError> {
        Install::at(&self.root(ui))
    }

    /// The install, adopted.
    pub(super) fn adopted(&self, ui: &Ui) -> Result<Install, InstallError> {
        Install::adopted(&self.root(ui))
    }
}

/// A group of commands that all work on an install: `-C` may stand before the last word, too.
#[derive(Debug, Args)]
pub(super) struct OnInstall<C: Subcommand> {
    /// The install that the command works on
    #[arg(short = 'C', long = OPTION, value_name = "INSTALL")]
    install: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: C,
}

/// The folder that a command works on which names this one.
pub(super) fn root(named: Option<PathBuf>) -> PathBuf {
    named.or_else(from_environment).unwrap_or_else(found)
}

fn from_environment() -> Option<PathBuf> {
    let named = std::env::var_os(VARIABLE).filter(|named| !named.is_empty());
    named.map(PathBuf::from)
}

/// The install that this is in.
fn found() -> PathBuf {
    let here = std::env::current_dir().ok();
    let above = here.as_deref().and_then(|here| nearest(here, &is_ours));
    let found = above.or(here.as_deref());
    found.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// `here`, or the nearest folder above it that is an adopted install; else one that may become one.
/// Nobody else's is taken that was planted above: whose it is, `ours` says.
fn nearest<'a>(here: &'a Path, ours: &dyn Fn(&Path) -> bool) -> Option<&'a Path> {
    let folders = || {
        here.ancestors()
            .filter(|folder| *folder == here || ours(folder))
    };
    let is_adopted = |folder: &&Path| folder.join(".transship").is_dir();
    let has_releases = |folder: &&Path| folder.join("releases").is_dir();
    let adopted = folders().find(|folder| is_adopted(folder) && has_releases(folder));
    adopted.or_else(|| folders().find(has_releases))
}

/// True for a folder of root's or of the caller's.
fn is_ours(folder: &Path) -> bool {
    let caller = rustix::process::geteuid().as_raw();
    folder
        .metadata()
        .is_ok_and(|there| [0, caller].contains(&there.uid()))
}

/// What `-C` names before the command or behind it.
///
/// # Errors
/// If it stands twice, or before a command that works on no install.
pub(super) fn named(program: &Command, matches: &ArgMatches) -> Result<Option<PathBuf>, Failure> {
    let option = |matches: &ArgMatches| {
        let value = matches.try_get_one::<PathBuf>(OPTION);
        value.ok().flatten().cloned()
    };
    let mut named: Vec<_> = option(matches).into_iter().collect();
    let before = named.len();
    let (mut command, mut matches, mut words) = (program, matches, Vec::new());
    while let Some((name, below)) = matches.subcommand() {
        let Some(found) = command.find_subcommand(name) else {
            break;
        };
        (command, matches) = (found, below);
        words.push(name);
        named.extend(option(matches));
    }
    match named.len() {
        2.. => Err(Failure::new(
            Kind::Usage,
            "the install is named twice, before the command and behind it",
        )
        .hint("leave out one `-C`")),
        _ if before > 0 && !words.is_empty() && !takes_install(command) => {
            let words = words.join(" ");
            Err(Failure::new(
                Kind::Usage,
                format!("`transship {words}` works on no install, and takes no `-C`"),
            )
            .hint("leave it out, and name the files and folders that are meant"))
        }
        _ => Ok(named.pop()),
    }
}

fn takes_install(command: &Command) -> bool {
    command.get_arguments().any(|arg| arg.get_id() == OPTION)
}

/// The commands that work on an install, each as its words: `release ls`.
pub(super) fn commands_on_installs(program: &Command) -> Vec<String> {
    fn visit(command: &Command, above: &str, found: &mut Vec<String>) {
        for below in command.get_subcommands() {
            let words = format!("{above} {}", below.get_name());
            if takes_install(below) {
                found.push(words.trim().to_owned());
            }
            visit(below, &words, found);
        }
    }
    let mut found = Vec::new();
    visit(program, "", &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::Disk;

    #[test]
    fn the_nearest_adopted_install_is_found_from_within() {
        let home = tempfile::tempdir().unwrap();
        let disk = Disk::new();
        for folder in [
            "a/.transship",
            "a/releases/v1/releases/deep",
            "b/releases/v1/etc",
            "c/d",
            // No install: it has no releases.
            "a/releases/v2/.transship",
        ] {
            disk.create_dirs(&home.path().join(folder), 0o755).unwrap();
        }
        let check = |here: &str, wanted: Option<&str>| {
            let here = home.path().join(here);
            let wanted = wanted.map(|wanted| home.path().join(wanted));
            assert_eq!(
                nearest(&here, &|_| true),
                wanted.as_deref(),
                "{}",
                here.display()
            );
        };
        check("a", Some("a"));
        check("a/releases/v1", Some("a"));
        check("a/releases/v1/releases/deep", Some("a"));
        check("a/releases/v2", Some("a"));
        check("b/releases/v1/etc", Some("b"));
        check("c/d", None);
    }

    #[test]
    fn what_a_stranger_planted_above_is_passed_by() {
        let home = tempfile::tempdir().unwrap();
        let disk = Disk::new();
        let below = home.path().join("above/mine");
        for folder in ["above/.transship", "above/releases", "above/mine"] {
            disk.create_dirs(&home.path().join(folder), 0o755).unwrap();
        }
        assert_eq!(nearest(&below, &|_| false), None);
        assert_eq!(nearest(&below, &|_| true), below.parent());
    }
}
