//! The commands that need no install.

use std::fs;
use std::path::Path;

use super::common::install::Install;
use super::common::program::transship;

const COMPOSE: &str = "services:\n  web:\n    image: nginx:1.25 # pinned\n  db:\n    image: postgres:15\nvolumes:\n  data:\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("compose.yaml"), COMPOSE).unwrap();
    folder
}

fn compose(folder: &Path) -> String {
    fs::read_to_string(folder.join("compose.yaml")).unwrap()
}

#[test]
fn image_ls_shows_what_compose_would_run() {
    let folder = folder();
    fs::write(
        folder.path().join("compose.yaml"),
        COMPOSE.replace(":15", ":${PG:-15}"),
    )
    .unwrap();
    fs::write(folder.path().join(".env"), "PG=16\n").unwrap();
    transship(folder.path(), ["image", "ls"])
        .exits(0)
        .prints("db       postgres:16");
    let json = transship(folder.path(), ["image", "ls", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["images"][0]["image"], "postgres:16");
    assert_eq!(json["images"][0]["written"], "postgres:${PG:-15}");
}

#[test]
fn variables_that_are_taken_for_blank_are_named_with_the_number_of_their_places() {
    let folder = folder();
    let compose = "services:\n  a:\n    image: r/${X}a:${T}\n  b:\n    image: r/b:${T}\n";
    fs::write(folder.path().join("compose.yaml"), compose).unwrap();
    for command in [["image", "ls"], ["volume", "ls"]] {
        transship(folder.path(), command)
            .exits(0)
            .complains("unset, and taken for blank: `T` (2 places), `X` (1 place)");
    }
}

#[test]
fn image_set_edits_in_place_and_its_dry_run_shows_the_difference() {
    let folder = folder();
    let shown = transship(folder.path(), ["image", "set", "nginx=1.27", "--dry-run"]).exits(0);
    assert!(
        shown
            .out
            .contains("-    image: nginx:1.25 # pinned\n+    image: nginx:1.27 # pinned\n"),
        "{}",
        shown.out
    );
    assert_eq!(compose(folder.path()), COMPOSE);
    transship(folder.path(), ["image", "set", "nginx=1.27"])
        .exits(0)
        .complains("compose.yaml:3:");
    assert_eq!(compose(folder.path()), COMPOSE.replace("1.25", "1.27"));
    transship(folder.path(), ["image", "set", "nginx=1.27"])
        .exits(0)
        .complains("nothing to change");
    transship(folder.path(), ["image", "set", "apache=2"])
        .exits(2)
        .complains("nginx, postgres");
}

#[test]
fn image_set_over_several_files_needs_a_match_in_one() {
    let folder = folder();
    fs::write(
        folder.path().join("other.yml"),
        "services:\n  c:\n    image: caddy:2\n",
    )
    .unwrap();
    let args = [
        "image",
        "set",
        "caddy=2.8",
        "nginx=1.27",
        "-f",
        "compose.yaml",
        "-f",
        "other.yml",
    ];
    let json = transship(folder.path(), args.iter().copied().chain(["--json"]))
        .exits(0)
        .json();
    assert_eq!(
        json["files"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|file| file["changed"] == true)
            .count(),
        2
    );
    assert!(compose(folder.path()).contains("nginx:1.27"));
    let args = [
        "image",
        "set",
        "caddy=2.9",
        "nope=1",
        "-f",
        "compose.yaml",
        "-f",
        "other.yml",
    ];
    transship(folder.path(), args)
        .exits(2)
        .complains("no image matches `nope=1`");
    assert!(
        fs::read_to_string(folder.path().join("other.yml"))
            .unwrap()
            .contains("caddy:2.8")
    );
}

#[test]
fn volume_prefix_names_every_volume_and_volume_ls_shows_it() {
    let folder = folder();
    fs::create_dir_all(folder.path().join("volumes/v9_data")).unwrap();
    transship(folder.path(), ["volume", "prefix", "v9_"]).exits(0);
    assert_eq!(
        compose(folder.path()),
        COMPOSE.to_owned() + "    name: v9_data\n"
    );
    transship(folder.path(), ["volume", "ls"])
        .exits(0)
        .prints("volumes/v9_data");
    let json = transship(folder.path(), ["volume", "ls", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["volumes"][0]["name"], "v9_data");
}

#[test]
fn a_tree_is_copied_listed_and_verified() {
    let install = Install::new();
    let (source, copy) = ("volumes/v1_3_2_postgres_data", "copy");
    install
        .run(&["copy", source, copy, "--dry-run"])
        .exits(0)
        .prints("would copy");
    assert!(!install.at(copy).exists());
    let json = install
        .run(&["copy", source, copy, "--verify", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["verified"], true);
    install.run(&["verify", copy, source]).exits(0);
    for format in ["mtree", "sha256sum", "json"] {
        install
            .run(&["manifest", source, "--format", format, "-o", format])
            .exits(0);
        install.run(&["verify", copy, format]).exits(0);
    }
    install
        .run(&["manifest", source, "-o", "mtree"])
        .exits(3)
        .complains("exists already");
    fs::write(install.at("copy/PG_VERSION"), "16\n").unwrap();
    install
        .run(&["verify", copy, source])
        .exits(1)
        .prints("PG_VERSION: content");
    let json = install
        .run(&["verify", copy, "mtree", "--json"])
        .exits(1)
        .json();
    assert_eq!(json["same"], false);
    install
        .run(&["verify", copy, "nowhere"])
        .exits(2)
        .complains("nowhere");
}

#[test]
fn volumes_are_copied_by_name() {
    let install = Install::new();
    let args = ["volume", "copy", "v1_3_2_postgres_data", "mine", "--verify"];
    install.run(&args).exits(0).prints("verified");
    install
        .run(&["verify", "volumes/mine", "volumes/v1_3_2_postgres_data"])
        .exits(0);
    install
        .run(&["volume", "copy", "nope", "other"])
        .exits(3)
        .complains("no volume `nope`");
    assert!(!install.at("volumes/other").exists());
}

#[test]
fn releases_are_listed_staged_and_switched() {
    let install = Install::adopted();
    install
        .run(&[
            "release",
            "new",
            "v2.10.5",
            "--from-release",
            "v2.10.5.tar.gz",
            "--dry-run",
        ])
        .exits(0);
    assert!(!install.at("releases/v2.10.5").exists());
    install.stage();
    install
        .run(&["release", "use", "v2.10.5", "--dry-run"])
        .exits(0);
    assert_eq!(install.current(), "releases/v1.3.2");
    install
        .run(&["release", "use", "v2.10.5"])
        .exits(0)
        .prints("current is v2.10.5 (was v1.3.2)");
    assert_eq!(install.current(), "releases/v2.10.5");
    install
        .run(&["release", "ls"])
        .exits(0)
        .prints("v2.10.5  current");
    let json = install.run(&["release", "ls", "--json"]).exits(0).json();
    assert_eq!(json["releases"][1]["current"], true);
}

#[test]
fn colour_comes_when_it_is_asked_for() {
    let folder = folder();
    let args = ["image", "set", "nginx=1.27", "--dry-run"];
    assert!(!transship(folder.path(), args).out.contains('\u{1b}'));
    let always = transship(
        folder.path(),
        args.iter().copied().chain(["--color", "always"]),
    );
    assert!(always.out.contains("\u{1b}[32m+"), "{:?}", always.out);
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        transship(Path::new("/"), ["completions", shell])
            .exits(0)
            .prints("transship");
    }
}

#[test]
fn a_tag_in_a_variable_is_followed_into_its_default() {
    let folder = folder();
    let held = COMPOSE.replace(":15", ":${PG:-15}");
    fs::write(folder.path().join("compose.yaml"), &held).unwrap();
    let args = ["image", "set", "postgres=16"];
    transship(folder.path(), args).exits(2).complains("`PG`");
    transship(folder.path(), args.iter().copied().chain(["--tag-var"])).exits(0);
    assert_eq!(compose(folder.path()), held.replace("-15", "-16"));
}

#[test]
fn what_means_nothing_without_its_variable_is_told_and_the_rest_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let mounts = "['${APP_DATA_DIR}:/data', 'pg:/pg']";
    let text = format!(
        "services:\n  a:\n    image: acme/a:1\n    volumes: {mounts}\n  b:\n    image: acme/b:${{TAG:?}}\n    \
         ports: ['${{P}}x:80']\n    volumes: {mounts}\nvolumes:\n  pg:\n"
    );
    fs::write(folder.path().join("compose.yaml"), text).unwrap();
    let run = |command: &str| transship(folder.path(), command.split(' '));
    let said = "unset: `APP_DATA_DIR` (2 places), `P` (1 place), `TAG` (1 place); mounts and ports";
    run("image ls").exits(0).complains(said).prints("acme/a:1");
    run("volume ls").exits(0).complains(said).prints("pg ");
    run("image set acme/a=2").exits(0);
    let ran = run("conflicts compose.yaml compose.yaml -p other").exits(0);
    ran.complains("`APP_DATA_DIR` is unset");
    run("volume prefix x_ --dry-run").exits(0);
    run("diff compose.yaml compose.yaml").exits(0);
}

#[test]
fn an_image_rule_that_fits_nothing_names_the_one_that_does() {
    let folder = tempfile::tempdir().unwrap();
    let text = "services:\n  w: {image: 'registry.local:5000/acme/pg:16'}\n  ext: {extends: {service: \
                w}}\n  built: {build: .}\n";
    fs::write(folder.path().join("compose.yaml"), text).unwrap();
    for (rule, said) in [
        ("*/pg=17", "`**/pg=17` fits `registry.local:5000/acme/pg`"),
        (
            "registry.local:5000/*=17",
            "`registry.local:5000/**=17` fits",
        ),
        (
            "service:ext=x:2",
            "which it extends: `service:w=x:2` changes both",
        ),
        ("service:built=x:2", "`built` is built, and names no image"),
        ("service:none=x:2", "with an image of their own are: w"),
    ] {
        let ran = transship(folder.path(), ["image", "set", rule, "--dry-run"]);
        ran.exits(2).complains(said);
    }
}
