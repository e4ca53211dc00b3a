//! Names that a suffix or prefix makes, and that somebody has already.

use super::*;

/// What is refused, each with its remedy, of a file beside another.
#[track_caller]
fn refused(theirs: &str, own: &str, expect: &[(&str, &str)]) {
    let fixed = Beside::of(theirs).fixed(own, &rule());
    let refusals = fixed.refusals.iter().map(|error| match error {
        Error::Unsafe { reason, remedy, .. } => (reason.as_str(), remedy.as_str()),
        error => panic!("{error}"),
    });
    assert_eq!(refusals.collect::<Vec<_>>(), expect);
    let after = String::from_utf8(fixed.files[0].bytes.clone()).unwrap();
    assert_eq!(after == own, !expect.is_empty(), "{after}");
    assert_eq!(
        fixed.renames.iter().any(|rename| !rename.is_made),
        expect.is_empty()
    );
}

fn containers(names: &[&str]) -> String {
    let service = |(number, name): (usize, &&str)| {
        format!("  s{number}: {{image: x, networks: [n], container_name: {name}}}\n")
    };
    let services: String = names.iter().enumerate().map(service).collect();
    format!("services:\n{services}networks: {{n: {{external: true, name: proxy}}}}\n")
}

#[test]
fn no_container_gets_a_name_that_another_has() {
    let other = "choose another one: `--suffix=-b2`";
    let theirs = containers(&["web", "web-b"]);
    let taken = (
        "`web-b` would be the name of `s1` (/a/c.yml:3:49), too",
        other,
    );
    refused(&theirs, &containers(&["web"]), &[taken]);
    refused(&containers(&["web", "web-c"]), &containers(&["web"]), &[]);
    // The number is one that all of them can have.
    let theirs = containers(&["web", "db", "web-b", "db-b2", "db-b3"]);
    let taken = (
        "`web-b` would be the name of `s2` (/a/c.yml:4:49), too",
        "choose another one: `--suffix=-b4`",
    );
    refused(&theirs, &containers(&["web"]), &[(taken.0, other)]);
    let own = containers(&["web", "db"]);
    let fixed = Beside::of(&theirs).fixed(&own, &rule());
    let Error::Unsafe { remedy, .. } = &fixed.refusals[0] else {
        panic!("{:?}", fixed.refusals);
    };
    assert_eq!((fixed.refusals.len(), remedy.as_str()), (1, taken.1));
    // One of its own, which stays; one that gets another name is none.
    let own = containers(&["web", "web-b"]);
    let taken = (
        "`web-b` would be the name of `s1` (/b/c.yml:3:49), too",
        other,
    );
    refused(&containers(&["web"]), &own, &[taken]);
    refused(
        &own,
        &own.replace("web-b", "db"),
        &[(
            "`web-b` would be the name of `s1` (/a/c.yml:3:49), too",
            other,
        )],
    );
    refused(
        &containers(&["web", "db"]),
        &containers(&["web", "db"]),
        &[],
    );
}

#[test]
fn no_container_gets_a_name_that_compose_makes_for_another() {
    let made = |service: &str, with: &str| {
        format!("services:\n  {service}: {{image: x, container_name: c-{service}}}\n  {with}\n")
    };
    let theirs = made("b-web", "web: {image: y, scale: 2}");
    let own = "services: {web: {image: x, container_name: c-b-web}}";
    let check = |suffix: &str, expect: Option<&str>| {
        let rule = FixRule {
            suffix: suffix.to_owned(),
            ..rule()
        };
        let theirs = theirs.replace("c-b-web", "a-web").replace("b-web", "x");
        let own = own.replace("c-b-web", "a-web");
        let fixed = Beside::of(&theirs).fixed(&own, &rule);
        let refusals = fixed.refusals.iter().map(ToString::to_string);
        assert_eq!(refusals.collect::<Vec<_>>(), expect.as_slice());
    };
    let taken = "/b/c.yml:1:44: `a-web-2` would be the name of `web` (/a/c.yml:3:8), too";
    check("-2", Some(taken));
    check("-3", None);
}

#[test]
fn no_container_gets_a_name_that_answers_on_a_network_of_both() {
    let theirs = |network: &str| {
        format!(
            "services:\n  web: {{image: x, container_name: web, networks: {{n: {{aliases: [web-b]}}}}}}\n\
             networks: {{n: {{external: true, name: {network}}}}}\n"
        )
    };
    let own = containers(&["web"]);
    refused(
        &theirs("proxy"),
        &own,
        &[(
            "`web-b` would be the name of `web` (/a/c.yml:3:15), too",
            "choose another one: `--suffix=-b2`",
        )],
    );
    refused(&theirs("elsewhere"), &own, &[]);
}

#[test]
fn no_volume_or_network_gets_a_name_that_another_has() {
    let text = |names: [&str; 4]| {
        let [volume, other_volume, network, other_network] = names;
        format!(
            "services: {{web: {{image: x, volumes: ['vol:/v', 'wol:/w'], networks: [n, m]}}}}\n\
             volumes: {{vol: {{name: {volume}}}, wol: {{name: {other_volume}}}}}\n\
             networks: {{n: {{name: {network}}}, m: {{name: {other_network}}}}}\n"
        )
    };
    let own = text(["one", "two", "three", "four"]);
    refused(&text(["one", "x", "three", "y"]), &own, &[]);
    refused(
        &text(["one", "b_vol", "y", "x"]),
        &own,
        &[(
            "`b_vol` would be the name of `wol` (/a/c.yml:2:34), too",
            "choose another one: `--prefix b2_`",
        )],
    );
    // What keeps its name doesn't matter.
    refused(
        &text(["one", "b_vol", "z", "b2_n"]),
        &own.replace("three", "q"),
        &[(
            "`b_vol` would be the name of `wol` (/a/c.yml:2:34), too",
            "choose another one: `--prefix b2_`",
        )],
    );
    refused(
        &text(["x", "b2_vol", "three", "b_n"]),
        &own,
        &[(
            "`b_n` would be the name of `m` (/a/c.yml:3:33), too",
            "choose another one: `--prefix b2_`",
        )],
    );
    // The number is one that volumes and networks can have.
    let fixed = Beside::of(&text(["one", "b_vol", "three", "b2_n"])).fixed(&own, &rule());
    let [Error::Unsafe { remedy, .. }] = fixed.refusals.as_slice() else {
        panic!("{:?}", fixed.refusals);
    };
    assert_eq!(remedy, "choose another one: `--prefix b3_`");
    let changed = fixed.renames.iter().filter(|rename| !rename.is_made);
    let changed: Vec<_> = changed.map(|rename| rename.to.as_str()).collect();
    assert_eq!(changed, ["b_n"]);
}
