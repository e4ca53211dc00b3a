//! Compose files and files of variables that are symlinks: read wherever they lead, carried as what they are, and
//! never written through.

use std::fs;
use std::os::unix::fs::symlink;

use crate::new_release::TwoReleases;

const COMPOSE: &str = "services:\n  web: {image: 'acme/web:1'}\n";

fn linked(install: &TwoReleases, release: &str, name: &str, to: &str) {
    let path = install.0.path().join("releases").join(release).join(name);
    let _ = fs::remove_file(&path);
    symlink(to, path).unwrap();
}

fn link_of(install: &TwoReleases, name: &str) -> Option<String> {
    let link = fs::read_link(install.0.path().join(name)).ok()?;
    Some(link.to_str().unwrap().to_owned())
}

#[test]
fn an_override_that_all_releases_share_is_carried_as_the_link_that_it_is() {
    let over = "services:\n  web: {hostname: mine}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", COMPOSE),
        ("releases/v2/compose.yaml", COMPOSE),
        ("shared/over.yaml", over),
    ]);
    linked(
        &install,
        "v1",
        "compose.override.yaml",
        "../../shared/over.yaml",
    );
    install.run("plan v2").exits(0);
    install.run("apply").exits(0);
    let carried = link_of(&install, "releases/v2/compose.override.yaml");
    assert_eq!(carried.as_deref(), Some("../../shared/over.yaml"));
    install.run("rollback --discard --yes").exits(0);
    assert!(
        !install
            .0
            .path()
            .join("releases/v2/compose.override.yaml")
            .is_symlink()
    );
    // It can't be another release's and edited for this one.
    let own = "services:\n  own: {image: 'acme/own:v1'}\n";
    install.write("shared/over.yaml", own);
    let ran = install.run("plan v2").exits(3);
    ran.complains("`compose.override.yaml` would have to be edited and leads out of the release");
    assert_eq!(install.read("shared/over.yaml"), own);
}

#[test]
fn a_compose_file_that_leads_out_is_merged_by_what_it_leads_to() {
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", COMPOSE),
        ("releases/v2/compose.yaml", &COMPOSE.replace(":1", ":2")),
        ("shipped/compose.yaml", COMPOSE),
        (
            "shared/mine.yaml",
            &COMPOSE.replace("'}", "', hostname: mine}"),
        ),
    ]);
    linked(&install, "v1", "compose.yaml", "../../shared/mine.yaml");
    install.run("plan v2 --pristine shipped").exits(0);
    install.run("apply").exits(0);
    let merged = "services:\n  web: {image: 'acme/web:2', hostname: mine}\n";
    assert_eq!(install.read("releases/v2/compose.yaml"), merged);
    assert_eq!(link_of(&install, "releases/v2/compose.yaml"), None);
    install.run("rollback --discard --yes").exits(0);
    install.run("status").exits(0);
    let shared = install.read("shared/mine.yaml");
    assert_eq!(shared, COMPOSE.replace("'}", "', hostname: mine}"));
}

#[test]
fn a_compose_file_that_both_releases_share_is_read_and_not_written() {
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", COMPOSE),
        ("releases/v2/compose.yaml", COMPOSE),
        ("shared/both.yaml", COMPOSE),
        (
            "shared/other.yaml",
            &COMPOSE.replace("'}", "', hostname: mine}"),
        ),
    ]);
    for release in ["v1", "v2"] {
        linked(&install, release, "compose.yaml", "../../shared/both.yaml");
    }
    install.run("plan v2").exits(0);
    install.run("apply").exits(0);
    install.run("rollback --discard --yes").exits(0);
    assert_eq!(install.read("shared/both.yaml"), COMPOSE);
    linked(&install, "v1", "compose.yaml", "../../shared/other.yaml");
    let ran = install.run("plan v2").exits(3);
    ran.complains("is outside of the release");
}

#[test]
fn a_tag_is_set_in_the_file_that_env_leads_to() {
    let app = "services:\n  app: {image: 'acme/app:${TAG:-1}'}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", app),
        ("releases/v1/mail.conf", "TAG=1\n"),
        ("releases/v2/compose.yaml", app),
        ("shared/app.env", "TAG=1\n"),
    ]);
    linked(&install, "v1", ".env", "mail.conf");
    let plan = "plan v2 --image acme/app=2 --tag-var";
    install.run(plan).exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/mail.conf"), "TAG=2\n");
    assert_eq!(
        link_of(&install, "releases/v2/.env").as_deref(),
        Some("mail.conf")
    );
    assert_eq!(install.read("releases/v1/mail.conf"), "TAG=1\n");
    install.run("rollback --discard --yes").exits(0);
    assert!(!install.0.path().join("releases/v2/.env").is_symlink());
    linked(&install, "v1", ".env", "../../shared/app.env");
    let ran = install.run(plan).exits(3);
    ran.complains("`.env`, which leads out of the release");
    assert_eq!(install.read("shared/app.env"), "TAG=1\n");
}
