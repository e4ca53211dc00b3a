use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::compose::{Claims, LoadOptions, Model, conflicts};

fn claims(folder: &str, text: &str) -> Claims {
    let file = PathBuf::from(format!("/{folder}/c.yml"));
    let options = LoadOptions {
        environment: BTreeMap::from([("PORT".to_owned(), "8080".to_owned())]),
        ..LoadOptions::default()
    };
    let read = |path: &Path| match path == file {
        true => Ok(text.as_bytes().to_vec()),
        false => Err(std::io::ErrorKind::NotFound.into()),
    };
    Claims::of(&Model::load_with(std::slice::from_ref(&file), &options, &read).unwrap())
}

fn rule() -> FixRule {
    FixRule {
        suffix: "-b".to_owned(),
        prefix: "b_".to_owned(),
        port_offset: Some(100),
    }
}

/// The file of project `b`, made fit to run beside the same file as project `a`, and the
/// conflicts that are left.
fn fixed(text: &str, rule: &FixRule) -> (Fixed, String, Vec<String>) {
    let first = claims("a", text);
    let found = conflicts(&first, &claims("b", text));
    let document = Document::parse(Path::new("/b/c.yml"), text.as_bytes()).unwrap();
    let lookup = |name: &str| (name == "PORT").then(|| "8080".to_owned());
    let fixed = fix(&document, &found, rule, &lookup).unwrap();
    let after = String::from_utf8(fixed.edited.bytes.clone()).unwrap();
    let left = conflicts(&first, &claims("b", &after));
    let left = left.iter().map(|c| format!("{} {}", c.rule, c.subject));
    let left = left.collect();
    (fixed, after, left)
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
fn a_container_that_another_service_names_keeps_its_name() {
    let text = "\
services:
  web: {image: x, container_name: q}
  side: {image: x, network_mode: 'container:q'}
";
    let (fixed, after, left) = fixed(text, &rule());
    assert_eq!(after, text);
    assert_eq!(left, ["container-name q"]);
    assert_eq!(
        fixed.refusals[0].to_string(),
        "/b/c.yml:2:35: the container_name of `web` can't be changed: line 3 refers to it by \
         this name"
    );
}

#[test]
fn a_suffix_that_no_name_can_have_is_an_error() {
    let document = Document::parse(Path::new("/b/c.yml"), TEXT.as_bytes()).unwrap();
    let found = conflicts(&claims("a", TEXT), &claims("b", TEXT));
    let rule = FixRule {
        suffix: "a b".to_owned(),
        ..rule()
    };
    let error = fix(&document, &found, &rule, &|_| None).unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
}
