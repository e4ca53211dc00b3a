use std::path::Path;

use proptest::prelude::*;

use super::super::answer::Answer;
use super::super::outcome::Side;
use super::*;

fn carry_with(base: &str, mine: &str, theirs: &str, answers: &Answers) -> Carried {
    fn input<'a>(name: &'static str, text: &'a str) -> Input<'a> {
        Input {
            path: Path::new(name),
            bytes: text.as_bytes(),
        }
    }
    let inputs = Inputs {
        name: Path::new("docker-compose.yml"),
        base: Some(input("base", base)),
        mine: input("mine", mine),
        theirs: input("theirs", theirs),
    };
    carry(&inputs, answers).unwrap()
}

fn told(merged: &Merged) -> Vec<String> {
    let outcomes = merged.outcomes.iter();
    outcomes
        .map(|outcome| format!("{} {}", outcome.kind, outcome.what))
        .collect()
}

#[track_caller]
fn check(base: &str, mine: &str, theirs: &str, expect: &str, outcomes: &[&str]) -> Carried {
    let carried = carry_with(base, mine, theirs, &Answers::default());
    let text = String::from_utf8(carried.merged.bytes.clone()).unwrap();
    assert_eq!(text, expect);
    assert_eq!(told(&carried.merged), outcomes);
    carried
}

const BASE: &str = "\
services:
  web:
    image: acme/web:1
    ports:
      - \"80:80\"
    environment:
      - MODE=prod
      - LEVEL=info
  db:
    image: postgres:15
";

/// Another version, another indentation, another order, another form of the variables.
const THEIRS: &str = "\
# release 2
services:
    db:
        image: postgres:16
    web:
        image: acme/web:2 # new
        environment:
            MODE: prod
            LEVEL: info
            NEW: \"1\"
        ports:
        - \"80:80\"
        - 443:443
";

#[test]
fn what_mine_changed_is_made_again_in_a_file_that_is_written_otherwise() {
    let mine = "\
services:
  web:
    image: acme/web:1
    mem_limit: 512m # small machine
    ports:
      - \"8080:80\"
      - \"9000:9000\"
    environment:
      - MODE=test
      - LEVEL=info
      - OWN=a b
  db:
    image: postgres:15
  # my own
  adminer:
    image: adminer:4
    ports: [\"8081:8080\"]
";
    let expect = "\
# release 2
services:
    db:
        image: postgres:16
    # my own
    adminer:
      image: adminer:4
      ports: [\"8081:8080\"]
    web:
        image: acme/web:2 # new
        mem_limit: 512m # small machine
        environment:
            MODE: test
            LEVEL: info
            OWN: \"a b\"
            NEW: \"1\"
        ports:
        - \"8080:80\"
        - \"9000:9000\"
        - 443:443
";
    let carried = check(
        BASE,
        mine,
        THEIRS,
        expect,
        &[
            "taken theirs services.db.image",
            "taken theirs services.web.image",
            "kept mine services.web.environment.MODE",
            "added by them services.web.environment.NEW",
            "added by me services.web.environment.OWN",
            "kept mine services.web.ports.80",
            "added by them services.web.ports.443",
            "added by me services.web.ports.9000",
            "added by me services.web.mem_limit",
            "added by me services.adminer",
        ],
    );
    assert_eq!(
        String::from_utf8(carried.overlay.unwrap()).unwrap(),
        "\
services:
  web:
    environment:
      MODE: test
      OWN: \"a b\"
    ports: !override [\"8080:80\", \"9000:9000\", \"443:443\"]
    mem_limit: 512m
  adminer: {image: adminer:4, ports: [\"8081:8080\"]}
"
    );
}

#[test]
fn files_that_merge_by_line_to_the_same_content_keep_the_comments_of_both() {
    check(
        "services:\n  web:\n    image: a:1\n    restart: always\n    user: root\n    tty: true\n",
        "services:\n  web:\n    image: a:1\n    restart: always\n    user: root\n    # mine\n    tty: false\n",
        "services:\n  web:\n    image: a:2 # new\n    restart: always\n    user: root\n    tty: true\n",
        "services:\n  web:\n    image: a:2 # new\n    restart: always\n    user: root\n    # mine\n    tty: false\n",
        &[
            "taken theirs services.web.image",
            "kept mine services.web.tty",
        ],
    );
}

#[test]
fn a_tag_follows_the_release_and_a_mirror_is_kept() {
    let file = |image: &str| format!("services:\n  web:\n    image: {image}\n");
    let check = |mine: &str, expect: &str, outcome: &str| {
        let [base, mine, theirs] = ["acme/web:1", mine, "acme/web:2"].map(file);
        check(&base, &mine, &theirs, &file(expect), &[outcome]);
    };
    check(
        "acme/web:1.1",
        "acme/web:2",
        "taken theirs services.web.image",
    );
    check(
        "reg.local:5000/acme/web:1",
        "reg.local:5000/acme/web:2",
        "kept mine services.web.image",
    );
}

#[test]
fn a_conflict_names_the_line_in_all_three() {
    let base = "services:\n  web:\n    image: a:1\n    mem_limit: 1g\n";
    let mine = "services:\n  web:\n    mem_limit: 2g\n    image: a:1\n";
    let theirs = "x-a: 1\nservices:\n  web:\n    image: a:1\n    mem_limit: 3g\n";
    let carried = carry_with(base, mine, theirs, &Answers::default());
    let conflict = carried.merged.conflicts().next().unwrap();
    let places: Vec<_> = conflict
        .places()
        .map(|(_, place)| format!("{place} {}", place.value))
        .collect();
    assert_eq!(places, ["base:4 1g", "mine:3 2g", "theirs:5 3g"]);
    assert!(
        String::from_utf8(carried.merged.bytes)
            .unwrap()
            .contains("mem_limit: 2g")
    );
    assert!(carried.merged.marked.is_some());

    let answers = Answers(vec![Answer {
        path: "docker-compose.yml:services.web.mem_limit".into(),
        side: Side::Theirs,
    }]);
    let carried = carry_with(base, mine, theirs, &answers);
    assert_eq!(carried.merged.bytes, theirs.as_bytes());
    assert_eq!(carried.merged.marked, None);
}

#[test]
fn what_is_removed_is_removed_and_what_they_removed_is_not_brought_back() {
    let base = "services:\n  a:\n    image: a:1\n    ports: [\"1:1\", \"2:2\"]\n  b:\n    image: b:1\n  c:\n    image: c:1\n";
    let mine = "services:\n  a:\n    image: a:1\n    ports: [\"2:2\"]\n  c:\n    image: c:1\n";
    let theirs = "services:\n  a:\n    image: a:2\n    ports: [\"1:1\", \"2:2\", \"3:3\"]\n\n  b:\n    image: b:1\n";
    let carried = check(
        base,
        mine,
        theirs,
        "services:\n  a:\n    image: a:2\n    ports: [\"2:2\", \"3:3\"]\n\n",
        &[
            "taken theirs services.a.image",
            "removed by me services.a.ports.1",
            "added by them services.a.ports.3",
            "removed by me services.b",
            "removed by them services.c",
        ],
    );
    assert_eq!(
        String::from_utf8(carried.overlay.unwrap()).unwrap(),
        "services:\n  a:\n    ports: !override [\"2:2\", \"3:3\"]\n  b: !reset null\n"
    );
}

#[test]
fn changing_a_service_that_they_removed_is_a_conflict() {
    let base = "services:\n  a:\n    image: a:1\n  b:\n    image: b:1\n";
    let mine = "services:\n  a:\n    image: a:1\n  b:\n    image: b:1\n    tty: true\n";
    let theirs = "services:\n  a:\n    image: a:2\n";
    let carried = carry_with(base, mine, theirs, &Answers::default());
    let conflict = carried.merged.conflicts().next().unwrap();
    assert_eq!(conflict.what, "services.b");
    assert_eq!(conflict.note.as_deref(), Some("they removed it"));
}

#[test]
fn aliases_and_merge_keys_are_followed_by_nobody() {
    let base = "x-env: &env\n  A: \"1\"\nservices:\n  w:\n    image: a:1\n    environment: *env\n";
    let mine = "x-env: &env\n  A: \"2\"\nservices:\n  w:\n    image: a:1\n    environment: *env\n  own:\n    image: own:1\n    environment: *env\n";
    let theirs = "x-env: &env\n  A: \"1\"\n  B: \"1\"\nservices:\n  w:\n    image: a:2\n    environment: *env\n";
    check(
        base,
        mine,
        theirs,
        "x-env: &env\n  A: \"2\"\n  B: \"1\"\nservices:\n  w:\n    image: a:2\n    environment: *env\n  own:\n    image: own:1\n    environment: *env\n",
        &[
            "kept mine x-env.A",
            "added by them x-env.B",
            "taken theirs services.w.image",
            "added by me services.own",
        ],
    );
    let inlined = "services:\n  w:\n    image: a:2\n    environment:\n      A: \"1\"\n";
    let carried = carry_with(base, mine, inlined, &Answers::default());
    let notes: Vec<_> = carried
        .merged
        .conflicts()
        .map(|c| c.what.as_str())
        .collect();
    assert_eq!(notes, ["x-env"]);
}

#[test]
fn crlf_and_json_files_are_edited_in_their_own_way() {
    check(
        "services:\n  a:\n    image: a:1\n",
        "services:\n  a:\n    image: a:1\n    # why\n    tty: true\n",
        "services:\r\n  a:\r\n    image: a:2\r\n",
        "services:\r\n  a:\r\n    image: a:2\r\n    # why\r\n    tty: true\r\n",
        &[
            "taken theirs services.a.image",
            "added by me services.a.tty",
        ],
    );
    check(
        "services: {a: {image: 'a:1'}}\n",
        "services: {a: {image: 'a:1', tty: true}}\n",
        "{\"services\": {\"a\": {\"image\": \"a:2\"}}}\n",
        "{\"services\": {\"a\": {\"image\": \"a:2\", \"tty\": true}}}\n",
        &[
            "taken theirs services.a.image",
            "added by me services.a.tty",
        ],
    );
}

#[test]
fn a_volume_without_settings_gets_them() {
    check(
        "services:\n  a: {image: a}\nvolumes:\n  db:\n",
        "services:\n  a: {image: a}\nvolumes:\n  db:\n    name: own_db\n",
        "services:\n  a: {image: b}\nvolumes:\n  cache:\n  db: # data\n",
        "services:\n  a: {image: b}\nvolumes:\n  cache:\n  db:\n    name: own_db\n",
        &[
            "taken theirs services.a.image",
            "added by them volumes.cache",
            "kept mine volumes.db",
        ],
    );
}

/// Every scalar of a file by its path; a list's items by themselves.
fn leaves(at: NodeAt<'_>, path: &mut Vec<String>, found: &mut Vec<(String, String)>) {
    let Some(children) = node::children(at, path) else {
        return found.push((
            path.join("."),
            render::flow(at, false, render::WrittenOut::Only(&[])),
        ));
    };
    for child in children {
        let is_item = child.key.is_none() && child.pair.is_none();
        path.push(match child.value.scalar().filter(|_| is_item) {
            Some(text) => text.to_owned(),
            None => child.name.clone(),
        });
        match &child.pair {
            Some(pair) => found.push((path.join("."), format!("{:?}", pair.value))),
            None => leaves(child.value, path, found),
        }
        path.pop();
    }
}

fn all_leaves(text: &str) -> Vec<(String, String)> {
    let document = Document::parse(Path::new("x"), text.as_bytes()).unwrap();
    let mut found = Vec::new();
    leaves(root(&document).unwrap(), &mut Vec::new(), &mut found);
    found
}

/// A service in one of several ways to write it.
fn service() -> impl Strategy<Value = String> {
    let some = |list: &'static [&'static str]| prop::sample::subsequence(list, 1..=list.len());
    let ports = prop::option::of((
        some(&["80:80", "81:80", "443:443", "53:53/udp"]),
        any::<bool>(),
    ));
    let variables = prop::option::of((some(&["A=1", "B=2", "C="]), any::<bool>(), 1..4_u8));
    let image = prop::sample::select(vec!["x:1", "x:2", "own/x:1", "y:3"]);
    (image, ports, variables, any::<bool>()).prop_map(|(image, ports, variables, note)| {
        let mut text = format!("    image: {image}\n");
        if note {
            text += "    # a note\n    tty: true\n";
        }
        if let Some((ports, flow)) = ports {
            let quoted = ports.iter().map(|port| format!("\"{port}\""));
            let quoted: Vec<_> = quoted.collect();
            text += &if flow {
                format!("    ports: [{}]\n", quoted.join(", "))
            } else {
                format!("    ports:\n      - {}\n", quoted.join("\n      - "))
            };
        }
        if let Some((variables, list, last)) = variables {
            text += "    environment:\n";
            for variable in variables {
                let (key, value) = variable.split_once('=').unwrap();
                text += &if list {
                    format!("    - {key}={value}{last}\n")
                } else {
                    format!("        {key}: \"{value}{last}\"\n")
                };
            }
        }
        text
    })
}

fn compose_file() -> impl Strategy<Value = String> {
    let services = prop::collection::btree_map(
        prop::sample::select(vec!["web", "db", "api"]),
        service(),
        1..=3,
    );
    services.prop_map(|services| {
        let services = services
            .iter()
            .map(|(name, text)| format!("  {name}:\n{text}"));
        format!("services:\n{}", services.collect::<String>())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_side_without_a_change_gives_the_other_byte_for_byte(
        base in compose_file(), other in compose_file(),
    ) {
        let answers = Answers::default();
        for (mine, theirs) in [(&base, &other), (&other, &base), (&other, &other)] {
            let merged = carry_with(&base, mine, theirs, &answers).merged;
            prop_assert_eq!(String::from_utf8(merged.bytes.clone()).unwrap(), other.as_str());
            prop_assert_eq!(merged.conflicts().count(), 0);
        }
    }

    #[test]
    fn no_change_of_either_side_is_lost_without_being_listed(
        base in compose_file(), mine in compose_file(), theirs in compose_file(),
    ) {
        let merged = carry_with(&base, &mine, &theirs, &Answers::default()).merged;
        let result = all_leaves(str::from_utf8(&merged.bytes).unwrap());
        for (path, value) in all_leaves(&mine).into_iter().chain(all_leaves(&theirs)) {
            let there = result.contains(&(path.clone(), value.clone()));
            let listed = merged.outcomes.iter().any(|outcome| {
                // A port is named by the container's.
                let (parent, name) = outcome.what.rsplit_once('.').unwrap_or_default();
                let item = path.strip_prefix(parent).unwrap_or_default();
                item.ends_with(name) || path == outcome.what || path.starts_with(&format!("{}.", outcome.what))
            });
            prop_assert!(there || listed, "{path}: {value}");
        }
    }
}

#[test]
fn an_anchor_that_mine_brings_comes_along_with_what_uses_it() {
    let base = "services:\n  web:\n    image: acme/web:1\n    restart: always\n";
    let mine =
        "x-logging: &logging\n  driver: json-file\n".to_owned() + base + "    logging: *logging\n";
    let theirs = base.replace(":1", ":2");
    let outcomes = [
        "taken theirs services.web.image",
        "added by me services.web.logging",
        "added by me x-logging",
    ];
    check(base, &mine, &theirs, &mine.replace(":1", ":2"), &outcomes);
    // Where lines can't be merged, what uses it is written out.
    let theirs = "# new\nservices:\n    web: {restart: always, image: 'acme/web:2'}\n";
    let expect = "# new\nservices:\n    web: {restart: always, logging: {driver: json-file}, image: \
                  'acme/web:2'}\nx-logging: &logging\n  driver: json-file\n";
    check(base, &mine, theirs, expect, &outcomes);
    let theirs = "x-logging: &logging\n  driver: local\n".to_owned() + base;
    let carried = carry_with(base, &mine, &theirs, &Answers::default());
    assert_eq!(told(&carried.merged)[0], "conflict x-logging.driver");
}

#[test]
fn an_override_names_no_anchor_of_another_file() {
    let base = "x-common: &common\n  restart: always\n  init: true\nservices:\n  web:\n    <<: *common\n    \
                image: acme/web:1\n";
    let mine =
        base.to_owned() + "  mine:\n    <<: *common\n    image: acme/mine:1\n    init: false\n";
    let carried = carry_with(
        base,
        &mine,
        &base.replace("web:1", "web:2"),
        &Answers::default(),
    );
    let overlay = String::from_utf8(carried.overlay.unwrap()).unwrap();
    assert_eq!(
        overlay,
        "services:\n  mine: {restart: always, image: acme/mine:1, init: false}\n"
    );
}

#[test]
fn both_versions_of_a_conflict_stand_in_what_is_to_be_settled() {
    let base =
        "services:\n  web:\n    image: acme/web:1\n    user: a\n    init: true\n    tty: true\n";
    let mine = base.replace("user: a", "user: b");
    let theirs = "services:\n  web: {image: 'acme/web:1', user: c, init: true, tty: true}\n";
    let carried = carry_with(base, &mine, theirs, &Answers::default());
    let marked = String::from_utf8(carried.merged.marked.unwrap()).unwrap();
    let shown = conflicting_lines(&marked);
    assert!(
        shown.contains("user: b") && shown.contains("user: c"),
        "{marked}"
    );
}
