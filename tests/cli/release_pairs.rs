//! Pairs of releases made at random: where `plan` passes, Compose names after `apply` exactly the
//! images and volumes that the plan named, and every service finds the data that it had at the same
//! place, unless the plan says otherwise.
//!
//! A sample runs always; `TRANSSHIP_PAIRS=1000 cargo nextest run --test cli release_pairs` is more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::common::need;
use crate::common::program::transship;

/// Numbers that follow from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let sides = u64::try_from(from.len()).unwrap();
        from[usize::try_from(self.roll(sides)).unwrap()]
    }
}

/// What a service has at a path of its container.
#[derive(Clone, PartialEq)]
enum Mounted {
    /// A volume, by its key.
    Volume(String),
    /// A folder of the release.
    Inside(String),
    /// A folder of the host, by its name there.
    Outside(String),
}

#[derive(Clone)]
struct Service {
    image: String,
    mounts: BTreeMap<String, Mounted>,
    lines: Vec<String>,
    /// It stands in a file that the first one includes.
    included: bool,
}

#[derive(Clone, Default)]
struct Generated {
    services: BTreeMap<String, Service>,
    /// The lines of each volume's definition.
    volumes: BTreeMap<String, Vec<String>>,
}

const SERVICES: [&str; 4] = ["web", "db", "cache", "mail"];
const KEYS: [&str; 4] = ["pg", "files", "queue", "index"];

impl Generated {
    fn new(dice: &mut Dice) -> Self {
        let mut made = Self::default();
        for _ in 0..=dice.roll(3) {
            made.add_service(dice);
        }
        made
    }

    fn add_service(&mut self, dice: &mut Dice) {
        let name = dice.pick(&SERVICES).to_owned();
        let image = match dice.roll(4) {
            0 => format!("acme/{name}:v1"),
            1 => format!("acme/{name}:${{TAG:-v1}}"),
            2 => format!("${{{}_IMAGE:-acme/{name}:1.0}}", name.to_uppercase()),
            _ => format!("acme/{name}:7"),
        };
        let mut service = Service {
            image,
            mounts: BTreeMap::new(),
            lines: Vec::new(),
            included: dice.one_in(4),
        };
        for target in ["/data", "/state"] {
            if dice.one_in(2) {
                let mounted = self.mounted(dice);
                service.mounts.insert(target.to_owned(), mounted);
            }
        }
        let extras = [
            "env_file: [app.env]",
            "label_file: [labels]",
            "environment: {MODE: '${MODE:-plain}', OLD: '${OLD}'}",
            "ports: ['8080:80']",
            "network_mode: host",
        ];
        if dice.one_in(2) {
            service.lines.push(dice.pick(&extras).to_owned());
        }
        self.services.insert(name, service);
    }

    fn mounted(&mut self, dice: &mut Dice) -> Mounted {
        let name = dice.pick(&KEYS).to_owned();
        match dice.roll(5) {
            0 => Mounted::Inside(name),
            1 => Mounted::Outside(name),
            _ => {
                let lines = match dice.roll(4) {
                    0 => vec![format!("name: shared-{name}"), "external: true".to_owned()],
                    1 => vec![format!("name: acme_{name}")],
                    _ => Vec::new(),
                };
                self.volumes.entry(name.clone()).or_insert(lines);
                Mounted::Volume(name)
            }
        }
    }

    /// The vendor's next release: much as this one.
    fn next(&self, dice: &mut Dice) -> Self {
        let mut next = self.clone();
        let names: Vec<String> = next.services.keys().cloned().collect();
        for name in &names {
            match dice.roll(8) {
                0 if names.len() > 1 => {
                    next.services.remove(name);
                }
                1 => {
                    let moved = next.mounted(dice);
                    let service = next.services.get_mut(name).unwrap();
                    service.mounts.insert("/data".to_owned(), moved);
                }
                2 => {
                    let service = next.services.get_mut(name).unwrap();
                    service.lines.push("restart: always".to_owned());
                    service.image = service.image.replace("1.0", "2.0").replace(":7", ":8");
                }
                3 => {
                    let service = next.services.get_mut(name).unwrap();
                    if service.lines.is_empty() {
                        let new = "environment: {NEW: '${NEW}'}";
                        service.lines.push(new.to_owned());
                    }
                }
                _ => {}
            }
        }
        if dice.one_in(3) {
            let before = next.services.clone();
            next.add_service(dice);
            next.services.extend(before);
        }
        let used: BTreeSet<String> = next.keys().collect();
        next.volumes
            .retain(|key, _| used.contains(key) || dice.one_in(2));
        next
    }

    fn keys(&self) -> impl Iterator<Item = String> + '_ {
        let mounts = self
            .services
            .values()
            .flat_map(|service| service.mounts.values());
        mounts.filter_map(|mounted| match mounted {
            Mounted::Volume(key) => Some(key.clone()),
            _ => None,
        })
    }

    fn write(&self, folder: &Path, host: &Path) {
        let (mut top, mut sub) = (String::new(), String::new());
        for (name, service) in &self.services {
            let mut text = format!("  {name}:\n    image: \"{}\"\n", service.image);
            if !service.mounts.is_empty() {
                text += "    volumes:\n";
            }
            for (target, mounted) in &service.mounts {
                let source = match mounted {
                    Mounted::Volume(key) => key.clone(),
                    Mounted::Inside(name) => format!("./{name}"),
                    Mounted::Outside(name) => host.join(name).display().to_string(),
                };
                text += &format!("      - {source}:{target}\n");
            }
            for line in &service.lines {
                text += &format!("    {line}\n");
            }
            match service.included {
                true => sub += &text,
                false => top += &text,
            }
        }
        let mut volumes = String::new();
        for (key, lines) in &self.volumes {
            volumes += &format!("  {key}:\n");
            for line in lines {
                volumes += &format!(
                    "    {line}
"
                );
            }
        }
        let mut text = String::new();
        if !sub.is_empty() {
            text += "include: [part.yaml]\n";
            fs::write(folder.join("part.yaml"), format!("services:\n{sub}")).unwrap();
        }
        if !top.is_empty() {
            text += &format!("services:\n{top}");
        }
        if !volumes.is_empty() {
            text += &format!("volumes:\n{volumes}");
        }
        fs::write(folder.join("compose.yaml"), text).unwrap();
    }

    /// The real name of a volume in a release of this project.
    fn volume(&self, key: &str, project: &str) -> String {
        let named = self.volumes[key]
            .iter()
            .find_map(|line| line.strip_prefix("name: "));
        named.map_or_else(|| format!("{project}_{key}"), str::to_owned)
    }
}

/// A pair of releases on disk.
struct Pair {
    root: tempfile::TempDir,
    old: Generated,
    new: Generated,
    answers: Vec<String>,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let old = Generated::new(&mut dice);
        let new = old.next(&mut dice);
        let root = tempfile::tempdir().unwrap();
        let pair = Self {
            root,
            old,
            new,
            answers: Vec::new(),
        };
        for (version, release) in [("v1", &pair.old), ("v2", &pair.new)] {
            let folder = pair.release(version);
            fs::create_dir_all(&folder).unwrap();
            release.write(&folder, &pair.host());
        }
        let old = pair.release("v1");
        fs::write(old.join(".env"), "MODE=mine\n").unwrap();
        fs::write(old.join("app.env"), "A=1\n").unwrap();
        fs::write(old.join("labels"), "a=b\n").unwrap();
        for name in KEYS {
            pair.mark(&pair.host().join(name));
        }
        for service in pair.old.services.values() {
            for mounted in service.mounts.values() {
                match mounted {
                    Mounted::Volume(key) => {
                        pair.mark(&pair.volumes().join(pair.old.volume(key, "v1")));
                    }
                    Mounted::Inside(name) => pair.mark(&old.join(name)),
                    Mounted::Outside(_) => {}
                }
            }
        }
        fs::create_dir_all(pair.volumes()).unwrap();
        let answers = pair.answers(&mut dice);
        Self { answers, ..pair }
    }

    /// A folder with a file that says which it is.
    fn mark(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        let below = folder.strip_prefix(self.root.path()).unwrap();
        fs::write(folder.join("marker"), below.display().to_string()).unwrap();
    }

    fn answers(&self, dice: &mut Dice) -> Vec<String> {
        let mut answers = Vec::new();
        let host = self.host().display().to_string();
        let is_external = |lines: &[String]| lines.iter().any(|line| line == "external: true");
        let external = self
            .new
            .volumes
            .iter()
            .filter(|(_, lines)| is_external(lines));
        let all = external.map(|(key, _)| key.clone()).chain([host]);
        for what in all {
            match dice.roll(5) {
                0 => {}
                1 => answers.extend(["--share".to_owned(), what]),
                _ => answers.extend(["--own".to_owned(), what]),
            }
        }
        answers
    }

    fn release(&self, version: &str) -> PathBuf {
        self.root.path().join("inst/releases").join(version)
    }

    fn host(&self) -> PathBuf {
        self.root.path().join("host")
    }

    fn volumes(&self) -> PathBuf {
        self.root.path().join("inst/volumes")
    }

    fn run(&self, args: &[&str]) -> crate::common::program::Ran {
        transship(&self.root.path().join("inst"), args.iter().copied())
    }

    /// Whether `plan` passes; what holds then is held against Compose.
    fn check(&self, seed: u64) -> bool {
        self.run(&["init", "--current", "v1"]).exits(0);
        let answers = self.answers.iter().map(String::as_str);
        let plan: Vec<&str> = ["plan", "v2", "--json"]
            .into_iter()
            .chain(answers)
            .collect();
        let ran = self.run(&plan);
        if ran.code != 0 {
            assert_eq!(ran.code, 3, "seed {seed}: {}", ran.err);
            let is_fault =
                ran.err.contains("says otherwise") || ran.err.contains("Compose refuses");
            assert!(!is_fault, "seed {seed}: {}", ran.err);
            return false;
        }
        let planned: Value = serde_json::from_str(&ran.out).unwrap();
        self.run(&["apply", "-q"]).exits(0);
        let config = self.config(seed);
        Self::check_names(seed, &planned["changes"], &config);
        self.check_data(seed, &planned["changes"], &config);
        true
    }

    fn config(&self, seed: u64) -> Value {
        let output = Command::new("docker")
            .args(["compose", "-p", "v2", "config", "--format", "json"])
            .current_dir(self.release("v2"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "seed {seed}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn check_names(seed: u64, changes: &Value, config: &Value) {
        let services = changes["services"].as_array().unwrap().iter();
        let here: Vec<&Value> = services.filter(|s| s["presence"] != "gone").collect();
        let images = here.iter().map(|service| {
            let name = service["service"].as_str().unwrap().to_owned();
            (name, service["image"]["new"].clone())
        });
        let images: BTreeMap<String, Value> = images.collect();
        let services = config["services"].as_object().unwrap().iter();
        let compose = services.map(|(name, service)| (name.clone(), service["image"].clone()));
        assert_eq!(images, compose.collect(), "seed {seed}");
        let mounts = here
            .iter()
            .flat_map(|service| service["mounts"].as_array().unwrap());
        let named = mounts.filter_map(|mount| mount["new"].as_str());
        let is_volume = |name: &&str| !name.starts_with("own/") && !name.starts_with('/');
        let named: BTreeSet<&str> = named.filter(is_volume).collect();
        let volumes = config["volumes"].as_object().into_iter().flatten();
        let compose = volumes.filter_map(|(_, volume)| volume["name"].as_str());
        assert_eq!(named, compose.collect(), "seed {seed}");
    }

    /// What a service had at a path it has there still, unless it is said to be otherwise.
    fn check_data(&self, seed: u64, changes: &Value, config: &Value) {
        for (name, service) in &self.old.services {
            for (target, mounted) in &service.mounts {
                let Some(new) = mount_at(config, name, target) else {
                    continue;
                };
                let place = match new["type"].as_str() {
                    Some("volume") => {
                        let key = new["source"].as_str().unwrap();
                        let name = config["volumes"][key]["name"].as_str().unwrap();
                        self.volumes().join(name)
                    }
                    _ => PathBuf::from(new["source"].as_str().unwrap()),
                };
                let was = match mounted {
                    Mounted::Volume(key) => {
                        Path::new("inst/volumes").join(self.old.volume(key, "v1"))
                    }
                    Mounted::Inside(name) => Path::new("inst/releases/v1").join(name),
                    Mounted::Outside(name) => Path::new("host").join(name),
                };
                let has = fs::read_to_string(place.join("marker")).ok();
                let is_shared = is_said_to_be_shared(changes, name, target);
                let is_kept = has.as_deref() == was.to_str();
                assert!(
                    is_kept || is_shared,
                    "seed {seed}: {name} at {target} was {}, and is {has:?} in {}",
                    was.display(),
                    place.display()
                );
            }
        }
    }
}

fn mount_at<'a>(config: &'a Value, service: &str, target: &str) -> Option<&'a Value> {
    let mounts = config["services"][service]["volumes"].as_array()?;
    mounts.iter().find(|mount| mount["target"] == *target)
}

fn is_said_to_be_shared(changes: &Value, service: &str, target: &str) -> bool {
    let services = changes["services"].as_array().unwrap().iter();
    let mut mounts = services
        .filter(|told| told["service"] == *service)
        .flat_map(|told| told["mounts"].as_array().unwrap());
    mounts.any(|mount| mount["target"] == *target && mount["fate"] == "shared")
}

#[test]
fn a_plan_that_passes_is_the_release_that_stands_there() {
    if !need::compose() {
        return;
    }
    let count = std::env::var("TRANSSHIP_PAIRS").map_or(20, |count| count.parse().unwrap());
    let passed = (1..=count)
        .filter(|seed| Pair::new(*seed).check(*seed))
        .count();
    println!("{passed} of {count} plans passed");
    assert!(
        u64::try_from(passed).unwrap() * 4 > count,
        "{passed} of {count}"
    );
}
