//! Trees that a container laid out for whoever reads them as root.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::common::install::run;
use super::common::need;
use super::common::program::transship;
use super::{inspect, only};

/// Runs the command under a time limit, so that a trap that works is a failure.
#[track_caller]
fn in_time(tree: &Path) -> String {
    let mut command = Command::new("timeout");
    command.args(["20", env!("CARGO_BIN_EXE_transship"), "inspect", "--json"]);
    run(command.arg(tree))
}

/// What is looked for of each database, in one tree.
const NAMES: [&str; 20] = [
    "PG_VERSION",
    "global/pg_control",
    "pg_tblspc",
    "aria_log_control",
    "ib_logfile0",
    "mysql.ibd",
    "auto.cnf",
    "storage.bson",
    "mongod.lock",
    "dump.rdb",
    "member/snap/db",
    "app.db",
    "schema.DAT",
    "msg_stores/vhosts",
    "influxd.bolt",
    "status",
    "database.ocf",
    "dirty.fl",
    ".minio.sys/format.json",
    "_state/node-1.st",
];

fn put(tree: &Path, make: impl Fn(&Path)) {
    for name in NAMES {
        let path = tree.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        make(&path);
    }
}

#[test]
fn fifos_and_devices_in_place_of_files_are_not_opened() {
    if !need::root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let fifos = folder.path().join("fifos");
    put(&fifos, |path| {
        run(Command::new("mkfifo").arg(path));
    });
    assert!(in_time(&fifos).contains("is no regular file, and isn't opened"));
    let devices = folder.path().join("devices");
    // One that gives bytes without end.
    put(&devices, |path| {
        run(Command::new("mknod").arg(path).args(["c", "1", "5"]));
    });
    let said = in_time(&devices);
    assert!(said.contains("is no regular file, and isn't opened"));
    assert!(!said.contains("\"clean\""), "{said}");
}

#[test]
fn symlinks_in_place_of_files_and_folders_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "15\nREDIS0010 swordfish\n").unwrap();
    let tree = folder.path().join("tree");
    put(&tree, |path| symlink(&secret, path).unwrap());
    let said = in_time(&tree);
    assert!(
        !said.contains("swordfish") && !said.contains("\"15\""),
        "{said}"
    );
    assert!(!said.contains("\"clean\""), "{said}");
    let loops = folder.path().join("loops");
    fs::create_dir(&loops).unwrap();
    symlink("..", loops.join("up")).unwrap();
    symlink("/", loops.join("global")).unwrap();
    assert_eq!(inspect(&loops)["databases"], serde_json::json!([]));
}

#[test]
fn a_file_of_a_tebibyte_takes_no_longer_and_no_room() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), |path| {
        let file = fs::File::create(path).unwrap();
        file.set_len(1 << 40).unwrap();
    });
    fs::write(folder.path().join("PG_VERSION"), "15\n").unwrap();
    let mut command = Command::new("bash");
    // 512 MiB of addresses, for the program and all of its libraries.
    command.args([
        "-c",
        "ulimit -v 524288; exec timeout 20 \"$0\" inspect \"$1\"",
    ]);
    command
        .arg(env!("CARGO_BIN_EXE_transship"))
        .arg(folder.path());
    let said = run(&mut command);
    assert!(said.contains("damaged: `global/pg_control`"), "{said}");
}

#[test]
fn garbage_in_place_of_every_file_is_no_clean_database() {
    let folder = tempfile::tempdir().unwrap();
    for (number, byte) in [0x00, 0x41, 0xff].into_iter().enumerate() {
        let tree = folder.path().join(number.to_string());
        put(&tree, |path| fs::write(path, vec![byte; 20_000]).unwrap());
        fs::remove_file(tree.join("mongod.lock")).unwrap();
        let found = inspect(&tree);
        for database in found["databases"].as_array().unwrap() {
            assert_ne!(database["state"], "clean", "{database}");
        }
    }
}

#[test]
fn names_with_control_characters_are_shown_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let nested = folder.path().join("\x1b[2Jx");
    fs::create_dir_all(nested.join("global")).unwrap();
    fs::write(nested.join("PG_VERSION"), "15\x1b[2J").unwrap();
    symlink("/\x1b]0;x\x07", nested.join("pg_wal")).unwrap();
    let tree = folder.path().to_str().unwrap();
    for args in [vec!["inspect", tree], vec!["inspect", "--json", tree]] {
        let ran = transship(Path::new("/"), args).exits(0);
        assert!(
            !ran.out.contains('\x1b') && !ran.out.contains("u001b"),
            "{}",
            ran.out
        );
        ran.prints("033[2Jx");
    }
}

#[test]
fn a_folder_of_a_hundred_thousand_files_is_answered_at_once_and_says_what_it_left_out() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..100_000 {
        fs::File::create(folder.path().join(format!("upload-{number}"))).unwrap();
    }
    // Its name comes late or early in the listing, as the filesystem likes.
    let data = folder.path().join("pgdata");
    fs::create_dir_all(data.join("global")).unwrap();
    fs::write(data.join("PG_VERSION"), "15\n").unwrap();
    let start = Instant::now();
    let found = inspect(folder.path());
    let taken = start.elapsed();
    assert_eq!(found["databases"][0]["place"], "pgdata");
    assert!(
        found["left_out"][0].as_str().unwrap().contains("more than"),
        "{found}"
    );
    assert!(taken < Duration::from_millis(500), "{taken:?}");
}

#[test]
fn a_forest_of_folders_ends() {
    let folder = tempfile::tempdir().unwrap();
    for a in 0..20 {
        for b in 0..20 {
            fs::create_dir_all(folder.path().join(format!("{a}/{b}/x/y/z"))).unwrap();
        }
    }
    let found = inspect(folder.path());
    assert!(
        found["left_out"][0]
            .as_str()
            .unwrap()
            .contains("other folders"),
        "{found}"
    );
    // Three below the root is looked into, four isn't.
    let nested = tempfile::tempdir().unwrap();
    for place in ["a/b/c", "a/b/d/e"] {
        let data = nested.path().join(place);
        fs::create_dir_all(data.join("global")).unwrap();
        fs::write(data.join("PG_VERSION"), "15\n").unwrap();
    }
    assert_eq!(only(nested.path())["place"], "a/b/c");
}
