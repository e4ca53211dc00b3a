//! The plan is the release as it will be: what the files come to together is held against the
//! old release, and what an administrator wouldn't want is refused before anything is touched.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::common::program::{Ran, transship};

/// An install with two staged releases of the files given by path, and folders of volumes.
pub(super) struct TwoReleases(pub(super) tempfile::TempDir);

impl TwoReleases {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let install = Self(tempfile::tempdir().unwrap());
        fs::create_dir(install.0.path().join("volumes")).unwrap();
        for (name, text) in files {
            install.write(name, text);
        }
        install.run("init --current v1").exits(0);
        install
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn run(&self, command: &str) -> Ran {
        transship(self.0.path(), command.split(' '))
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap_or_else(|_| panic!("no {name}"))
    }
}

#[test]
fn a_volume_of_an_included_file_gets_its_own_name_and_its_images_are_retagged() {
    let top = "include: [infra/compose.yaml]\nservices:\n  app: {image: 'acme/app:v1'}\n";
    let infra = "services:\n  db:\n    image: acme/db:v1\n    volumes: ['data:/data']\nvolumes:\n  \
                 data:\n    name: acme_data\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", top),
        ("releases/v1/infra/compose.yaml", infra),
        ("releases/v2/compose.yaml", top),
        ("releases/v2/infra/compose.yaml", infra),
        ("volumes/acme_data/f", "1"),
    ]);
    install.run("plan v2").exits(0);
    install.run("apply").exits(0);
    let new = install.read("releases/v2/infra/compose.yaml");
    assert_eq!(
        new,
        infra.replace("acme_data", "v2_data").replace(":v1", ":v2")
    );
    assert_eq!(install.read("volumes/v2_data/f"), "1");
    install.run("conflicts v1 v2").exits(0);
}

#[test]
fn a_variable_that_keeps_an_old_image_is_named_and_can_be_kept() {
    let compose = "services:\n  app: {image: 'acme/app:${APP_TAG:-0.2.0}'}\n";
    let install = TwoReleases::new(&[
        (
            "releases/v1/compose.yaml",
            &compose.replace("0.2.0", "0.1.2"),
        ),
        ("releases/v2/compose.yaml", compose),
        ("releases/v1/.env", "APP_TAG=0.1.2\n"),
    ]);
    let ran = install.run("plan v2").exits(3);
    let ran = ran.complains("`app` would still run `acme/app:0.1.2`, and not `acme/app:0.2.0`");
    ran.complains("`--ours .env:APP_TAG`");
    let ran = install.run("plan v2 --ours .env:APP_TAG").exits(0);
    assert!(!ran.out.contains("answers no conflict"), "{}", ran.out);
    install.write("releases/v1/.env", "APP_TAG=0.2.0\n");
    install.run("plan v2").exits(0);
}

#[test]
fn data_under_another_key_is_found_by_its_service_and_place() {
    let old =
        "services:\n  db:\n    image: postgres:14\n    volumes: ['pg:/data']\nvolumes:\n  pg:\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", old),
        ("releases/v2/compose.yaml", &old.replace("pg:", "pghome:")),
        ("volumes/v1_pg/PG_VERSION", "14"),
    ]);
    let ran = install.run("plan v2").exits(3);
    let ran = ran.complains("`db` has `/data` in volume `pg` now");
    ran.complains("`renames: {volumes: {pg: pghome}}`");
    install.run("plan v2 --skip-volume pg").exits(0);
    install.write("transship.yml", "renames: {volumes: {pg: pghome}}\n");
    install.run("plan v2").exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("volumes/v2_pghome/PG_VERSION"), "14");
}

#[test]
fn data_that_moves_between_a_folder_and_a_volume_is_not_left_behind_unsaid() {
    let service = "services:\n  web:\n    image: acme/web\n    volumes: ['SOURCE:/cache']\n";
    let folder = service.replace("SOURCE", "./cache");
    let volume = service.replace("SOURCE", "cache") + "volumes:\n  cache:\n";
    for (old, new, said) in [
        (
            &folder,
            &volume,
            "in `cache` now and would have it in volume `cache`",
        ),
        (
            &volume,
            &folder,
            "in volume `cache` now and would have it in `cache`",
        ),
    ] {
        let install = TwoReleases::new(&[
            ("releases/v1/compose.yaml", old),
            ("releases/v1/cache/f", "1"),
            ("releases/v2/compose.yaml", new),
            ("volumes/v1_cache/f", "1"),
        ]);
        install.run("plan v2").exits(3).complains(said);
        install.run("plan v2 --skip-volume cache").exits(0);
    }
}

#[test]
fn pwd_is_the_releases_folder_wherever_one_stands() {
    let compose = "services:\n  db:\n    image: acme/db\n    volumes: ['${PWD}/data:/data']\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v1/data/f", "1"),
        ("releases/v2/compose.yaml", compose),
    ]);
    let root = install.0.path().to_str().unwrap();
    transship(Path::new("/"), ["plan", "v2", "-C", root]).exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/data/f"), "1");
}

#[test]
fn a_label_file_comes_along_and_a_missing_one_is_refused() {
    let compose = "services:\n  web: {image: acme/web, label_file: [labels]}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v2/compose.yaml", compose),
    ]);
    let ran = install.run("plan v2").exits(3);
    ran.complains("Compose will read `labels` of the new release");
    install.write("releases/v1/labels", "a=b\n");
    install.run("plan v2").exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/labels"), "a=b\n");
}

#[test]
fn a_conflict_that_nobody_has_answered_is_one_in_the_next_plan_too() {
    let shipped = "services:\n  web:\n    image: acme/web:1\n    user: a\n";
    let mine = shipped.replace("user: a", "user: b");
    let install = TwoReleases::new(&[
        ("pristine/compose.yaml", shipped),
        ("releases/v1/compose.yaml", &mine),
        (
            "releases/v2/compose.yaml",
            &shipped
                .replace("web:1", "web:2")
                .replace("user: a", "user: c"),
        ),
    ]);
    install.run("plan v2 --pristine pristine").exits(1);
    install.run("plan v2").exits(1).prints("conflict: ");
    let settled = mine.replace("web:1", "web:2");
    install.write(".transship/merge/v2/compose.yaml.merge", &settled);
    install.run("plan v2").exits(0).prints("as you resolved it");
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/compose.yaml"), settled);
}

#[test]
fn what_a_carried_symlink_leads_to_comes_along() {
    let compose = "services:\n  web: {image: 'acme/web:${TAG}', env_file: [app.env]}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v1/mail.conf", "TAG=7\n"),
        ("releases/v1/conf/app.env", "A=1\n"),
        ("releases/v2/compose.yaml", compose),
    ]);
    let old = install.0.path().join("releases/v1");
    symlink("mail.conf", old.join(".env")).unwrap();
    symlink("./conf/../conf/app.env", old.join("app.env")).unwrap();
    install.run("plan v2").exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/.env"), "TAG=7\n");
    assert_eq!(install.read("releases/v2/app.env"), "A=1\n");
}
