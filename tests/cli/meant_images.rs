//! Every image of the new release is the one that is meant: whatever of the administrator's holds an old one
//! is named, wherever it stands, and a rule that leads to nothing isn't passed over.

use super::new_release::TwoReleases;

#[test]
fn a_variable_that_an_include_names_a_file_for_holds_an_old_image_like_one_of_env() {
    let compose = "include: [{path: db/compose.yaml, env_file: [db/base.env]}]\n";
    let db = "services: {db: {image: 'acme/db:${DB_TAG}'}}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v1/db/compose.yaml", db),
        ("releases/v1/db/base.env", "DB_TAG=1\n"),
        ("releases/v2/compose.yaml", compose),
        ("releases/v2/db/compose.yaml", db),
        ("releases/v2/db/base.env", "DB_TAG=2\nNEW=1\n"),
    ]);
    install
        .run("plan v2")
        .exits(3)
        .complains("`db` would still run `acme/db:1`, and not `acme/db:2`: `DB_TAG` holds it there")
        .complains("take `DB_TAG` out of `db/base.env`")
        .complains("--ours db/base.env:DB_TAG");
    install
        .run("plan v2 --ours db/base.env:DB_TAG")
        .exits(0)
        .prints("as before: db");
    install
        .run("plan v2 --image acme/db=2 --tag-var")
        .exits(0)
        .prints("acme/db:1 -> 2");
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/db/base.env"), "DB_TAG=2\nNEW=1\n");
    assert_eq!(install.read("releases/v1/db/base.env"), "DB_TAG=1\n");
}

#[test]
fn what_an_include_reads_and_only_the_administrator_has_comes_along() {
    let compose = "include: [{path: db/compose.yaml, env_file: [db/own.env]}, own/more.yaml]\n";
    let db = "services: {db: {image: 'acme/db:1', environment: {A: '${A}'}}}\n";
    let files = [
        ("releases/v1/compose.yaml", compose),
        ("releases/v1/db/compose.yaml", db),
        ("releases/v1/db/own.env", "A=mine\n"),
        (
            "releases/v1/own/more.yaml",
            "services: {more: {image: 'acme/more:1'}}\n",
        ),
        ("releases/v2/compose.yaml", compose),
        ("releases/v2/db/compose.yaml", db),
    ];
    let install = TwoReleases::new(&files);
    install.run("plan v2").exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/db/own.env"), "A=mine\n");
    assert!(
        install
            .read("releases/v2/own/more.yaml")
            .contains("acme/more")
    );
    // What neither has is named.
    let without: Vec<_> = files
        .iter()
        .copied()
        .filter(|(name, _)| !name.ends_with("own.env"))
        .collect();
    let install = TwoReleases::new(&without);
    install.run("plan v2").exits(2).complains("db/own.env");
}

#[test]
fn an_override_that_names_an_old_image_is_asked_about_where_the_vendor_has_another() {
    let compose = |tag: &str| {
        format!("services:\n  web: {{image: 'acme/web:{tag}'}}\n  cache: {{image: 'redis:7'}}\n")
    };
    let (old, new) = (compose("1.0"), compose("2.0"));
    let over =
        "services:\n  web: {image: 'own.example/web:1.0-patched'}\n  cache: {image: 'redis:6'}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", old.as_str()),
        ("releases/v1/compose.override.yaml", over),
        ("releases/v2/compose.yaml", new.as_str()),
    ]);
    let plan = "plan v2";
    let refused = install
        .run(plan)
        .exits(3)
        .complains("`web` would still run `own.example/web:1.0-patched`, and not `acme/web:2.0`")
        .complains("`compose.override.yaml` holds it there")
        .complains("--image service:web=acme/web:2.0")
        .complains("--ours compose.override.yaml:services.web.image");
    // The vendor has not changed that one.
    assert!(!refused.err.contains("redis"), "{}", refused.err);
    install
        .run(&format!("{plan} --image service:web=acme/web:2.0"))
        .exits(0);
    let kept = format!("{plan} --ours compose.override.yaml:services.web.image");
    let kept = install.run(&kept).exits(0);
    assert!(!kept.out.contains("answers no conflict"), "{}", kept.out);
    // For good.
    let recipe = "merge: {ours: ['compose.override.yaml:services.web.image']}\n";
    install.write("transship.yml", recipe);
    install.run(plan).exits(0);
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/compose.override.yaml"), over);
}

#[test]
fn a_rule_for_images_that_leads_to_nothing_is_refused() {
    let compose = "services:\n  web: {image: '${REGISTRY:-reg.example}/${GROUP}/web:${TAG:-1}'}\n  \
                   db: {image: 'acme/db:1'}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v1/.env", "GROUP=acme\n"),
        ("releases/v2/compose.yaml", compose),
    ]);
    install
        .run("plan v2 --image acme/bd=2")
        .exits(3)
        .complains("`acme/bd=2` names no image of the new release")
        .complains("acme/db, reg.example/acme/web");
    install
        .run("plan v2 --image reg.example/acme/web=2")
        .exits(3)
        .complains("would leave `web` at `reg.example/acme/web:1`")
        .complains("--tag-var");
    install
        .run("plan v2 --image reg.example/acme/web=2 --tag-var --image acme/db=2")
        .exits(0)
        .prints("reg.example/acme/web:1 -> 2")
        .prints("acme/db:1 -> 2");
    // A recipe may speak of more releases than this one.
    install.write("transship.yml", "images: ['acme/gone={version}']\n");
    install
        .run("plan v2")
        .exits(0)
        .prints("`acme/gone=v2` in the recipe names no image of the new release");
}

#[test]
fn an_images_tag_that_follows_the_release_is_told_and_can_be_kept() {
    let compose = |tag: &str| format!("services: {{cache: {{image: 'redis:{tag}'}}}}\n");
    let (base, mine, theirs) = (compose("7.0"), compose("7.2"), compose("7.4"));
    let install = TwoReleases::new(&[
        ("shipped/compose.yaml", base.as_str()),
        ("releases/v1/compose.yaml", mine.as_str()),
        ("releases/v2/compose.yaml", theirs.as_str()),
    ]);
    install
        .run("plan v2 --pristine shipped")
        .exits(0)
        .prints("`compose.yaml:services.cache.image`: you changed it, and has the vendor's tag");
    let kept = install
        .run("plan v2 --ours compose.yaml:services.cache.image")
        .exits(0);
    assert!(!kept.out.contains("answers no conflict"), "{}", kept.out);
    install.run("apply").exits(0);
    assert_eq!(install.read("releases/v2/compose.yaml"), mine);
}

#[test]
fn files_that_the_vendor_has_renamed_are_not_read_by_their_old_names() {
    let compose = |tag: &str| format!("services: {{web: {{image: 'acme/web:{tag}'}}}}\n");
    let (old, new) = (compose("1"), compose("2"));
    let more = "services: {web: {environment: {A: '1'}}}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/docker-compose.yml", old.as_str()),
        ("releases/v1/docker-compose.prod.yml", more),
        (
            "releases/v1/.env",
            "COMPOSE_FILE=docker-compose.yml:docker-compose.prod.yml\n",
        ),
        ("releases/v2/compose.yaml", new.as_str()),
        ("releases/v2/compose.prod.yaml", more),
        (
            "releases/v2/.env",
            "COMPOSE_FILE=compose.yaml:compose.prod.yaml\n",
        ),
    ]);
    install
        .run("plan v2")
        .exits(3)
        .complains("`COMPOSE_FILE` names `docker-compose.yml`, which the vendor calls `compose.yaml` now")
        .complains("`COMPOSE_FILE` names `docker-compose.prod.yml`, which the vendor calls `compose.prod.yaml`")
        .complains("--theirs .env:COMPOSE_FILE");
    install
        .run("plan v2 --theirs .env:COMPOSE_FILE")
        .exits(0)
        .prints("acme/web:1 -> 2");
    // One's own file alone is nobody else's.
    let install = TwoReleases::new(&[
        ("releases/v1/docker-compose.yml", old.as_str()),
        ("releases/v1/own.yml", old.as_str()),
        ("releases/v1/.env", "COMPOSE_FILE=own.yml\n"),
        ("releases/v2/docker-compose.yml", new.as_str()),
    ]);
    install.run("plan v2").exits(0);
}
