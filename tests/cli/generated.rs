//! `completions/` and `man/` are what the definition of the command line gives. To write
//! them anew: `UPDATE=1 cargo test --test cli generated`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use transship::cli::Cli;
use transship::error::Code;

use super::common::program::transship;

/// What the definition of the command line doesn't say.
const SURROUNDINGS: &str = "\
.SH ENVIRONMENT
.TP
\\fBTRANSSHIP_INSTALL\\fR
The install, where no \\fB\\-C\\fR names it.
.TP
\\fBTRANSSHIP_VOLUMES\\fR, \\fBTRANSSHIP_DOCKER\\fR, \\fBTRANSSHIP_HELPER\\fR
As \\fB\\-\\-volumes\\fR, \\fB\\-\\-docker\\fR and \\fB\\-\\-helper\\fR.
.TP
\\fBTRANSSHIP_STATE\\fR
The folder that keeps what a copy has paused or stopped.
.TP
\\fBNO_COLOR\\fR
No colour, unless \\fB\\-\\-color always\\fR.
.SH FILES
.TP
\\fIINSTALL/transship.yml\\fR
The recipe; it wins over the one in the compose file.
.TP
\\fIINSTALL/.transship/\\fR
Plans, journals, manifests, and what the vendor shipped.
";

/// The section on `code` of failures with `--json`.
fn failure_codes() -> String {
    let mut text =
        ".SH \"FAILURE CODES\"\nWith \\fB\\-\\-json\\fR a failure has one of these codes.\n"
            .to_owned();
    for code in Code::ALL {
        let (name, meaning) = (code.name().replace('-', "\\-"), code.meaning());
        text += &format!(".TP\n\\fB{name}\\fR\n{meaning}\n");
    }
    text
}

/// Each file and what should be in it.
fn generated() -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (shell, name) in [
        (Shell::Bash, "transship.bash"),
        (Shell::Zsh, "_transship"),
        (Shell::Fish, "transship.fish"),
    ] {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "transship", &mut text);
        files.insert(Path::new("completions").join(name), text);
    }
    let pages = tempfile::tempdir().unwrap();
    clap_mangen::generate_to(Cli::command(), pages.path()).unwrap();
    for entry in fs::read_dir(pages.path()).unwrap() {
        let entry = entry.unwrap();
        let page = fs::read_to_string(entry.path()).unwrap();
        let page = page.replace(".SH EXTRA\nExit codes:", ".SH \"EXIT STATUS\"");
        let more = match entry.file_name() == "transship.1" {
            true => failure_codes() + SURROUNDINGS,
            false => String::new(),
        };
        files.insert(
            Path::new("man").join(entry.file_name()),
            (page + &more).into_bytes(),
        );
    }
    files
}

fn present(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in ["completions", "man"] {
        for entry in fs::read_dir(root.join(folder)).into_iter().flatten() {
            let path = entry.unwrap().path();
            let content = fs::read(&path).unwrap();
            files.insert(path.strip_prefix(root).unwrap().to_owned(), content);
        }
    }
    files
}

#[test]
fn completions_and_man_pages_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wanted = generated();
    if std::env::var_os("UPDATE").is_some() {
        for stale in present(root)
            .keys()
            .filter(|path| !wanted.contains_key(*path))
        {
            fs::remove_file(root.join(stale)).unwrap();
        }
        for (path, content) in &wanted {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), content).unwrap();
        }
    }
    let present = present(root);
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&present), names(&wanted), "UPDATE=1 writes them anew");
    for (path, content) in &wanted {
        assert!(
            present[path] == *content,
            "{} is out of date: UPDATE=1 writes it anew",
            path.display()
        );
    }
}

#[test]
fn every_option_and_command_has_help_without_a_full_stop_at_its_front_line() {
    fn visit(command: &Command) {
        let about = command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(!about.is_empty(), "{} has no help", command.get_name());
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                !help.is_empty(),
                "{} {} has no help",
                command.get_name(),
                arg.get_id()
            );
        }
        command.get_subcommands().for_each(visit);
    }
    let mut command = Cli::command();
    command.build();
    visit(&command);
}

#[test]
fn help_of_a_command_is_that_command_s_own() {
    let here = Path::new(".");
    for command in ["", "plan", "release ls"] {
        let words = || command.split_whitespace();
        let own = transship(here, words().chain(["--help"])).exits(0);
        let asked = transship(here, ["help"].into_iter().chain(words())).exits(0);
        assert_eq!(asked.out, own.out, "{command}");
    }
    transship(here, ["help", "history"]).exits(2);
}
