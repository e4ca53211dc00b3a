//! JSON is an interface: what every command prints with `--json`, done and failed, is one document that
//! its schema in `docs/json/` knows, and every line on stderr is an event.

mod calls;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::Command;
use transship::cli::command;
use transship::error::Code;

use crate::common::document::{check, folder};
use crate::common::install::Install;
use crate::common::program::Ran;
use calls::{CALLS, NEED_MORE};

/// The words of every command that does something: `release ls`.
fn commands() -> Vec<String> {
    fn visit(command: &Command, above: &str, found: &mut Vec<String>) {
        let mut below = command.get_subcommands().peekable();
        // `log` is one by itself, too.
        let is_one = !above.is_empty() && !command.is_subcommand_required_set();
        if below.peek().is_none() || is_one {
            found.push(above.trim().to_owned());
        }
        for command in below {
            visit(command, &format!("{above} {}", command.get_name()), found);
        }
    }
    let mut found = Vec::new();
    visit(&command(), "", &mut found);
    found
}

#[test]
fn every_document_and_event_is_as_its_schema_says() {
    let install = calls::install();
    let (mut done, mut failed, mut codes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (commands, mut wrong) = (commands(), Vec::new());
    for (call, code) in CALLS {
        let args = shlex::split(call).unwrap();
        let args: Vec<_> = args.iter().map(String::as_str).chain(["--json"]).collect();
        let before = (*code == 3).then(|| install.contents());
        let ran = install.run(&args);
        if before.is_some_and(|before| before != install.contents()) {
            wrong.push(format!("`{call}` is refused, and changes the install"));
        }
        if ran.code != *code {
            wrong.push(format!(
                "`{call}` exits {}, not {code}:\n{}",
                ran.code, ran.err
            ));
        }
        let document = check(call, &ran);
        let of =
            |command: &&String| call.split(' ').take(2).collect::<Vec<_>>().join(" ") == **command;
        let command = commands.iter().find(of);
        let command = command.or_else(|| {
            let first = call.split(' ').next();
            commands
                .iter()
                .find(|command| Some(command.as_str()) == first)
        });
        let command = command.unwrap_or_else(|| panic!("`{call}` is no command"));
        if let Some(code) = document["error"]["code"].as_str() {
            codes.insert(code.to_owned());
            failed.insert(command.clone());
        } else {
            done.insert(command.clone());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Wrong usage is a document, too, of every command.
    for command in &commands {
        let args: Vec<_> = command
            .split(' ')
            .chain(["--no-such-option", "--json"])
            .collect();
        let ran = install.run(&args).exits(2);
        let document = check(command, &ran);
        assert_eq!(document["error"]["code"], "usage", "{document:#}");
    }
    let calls = CALLS.len() + commands.len();
    let refused = CALLS.iter().filter(|(_, code)| *code >= 2).count() + commands.len();
    println!("{calls} calls, {refused} of them failures, with the codes {codes:?}");
    assert!(calls >= 120, "{calls} calls");
    assert!(codes.len() >= 20, "{codes:?}");
    for command in &commands {
        assert!(
            done.contains(command) || NEED_MORE.iter().any(|(needs, _)| needs == command),
            "add a call of `{command}` that succeeds to tests/cli/json/calls.rs"
        );
        assert!(
            failed.contains(command) || calls::NEVER_FAIL.contains(&command.as_str()),
            "add a call of `{command}` that fails to tests/cli/json/calls.rs"
        );
    }
}

#[test]
fn what_needs_more_than_an_install_is_held_against_its_schema_where_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (command, file) in NEED_MORE {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let held = format!("check(\"{command}\"");
        assert!(text.contains(&held), "{file} has no `{held}`");
    }
}

#[test]
fn a_run_that_failed_and_is_gone_on_with_prints_the_document_of_a_run() {
    let install = Install::planned();
    // The volume's file is longer than that.
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -f 150; exec $0 apply --json"]);
    shell.arg(env!("CARGO_BIN_EXE_transship"));
    shell.current_dir(install.root());
    let stopped = Ran::of(&mut shell).exits(4);
    assert_eq!(check("apply", &stopped)["error"]["kind"], "failed");
    let ran = install.run(&["resume", "--json"]).exits(0);
    let document = check("resume", &ran);
    assert_eq!(document["format"], "transship-report");
}

#[test]
fn every_code_is_in_the_man_page_and_in_the_list_of_codes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("man/transship.1")).unwrap();
    let list = fs::read_to_string(folder().join("README.md")).unwrap();
    for code in Code::ALL {
        let (name, meaning) = (code.name(), code.meaning());
        let row = format!("| `{name}` | {meaning} |");
        assert!(list.contains(&row), "add to docs/json/README.md: {row}");
        assert!(
            page.replace("\\-", "-").contains(name),
            "{name} isn't in the man page"
        );
    }
}

/// All that the program is made of.
fn sources() -> String {
    let sources = walkdir::WalkDir::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let files = sources.into_iter().map(Result::unwrap);
    let files = files.filter(|file| file.path().extension().is_some_and(|end| end == "rs"));
    files
        .map(|file| fs::read_to_string(file.path()).unwrap())
        .collect()
}

#[test]
fn every_format_that_is_printed_has_its_schema_and_every_schema_is_of_one() {
    let text = sources();
    let quoted = |rest: &str| Some(rest.strip_prefix('"')?.split('"').next()?.to_owned());
    let named = |constant: &str| {
        let definition = format!("const {constant}: DocumentFormat = DocumentFormat {{");
        let (_, rest) = text.split_once(&definition).unwrap();
        quoted(rest.split_once("name: ").unwrap().1).unwrap()
    };
    let calls = text.match_indices("ui.json(");
    let printed = calls.map(|(at, call)| {
        let rest = text[at + call.len()..].trim_start();
        quoted(rest).unwrap_or_else(|| named(rest.split(".name").next().unwrap()))
    });
    // Printed by the one place for failures, by that for events, and as its own format is written.
    let own = ["failure", "event", "manifest"].map(|name| format!("transship-{name}"));
    let printed: BTreeSet<_> = printed.chain(own).collect();
    let schemas = fs::read_dir(folder()).unwrap().filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".json").map(str::to_owned)
    });
    assert_eq!(schemas.collect::<BTreeSet<_>>(), printed);
}

#[test]
fn every_code_is_given_by_something() {
    let text = sources();
    for code in Code::ALL {
        assert!(
            text.contains(&format!("Code::{code:?}")),
            "nothing gives {code:?}"
        );
    }
}

#[test]
fn what_is_interrupted_unheard_has_its_document_too() {
    use std::process::{Command, Stdio};
    let install = Install::new();
    let mut shell = Command::new("sh");
    let script = "mkfifo p; sleep 3 >p 2>&1 & $0 verify volumes p --json & t=$!; sleep 1; kill -HUP $t; wait $t";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_transship")]);
    shell.current_dir(install.root()).stdin(Stdio::null());
    let ran = Ran::of(&mut shell).exits(130);
    let document = check("verify", &ran);
    assert_eq!(document["error"]["code"], "interrupted");
}
