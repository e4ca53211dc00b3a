//! Whose file is whose: what a plan carries, merges, asks about and leaves to the vendor.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::common::install::run;
use crate::new_release::TwoReleases;

const COMPOSE: &str = "services:\n  web: {image: 'acme/web:v1'}\n";

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
fn a_name_that_no_plan_can_hold_is_refused_or_stays_behind() {
    let compose = "services:\n  web: {image: 'acme/web:1'}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v1/own.conf", "\n"),
        ("releases/v2/compose.yaml", compose),
        ("shipped/compose.yaml", compose),
    ]);
    let name = OsStr::from_bytes(b"a\xffb");
    let release = install.0.path().join("releases/v1");
    fs::write(release.join(name), "x").unwrap();
    let ran = install.run("plan v2 --pristine shipped").exits(3);
    ran.complains(r"no plan can hold names that aren't UTF-8: `a\xffb`");
    let plan = "plan v2 --pristine shipped --carry own.conf";
    install.run(plan).exits(0).prints("Stays behind");
    install.run(&format!("{plan} --json")).exits(0);
    install.run("apply").exits(0);
    // What lies in a folder comes along with it, whatever it is called.
    install.run("rollback --discard --yes").exits(0);
    fs::create_dir(release.join("own")).unwrap();
    fs::rename(release.join(name), release.join("own").join(name)).unwrap();
    install.run("plan v2 --pristine shipped").exits(0);
    install.run("apply").exits(0);
    assert!(install.0.path().join("releases/v2/own").join(name).exists());
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
        install.run("rollback --discard --yes").exits(0);
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
    ran.prints("2 files and folders: .pivot-db, backup.sh");
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
    let ran = install.run("plan v2").exits(1);
    ran.prints("conflict: compose.yaml, yours says otherwise of `services.web.mem_limit`");
    let ran = install.run("plan v2 --theirs compose.yaml").exits(0);
    ran.prints(
        "compose.yaml of v1 says otherwise than v2, whose file is taken: `services.web.mem_limit`",
    );
}

#[test]
fn without_a_pristine_copy_a_file_that_differs_is_asked_about_whether_or_not_it_is_mounted() {
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", COMPOSE),
        ("releases/v1/bin/upgrade.sh", "echo mine\n"),
        ("releases/v1/logo.bin", "a\0b"),
        ("releases/v1/data/README", "1\n"),
        ("releases/v2/compose.yaml", COMPOSE),
        ("releases/v2/bin/upgrade.sh", "echo theirs\n"),
        ("releases/v2/logo.bin", "a\0c"),
        ("releases/v2/data/README", "2\n"),
    ]);
    let ran = install.run("plan v2").exits(1);
    let ran = ran.prints("conflict: bin/upgrade.sh:1");
    let ran = ran.prints("3 files are asked about; `--theirs .` takes the vendor's");
    ran.prints("+echo mine").prints("conflict: logo.bin");
    install
        .run("plan v2 --theirs . --ours bin/upgrade.sh")
        .exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/bin/upgrade.sh"), "echo mine\n");
    assert_eq!(install.read("releases/v2/data/README"), "2\n");
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
        install.run("rollback --discard --yes").exits(0);
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
        install.run("rollback --discard --yes").exits(0);
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

#[test]
fn what_my_compose_file_extends_comes_along_where_the_vendor_ships_it_no_longer() {
    let mine = "services:\n  web: {extends: {file: common.yaml, service: web}}\n";
    let files = [
        ("releases/v1/compose.yaml", mine),
        (
            "releases/v1/common.yaml",
            "services:\n  web: {image: 'acme/web:v1'}\n",
        ),
        (
            "releases/v2/compose.yaml",
            "services:\n  web: {image: 'acme/web:v2', restart: always}\n",
        ),
    ];
    let install = TwoReleases::new(&files);
    install.run("plan v2").exits(1);
    let plan = install.run("plan v2 --ours compose.yaml").exits(0);
    plan.prints("carry releases/v1/common.yaml to releases/v2/common.yaml");
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/compose.yaml"), mine);
    let common = install.read("releases/v2/common.yaml");
    assert_eq!(common, files[1].1.replace(":v1", ":v2"));

    // Through a link nothing comes.
    let install = TwoReleases::new(&files);
    let common = install.0.path().join("releases/v1/common.yaml");
    fs::rename(&common, install.0.path().join("elsewhere.yaml")).unwrap();
    std::os::unix::fs::symlink("../../elsewhere.yaml", &common).unwrap();
    let refused = install.run("plan v2 --ours compose.yaml").exits(3);
    refused.complains("Compose would read `common.yaml` of the new release");
}

#[test]
fn a_mode_that_was_chosen_stays_with_the_vendors_content_and_the_vendors_is_told_of() {
    use std::os::unix::fs::PermissionsExt;
    let install = with_conf(&[
        ("shipped/compose.yaml", WITH_CONF),
        ("shipped/app.env", "A=1\n"),
        ("shipped/conf/run", "a\n"),
        ("shipped/conf/key", "a\n"),
        ("releases/v1/conf/run", "mine\n"),
        ("releases/v1/conf/key", "a\n"),
        ("releases/v2/conf/run", "a\n"),
        ("releases/v2/conf/key", "b\n"),
    ]);
    let at = |name: &str| install.0.path().join("releases").join(name);
    let chmod = |name: &str, mode| {
        fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    chmod("v1/conf/key", 0o600);
    chmod("v2/conf/run", 0o755);
    install
        .run("plan v2 --pristine shipped")
        .exits(0)
        .prints("`conf/run`: v2 has it executable and v1 not, or the reverse");
    install.run("apply").exits(0);
    let mode = |name: &str| at(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("v2/conf/key"), 0o600);
    assert_eq!(install.read("releases/v2/conf/key"), "b\n");
    assert_eq!(install.read("releases/v2/conf/run"), "mine\n");
}
