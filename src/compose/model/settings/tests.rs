use std::collections::BTreeMap;
use std::path::Path;

use super::*;

fn settings(folder: &str, text: &str) -> Settings {
    let file = PathBuf::from(format!("/{folder}/c.yml"));
    let options = LoadOptions {
        environment: BTreeMap::new(),
        ..LoadOptions::default()
    };
    let read = |path: &Path| match path == file {
        true => Ok(text.as_bytes().to_vec()),
        false => Err(std::io::ErrorKind::NotFound.into()),
    };
    Settings::load_with(std::slice::from_ref(&file), &options, &read).unwrap()
}

/// The changes as `services.web.image: a -> b`.
fn found(first: &str, second: &str) -> Vec<String> {
    let changes = settings_diff(&settings("v1", first), &settings("v2", second));
    let side = |setting: &Option<Setting>| match setting {
        None => "-".to_owned(),
        Some(setting) => setting.value.clone().unwrap_or("+".to_owned()),
    };
    let shown = changes.iter().map(|change| {
        let lead = [Some(change.section.clone()), change.name.clone()];
        let keys: Vec<_> = lead
            .into_iter()
            .flatten()
            .chain(change.path.clone())
            .collect();
        format!(
            "{}: {} -> {}",
            keys.join("."),
            side(&change.from),
            side(&change.to)
        )
    });
    shown.collect()
}

#[track_caller]
fn check(first: &str, second: &str, expect: &[&str]) {
    let of = |service: &str| format!("services:\n  web: {{{service}}}\n");
    assert_eq!(found(&of(first), &of(second)), expect);
}

#[test]
fn what_is_written_otherwise_and_means_the_same_is_no_difference() {
    check(
        "environment: [A=1, B=x], ports: ['80:80'], volumes: ['./c:/c:ro'], depends_on: [db], \
         command: nginx -g x, labels: {a: b}, env_file: a.env, networks: [front]",
        "networks: {front: }, env_file: [a.env], labels: [a=b], command: [nginx, -g, x], \
         depends_on: {db: {condition: service_started}}, ports: [{target: 80, published: 80}], \
         volumes: [{type: bind, source: ./c, target: /c, read_only: true}], \
         environment: {B: x, A: 1}",
        &[],
    );
}

#[test]
fn each_setting_that_differs_is_told_once() {
    check(
        "image: a:1",
        "image: a:2",
        &["services.web.image: a:1 -> a:2"],
    );
    check(
        "environment: [A=1, B=x]",
        "environment: {A: 2, C: }",
        &[
            "services.web.environment.A: 1 -> 2",
            "services.web.environment.B: x -> -",
            "services.web.environment.C: - -> +",
        ],
    );
    check(
        "ports: ['80:80', '81:81/udp']",
        "ports: ['127.0.0.1:80:80', '81:81/udp']",
        &[
            "services.web.ports.80:80: + -> -",
            "services.web.ports.127.0.0.1:80:80: - -> +",
        ],
    );
    check(
        "volumes: ['data:/data', './c:/c']",
        "volumes: ['new:/data', './c:/c:ro']",
        &[
            "services.web.volumes./c: ./c -> ./c:ro",
            "services.web.volumes./data: data -> new",
        ],
    );
    check(
        "image: a",
        "image: a, deploy: {resources: {limits: {memory: 2g}}}",
        &["services.web.deploy.resources.limits.memory: - -> 2g"],
    );
    check(
        "command: a b",
        "command: [a, 'b c']",
        &["services.web.command: a b -> a 'b c'"],
    );
}

#[test]
fn the_order_of_a_list_counts_where_it_means_something() {
    check(
        "ports: ['80:80', '81:81']",
        "ports: ['81:81', '80:80']",
        &[],
    );
    check(
        "dns: [1.1.1.1, 8.8.8.8]",
        "dns: [8.8.8.8, 1.1.1.1]",
        &["services.web.dns: 1.1.1.1, 8.8.8.8 -> 8.8.8.8, 1.1.1.1"],
    );
}

#[test]
fn services_and_volumes_come_and_go_as_a_whole() {
    let first = "services: {web: {image: a}, old: {image: b, ports: ['1:1']}}\nvolumes: {x: }";
    let second = "version: '3'\nservices: {web: {image: a}, new: {build: .}}\nvolumes: {y: }";
    let expect = [
        "services.new: - -> +",
        "services.old: b -> -",
        "volumes.x: + -> -",
        "volumes.y: - -> +",
    ];
    assert_eq!(found(first, second), expect);
}

#[test]
fn a_change_knows_where_both_sides_stand() {
    let (first, second) = (
        "services:\n  web:\n    image: a",
        "services:\n  web: {image: b}",
    );
    let changes = settings_diff(&settings("v1", first), &settings("v2", second));
    let at = |setting: &Option<Setting>| setting.as_ref().unwrap().at.to_string();
    assert_eq!(at(&changes[0].from), "/v1/c.yml:3:12");
    assert_eq!(at(&changes[0].to), "/v2/c.yml:2:16");
}
