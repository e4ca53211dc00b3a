//! What file commands take, `plan` takes, too, and it is kept: a tag in a variable, files of variables,
//! profiles.

use std::process::Command;

use crate::common::need;
use crate::common::program::Ran;
use crate::new_release::TwoReleases;

const APP: &str = "services:\n  app: {image: 'acme/app:${APP_TAG:-0.1.2}'}\n";

fn releases(env: &str) -> TwoReleases {
    TwoReleases::new(&[
        ("releases/v1/compose.yaml", APP),
        ("releases/v2/compose.yaml", &APP.replace("0.1.2", "0.2.0")),
        ("releases/v1/.env", env),
    ])
}

#[test]
fn a_tag_in_env_is_set_in_the_new_release_s_and_the_old_one_keeps_its_own() {
    let install = releases("A=1 # one\nAPP_TAG=0.1.2\n");
    let asked = install.run("plan v2 --image acme/app=0.3.0").exits(2);
    asked.complains("pass `--tag-var`");
    let plan = install
        .run("plan v2 --image acme/app=0.3.0 --tag-var")
        .exits(0);
    let plan = plan.prints("acme/app:0.1.2 -> 0.3.0");
    let plan = plan.prints("edit releases/v2/.env (1 place)");
    plan.prints("sed -i 's|^APP_TAG=.*|APP_TAG=0.3.0|' releases/v2/.env");
    install.run("apply").exits(0);
    assert_eq!(
        install.read("releases/v2/.env"),
        "A=1 # one\nAPP_TAG=0.3.0\n"
    );
    assert_eq!(
        install.read("releases/v1/.env"),
        "A=1 # one\nAPP_TAG=0.1.2\n"
    );
    assert_eq!(
        install.read("releases/v2/compose.yaml"),
        APP.replace("0.1.2", "0.2.0")
    );
    if need::compose() {
        let config = Command::new("docker")
            .args(["compose", "config", "--images"])
            .current_dir(install.0.path().join("releases/v2"))
            .output()
            .unwrap();
        assert_eq!(config.stdout, b"acme/app:0.3.0\n");
    }
    install.run("rollback --discard --yes").exits(0);
    assert!(!install.0.path().join("releases/v2/.env").exists());
}

#[test]
fn a_default_in_the_compose_file_is_set_there() {
    let install = releases("A=1\n");
    install
        .run("plan v2 --image acme/app=0.3.0 --tag-var")
        .exits(0);
    install.run("apply").exits(0);
    let compose = install.read("releases/v2/compose.yaml");
    assert_eq!(compose, APP.replace("0.1.2", "0.3.0"));
    install.run("rollback --discard --yes").exits(0);
    assert_eq!(
        install.read("releases/v2/compose.yaml"),
        APP.replace("0.1.2", "0.2.0")
    );
}

#[test]
fn a_tag_is_set_in_the_env_file_that_holds_it_and_refused_outside_of_the_release() {
    let install = releases("A=1\n");
    install.write("releases/v1/.env.custom", "APP_TAG=0.1.2\n");
    install.write("outside.env", "APP_TAG=0.1.2\n");
    let files = "--env-file releases/v1/.env --env-file releases/v1/.env.custom";
    install
        .run(&format!("plan v2 --image acme/app=0.3.0 --tag-var {files}"))
        .exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/.env.custom"), "APP_TAG=0.3.0\n");
    assert_eq!(install.read("releases/v1/.env.custom"), "APP_TAG=0.1.2\n");
    install.run("rollback --discard --yes").exits(0);
    let refused = install.run("plan v2 --image acme/app=0.3.0 --tag-var --env-file outside.env");
    refused
        .exits(3)
        .complains("outside.env`, which is outside of the release");
    let mut exported = Command::new(env!("CARGO_BIN_EXE_transship"));
    let args = ["plan", "v2", "--image", "acme/app=0.3.0", "--tag-var"];
    exported
        .args(args)
        .current_dir(install.0.path())
        .env("APP_TAG", "7");
    Ran::of(&mut exported)
        .exits(3)
        .complains("the environment, which wins");
}

#[test]
fn what_a_plan_was_made_with_is_told_by_status_and_used_by_up_and_stop() {
    let compose = "services:\n  web: {image: 'shell:${T}', command: sleep 9}\n  search: {image: 'shell:1', profiles: [find]}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v2/compose.yaml", compose),
        ("releases/v1/.env.custom", "T=1\n"),
    ]);
    install.run("plan v2 --project p12two --from-project p12one --env-file releases/v1/.env.custom --profile find").exits(0);
    install.run("apply").exits(0);
    let status = install.run("status").exits(0);
    status.prints("planned with --env-file releases/v1/.env.custom --profile find");
    if !need::docker() {
        return;
    }
    for (version, project) in [("v2", "p12two"), ("v1", "p12one")] {
        let folder = install.0.path().join("releases").join(version);
        let folder = folder.display();
        for verb in ["up", "stop"] {
            let ran = install.run(&format!("{verb} {version} --dry-run")).exits(0);
            let ran = ran.prints(&format!(
                "-p {project} --project-directory {folder} --env-file {folder}/.env.custom"
            ));
            ran.prints("--profile find");
        }
    }
    install.write("other.env", "T=1\n");
    let other = install
        .run("up v2 --dry-run --env-file other.env --profile x")
        .exits(0);
    let other = other.prints("/other.env").prints("--profile x");
    assert!(!other.out.contains(".env.custom"), "{}", other.out);
}

#[test]
fn the_next_plan_begins_with_what_the_last_one_was_made_with() {
    let compose = "services:\n  web: {image: 'web:${T}', volumes: ['data:/d']}\n  search: {image: 'web:1', \
                   profiles: [find], volumes: ['index:/i']}\nvolumes: {data: , index: }\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v2/compose.yaml", compose),
        ("releases/v3/compose.yaml", compose),
        ("releases/v1/.env.custom", "T=1\n"),
        ("volumes/old_data/f", "x"),
        ("volumes/old_index/f", "x"),
        ("other.env", "T=1\n"),
    ]);
    let first =
        "--project two --from-project old --env-file releases/v1/.env.custom --profile find";
    install.run(&format!("plan v2 {first}")).exits(0);
    install.run("apply").exits(0);
    let planned = |command: &str, told: &str| {
        let ran = install
            .run(&format!("{command} --json"))
            .exits(0)
            .complains(told);
        let request = &ran.json()["plan"]["request"];
        let list = |key: &str| request[key].to_string();
        format!(
            "{} {} {}",
            list("env_files"),
            list("profiles"),
            list("from_project")
        )
    };
    let told = "as in the last upgrade: --env-file releases/v2/.env.custom --profile find";
    assert_eq!(
        planned("plan v3", told),
        "[\"releases/v2/.env.custom\"] [\"find\"] \"two\""
    );
    assert_eq!(
        planned(
            "plan v3 --from-project x --env-file other.env --skip-volume data --skip-volume index",
            "--profile find"
        ),
        "[\"other.env\"] [\"find\"] \"x\""
    );
    install.run("plan v3").exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v3/.env.custom"), "T=1\n");
    assert_eq!(install.read("volumes/v3_index/f"), "x");
}
