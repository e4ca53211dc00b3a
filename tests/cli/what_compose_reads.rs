//! Whatever of the host Compose reads by the files of a release comes along with the file that names it, or the plan
//! is refused.

use crate::new_release::TwoReleases;

const COMPOSE: &str = "services:\n  web: {image: 'acme/web:1'}\n";

/// Both releases with the vendor's compose file, and of the old one an override and other files.
fn with_override(text: &str, files: &[(&str, &str)]) -> TwoReleases {
    let mut all = vec![
        ("releases/v1/compose.yaml", COMPOSE),
        ("releases/v2/compose.yaml", COMPOSE),
        ("releases/v1/compose.override.yaml", text),
    ];
    all.extend(files);
    TwoReleases::new(&all)
}

#[track_caller]
fn is_alike(install: &TwoReleases, names: &[&str]) {
    for name in names {
        let read = |version: &str| install.read(&format!("releases/{version}/{name}"));
        assert_eq!(read("v2"), read("v1"), "{name}");
    }
}

#[test]
fn what_an_image_of_the_administrators_is_built_from_comes_along() {
    let text = "services:\n  web:\n    image: acme/web:own\n    build:\n      context: .\n      dockerfile: \
                Dockerfile-Plugins\n";
    let install = with_override(
        text,
        &[
            (
                "releases/v1/Dockerfile-Plugins",
                "FROM acme/web:1\nCOPY ./plugin_requirements.txt /opt/\nCOPY --chown=1 config/ /opt/config/\n",
            ),
            ("releases/v1/plugin_requirements.txt", "plugin\n"),
            ("releases/v1/config/plugins.py", "PLUGINS = []\n"),
            ("releases/v1/.dockerignore", "data\n"),
            ("releases/v1/unread.txt", "\n"),
        ],
    );
    let plan = install.run("plan v2").exits(0);
    plan.prints("unread.txt");
    install.run("apply").exits(0);
    is_alike(
        &install,
        &[
            "Dockerfile-Plugins",
            "plugin_requirements.txt",
            "config/plugins.py",
            ".dockerignore",
        ],
    );
    assert!(!install.0.path().join("releases/v2/unread.txt").exists());
}

#[test]
fn contexts_keys_and_profiles_of_an_override_come_along() {
    let text = "services:\n  own:\n    build:\n      context: ./own\n      additional_contexts: [base=./base]\n      \
                ssh: [key=./keys/id]\n      secrets: [token]\n    security_opt: ['seccomp:./seccomp.json']\n    \
                credential_spec: {file: ./spec.json}\nsecrets: {token: {file: ./token}}\n";
    let files = [
        "own/Dockerfile",
        "own/src/a",
        "base/b",
        "keys/id",
        "seccomp.json",
        "spec.json",
        "token",
    ];
    let written: Vec<_> = files
        .iter()
        .map(|name| (format!("releases/v1/{name}"), *name))
        .collect();
    let written: Vec<_> = written
        .iter()
        .map(|(name, text)| (&**name, *text))
        .collect();
    let install = with_override(text, &written);
    install.run("plan v2").exits(0);
    install.run("apply").exits(0);
    is_alike(&install, &files);
}

#[test]
fn what_is_built_from_and_doesnt_come_along_is_refused_with_its_place() {
    let text = "services:\n  own:\n    image: acme/own:1\n    build: ./own\n";
    let install = with_override(
        text,
        &[
            ("releases/v1/own/Dockerfile", "FROM acme/web:1\n"),
            ("releases/v1/.env", "A=1\n"),
        ],
    );
    let ran = install.run("plan v2 --carry .env").exits(3);
    let ran = ran.complains(
        "compose.override.yaml:4:12: Compose will read `own` of the new release, and the old one's doesn't come \
         along",
    );
    ran.complains("--carry own");
    install.run("plan v2 --carry .env --carry own").exits(0);
}

#[test]
fn what_neither_release_has_is_refused_where_nothing_else_gives_the_image() {
    let context = |service: &str| format!("services:\n  own: {{{service}}}\n");
    let install = with_override(&context("build: ./own"), &[]);
    // It was never there: the old release runs from what was built once.
    install.run("plan v2").exits(0);
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", COMPOSE),
        ("releases/v2/compose.yaml", &context("build: ./own")),
    ]);
    let ran = install.run("plan v2 --theirs compose.yaml").exits(3);
    ran.complains("Compose will read `own` of the new release, and neither release has it");
    install.write(
        "releases/v2/compose.yaml",
        &context("build: ./own, image: 'acme/own:1'"),
    );
    install.run("plan v2 --theirs compose.yaml").exits(0);
}

#[test]
fn a_file_outside_of_the_releases_that_isnt_there_is_refused() {
    let install = with_override("services:\n  web: {env_file: ../../shared/web.env}\n", &[]);
    let path = install.0.path().canonicalize().unwrap();
    let path = path.join("shared/web.env").display().to_string();
    let ran = install.run("plan v2").exits(3);
    ran.complains(&format!(
        "compose.override.yaml:2:19: Compose will read `{path}`, which isn't there"
    ));
    install.write("shared/web.env", "A=1\n");
    install.run("plan v2").exits(0);
}

#[test]
fn a_secret_that_no_service_uses_needn_t_be_there() {
    let install = with_override("secrets: {unused: {file: ./gone}}\n", &[]);
    install.run("plan v2").exits(0);
}

#[test]
fn what_an_override_names_of_the_vendors_outlives_what_the_vendor_ships() {
    let text = "services:\n  own: {build: ./extras}\n  web: {env_file: extra.env}\n";
    let extras = [
        ("extras/Dockerfile", "FROM acme/web:1\n"),
        ("extras/lib/a", "a\n"),
        ("extra.env", "A=1\n"),
        ("gone.txt", "\n"),
    ];
    let names = |folder: &str| {
        let named = extras.iter();
        let named: Vec<_> = named
            .map(|(name, text)| (format!("{folder}/{name}"), *text))
            .collect();
        named
    };
    let written = [names("releases/v1"), names("shipped")].concat();
    let mut written: Vec<_> = written
        .iter()
        .map(|(name, text)| (&**name, *text))
        .collect();
    written.push(("shipped/compose.yaml", COMPOSE));
    let install = with_override(text, &written);
    install.run("plan v2 --pristine shipped").exits(0);
    install.run("apply").exits(0);
    is_alike(
        &install,
        &["extras/Dockerfile", "extras/lib/a", "extra.env"],
    );
    assert!(!install.0.path().join("releases/v2/gone.txt").exists());
}

#[test]
fn a_variable_is_blank_in_a_file_for_containers_as_in_a_compose_file_and_none_where_nothing_runs() {
    let old = "services: {web: {image: 'acme/web:1', env_file: [app.env]}}\n";
    let new = "services:\n  web: {image: 'acme/web:2', environment: {OWN: '1'}, env_file: [app.env, \
               {path: raw.env, format: raw}]}\n  tool: {image: 'acme/tool:${TOOL}', profiles: [tool]}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", old),
        ("releases/v1/app.env", "A=${OLD}\n"),
        ("releases/v2/compose.yaml", new),
        (
            "releases/v2/app.env",
            "A=${OLD}\nB=$A$OWN\nC=${NEW}\nD='$QUOTED'\n",
        ),
        ("releases/v2/raw.env", "E=$RAW\n"),
    ]);
    let plan = "plan v2 --theirs compose.yaml --theirs app.env";
    let refused = install.run(plan).exits(3);
    assert!(
        refused.err.contains("unset: `NEW` (1 place)\n"),
        "{}",
        refused.err
    );
    install
        .run(&format!("{plan} --profile tool"))
        .exits(3)
        .complains("unset: `NEW` (1 place), `TOOL` (1 place)");
    install.write("releases/v1/.env", "NEW=\n");
    install.run(plan).exits(0);
}
