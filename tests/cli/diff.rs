//! `transship diff`: what a release changes, for people, scripts and tickets.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::common::install::Install;
use super::common::program::{Ran, transship};

/// Two releases of fifty services, of which the second retags all and changes a few.
fn fifty() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (side, tag, level) in [("a", "v1.3.2", "info"), ("b", "v2.10.5", "debug")] {
        let mut text = "services:\n".to_owned();
        for number in 0..50 {
            writeln!(
                text,
                "  service{number:02}:\n    image: acme/part{number}:{tag} # part {number}\n    \
                 environment:\n      LOG: {level}\n      DATABASE: postgres://me:${{PW}}@db/x\n    \
                 ports: ['{}:80']",
                8000 + number
            )
            .unwrap();
            if side == "b" && number == 7 {
                text += "    mem_limit: 2g\n    volumes: ['./conf:/conf:ro']\n";
            }
        }
        if side == "b" {
            text += "  worker: {image: acme/worker:v2}\n";
        }
        let path = folder.path().join(side);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("compose.yml"), text).unwrap();
        let env = format!("PW=hunter22{side}\nTAG={tag}\nCITY=Ulm{side}\n");
        fs::write(path.join(".env"), env).unwrap();
        fs::write(path.join("Caddyfile"), format!("# {side}\n:80\n")).unwrap();
    }
    folder
}

fn diff(folder: &Path, args: &[&str]) -> Ran {
    transship(folder, ["diff"].into_iter().chain(args.iter().copied()))
}

#[test]
fn fifty_services_read_on_one_screen() {
    let folder = fifty();
    let ran = diff(folder.path(), &["a", "b"]).exits(1);
    let expect = "\
services
  ~ service00, service01, service02, service03, service04, service05 and 44 more: environment.LOG  info -> debug
  ~ service00, service01, service02, service03, service04, service05 and 44 more: image tag  v1.3.2 -> v2.10.5
  + service07: mem_limit  2g
  + service07: volumes./conf  ./conf:ro
  + worker  acme/worker:v2
.env
  ~ CITY  Ulma -> Ulmb
  ~ PW  ******** -> ******** (changed)
  ~ TAG  v1.3.2 -> v2.10.5
--- a/Caddyfile
+++ b/Caddyfile
@@ -1,2 +1,2 @@
-# a
+# b
 :80
";
    let text: Vec<_> = ran
        .out
        .lines()
        .filter(|l| !l.contains("DATABASE"))
        .collect();
    assert_eq!(text.join("\n") + "\n", expect);
    assert!(ran.out.lines().count() < 24);
}

#[test]
fn no_secret_is_shown_unless_it_is_asked_for() {
    let folder = fifty();
    for more in [&[][..], &["--stat"], &["--text"], &["--md"], &["--json"]] {
        let ran = diff(folder.path(), &[&["a", "b"], more].concat()).exits(1);
        assert!(!ran.out.contains("hunter22"), "{}", ran.out);
    }
    let open = diff(folder.path(), &["a", "b", "--show-secrets"]).exits(1);
    open.prints("PW  hunter22a -> hunter22b")
        .prints("CITY  Ulma -> Ulmb");
}

#[test]
fn scripts_get_every_setting_with_both_places() {
    let folder = fifty();
    let json = diff(folder.path(), &["a", "b", "--json"]).exits(1).json();
    assert_eq!(json["same"], false);
    let compose = json["compose"].as_array().unwrap();
    let image = compose
        .iter()
        .find(|change| change["name"] == "service31" && change["path"][0] == "image")
        .unwrap();
    assert_eq!(image["from"]["value"], "acme/part31:v1.3.2");
    assert_eq!(image["to"]["value"], "acme/part31:v2.10.5");
    assert_eq!(image["from"]["at"]["path"], "a/compose.yml");
    assert_eq!(json["env"][0]["changes"][2]["to_line"], 2);
    let same = diff(folder.path(), &["a", "a", "--json"]).exits(0).json();
    assert_eq!(same["same"], true);
    assert!(diff(folder.path(), &["a", "a"]).exits(0).out.is_empty());
}

#[test]
fn a_ticket_gets_tables() {
    let folder = fifty();
    let ran = diff(folder.path(), &["a", "b", "--md"]).exits(1);
    let ran = ran.prints("# a to b\n\n## services\n\n| name | setting | before | after |\n");
    let ran = ran.prints("service48, service49 | image tag | v1.3.2 | v2.10.5 |");
    let ran = ran.prints("| worker | added |  | acme/worker:v2 |");
    ran.prints("| TAG | changed | v1.3.2 | v2.10.5 |")
        .prints("- `Caddyfile: content");
    let same = diff(folder.path(), &["a", "a", "--md"]).exits(0);
    same.prints("Nothing differs.");
}

#[test]
fn stat_lists_and_text_shows_the_lines_of_compose_files() {
    let folder = fifty();
    let ran = diff(folder.path(), &["a", "b", "--stat"]).exits(1);
    let ran = ran.prints("  ~ Caddyfile: content");
    assert!(!ran.out.contains("@@"), "{}", ran.out);
    let ran = diff(folder.path(), &["a", "b", "--text"]).exits(1);
    ran.prints("+    image: acme/part49:v2.10.5 # part 49\n");
}

#[test]
fn a_compose_file_in_another_layout_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "a.yml",
        "services:\n  web:\n    image: x # c\n    environment: [A=1]\n",
    );
    write(
        "b.yml",
        "services: {web: {environment: {A: 1}, image: 'x'}}\n",
    );
    let ran = diff(folder.path(), &["a.yml", "b.yml"]).exits(1);
    ran.prints("content, but no setting differs");
}

#[test]
fn what_compose_would_refuse_is_compared_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("a.yml", "services: {web: {image: 'x:${T?}'}}\n");
    write("b.yml", "services: {web: {image: 'y:${T?}'}}\n");
    let ran = diff(folder.path(), &["a.yml", "b.yml"]).exits(1);
    ran.prints("+services: {web: {image: 'y:${T?}'}}")
        .complains("compared as text");
}

#[test]
fn two_files_are_compared_as_what_they_are() {
    let folder = fifty();
    let ran = diff(folder.path(), &["a/.env", "b/.env"]).exits(1);
    assert!(ran.out.starts_with("variables\n"), "{}", ran.out);
    let ran = diff(folder.path(), &["a/Caddyfile", "b/Caddyfile"]).exits(1);
    ran.prints("+# b\n");
    let ran = diff(folder.path(), &["a/compose.yml", "b/compose.yml"]).exits(1);
    ran.prints("+ worker  acme/worker:v2");
    diff(folder.path(), &["a", "b/.env"])
        .exits(2)
        .complains("not both folders");
}

#[test]
fn releases_are_told_apart_by_name() {
    let install = Install::adopted();
    install.stage();
    let ran = install.run(&["diff", "v1.3.2", "v2.10.5"]).exits(1);
    let ran = ran.prints("caddy: image tag  2.7-alpine -> 2.8-alpine");
    let ran = ran.prints("- etc/ssl/site.key: file is gone");
    assert!(
        !ran.out.contains("correct-horse") && !ran.out.contains("change-me"),
        "{}",
        ran.out
    );
    install.run(&["diff", "v1.3.2", "v1.3.2"]).exits(0);
    install
        .run(&["diff", "v1.3.2", "v9"])
        .exits(2)
        .complains("neither a folder");
}

#[test]
fn volumes_are_compared_by_the_manifests_that_upgrades_kept() {
    let install = Install::adopted();
    install.stage();
    let manifests = install.at(".transship/manifests");
    for (release, name, text) in [
        ("v1.3.2", "v1_3_2_postgres_backups", "one"),
        ("v2.10.5", "insight_postgres_backups", "other"),
    ] {
        let tree = install.at("tree");
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join("dump"), text).unwrap();
        fs::create_dir_all(manifests.join(release)).unwrap();
        let file = manifests.join(release).join(format!("{name}.mtree"));
        let file = file.to_str().unwrap();
        install.run(&["manifest", "tree", "-o", file]).exits(0);
    }
    let ran = install
        .run(&["diff", "v1.3.2", "v2.10.5", "--stat"])
        .exits(1);
    ran.prints("volume postgres_backups\n  ~ dump: 3 -> 5 bytes\n");
}

#[test]
fn a_secret_that_did_not_change_is_masked_where_it_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for (side, base) in [("a", "one"), ("b", "two")] {
        let path = folder.path().join(side);
        fs::create_dir(&path).unwrap();
        let text = format!(
            "services:\n  web:\n    image: a:1\n    environment:\n      CONN: db;hunter22;{base}\n      \
             OPTS: -Dx.Password=tiger -D{base}\n      LICENSE: {base}4711\n\
             x-transship: {{secrets: [LICENSE]}}\n"
        );
        fs::write(path.join("compose.yml"), text).unwrap();
        fs::write(path.join(".env"), "DB_PW=hunter22\n").unwrap();
    }
    for more in [&[][..], &["--md"], &["--json"]] {
        let ran = diff(folder.path(), &[&["a", "b"], more].concat()).exits(1);
        for secret in ["hunter22", "tiger", "4711"] {
            assert!(!ran.out.contains(secret), "{}", ran.out);
        }
        assert!(ran.out.contains("********;two"), "{}", ran.out);
    }
}

#[test]
fn pipes_are_compared_as_what_is_in_them() {
    let script = "exec \"$0\" diff <(printf 'services: {w: {image: \"a:1\"}}') \
                  <(printf 'services: {w: {image: \"a:2\"}}')";
    let mut command = std::process::Command::new("bash");
    let ran = Ran::of(command.args(["-c", script, env!("CARGO_BIN_EXE_transship")]));
    ran.exits(1).prints("w: image tag  1 -> 2");
}
