//! Old releases go with what is theirs, and nothing that anybody needs: `transship release prune`,
//! `transship release bad`.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use super::new_release::TwoReleases;
use crate::common::need;

/// Releases v1 to v4, each upgraded from the one before, with a volume each; v4 is current.
fn install() -> TwoReleases {
    let compose = |tag: u32| {
        format!(
            "services: {{web: {{image: 'acme/web:{tag}', volumes: ['data:/data']}}}}\nvolumes: {{data: }}\n"
        )
    };
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", &compose(1)),
        ("volumes/v1_data/file", "x"),
    ]);
    for number in 2..5 {
        install.write(
            &format!("releases/v{number}/compose.yaml"),
            &compose(number),
        );
        let plan = format!("plan v{number} --volumes volumes");
        install.run(&plan).exits(0);
        install.run("apply --assume-stopped").exits(0);
    }
    install
}

const PRUNE: &str = "release prune --volumes volumes --assume-stopped --keep";

fn there(install: &TwoReleases, folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(install.0.path().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.starts_with('.')).collect()
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn old_releases_go_with_their_volumes_and_plans_and_the_rest_stays_as_it_was() {
    let install = install();
    let dry = install.run(&format!("{PRUNE} 1 --dry-run")).exits(0);
    dry.prints("v1 goes")
        .prints("remove volume v1_data")
        .prints("v3 stays: it is the previous one");
    assert_eq!(
        there(&install, "releases"),
        names(&["v1", "v2", "v3", "v4"])
    );
    // Nobody can be asked.
    install
        .run(&format!("{PRUNE} 1"))
        .exits(3)
        .complains("--yes");

    let json = install
        .run(&format!("{PRUNE} 1 --yes --json"))
        .exits(0)
        .json();
    assert_eq!(json["removed"], true);
    assert!(json["bytes"].as_u64().unwrap() > 0);
    assert_eq!(there(&install, "releases"), names(&["v3", "v4"]));
    assert_eq!(there(&install, "volumes"), names(&["v3_data", "v4_data"]));
    assert_eq!(there(&install, ".transship/plans").len(), 1);
    assert_eq!(
        there(&install, ".transship/made"),
        names(&["v3_data.json", "v4_data.json"])
    );
    assert_eq!(there(&install, ".transship/journal").len(), 3);
    install
        .run(&format!("{PRUNE} 1 --yes"))
        .exits(0)
        .prints("no release goes");
    // Going back still works.
    install.run("rollback --assume-stopped").exits(0);
    install.run("status").exits(0).prints("current   v3");
}

#[test]
fn a_volume_that_may_be_the_last_copy_stays() {
    let install = install();
    install.write(
        "releases/v2/compose.yaml",
        "services: {web: {image: 'acme/web:2', volumes: ['data:/data', 'old:/old']}}\n\
         volumes: {data: {name: v4_data}, old: {name: v2_old}}\n",
    );
    install.write("volumes/v2_old/file", "x");
    let ran = install.run(&format!("{PRUNE} 1 --yes")).exits(0);
    ran.prints("leave volume v2_old: no release that stays has data of that key")
        .prints("leave volume v4_data: a release that stays uses it");
    assert_eq!(there(&install, "releases"), names(&["v3", "v4"]));
    assert!(there(&install, "volumes").is_superset(&names(&["v2_old", "v3_data", "v4_data"])));
}

#[test]
fn a_symlink_stays_and_so_does_the_release_that_it_leads_to() {
    let install = install();
    let root = install.0.path();
    let releases = root.join("releases");
    symlink("v2", releases.join("stable")).unwrap();
    std::fs::create_dir(root.join("elsewhere")).unwrap();
    std::fs::rename(releases.join("v1"), root.join("elsewhere/v1")).unwrap();
    symlink("../elsewhere/v1", releases.join("v1")).unwrap();
    let ran = install.run(&format!("{PRUNE} 1 --yes")).exits(0);
    ran.prints("v1 stays: it is a symlink")
        .prints("stable stays: it is a symlink")
        .prints("v2 stays: the symlink `stable` leads to it")
        .prints("no release goes");
    assert!(root.join("elsewhere/v1/compose.yaml").exists());
    assert!(there(&install, "volumes").contains("v1_data"));
}

#[test]
fn volumes_are_named_as_the_last_run_of_each_release_had_them() {
    let compose = |tag: u32| {
        format!(
            "services: {{web: {{image: 'acme/web:{tag}', volumes: ['data:/data', 'log:/log']}}}}\n\
             volumes: {{data: , log: {{name: '${{LOG:-none}}'}}}}\n"
        )
    };
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", &compose(1)),
        ("releases/v1/own.env", "LOG=the_log\n"),
        ("volumes/v1_data/file", "x"),
        ("volumes/the_log/file", "x"),
    ]);
    let mut how = " --env-file releases/v1/own.env";
    for number in 2..5 {
        install.write(
            &format!("releases/v{number}/compose.yaml"),
            &compose(number),
        );
        let plan = format!("plan v{number} --volumes volumes --share log --skip-volume log{how}");
        install.run(&plan).exits(0);
        install.run("apply --assume-stopped").exits(0);
        how = "";
    }
    let ran = install.run(&format!("{PRUNE} 1 --yes")).exits(0);
    ran.prints("remove volume v1_data");
    assert!(there(&install, "volumes").contains("the_log"), "it went");
}

#[test]
fn without_an_engine_what_it_may_hold_for_a_release_stays_and_that_is_told() {
    let install = install();
    for engine in ["/bin/false", "/nonexistent"] {
        let ran = install
            .run(&format!("{PRUNE} 1 --dry-run --docker {engine}"))
            .exits(0);
        ran.prints("v1 goes")
            .prints("leave images that may be held for it");
    }
    install
        .run(&format!("{PRUNE} 1 --yes --docker /bin/false"))
        .exits(0);
    assert_eq!(there(&install, "releases"), names(&["v3", "v4"]));
}

#[test]
fn on_a_terminal_it_asks_and_nothing_but_yes_is_one() {
    if !need::program("script") {
        return;
    }
    let install = install();
    let prune = format!("{} {PRUNE} 1", env!("CARGO_BIN_EXE_transship"));
    for (answer, code, stay) in [("y\n", 3, 4), ("\n", 3, 4), ("yes\n", 0, 2)] {
        let mut script = Command::new("script");
        script
            .args(["-qec", &prune, "/dev/null"])
            .current_dir(install.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut running = script.spawn().unwrap();
        // What `script` has read is typed; its end is the end of the terminal's input.
        running
            .stdin
            .as_mut()
            .unwrap()
            .write_all(answer.as_bytes())
            .unwrap();
        let ended = running.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{said}");
        assert!(said.contains("It can't be brought back"), "{said}");
        assert_eq!(said.contains("nothing is removed"), stay == 4, "{said}");
        assert_eq!(
            there(&install, "releases").len(),
            stay,
            "{answer:?}: {said}"
        );
    }
}

#[test]
fn what_is_among_the_newest_or_can_not_be_read_stays() {
    let install = install();
    let kept = install.run(&format!("{PRUNE} 3 --dry-run")).exits(0);
    kept.prints("v1 goes")
        .prints("v2 stays: it is one of the 3 newest");
    install.write("releases/v1/compose.yaml", "services: [");
    let unread = install.run(&format!("{PRUNE} 3 --dry-run")).exits(0);
    unread
        .prints("v1 stays: it can't be read")
        .prints("no release goes");
}

#[test]
fn nobody_goes_to_a_bad_release_forwards_or_back() {
    let install = install();
    install
        .run("release bad v3 --because slow")
        .exits(0)
        .prints("v3 is written down as bad");
    install.run("release ls").exits(0).prints("bad");
    install
        .run("rollback --assume-stopped")
        .exits(3)
        .complains("`slow`");
    install
        .run("release use v3")
        .exits(3)
        .complains("release bad v3 --undo");
    install
        .run("plan v3 --volumes volumes")
        .exits(3)
        .complains("bad");
    // It is neither the one before nor one of the newest.
    let dry = install.run(&format!("{PRUNE} 2 --dry-run")).exits(0);
    dry.prints("v2 stays: it is one of the 2 newest");
    install.run("release bad v3 --undo").exits(0);
    for (command, told) in [
        ("release bad v3 --undo", "v3 wasn't written down as bad"),
        ("release bad v33", "v33 isn't in the install"),
    ] {
        install.run(command).exits(0).complains(told);
    }
    install.run("rollback --assume-stopped").exits(0);
}
