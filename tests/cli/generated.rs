//! `completions/` and `man/` are what the definition of the command line gives. To write
//! them anew: `UPDATE=1 cargo test --test cli generated`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Command;
use transship::cli::command;
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

/// The page with the date that mandoc asks for, and without breaks beside empty lines.
fn without_faults(page: &str) -> String {
    let lines = page.lines().map(|line| match line.strip_prefix(".TH ") {
        Some(title) => {
            let name = title.split(' ').next().unwrap_or_default();
            format!(".TH {name} 1 2026-11-28 transship\n")
        }
        None => format!("{line}\n"),
    });
    let page: Vec<String> = lines.collect();
    page.concat().replace("\n.br\n\n.br\n", "\n\n")
}

/// What every command's page says of its end.
const EXIT_STATUS: &str = "\
.SH \"EXIT STATUS\"
0 done, 1 something differs, 2 wrong usage or unreadable input, 3 refused before anything changed, 4 failed
part\\-way, 5 failed and rolled back, 6 done and not told, 130 interrupted.
";
const SEE_ALSO: &str = "\
.SH \"SEE ALSO\"
\\fBtransship\\fR(1)
";

/// The section of examples, from what stands behind the help: a line of what is wanted, one of what is typed.
fn examples_of(text: &str) -> String {
    let mut section = ".SH EXAMPLES\n".to_owned();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_suffix(':') {
            Some(wanted) => section += &format!(".TP\n{wanted}\n"),
            None => section += &format!("\\fB{line}\\fR\n"),
        }
    }
    section
}

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
        ("bash", "transship.bash"),
        ("zsh", "_transship"),
        ("fish", "transship.fish"),
    ] {
        let ran = transship(Path::new("."), ["completions", shell]).exits(0);
        files.insert(Path::new("completions").join(name), ran.out.into_bytes());
    }
    let pages = tempfile::tempdir().unwrap();
    clap_mangen::generate_to(command(), pages.path()).unwrap();
    for entry in fs::read_dir(pages.path()).unwrap() {
        let entry = entry.unwrap();
        let page = fs::read_to_string(entry.path()).unwrap();
        let page = page.replace(".SH EXTRA\nExit codes:", ".SH \"EXIT STATUS\"");
        let page = without_faults(&page);
        let (page, examples) = match page.split_once(".SH EXTRA\nExamples:") {
            Some((page, examples)) => (page.to_owned(), examples_of(examples)),
            None => (page, String::new()),
        };
        let is_first = entry.file_name() == "transship.1";
        let more = match is_first {
            true => failure_codes() + SURROUNDINGS,
            false => examples + EXIT_STATUS + SURROUNDINGS + SEE_ALSO,
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
    let mut program = command();
    program.build();
    visit(&program);
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

#[test]
fn every_page_has_its_sections_and_mandoc_finds_no_fault() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let pages = fs::read_dir(&folder)
        .unwrap()
        .map(|page| page.unwrap().path());
    let pages: Vec<_> = pages.collect();
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        let is_group = text.contains(".SH SUBCOMMANDS");
        for section in ["EXAMPLES", "ENVIRONMENT", "FILES", "\"EXIT STATUS\""] {
            let wanted = !(is_group && section == "EXAMPLES");
            assert!(
                !wanted || text.contains(&format!(".SH {section}\n")),
                "{} has no {section}",
                page.display()
            );
        }
    }
    if super::common::need::program("mandoc") {
        let mut mandoc = std::process::Command::new("mandoc");
        let said = mandoc
            .args(["-Tlint", "-Wwarning"])
            .args(&pages)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        assert_eq!(said, "", "mandoc finds fault");
    }
}

#[test]
fn the_version_is_told_in_full_where_that_is_asked_for() {
    for args in [["--version", "--verbose"], ["-v", "-V"]] {
        let told = transship(Path::new("."), args).exits(0);
        told.prints(&format!("transship {}\n", env!("CARGO_PKG_VERSION")))
            .prints("\ncommit   ")
            .prints("\ntarget   ")
            .prints("\nformats  transship-plan ")
            .prints("transship-journal ");
    }
}
