//! Installs and deliveries as people have them: symlinks, overrides, archives of other systems, recipes with
//! faults.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::common::install::run;
use crate::new_release::TwoReleases;

const COMPOSE: &str = "services:\n  web: {image: 'acme/web:v1'}\n";

#[test]
fn a_compose_file_that_is_a_symlink_is_edited_where_it_leads() {
    let install = TwoReleases::new(&[
        ("releases/v1/docker-compose.yml", COMPOSE),
        ("releases/v2/docker-compose.yml", COMPOSE),
    ]);
    for version in ["v1", "v2"] {
        let release = install.0.path().join("releases").join(version);
        let compose = release.join("docker-compose.yml");
        fs::rename(&compose, release.join("prod.yml")).unwrap();
        symlink("prod.yml", compose).unwrap();
    }
    install.run("plan v2").exits(0);
    install.run("apply").exits(0);
    assert_eq!(
        install.read("releases/v2/prod.yml"),
        COMPOSE.replace("v1", "v2")
    );
    let link = install.0.path().join("releases/v2/docker-compose.yml");
    assert_eq!(fs::read_link(link).unwrap().to_str(), Some("prod.yml"));
    install.run("rollback --discard --yes").exits(0);
    assert_eq!(install.read("releases/v2/prod.yml"), COMPOSE);
}

#[test]
fn a_place_that_leads_out_of_its_release_is_refused_before_anything_is_done() {
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", COMPOSE),
        ("releases/v1/conf/a.env", "A=1\n"),
        ("releases/v2/compose.yaml", COMPOSE),
        ("elsewhere/b.env", "B=1\n"),
    ]);
    let conf = install.0.path().join("releases/v2/conf");
    symlink("../../elsewhere", conf).unwrap();
    install.run("plan v2 --carry conf/a.env").exits(0);
    install
        .run("apply")
        .exits(3)
        .complains("leads out of its release");
    install.run("status").exits(0);
    assert_eq!(install.read("releases/v2/compose.yaml"), COMPOSE);
    assert!(!install.0.path().join("elsewhere/a.env").exists());
}

#[test]
fn a_volume_that_an_override_takes_away_gets_no_name() {
    let compose = COMPOSE.replace('}', ", volumes: ['data:/d']}") + "volumes:\n  data:\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", &compose),
        (
            "releases/v1/compose.override.yaml",
            "services:\n  web:\n    volumes: !override ['/mnt/nas:/d']\nvolumes:\n  data: !reset null\n",
        ),
        ("releases/v2/compose.yaml", &compose),
    ]);
    let asked = install.run("plan v2").exits(3);
    asked.complains("--share /mnt/nas");
    install.run("plan v2 --share /mnt/nas").exits(0);
    install.run("apply").exits(0);
    let carried = install.read("releases/v2/compose.override.yaml");
    assert_eq!(carried, install.read("releases/v1/compose.override.yaml"));
}

#[test]
fn an_error_in_a_recipe_names_the_file_that_has_it_with_line_and_column() {
    let vendors =
        format!("{COMPOSE}x-transship:\n  images: [acme/web]\n  volumes:\n    prefx: a\n");
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", COMPOSE),
        ("releases/v2/compose.yaml", COMPOSE),
        ("transship.yml", "images: [x]\ncary: [.env]\n"),
    ]);
    let at = |place: &str| format!("the recipe in `{place}` can't be understood");
    let own = install.0.path().join("transship.yml");
    let ran = install.run("plan v2").exits(2);
    ran.complains(&at(&format!("{}:2:1", own.display())))
        .complains("try: did you mean `carry`?");
    for (text, place) in [
        ("data: {}\n", ":1:1` asks for `data`"),
        ("images: [x]\nmerge: {ourz: []}\n", ":2:9` can't"),
        ("a: [\n", ":2:1` can't"),
        ("carry: [../x]\n", ":1:9: `../x` is not a path inside"),
        (
            "images: [a]\ncarry:\n  - .env\n  - {path: ../x, how: copy}\n",
            ":4:12: `../x` is not",
        ),
        ("images:\n  - a\n  - 5: 3\n", ":3:5` can't"),
        ("images: [5: 3]\n", ":1:10` can't"),
        ("volumes:\n  skip:\n    - a\n    - {b: c}\n", ":4:7` can't"),
        (
            "hooks:\n  before-stop:\n    run: [1, {a: b}]\n",
            ":2:3` can't",
        ),
        ("carry: [{path: a, how: union}]\n", ":1:24` asks for"),
        ("- a\n- b\n", ":1:1` can't"),
    ] {
        install.write("transship.yml", text);
        let ran = install.run("plan v2");
        assert!(
            ran.code != 0 && ran.err.contains(place),
            "{place}: {}",
            ran.err
        );
    }
    fs::remove_file(own).unwrap();
    install.write("releases/v2/compose.yaml", &vendors);
    let ran = install.run("plan v2").exits(2);
    ran.complains(&at("compose.yaml:6:5"))
        .complains("try: did you mean `prefix`?");
}

#[test]
fn what_a_mac_and_a_vendor_put_beside_a_release_is_no_part_of_it() {
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", COMPOSE),
        ("app-v2/compose.yaml", COMPOSE),
        ("app-v2/._conf", "mine"),
        ("README.md", "read me"),
    ]);
    let root = install.0.path();
    for name in ["._app-v2", "app-v2/._compose.yaml"] {
        fs::write(root.join(name), b"\0\x05\x16\x07\0\x02").unwrap();
    }
    let pack = |option: &str, archive: &str| {
        let mut tar = Command::new("tar");
        let args = [option, archive, "._app-v2", "app-v2", "README.md"];
        run(tar.arg("-C").arg(root).args(args).current_dir(root));
    };
    pack("-czf", "app-v2.tar.gz");
    install.run("plan v2 --from-release app-v2.tar.gz").exits(0);
    install.run("apply").exits(0);
    let entries = fs::read_dir(root.join("releases/v2")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["._conf", "compose.yaml"]);
}

#[test]
fn an_archive_that_is_not_read_is_refused_with_the_command_that_converts_it() {
    let install = TwoReleases::new(&[("releases/v1/compose.yaml", COMPOSE)]);
    for (name, magic, command) in [
        ("a b.zip", &b"PK\x03\x04"[..], "unzip '"),
        ("a.tar.xz", b"\xfd7zXZ\0", "xz -dc "),
        ("a.tar.bz2", b"BZh9", "bzip2 -dc "),
        ("a.tar.zst", b"\x28\xb5\x2f\xfd", "zstd -dc "),
    ] {
        let path = install.0.path().join(name);
        fs::write(&path, magic).unwrap();
        let args = ["plan", "v2", "--from-release", name];
        let ran = crate::common::program::transship(install.0.path(), args).exits(2);
        ran.complains(command);
    }
}

#[test]
fn a_zip_is_read_once_it_is_converted_as_it_is_told_with_a_folder_in_it_or_without() {
    if !crate::common::need::program("bsdtar") {
        return;
    }
    for top in ["", "app-v2/"] {
        let install = TwoReleases::new(&[("releases/v1/compose.yaml", COMPOSE)]);
        install.write(&format!("zipped/{top}compose.yaml"), COMPOSE);
        let root = install.0.path();
        let zip = ["-acf", "../app.zip", "."];
        run(Command::new("bsdtar")
            .args(zip)
            .current_dir(root.join("zipped")));
        let ran = install.run("plan v2 --from-release app.zip").exits(2);
        let told = ran.err.split('`').find(|part| part.starts_with("unzip"));
        // What unzips is there where tests are run.
        let script = told.unwrap().replace(" -d ", " -C ");
        let script = script.replacen("unzip ", "mkdir app && bsdtar -xf ", 1);
        run(Command::new("sh").args(["-c", &script]).current_dir(root));
        install.run("plan v2 --from-release app.tar.gz").exits(0);
        install.run("apply").exits(0);
        assert_eq!(
            install.read("releases/v2/compose.yaml"),
            COMPOSE.replace("v1", "v2")
        );
    }
}

#[test]
fn an_install_whose_path_has_a_dollar_is_planned_as_any_other() {
    let compose = COMPOSE.replace('}', ", volumes: ['./d:/d', 'v:/v']}") + "volumes: {v: }\n";
    let install = TwoReleases::new(&[
        ("in$t/releases/v1/compose.yaml", &compose),
        ("in$t/releases/v1/d/f", "1\n"),
        ("in$t/releases/v2/compose.yaml", &compose),
        ("in$t/volumes/v1_v/f", "1\n"),
        ("releases/v1/compose.yaml", COMPOSE),
    ]);
    for command in ["init --current v1", "plan v2", "apply"] {
        install.run(&format!("{command} -C in$t")).exits(0);
    }
    assert_eq!(install.read("in$t/releases/v2/d/f"), "1\n");
    assert_eq!(install.read("in$t/volumes/v2_v/f"), "1\n");
}

#[test]
fn a_rule_that_fits_no_image_is_told_what_would() {
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", COMPOSE),
        (
            "a.yaml",
            "services:\n  w: {image: &i 'reg.local:5000/acme/pg:16'}\n  x: {image: *i}\n  y: {extends: {service: w}}\n",
        ),
        ("first.yaml", "web:\n  image: nginx:1\n"),
    ]);
    let set = |rule: &str| install.run(&format!("image set {rule} -f a.yaml --dry-run"));
    set("*/pg=17").exits(2).complains("`**` doesn't");
    set("service:y=x:2")
        .exits(2)
        .complains("services with an image of their own are: w, x");
    set("*/*/pg=17").exits(0).complains("(also changes x)");
    set("service:w=x:2").exits(0).complains("(also changes x)");
    install
        .run("image ls -f first.yaml")
        .exits(0)
        .complains("without `services:`");
}

#[test]
fn what_an_override_says_of_a_service_that_is_gone_is_seen_without_compose() {
    let old = "services:\n  web: {image: 'acme/web:1'}\n  db: {image: 'acme/db:1'}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", old),
        (
            "releases/v1/compose.override.yaml",
            "services:\n  db: {hostname: mine, volumes: ['own:/d']}\n",
        ),
        (
            "releases/v2/compose.yaml",
            "services:\n  web: {image: 'acme/web:1'}\n",
        ),
    ]);
    let ran = install.run("plan v2").exits(3);
    let ran = ran.complains("compose.override.yaml:2:");
    let ran = ran.complains("`db` would have neither an image nor a build");
    ran.complains("`db` uses the volume `own`, which nothing of the new release defines");
}

#[test]
fn a_volumes_name_of_the_vendors_own_is_no_edit_of_the_administrators() {
    let old = "services:\n  web:\n    image: acme/web:1\n    volumes: ['pg:/d', \
               'files:/f']\nvolumes:\n  pg:\n    name: pg\n  files:\n    name: ${P:-acme}_files\n";
    let new = old.replace("web:1", "web:2");
    let install = TwoReleases::new(&[
        ("shipped/compose.yaml", old),
        (
            "releases/v1/compose.yaml",
            &(old.to_owned() + "x-mine: 1\n"),
        ),
        ("releases/v2/compose.yaml", &new),
        ("volumes/pg/f", "1"),
        ("volumes/acme_files/f", "1"),
    ]);
    install.run("plan v2 --pristine shipped").exits(0);
    install.run("apply").exits(0);
    let text = install.read("releases/v2/compose.yaml");
    let names = ["name: v2_pg", "name: v2_files", "x-mine: 1", "web:2"];
    assert!(names.iter().all(|name| text.contains(name)), "{text}");
}

#[test]
fn what_an_override_includes_and_extends_comes_along_with_what_that_reads() {
    let install = TwoReleases::new(&[
        ("releases/v1/docker-compose.yml", COMPOSE),
        ("releases/v2/docker-compose.yml", COMPOSE),
        (
            "releases/v1/docker-compose.override.yml",
            "include: [mine/side.yml]\nservices:\n  web: {extends: {file: mine/base.yml, service: base}}\n",
        ),
        (
            "releases/v1/mine/base.yml",
            "services:\n  base: {env_file: ./b.env}\n",
        ),
        ("releases/v1/mine/b.env", "B=1\n"),
        (
            "releases/v1/mine/side.yml",
            "services:\n  side:\n    image: acme/side:v1\n    volumes: ['./files:/f', 'kept:/k']\nvolumes:\n  kept:\n",
        ),
        ("releases/v1/mine/files/f", "f\n"),
        ("releases/v1/mine/unread.txt", "\n"),
        ("volumes/v1_kept/rows", "rows\n"),
    ]);
    let plan = install.run("plan v2").exits(0);
    let plan = plan.prints("carry releases/v1/mine/base.yml");
    plan.prints("mine/unread.txt");
    install.run("apply").exits(0);
    for name in ["mine/base.yml", "mine/b.env", "mine/files/f"] {
        let read = |version: &str| install.read(&format!("releases/{version}/{name}"));
        assert_eq!(read("v2"), read("v1"), "{name}");
    }
    let side = install.read("releases/v2/mine/side.yml");
    assert!(
        side.contains("acme/side:v2") && side.contains("name: v2_kept"),
        "{side}"
    );
    assert_eq!(install.read("volumes/v2_kept/rows"), "rows\n");
}

#[test]
fn data_behind_a_symlink_that_leads_out_is_a_question_of_whose_it_is() {
    let compose = COMPOSE.replace('}', ", volumes: ['./data:/d']}");
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", &compose),
        ("releases/v2/compose.yaml", &compose),
        ("shared/data/f", "1\n"),
    ]);
    let root = install.0.path().canonicalize().unwrap();
    symlink("../../shared/data", root.join("releases/v1/data")).unwrap();
    let data = root.join("shared/data").display().to_string();
    let asked = install.run("plan v2").exits(3);
    let asked = asked.complains(&format!("both releases would write `{data}` (web)"));
    asked.complains(&format!("--own {data}"));
    let plan = install.run(&format!("plan v2 --share {data}")).exits(0);
    assert!(!plan.out.contains("nobody asked"), "{}", plan.out);
    install.run("apply").exits(0).complains(&data);
    let link = fs::read_link(root.join("releases/v2/data")).unwrap();
    assert_eq!(link.to_str(), Some("../../shared/data"));
    install.run("rollback --discard --yes").exits(0);
    install.run(&format!("plan v2 --own {data}")).exits(0);
    install.run("apply").exits(0);
    let own = root.join("releases/v2/data");
    assert!(own.symlink_metadata().unwrap().is_dir());
    assert_eq!(install.read("releases/v2/data/f"), "1\n");
    install.run("rollback --discard --yes").exits(0);
    assert_eq!(install.read("shared/data/f"), "1\n");
}

#[test]
fn a_link_on_the_way_to_a_mounted_folder_is_asked_about_and_gives_way_to_a_copy() {
    let compose = COMPOSE.replace(
        '}',
        ", volumes: ['./volumes/db/pg:/d', './volumes/db/log:/l']}",
    );
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", &compose),
        ("releases/v1/volumes/own", "mine\n"),
        ("releases/v2/compose.yaml", &compose),
        ("shared/db/pg/f", "1\n"),
        ("shared/db/log/l", "2\n"),
    ]);
    let root = install.0.path().canonicalize().unwrap();
    symlink("../../../shared/db", root.join("releases/v1/volumes/db")).unwrap();
    let data = root.join("shared/db").display().to_string();
    // Only what is mounted comes along, as what it is.
    let plan = install.run("plan v2").exits(0);
    plan.prints("carry releases/v1/volumes/db/pg to releases/v2/volumes/db/pg");
    let asked = install.run("plan v2 --carry volumes").exits(3);
    let asked = asked.complains(&format!("both releases would write `{data}` (web)"));
    asked.complains(&format!("--own {data}"));
    install
        .run(&format!("plan v2 --carry volumes --own {data}"))
        .exits(0);
    install.run("apply").exits(0);
    assert!(
        root.join("releases/v2/volumes/db")
            .symlink_metadata()
            .unwrap()
            .is_dir()
    );
    assert_eq!(install.read("releases/v2/volumes/own"), "mine\n");
    assert_eq!(install.read("releases/v2/volumes/db/pg/f"), "1\n");
    assert_eq!(install.read("releases/v2/volumes/db/log/l"), "2\n");
}

#[test]
fn a_link_by_an_absolute_path_into_its_own_release_would_be_the_old_ones_data() {
    let compose = COMPOSE.replace('}', ", volumes: ['./data:/d']}");
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", &compose),
        ("releases/v1/pgdata/f", "1\n"),
        ("releases/v2/compose.yaml", &compose),
    ]);
    let root = install.0.path().canonicalize().unwrap();
    let data = root.join("releases/v1/pgdata");
    symlink(&data, root.join("releases/v1/data")).unwrap();
    let data = data.display().to_string();
    let asked = install.run("plan v2").exits(3);
    asked.complains(&format!("both releases would write `{data}` (web)"));
    install.run(&format!("plan v2 --own {data}")).exits(0);
    install.run("apply").exits(0);
    let own = root.join("releases/v2/data");
    assert!(own.symlink_metadata().unwrap().is_dir());
    assert_eq!(install.read("releases/v2/data/f"), "1\n");
}

#[test]
fn a_link_that_both_releases_have_leads_both_to_the_same_data() {
    let compose = COMPOSE.replace('}', ", volumes: ['./data:/d']}");
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", &compose),
        ("releases/v2/compose.yaml", &compose),
        ("shared/data/f", "1\n"),
    ]);
    let root = install.0.path().canonicalize().unwrap();
    for release in ["v1", "v2"] {
        symlink(
            "../../shared/data",
            root.join(format!("releases/{release}/data")),
        )
        .unwrap();
    }
    let data = root.join("shared/data").display().to_string();
    let asked = install.run("plan v2").exits(3);
    asked.complains(&format!("both releases would write `{data}` (web)"));
    let plan = install.run(&format!("plan v2 --share {data}")).exits(0);
    plan.prints(&data);
}
