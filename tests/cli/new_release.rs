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
    install
        .run("plan v2 --skip-volume pg --theirs compose.yaml")
        .exits(0);
    install.write("transship.yml", "renames: {volumes: {pg: pghome}}\n");
    install.run("plan v2 --theirs compose.yaml").exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("volumes/v2_pghome/PG_VERSION"), "14");
}

#[test]
fn a_folder_under_another_name_is_found_by_its_service_and_place_and_comes_along() {
    let old = "services:\n  db:\n    image: postgres:14\n    volumes: ['./data/pg:/data']\n";
    for (new, places, said) in [
        (
            old.replace("data/pg:", "pg:"),
            ("data/pg", "pg"),
            "`db` has `/data` in `data/pg` now and would have it in `pg`",
        ),
        // What the service is called may change with it.
        (
            old.replace("data/pg:", "storage/pg:")
                .replace("  db:", "  postgres:"),
            ("data/pg", "storage/pg"),
            "`db` has `/data` in `data/pg` now and would have it in `storage/pg` of `postgres`",
        ),
    ] {
        let (from, to) = places;
        let install = TwoReleases::new(&[
            ("releases/v1/compose.yaml", old),
            ("releases/v1/data/pg/PG_VERSION", "14"),
            ("releases/v2/compose.yaml", &new),
        ]);
        let recipe = format!("renames: {{folders: {{{from}: {to}}}}}");
        let ran = install.run("plan v2 --theirs compose.yaml").exits(3);
        ran.complains(said).complains(&format!("`{recipe}`"));
        install.write("transship.yml", &(recipe + "\n"));
        let ran = install.run("plan v2 --theirs compose.yaml").exits(0);
        assert!(!ran.out.contains("stays behind"), "{}", ran.out);
        // Once, under its new name.
        assert!(!ran.out.contains("carry releases/v1/data"), "{}", ran.out);
        install.run("apply").exits(0);
        let version =
            |release: &str, place| install.read(&format!("releases/{release}/{place}/PG_VERSION"));
        assert_eq!(
            (version("v1", from), version("v2", to)),
            ("14".into(), "14".into())
        );
        install.run("rollback").exits(0);
        assert_eq!(version("v1", from), "14");
    }
}

#[test]
fn a_folder_whose_parent_has_another_name_comes_along_with_all_below_it() {
    let old = "services:\n  db:\n    image: postgres:14\n    volumes: ['./data/pg:/data', './data/log:/log']\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", old),
        ("releases/v1/data/pg/PG_VERSION", "14"),
        ("releases/v1/data/log/1", "line"),
        ("releases/v2/compose.yaml", &old.replace("./data", "./var")),
    ]);
    install.run("plan v2 --theirs compose.yaml").exits(3);
    install.write("transship.yml", "renames: {folders: {./data: var/}}\n");
    install.run("plan v2 --theirs compose.yaml").exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/var/pg/PG_VERSION"), "14");
    assert_eq!(install.read("releases/v2/var/log/1"), "line");
    // Only what is below a release has a name there.
    install.write("transship.yml", "renames: {folders: {../data: var}}\n");
    install.run("plan v2 --theirs compose.yaml").exits(2);
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
        install
            .run("plan v2 --skip-volume cache --theirs compose.yaml")
            .exits(0);
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

#[test]
fn a_volume_that_nothing_uses_is_not_demanded_and_comes_along_where_it_is() {
    let compose = "services:\n  a: {image: 'acme/a'}\n  o: {image: 'acme/o', profiles: [oracle], \
                   volumes: ['oradata:/o']}\nvolumes:\n  oradata:\n  spare:\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v2/compose.yaml", compose),
    ]);
    let ran = install.run("plan v2").exits(0);
    ran.prints("volume `v1_oradata` isn't there, and nothing of v1 uses it");
    let ran = install.run("plan v2 --profile oracle").exits(3);
    ran.complains("volume `v1_oradata` (`volumes.oradata` of the old release) is not in");
    install.write("volumes/v1_oradata/f", "1");
    install.run("plan v2").exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("volumes/v2_oradata/f"), "1");
}

#[test]
fn a_variable_without_a_value_is_named_unless_it_had_none_before() {
    let old = "services:\n  m: {image: acme/m, environment: {A: '${A}', OLD: '${OLD}'}}\n";
    let new = old.replace("'${OLD}'", "'${OLD}', B: '${B}${B}', C: '${C:-c}', D: '$D'");
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", old),
        ("releases/v1/.env", "A=1\n"),
        ("releases/v2/compose.yaml", &new),
        ("releases/v2/.env.example", "A=1\nB=\nD=\n"),
    ]);
    let ran = install.run("plan v2").exits(3);
    ran.complains("unset: `B` (2 places), `D` (1 place)");
    install.write("releases/v1/.env", "A=1\nB=\nD=4\n");
    install.run("plan v2").exits(0);
}

#[test]
fn files_of_variables_are_named_as_compose_takes_them() {
    let compose = "services:\n  m: {image: 'acme/m:${TAG}', volumes: ['mv:/m']}\nvolumes:\n  mv: \
                   {name: '${PFX:-sentry}-mv'}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v1/.env", "TAG=1\n"),
        ("releases/v1/.env.custom", "PFX=own\n"),
        ("releases/v2/compose.yaml", compose),
        ("volumes/own-mv/f", "1"),
    ]);
    install.run("plan v2").exits(3);
    let both = "--env-file releases/v1/.env --env-file releases/v1/.env.custom";
    install.run(&format!("plan v2 {both}")).exits(0);
    let ran = install.run("apply").exits(0);
    ran.prints("transship up v2");
    assert_eq!(install.read("volumes/v2_mv/f"), "1");
    assert_eq!(install.read("releases/v2/.env.custom"), "PFX=own\n");
}

/// Two releases that use an external volume, a folder of the host, and a volume whose device is one.
fn with_data_outside() -> (TwoReleases, tempfile::TempDir) {
    let host = tempfile::tempdir().unwrap();
    let path = host.path().display().to_string();
    for name in ["files", "device"] {
        fs::create_dir(host.path().join(name)).unwrap();
        fs::write(host.path().join(name).join("f"), name).unwrap();
    }
    let compose = format!(
        "services:\n  db:\n    image: acme/db:v1\n    volumes:\n      - pg:/pg\n      - \
         dev:/dev-data\n      - {path}/files:/files # ours\n      - /etc/localtime:/etc/localtime\n\
         volumes:\n  pg:\n    external: true\n    name: app-pg\n  dev:\n    driver_opts: {{type: \
         none, o: bind, device: {path}/device}}\n"
    );
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", &compose),
        ("releases/v2/compose.yaml", &compose),
        ("volumes/app-pg/f", "rows"),
    ]);
    (install, host)
}

#[test]
fn data_outside_is_a_question_that_names_every_piece_of_it() {
    let (install, host) = with_data_outside();
    let path = host.path().display();
    let ran = install.run("plan v2").exits(3);
    let ran = ran.complains("both releases would write volume `app-pg` (db)");
    let ran = ran.complains(&format!("both releases would write `{path}/files` (db)"));
    let ran = ran.complains(&format!("both releases would write `{path}/device` (db)"));
    let ran = ran.complains("`--own pg` copies it for the new release");
    assert!(!ran.err.contains("localtime"), "{}", ran.err);
    install.run("apply").exits(2);
}

#[test]
fn data_outside_becomes_the_new_releases_own_and_stays_so_in_the_next() {
    let (install, host) = with_data_outside();
    let path = host.path().display();
    let own = format!("plan v2 --own pg --own {path}");
    install
        .run(&own)
        .exits(0)
        .prints("/pg: app-pg -> v2_pg (4 B)");
    install.run("apply").exits(0);
    let new = install.read("releases/v2/compose.yaml");
    let inside = format!("- ./own{path}/files:/files # ours");
    assert!(new.contains(&inside), "{new}");
    assert!(
        new.contains("    external: true\n    name: v2_pg\n"),
        "{new}"
    );
    let root = install.0.path().canonicalize().unwrap();
    let device = format!("device: {}/releases/v2/own{path}/device", root.display());
    assert!(new.contains(&device), "{new}");
    assert_eq!(install.read("volumes/v2_pg/f"), "rows");
    for name in ["files", "device"] {
        let copy = install.read(&format!("releases/v2/own{path}/{name}/f"));
        assert_eq!(copy, name);
    }
    // The vendor's next release is written as its first one.
    let vendors = install.read("releases/v1/compose.yaml");
    install.write("releases/v3/compose.yaml", &vendors);
    install.write(&format!("releases/v2/own{path}/files/f"), "newer");
    install
        .run("plan v3")
        .exits(3)
        .complains("the old one has that data in");
    let recipe = format!("volumes: {{own: [pg, {path}]}}\n");
    install.write("transship.yml", &recipe);
    install.run("plan v3").exits(0);
    install.run("apply").exits(0);
    assert_eq!(
        install.read(&format!("releases/v3/own{path}/files/f")),
        "newer"
    );
    assert_eq!(
        install.read(&format!("releases/v3/own{path}/device/f")),
        "device"
    );
    assert_eq!(install.read("volumes/v3_pg/f"), "rows");
    install.run("rollback --discard --yes").exits(0);
    let left = install.0.path().join("releases/v3/own");
    assert!(
        !left
            .join(host.path().strip_prefix("/").unwrap())
            .join("files")
            .exists()
    );
    assert_eq!(
        install.read(&format!("releases/v2/own{path}/files/f")),
        "newer"
    );
}

#[test]
fn what_is_shared_is_said_by_plan_and_apply_and_by_whoever_goes_back() {
    let (install, host) = with_data_outside();
    let path = host.path().display();
    let said = "volume `app-pg` (db) is both releases': what v2 writes there stays";
    let ran = install
        .run(&format!("plan v2 --share pg --share {path}"))
        .exits(0);
    let ran = ran.prints(said);
    ran.prints(&format!("`{path}/files` (db) is both releases'"));
    install.run("apply").exits(0).complains(said);
    install.run("rollback").exits(0).complains(said);
    let text = install.read("releases/v2/compose.yaml");
    assert!(
        text.contains("name: app-pg") && !text.contains("own/"),
        "{text}"
    );
    install.run("plan v2 --share pg --share /else").exits(3);
}

#[test]
fn the_services_are_told_one_by_one() {
    let old = "services:\n  web:\n    image: acme/web:v1\n    ports: ['80:80']\n  db:\n    image: \
               postgres:15\n    volumes: ['pg:/data']\n  same: {image: 'acme/same:1'}\n  gone: \
               {image: 'acme/gone:1', volumes: ['left:/l']}\nvolumes:\n  pg:\n  left:\n";
    let new = "services:\n  web:\n    image: acme/web:v2\n    ports: ['8080:80']\n  db:\n    image: \
               postgres:15\n    volumes: ['pg:/data', 'log:/log']\n  same: {image: 'acme/same:1'}\n  \
               ha: {image: 'acme/ha:2', network_mode: host, devices: ['/dev/ttyUSB0']}\nvolumes:\n  \
               pg:\n  log:\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", old),
        ("releases/v2/compose.yaml", new),
        ("volumes/v1_pg/f", "1234"),
        ("volumes/v1_left/f", "1"),
    ]);
    let ran = install.run("plan v2 --theirs compose.yaml").exits(0);
    ran.prints(
        "
Services
  db    postgres:15
        /data: v1_pg -> v2_pg (4 B)
        /log: v2_log, begins empty
  gone  gone: acme/gone:1
        /l: v1_left stays behind
  ha    new: acme/ha:2
        in the host's network: which ports it listens on isn't known
        uses /dev/ttyUSB0 of the host: one release at a time
  web   acme/web:v1 -> v2
        ports 80:80 -> 8080:80
  as before: same
Stays behind with v1: v1_left
",
    );
    let ran = install.run("plan v2 --json --theirs .").exits(0);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let changes = &json["changes"];
    assert_eq!(changes["stays_behind"][0], "v1_left");
    let services = changes["services"].as_array().unwrap();
    assert_eq!(services[0]["mounts"][0]["fate"], "copied");
    assert_eq!(services[0]["mounts"][0]["bytes"], 4);
    assert_eq!(services[2]["presence"], "new");
}
