use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::compose::file::rewrite::rewrite;
use crate::compose::{
    ImageOptions, ImageRule, PrefixRule, offset_ports, prefix_networks, prefix_volumes, set_images,
    suffix_container_names,
};

fn parse(text: &str) -> Document {
    Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap()
}

/// An edit that claims to set the first entry's value to `claim`, and in truth replaces
/// `range` by `with`.
fn forged(text: &str, claim: &str, range: Range<usize>, with: &str) -> Result<Edited, Error> {
    let document = parse(text);
    let (_, value) = document.tree().entries(document.tree().roots[0])[0];
    let mut draft = Draft::new(&document);
    let intent = Intent::Scalar(claim.to_owned());
    draft.splice(value, intent, range, with.to_owned());
    draft.finish()
}

#[track_caller]
fn check_refused(text: &str, claim: &str, range: Range<usize>, with: &str, expect: &str) {
    let error = forged(text, claim, range, with).unwrap_err();
    assert_eq!(error.to_string(), format!("c.yml:{expect}"));
}

const MORE: &str = "the edit is refused: more would change than was asked for";

#[test]
fn no_password_is_told_beside_what_changes() {
    let check = |from: &str, to: &str, expect: (&str, &str)| {
        let told = told(from, to);
        assert_eq!((told.0.as_str(), told.1.as_str()), expect);
    };
    check("8080", "8180", ("8080", "8180"));
    check("a/b:1.2", "a/b:1.3", ("a/b:1.2", "a/b:1.3"));
    check("pg://u:p@db:5/x", "pg://u:p@db-b:5/x", ("db", "db-b"));
    check(
        r#"{"password":"geheim","host":"db"}"#,
        r#"{"password":"geheim","host":"db-b"}"#,
        ("db", "db-b"),
    );
    check("{pw:'geheim',a:db}", "{pw:'geheim',a:db-b}", ("db", "db-b"));
    check("u,geheim,db", "u,geheim,db-b", ("db", "db-b"));
    check("u|geheim|db", "u|geheim|db-b", ("db", "db-b"));
    check("geheim&db", "geheim&db-b", ("db", "db-b"));
    check("pw=p host=db", "pw=p host=db-b", ("db", "db-b"));
    check(
        "http://localhost:8080",
        "http://localhost:8180",
        ("8080", "8180"),
    );
}

#[test]
fn the_proof_accepts_what_was_claimed() {
    let edited = forged("a: x # c\nb: y\n", "z", 3..4, "z").unwrap();
    assert_eq!(edited.bytes, b"a: z # c\nb: y\n");
}

#[test]
fn the_proof_refuses_another_value() {
    check_refused("a: x\nb: y\n", "z", 3..4, "w", &format!("1:4: {MORE}"));
    check_refused("a: x\nb: y\n", "1", 3..4, "1", &format!("1:4: {MORE}"));
}

#[test]
fn the_proof_refuses_a_change_elsewhere() {
    let cases = [
        ("a: x\nb: y\n", 3..9, "z\nb: w", "2:4"),
        ("a: x\nb: y\n", 3..9, "z\nb: 'y'", "2:4"),
        ("a: x\nb: y\n", 3..10, "z\n", "1:1"),
        ("a: x\nb: y\n", 3..10, "z\nb: y\nc: n\n", "1:1"),
        ("a: x\nb: &n y\n", 3..12, "z\nb: y", "2:7"),
        ("a: x\nb: !t y\n", 3..12, "z\nb: y", "2:7"),
        ("a: x\nb: [1, 2]\n", 3..14, "z\nb: [2, 1]", "2:5"),
        ("a: x\nb: {c: d}\n", 3..14, "z\nb:\n  c: d", "2:4"),
        ("a: x # c\n", 3..8, "z # d", "1:1"),
        ("a: x # c\n", 3..8, "z", "1:1"),
        ("a: x\n", 3..4, "z\n---\nb: y", "1:1"),
    ];
    for (text, range, with, at) in cases {
        check_refused(text, "z", range, with, &format!("{at}: {MORE}"));
    }
}

#[test]
fn an_edit_that_breaks_the_file_is_refused() {
    check_refused(
        "a: x\n",
        "z",
        3..4,
        "[z",
        "1:4: the edit is refused: it would no longer parse",
    );
}

#[test]
fn overlapping_splices_are_refused() {
    let document = parse("a: xy\nb: z\n");
    let entries = document.tree().entries(document.tree().roots[0]);
    let mut draft = Draft::new(&document);
    for ((_, value), range) in entries.iter().zip([3..5, 4..6]) {
        draft.splice(
            *value,
            Intent::Scalar("w".to_owned()),
            range,
            "w".to_owned(),
        );
    }
    assert!(draft.finish().is_err());
}

#[test]
fn scalars_are_rewritten_in_their_own_style() {
    let cases = [
        ("a: x", "w", Some("a: w")),
        ("a: x", "y", Some("a: \"y\"")),
        ("a: x", "1", Some("a: \"1\"")),
        ("a: x", "22:22", Some("a: \"22:22\"")),
        ("a: x", "y # z", Some("a: \"y # z\"")),
        ("a: 'x'", "it's", Some("a: 'it''s'")),
        ("a: \"x\"", "a\"b\\c", Some("a: \"a\\\"b\\\\c\"")),
        ("a: ${A}:x", "${A}:y", Some("a: ${A}:y")),
        ("a: >-\n  x\nb: 1", "y", Some("a: >-\n  y\nb: 1")),
        ("a: |\n  x\n", "y\n", Some("a: |\n  y\n")),
        ("a: |\n  x\n  y\n", "z\n", None),
        ("a: x\n  y", "z", None),
        ("a: 'x'", "y\nz", None),
        ("a: x", "y\u{7}", None),
    ];
    for (text, value, expect) in cases {
        let document = parse(text);
        let (_, id) = document.tree().entries(document.tree().roots[0])[0];
        let found = rewrite(&document, id, value).map(|(range, with)| {
            let mut text = text.to_owned();
            text.replace_range(range, &with);
            text
        });
        assert_eq!(found.as_deref(), expect, "{text} to {value}");
    }
}

/// Ways to write a volume, and what becomes of each; `K` stands for its key.
const VOLUMES: [(&str, &str); 14] = [
    ("  K:\n", "  K:\n    name: p_K\n"),
    ("  K: # c\n", "  K: # c\n    name: p_K\n"),
    (
        "  K:\n    # c\n    driver: x\n",
        "  K:\n    name: p_K\n    # c\n    driver: x\n",
    ),
    ("  K: {}\n", "  K: {name: p_K}\n"),
    (
        "  K: { driver: x, } # c\n",
        "  K: { name: p_K, driver: x, } # c\n",
    ),
    (
        "  K: {\n    driver: x\n  }\n",
        "  K: {\n    name: p_K,\n    driver: x\n  }\n",
    ),
    ("  K: ~\n", "  K: {name: p_K}\n"),
    ("  K: null # c\n", "  K: {name: p_K} # c\n"),
    ("  K: *v\n", "  K: {<<: *v, name: p_K}\n"),
    ("  K:\n    <<: *v\n", "  K:\n    name: p_K\n    <<: *v\n"),
    (
        "  K:\n    name: \"old\" # c\n",
        "  K:\n    name: \"p_K\" # c\n",
    ),
    (
        "  K:\n    driver: x\n    name: 'it''s'\n",
        "  K:\n    driver: x\n    name: 'p_K'\n",
    ),
    ("  K: {external: true}\n", "  K: {external: true}\n"),
    (
        "  \"K\":\n    external: {name: x}\n",
        "  \"K\":\n    external: {name: x}\n",
    ),
];

/// Ways to write a service, and what becomes of each.
const SERVICES: [(&str, &str); 16] = [
    ("  K:\n    image: app:1\n", "  K:\n    image: app:2\n"),
    (
        "  K:\n    image:  'app:1'  # c\n",
        "  K:\n    image:  'app:2'  # c\n",
    ),
    (
        "  K: {image: \"app\", tty: true}\n",
        "  K: {image: \"app:2\", tty: true}\n",
    ),
    (
        "  K:\n    build: .\n\n    image: docker.io/library/app:1-x\n",
        "  K:\n    build: .\n\n    image: docker.io/library/app:2\n",
    ),
    (
        "  K:\n    image: ${T:-app:1}\n",
        "  K:\n    image: ${T:-app:2}\n",
    ),
    (
        "  K:\n    image: app:${T:-1} # c\n",
        "  K:\n    image: app:${T:-2} # c\n",
    ),
    (
        "  K:\n    image: >-\n      app:1\n    tty: true\n",
        "  K:\n    image: >-\n      app:2\n    tty: true\n",
    ),
    ("  K:\n    image: app-x:1\n", "  K:\n    image: app-x:1\n"),
    (
        "  K:\n    image: other/app:1\n",
        "  K:\n    image: other/app:1\n",
    ),
    (
        "  K:\n    image: reg:5000/app\n",
        "  K:\n    image: reg:5000/app\n",
    ),
    (
        "  K:\n    command: [app:1]\n",
        "  K:\n    command: [app:1]\n",
    ),
    (
        "  K:\n    ports:\n      - \"8080:80\" # c\n      - 22:22\n",
        "  K:\n    ports:\n      - \"8080:80\" # c\n      - 22:22\n",
    ),
    (
        "  K:\n    ports:\n    - {target: 80, published: 8080}\n    - 80/udp\n",
        "  K:\n    ports:\n    - {target: 80, published: 8080}\n    - 80/udp\n",
    ),
    (
        "  K:\n    container_name: 'K' # c\n    ports: [\"${P:-80}:80\", '[::1]:6-7:6-7']\n",
        "  K:\n    container_name: 'K-p' # c\n    ports: [\"${P:-80}:80\", '[::1]:6-7:6-7']\n",
    ),
    (
        "  K: {container_name: \"${N}-x\"}\n",
        "  K: {container_name: \"${N}-x-p\"}\n",
    ),
    (
        "  K:\n    environment:\n      - A=app:1\n    image: app:1\n",
        "  K:\n    environment:\n      - A=app:1\n    image: app:2\n",
    ),
];

const GAPS: [&str; 4] = ["", "\n", "  # gap: x\n", "# gap\n\n"];

/// A file made of these parts, before and after.
fn file(
    services: &[(usize, usize)],
    volumes: &[(usize, usize)],
    (crlf, bom, cut): (bool, bool, bool),
) -> (String, String) {
    let write = |after: bool| {
        let mut text = "x-v: &v {driver: local}\nservices:\n".to_owned();
        let mut parts = |prefix: &str, chosen: &[(usize, usize)], forms: &[(&str, &str)]| {
            for (number, (form, gap)) in chosen.iter().enumerate() {
                let (old, new) = forms[form % forms.len()];
                text.push_str(GAPS[gap % GAPS.len()]);
                let form = if after { new } else { old };
                text.push_str(&form.replace('K', &format!("{prefix}{number}")));
            }
        };
        parts("s", services, &SERVICES);
        parts("", &[(0, 0)], &[("volumes:\n", "volumes:\n")]);
        parts("v", volumes, &VOLUMES);
        if cut {
            text.truncate(text.trim_end().len());
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        if bom { format!("\u{feff}{text}") } else { text }
    };
    (write(false), write(true))
}

fn edit_all(text: &str) -> Edited {
    let options = ImageOptions {
        tag_var: true,
        ..ImageOptions::default()
    };
    let rules: [ImageRule; 1] = ["app=2".parse().unwrap()];
    let retagged = match set_images(&parse(text), &rules, &options) {
        Err(error) if error.is_no_match() => text.to_owned(),
        edited => String::from_utf8(edited.unwrap().bytes).unwrap(),
    };
    let rule = PrefixRule {
        prefix: "p_".to_owned(),
        ..PrefixRule::default()
    };
    let named = suffix_container_names(&parse(&retagged), "-p", &[]).unwrap();
    let named = String::from_utf8(named.bytes).unwrap();
    prefix_volumes(&parse(&named), &rule).unwrap()
}

proptest! {
    #[test]
    fn edits_of_any_file_change_just_what_they_should_and_once(
        services in prop::collection::vec((any::<usize>(), any::<usize>()), 1..8),
        volumes in prop::collection::vec((any::<usize>(), any::<usize>()), 1..8),
        how in any::<(bool, bool, bool)>(),
    ) {
        let (before, after) = file(&services, &volumes, how);
        let edited = edit_all(&before);
        prop_assert_eq!(str::from_utf8(&edited.bytes).unwrap(), &after);
        let again = edit_all(&after);
        prop_assert_eq!(str::from_utf8(&again.bytes).unwrap(), &after);
        prop_assert!(again.changes.is_empty());
    }

    #[test]
    fn ports_that_move_and_move_back_are_where_they_were(
        services in prop::collection::vec((any::<usize>(), any::<usize>()), 1..8),
        how in any::<(bool, bool, bool)>(),
        offset in 1..60_000,
    ) {
        let (before, _) = file(&services, &[], how);
        if let Ok(moved) = offset_ports(&parse(&before), offset, &[], &|_| None) {
            let moved = String::from_utf8(moved.bytes).unwrap();
            prop_assert_eq!(before.lines().count(), moved.lines().count());
            let back = offset_ports(&parse(&moved), -offset, &[], &|_| None).unwrap();
            prop_assert_eq!(str::from_utf8(&back.bytes).unwrap(), before);
        } else {
            prop_assert!(offset > 65_535 - 8080);
        }
    }

    #[test]
    fn no_text_makes_the_parser_or_the_edits_panic(text in "[a-z{}\\[\\]:,&*!|>'\"#%@`<~? \n\r\\-$]{0,60}") {
        let text = format!("services: {{a: {{image: app:1}}}}\nvolumes: &v\n  v: {text}\nnetworks: *v\n");
        if let Ok(document) = Document::parse(Path::new("c.yml"), text.as_bytes()) {
            let rules = ["app=2".parse().unwrap()];
            let _ = set_images(&document, &rules, &ImageOptions::default());
            let rule = PrefixRule { prefix: "p_".to_owned(), ..PrefixRule::default() };
            for edit in [prefix_volumes, prefix_networks] {
                if let Ok(edited) = edit(&document, &rule) {
                    let again = Document::parse(Path::new("c.yml"), &edited.bytes).unwrap();
                    let twice = edit(&again, &rule).unwrap();
                    prop_assert_eq!(twice.bytes, edited.bytes);
                }
            }
        }
    }
}
