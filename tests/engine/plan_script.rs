//! `plan --sh` of what runs: the script stops the old release, and starts the new one in its place.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::lab::put_text;
use super::program::Ran;
use super::upgrade::{Extra, Upgrade, can};

#[test]
fn the_script_of_a_flow_leaves_the_new_release_up_with_the_data_and_says_the_way_back() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("plan_script", Extra::default(), Extra::default());
    let home = upgrade.pair.home.path();
    put_text(
        &home.join("transship.yml"),
        "hooks: {after-up: {run: 'echo \"$TRANSSHIP_FROM to $TRANSSHIP_TO\" >\"$TRANSSHIP_INSTALL/hooked\"'}}",
    );
    let (b, prefix) = (upgrade.project("b"), upgrade.pair.lab.name("two_"));
    let plan = ["plan", "v2", "--sh", "-p", &b, "--prefix", &prefix];
    let answers = ["--theirs", "docker-compose.yml"];
    let text = upgrade
        .pair
        .ran(&[&plan[..], &answers].concat())
        .exits(0)
        .out;
    let file = home.join("upgrade.sh");
    put_text(&file, &text);
    let checked = Command::new("shellcheck").arg(&file).output();
    if let Ok(checked) = checked {
        let said = String::from_utf8_lossy(&checked.stdout);
        assert!(checked.status.success(), "{said}");
    }
    upgrade.db("a", "echo precious >/d/rows");
    let program = Path::new(env!("CARGO_BIN_EXE_transship"));
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    let ran = Ran::of(Command::new("sh").arg(&file).env("PATH", path)).exits(0);
    for (wanted, said) in [
        ("transship volume copy --live", "as it is by now"),
        ("transship volume copy --update", "up to date"),
        ("transship stop v1", "stop v1"),
        ("transship up v2", "start v2"),
        ("to have the old release back", "switch current"),
    ] {
        assert!(text.contains(wanted), "no `{wanted}` in\n{text}");
        assert!(ran.err.contains(said), "no `{said}` in\n{}", ran.err);
    }
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
    assert_eq!(upgrade.current(), PathBuf::from("releases/v2"));
    assert_eq!(upgrade.running("a"), Vec::<String>::new());
    assert_eq!(upgrade.db("b", "cat /d/rows"), "precious");
    let hooked = fs::read_to_string(home.join("hooked")).unwrap();
    assert_eq!(hooked, "v1 to v2\n");

    // The way back that it would have told.
    let a = upgrade.project("a");
    upgrade.pair.ran(&["stop", "v2", "-p", &b]).exits(0);
    let back = ["up", "v1", "-p", &a, "--replaces", "v2", "--never-pull"];
    upgrade.pair.ran(&back).exits(0);
    assert_eq!(upgrade.answer().as_deref(), Some("v1"));
}
