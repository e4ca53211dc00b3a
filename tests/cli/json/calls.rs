//! The calls, in order: each begins with what those before it left.

use std::fs;

use crate::common::install::Install;

/// Commands that need a Docker engine, or a run that was interrupted, to succeed, and the file of the test in
/// which they do.
pub(super) const NEED_MORE: &[(&str, &str)] = &[
    ("resume", "tests/cli/json.rs"),
    ("confirm", "tests/engine/terms.rs"),
    ("up", "tests/engine/replacing.rs"),
    ("stop", "tests/engine/replacing.rs"),
    ("image load", "tests/engine/image_archive.rs"),
    ("db collation", "tests/databases/collation.rs"),
    ("db compare", "tests/databases/compare.rs"),
    ("db dump", "tests/databases/dumps.rs"),
    ("db load", "tests/databases/dumps.rs"),
    ("db move", "tests/databases/moves.rs"),
    ("db upgrade", "tests/databases/folder_upgrades.rs"),
];

/// Commands that can't fail but by their usage.
pub(super) const NEVER_FAIL: &[&str] = &["completions", "volume unpause"];

/// The story's install, and files for the tools.
pub(super) fn install() -> Install {
    let install = Install::new();
    let write = |name: &str, text: &str| fs::write(install.at(name), text).unwrap();
    write("base", "A=1\nB=1\n");
    write("mine", "A=2\nB=2\n");
    write("theirs", "A=1\nB=3\nC=1\n");
    write("broken.yml", "services:\n\tx: 1\n");
    write("manifest.txt", "no manifest\n");
    write(
        "a.yml",
        "name: a\nservices:\n  web: {image: 'nginx:1', container_name: web, ports: ['80:80']}\nvolumes:\n  v: {name: v}\n",
    );
    write(
        "b.yml",
        "name: b\nservices:\n  web: {image: 'nginx:2', container_name: web, ports: ['80:80'], volumes: ['/data/x:/x', 'v:/v']}\nvolumes:\n  v: {name: v}\n",
    );
    fs::create_dir_all(install.at("empty")).unwrap();
    fs::create_dir_all(install.at("other/releases")).unwrap();
    install
}

/// Each call, without `--json`, and its exit code.
pub(super) const CALLS: &[(&str, i32)] = &[
    // Before it is an install.
    ("status", 3),
    ("status -C empty", 2),
    ("plan v2.10.5", 3),
    ("apply", 3),
    ("resume", 3),
    ("rollback", 3),
    ("doctor", 3),
    ("doctor --ignore nonsense", 2),
    ("doctor --list", 0),
    ("rehearse v2.10.5", 3),
    ("upgrade v2.10.5", 3),
    ("up v1.3.2", 3),
    ("stop v9", 2),
    ("release ls", 0),
    ("release ls -C empty", 2),
    ("release new v2 --from-release v2.10.5.tar.gz", 3),
    ("release use v1.3.2", 3),
    ("release bad v9", 3),
    ("release prune --keep 1", 3),
    ("init -C empty", 2),
    ("init -C other", 2),
    ("init --current v9", 2),
    ("init --dry-run", 0),
    ("init", 0),
    ("init", 0),
    ("init --moved", 0),
    // Releases.
    ("release ls", 0),
    ("release new v2.10.5 --from-release nowhere", 2),
    ("release new v2.10.5 --from-release a.yml", 2),
    ("release new v3 --from-release v2.10.5.tar.gz --dry-run", 0),
    ("release new v3 --from-release v2.10.5.tar.gz", 0),
    ("release new v3 --from-release v2.10.5.tar.gz", 3),
    ("release use v9", 2),
    ("release use v3 --dry-run", 0),
    ("release bad v3 --because slow", 0),
    ("release use v3", 3),
    ("release bad v3 --undo", 0),
    ("release bad v8", 0),
    ("release use v1.3.2", 0),
    ("release prune --keep 1 --dry-run --volumes volumes", 0),
    (
        "release prune --keep 1 --volumes volumes --assume-stopped",
        0,
    ),
    ("path v1.3.2 v3", 0),
    ("path v1.3.2 v3 --recipe broken.yml", 2),
    ("path v1.3.2 v3 --recipe a.yml", 0),
    ("path v3 v1.3.2 --recipe a.yml", 2),
    ("path x/y v3", 2),
    // An upgrade and back.
    ("status", 0),
    ("doctor", 1),
    (
        "doctor v2.10.5 --from-release v2.10.5.tar.gz --assume-stopped",
        1,
    ),
    ("plan v2.10.5", 2),
    ("plan v2.10.5 --from-release nowhere", 2),
    ("plan v2.10.5 --from-release manifest.txt", 2),
    (
        "plan v2.10.5 --from-release v2.10.5.tar.gz --own nonsense --dry-run",
        0,
    ),
    (
        "plan v2.10.5 --from-release v2.10.5.tar.gz --image postgres",
        2,
    ),
    ("plan v1.3.2", 3),
    ("apply", 2),
    ("resume", 3),
    ("rollback", 3),
    ("plan v2.10.5 --from-release v2.10.5.tar.gz --dry-run", 0),
    ("upgrade v2.10.5 --from-release v2.10.5.tar.gz --dry-run", 0),
    ("upgrade v2.10.5 --from-release v2.10.5.tar.gz", 3),
    ("plan v2.10.5 --from-release v2.10.5.tar.gz", 0),
    ("rehearse v2.10.5 --from-release v2.10.5.tar.gz", 0),
    ("rehearse --clean", 0),
    ("log note last 1 'mind the gap'", 0),
    ("log note last 99 'no such step'", 2),
    ("status", 0),
    ("confirm", 3),
    ("apply nonsense", 2),
    ("apply --dry-run", 0),
    ("apply", 0),
    ("apply", 3),
    ("resume", 3),
    ("status", 0),
    ("doctor", 1),
    ("diff v1.3.2 v2.10.5", 1),
    ("diff v1.3.2 v1.3.2", 0),
    ("diff v1.3.2 v9", 2),
    ("diff a.yml volumes", 2),
    ("diff a.yml b.yml", 1),
    ("rollback --dry-run", 0),
    ("rollback", 0),
    ("rollback", 3),
    ("log", 0),
    ("log last", 0),
    ("log 77", 2),
    ("log -C empty", 2),
    ("rollback --discard --dry-run", 0),
    ("rollback --discard", 3),
    ("rollback --discard --yes", 0),
    ("upgrade v2.10.5 --from-release v2.10.5.tar.gz --yes", 0),
    (
        "release prune --keep 9 --yes --volumes volumes --assume-stopped",
        0,
    ),
    // Containers, with an engine that isn't there.
    ("up v1.3.2 --docker /bin/false", 3),
    ("up v1.3.2 --docker /nonexistent", 2),
    ("stop v1.3.2 --docker /bin/false", 3),
    ("image load v2.10.5.tar.gz --docker /bin/false", 2),
    ("image load nowhere", 2),
    ("db collation a --docker /nonexistent", 2),
    ("db compare a b --docker /nonexistent", 2),
    ("db dump a -o a.sql --docker /nonexistent", 2),
    ("db load a.sql a --docker /nonexistent", 2),
    ("db move a b --docker /nonexistent", 2),
    (
        "db upgrade nowhere new --old-bin /nonexistent --new-bin /nonexistent",
        2,
    ),
    ("volume unpause", 0),
    // Compose files.
    ("image ls -f a.yml", 0),
    ("image ls -f nowhere.yml", 2),
    ("image ls -f broken.yml", 2),
    ("image set nginx=9 -f a.yml --dry-run", 0),
    ("image set nginx=9 -f a.yml --check", 1),
    ("image set nginx=9 -f a.yml", 0),
    ("image set nonsense=9 -f a.yml", 2),
    ("image set x -f a.yml", 2),
    ("image set nginx=9 -f a.yml -o -", 2),
    ("volume ls -f a.yml --volumes volumes", 0),
    ("volume ls -f b.yml --volumes volumes --size", 0),
    ("volume ls --all --volumes volumes", 0),
    ("volume ls -f broken.yml", 2),
    ("volume prefix w_ -f a.yml", 0),
    ("volume prefix w_ -f broken.yml", 2),
    ("volume rebase /data=/srv -f b.yml", 0),
    ("volume rebase /nowhere=/srv -f b.yml", 0),
    ("volume rebase nowhere -f b.yml", 2),
    ("conflicts a.yml b.yml", 1),
    ("conflicts a.yml", 2),
    ("conflicts a.yml nowhere", 2),
    ("conflicts a.yml b.yml --fix --port-offset 1000", 0),
    ("conflicts a.yml b.yml", 0),
    // Trees.
    ("copy volumes copied --dry-run", 0),
    ("copy volumes copied --verify", 0),
    ("copy volumes copied", 3),
    ("copy volumes copied --update --dry-run", 0),
    ("copy volumes copied --update", 0),
    ("copy empty copied --update", 3),
    ("copy nowhere copied2", 2),
    ("copy volumes nowhere/copied", 3),
    ("copy volumes volumes/copied", 3),
    ("volume copy ./volumes ./again --verify", 0),
    ("volume copy ./volumes ./again --dry-run", 3),
    ("volume copy nowhere ./x --volumes volumes", 3),
    (
        "volume copy v1_3_2_postgres_data new --volumes volumes --dry-run --assume-stopped",
        0,
    ),
    ("manifest volumes", 0),
    ("manifest volumes --format sha256sum", 2),
    ("manifest nowhere", 2),
    ("verify volumes copied", 0),
    ("verify volumes empty", 1),
    ("verify volumes manifest.txt", 2),
    ("verify nowhere copied", 2),
    ("inspect --list", 0),
    ("inspect volumes/v1_3_2_postgres_data --volumes volumes", 0),
    ("inspect ./volumes/v1_3_2_postgres_data", 0),
    ("inspect ./nowhere", 2),
    ("merge base mine theirs --dry-run", 1),
    ("merge base mine theirs -o merged", 1),
    ("merge base mine theirs --ours . -o merged2", 0),
    ("merge base mine nowhere", 2),
    ("merge base mine theirs -o -", 2),
    ("merge --solve base", 2),
    ("completions bash", 0),
];
