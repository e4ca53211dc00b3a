//! A pair of releases on disk, with the administrator's edits of the old one, and what has to hold of
//! its upgrade.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use walkdir::WalkDir;

use super::generated::{Dice, Generated, KEYS, Mounted};
use crate::common::program::{Ran, transship};

/// A pair of releases on disk.
pub(super) struct Pair {
    seed: u64,
    root: tempfile::TempDir,
    old: Generated,
    new: Generated,
    /// The variables of the administrator's `.env`.
    env: BTreeMap<&'static str, &'static str>,
    /// Whether it is known what the old release's vendor shipped.
    has_pristine: bool,
    has_override: bool,
    options: Vec<String>,
}

impl Pair {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let old = Generated::new(&mut dice);
        let new = old.next(&mut dice);
        let mut pair = Self {
            seed,
            root: kept_where_asked(tempfile::tempdir().unwrap()),
            old,
            new,
            env: BTreeMap::from([("MODE", "mine")]),
            has_pristine: dice.one_in(2),
            has_override: dice.one_in(2),
            options: Vec::new(),
        };
        pair.write(&mut dice);
        pair.options.extend(pair.answers(&mut dice));
        pair
    }

    fn write(&mut self, dice: &mut Dice) {
        // Delivered beside the install, or staged already.
        let shipped = self.root.path().join("vendor/v2");
        let staged = self.release("v2");
        let is_shipped = dice.one_in(3);
        let new = if is_shipped { &shipped } else { &staged };
        for (folder, release) in [(&self.release("v1"), &self.old), (new, &self.new)] {
            fs::create_dir_all(folder).unwrap();
            release.write(folder, &self.host());
        }
        if is_shipped {
            let options = ["--from-release".to_owned(), shipped.display().to_string()];
            self.options.extend(options);
        }
        if self.has_pristine {
            let pristine = self.root.path().join("vendor/v1");
            fs::create_dir_all(&pristine).unwrap();
            self.old.write(&pristine, &self.host());
            let options = ["--pristine".to_owned(), pristine.display().to_string()];
            self.options.extend(options);
        }
        if !self.new.renamed.is_empty() {
            let renamed = serde_json::to_string(&self.new.renamed).unwrap();
            let recipe = format!("renames: {{volumes: {renamed}}}\n");
            fs::write(self.root.path().join("inst/transship.yml"), recipe).unwrap();
        }
        self.administrate(dice);
        self.fill();
    }

    /// What an administrator does to a release.
    fn administrate(&mut self, dice: &mut Dice) {
        let old = self.release("v1");
        let settings = [
            ("PREFIX", "mine"),
            ("PG_DIR", "./own-pg"),
            ("COMPOSE_PROFILES", "extra"),
            ("OLD", "1"),
            ("PASSWORD", "a$$b"),
        ];
        let chosen = settings.into_iter().filter(|_| dice.one_in(3));
        self.env.extend(chosen);
        let lines = self
            .env
            .iter()
            .map(|(key, value)| format!("{key}={value}\n"));
        let vendors = self.old.files.get(".env").cloned().unwrap_or_default();
        let kept = vendors.lines().filter(|line| {
            let key = line.split_once('=').map_or(*line, |(key, _)| key);
            !self.env.contains_key(key)
        });
        let kept: Vec<_> = kept.map(|line| format!("{line}\n")).collect();
        let text = kept.concat() + &lines.collect::<Vec<_>>().concat();
        fs::write(old.join(".env"), text).unwrap();
        for (name, text) in [
            ("app.env", "A=1\n"),
            ("labels", "a=b\n"),
            ("word.txt", "secret\n"),
        ] {
            fs::write(old.join(name), text).unwrap();
        }
        if dice.one_in(3) {
            let conf = fs::read_to_string(old.join("etc/app.conf")).unwrap();
            let mine = conf.replace("color = blue", "color = red");
            fs::write(old.join("etc/app.conf"), mine).unwrap();
        }
        if dice.one_in(3) {
            fs::create_dir_all(old.join("tools")).unwrap();
            fs::write(old.join("tools/backup.sh"), "#!/bin/sh\n").unwrap();
        }
        if self.has_pristine && dice.one_in(3) {
            // An edit of the vendor's own file.
            let path = old.join("compose.yaml");
            let text = fs::read_to_string(&path).unwrap();
            let image = text.find("    image: ").map(|at| at..at);
            if let Some(at) = image {
                let mut text = text;
                text.insert_str(at.start, "    hostname: mine\n");
                fs::write(&path, text).unwrap();
            }
        }
        if self.has_override {
            let service = self.old.services.keys().next().unwrap();
            let text = format!(
                "services:\n  {service}:\n    labels: {{mine: '1'}}\n  backup:\n    image: \
                 mine/backup:3\n    env_file: [backup.env]\n    volumes: ['backups:/data', \
                 './certs:/certs:ro']\nvolumes:\n  backups:\n"
            );
            fs::write(old.join("compose.override.yaml"), text).unwrap();
            fs::write(old.join("backup.env"), "WHERE=there\n").unwrap();
            fs::create_dir_all(old.join("certs")).unwrap();
            fs::write(old.join("certs/own.pem"), "pem\n").unwrap();
            self.mark(&self.volumes().join("v1_backups"));
        }
    }

    /// A marker in everything that the old release has its data in.
    fn fill(&self) {
        for name in KEYS {
            self.mark(&self.host().join(name));
        }
        fs::create_dir_all(self.volumes()).unwrap();
        for service in self.old.services.values() {
            for mounted in service.mounts.values() {
                if !matches!(mounted, Mounted::Outside(_)) {
                    self.mark(&self.root.path().join(self.was(mounted)));
                }
            }
        }
    }

    /// Where the old release has what it mounts, below the root.
    fn was(&self, mounted: &Mounted) -> PathBuf {
        let release = Path::new("inst/releases/v1");
        let prefix = self.env.get("PREFIX").copied().unwrap_or("acme");
        match mounted {
            Mounted::Volume(key) => {
                Path::new("inst/volumes").join(self.old.volume(key, "v1", prefix))
            }
            Mounted::Named(name) if name == "pg" && self.env.contains_key("PG_DIR") => {
                release.join("own-pg")
            }
            Mounted::Inside(name) | Mounted::Named(name) => release.join(name),
            Mounted::Outside(name) => Path::new("host").join(name),
        }
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

    fn run(&self, args: &[&str]) -> Ran {
        transship(&self.root.path().join("inst"), args.iter().copied())
    }

    fn plan(&self, more: &[String]) -> Ran {
        let options = self.options.iter().chain(more).map(String::as_str);
        let plan: Vec<&str> = ["plan", "v2", "--json"]
            .into_iter()
            .chain(options)
            .collect();
        self.run(&plan)
    }

    /// What `plan` says once what it asks is answered: mine, and tags where they live.
    fn answered(&self) -> Ran {
        let mut answers = Vec::new();
        let mut ran = self.plan(&answers);
        if ran.code == 2 && ran.err.contains("pass `--tag-var`") {
            answers.push("--tag-var".to_owned());
            ran = self.plan(&answers);
        }
        if ran.code == 1 {
            let first = ran.json();
            let conflicts = first["plan"]["conflicts"].as_array().unwrap().iter();
            let files = conflicts.map(|conflict| conflict["file"].as_str().unwrap().to_owned());
            let files: BTreeSet<String> = files.collect();
            let mine = |file| ["--ours".to_owned(), file];
            answers.extend(files.into_iter().flat_map(mine));
            ran = self.plan(&answers);
        }
        ran
    }

    /// Whether `plan` passes; what holds then is held against Compose.
    pub(super) fn check(&self) -> bool {
        let seed = self.seed;
        self.run(&["init", "--current", "v1"]).exits(0);
        let ran = self.answered();
        if ran.code != 0 {
            assert_eq!(ran.code, 3, "seed {seed}: {}\n{}", ran.out, ran.err);
            // What Compose refuses transship has to see without it, too.
            let own = [
                "neither an image nor a build:",
                "which nothing of the new release defines",
                "and neither release has it",
            ];
            let is_seen = own.iter().any(|own| ran.err.contains(own));
            let is_refused = ran.err.contains("Compose refuses") && !is_seen;
            let is_fault = ran.err.contains("says otherwise") || is_refused;
            assert!(!is_fault, "seed {seed}: {}", ran.err);
            return false;
        }
        let planned = ran.json();
        self.run(&["apply", "-q"]).exits(0);
        let config = self.config();
        self.check_names(&planned["changes"], &config);
        self.check_data(&planned["changes"], &config);
        self.check_own(&ran, &config);
        true
    }

    fn config(&self) -> Value {
        let output = Command::new("docker")
            .args(["compose", "-p", "v2", "config", "--format", "json"])
            .current_dir(self.release("v2"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "seed {}: {said}", self.seed);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn check_names(&self, changes: &Value, config: &Value) {
        let seed = self.seed;
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
        let is_volume = |name: &&str| !name.starts_with(['.', '/']);
        let named: BTreeSet<&str> = named.filter(is_volume).collect();
        let volumes = config["volumes"].as_object().into_iter().flatten();
        let compose = volumes.filter_map(|(_, volume)| volume["name"].as_str());
        assert_eq!(named, compose.collect(), "seed {seed}");
    }

    /// What a service had at a path it has there still, unless it is said to be otherwise.
    fn check_data(&self, changes: &Value, config: &Value) {
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
                let was = self.was(mounted);
                let has = fs::read_to_string(place.join("marker")).ok();
                let is_shared = is_said_to_be_shared(changes, name, target);
                let is_kept = has.as_deref() == was.to_str();
                assert!(
                    is_kept || is_shared,
                    "seed {}: {name} at {target} was {}, and is {has:?} in {}",
                    self.seed,
                    was.display(),
                    place.display()
                );
            }
        }
    }

    /// What the administrator alone had is there, or the plan names it.
    fn check_own(&self, planned: &Ran, config: &Value) {
        let (old, new) = (self.release("v1"), self.release("v2"));
        for entry in WalkDir::new(&old).min_depth(1) {
            let path = entry.unwrap().into_path();
            let name = path.strip_prefix(&old).unwrap();
            let text = name.to_str().unwrap();
            let is_merged = [".env", "compose.yaml"].contains(&text);
            let content = fs::read_to_string(&path).ok();
            let is_vendors = content.as_ref() == self.shipped(text).as_ref();
            if path.is_dir() || is_merged || is_vendors {
                continue;
            }
            let is_there = content.is_some() && fs::read_to_string(new.join(name)).ok() == content;
            // What is below a folder is told with it.
            let mut above = name.ancestors().filter_map(Path::to_str);
            let is_told = above.any(|name| !name.is_empty() && planned.out.contains(name));
            assert!(is_there || is_told, "seed {}: {text} is lost", self.seed);
        }
        let env = fs::read_to_string(new.join(".env")).unwrap();
        for (key, value) in &self.env {
            let is_there = env.lines().any(|line| line == format!("{key}={value}"));
            assert!(is_there, "seed {}: {key} is lost in\n{env}", self.seed);
        }
        if self.has_override {
            let service = self.old.services.keys().next().unwrap();
            let there = &config["services"][service];
            // One whose profile isn't active is in no configuration.
            let is_there = there.is_null() || there["labels"]["mine"] == "1";
            assert!(is_there, "seed {}: {there}", self.seed);
        }
        self.check_edit(planned, config);
    }

    /// The edit of the vendor's compose file.
    fn check_edit(&self, planned: &Ran, config: &Value) {
        let mine = fs::read_to_string(self.release("v1").join("compose.yaml")).unwrap();
        let Some((above, _)) = mine.split_once("    hostname: mine\n") else {
            return;
        };
        let service = above.trim_end().rsplit('\n').next().unwrap();
        let service = service.trim().trim_end_matches(':');
        let there = &config["services"][service];
        // One whose profile isn't active is in no configuration.
        let is_there = there.is_null() || there["hostname"] == "mine";
        let is_told = planned.out.contains("hostname");
        let is_gone = !self.new.services.contains_key(service);
        assert!(
            is_there || is_told || is_gone,
            "seed {}: the edit of {service} is lost",
            self.seed
        );
    }

    /// The vendor's content of a file of the old release.
    fn shipped(&self, name: &str) -> Option<String> {
        let parts = ["part.yaml", "common.yaml"];
        match parts.contains(&name) {
            true => fs::read_to_string(self.release("v1").join(name)).ok(),
            false => self.old.files.get(name).cloned(),
        }
    }
}

/// `TRANSSHIP_KEEP=1` leaves the pairs in the temporary folder, to be looked at.
fn kept_where_asked(mut folder: tempfile::TempDir) -> tempfile::TempDir {
    folder.disable_cleanup(std::env::var_os("TRANSSHIP_KEEP").is_some());
    folder
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
