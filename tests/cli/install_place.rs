//! Which install a command works on, and that what it prints can be pasted.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use crate::common::install::Install;
use crate::common::program::{Ran, transship};

/// Runs it in the shell, as a person pastes it.
fn pasted(folder: &Path, line: &str) -> Ran {
    let bin = Path::new(env!("CARGO_BIN_EXE_transship")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    Ran::of(
        shell
            .args(["-c", line])
            .current_dir(folder)
            .env("PATH", path),
    )
}

/// The commands of ours that a text names, as a reader would cut them out.
fn commands(text: &str) -> Vec<String> {
    let ticks = text.split('`').skip(1).step_by(2).map(str::to_owned);
    let ends = text
        .lines()
        .filter_map(|line| Some(line.split_once(": transship ")?.1));
    let ends = ends.map(|rest| format!("transship {rest}"));
    ticks
        .chain(ends)
        .filter(|text| text.starts_with("transship "))
        .collect()
}

#[test]
fn the_install_is_named_before_or_behind_or_by_a_variable_or_found() {
    let install = Install::adopted();
    let root = install.root().to_str().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let shown = format!("install   {root}\n");
    transship(elsewhere.path(), ["-C", root, "status"])
        .exits(0)
        .prints(&shown);
    transship(elsewhere.path(), ["status", "-C", root])
        .exits(0)
        .prints(&shown);
    transship(elsewhere.path(), ["-C", root, "release", "ls"])
        .exits(0)
        .prints("v1.3.2");
    for below in [
        "",
        "releases/v1.3.2",
        "releases/v1.3.2/etc",
        ".transship",
        "current",
    ] {
        transship(&install.at(below), ["status"])
            .exits(0)
            .prints(&shown);
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
    command
        .arg("status")
        .env("TRANSSHIP_INSTALL", root)
        .current_dir(elsewhere.path());
    Ran::of(&mut command).exits(0).prints(&shown);
    // What is named wins over the variable.
    let other = Install::adopted();
    command.arg("-C").arg(other.root());
    Ran::of(&mut command)
        .exits(0)
        .prints(&other.root().display().to_string());
    transship(elsewhere.path(), ["status"])
        .exits(2)
        .complains("-C INSTALL");
}

#[test]
fn a_name_that_would_mean_nothing_is_refused() {
    let install = Install::adopted();
    let root = install.root().to_str().unwrap();
    install
        .run(&["-C", root, "status", "-C", root])
        .exits(2)
        .complains("named twice");
    install
        .run(&["-C", root, "image", "ls"])
        .exits(2)
        .complains("`transship image ls` works on no install");
}

#[test]
fn an_install_that_a_stranger_planted_above_is_not_taken() {
    let install = Install::adopted();
    let below = install.at("mine");
    fs::create_dir(&below).unwrap();
    chown(install.root(), Some(4321), None).unwrap();
    transship(&below, ["status"])
        .exits(2)
        .complains("is not an install");
    transship(install.root(), ["status"]).prints("install ");
}

#[test]
fn what_is_printed_can_be_pasted() {
    let install = Install::below(&{
        let parent = std::env::temp_dir().join("with a 'quote'");
        fs::create_dir_all(&parent).unwrap();
        parent
    });
    let root = install.root().to_str().unwrap().to_owned();
    let elsewhere = tempfile::tempdir().unwrap();
    let here = elsewhere.path();
    let run = |args: &[&str]| transship(here, [&["-C", &root], args].concat());

    let unadopted = run(&["status"]).exits(3);
    let [init] = commands(&unadopted.err).try_into().unwrap();
    pasted(here, &init).exits(0).prints("adopted");

    let tarball = install.at("v2.10.5.tar.gz");
    let plan = [
        "plan",
        "v2.10.5",
        "--from-release",
        tarball.to_str().unwrap(),
    ];
    let planned = run(&plan).exits(0);
    let [apply] = commands(&planned.out).try_into().unwrap();
    let applied = pasted(here, &apply).exits(0);
    assert_eq!(install.current(), "releases/v2.10.5");
    let next = commands(&applied.out);
    let back = next.last().unwrap();
    assert!(back.contains("rollback"), "{}", applied.out);
    let undone = pasted(here, back).exits(0);
    assert_eq!(install.current(), "releases/v1.3.2");
    let document = run(&["rollback", "--json"]).exits(3).json();
    let hint = document["error"]["hints"][0].as_str().unwrap().to_owned();
    let [discard] = commands(&hint).try_into().unwrap();
    assert_eq!(commands(&undone.out).last(), Some(&discard));
    // What removes for good names the command by which one says that it is meant.
    let unsaid = pasted(here, &discard).exits(3);
    let [meant] = commands(&unsaid.err).try_into().unwrap();
    assert_eq!(meant, format!("{discard} --yes"));
    pasted(here, &meant).exits(0);
    assert!(!install.at("releases/v2.10.5").exists());
}
