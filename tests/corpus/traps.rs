//! The table of traps: what broke other editors, one row a case. Each row is a file, an
//! edit, and the exact bytes that must come of it, or the reason why it is refused.

use std::path::Path;

use transship::compose::{
    Document, Edited, Error, ImageOptions, ImageRule, PrefixRule, prefix_volumes, set_images,
};

/// What must come of an edit.
pub(crate) enum Outcome {
    /// These bytes.
    Bytes(&'static str),
    /// An error with this text in it.
    Refused(&'static str),
}
use Outcome::{Bytes, Refused};

fn prefixed(text: &str) -> Result<Edited, Error> {
    let document = Document::parse(Path::new("c.yml"), text.as_bytes())?;
    let rule = PrefixRule {
        prefix: "ts_".to_owned(),
        ..PrefixRule::default()
    };
    prefix_volumes(&document, &rule)
}

fn retagged(text: &str, rule: &str) -> Result<Edited, Error> {
    let document = Document::parse(Path::new("c.yml"), text.as_bytes())?;
    let rule: ImageRule = rule.parse()?;
    set_images(&document, &[rule], &ImageOptions::default())
}

fn retagged_in_variables(text: &str) -> Result<Edited, Error> {
    let document = Document::parse(Path::new("c.yml"), text.as_bytes())?;
    let options = ImageOptions {
        tag_var: true,
        ..ImageOptions::default()
    };
    set_images(&document, &["nginx=2".parse()?], &options)
}

#[track_caller]
pub(crate) fn judge(name: &str, found: Result<Edited, Error>, expect: &Outcome) -> Vec<u8> {
    match (found, expect) {
        (Ok(edited), Bytes(expect)) => {
            let found = String::from_utf8(edited.bytes.clone()).unwrap();
            assert_eq!(found, *expect, "{name}");
            edited.bytes
        }
        (Err(error), Refused(expect)) => {
            let text = error.to_string();
            assert!(text.contains(expect), "{name}: {text}");
            assert!(text.starts_with("c.yml:"), "{name} names no place: {text}");
            Vec::new()
        }
        (Ok(edited), Refused(_)) => {
            let found = String::from_utf8_lossy(&edited.bytes);
            panic!("{name} was not refused:\n{found}")
        }
        (Err(error), Bytes(_)) => panic!("{name} was refused: {error}"),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn volume_names_are_written_as_the_table_says() {
    let cases = [
        (
            "a bare key",
            "volumes:\n  db:\n",
            Bytes("volumes:\n  db:\n    name: ts_db\n"),
        ),
        (
            "a bare key with a comment",
            "volumes:\n  db: # c\n  e:\n",
            Bytes("volumes:\n  db: # c\n    name: ts_db\n  e:\n    name: ts_e\n"),
        ),
        (
            "no final newline",
            "volumes:\n  db:",
            Bytes("volumes:\n  db:\n    name: ts_db"),
        ),
        (
            "no final newline behind a comment",
            "volumes:\n  db: # c",
            Bytes("volumes:\n  db: # c\n    name: ts_db"),
        ),
        (
            "the file's own line ends and indentation",
            "volumes:\r\n    db:\r\n    e:\r\n      driver: local\r\n",
            Bytes(
                "volumes:\r\n    db:\r\n      name: ts_db\r\n    e:\r\n      name: ts_e\r\n      \
                 driver: local\r\n",
            ),
        ),
        (
            "an empty flow mapping",
            "volumes: {db: {}}",
            Bytes("volumes: {db: {name: ts_db}}"),
        ),
        (
            "a flow mapping with spaces and a trailing comma",
            "volumes:\n  db: { driver: local, }\n",
            Bytes("volumes:\n  db: { name: ts_db, driver: local, }\n"),
        ),
        (
            "a flow mapping over lines",
            "volumes:\n  db: {\n    driver: local # c\n  }\n",
            Bytes("volumes:\n  db: {\n    name: ts_db,\n    driver: local # c\n  }\n"),
        ),
        (
            "flow keys without a value or a colon",
            "volumes: {db: , e}",
            Bytes("volumes: {db: {name: ts_db}, e: {name: ts_e}}"),
        ),
        (
            "a tilde",
            "volumes:\n  db: ~ # c\n",
            Bytes("volumes:\n  db: {name: ts_db} # c\n"),
        ),
        (
            "a null",
            "volumes:\n  db: null\n",
            Bytes("volumes:\n  db: {name: ts_db}\n"),
        ),
        (
            "a tagged null",
            "volumes:\n  db: !!null\n",
            Refused("it has the tag `!!null`"),
        ),
        (
            "a reset",
            "volumes:\n  db: !reset null\n",
            Bytes("volumes:\n  db: !reset null\n"),
        ),
        (
            "a comment above the first entry",
            "volumes:\n  db:\n    # of driver\n    driver: x\n",
            Bytes("volumes:\n  db:\n    name: ts_db\n    # of driver\n    driver: x\n"),
        ),
        (
            "an alias",
            "x: &v {driver: local}\nvolumes:\n  db: *v # c\n",
            Bytes("x: &v {driver: local}\nvolumes:\n  db: {<<: *v, name: ts_db} # c\n"),
        ),
        (
            "an anchor and its alias are both volumes",
            "volumes:\n  db: &a {driver: local}\n  c: *a\n",
            Bytes("volumes:\n  db: &a {name: ts_db, driver: local}\n  c: {<<: *a, name: ts_c}\n"),
        ),
        (
            "an anchor whose alias is no volume",
            "volumes:\n  db: &a {driver: local}\nnetworks:\n  n: *a\n",
            Refused("line 4 shares it by an alias"),
        ),
        (
            "a merge key that brings a name",
            "x: &v {name: old}\nvolumes:\n  db:\n    <<: *v\n",
            Bytes("x: &v {name: old}\nvolumes:\n  db:\n    name: ts_db\n    <<: *v\n"),
        ),
        (
            "an existing name keeps its quotes and comment",
            "volumes:\n  db:\n    name: 'v1_db' # c\n  e: {name: \"v1_e\"}\n",
            Bytes("volumes:\n  db:\n    name: 'ts_db' # c\n  e: {name: \"ts_e\"}\n"),
        ),
        (
            "an external volume",
            "volumes:\n  db:\n    external: true\n  e: {external: {name: x}}\n",
            Bytes("volumes:\n  db:\n    external: true\n  e: {external: {name: x}}\n"),
        ),
        (
            "two documents",
            "volumes:\n  db:\n---\nvolumes:\n  e:\n",
            Bytes("volumes:\n  db:\n    name: ts_db\n---\nvolumes:\n  e:\n    name: ts_e\n"),
        ),
        (
            "a byte order mark",
            "\u{feff}volumes:\n  db:\n",
            Bytes("\u{feff}volumes:\n  db:\n    name: ts_db\n"),
        ),
        (
            "a JSON file",
            "{\"volumes\": {\"db\": {}, \"e\": {\"driver\": \"x\"}, \"f\": null}}",
            Bytes(
                "{\"volumes\": {\"db\": {\"name\": \"ts_db\"}, \"e\": {\"name\": \"ts_e\", \
                 \"driver\": \"x\"}, \"f\": {\"name\": \"ts_f\"}}}",
            ),
        ),
        (
            "keys with dots",
            "volumes:\n  my.web:\n",
            Bytes("volumes:\n  my.web:\n    name: ts_my.web\n"),
        ),
        (
            "a key that makes no name",
            "volumes:\n  a/b:\n",
            Refused("volume `a/b` can't be named `ts_a/b`"),
        ),
        (
            "a merge key that brings a name, and a local one",
            "x: &v {name: old}\nvolumes:\n  db: {<<: *v, name: own}\n",
            Bytes("x: &v {name: old}\nvolumes:\n  db: {<<: *v, name: ts_db}\n"),
        ),
        (
            "a name in several quotes",
            "volumes:\n  db: {name: 'it''s'}\n",
            Bytes("volumes:\n  db: {name: 'ts_db'}\n"),
        ),
        (
            "duplicate keys",
            "volumes:\n  db:\n  db:\n",
            Refused("c.yml:3:3: key `db` is already there on line 2"),
        ),
        (
            "two merge keys",
            "x: &v {a: b}\nvolumes: {db: {<<: *v, <<: *v}}\n",
            Refused("key `<<` is already there"),
        ),
        (
            "a YAML directive",
            "%YAML 1.2\n---\nvolumes:\n  db:\n",
            Refused("no `%YAML` directive"),
        ),
        (
            "a lone carriage return",
            "volumes:\r  db:\r",
            Refused("line feed"),
        ),
        (
            "a next-line character",
            "volumes:\u{85}  db:",
            Refused("U+0085"),
        ),
        (
            "an explicit key",
            "volumes:\n  ? db\n",
            Refused("its key does not begin a line"),
        ),
        (
            "an anchored null",
            "volumes:\n  db: &a\n  e: {}\n",
            Bytes("volumes:\n  db: &a\n    name: ts_db\n  e: {name: ts_e}\n"),
        ),
        ("no volumes", "services: {}\n", Bytes("services: {}\n")),
        ("null volumes", "volumes:\n", Bytes("volumes:\n")),
    ];
    for (name, text, expect) in cases {
        let once = judge(name, prefixed(text), &expect);
        if let Bytes(expect) = expect {
            let again = prefixed(str::from_utf8(&once).unwrap()).unwrap();
            assert_eq!(again.bytes, expect.as_bytes(), "{name} is not idempotent");
            assert!(again.changes.is_empty(), "{name} changes something again");
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn image_tags_are_written_as_the_table_says() {
    const DIGEST: &str = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let digest = |text: &str| -> &'static str { text.replace("DIGEST", DIGEST).leak() };
    let cases = [
        (
            "a comment and spaces stay",
            "services:\n  a: {image:   nginx:1   } # c\n",
            Bytes("services:\n  a: {image:   nginx:2   } # c\n"),
        ),
        (
            "single quotes, and a neighbour with the same tag",
            "services:\n  a:\n    image: 'nginx:1'\n  b:\n    image: nginx-x:1\n",
            Bytes("services:\n  a:\n    image: 'nginx:2'\n  b:\n    image: nginx-x:1\n"),
        ),
        (
            "double quotes with an escape",
            "services: {a: {image: \"nginx:\\u0031\"}}",
            Bytes("services: {a: {image: \"nginx:2\"}}"),
        ),
        (
            "no tag",
            "services:\n  a:\n    image: nginx\n",
            Bytes("services:\n  a:\n    image: nginx:2\n"),
        ),
        (
            "an anchored image is edited once",
            "services:\n  a:\n    image: &i nginx:1\n  b:\n    image: *i\n",
            Bytes("services:\n  a:\n    image: &i nginx:2\n  b:\n    image: *i\n"),
        ),
        (
            "an image inherited through a merge key",
            "x-a: &a\n  image: nginx:1\nservices:\n  a:\n    <<: *a\n  b:\n    <<: *a\n",
            Bytes("x-a: &a\n  image: nginx:2\nservices:\n  a:\n    <<: *a\n  b:\n    <<: *a\n"),
        ),
        (
            "an anchored image that is something else too",
            "services:\n  a:\n    image: &i nginx:1\n    command: *i\n",
            Refused("it is shared with line 4, which is not another image"),
        ),
        (
            "a folded block",
            "services:\n  a:\n    image: >-\n      nginx:1\n    tty: true\n",
            Bytes("services:\n  a:\n    image: >-\n      nginx:2\n    tty: true\n"),
        ),
        (
            "a literal block",
            "services:\n  a:\n    image: |-\n      nginx:1\n    tty: true\n",
            Bytes("services:\n  a:\n    image: |-\n      nginx:2\n    tty: true\n"),
        ),
        (
            "no image, or one that is taken away",
            "services: {a: {image: }, b: {image: ~}, c: {image: !reset null}, d: {image: ''}}",
            Refused("no image matches"),
        ),
        (
            "a block with a line break at its end",
            "services:\n  a:\n    image: |\n      nginx:1\n    tty: true\n",
            Refused("it ends with a line break"),
        ),
        (
            "a quote within single quotes is escaped again",
            "services: {a: {image: '${N:+it''s}nginx:1'}}",
            Bytes("services: {a: {image: '${N:+it''s}nginx:2'}}"),
        ),
        (
            "a port of a registry, and a tag",
            "services: {a: {image: reg:5000/app:1, ports: []}, b: {image: nginx:1}}",
            Bytes("services: {a: {image: reg:5000/app:1, ports: []}, b: {image: nginx:2}}"),
        ),
        (
            "services with dots and slashes",
            "services: {my.web: {image: nginx}, a/b: {image: nginx:1}}",
            Bytes("services: {my.web: {image: nginx:2}, a/b: {image: nginx:2}}"),
        ),
        (
            "an image inherited through an alias",
            "services:\n  a: &a\n    image: nginx:1\n  b: *a\n",
            Bytes("services:\n  a: &a\n    image: nginx:2\n  b: *a\n"),
        ),
        (
            "plain text over lines",
            "services:\n  a:\n    image: nginx:1\n      x\n",
            Refused("it is written over several lines"),
        ),
        (
            "a tag in a variable's default",
            "services:\n  a:\n    image: ${I:-nginx}:${T:-1}\n",
            Refused("`a` holds the tag of its image in the variable `T`"),
        ),
        (
            "a tag beside a variable",
            "services:\n  a:\n    image: ${R-}nginx:1\n",
            Bytes("services:\n  a:\n    image: ${R-}nginx:2\n"),
        ),
        (
            "a digest is dropped",
            digest("services:\n  a:\n    image: nginx:1DIGEST # c\n"),
            Bytes("services:\n  a:\n    image: nginx:2 # c\n"),
        ),
        (
            "a digest stays where the tag stays",
            digest("services:\n  a:\n    image: nginx:2DIGEST\n"),
            Bytes(digest("services:\n  a:\n    image: nginx:2DIGEST\n")),
        ),
        (
            "two documents",
            "services: {a: {image: nginx}}\n---\nservices: {b: {image: nginx}}\n",
            Bytes("services: {a: {image: nginx:2}}\n---\nservices: {b: {image: nginx:2}}\n"),
        ),
        (
            "a service named on",
            "services:\n  on:\n    image: nginx\n",
            Bytes("services:\n  on:\n    image: nginx:2\n"),
        ),
        (
            "a numeric service",
            "services:\n  1:\n    image: nginx\n",
            Refused("c.yml:2:3: key `1` is not a string"),
        ),
        (
            "a quoted merge key merges nothing",
            "x: &a {image: nginx}\nservices: {b: {\"<<\": *a}}\n",
            Refused("no image matches"),
        ),
        (
            "CRLF and a byte order mark",
            "\u{feff}services:\r\n  a:\r\n    image: nginx:1 # c\r\n",
            Bytes("\u{feff}services:\r\n  a:\r\n    image: nginx:2 # c\r\n"),
        ),
    ];
    for (name, text, expect) in cases {
        let once = judge(name, retagged(text, "nginx=2"), &expect);
        if let Bytes(expect) = expect {
            let again = retagged(str::from_utf8(&once).unwrap(), "nginx=2").unwrap();
            assert_eq!(again.bytes, expect.as_bytes(), "{name} is not idempotent");
        }
    }
}

#[test]
fn a_tag_in_a_variable_is_changed_where_its_default_lives() {
    let cases = [
        ("${I:-nginx}:${T:-1}", "${I:-nginx}:${T:-2}"),
        ("\"${I:-nginx:${T:-1}}\"", "\"${I:-nginx:${T:-2}}\""),
        ("${I:-nginx:1}", "${I:-nginx:2}"),
        ("nginx:${T-1}", "nginx:${T-2}"),
    ];
    for (image, expect) in cases {
        let file = |image: &str| format!("services:\n  a:\n    image: {image} # c\n");
        let edited = retagged_in_variables(&file(image)).unwrap();
        assert_eq!(
            str::from_utf8(&edited.bytes).unwrap(),
            file(expect),
            "{image}"
        );
    }
}

#[test]
fn a_name_that_another_volume_would_get_by_an_alias_is_refused() {
    for (text, expect) in [
        (
            "volumes:\n  db: &a {driver: local}\n  e: *a\n",
            "c.yml:3:3: volume `e` would be renamed, too",
        ),
        (
            "volumes:\n  db: &a {name: old}\n  e: *a\n",
            "c.yml:3:3: volume `e` would be renamed, too",
        ),
    ] {
        let document = Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap();
        let rule = PrefixRule {
            prefix: "ts_".to_owned(),
            only: vec!["db".to_owned()],
            ..PrefixRule::default()
        };
        let error = prefix_volumes(&document, &rule).unwrap_err().to_string();
        assert!(error.starts_with(expect), "{error}");
    }
}

#[test]
fn a_registry_with_a_port_is_no_tag() {
    let text = "services: {a: {image: reg:5000/app}}";
    let expect = Bytes("services: {a: {image: reg:5000/app:2}}");
    judge("reg:5000/app", retagged(text, "reg:5000/app=2"), &expect);
}
