//! Completion as one types, asked by the shells themselves: each on a terminal of its own, with keys pressed.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::common::install::Install;
use super::common::need;
use super::common::program::transship;

/// Runs an interactive shell on a terminal, types `keys`, and gives what it showed.
fn typed(shell: &str, here: &Path, keys: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_transship"));
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    let mut terminal = Command::new("script")
        .args(["--quiet", "--command", shell, "/dev/null"])
        .current_dir(here)
        .env("PATH", path)
        .env("HOME", here)
        .env("TERM", "dumb")
        .env("PS1", "$ ")
        .env("HISTFILE", "/dev/null")
        .env_remove("TRANSSHIP_VOLUMES")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = terminal.stdin.take().unwrap();
    stdin.write_all(keys.as_bytes()).unwrap();
    stdin.write_all(b"exit\n").unwrap();
    drop(stdin);
    let shown = terminal.wait_with_output().unwrap();
    String::from_utf8_lossy(&shown.stdout).replace('\r', "")
}

/// The words that bash makes of a line, with all candidates in the place of what is completed at its end. As
/// readline's `insert-completions` (Alt-*) does.
fn in_bash(here: &Path, line: &str) -> Vec<String> {
    // `t` is completed as transship is, and shows its words.
    let keys = format!(
        "source <(transship completions bash); complete -o nosort -F _transship t
t() {{ printf '<%s>' \"$@\"; echo; }}
echo begin
t {line}\u{1b}*
echo end
"
    );
    words(&typed("bash --norc --noprofile -i", here, &keys))
}

fn in_zsh(here: &Path, line: &str) -> Vec<String> {
    let keys = format!(
        "autoload -U compinit; compinit -u -D; source <(transship completions zsh)
compdef _clap_dynamic_completer_transship t
t() {{ printf '<%s>' \"$@\"; echo; }}
echo begin
t {line}\t
echo end
"
    );
    words(&typed("zsh -f -i", here, &keys))
}

/// What stands between `<` and `>` in the one line that the function `t` printed.
fn words(shown: &str) -> Vec<String> {
    let line = shown.lines().find(|line| line.starts_with('<'));
    let line = line.unwrap_or_else(|| panic!("nothing was run:\n{shown}"));
    let words = line
        .trim_end()
        .trim_start_matches('<')
        .trim_end_matches('>');
    words.split("><").map(str::to_owned).collect()
}

#[track_caller]
fn completes(found: &[String], wanted: &[&str]) {
    assert_eq!(found, wanted);
}

fn upgraded() -> Install {
    let install = Install::planned();
    install.run(&["apply"]).exits(0);
    install
}

#[test]
fn bash_completes_every_kind_of_name_that_an_install_has() {
    if !need::program("bash") || !need::program("script") {
        return;
    }
    let install = upgraded();
    let root = install.root().to_str().unwrap();
    let plans: Vec<String> = std::fs::read_dir(install.at(".transship/plans"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let check = |line: &str, wanted: &[&str]| completes(&in_bash(install.root(), line), wanted);
    check("hist", &["hist"]);
    check("roll", &["rollback"]);
    check("plan ", &["plan", "v2.10.5", "v1.3.2"]);
    check("release use v1", &["release", "use", "v1.3.2"]);
    check("upgrade --from v1", &["upgrade", "--from", "v1.3.2"]);
    check("apply ", &["apply", &plans[0]]);
    check("log la", &["log", "last"]);
    check("doctor --ignore mmap", &["doctor", "--ignore", "mmap"]);
    check(
        "volume copy --volumes volumes v2_",
        &[
            "volume",
            "copy",
            "--volumes",
            "volumes",
            "v2_10_5_postgres_backups",
            "v2_10_5_postgres_data",
        ],
    );
    check(
        "plan --skip-volume postgres_b",
        &["plan", "--skip-volume", "postgres_backups"],
    );
    // A service comes before a colon, at which bash cuts words.
    check("plan v2 --leave c", &["plan", "v2", "--leave", "caddy:"]);
    // From elsewhere, the install named in each of the ways, and with the word cut at the `=`.
    let elsewhere = tempfile::tempdir().unwrap();
    let check = |line: &str, wanted: &[&str]| completes(&in_bash(elsewhere.path(), line), wanted);
    check(
        &format!("-C {root} stop v1"),
        &["-C", root, "stop", "v1.3.2"],
    );
    let named = format!("--install={root}");
    check(&format!("stop {named} v1"), &["stop", &named, "v1.3.2"]);
    check("stop v1", &["stop", "v1"]);
    let profiles =
        "services: {web: {image: 'web:1', profiles: [mail, audit]}, db: {image: 'postgres:15'}}";
    std::fs::write(elsewhere.path().join("compose.yml"), profiles).unwrap();
    check(
        "conflicts --profile ",
        &["conflicts", "--profile", "audit", "mail"],
    );
    check("image set post", &["image", "set", "postgres="]);
    check("image set service:w", &["image", "set", "service:web="]);
}

#[test]
fn zsh_and_fish_ask_for_the_same() {
    let install = upgraded();
    if need::program("zsh") && need::program("script") {
        let check = |line: &str, wanted: &[&str]| completes(&in_zsh(install.root(), line), wanted);
        check("release use v1", &["release", "use", "v1.3.2"]);
        check(
            "plan --skip-volume postgres_b",
            &["plan", "--skip-volume", "postgres_backups"],
        );
    }
    if need::program("fish") {
        let asked = "transship completions fish | source; complete -C 'transship release use v'";
        let shown = typed(
            &format!("fish --no-config -c \"{asked}\""),
            install.root(),
            "",
        );
        assert!(shown.contains("v2.10.5\tcurrent\nv1.3.2\n"), "{shown}");
    }
}

/// Asks as bash's script does, with the cursor at the end.
fn asked(here: &Path, words: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
    let index = words.len().to_string();
    command
        .args(["--", "transship"])
        .args(words)
        .env("TRANSSHIP_COMPLETE", "bash")
        .env("_TRANSSHIP_INDEX", index)
        .current_dir(here);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn completion_of_a_broken_install_says_what_it_can_and_complains_of_nothing() {
    let install = upgraded();
    std::fs::remove_file(install.at("current")).unwrap();
    std::os::unix::fs::symlink("releases/gone", install.at("current")).unwrap();
    for folder in ["plans", "journal"] {
        for entry in std::fs::read_dir(install.at(".transship").join(folder)).unwrap() {
            std::fs::write(entry.unwrap().path(), "{").unwrap();
        }
    }
    std::fs::write(
        install.at("releases/v1.3.2/docker-compose.yml"),
        "services: [",
    )
    .unwrap();
    std::fs::write(install.at(".transship/id"), "damaged").unwrap();
    let nowhere = install.at("nowhere").to_str().unwrap().to_owned();
    let check = |words: &[&str], wanted: &str| {
        let (code, out, err) = asked(install.root(), words);
        assert_eq!((code, &*out, &*err), (0, wanted, ""), "{words:?}");
    };
    check(&["release", "use", "v"], "v2.10.5\x0bv1.3.2");
    check(&["plan", "v1.3.2", "--skip-volume", ""], "");
    check(&["-C", &nowhere, "plan", "v"], "");
    check(&["db", "dump", "--docker", "/nonexistent", "x"], "");
    check(&["db", "dump", "--docker", "sh -c 'sleep 60' --", "x"], "");
    assert_ne!(asked(install.root(), &["log", "0"]).1, "");
}

#[test]
fn an_answer_comes_while_one_types() {
    let install = upgraded();
    let times = (0..5).map(|_| {
        let begun = Instant::now();
        assert_ne!(
            asked(install.root(), &["plan", "v2.10.5", "--skip-volume", ""]).1,
            ""
        );
        begun.elapsed()
    });
    // The machine may have other work; this is about the order of magnitude.
    let best = times.min().unwrap();
    assert!(best.as_millis() < 100, "{best:?}");
    let begun = Instant::now();
    asked(
        install.root(),
        &["db", "dump", "--docker", "sh -c 'sleep 60' --", ""],
    );
    assert!(begun.elapsed().as_secs() < 3, "{:?}", begun.elapsed());
}

#[test]
fn a_variable_of_others_does_not_keep_a_command_from_being_done() {
    let here = Path::new(".");
    let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
    command
        .arg("--version")
        .env("COMPLETE", "bash")
        .current_dir(here);
    let output = command.output().unwrap();
    assert!(output.stdout.starts_with(b"transship "));
    transship(here, ["completions", "tcsh"]).exits(2);
}
