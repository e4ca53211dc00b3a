//! What both releases have is held against each other as Compose reads it: samples, overrides under
//! another name, files of variables of what is included.

use super::new_release::TwoReleases;

const ONE: &str = "services:\n  app: {image: 'acme/app:1'}\n";

#[test]
fn a_sample_of_variables_stays_the_vendors_and_says_what_is_meant() {
    let compose = "services:\n  app: {image: 'acme/app:${TAG}'}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v1/.env.example", "TAG=1\nOTHER=\n"),
        ("releases/v1/.env", "TAG=1\n"),
        ("releases/v2/compose.yaml", compose),
        ("releases/v2/.env.example", "TAG=2\nOTHER=\nNEWKEY=5\n"),
    ]);
    install
        .run("plan v2")
        .exits(3)
        .complains("`app` would still run `acme/app:1`, and not `acme/app:2`: `TAG`");
    let kept = install.run("plan v2 --ours .env:TAG").exits(0);
    assert!(!kept.out.contains(".env.example"), "{}", kept.out);
    assert!(kept.out.contains("`NEWKEY`") && !kept.out.contains("`OTHER`"));
    install.run("apply").exits(0);
    assert!(install.read("releases/v2/.env.example").contains("TAG=2"));
    assert_eq!(install.read("releases/v2/.env"), "TAG=1\n");
}

#[test]
fn a_tag_that_the_sample_had_before_is_the_administrators_to_choose() {
    let compose = "services:\n  app: {image: 'acme/app:${TAG}'}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v1/.env.example", "TAG=latest\n"),
        ("releases/v1/.env", "TAG=1\n"),
        ("releases/v2/compose.yaml", compose),
        ("releases/v2/.env.example", "TAG=latest\n"),
    ]);
    install.run("plan v2").exits(0);
}

#[test]
fn an_override_under_another_name_is_the_same_file() {
    let over = |port: &str| format!("services:\n  app: {{ports: ['{port}:80']}}\n");
    let (mine, shipped) = (over("8080"), over("80"));
    let new = "services:\n  app: {ports: ['80:80'], environment: {VENDOR: '1'}}\n";
    let install = TwoReleases::new(&[
        ("shipped/docker-compose.yml", ONE),
        ("shipped/docker-compose.override.yml", shipped.as_str()),
        ("releases/v1/docker-compose.yml", ONE),
        ("releases/v1/docker-compose.override.yml", mine.as_str()),
        ("releases/v2/docker-compose.yml", ONE),
        ("releases/v2/compose.override.yaml", new),
    ]);
    install.run("plan v2 --pristine shipped").exits(0);
    install.run("apply").exits(0);
    let merged = install.read("releases/v2/compose.override.yaml");
    assert_eq!(merged, new.replace("80:80", "8080:80"));
    let old_name = "releases/v2/docker-compose.override.yml";
    assert!(!install.0.path().join(old_name).exists());
}

#[test]
fn an_override_that_only_i_had_and_the_vendors_first_are_asked_about() {
    let over = |key: &str| format!("services:\n  app: {{environment: {{{key}: '1'}}}}\n");
    let (mine, theirs) = (over("MINE"), over("VENDOR"));
    let install = TwoReleases::new(&[
        ("shipped/compose.yaml", ONE),
        ("releases/v1/compose.yaml", ONE),
        ("releases/v1/compose.override.yaml", mine.as_str()),
        ("releases/v2/compose.yaml", ONE),
        ("releases/v2/docker-compose.override.yml", theirs.as_str()),
    ]);
    install
        .run("plan v2 --pristine shipped")
        .exits(1)
        .prints("docker-compose.override.yml");
}

#[test]
fn an_image_of_another_repository_is_not_replaced_unasked() {
    let install = TwoReleases::new(&[
        (
            "releases/v1/compose.yaml",
            "services: {app: {image: 'mine/app:v1'}}\n",
        ),
        ("releases/v1/docker-compose.yml", ONE),
        ("releases/v2/docker-compose.yml", ONE),
    ]);
    install.run("plan v2").exits(1).prints("docker-compose.yml");
    install.run("plan v2 --theirs docker-compose.yml").exits(0);
}

#[test]
fn the_variables_of_what_is_included_come_along_by_key() {
    let top = "include:\n  - {path: a/c.yml, env_file: a/x.env}\n";
    let inner = "services: {y: {image: 'acme/y:${T}', hostname: '${H:-h}'}}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", top),
        ("releases/v1/a/c.yml", inner),
        ("releases/v1/a/x.env", "T=1\nH=mine\n"),
        ("releases/v2/compose.yaml", top),
        ("releases/v2/a/c.yml", inner),
        ("releases/v2/a/x.env", "T=1\nNEW=2\n"),
    ]);
    install.run("plan v2").exits(0);
    install.run("apply").exits(0);
    let env = install.read("releases/v2/a/x.env");
    assert!(env.contains("H=mine") && env.contains("NEW=2"), "{env}");
}

#[test]
fn what_is_in_conflict_stands_alone_between_markers() {
    let compose = |image: u8, memory: u8, cpus: u8| {
        format!(
            "services:\n  web:\n    image: acme/web:{image}\n    mem_limit: {memory}g\n    cpus: {cpus}\n"
        )
    };
    let (base, mine, theirs) = (compose(1, 1, 1), compose(1, 2, 2), compose(2, 3, 3));
    let install = TwoReleases::new(&[
        ("shipped/compose.yaml", base.as_str()),
        ("releases/v1/compose.yaml", mine.as_str()),
        ("releases/v2/compose.yaml", theirs.as_str()),
    ]);
    install.run("plan v2 --pristine shipped").exits(1);
    assert_eq!(
        install.read(".transship/merge/v2/compose.yaml.merge"),
        "services:\n  web:\n    image: acme/web:2\n<<<<<<< mine\n    mem_limit: 2g\n    cpus: 2\n\
         ||||||| base\n    mem_limit: 1g\n    cpus: 1\n=======\n    mem_limit: 3g\n    cpus: 3\n\
         >>>>>>> theirs\n"
    );
}

#[test]
fn no_secret_of_a_mapping_in_one_line_is_shown() {
    let shipped = "services:\n  m: {image: 'acme/s:1', environment: {X: '1'}, command: ['-v']}\n";
    let mine = "services:\n  m: {image: 'acme/s:1', environment: {X: '1', URL: 'smtp://me:pa55@h', \
                DB_PASSWORD: 'toor99'}, command: ['--password=hunter3']}\n";
    let install = TwoReleases::new(&[
        ("shipped/compose.yaml", shipped),
        ("releases/v1/compose.yaml", mine),
        ("releases/v2/compose.yaml", shipped),
    ]);
    let ran = install.run("plan v2 --pristine shipped").exits(0);
    assert!(ran.out.contains("--password=********"), "{}", ran.out);
    for secret in ["pa55", "toor99", "hunter3"] {
        assert!(!ran.out.contains(secret), "{}", ran.out);
    }
}
