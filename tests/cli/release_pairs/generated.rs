//! A vendor's release made at random, and its next one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Numbers that follow from a seed (xorshift).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    pub(super) fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    pub(super) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let sides = u64::try_from(from.len()).unwrap();
        from[usize::try_from(self.roll(sides)).unwrap()]
    }
}

/// What a service has at a path of its container.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mounted {
    /// A volume, by its key.
    Volume(String),
    /// A folder of the release.
    Inside(String),
    /// A folder of the release that a variable may name otherwise.
    Named(String),
    /// A folder of the host, by its name there.
    Outside(String),
}

/// The compose file that a service stands in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Top,
    Included,
    /// In a file of its own, from where the first one extends it.
    Extended,
}

#[derive(Debug, Clone)]
pub(super) struct Service {
    image: String,
    pub(super) mounts: BTreeMap<String, Mounted>,
    /// Mounts are written in the long syntax.
    is_long: bool,
    lines: Vec<String>,
    place: Place,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Generated {
    pub(super) services: BTreeMap<String, Service>,
    /// The lines of each volume's definition.
    pub(super) volumes: BTreeMap<String, Vec<String>>,
    /// Small files by name, with their contents.
    pub(super) files: BTreeMap<String, String>,
    /// What was renamed in it: old key to new key.
    pub(super) renamed: BTreeMap<String, String>,
}

const SERVICES: [&str; 5] = ["web", "db", "cache", "mail", "jobs"];
pub(super) const KEYS: [&str; 4] = ["pg", "files", "queue", "index"];
const CONF: &str = "# settings\nworkers = 4\n\nlog = info\n\ncolor = blue\n";

impl Generated {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let mut made = Self::default();
        for _ in 0..=dice.roll(4) {
            made.add_service(dice);
        }
        let files = [
            ("etc/app.conf", CONF),
            ("entry.sh", "#!/bin/sh\necho v1\n"),
            ("README", "read me\n"),
            (".env", "MODE=plain\nPREFIX=acme\nTAG=v1\n"),
        ];
        let kept = files.iter().filter(|_| !dice.one_in(4));
        let named = kept.map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        made.files = named.collect();
        made.files
            .insert("etc/app.conf".to_owned(), CONF.to_owned());
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
        let place = match dice.roll(6) {
            0 => Place::Included,
            1 => Place::Extended,
            _ => Place::Top,
        };
        let mut service = Service {
            image,
            mounts: BTreeMap::new(),
            is_long: dice.one_in(4),
            lines: Vec::new(),
            place,
        };
        for target in ["/data", "/state"] {
            if dice.one_in(2) {
                let mounted = self.mounted(dice);
                service.mounts.insert(target.to_owned(), mounted);
            }
        }
        let mut extras = vec![
            "env_file: [app.env]",
            "label_file: [labels]",
            "environment: {MODE: '${MODE:-plain}', OLD: '${OLD}'}",
            "ports: ['8080:80']",
            "network_mode: host",
            "profiles: [extra]",
        ];
        if place == Place::Top {
            extras.extend(["<<: *base", "configs: [conf]", "secrets: [word]"]);
        }
        if dice.one_in(2) {
            service.lines.push(dice.pick(&extras).to_owned());
        }
        self.services.insert(name, service);
    }

    fn mounted(&mut self, dice: &mut Dice) -> Mounted {
        let name = dice.pick(&KEYS).to_owned();
        match dice.roll(7) {
            0 => Mounted::Inside(name),
            1 => Mounted::Outside(name),
            2 => Mounted::Named(name),
            _ => {
                let lines = match dice.roll(7) {
                    0 => vec![format!("name: shared-{name}"), "external: true".to_owned()],
                    1 => vec![format!("name: acme_{name}")],
                    2 => vec![format!("name: ${{PREFIX:-acme}}_{name}")],
                    3 => vec!["labels: {keep: 'yes'}".to_owned()],
                    4 => vec![format!("name: {name}")],
                    _ => Vec::new(),
                };
                self.volumes.entry(name.clone()).or_insert(lines);
                Mounted::Volume(name)
            }
        }
    }

    /// The vendor's next release: much as this one.
    pub(super) fn next(&self, dice: &mut Dice) -> Self {
        let mut next = self.clone();
        let names: Vec<String> = next.services.keys().cloned().collect();
        for name in &names {
            next.change(name, dice);
        }
        if dice.one_in(3) {
            let before = next.services.clone();
            next.add_service(dice);
            next.services.extend(before);
        }
        if dice.one_in(6) {
            next.rename_key(dice);
        }
        let used: BTreeSet<String> = next.keys().collect();
        next.volumes
            .retain(|key, _| used.contains(key) || dice.one_in(2));
        match dice.roll(4) {
            0 => drop(next.files.remove("etc/app.conf")),
            1 => drop(next.files.insert(
                "etc/app.conf".to_owned(),
                CONF.replace("workers = 4", "workers = 8"),
            )),
            _ => {}
        }
        if dice.one_in(3) {
            next.files
                .insert("entry.sh".to_owned(), "#!/bin/sh\necho v2\n".to_owned());
        }
        if dice.one_in(3) {
            let env = next.files.entry(".env".to_owned()).or_default();
            *env = env.replace("TAG=v1", "TAG=v2") + "ADDED=1\n";
        }
        next
    }

    fn change(&mut self, name: &str, dice: &mut Dice) {
        match dice.roll(9) {
            0 if self.services.len() > 1 => {
                self.services.remove(name);
            }
            1 => {
                let moved = self.mounted(dice);
                let service = self.services.get_mut(name).unwrap();
                service.mounts.insert("/data".to_owned(), moved);
            }
            2 => {
                let service = self.services.get_mut(name).unwrap();
                service.lines.push("restart: always".to_owned());
                service.image = service.image.replace("1.0", "2.0").replace(":7", ":8");
            }
            3 => {
                let service = self.services.get_mut(name).unwrap();
                if service.lines.is_empty() {
                    service
                        .lines
                        .push("environment: {NEW: '${NEW}'}".to_owned());
                }
            }
            4 => {
                let service = self.services.remove(name).unwrap();
                self.services.insert(format!("{name}2"), service);
            }
            _ => {}
        }
    }

    fn rename_key(&mut self, dice: &mut Dice) {
        let keys: BTreeSet<String> = self.keys().collect();
        let Some(key) = keys.into_iter().next() else {
            return;
        };
        let new = format!("{key}-data");
        let lines = self.volumes.remove(&key).unwrap();
        self.volumes.insert(new.clone(), lines);
        for service in self.services.values_mut() {
            for mounted in service.mounts.values_mut() {
                if *mounted == Mounted::Volume(key.clone()) {
                    *mounted = Mounted::Volume(new.clone());
                }
            }
        }
        if !dice.one_in(3) {
            self.renamed.insert(key, new);
        }
    }

    /// The keys of the volumes that services mount.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> + '_ {
        let mounts = self
            .services
            .values()
            .flat_map(|service| service.mounts.values());
        mounts.filter_map(|mounted| match mounted {
            Mounted::Volume(key) => Some(key.clone()),
            _ => None,
        })
    }

    pub(super) fn write(&self, folder: &Path, host: &Path) {
        let place = |wanted: Place| -> String {
            let services = self.services.iter().filter(|(_, s)| s.place == wanted);
            services.map(|(name, s)| s.text(name, host)).collect()
        };
        let (mut top, sub) = (place(Place::Top), place(Place::Included));
        let common = place(Place::Extended);
        for (name, _) in self
            .services
            .iter()
            .filter(|(_, s)| s.place == Place::Extended)
        {
            top += &format!("  {name}:\n    extends: {{file: common.yaml, service: {name}}}\n");
        }
        let mut text = String::new();
        for (name, services) in [("part.yaml", &sub), ("common.yaml", &common)] {
            if !services.is_empty() {
                fs::write(folder.join(name), format!("services:\n{services}")).unwrap();
            }
        }
        if !sub.is_empty() {
            text += "include: [part.yaml]\n";
        }
        if top.contains("*base") {
            text += "x-base: &base\n  restart: unless-stopped\n  logging: {driver: json-file}\n";
        }
        if !top.is_empty() {
            text += &format!("services:\n{top}");
        }
        text += &self.volume_lines();
        for (used, section) in [
            (
                "configs: [conf]",
                "configs:\n  conf: {file: ./etc/app.conf}\n",
            ),
            ("secrets: [word]", "secrets:\n  word: {file: ./word.txt}\n"),
        ] {
            if top.contains(used) {
                text += section;
            }
        }
        fs::write(folder.join("compose.yaml"), text).unwrap();
        for (name, text) in &self.files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn volume_lines(&self) -> String {
        let definitions = self.volumes.iter().map(|(key, lines)| {
            let lines: Vec<_> = lines.iter().map(|line| format!("    {line}\n")).collect();
            format!("  {key}:\n{}", lines.concat())
        });
        let text: String = definitions.collect();
        match text.is_empty() {
            true => text,
            false => format!("volumes:\n{text}"),
        }
    }

    /// The real name of a volume in a release of this project, by what `.env` says.
    pub(super) fn volume(&self, key: &str, project: &str, prefix: &str) -> String {
        let named = self.volumes[key]
            .iter()
            .find_map(|line| line.strip_prefix("name: "));
        match named {
            Some(name) => name.replace("${PREFIX:-acme}", prefix),
            None => format!("{project}_{key}"),
        }
    }
}

impl Service {
    fn text(&self, name: &str, host: &Path) -> String {
        let mut text = format!("  {name}:\n    image: \"{}\"\n", self.image);
        if !self.mounts.is_empty() {
            text += "    volumes:\n";
        }
        for (target, mounted) in &self.mounts {
            let (kind, source) = match mounted {
                Mounted::Volume(key) => ("volume", key.clone()),
                Mounted::Inside(name) => ("bind", format!("./{name}")),
                Mounted::Named(name) => (
                    "bind",
                    format!("${{{}_DIR:-./{name}}}", name.to_uppercase()),
                ),
                Mounted::Outside(name) => ("bind", host.join(name).display().to_string()),
            };
            text += &match self.is_long {
                true => {
                    format!("      - {{type: {kind}, source: \"{source}\", target: {target}}}\n")
                }
                false => format!("      - {source}:{target}\n"),
            };
        }
        for line in &self.lines {
            text += &format!("    {line}\n");
        }
        text
    }
}
