//! `completions/` and `man/` are what the definition of the command line gives. To write
//! them anew: `UPDATE=1 cargo test --test cli generated`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use transship::cli::Cli;

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
        files.insert(
            Path::new("man").join(entry.file_name()),
            fs::read(entry.path()).unwrap(),
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
