//! A variable that the administrator has set, and that the new release calls otherwise, doesn't give way to a
//! default without a word.

use crate::new_release::TwoReleases;

/// Both releases with these settings of a service, and `.env` of the old one's.
fn releases(old: &str, new: &str, env: &str) -> TwoReleases {
    let compose = |setting: &str| format!("services:\n  web: {{image: 'acme/web:1', {setting}}}\n");
    TwoReleases::new(&[
        ("releases/v1/compose.yaml", &compose(old)),
        ("releases/v2/compose.yaml", &compose(new)),
        ("releases/v1/.env", env),
    ])
}

const PLAN: &str = "plan v2 --theirs compose.yaml";

#[test]
fn a_value_that_would_give_way_to_a_default_is_asked_about() {
    for (old, new, value, place) in [
        (
            "ports: ['${WEB:-80}:80']",
            "ports: ['${HTTP:-80}:80']",
            "8080",
            "services.web.ports.80",
        ),
        (
            "environment: {URL: 'https://${WEB:-a}/'}",
            "environment: ['URL=https://${HTTP-a}/x']",
            "b",
            "services.web.environment.URL",
        ),
        (
            "volumes: ['${WEB:-./conf}:/conf:ro']",
            "volumes: [{type: bind, source: '${HTTP:-./conf}', target: /conf, read_only: true}]",
            "./mine",
            "services.web.volumes./conf",
        ),
        (
            "mem_limit: '${WEB}m'",
            "mem_limit: '${HTTP:-1}m'",
            "64",
            "services.web.mem_limit",
        ),
    ] {
        let install = releases(old, new, &format!("WEB={value}\n"));
        let told = format!(
            "`WEB` is set in `.env`, and the new release reads `HTTP` in its place, which isn't set: {place}"
        );
        let ran = install.run(PLAN).exits(3).complains(&told);
        ran.complains("--theirs .env:WEB");
        let ran = install.run(&format!("{PLAN} --theirs .env:WEB")).exits(0);
        assert!(!ran.out.contains("answers no conflict"), "{}", ran.out);
        install.write("releases/v1/.env", &format!("WEB={value}\nHTTP={value}\n"));
        install.run(PLAN).exits(0);
    }
}

#[test]
fn what_nothing_reads_any_longer_is_told() {
    let install = releases(
        "mem_limit: '${WEB:-1}m'",
        "mem_limit: 64m",
        "WEB=32\nMINE=1\n",
    );
    let ran = install.run(PLAN).exits(0);
    let told = "`WEB`: set in `.env`, and no compose file of v2 reads it as those of v1 do";
    let ran = ran.prints(told);
    assert!(!ran.out.contains("`MINE`"), "{}", ran.out);
}

#[test]
fn a_value_that_makes_no_difference_is_no_question() {
    let port = |name: &str| format!("ports: ['${{{name}:-80}}:80']");
    // It is the default, nobody has set it, or the new one is made of it.
    for (new, env) in [
        (port("HTTP_PORT"), "WEB_PORT=80\n"),
        (port("HTTP_PORT"), "OTHER=80\n"),
        (
            "ports: ['${HTTP_PORT:-${WEB_PORT:-80}}:80']".to_owned(),
            "WEB_PORT=8080\n",
        ),
    ] {
        releases(&port("WEB_PORT"), &new, env).run(PLAN).exits(0);
    }
}

#[test]
fn what_is_the_vendors_own_value_is_no_question() {
    let port = |name: &str| format!("ports: ['${{{name}:-80}}:80']");
    let install = releases(&port("WEB_PORT"), &port("HTTP_PORT"), "WEB_PORT=8080\n");
    install.write(
        "shipped/compose.yaml",
        &install.read("releases/v1/compose.yaml"),
    );
    install.write("shipped/.env", "WEB_PORT=8080\n");
    install.run("plan v2 --pristine shipped").exits(0);
    install.write("releases/v1/.env", "WEB_PORT=9090\n");
    install.run("plan v2 --pristine shipped").exits(3);
}

#[test]
fn the_vendors_new_variable_with_its_value_is_no_answer() {
    let port = |name: &str| format!("ports: ['${{{name}:-80}}:80']");
    let install = releases(&port("WEB_PORT"), &port("HTTP_PORT"), "WEB_PORT=8080\n");
    install.write("releases/v2/.env", "HTTP_PORT=80\n");
    let ran = install.run(PLAN).exits(3);
    ran.complains("reads `HTTP_PORT` in its place");
}

#[test]
fn of_an_image_the_registry_counts_and_the_tag_is_the_vendors() {
    let image = |name: &str, tag: &str| {
        format!("services:\n  web: {{image: '${{{name}:-docker.io}}/acme/web:${{{tag}:-1}}'}}\n")
    };
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", &image("MIRROR", "TAG")),
        ("releases/v2/compose.yaml", &image("MIRROR", "VERSION")),
        ("releases/v1/.env", "TAG=0\nMIRROR=reg.example.org\n"),
    ]);
    install.run(PLAN).exits(0);
    install.write("releases/v2/compose.yaml", &image("REGISTRY", "TAG"));
    let ran = install.run(PLAN).exits(3);
    ran.complains("reads `REGISTRY` in its place, which isn't set: services.web.image");
}
