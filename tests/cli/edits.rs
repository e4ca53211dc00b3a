//! What the editing commands do with their results, wherever they come from and go to.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::common::program::{Ran, transship};

const COMPOSE: &str = "services:\r\n  web:\r\n    image: nginx:${TAG:-1.25} # pinned\r\n  db:\r\n    image: postgres:15\r\n    volumes: ['/data/pg:/pg', '/data/x:/x:ro', 'own:/own']\r\nvolumes:\r\n  own:\r\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(env: Option<&str>) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("compose.yaml", COMPOSE);
        if let Some(env) = env {
            folder.write(".env", env);
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    fn run(&self, args: &[&str]) -> Ran {
        transship(self.path(), args.iter().copied())
    }
}

/// Runs it with the compose file on its standard input.
fn piped(folder: &Folder, args: &[&str]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_transship"))
        .args(args)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(COMPOSE.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn check_says_whether_something_would_change_and_changes_nothing() {
    let folder = Folder::new(None);
    let args = ["image", "set", "postgres=16", "--check"];
    folder
        .run(&args)
        .exits(1)
        .complains("postgres:15 -> postgres:16");
    assert_eq!(folder.read("compose.yaml"), COMPOSE);
    let shown = folder.run(&["image", "set", "postgres=16", "--check", "--dry-run"]);
    shown.exits(1).prints("+    image: postgres:16");
    folder.run(&["image", "set", "postgres=16"]).exits(0);
    folder.run(&args).exits(0).complains("nothing to change");
    for args in [
        ["volume", "prefix", "v9_", "--check"],
        ["volume", "rebase", "/data=/srv", "--check"],
    ] {
        folder.run(&args).exits(1);
    }
    let json = folder.run(&["volume", "prefix", "v9_", "--check", "--json"]);
    let json = json.exits(1).json();
    assert_eq!(json["dry_run"], true);
    assert_eq!(json["files"][0]["changed"], true);
}

#[test]
fn the_result_goes_to_a_new_file_or_to_standard_output() {
    let folder = Folder::new(None);
    let expect = COMPOSE.replace(":15", ":16");
    let args = ["image", "set", "postgres=16", "-o", "new.yaml"];
    folder.run(&args).exits(0);
    assert_eq!(folder.read("new.yaml"), expect);
    folder.run(&args).exits(0);
    let other = ["image", "set", "postgres=17", "-o", "new.yaml"];
    folder.run(&other).exits(3).complains("new.yaml");
    assert_eq!(folder.read("new.yaml"), expect);
    let stdout = folder
        .run(&["image", "set", "postgres=16", "-o", "-"])
        .exits(0);
    assert_eq!(stdout.out, expect);
    assert_eq!(folder.read("compose.yaml"), COMPOSE);
}

#[test]
fn a_file_on_standard_input_comes_out_on_standard_output() {
    let folder = Folder::new(None);
    let args = ["image", "set", "postgres=16", "-f", "-"];
    let ran = piped(&folder, &args).exits(0);
    assert_eq!(ran.out, COMPOSE.replace(":15", ":16"));
    let ran = piped(&folder, &["volume", "prefix", "v9_", "-f", "-"]).exits(0);
    assert_eq!(ran.out, COMPOSE.to_owned() + "    name: v9_own\r\n");
    let both = ["image", "set", "postgres=16", "-f", "-", "--json"];
    piped(&folder, &both).exits(2).complains("standard output");
    let to_file = [
        "image",
        "set",
        "postgres=16",
        "-f",
        "-",
        "--json",
        "-o",
        "x",
    ];
    assert_eq!(piped(&folder, &to_file).exits(0).json()["dry_run"], false);
    assert_eq!(folder.read("x"), COMPOSE.replace(":15", ":16"));
}

#[test]
fn one_output_can_not_take_two_results() {
    let folder = Folder::new(Some("TAG=1.26\n"));
    folder.write("other.yml", "services: {c: {image: postgres:15}}\n");
    let args = [
        "image",
        "set",
        "postgres=16",
        "-f",
        "compose.yaml",
        "-f",
        "other.yml",
        "-o",
        "x",
    ];
    folder.run(&args).exits(2).complains("one file");
    let args = ["image", "set", "nginx=2", "--tag-var", "-o", "x"];
    folder.run(&args).exits(2).complains("`.env`");
    assert!(!folder.path().join("x").exists());
}

#[test]
fn a_tag_in_env_is_changed_there_and_the_services_are_named() {
    let env = "# the tag\nexport TAG='1.26' # of nginx\nOTHER=1\n";
    let folder = Folder::new(Some(env));
    let args = ["image", "set", "nginx=1.27"];
    folder.run(&args).exits(2).complains("`TAG`");
    let args = ["image", "set", "nginx=1.27", "--tag-var"];
    folder
        .run(&args)
        .exits(0)
        .complains(".env:2:1: TAG: 1.26 -> 1.27 (also changes web)");
    assert_eq!(folder.read(".env"), env.replace("1.26", "1.27"));
    assert_eq!(folder.read("compose.yaml"), COMPOSE);
    folder.run(&args).exits(0);
    assert_eq!(folder.read(".env"), env.replace("1.26", "1.27"));
}

#[test]
fn a_tag_that_the_environment_hides_is_refused() {
    let folder = Folder::new(Some("TAG=1.26\n"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
    command
        .args(["image", "set", "nginx=1.27", "--tag-var"])
        .current_dir(folder.path())
        .env("TAG", "1.1");
    Ran::of(&mut command)
        .exits(2)
        .complains("set in the environment");
    assert_eq!(folder.read(".env"), "TAG=1.26\n");
}

#[test]
fn a_tag_made_of_other_variables_is_refused() {
    let folder = Folder::new(Some("BASE=1\nTAG=$BASE.26\n"));
    folder
        .run(&["image", "set", "nginx=1.27", "--tag-var"])
        .exits(2)
        .complains(".env:2:1: the value of `TAG` is made from other variables");
}

#[test]
fn another_env_file_is_read_and_edited_when_it_is_named() {
    let folder = Folder::new(Some("TAG=1.1\n"));
    folder.write("other.env", "TAG=1.26\n");
    let named = ["--env-file", "other.env"];
    let args = ["image", "ls", named[0], named[1]];
    folder.run(&args).exits(0).prints("nginx:1.26");
    let args = [
        "image",
        "set",
        "nginx=1.27",
        "--tag-var",
        named[0],
        named[1],
    ];
    folder.run(&args).exits(0);
    assert_eq!(folder.read("other.env"), "TAG=1.27\n");
    assert_eq!(folder.read(".env"), "TAG=1.1\n");
}

#[test]
fn the_environment_can_name_the_compose_files() {
    let folder = Folder::new(None);
    folder.write("other.yml", "services: {c: {image: caddy:2}}\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
    command
        .args(["image", "ls"])
        .current_dir(folder.path())
        .env("COMPOSE_FILE", "compose.yaml:other.yml");
    let ran = Ran::of(&mut command).exits(0).prints("caddy:2");
    ran.prints("postgres:15");
}

#[test]
fn data_of_the_host_is_listed_and_moved() {
    let folder = Folder::new(None);
    folder
        .run(&["volume", "ls", "--volumes", "."])
        .exits(0)
        .prints("SHARED FOLDER  WRITTEN BY  AT\n/data/pg       db          compose.yaml:6:");
    let json = folder.run(&["volume", "ls", "--volumes", ".", "--json"]);
    let json = json.exits(0).json();
    assert_eq!(json["shared"][0]["path"], "/data/pg");
    assert_eq!(json["shared"].as_array().unwrap().len(), 1);
    folder
        .run(&["volume", "prefix", "v9_", "--dry-run"])
        .exits(0)
        .complains("transship volume rebase /data/pg=DIR");
    let args = ["volume", "rebase", "/data=/srv/v2"];
    folder
        .run(&args)
        .exits(0)
        .complains("/data/pg:/pg -> /srv/v2/pg:/pg");
    assert_eq!(
        folder.read("compose.yaml"),
        COMPOSE.replace("/data/", "/srv/v2/")
    );
    folder.run(&args).exits(0).complains("nothing to change");
    folder
        .run(&["volume", "rebase", "/nope=/x"])
        .exits(2)
        .complains("what is mounted: /srv/v2/pg, /srv/v2/x");
    folder
        .run(&["volume", "rebase", "/x"])
        .exits(2)
        .complains("FROM=TO");
}

#[test]
fn what_is_no_compose_file_is_refused_and_not_passed_over() {
    let folder = Folder::new(None);
    for (text, expect) in [
        ("", "x.yml:1:1: the file is empty"),
        ("- a\n", "x.yml:1:1: the file is not a mapping"),
        ("volumes: [db]\n", "x.yml:1:10: `volumes` is not a mapping"),
    ] {
        folder.write("x.yml", text);
        for args in [
            &["image", "set", "nginx=2"][..],
            &["volume", "prefix", "v9_"],
            &["volume", "rebase", "/data=/x"],
            &["volume", "ls"],
            &["image", "ls"],
        ] {
            let ran = folder.run(&[args, &["-f", "x.yml"]].concat());
            ran.exits(2).complains(expect);
        }
        assert_eq!(folder.read("x.yml"), text);
    }
    let ran = folder.run(&["volume", "prefix", "v9_", "-f", "."]).exits(2);
    ran.complains("name the file itself");
}

#[test]
fn a_pipe_can_be_read_but_takes_no_result() {
    let folder = Folder::new(None);
    let ran = piped(&folder, &["volume", "prefix", "v9_", "-f", "/dev/stdin"]);
    ran.exits(3)
        .complains("`/dev/stdin` is not a regular file")
        .complains("-o FILE");
    let args = [
        "volume",
        "prefix",
        "v9_",
        "-f",
        "/dev/stdin",
        "-o",
        "no/x.yml",
    ];
    let ran = piped(&folder, &args).exits(3);
    ran.complains("there is no folder `no`");
    let args = [&args[..6], &["x.yml"]].concat();
    piped(&folder, &args).exits(0);
    assert!(folder.read("x.yml").contains("name: v9_own"));
}

#[test]
fn a_file_of_variables_that_is_named_has_to_be_there() {
    let folder = Folder::new(None);
    for args in [
        &["image", "set", "postgres=16"][..],
        &["volume", "prefix", "v9_"],
        &["image", "ls"],
    ] {
        let ran = folder.run(&[args, &["--env-file", "nope.env"]].concat());
        ran.exits(2).complains("nope.env");
    }
    assert_eq!(folder.read("compose.yaml"), COMPOSE);
}

#[test]
fn a_volume_that_keeps_its_name_is_told_with_the_reason() {
    let folder = Folder::new(None);
    folder.write(
        "compose.yaml",
        "volumes:\n  plain:\n  other: {name: x_other}\n  old: {name: v1_old}\n  nfs: {name: v1_nfs, \
         driver_opts: {type: nfs, o: addr=10.0.0.1, device: ':/x'}}\n",
    );
    let args = ["volume", "prefix", "v2_", "--replace", "v1_", "--dry-run"];
    let ran = folder.run(&args).exits(0).prints("+  old: {name: v2_old}");
    ran.complains("2:3: volume `plain` has no `name:` that begins with `v1_`")
        .complains("3:3: volume `other` is named `x_other`, which has another prefix")
        .complains("5:3: volume `nfs` is made of `nfs 10.0.0.1:/x`, whatever its name");
    let ran = folder.run(&["volume", "prefix", "a b"]).exits(2);
    ran.complains("`a b`: a name begins with a letter or digit");
}

#[test]
fn files_of_one_project_are_prefixed_together() {
    let folder = Folder::new(None);
    folder.write("a.yml", "volumes:\n  db:\n  e:\n");
    folder.write("b.yml", "volumes:\n  e: {external: true}\n");
    let args = ["volume", "prefix", "v9_", "-f", "a.yml", "-f", "b.yml"];
    folder
        .run(&args)
        .exits(0)
        .complains("a.yml:3:3: volume `e` is external");
    assert_eq!(
        folder.read("a.yml"),
        "volumes:\n  db:\n    name: v9_db\n  e:\n"
    );
    assert_eq!(folder.read("b.yml"), "volumes:\n  e: {external: true}\n");
    folder.write("b.yml", "volumes:\n  f: {name: v9_db}\n");
    let args = [&args[..], &["--only", "db"]].concat();
    let ran = folder.run(&args).exits(2);
    ran.complains("volumes `db` and `f` would both be named `v9_db`");
}

#[test]
fn a_tag_in_a_variable_without_a_value_gets_one_in_a_new_env_file() {
    let folder = Folder::new(None);
    folder.write(
        "compose.yaml",
        "services: {web: {image: 'acme/web:${TAG}'}}\n",
    );
    let set = ["image", "set", "acme/web=v2", "--tag-var"];
    folder.run(&[&set[..], &["--dry-run"]].concat()).exits(0);
    let env = folder.path().join(".env");
    assert!(!env.exists());
    folder.run(&set).exits(0);
    assert_eq!(folder.read(".env"), "TAG=v2\n");
    let mode = env.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it may come to hold secrets");
    folder.run(&["image", "ls"]).exits(0).prints("acme/web:v2");
    folder.run(&[&set[..], &["--check"]].concat()).exits(0);
}
