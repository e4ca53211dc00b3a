//! What the documents show of commands is what the commands do: each block of `console` is run, in its order, and what
//! is printed is held against what stands there.
//!
//! A line `$ COMMAND` is run by a shell in the document's folder, `> ` goes on with it; what follows is what it prints, on both
//! streams. A line `...` stands for any lines. Times, sizes, names made of times, and digests aren't compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::common::install::Install;

/// A command of a document, with what is said to be printed.
struct ShownCommand {
    line: usize,
    command: String,
    output: Vec<String>,
}

/// The commands of all blocks of `console`.
fn commands(text: &str) -> Vec<ShownCommand> {
    let mut found: Vec<ShownCommand> = Vec::new();
    let mut is_block = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            is_block = line == "```console";
        } else if is_block && let Some(command) = line.strip_prefix("$ ") {
            found.push(ShownCommand {
                line: number + 1,
                command: command.to_owned(),
                output: Vec::new(),
            });
        } else if is_block && let Some(shown) = found.last_mut() {
            match line.strip_prefix("> ") {
                Some(more) if shown.output.is_empty() => shown.command += &format!("\n{more}"),
                _ => shown.output.push(line.to_owned()),
            }
        }
    }
    found
}

/// A line with all that differs from run to run made the same.
fn normalized(line: &str) -> String {
    let words = line.trim_end().split(' ').map(|word| {
        let bare = word.trim_matches(['(', ')', ',', '.', ';']);
        let is_number = |text: &str| text.parse::<f64>().is_ok();
        let is_time = |text: &str| {
            text.len() > 15 && text.contains('T') && text.starts_with(|c: char| c.is_ascii_digit())
        };
        let is_digest =
            |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_clock = |text: &str| text.contains(':') && is_number(&text.replace(':', ""));
        let is_date = |text: &str| text.len() == 10 && is_number(&text.replace('-', ""));
        match bare {
            _ if is_time(bare) => word.replace(bare, "NAME"),
            _ if is_number(bare) && bare.contains('.') || is_clock(bare) || is_date(bare) => {
                word.replace(bare, "N")
            }
            _ if is_digest(bare) => word.replace(bare, "DIGEST"),
            "B" | "KiB" | "MiB" | "GiB" => word.replace(bare, "SIZE"),
            _ => word.to_owned(),
        }
    });
    // Columns are as wide as what is in them.
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Whether what was printed is what is shown, `...` standing for any lines.
fn is_shown(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "..." => {
            (0..=printed.len()).any(|skipped| is_shown(rest, &printed[skipped..]))
        }
        Some((first, rest)) => printed
            .split_first()
            .is_some_and(|(line, printed)| line == first && is_shown(rest, printed)),
    }
}

/// Runs the commands of `document` in `folder`, which stands there as `called`.
fn check(document: &str, folder: &Path, called: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(document)).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_transship")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let real = folder.to_str().unwrap();
    let commands = commands(&text);
    assert!(!commands.is_empty(), "{document} shows nothing");
    let mut here = PathBuf::from(folder);
    for shown in commands {
        if let Some(into) = shown.command.strip_prefix("cd ") {
            here = PathBuf::from(into.replace(called, real));
            continue;
        }
        let line = format!("exec 2>&1\n{}", shown.command.replace(called, real));
        let ran = Command::new("sh")
            .args(["-c", &line])
            .current_dir(&here)
            .env("PATH", &path)
            .env("NO_COLOR", "1")
            .env_remove("TRANSSHIP_VOLUMES")
            .env_remove("TRANSSHIP_INSTALL")
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&ran.stdout).replace(real, called);
        let lines = |text: &mut dyn Iterator<Item = &str>| -> Vec<String> {
            text.map(normalized).collect()
        };
        let wanted = lines(&mut shown.output.iter().map(String::as_str));
        let found = lines(&mut printed.trim_end().lines());
        assert!(
            is_shown(&wanted, &found),
            "{document}:{}: `{}` prints\n{printed}",
            shown.line,
            shown.command
        );
    }
}

#[test]
fn the_readme_shows_what_a_plan_prints() {
    let install = Install::adopted();
    check("README.md", install.root(), "/srv/insight");
}

#[test]
fn the_tutorial_can_be_followed_word_for_word() {
    let folder = tempfile::tempdir().unwrap();
    check("docs/tutorial.md", folder.path(), "/srv");
}

#[test]
fn lines_are_compared_but_for_what_differs_from_run_to_run() {
    let same = |a: &str, b: &str| assert_eq!(normalized(a), normalized(b));
    same(
        "copy: 10 files, 1.05 GiB, 6.9 s",
        "copy: 10 files, 56.00 MiB, 0.1 s",
    );
    same("  wide   column", "wide column");
    same(
        "plan 00001-20261128T131751Z-v2",
        "plan 00001-20261129T010203Z-v2",
    );
    assert_ne!(normalized("10 files"), normalized("9 files"));
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(is_shown(&lines("a\n...\nz"), &lines("a\nb\nc\nz")));
    assert!(!is_shown(&lines("a\n...\nz"), &lines("a\nb\nc")));
    assert!(!is_shown(&lines("a"), &lines("a\nb")));
}

/// What stands between backticks in the first cells of the table's rows below `heading`.
fn first_cells(text: &str, heading: &str) -> String {
    let (_, table) = text.split_once(heading).unwrap();
    let rows = table.lines().skip_while(|line| !line.starts_with("|---"));
    let rows = rows.skip(1).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.split('|').nth(1).unwrap().to_owned());
    cells.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_code_map_has_every_room_and_the_table_every_crate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let rooms = first_cells(&text, "## Code map");
    for entry in fs::read_dir(root.join("src")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let is_dir = entry.path().is_dir();
        // The file of a room whose other files are in its folder; and what only names the rooms.
        let folder = entry.path().with_extension("");
        if ["lib.rs", "main.rs"].contains(&name.as_str())
            || (!is_dir && folder.is_dir()) && name != "error.rs"
        {
            continue;
        }
        let shown = if is_dir {
            format!("`{name}/`")
        } else {
            format!("`{name}`")
        };
        let is_there = rooms.contains(&shown) || rooms.contains(&format!("`{name}.rs`"));
        assert!(is_there, "{shown} isn't in the code map");
    }
    for room in rooms.split('`').skip(1).step_by(2) {
        assert!(
            root.join("src").join(room).exists(),
            "there is no src/{room}"
        );
    }
    // No crate is in the table that isn't in the manifest, or the other way round.
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
    let (dependencies, _) = dependencies.split_once("\n[lints").unwrap();
    let crates = dependencies
        .lines()
        .filter_map(|line| line.split_once(" = "));
    let crates: Vec<_> = crates.map(|(name, _)| name).collect();
    let told = first_cells(&text, "## Crates");
    let told: Vec<_> = told
        .split(|c: char| !(c.is_alphanumeric() || "-_".contains(c)))
        .collect();
    for name in &crates {
        assert!(told.contains(name), "`{name}` isn't in the table of crates");
    }
    let plain = "in tests the maintained yaml_serde pinned without TLS";
    for word in told
        .iter()
        .filter(|word| !plain.split(' ').any(|one| one == **word))
    {
        assert!(
            word.is_empty() || crates.contains(word),
            "there is no crate `{word}`"
        );
    }
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/decisions.md",
        "docs/tutorial.md",
        "docs/json/README.md",
        "benches/README.md",
        "contrib/ansible/README.md",
    ];
    let mut links = 0;
    for document in documents {
        let file = root.join(document);
        let text = fs::read_to_string(&file).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap())
        {
            let path = link.split('#').next().unwrap();
            let place = file.parent().unwrap().join(path);
            assert!(link.contains("://") || place.exists(), "{document}: {link}");
            links += 1;
        }
    }
    assert!(links >= 8, "{links}");
}

#[test]
fn the_readme_has_every_command() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("README.md")).unwrap();
    for command in transship::cli::command().get_subcommands() {
        let name = command.get_name();
        let below = command.get_subcommands().map(clap::Command::get_name);
        for words in below.map(|below| (name, below)).chain([(name, "")]) {
            let (of, below) = words;
            let rows = text.lines().filter(|line| {
                line.starts_with(&format!("| `{of}")) || line.contains(&format!("`{of}"))
            });
            let found = rows.filter(|line| line.contains(below)).count();
            assert!(found > 0, "README.md has no `{of} {below}`");
        }
    }
}
