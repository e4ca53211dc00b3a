//! Which versions may follow each other: `transship path`, and `plan` which allows no skip.

use std::fs;

use super::new_release::TwoReleases;
use crate::common::program::transship;

const OLD: &str = "services: {web: {image: 'acme/web:v1'}}\n";

/// Releases v1 and v4, of which v4 has a recipe.
fn install(recipe: &str) -> TwoReleases {
    let new = format!("services: {{web: {{image: 'acme/web:v4'}}}}\nx-transship: {recipe}\n");
    TwoReleases::new(&[
        ("releases/v1/compose.yaml", OLD),
        ("releases/v4/compose.yaml", &new),
    ])
}

const RULES: &str = "{path: {max-major-jump: 2, latest-point-release-first: true, stops: ['2.5']}, \
                     releases: [1.0, '1.9', '2.5.0', '2.5.3', '2.6', '3.1']}";

/// [`RULES`] as they have to be written.
fn rules() -> String {
    RULES.replace("1.0,", "'1.0',")
}

#[test]
fn plan_allows_no_skip_and_prints_the_hops_before_anything_changes() {
    let install = install(&rules());
    let before = fs::read_dir(install.0.path().join("releases"))
        .unwrap()
        .count();
    let ran = install.run("plan v4 --volumes volumes").exits(3);
    ran.complains("v1 to 1.9, then 1.9 to 2.5.3, then 2.5.3 to 2.6, then 2.6 to v4")
        .complains("begin with `transship plan 1.9`");
    let after = fs::read_dir(install.0.path().join("releases"))
        .unwrap()
        .count();
    assert_eq!(before, after);
    assert!(
        fs::read_dir(install.0.path().join(".transship/plans"))
            .unwrap()
            .next()
            .is_none()
    );

    // Whoever knows better waives the rules, and no other key of the recipe.
    install.write("transship.yml", "path: null\n");
    install.run("plan v4 --volumes volumes").exits(0);
}

#[test]
fn plan_allows_one_hop() {
    let recipe = "{path: {max-major-jump: 3, stops: ['1']}}";
    install(recipe).run("plan v4 --volumes volumes").exits(0);
}

#[test]
fn the_path_is_printed_with_the_reason_for_each_hop() {
    let install = install(&rules());
    let ran = install.run("path v1 v4").exits(0);
    ran.prints("1.x is left from its last release only")
        .prints("no upgrade may pass 2.5 by");
    let json = install.run("path v1 v4 --json").exits(0).json();
    assert_eq!(json["format"], "transship-path");
    let hops = json["hops"].as_array().unwrap();
    let told: Vec<_> = hops
        .iter()
        .map(|hop| (hop["to"].as_str().unwrap(), hop["here"].as_bool().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("1.9", false),
            ("2.5.3", false),
            ("2.6", false),
            ("v4", true)
        ]
    );
    assert_eq!(hops[1]["because"]["stop"], "2.5");
    assert_eq!(hops[3]["because"], "target");
}

#[test]
fn a_list_of_releases_counts_for_all() {
    let install = install(&rules());
    install.write("all", "1.0\n1.4\n\n2.5\n3.0\n");
    for list in ["1.0,1.4,2.5,3.0", "./all"] {
        let json = install.run(&format!(
            "path 1.0 4.0 --available {list} --recipe releases/v4/compose.yaml --json"
        ));
        let json = json.exits(0).json();
        let hops = json["hops"].as_array().unwrap().iter();
        let hops: Vec<_> = hops.map(|hop| hop["to"].as_str().unwrap()).collect();
        assert_eq!(hops, ["1.4", "2.5", "4.0"], "{list}");
    }
    install.run("path 1.0 4.0 --available 1.0,../x").exits(2);
}

#[test]
fn what_can_not_be_known_has_no_path() {
    let install = install("{path: {latest-point-release-first: true}}");
    install
        .run("path v1 v4")
        .exits(3)
        .complains("whether v1 is the last release of 1.x")
        .complains("--available LIST");
    install
        .run("plan v4 --volumes volumes")
        .exits(3)
        .complains("whether v1 is the last release of 1.x");
    install.run("path v4 v1").exits(2).complains("rollback");
    install
        .run("path v1 v5")
        .exits(2)
        .complains("there is no recipe");
    let folder = tempfile::tempdir().unwrap();
    let ran = transship(folder.path(), ["path", "v1", "v5"]);
    ran.exits(2).complains("--recipe FILE");
}

#[test]
fn what_is_older_than_a_release_wants_it_is_refused_and_the_path_tells_what_each_hop_needs() {
    let minimum = "[{release: v4, service: web, version: 5}, {release: '3', database: postgres, version: 14}, \
                    {release: '5', service: web, version: 9}]";
    let install = install(&format!("{{path: {{minimum: {minimum}}}}}"));
    let ran = install.run("plan v4 --volumes volumes").exits(3);
    ran.complains("v4 wants service `web` at 5 or newer, and `acme/web:v4` is 4")
        .complains("3 wants database `postgres` at 14 or newer, and its version can't be known")
        .complains("bring service `web` there first");
    let ran = install.run("path v1 v4").exits(0);
    ran.prints("v4 wants service `web` at 5 or newer")
        .prints("3 wants database `postgres` at 14 or newer");
    let json = install.run("path v1 v4 --json").exits(0).json();
    let needs = &json["hops"][0]["needs"];
    assert_eq!(needs.as_array().unwrap().len(), 2);
    assert_eq!(needs[0]["of"]["service"], "web");
    assert_eq!(needs[1]["version"], "14");
    install.write(
        "transship.yml",
        "path: {minimum: [{release: v4, service: web, version: 4}]}\n",
    );
    install.run("plan v4 --volumes volumes").exits(0);
}

#[test]
fn a_version_that_yaml_takes_for_a_number_is_refused() {
    let install = install("{path: {stops: [2.10]}}");
    let ran = install.run("path v1 v4").exits(2);
    ran.complains("between quotes").complains("compose.yaml:2");
}

/// Releases v1 to v4, of which none may be passed by; of v3 the compose file has more.
fn four(v3: &str) -> TwoReleases {
    let release = |number: u8, more: &str| {
        format!("services: {{web: {{image: 'acme/web:v{number}'}}}}\n{more}\n")
    };
    let rules = "x-transship: {path: {max-major-jump: 1}}";
    TwoReleases::new(&[
        ("releases/v1/compose.yaml", &release(1, "")),
        ("releases/v2/compose.yaml", &release(2, "")),
        ("releases/v3/compose.yaml", &release(3, v3)),
        ("releases/v3/NOTES", "first read this\n"),
        ("releases/v4/compose.yaml", &release(4, rules)),
    ])
}

const ALL_HOPS: &str = "upgrade v4 --all-hops --yes --volumes volumes";

/// The release that `current` leads to.
fn current(install: &TwoReleases) -> String {
    let link = fs::read_link(install.0.path().join("current")).unwrap();
    link.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn all_hops_are_done_one_after_the_other_and_each_has_its_way_back() {
    let install = four("");
    install.run("upgrade v4 --yes --volumes volumes").exits(3);
    let ran = install.run(ALL_HOPS).exits(0);
    ran.complains("hop 1 of 3: v1 to v2")
        .complains("hop 3 of 3: v3 to v4")
        .prints("Upgraded from v2 to v3");
    assert_eq!(current(&install), "v4");
    install.run("rollback").exits(0);
    assert_eq!(current(&install), "v3", "the last hop is undone");
    let json = install.run(&format!("{ALL_HOPS} --json")).exits(0).json();
    assert_eq!(json["format"], "transship-hops");
    assert_eq!(json["reports"].as_array().unwrap().len(), 1);
    assert_eq!(json["reports"][0]["from"], "v3");
}

#[test]
fn the_first_hop_that_is_refused_is_the_last() {
    let install = four("x-transship: {notes: NOTES}");
    let ran = install.run(ALL_HOPS).exits(3);
    ran.complains("the vendor's notes are to be read first")
        .complains("1 of 3 hops are done, up to v2");
    assert_eq!(current(&install), "v2");
    let rest = format!("{ALL_HOPS} --notes-read --theirs compose.yaml");
    install.run(&rest).exits(0);
    assert_eq!(current(&install), "v4");
}

#[test]
fn what_is_on_the_way_has_to_be_in_the_install_before_the_first_hop() {
    let install = four("");
    fs::remove_dir_all(install.0.path().join("releases/v3")).unwrap();
    put_list(&install, "v3");
    let ran = install.run(ALL_HOPS).exits(3);
    ran.complains("releases that aren't in the install: v3");
    assert_eq!(current(&install), "v1");
    let ran = install.run(&format!("{ALL_HOPS} --prefix x_")).exits(2);
    ran.complains("cannot be used with");
}

/// Has the install's recipe tell of a release.
fn put_list(install: &TwoReleases, version: &str) {
    let list = format!("releases: [v1, v2, {version}, v4]\n");
    install.write("transship.yml", &list);
}
