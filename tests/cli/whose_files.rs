//! Whose file is whose: what a plan carries, merges, asks about and leaves to the vendor.

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
    install.run("rollback --discard").exits(0);
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
    ran.complains(&at(&format!("{}:2:1", own.display())));
    for (text, place) in [
        ("hooks: {}\n", ":1:1` asks for `hooks`"),
        ("images: [x]\nmerge: {ourz: []}\n", ":2:9` can't"),
        ("a: [\n", ":2:1` can't"),
        ("carry: [../x]\n", ":1:1: `../x` is not a path inside"),
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
    ran.complains(&at("compose.yaml:6:5"));
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

/// A service that mounts `./conf` and reads `app.env`.
const WITH_CONF: &str = "services:\n  web:\n    image: acme/web:v1\n    env_file: [app.env]\n    volumes: ['./conf:/conf']\n";

/// Two releases of [`WITH_CONF`] with these files besides.
fn with_conf(files: &[(&str, &str)]) -> TwoReleases {
    let compose = WITH_CONF.replace(":v1", ":v2");
    let mut all = vec![
        ("releases/v1/compose.yaml", WITH_CONF),
        ("releases/v2/compose.yaml", compose.as_str()),
        ("releases/v1/app.env", "A=1\n"),
        ("releases/v2/app.env", "A=1\n"),
    ];
    all.extend(files);
    TwoReleases::new(&all)
}

#[test]
fn without_a_pristine_copy_a_file_that_both_have_is_a_question() {
    let files = [
        ("releases/v1/conf/app.conf", "limit = 1\n"),
        ("releases/v1/conf/mine.conf", "mine\n"),
        ("releases/v2/conf/app.conf", "limit = 2  # security fix\n"),
    ];
    let install = with_conf(&files);
    let ran = install.run("plan v2").exits(1);
    let ran = ran.prints("conflict: conf/app.conf").prints("+limit = 1\n");
    ran.prints("-limit = 2  # security fix\n");
    install.run("apply").exits(3).complains("`conf/app.conf");
    for (answer, expect) in [("--theirs", files[2].1), ("--ours", files[0].1)] {
        let install = with_conf(&files);
        install.run(&format!("plan v2 {answer} conf")).exits(0);
        install.run("apply").exits(0);
        assert_eq!(install.read("releases/v2/conf/app.conf"), expect);
        assert_eq!(install.read("releases/v2/conf/mine.conf"), "mine\n");
        install.run("rollback --discard").exits(0);
        assert_eq!(install.read("releases/v2/conf/app.conf"), files[2].1);
    }
}

#[test]
fn without_a_pristine_copy_files_of_keys_keep_my_values_and_get_the_vendors_new_keys() {
    let install = with_conf(&[
        ("releases/v1/.env", "PORT=8443\n"),
        ("releases/v2/.env", "PORT=443\nWORKERS=4\n"),
    ]);
    install.write("releases/v1/app.env", "A=mine\nB=2\n");
    install.write("releases/v2/app.env", "A=1\nNEW=3\n");
    install.run("plan v2").exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/.env"), "PORT=8443\nWORKERS=4\n");
    let env = install.read("releases/v2/app.env");
    for line in ["A=mine\n", "B=2\n", "NEW=3\n"] {
        assert!(env.contains(line), "{env}");
    }
}

#[test]
fn what_only_the_old_release_has_is_listed_where_nothing_uses_it() {
    let install = with_conf(&[
        ("releases/v1/backup.sh", "dump\n"),
        ("releases/v1/.pivot-db/p.db", "db"),
        ("releases/v1/conf/mine.conf", "mine\n"),
    ]);
    let ran = install.run("plan v2").exits(0);
    ran.prints("`.pivot-db`, `backup.sh`: only in v1, and stays behind");
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/conf/mine.conf"), "mine\n");
}

#[test]
fn without_a_pristine_copy_what_the_old_compose_file_says_otherwise_is_named() {
    let install = TwoReleases::new(&[
        (
            "releases/v1/compose.yaml",
            &COMPOSE.replace('}', ", mem_limit: 2g}"),
        ),
        ("releases/v2/compose.yaml", COMPOSE),
    ]);
    let ran = install.run("plan v2").exits(0);
    ran.prints(
        "compose.yaml of v1 says otherwise than v2, whose file is taken: `services.web.mem_limit`",
    );
}

#[test]
fn what_i_never_changed_and_the_vendor_removed_is_gone() {
    let compose = |version: &str| WITH_CONF.replace(":v1", &format!(":{version}"));
    let install = with_conf(&[
        ("pristine/compose.yaml", WITH_CONF),
        ("pristine/app.env", "A=1\n"),
        ("pristine/conf/index.php", "a\n"),
        ("pristine/conf/admin.php", "old hole\n"),
        ("pristine/conf/lib/a.php", "1\n"),
        ("pristine/conf/edited.php", "e\n"),
        ("releases/v1/conf/index.php", "a\n"),
        ("releases/v1/conf/admin.php", "old hole\n"),
        ("releases/v1/conf/lib/a.php", "1\n"),
        ("releases/v1/conf/edited.php", "mine\n"),
        ("releases/v1/conf/local.php", "mine\n"),
        ("releases/v2/conf/index.php", "b\n"),
        ("releases/v2/conf/lib/a.php", "1\n"),
    ]);
    let ran = install.run("plan v2 --pristine pristine").exits(0);
    let ran =
        ran.prints("`conf/admin.php`: not carried: v2 has it no longer, and you never changed it");
    let ran = ran
        .prints("3 files are as v2 has them, 1 of which its vendor has changed, and come with it");
    let ran = ran.prints("`conf/edited.php`: carried, though the vendor ships it no longer");
    let ran = ran.prints(
        "$ rsync -aHAX '--exclude=/admin.php' '--exclude=/index.php' '--exclude=/lib' \
         releases/v1/conf/ releases/v2/conf/\n",
    );
    assert!(!ran.out.contains("merge releases/v1/conf"), "{}", ran.out);
    install.run("apply").exits(0);
    let conf = install.0.path().join("releases/v2/conf");
    assert!(!conf.join("admin.php").exists());
    for (name, text) in [
        ("conf/index.php", "b\n"),
        ("conf/lib/a.php", "1\n"),
        ("conf/edited.php", "mine\n"),
        ("conf/local.php", "mine\n"),
        ("compose.yaml", &compose("v2")),
    ] {
        assert_eq!(install.read(&format!("releases/v2/{name}")), text, "{name}");
    }
}

#[test]
fn a_name_full_of_wildcards_leaves_out_itself_alone() {
    let star = "conf/*.example.org.conf";
    let pristine = format!("pristine/{star}");
    let (old, new) = (format!("releases/v1/{star}"), format!("releases/v2/{star}"));
    let install = with_conf(&[
        ("pristine/compose.yaml", WITH_CONF),
        ("pristine/app.env", "A=1\n"),
        (&pristine, "a\nb\nc\nd\ne\n"),
        (&old, "a\nb\nc\nd\nE\n"),
        (&new, "A\nb\nc\nd\ne\n"),
        ("releases/v1/conf/shop.example.org.conf", "mine\n"),
    ]);
    let ran = install.run("plan v2 --pristine pristine").exits(0);
    ran.prints(r#"$ rsync -aHAX "--exclude=/\\*.example.org.conf" releases/v1/conf/ releases"#);
    install.run("apply").exits(0);
    assert_eq!(install.read(&new), "A\nb\nc\nd\nE\n");
    assert_eq!(
        install.read("releases/v2/conf/shop.example.org.conf"),
        "mine\n"
    );
}

#[test]
fn a_large_file_of_the_vendors_is_known_by_its_digest() {
    let large = |first: &str| first.to_owned() + &"x".repeat(17 << 20);
    let install = with_conf(&[]);
    let root = install.0.path();
    for (version, text) in [("v3", "old"), ("v4", "new")] {
        let ship = |name: &str, text: &str| install.write(&format!("{version}/{name}"), text);
        ship("compose.yaml", COMPOSE);
        ship("images.tar", &large(text));
        let mut tar = Command::new("tar");
        run(tar
            .current_dir(root)
            .args(["-czf", &format!("{version}.tar.gz"), version]));
    }
    for from in ["v3", "v3.tar.gz"] {
        install
            .run(&format!("release new v3 --from-release {from}"))
            .exits(0);
        install.run("release use v3").exits(0);
        let next = from.replace('3', "4");
        let ran = install
            .run(&format!("plan v4 --from-release {next}"))
            .exits(0);
        assert!(ran.out.len() < 5_000, "{}", ran.out.len());
        install.run("apply").exits(0);
        assert_eq!(install.read("releases/v4/images.tar").get(..3), Some("new"));
        install.run("rollback --discard").exits(0);
        fs::write(root.join("releases/v3/images.tar"), large("own")).unwrap();
        let ran = install
            .run(&format!("plan v4 --from-release {next}"))
            .exits(1);
        ran.prints("conflict: images.tar, which can't be merged");
        install.run("apply").exits(3);
        install
            .run(&format!("plan v4 --from-release {next} --ours images.tar"))
            .exits(0);
        install.run("apply").exits(0);
        assert_eq!(install.read("releases/v4/images.tar").get(..3), Some("own"));
        install.run("rollback --discard").exits(0);
        install.run("release use v1").exits(0);
        for made in ["releases/v3", ".transship/pristine/v3"] {
            fs::remove_dir_all(root.join(made)).unwrap();
        }
    }
}

#[test]
fn the_archive_of_the_old_release_in_the_install_is_found() {
    let install = TwoReleases::new(&[
        (
            "releases/v1.0.0/compose.yaml",
            &COMPOSE.replace('}', ", mem_limit: 2g}"),
        ),
        ("releases/v1/compose.yaml", COMPOSE),
        ("releases/v2/compose.yaml", &COMPOSE.replace(":v1", ":v2")),
        ("app-1.0.0/compose.yaml", COMPOSE),
    ]);
    let root = install.0.path();
    let pack = |name: &str| {
        run(Command::new("tar")
            .current_dir(root)
            .args(["-czf", name, "app-1.0.0"]))
    };
    pack("app-1.0.0.tar.gz");
    let ran = install.run("plan v2 --from v1.0.0 --dry-run").exits(0);
    assert!(!ran.out.contains("it is not known"), "{}", ran.out);
    assert!(!root.join(".transship/pristine/v1.0.0").exists());
    let ran = install.run("plan v2 --from v1.0.0").exits(0);
    ran.complains("app-1.0.0.tar.gz` is taken for what the vendor shipped as v1.0.0");
    install.run("release use v1.0.0").exits(0);
    install.run("plan v2").exits(0);
    install.run("apply").exits(0);
    assert!(
        install
            .read("releases/v2/compose.yaml")
            .contains("mem_limit: 2g")
    );
}

#[test]
fn a_compose_file_that_the_vendor_renamed_is_merged_under_its_new_name() {
    let shipped = "services:\n  app:\n    image: acme/app:v1\n    ports: ['80:80']\n";
    let install = TwoReleases::new(&[
        ("pristine/docker-compose.yml", shipped),
        (
            "releases/v1/docker-compose.yml",
            &shipped.replace("80:80", "8080:80"),
        ),
        ("releases/v2/compose.yaml", &shipped.replace(":v1", ":v2")),
    ]);
    install.run("plan v2 --pristine pristine").exits(0);
    install.run("apply").exits(0);
    let merged = shipped.replace("80:80", "8080:80").replace(":v1", ":v2");
    assert_eq!(install.read("releases/v2/compose.yaml"), merged);
    assert!(
        !install
            .0
            .path()
            .join("releases/v2/docker-compose.yml")
            .exists()
    );
}

#[test]
fn a_file_with_conflict_markers_is_settled_by_answers() {
    let install = TwoReleases::new(&[("releases/v1/compose.yaml", COMPOSE)]);
    let marked = "A=1\n<<<<<<< HEAD\nB=mine\nOWN=1\n||||||| base\nB=0\n=======\nB=theirs\nNEW=1\n>>>>>>> v2\n";
    install.write("site.env", marked);
    let ran = install.run("merge --solve site.env").exits(1);
    ran.prints("conflict: site.env: B");
    assert_eq!(install.read("site.env"), marked);
    install
        .run("merge --solve site.env --theirs site.env:B --dry-run")
        .exits(0);
    assert_eq!(install.read("site.env"), marked);
    install
        .run("merge --solve site.env --theirs site.env:B")
        .exits(0);
    let settled = install.read("site.env");
    for line in ["A=1\n", "B=theirs\n", "OWN=1\n", "NEW=1\n"] {
        assert!(
            settled.contains(line) && !settled.contains("mine"),
            "{settled}"
        );
    }
    let ran = install.run("merge --solve site.env").exits(2);
    ran.complains("has no conflict between");
    install.run("merge --solve site.env a").exits(2);
    install.run("merge a b").exits(2);
}

#[test]
fn what_a_plan_left_to_be_settled_is_settled_by_merge_and_taken() {
    let install = TwoReleases::new(&[
        ("pristine/compose.yaml", COMPOSE),
        ("pristine/Caddyfile", "a\n"),
        ("releases/v1/compose.yaml", COMPOSE),
        ("releases/v1/Caddyfile", "mine\n"),
        ("releases/v2/compose.yaml", COMPOSE),
        ("releases/v2/Caddyfile", "theirs\n"),
    ]);
    install.run("plan v2 --pristine pristine").exits(1);
    let marked = ".transship/merge/v2/Caddyfile.merge";
    install
        .run(&format!("merge --solve {marked} --ours Caddyfile"))
        .exits(0);
    install.run("plan v2").exits(0).prints("as you resolved it");
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/Caddyfile"), "mine\n");
}

#[test]
fn folders_are_merged_across_a_renamed_compose_file() {
    let shipped = "services:\n  app:\n    image: acme/app:v1\n    ports: ['80:80']\n";
    let install = TwoReleases::new(&[
        ("pristine/docker-compose.yml", shipped),
        (
            "releases/v1/docker-compose.yml",
            &shipped.replace("80:80", "8080:80"),
        ),
        ("releases/v2/compose.yaml", &shipped.replace(":v1", ":v2")),
    ]);
    install
        .run("merge pristine releases/v1 releases/v2 -o merged")
        .exits(0);
    let merged = shipped.replace("80:80", "8080:80").replace(":v1", ":v2");
    assert_eq!(install.read("merged/compose.yaml"), merged);
    assert!(!install.0.path().join("merged/docker-compose.yml").exists());
}

#[test]
fn what_a_terminal_would_act_upon_is_shown_and_never_obeyed() {
    let evil =
        "services:\n  web:\n    image: \"acme/web:1\\e[31m\"\n    container_name: \"x\\e[2Jy\"\n";
    let conf = "limit = 1 \u{1b}]0;owned\u{7}\u{202e}\n";
    let install = with_conf(&[
        ("esc.yml", evil),
        ("releases/v1/conf/app.conf", conf),
        ("releases/v2/conf/app.conf", "limit = 2\n"),
    ]);
    for command in [
        "image ls -f esc.yml",
        "image set acme/web=2 -f esc.yml --dry-run",
        "plan v2",
    ] {
        let ran = install.run(command);
        let all = ran.out + &ran.err;
        assert!(
            !all.contains(['\u{1b}', '\u{7}', '\u{202e}']),
            "{command}: {all}"
        );
        assert!(all.contains("\\u{1b}"), "{command}: {all}");
    }
    let ran = install.run("merge releases/v1/conf releases/v1/conf releases/v2/conf --dry-run");
    assert!(ran.out.contains("\\u{202e}"), "{}", ran.out);
    // Data stays as it is.
    let ran = install.run("merge esc.yml releases/v1/conf/app.conf releases/v1/conf/app.conf -o -");
    assert_eq!(ran.exits(0).out, conf);
}
