use std::path::{Path, PathBuf};

use super::*;
use crate::compose::{Claims, conflicts, remaining};

mod kept_variables;
mod mixed_variables;
mod references;
mod taken_names;

const VARIABLES: [(&str, &str); 7] = [
    ("PORT", "8080"),
    ("RANGE", "8085-8086"),
    ("DB", "shop-db"),
    ("DB_HOST", "shop-db"),
    ("API", "http://shop-db:80/$x"),
    ("URL", "pg://u@shop-db:1/shop-db"),
    ("TAIL", "db"),
];

fn model(folder: &str, text: &str) -> Model {
    Model::of_text(folder, text, &VARIABLES)
}

fn claims(folder: &str, text: &str) -> Claims {
    Claims::of(&model(folder, text))
}

fn lookup(name: &str) -> Option<String> {
    let mut known = VARIABLES.into_iter();
    let (_, value) = known.find(|(variable, _)| *variable == name)?;
    Some(value.to_owned())
}

fn rule() -> FixRule {
    FixRule {
        suffix: "-b".to_owned(),
        prefix: "b_".to_owned(),
        port_offset: Some(100),
    }
}

fn fixed_with(text: &str, rule: &FixRule, env_files: &[EnvFile], texts: &[TextFile]) -> FixedFiles {
    let beside = Beside {
        env_files,
        texts,
        ..Beside::of(text)
    };
    beside.fixed(text, rule)
}

/// What a file of project `b` is fixed beside.
struct Beside<'a> {
    /// The file of project `a`.
    theirs: &'a str,
    env_files: &'a [EnvFile],
    texts: &'a [TextFile],
    /// The variables whose values stay.
    kept: &'a [&'a str],
}

impl<'a> Beside<'a> {
    fn of(theirs: &'a str) -> Self {
        Self {
            theirs,
            env_files: &[],
            texts: &[],
            kept: &[],
        }
    }

    fn fixed(&self, own: &str, rule: &FixRule) -> FixedFiles {
        let theirs = claims("a", self.theirs);
        let found = conflicts(&theirs, &claims("b", own));
        let document = Document::parse(Path::new("/b/c.yml"), own.as_bytes()).unwrap();
        let project = ProjectFiles {
            model: &model("b", own),
            documents: &[document],
            lookup: &lookup,
            lookups: &[],
            env_files: self.env_files,
            others: &["a".to_owned()],
            foreign: &[],
            texts: self.texts,
            taken: &theirs,
            is_kept: &|name| self.kept.contains(&name),
        };
        fix(&project, &found, rule).unwrap()
    }
}

/// The file of project `b`, made fit to run beside the same file as project `a`, and the
/// conflicts that are left.
fn fixed(text: &str, rule: &FixRule) -> (FixedFiles, String, Vec<String>) {
    let fixed = fixed_with(text, rule, &[], &[]);
    let after = String::from_utf8(fixed.files[0].bytes.clone()).unwrap();
    let (first, before, last) = (claims("a", text), claims("b", text), claims("b", &after));
    let left = remaining(&first, &before, &last, &fixed.stale);
    let left = left.iter().map(|c| format!("{} {}", c.rule, c.subject));
    let left = left.collect();
    (fixed, after, left)
}

/// A web server and its database, whose container's name is used in the web's `rest`.
fn shop(rest: &str) -> String {
    format!(
        "services:\n  database: {{image: d, container_name: shop-db}}\n  web:\n    image: w\n{rest}"
    )
}

/// What becomes of `rest` in [`shop`], and what is left.
#[track_caller]
fn check(rest: &str, expect: &str, stale: &[&str]) {
    let (fixed, after, left) = fixed(&shop(rest), &rule());
    let expect = shop(expect).replace("name: shop-db}", "name: shop-db-b}");
    assert_eq!(after, expect);
    assert_eq!(left, stale);
    assert!(fixed.refusals.is_empty(), "{:?}", fixed.refusals);
}

const TEXT: &str = "\
services:
  web:
    image: x
    container_name: web # fixed
    ports:
      - \"80:80\"
      - 81:81 # too
    networks: [front]
  other:
    image: x
    ports: ['90']
    volumes: ['data:/data', 'own:/own']
volumes:
  data:
    name: data
  own:
networks:
  front: {name: front}
";

#[test]
fn names_and_ports_that_collide_become_the_second_project_s_own() {
    let (fixed, after, left) = fixed(TEXT, &rule());
    let expect = TEXT
        .replace("container_name: web", "container_name: web-b")
        .replace("80:80", "180:80")
        .replace("81:81", "181:81")
        .replace("name: data", "name: b_data")
        .replace("name: front", "name: b_front");
    assert_eq!(after, expect);
    assert!(left.is_empty(), "{left:?}");
    assert!(fixed.refusals.is_empty(), "{:?}", fixed.refusals);
}

#[test]
fn ports_stay_unless_an_offset_is_given() {
    let rule = FixRule {
        port_offset: None,
        ..rule()
    };
    let (_, after, left) = fixed(TEXT, &rule);
    assert!(after.contains("80:80"));
    assert_eq!(left, ["host-port 80/tcp", "host-port 81/tcp"]);
}

#[test]
fn a_port_that_env_holds_is_given_back() {
    let text = "services: {web: {image: x, ports: ['${PORT}:80']}}";
    let (fixed, after, _) = fixed(text, &rule());
    assert_eq!(after, text);
    assert_eq!(fixed.variables[0].to, "8180");
}

#[test]
fn only_containers_that_collide_get_the_suffix_and_all_of_them() {
    let theirs =
        "services: {web: {image: x, container_name: web}, db: {image: d, container_name: db-b}}";
    let own = theirs
        .replace("image: x", "image: y")
        .replace("}}", "}, own: {image: o, container_name: own}}");
    let fixed = Beside::of(theirs).fixed(&own, &rule());
    let after = String::from_utf8(fixed.files[0].bytes.clone()).unwrap();
    let expect = own
        .replace("container_name: web", "container_name: web-b")
        .replace("db-b", "db-b-b");
    assert_eq!(after, expect);
}

#[test]
fn a_name_that_has_the_prefix_and_is_taken_is_refused_with_another_prefix() {
    let text = "\
services: {web: {image: x, volumes: ['data:/d'], networks: [n]}}
volumes: {data: {name: b_data}}
networks: {n: {name: b_n}}
";
    let (fixed, after, _) = fixed(text, &rule());
    assert_eq!(after, text);
    let refusals = fixed.refusals.iter().map(ToString::to_string);
    let refusals: Vec<_> = refusals.collect();
    assert_eq!(
        refusals,
        [
            "/b/c.yml:2:17: `b_data` would be the name of `data` (/a/c.yml:2:17), too",
            "/b/c.yml:3:15: `b_n` would be the name of `n` (/a/c.yml:3:15), too"
        ]
    );
    let Error::Unsafe { remedy, .. } = &fixed.refusals[0] else {
        panic!("{:?}", fixed.refusals);
    };
    assert_eq!(remedy, "choose another one: `--prefix b2_`");
}

#[test]
fn a_suffix_matters_where_a_container_collides() {
    let bad = FixRule {
        suffix: "a b".to_owned(),
        ..rule()
    };
    let text = "services: {web: {image: x, ports: ['80:80']}}";
    let (fixed, after, _) = fixed(text, &bad);
    assert_eq!(after, text.replace("'80", "'180"));
    assert!(fixed.refusals.is_empty());
}

#[test]
fn a_container_s_name_that_no_host_can_have_is_refused() {
    let named = |length: usize| {
        let text = format!(
            "services: {{web: {{image: x, container_name: {}}}}}",
            "a".repeat(length)
        );
        let (fixed, after, _) = fixed(&text, &rule());
        let refusals: Vec<_> = fixed.refusals.iter().map(ToString::to_string).collect();
        (after != text, refusals.join(" "))
    };
    assert_eq!(named(61), (true, String::new()));
    let (is_edited, said) = named(62);
    assert!(!is_edited);
    assert!(
        said.ends_with(
            "-b` has 64 characters, and a container with more than 63 can't be reached by its name"
        ),
        "{said}"
    );
    // Nobody reached it by that before.
    assert_eq!(named(64), (true, String::new()));
}

#[test]
fn what_cannot_be_edited_is_left_with_its_reason() {
    let text = "services: {web: {image: x, container_name: web, ports: ['65500:80']}}";
    let (fixed, after, left) = fixed(text, &rule());
    assert_eq!(after, text.replace("_name: web", "_name: web-b"));
    assert_eq!(left, ["host-port 65500/tcp"]);
    assert_eq!(
        fixed.refusals[0].to_string(),
        "/b/c.yml:1:57: the ports of `web` can't be changed: there is no such port"
    );
}

#[test]
fn networks_volumes_and_ports_are_edited_where_they_are_named() {
    let text = "\
services:
  web:
    image: w
    networks: [front]
    ports: ['8080:80']
    environment:
      DOCKER_NETWORK: shop_front
      PUBLIC_URL: http://localhost:8080
      BACKUP_VOLUME: shop_data
      NOTE: shop_data
    labels:
      - traefik.docker.network=shop_front
    volumes: ['data:/d']
networks: {front: {name: shop_front}}
volumes: {data: {name: shop_data}}
";
    let (_, after, left) = fixed(text, &rule());
    let expect = text
        .replace("shop_front", "b_front")
        .replace("shop_data", "b_data")
        .replace("NOTE: b_data", "NOTE: shop_data")
        .replace("8080", "8180");
    assert_eq!(after, expect);
    assert_eq!(left, ["stale-name volume `shop_data`"]);
}

#[test]
fn a_name_that_variables_hold_changes_in_them() {
    let text = shop("    environment: {DB_HOST: '${DB}', URL: '${URL}'}\n");
    let (fixed, after, left) = fixed(&text, &rule());
    assert_eq!(after, text.replace("name: shop-db}", "name: shop-db-b}"));
    let changes: Vec<_> = fixed
        .variables
        .iter()
        .map(|v| (v.name.as_str(), v.to.as_str()))
        .collect();
    assert_eq!(
        changes,
        [("DB", "shop-db-b"), ("URL", "pg://u@shop-db-b:1/shop-db")]
    );
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn hundreds_of_services_are_fixed_at_once() {
    let mut text = "services:\n".to_owned();
    let mut volumes = "volumes:\n".to_owned();
    for n in 0..300 {
        text += &format!(
            "  s{n}:\n    image: i\n    container_name: c{n}\n    ports: ['{}:80']\n    \
             environment: {{HOST: 'c{n}'}}\n    volumes: ['v{n}:/v']\n",
            n + 1000
        );
        volumes += &format!("  v{n}: {{name: w{n}}}\n");
    }
    let rule = FixRule {
        port_offset: Some(10_000),
        ..rule()
    };
    let (fixed, after, left) = fixed(&(text + &volumes), &rule);
    assert!(left.is_empty() && fixed.refusals.is_empty());
    assert_eq!(after.matches("HOST: 'c").count(), 300);
    assert_eq!(after.matches("-b'").count(), 300);
    assert_eq!(after.matches("name: b_v").count(), 300);
}

#[test]
fn a_suffix_that_no_name_can_have_is_an_error() {
    let document = Document::parse(Path::new("/b/c.yml"), TEXT.as_bytes()).unwrap();
    let found = conflicts(&claims("a", TEXT), &claims("b", TEXT));
    let project = ProjectFiles {
        model: &model("b", TEXT),
        documents: &[document],
        lookup: &lookup,
        lookups: &[],
        env_files: &[],
        others: &[],
        foreign: &[],
        texts: &[],
        taken: &Claims::default(),
        is_kept: &|_| false,
    };
    let of = |rule: FixRule| fix(&project, &found, &rule).unwrap_err();
    let error = of(FixRule {
        suffix: "a b".to_owned(),
        ..rule()
    });
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
    let error = of(FixRule {
        prefix: "a b".to_owned(),
        ..rule()
    });
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
}
