//! Volumes that go from one real engine to another. Needs a static transship
//! (`scripts/static`).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use transship::progress::Silent;
use transship::tree::Holds;

use super::lab::Lab;
use super::look::assert_same;
use super::reach::{Engine, User, can, interrupt, look, no_helpers, said, volume};
use super::zoo;

#[test]
fn the_zoo_goes_from_engine_to_engine_and_an_interrupted_copy_is_gone_on_with() {
    if !can() {
        return;
    }
    let (lab, user, other) = (Lab::new("engines"), User::new(), Engine::start());
    let source = lab.volume_with_data("zoo");
    zoo::fill(&source);
    let noise = zoo::noise(100_000);
    for n in 0..3000 {
        fs::write(source.join(format!("some-{n}")), &noise).unwrap();
    }
    let (old, address) = (lab.name("zoo"), other.address());
    let line = format!("volume copy {old} arrived --to-context {address} -p demo --key data");
    let copy = |more: &'static str| -> Vec<&str> {
        line.split(' ').chain(more.split_whitespace()).collect()
    };

    // Cut short: by a wish to stop once something has arrived.
    let mut run = user.command(&copy("")).spawn().unwrap();
    let made = || {
        other
            .docker(&["volume", "inspect", "arrived"])
            .status
            .success()
    };
    let mut target = PathBuf::new();
    let arrives = |target: &Path| {
        let content = target.join(".transship-part/content");
        fs::read_dir(content).is_ok_and(|list| list.count() > 50)
    };
    while !arrives(&target) {
        if let Some(status) = run.try_wait().unwrap() {
            panic!(
                "over too soon, {status}: {}",
                said(&run.wait_with_output().unwrap())
            );
        }
        if target.as_os_str().is_empty() && made() {
            target = other.volume("arrived");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    interrupt(run);
    assert_eq!(transship::tree::holds(&target).unwrap(), Holds::Part);

    // Gone on with.
    let text = user.runs(&copy("--update --verify"));
    assert!(text.contains("verified"), "{text}");
    assert_same(&look(&source), &look(&target));
    let manifest = |path: &Path| transship::tree::manifest(path, &Silent).unwrap().digest();
    assert_eq!(manifest(&target), manifest(&source));

    // What is there is refused, or brought up to date.
    let output = user.command(&copy("")).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("--update"), "{}", said(&output));
    fs::write(source.join("some-1"), "changed").unwrap();
    fs::remove_file(source.join("some-2")).unwrap();
    fs::write(target.join("extra"), "x").unwrap();
    let text = user.runs(&copy("--update"));
    assert!(text.contains("copied 1 file, 7 B"), "{text}");
    assert_same(&look(&source), &look(&target));

    // What would remove so much that it may be a mistake is asked about.
    lab.volume_with_data("strange");
    let strange = lab.name("strange");
    let line = format!("volume copy {strange} arrived --to-context {address} --update");
    let refused = |more: &[&str], why: &str| {
        let args: Vec<&str> = line.split(' ').chain(more.iter().copied()).collect();
        let output = user.command(&args).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
    };
    refused(&[], "--delete-all");
    refused(&["--max-delete", "100"], "--max-delete");
    assert_same(&look(&source), &look(&target));

    // And a volume that can't be reached goes to a path.
    let folder = user.home.path().join("folder");
    let args = [
        "volume",
        "copy",
        "arrived",
        folder.to_str().unwrap(),
        "--from-context",
        &address,
    ];
    let output = user.command(&args).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("owner"), "{}", said(&output));
    assert!(folder.join("some-1").exists(), "{}", said(&output));
    let closed = fs::metadata(folder.join("folder-0000")).unwrap();
    assert_eq!(closed.permissions().mode() & 0o7777, 0);

    let left = other.docker(&["ps", "-aq"]);
    assert!(left.stdout.is_empty(), "{}", said(&left));
    // All of these runs had the same one.
    let images = other.docker(&["image", "ls", "-q"]);
    assert_eq!(said(&images).lines().count(), 1, "{}", said(&images));
    no_helpers(&lab, &user);
}

#[test]
fn two_names_of_one_engine_are_one_engine() {
    if !can() {
        return;
    }
    let (lab, user) = (Lab::new("same"), User::new());
    let source = lab.volume_with_data("old");
    let (old, new) = (lab.name("old"), lab.name("new"));
    let address = "unix:///var/run/docker.sock";
    user.runs(&[
        "volume",
        "copy",
        &old,
        &new,
        "-p",
        "demo",
        "--to-context",
        address,
    ]);
    assert_same(&look(&source), &look(&volume(&new).path));
}
