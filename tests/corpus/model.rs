//! The model of every file of the corpus, and of the projects in `fixtures/compose`, against
//! `docker compose config --format json`: images, volumes, ports, container names, networks,
//! labels, bind mounts and project names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use transship::compose::{LoadOptions, Model, discover};

use super::files::{compose_files, corpus};
use super::need;
use super::oracle;

/// What the two are compared by.
fn summary_of_model(model: &Model) -> Value {
    let services: BTreeMap<_, _> = model
        .services
        .iter()
        .filter(|(_, service)| service.enabled)
        .map(|(name, service)| {
            let mut ports: Vec<_> = service.ports.iter().map(|(port, _)| port).collect();
            ports.sort();
            let summary = json!({
                "image": service.image,
                "container_name": service.container_name,
                "ports": ports,
                "volumes": service.volumes,
                "networks": service.networks.keys().collect::<Vec<_>>(),
                "network_mode": service.network_mode,
                "labels": service.labels,
            });
            (name, summary)
        })
        .collect();
    let volumes: BTreeMap<_, _> = model
        .volumes
        .iter()
        .filter(|(_, volume)| is_used(model, &volume.used_by))
        .map(|(key, volume)| (key, name(&volume.name)))
        .collect();
    let networks: BTreeMap<_, _> = model
        .networks
        .iter()
        .filter(|(_, network)| is_used(model, &network.used_by))
        .map(|(key, network)| (key, name(&network.name)))
        .collect();
    json!({
        "name": model.project,
        "services": services,
        "volumes": volumes,
        "networks": networks,
    })
}

/// Compose leaves out what no active service uses.
fn is_used(model: &Model, used_by: &[String]) -> bool {
    used_by
        .iter()
        .any(|service| model.services[service].enabled)
}

/// Compose leaves out a name that resolves to nothing.
fn name(name: &str) -> Option<&str> {
    Some(name).filter(|name| !name.is_empty())
}

fn summary_of_config(config: &Value) -> Value {
    let empty = serde_json::Map::new();
    let section = |name: &str| config[name].as_object().unwrap_or(&empty);
    let services: BTreeMap<_, _> = section("services")
        .iter()
        .map(|(name, service)| (name, summary_of_service(service)))
        .collect();
    let names = |name: &str| -> BTreeMap<String, Value> {
        section(name)
            .iter()
            .map(|(key, value)| (key.clone(), value["name"].clone()))
            .collect()
    };
    json!({
        "name": config["name"],
        "services": services,
        "volumes": names("volumes"),
        "networks": names("networks"),
    })
}

fn summary_of_service(service: &Value) -> Value {
    let list = |name: &str| service[name].as_array().cloned().unwrap_or_default();
    let mut ports: Vec<_> = list("ports")
        .iter()
        .map(|port| {
            let text = |name: &str| port[name].as_str().map(str::to_owned);
            transship::compose::Port {
                target: u16::try_from(port["target"].as_u64().unwrap()).unwrap(),
                published: text("published"),
                host_ip: text("host_ip"),
                protocol: text("protocol").unwrap(),
            }
        })
        .collect();
    ports.sort();
    let mut volumes: Vec<_> = list("volumes")
        .iter()
        .filter(|mount| mount["type"] == "volume")
        .filter_map(|mount| mount["source"].as_str().map(str::to_owned))
        .collect();
    volumes.sort();
    volumes.dedup();
    let networks = service["networks"].as_object();
    let empty = serde_json::Map::new();
    json!({
        "image": service["image"],
        "container_name": service["container_name"],
        "ports": ports,
        "volumes": volumes,
        "network_mode": service["network_mode"],
        "labels": service["labels"].as_object().unwrap_or(&empty),
        "networks": networks.map(|map| map.keys().collect::<Vec<_>>()).unwrap_or_default(),
    })
}

/// The first place where two summaries differ.
pub(crate) fn difference(ours: &Value, theirs: &Value, at: &str) -> Option<String> {
    if ours == theirs {
        return None;
    }
    if let (Some(one), Some(other)) = (ours.as_array(), theirs.as_array())
        && one.len() == other.len()
    {
        let pairs = one.iter().zip(other);
        return pairs
            .into_iter()
            .find_map(|(ours, theirs)| difference(ours, theirs, at));
    }
    let (Some(one), Some(other)) = (ours.as_object(), theirs.as_object()) else {
        return Some(format!("{at}: {ours} is not {theirs}"));
    };
    let keys = one.keys().chain(other.keys());
    keys.into_iter()
        .find_map(|key| difference(&ours[key], &theirs[key], &format!("{at}/{key}")))
}

/// The bind mounts of each service, by where they are mounted.
fn binds_of_model(model: &Model) -> Value {
    let mut binds = BTreeMap::new();
    for bind in model
        .binds
        .iter()
        .filter(|bind| model.services[&bind.service].enabled)
    {
        let source = match bind.source.as_path() {
            here if here == Path::new(".") => model.project_dir.clone(),
            windows if windows.to_string_lossy().contains(":\\") => windows.to_owned(),
            path => model.project_dir.join(path),
        };
        binds.insert(
            format!("{} {}", bind.service, bind.target),
            (source, bind.read_only),
        );
    }
    json!(binds)
}

fn binds_of_config(config: &Value) -> Value {
    let mut binds = BTreeMap::new();
    for (name, service) in config["services"].as_object().into_iter().flatten() {
        for mount in service["volumes"].as_array().into_iter().flatten() {
            if mount["type"] == "bind" {
                let target = mount["target"].as_str().unwrap();
                let read_only = mount["read_only"] == true;
                binds.insert(format!("{name} {target}"), (&mount["source"], read_only));
            }
        }
    }
    json!(binds)
}

/// The one variable that both sides see.
fn home() -> BTreeMap<String, String> {
    let home = std::env::var("HOME").unwrap_or_else(|_| "/".to_owned());
    BTreeMap::from([("HOME".to_owned(), home)])
}

/// How one file came out.
#[derive(Clone, PartialEq)]
enum Verdict {
    RefusedByCompose,
    Same,
    Differs(String),
}

fn compare(file: &Path) -> Verdict {
    let files = [file.to_owned()];
    let Some(config) = oracle::compose_config(&files) else {
        return Verdict::RefusedByCompose;
    };
    let theirs = json!([summary_of_config(&config), binds_of_config(&config)]);
    let options = LoadOptions {
        environment: home(),
        ..LoadOptions::default()
    };
    let ours = match Model::load(&files, &options) {
        Ok(model) => json!([summary_of_model(&model), binds_of_model(&model)]),
        Err(error) => return Verdict::Differs(error.to_string()),
    };
    difference(&ours, &theirs, "").map_or(Verdict::Same, Verdict::Differs)
}

#[test]
fn the_model_is_what_compose_says() {
    let Some(corpus) = corpus() else { return };
    if !need::compose() {
        return;
    }
    let files = compose_files(&corpus);
    let (first, second) = files.split_at(files.len() / 2);
    let compare_all = |files: &[PathBuf]| -> Vec<(PathBuf, Verdict)> {
        let compared = files.iter().map(|file| (file.clone(), compare(file)));
        compared
            .filter(|(_, verdict)| *verdict != Verdict::RefusedByCompose)
            .collect()
    };
    let compared = std::thread::scope(|scope| {
        let first = scope.spawn(|| compare_all(first));
        let second = compare_all(second);
        [first.join().unwrap(), second].concat()
    });
    let differ: Vec<_> = compared
        .iter()
        .filter_map(|(file, verdict)| match verdict {
            Verdict::Differs(difference) => Some((file, difference)),
            _ => None,
        })
        .collect();
    println!(
        "{} of {} files accepted by Compose",
        compared.len(),
        files.len()
    );
    for (file, difference) in &differ {
        println!(
            "{}: {difference}",
            file.strip_prefix(&corpus).unwrap().display()
        );
    }
    assert!(
        differ.len() * 100 <= compared.len(),
        "{} of {} differ",
        differ.len(),
        compared.len()
    );
}

/// The projects of the fixtures, each with an `expect.json` that Compose's answer was made
/// into. `TRANSSHIP_BLESS=1` makes them anew.
#[test]
fn merged_projects_are_what_compose_said() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/compose/projects");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    assert!(names.len() >= 10, "the fixtures are there");
    let has_compose = need::compose();
    for project in names {
        let files = discover(&project).unwrap();
        let options = LoadOptions {
            environment: home(),
            ..LoadOptions::default()
        };
        let model = Model::load(&files, &options).unwrap();
        // What Compose prints as absolute is compared without the folder of this checkout.
        let here = project.display().to_string();
        let above = folder.display().to_string();
        let at_home = format!("\"{}/", home()["HOME"]);
        let portable = |value: &Value| {
            let text = value
                .to_string()
                .replace(&here, "HERE")
                .replace(&above, "ABOVE");
            text.replace(&at_home, "\"HOME/")
        };
        let ours = portable(&json!([summary_of_model(&model), binds_of_model(&model)]));
        let ours: Value = serde_json::from_str(&ours).unwrap();
        let expect_file = project.join("expect.json");
        if has_compose {
            let config = oracle::compose_config(&files).unwrap();
            let theirs = portable(&json!([
                summary_of_config(&config),
                binds_of_config(&config)
            ]));
            let theirs: Value = serde_json::from_str(&theirs).unwrap();
            assert_eq!(difference(&ours, &theirs, &here), None);
            bless(&expect_file, &theirs);
        }
        let expect = std::fs::read(&expect_file).unwrap();
        let expect: Value = serde_json::from_slice(&expect).unwrap();
        assert_eq!(difference(&ours, &expect, &here), None);
    }
}

#[expect(clippy::disallowed_methods, reason = "writes fixtures on demand only")]
fn bless(file: &Path, value: &Value) {
    if std::env::var_os("TRANSSHIP_BLESS").is_some() {
        let text = serde_json::to_string_pretty(value).unwrap();
        std::fs::write(file, text + "\n").unwrap();
    }
}
