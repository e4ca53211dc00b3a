//! `transship merge`, on files, on folders, and as git's merge driver.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::Command;

use super::common::install::{chmod, run};
use super::common::need;
use super::common::program::{Ran, transship};

/// Three files of one name in `base`, `mine` and `theirs`; what there is none of is `None`.
fn put(root: &Path, name: &str, contents: [Option<&str>; 3]) {
    for (side, content) in ["base", "mine", "theirs"].into_iter().zip(contents) {
        let path = root.join(side).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if let Some(content) = content {
            fs::write(path, content).unwrap();
        }
    }
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

fn three(name: &str, contents: [&str; 3]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), name, contents.map(Some));
    folder
}

fn merge(root: &Path, name: &str, options: &[&str]) -> Ran {
    let paths = ["base", "mine", "theirs"].map(|side| format!("{side}/{name}"));
    let paths = paths.iter().map(String::as_str);
    transship(
        root,
        ["merge"]
            .into_iter()
            .chain(paths)
            .chain(options.iter().copied()),
    )
}

#[test]
fn a_clean_merge_goes_into_mine_which_keeps_its_mode() {
    let folder = three(".env", ["A=1\nB=1\n", "A=2\nB=1\n", "A=1\nB=1\nC=1\n"]);
    let mine = folder.path().join("mine/.env");
    chmod(&mine, 0o640);
    merge(folder.path(), ".env", &[])
        .exits(0)
        .prints("kept mine: .env: A (mine/.env:1)")
        .prints("added by them: .env: C (theirs/.env:3)");
    assert_eq!(read(&mine), "A=2\nB=1\nC=1\n");
    assert_eq!(mine.metadata().unwrap().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(folder.path().join("mine")).unwrap().count(), 1);
}

#[test]
fn a_conflict_is_shown_with_all_three_values_and_secrets_masked() {
    let folder = three(
        ".env",
        [
            "PORT=1\nDB_PASSWORD=a1\n",
            "PORT=2\nDB_PASSWORD=b2\n",
            "PORT=3\nDB_PASSWORD=c3\nN=1\n",
        ],
    );
    let ran = merge(folder.path(), ".env", &[])
        .exits(1)
        .prints("conflict: .env: PORT\n  base   base/.env:1: 1\n  mine   mine/.env:1: 2\n  theirs theirs/.env:1: 3")
        .prints("mine   mine/.env:2: ********")
        .complains("mine/.env.merge");
    assert!(!ran.out.contains("b2"), "{}", ran.out);
    assert_eq!(
        read(folder.path().join("mine/.env")),
        "PORT=2\nDB_PASSWORD=b2\nN=1\n"
    );
    let marked = folder.path().join("mine/.env.merge");
    assert!(read(&marked).starts_with(
        "<<<<<<< mine\nPORT=2\n||||||| base\nPORT=1\n=======\nPORT=3\n>>>>>>> theirs\n"
    ));
    assert_eq!(marked.metadata().unwrap().mode() & 0o777, 0o600);
}

#[test]
fn json_tells_all_and_masks_too() {
    let folder = three(
        ".env",
        ["T=1\nTOKEN=a1\n", "T=2\nTOKEN=b2\n", "T=3\nTOKEN=a1\n"],
    );
    let ran = merge(folder.path(), ".env", &["--json", "--dry-run"]).exits(1);
    assert!(!ran.out.contains("b2"), "{}", ran.out);
    let json = ran.json();
    assert_eq!(
        (&json["clean"], &json["conflicts"]),
        (&false.into(), &1.into())
    );
    let outcome = &json["files"][0]["outcomes"][0];
    assert_eq!(
        (&outcome["kind"], &outcome["what"]),
        (&"conflict".into(), &"T".into())
    );
    assert_eq!(outcome["theirs"]["value"], "3");
    assert_eq!(outcome["theirs"]["line"], 1);
    merge(
        folder.path(),
        ".env",
        &["--json", "--dry-run", "--show-secrets"],
    )
    .exits(1)
    .prints("b2");
    assert_eq!(read(folder.path().join("mine/.env")), "T=2\nTOKEN=b2\n");
}

#[test]
fn answers_settle_conflicts() {
    let folder = three(".env", ["A=1\nB=1\n", "A=2\nB=2\n", "A=3\nB=3\n"]);
    merge(folder.path(), ".env", &["-o", "-", "--theirs", ".env:A"])
        .exits(1)
        .prints("A=3\nB=2\n")
        .complains("conflict: .env: B");
    merge(
        folder.path(),
        ".env",
        &["--theirs", ".env:A", "--ours", ".env"],
    )
    .exits(0);
    assert_eq!(read(folder.path().join("mine/.env")), "A=3\nB=2\n");
}

#[test]
fn a_dry_run_shows_the_difference_with_values_masked() {
    let folder = three("Caddyfile", ["a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"]);
    merge(folder.path(), "Caddyfile", &["--dry-run"])
        .exits(0)
        .prints("-c\n+C\n")
        .prints("kept mine: Caddyfile: line 1");
    assert_eq!(read(folder.path().join("mine/Caddyfile")), "A\nb\nc\n");
}

#[test]
fn a_result_of_its_own_has_the_mode_of_mine() {
    let folder = three("app.conf", ["a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"]);
    chmod(&folder.path().join("mine/app.conf"), 0o600);
    merge(folder.path(), "app.conf", &["-o", "out.conf"]).exits(0);
    let out = folder.path().join("out.conf");
    assert_eq!(read(&out), "A\nb\nC\n");
    assert_eq!(out.metadata().unwrap().mode() & 0o777, 0o600);
    assert_eq!(read(folder.path().join("mine/app.conf")), "A\nb\nc\n");
}

#[test]
fn what_cannot_be_read_is_wrong_usage() {
    let folder = three(".env", ["A=1\n", "A='1\n", "A=2\n"]);
    merge(folder.path(), ".env", &[])
        .exits(2)
        .complains("mine/.env:1: a quoted value has no end");
    merge(folder.path(), "none", &[])
        .exits(2)
        .complains("can't read `base/none`");
    transship(folder.path(), ["merge", "base", "mine", "theirs/.env"]).exits(2);
    let folder = three("compose.yml", ["a: 1\n", "a: [\n", "a: 2\n"]);
    merge(folder.path(), "compose.yml", &[])
        .exits(2)
        .complains("mine/compose.yml:1:4");
}

#[test]
fn folders_are_merged_file_by_file() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    put(
        root,
        ".env",
        [Some("A=1\n"), Some("A=2\n"), Some("A=1\nB=1\n")],
    );
    put(root, "etc/new/added.conf", [None, None, Some("x\n")]);
    put(root, "gone.conf", [Some("x\n"), Some("x\n"), None]);
    put(root, "gone-but-mine.conf", [Some("x\n"), Some("y\n"), None]);
    put(root, "own.conf", [None, Some("own\n"), None]);
    put(root, "removed.conf", [Some("x\n"), None, Some("x\n")]);
    put(root, "logo.png", [Some("\0a"), Some("\0b"), Some("\0c")]);
    symlink("own.conf", root.join("mine/link")).unwrap();
    let before = read(root.join("mine/.env"));
    merge_folders(root, &["--dry-run"]).exits(1);
    assert_eq!(read(root.join("mine/.env")), before);

    merge_folders(root, &["-o", "out"])
        .exits(1)
        .prints("conflict: logo.png")
        .prints("conflict: gone-but-mine.conf, they removed it")
        .prints("removed by them: gone.conf")
        .prints("removed by me: removed.conf")
        .prints("added by me: own.conf");
    assert_eq!(read(root.join("mine/.env")), before);
    let out = root.join("out");
    assert_eq!(read(out.join(".env")), "A=2\nB=1\n");
    assert_eq!(read(out.join("etc/new/added.conf")), "x\n");
    assert_eq!(read(out.join("gone-but-mine.conf")), "y\n");
    assert_eq!(
        fs::read_link(out.join("link")).unwrap(),
        Path::new("own.conf")
    );
    for gone in ["gone.conf", "removed.conf"] {
        assert!(!out.join(gone).exists(), "{gone}");
    }

    let answers = ["--theirs", "logo.png", "--theirs", "gone-but-mine.conf"];
    merge_folders(root, &answers).exits(0);
    assert_eq!(read(root.join("mine/logo.png")), "\0c");
    assert!(!root.join("mine/gone-but-mine.conf").exists());
    merge_folders(root, &answers).exits(0);
}

fn merge_folders(root: &Path, options: &[&str]) -> Ran {
    let command = ["merge", "base", "mine", "theirs"];
    transship(root, command.into_iter().chain(options.iter().copied()))
}

#[test]
fn compose_edits_are_carried_or_given_as_an_override() {
    let folder = three(
        "docker-compose.yml",
        [
            "services:\n  web:\n    image: a:1\n    ports: ['80:80']\n",
            "services:\n  web:\n    image: a:1\n    ports: ['8080:80']\n    mem_limit: 1g\n",
            "services:\n    web:\n        ports: ['80:80']\n        image: a:2\n",
        ],
    );
    merge(folder.path(), "docker-compose.yml", &["--as-override"])
        .exits(0)
        .prints("services:\n  web:\n    ports: !override [\"8080:80\"]\n    mem_limit: 1g\n");
    let mine = folder.path().join("mine/docker-compose.yml");
    assert!(read(&mine).contains("image: a:1"));
    merge(folder.path(), "docker-compose.yml", &[]).exits(0);
    assert_eq!(
        read(&mine),
        "services:\n    web:\n        ports: ['8080:80']\n        mem_limit: 1g\n        image: a:2\n"
    );
}

#[test]
fn git_takes_it_for_a_merge_driver() {
    if !need::program("git") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command
            .current_dir(root)
            .args(["-c", "user.name=x", "-c", "user.email=x"]);
        command.args(args).env("GIT_CONFIG_GLOBAL", "/dev/null");
        command
    };
    run(&mut git(&["init", "-q", "-b", "vendor"]));
    let driver = format!(
        "{} merge %O %A %B --path %P",
        env!("CARGO_BIN_EXE_transship")
    );
    run(&mut git(&["config", "merge.transship.driver", &driver]));
    fs::write(root.join(".gitattributes"), ".env merge=transship\n").unwrap();
    let commit = |text: &str| {
        fs::write(root.join(".env"), text).unwrap();
        run(&mut git(&["add", "."]));
        run(&mut git(&["commit", "-qm", "x"]));
    };
    commit("A=1\nB=1\n");
    run(&mut git(&["branch", "mine"]));
    commit("A=1\nB=2\n");
    run(&mut git(&["checkout", "-q", "mine"]));
    commit("A=2\nB=1\n");
    // Lines next to each other: git itself would see a conflict.
    run(&mut git(&["merge", "-q", "vendor"]));
    assert_eq!(read(root.join(".env")), "A=2\nB=2\n");
    commit("A=3\nB=2\n");
    run(&mut git(&["checkout", "-q", "vendor"]));
    commit("A=4\nB=2\n");
    assert!(
        !git(&["merge", "-q", "mine"])
            .output()
            .unwrap()
            .status
            .success()
    );
    assert_eq!(read(root.join(".env")), "A=4\nB=2\n");
    assert!(root.join(".env.merge").exists());
}

#[test]
fn a_result_is_never_looser_than_mine_and_new_files_belong_to_its_owner() {
    let folder = three("app.conf", ["a\nb\n", "A\nb\n", "a\nb\nc\n"]);
    let root = folder.path();
    chmod(&root.join("mine/app.conf"), 0o600);
    fs::write(root.join("out.conf"), "old\n").unwrap();
    chmod(&root.join("out.conf"), 0o644);
    merge(root, "app.conf", &["-o", "out.conf"]).exits(0);
    let mode = |name: &str| root.join(name).metadata().unwrap().mode() & 0o777;
    assert_eq!(mode("out.conf"), 0o600);
    if !need::root() {
        return;
    }
    let owned = |name: &str| {
        let metadata = root.join(name).metadata().unwrap();
        (metadata.uid(), metadata.gid())
    };
    for name in ["mine", "mine/app.conf"] {
        std::os::unix::fs::chown(root.join(name), Some(1234), Some(4321)).unwrap();
    }
    merge(root, "app.conf", &["-o", "new.conf"]).exits(0);
    assert_eq!(owned("new.conf"), (1234, 4321));
    fs::create_dir(root.join("theirs/etc")).unwrap();
    fs::write(root.join("theirs/etc/new.conf"), "x\n").unwrap();
    merge_folders(root, &[]).exits(0);
    for name in ["mine/app.conf", "mine/etc", "mine/etc/new.conf"] {
        assert_eq!(owned(name), (1234, 4321), "{name}");
    }
}

#[test]
fn answers_to_no_conflict_are_told() {
    let folder = three(".env", ["A=1\n", "A=2\n", "A=3\n"]);
    let ran = merge(
        folder.path(),
        ".env",
        &["--ours", ".env:A", "--theirs", ".env:B"],
    )
    .exits(0);
    let ran = ran.complains("`.env:B` answers no conflict");
    assert!(!ran.err.contains("`.env:A`"), "{}", ran.err);
}

#[test]
fn a_conflict_that_somebody_began_to_settle_is_kept() {
    let folder = three(".env", ["A=1\n", "A=2\n", "A=3\n"]);
    let marked = folder.path().join("mine/.env.merge");
    merge(folder.path(), ".env", &[]).exits(1);
    fs::write(&marked, "A=4\n").unwrap();
    merge(folder.path(), ".env", &[])
        .exits(1)
        .complains(".env.merge~");
    assert_eq!(read(folder.path().join("mine/.env.merge~")), "A=4\n");
    assert!(read(&marked).contains("<<<<<<< mine"));
    merge(folder.path(), ".env", &["--ours", ".env"])
        .exits(0)
        .complains("mine/.env.merge is of an earlier merge");
}

#[test]
fn what_is_secret_is_said_by_an_option_or_by_the_recipe() {
    let text = |value: &str, recipe: &str| {
        format!(
            "services:\n  web:\n    image: a:1\n    environment:\n      LICENSE: {value}\n{recipe}"
        )
    };
    let recipe = "x-transship: {secrets: [LICENSE], hooks: {}}\n";
    for (recipe, options) in [(recipe, &[][..]), ("", &["--secret", "license"])] {
        let [base, mine, theirs] = ["11", "22", "33"].map(|value| text(value, recipe));
        let folder = three("compose.yml", [&base, &mine, &theirs]);
        let options = [options, &["--dry-run"]].concat();
        let ran = merge(folder.path(), "compose.yml", &options).exits(1);
        let ran = ran
            .prints("services.web.environment.LICENSE")
            .prints("********");
        assert!(!ran.out.contains("22"), "{}", ran.out);
        let open = [&options[..], &["--show-secrets"]].concat();
        merge(folder.path(), "compose.yml", &open)
            .exits(1)
            .prints("22");
    }
}

#[test]
fn what_is_its_owners_alone_is_not_shown_by_a_dry_run() {
    let folder = three("app.conf", ["a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"]);
    chmod(&folder.path().join("mine/app.conf"), 0o600);
    let ran = merge(folder.path(), "app.conf", &["--dry-run"]).exits(0);
    let ran = ran.prints("app.conf would change, and is private: not shown");
    assert!(!ran.out.contains("+C"), "{}", ran.out);
}

#[test]
fn what_cannot_be_written_as_asked_is_wrong_usage() {
    let folder = three(".env", ["A=1\n", "A=1\n", "A=2\n"]);
    let root = folder.path();
    merge(root, ".env", &["-o", "-", "--json"])
        .exits(2)
        .complains("standard output");
    merge(root, ".env", &["--as-override"])
        .exits(2)
        .complains("is no compose file");
    merge_folders(root, &["-o", "-"]).exits(2);
    merge_folders(root, &["--as-override"]).exits(2);
    let text = "services: {web: {image: 'a:1'}}\n";
    let folder = three("compose.yml", [text; 3]);
    merge(
        folder.path(),
        "compose.yml",
        &["--as-override", "-o", "over.yml"],
    )
    .exits(0)
    .complains("nothing of yours to carry");
    assert!(!folder.path().join("over.yml").exists());
}

#[test]
fn a_file_is_known_by_the_whole_path_that_is_said() {
    let folder = three("x", ["A=1\n", "A=2\n", "A=3\n"]);
    let options = ["--path", "conf/.env", "-o", "-", "--theirs", "conf/.env:A"];
    let ran = merge(folder.path(), "x", &options).exits(0).prints("A=3\n");
    ran.complains("taken theirs: conf/.env: A (conf/.env:1)");
}

#[test]
fn a_key_in_a_variable_does_not_make_the_file_one() {
    let pem = "KEY='-----BEGIN KEY-----\nabc\n-----END KEY-----'\n";
    let [base, mine, theirs] =
        ["A=1\nB=1\n", "A=2\nB=1\n", "A=1\nB=2\n"].map(|text| format!("{pem}{text}"));
    let folder = three(".env", [&base, &mine, &theirs]);
    let ran = merge(folder.path(), ".env", &["-o", "-"]).exits(0);
    ran.prints(&format!("{pem}A=2\nB=2\n"));
}
