//! What the new release comes to once its files are carried and edited: what stands against it, and what
//! the plan tells of it.

use super::new_release::TwoReleases;

#[test]
fn a_folder_that_is_carried_stands_in_the_table_with_its_size() {
    let compose = "services:\n  web:\n    image: acme/web:1\n    volumes: ['./html:/w', './conf/a:/a:ro', \
                   './html/sub:/s']\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v2/compose.yaml", compose),
        ("releases/v1/html/sub/f", "1234"),
        ("releases/v1/conf/a", "1"),
    ]);
    let ran = install.run("plan v2").exits(0);
    ran.prints("/w: ./html, carried (4 B)\n")
        .prints("/s: ./html/sub, carried\n");
    let json = install.run("plan v2 --json").exits(0).json();
    let mounts = &json["changes"]["services"][0]["mounts"];
    assert_eq!(mounts.as_array().unwrap().len(), 2);
    assert_eq!(mounts[0]["fate"], "carried");
    assert_eq!(mounts[0]["new"], "./html");
}

#[test]
fn a_service_that_would_find_another_volume_s_data_is_asked_about() {
    let compose = |cache: &str| {
        format!(
            "services:\n  cache: {{image: 'acme/cache:1', volumes: ['{cache}:/data']}}\n  \
             db: {{image: 'acme/db:1', volumes: ['pg:/pg', 'index:/index', '{cache}:/also']}}\n\
             volumes: {{pg: {{}}, index: {{}}}}\n"
        )
    };
    let (old, new) = (compose("pg"), compose("index"));
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", old.as_str()),
        ("releases/v2/compose.yaml", new.as_str()),
        ("volumes/v1_pg/f", "1"),
        ("volumes/v1_index/f", "2"),
    ]);
    let plan = "plan v2 --theirs compose.yaml";
    let refused = install.run(plan).exits(3);
    refused
        .complains("`cache` has `/data` in volume `pg` now and would have it in volume `index`")
        .complains("with the data of `v1_index`")
        .complains("`db` has `/also` in volume `pg` now")
        .complains("--leave cache:/data");
    install
        .run(&format!("{plan} --leave cache:/data"))
        .exits(3)
        .complains("--leave db:/also");
    let beside = install
        .run(&format!(
            "{plan} --leave cache:/data --leave db:/also --beside"
        ))
        .exits(0);
    beside.prints("It is to run beside v1, and not in its place");
    // For good.
    let recipe = "volumes: {leave: ['cache:/data', 'db:/also']}\n";
    install.write("transship.yml", recipe);
    let in_its_place = install.run(plan).exits(0);
    assert!(!in_its_place.out.contains("beside"), "{}", in_its_place.out);
}

#[test]
fn a_file_of_variables_that_neither_release_has_is_named_unless_it_may_be_absent() {
    let compose = |required: bool| {
        format!(
            "services: {{web: {{image: 'acme/web:2', env_file: [{{path: app.env, required: {required}}}]}}}}\n"
        )
    };
    for (required, code) in [(true, 3), (false, 0)] {
        let install = TwoReleases::new(&[
            (
                "releases/v1/compose.yaml",
                "services: {web: {image: 'acme/web:1'}}\n",
            ),
            ("releases/v2/compose.yaml", compose(required).as_str()),
        ]);
        let ran = install
            .run("plan v2 --theirs compose.yaml --docker /bin/false --assume-stopped")
            .exits(code);
        let named = "Compose will read `app.env` of the new release, and neither release has it";
        assert_eq!(ran.err.contains(named), required, "{}", ran.err);
    }
}

#[test]
fn a_rule_of_the_recipe_follows_the_tag_into_its_variable_when_told() {
    let compose = "services: {web: {image: 'acme/web:${TAG:-1}'}}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v2/compose.yaml", compose),
        ("transship.yml", "images: ['acme/web={version}']\n"),
    ]);
    install
        .run("plan v2")
        .exits(2)
        .complains("pass `--tag-var`");
    install
        .run("plan v2 --tag-var")
        .exits(0)
        .prints("acme/web:1 -> v2");
}

#[test]
fn a_service_that_would_find_another_folder_s_data_is_asked_about() {
    let compose = |web: &str| {
        format!(
            "services:\n  web: {{image: 'acme/web:1', volumes: ['{web}:/data']}}\n  \
             db: {{image: 'acme/db:1', volumes: ['./a:/a', './b:/b']}}\n"
        )
    };
    let (old, new) = (compose("./a"), compose("./b"));
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", old.as_str()),
        ("releases/v2/compose.yaml", new.as_str()),
        ("releases/v1/a/f", "1"),
        ("releases/v1/b/f", "2"),
    ]);
    let plan = "plan v2 --theirs compose.yaml";
    install
        .run(plan)
        .exits(3)
        .complains("`web` has `/data` in `a` now and would have it in `b`, with the data of `b`")
        .complains("--leave web:/data");
    install.run(&format!("{plan} --leave web:/data")).exits(0);
}

#[test]
fn data_that_would_go_to_where_the_system_forgets_it_is_asked_about() {
    let compose = |web: &str| {
        format!(
            "services:\n  web: {{image: 'acme/web:1', volumes: ['{web}:/data']}}\nvolumes: {{data: }}\n"
        )
    };
    for (old, folder) in [
        ("./a", "/dev/shm/acme"),
        ("data", "/run/acme"),
        ("./a", "/dev"),
    ] {
        let (old, new) = (compose(old), compose(folder));
        let install = TwoReleases::new(&[
            ("releases/v1/compose.yaml", old.as_str()),
            ("releases/v2/compose.yaml", new.as_str()),
            ("releases/v1/a/f", "1"),
            ("volumes/v1_data/f", "1"),
        ]);
        install
            .run("plan v2 --theirs compose.yaml")
            .exits(3)
            .complains("`web` has `/data` in ")
            .complains(&format!("would have it in `{folder}`"));
    }
}

#[test]
fn a_file_that_is_in_the_old_release_and_not_here_is_pointed_at() {
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", "services: {}\n"),
        ("releases/v1/custom.env", "A=1\n"),
        ("releases/v2/compose.yaml", "services: {}\n"),
    ]);
    install
        .run("plan v2 --env-file custom.env")
        .exits(2)
        .complains("can't read `custom.env`")
        .complains("the one of v1 is `")
        .complains("releases/v1/custom.env`");
}
