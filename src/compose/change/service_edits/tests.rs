use std::path::Path;

use super::*;

fn parse(text: &str) -> Document {
    Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap()
}

#[track_caller]
fn check_edit(text: &str, edit: impl Fn(&Document) -> Result<Edited, Error>, expect: &str) {
    let edited = edit(&parse(text)).unwrap();
    assert_eq!(str::from_utf8(&edited.bytes).unwrap(), expect);
}

fn ports(item: &str) -> String {
    format!("services:\n  web:\n    ports:\n      - {item} # c\n")
}

#[track_caller]
fn check_port(item: &str, expect: &str) {
    let lookup = |name: &str| (name == "SET").then(|| "7000".to_owned());
    let edit = |document: &Document| offset_ports(document, 1000, &[], &lookup);
    check_edit(&ports(item), edit, &ports(expect));
}

#[track_caller]
fn check_port_refused(item: &str, expect: &str) {
    let lookup = |name: &str| (name == "SET").then(|| "7000".to_owned());
    let error = offset_ports(&parse(&ports(item)), 1000, &[], &lookup).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("c.yml:4:9: the ports of `web` can't be changed: {expect}")
    );
}

#[test]
fn host_ports_move_in_every_syntax() {
    check_port("\"8080:80\"", "\"9080:80\"");
    check_port("22:22", "1022:22");
    check_port("8000-8001:80-81", "9000-9001:80-81");
    check_port("'[::1]:6:6'", "'[::1]:1006:6'");
    check_port("127.0.0.1:80:80/udp", "127.0.0.1:1080:80/udp");
    check_port(
        "{target: 80, published: 8080}",
        "{target: 80, published: 9080}",
    );
    check_port(
        "{target: 80, published: \"8080-8081\"}",
        "{target: 80, published: \"9080-9081\"}",
    );
    check_port("${PORT:-8080}:80", "${PORT:-9080}:80");
    check_port("${IP:-127.0.0.1}:8080:80", "${IP:-127.0.0.1}:9080:80");
}

#[test]
fn a_port_in_a_variable_within_a_variable_is_refused() {
    check_port_refused(
        "${PORT:-${SET}}:80",
        "a variable within a variable holds the port",
    );
}

#[test]
fn ports_that_the_engine_chooses_stay() {
    for item in [
        "80",
        "\"80\"",
        "80-81",
        "127.0.0.1::80",
        "{target: 80}",
        "80/udp",
    ] {
        check_port(item, item);
    }
}

#[test]
fn ports_that_cannot_move_are_refused() {
    check_port_refused("65000:80", "there is no such port");
    check_port_refused("${PORT?}:80", "required variable `PORT` is missing a value");
}

#[test]
fn only_the_services_named_are_edited() {
    let text = "services:\n  a: {ports: ['1:1'], container_name: a}\n  b: {ports: ['2:2'], \
                container_name: b}\n";
    let only = ["b".to_owned()];
    check_edit(
        text,
        |document| offset_ports(document, 10, &only, &|_| None),
        &text.replace("'2:2'", "'12:2'"),
    );
    check_edit(
        text,
        |document| suffix_container_names(document, "-x", &only),
        &text.replace("container_name: b", "container_name: b-x"),
    );
}

#[test]
fn container_names_get_their_suffix_once() {
    let text = "services:\n  a:\n    container_name: 'a' # c\n  b:\n    container_name: ${N}-b\n";
    let expect =
        "services:\n  a:\n    container_name: 'a-v2' # c\n  b:\n    container_name: ${N}-b-v2\n";
    let edit = |document: &Document| suffix_container_names(document, "-v2", &[]);
    check_edit(text, edit, expect);
    check_edit(expect, edit, expect);
    assert!(suffix_container_names(&parse(text), "a b", &[]).is_err());
}

#[test]
fn a_port_in_a_variable_is_moved_where_it_lives() {
    let document = parse(&ports("${SET}:80"));
    let lookup = |name: &str| (name == "SET").then(|| "7000".to_owned());
    let (edited, variables) = offset_ports_with(&document, 1000, &[], &lookup).unwrap();
    assert_eq!(edited.bytes, document.bytes());
    let change = VariableChange {
        name: "SET".to_owned(),
        from: Some("7000".to_owned()),
        to: "8000".to_owned(),
        parts: vec![(0..4, "8000".to_owned())],
        services: vec!["web".to_owned()],
    };
    assert_eq!(variables, [change]);
    let error = offset_ports(&document, 1000, &[], &lookup).unwrap_err();
    assert_eq!(
        error.to_string(),
        "c.yml:4:9: `web` holds a host port in the variable `SET`"
    );
}
