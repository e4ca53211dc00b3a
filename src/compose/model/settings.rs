//! How two projects differ, setting by setting: what a person would say of two compose files,
//! whichever syntax, order or layout they are written in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use super::load::{ReadFile, Sources};
use super::model::{LayeredFiles, LoadOptions};
use super::value::{Data, Map, Value};
use crate::compose::error::Error;
use crate::compose::file::location::Location;

/// Stands for the release's own folder while paths are compared; two releases have two.
const FOLDER: &str = "/transship/release";
/// Stands for the project's name, which follows from the folder.
const PROJECT: &str = "project";

/// Everything that the files of a project say, with variables resolved.
#[derive(Debug)]
pub struct Settings {
    root: Value,
    sources: Sources,
}

/// One setting that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingChange {
    /// `services`, `volumes`, ...; the key itself for what has no names below it.
    pub section: String,
    /// The service's or volume's key.
    pub name: Option<String>,
    /// The keys below it, `["environment", "LOG_LEVEL"]`; a list's item is the last one. Empty
    /// where the whole service or volume was added or removed.
    pub path: Vec<String>,
    /// The setting in the first project; absent where it was added.
    pub from: Option<Setting>,
    /// The setting in the second; absent where it was removed.
    pub to: Option<Setting>,
}

/// A setting as one side has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its value as text; absent for an item of a list, whose path says it all, and for a key
    /// that stands there alone. Of a whole service: its image.
    pub value: Option<String>,
    /// The place of the value in the file that gave it.
    pub at: Location,
}

impl Settings {
    /// Loads a project from its files, in their order; the later ones win. Relative paths and
    /// the project's own name are kept such that they are equal in two releases.
    ///
    /// # Errors
    /// Those of [`Model::load`](crate::compose::Model::load).
    pub fn load(files: &[PathBuf], options: &LoadOptions) -> Result<Self, Error> {
        Self::load_with(files, options, &|path| std::fs::read(path))
    }

    /// [`Settings::load`], with the files' contents from `read`.
    ///
    /// # Errors
    /// The same.
    pub fn load_with(
        files: &[PathBuf],
        options: &LoadOptions,
        read: &ReadFile<'_>,
    ) -> Result<Self, Error> {
        let options = LoadOptions {
            project: Some(PROJECT.to_owned()),
            project_dir: Some(PathBuf::from(FOLDER)),
            lenient: true,
            ..options.clone()
        };
        let merged = LayeredFiles::load(files, &options, read)?;
        Ok(Self {
            root: merged.root,
            sources: merged.sources,
        })
    }

    fn setting(&self, value: &Value, text: Option<String>) -> Setting {
        Setting {
            value: text.map(|text| text.replace(FOLDER, ".")),
            at: self.sources.location(value.at),
        }
    }
}

/// All settings that differ, by section, name and path.
pub fn settings_diff(first: &Settings, second: &Settings) -> Vec<SettingChange> {
    let mut diff = SettingsComparison {
        first,
        second,
        found: Vec::new(),
    };
    let empty = Map::new();
    let map = |settings: &'_ Settings| settings.root.as_map().cloned();
    let (a, b) = (
        map(first).unwrap_or_default(),
        map(second).unwrap_or_default(),
    );
    for section in keys(&a, &b) {
        let (a, b) = (a.get(&section), b.get(&section));
        // It has had no meaning since Compose 1.27.
        if section == "version" {
            continue;
        }
        if !has_names(&section) {
            diff.values(&SettingPath::new(&section, None), a, b);
            continue;
        }
        let map = |value: Option<&Value>| value.and_then(Value::as_map).unwrap_or(&empty).clone();
        let (a, b) = (map(a), map(b));
        for name in keys(&a, &b) {
            diff.named(&section, &name, a.get(&name), b.get(&name));
        }
    }
    diff.found
}

fn has_names(section: &str) -> bool {
    matches!(
        section,
        "services" | "volumes" | "networks" | "configs" | "secrets" | "models"
    )
}

fn keys(a: &Map, b: &Map) -> BTreeSet<String> {
    a.keys().chain(b.keys()).cloned().collect()
}

/// Where a value stands.
#[derive(Clone)]
struct SettingPath {
    section: String,
    name: Option<String>,
    path: Vec<String>,
}

impl SettingPath {
    fn new(section: &str, name: Option<&str>) -> Self {
        Self {
            section: section.to_owned(),
            name: name.map(str::to_owned),
            path: Vec::new(),
        }
    }

    fn below(&self, key: &str) -> Self {
        let mut below = self.clone();
        below.path.push(key.replace(FOLDER, "."));
        below
    }
}

struct SettingsComparison<'a> {
    first: &'a Settings,
    second: &'a Settings,
    found: Vec<SettingChange>,
}

impl SettingsComparison<'_> {
    /// A service, volume, ... on either side or both.
    fn named(&mut self, section: &str, name: &str, a: Option<&Value>, b: Option<&Value>) {
        let place = SettingPath::new(section, Some(name));
        match (a, b) {
            (Some(a), Some(b)) => self.values(&place, Some(a), Some(b)),
            (a, b) => {
                let image = |value: &Value| value.get("image").and_then(Value::to_text);
                let from = a.map(|value| self.first.setting(value, image(value)));
                let to = b.map(|value| self.second.setting(value, image(value)));
                self.push(&place, from, to);
            }
        }
    }

    fn values(&mut self, place: &SettingPath, a: Option<&Value>, b: Option<&Value>) {
        let (a, b) = (a.map(|v| plain(place, v)), b.map(|v| plain(place, v)));
        let is_map = |value: &Value| value.as_map().is_some();
        let is_list = |value: &Value| matches!(value.data, Data::List(_));
        let either = |is: &dyn Fn(&Value) -> bool| match (&a, &b) {
            (Some(a), Some(b)) => {
                (is(a) || a.is_null()) && (is(b) || b.is_null()) && (is(a) || is(b))
            }
            (a, b) => a.as_ref().or(b.as_ref()).is_some_and(is),
        };
        if either(&is_map) {
            let map = |value: &Option<Value>| {
                let map = value.as_ref().and_then(Value::as_map);
                map.cloned().unwrap_or_default()
            };
            let (a, b) = (map(&a), map(&b));
            for key in keys(&a, &b) {
                self.values(&place.below(&key), a.get(&key), b.get(&key));
            }
        } else if either(&is_list) {
            self.lists(place, a.as_ref(), b.as_ref());
        } else {
            self.leaves(place, a.as_ref(), b.as_ref());
        }
    }

    fn leaves(&mut self, place: &SettingPath, a: Option<&Value>, b: Option<&Value>) {
        if a.map(shown) == b.map(shown) {
            return;
        }
        let from = a.map(|value| self.first.setting(value, shown(value)));
        let to = b.map(|value| self.second.setting(value, shown(value)));
        self.push(place, from, to);
    }

    /// Lists are what is in them; where that is the same, the order may differ.
    fn lists(&mut self, place: &SettingPath, a: Option<&Value>, b: Option<&Value>) {
        let items = |value: Option<&Value>| {
            let items = value.map(Value::items).unwrap_or_default();
            items
                .iter()
                .map(|item| (shown(item).unwrap_or_default(), item.clone()))
                .collect::<Vec<_>>()
        };
        let (a_items, b_items) = (items(a), items(b));
        let count = |items: &[(String, Value)]| {
            let mut counts = BTreeMap::new();
            for (text, _) in items {
                *counts.entry(text.clone()).or_insert(0_usize) += 1;
            }
            counts
        };
        let (in_a, in_b) = (count(&a_items), count(&b_items));
        if in_a == in_b {
            let texts = |items: &[(String, Value)]| {
                items.iter().map(|(t, _)| t.clone()).collect::<Vec<_>>()
            };
            if let (Some(a), Some(b)) = (a, b)
                && texts(&a_items) != texts(&b_items)
                && !is_set(place)
            {
                let from = self.first.setting(a, Some(texts(&a_items).join(", ")));
                let to = self.second.setting(b, Some(texts(&b_items).join(", ")));
                self.push(place, Some(from), Some(to));
            }
            return;
        }
        let more = |text: &String, of: &BTreeMap<String, usize>, than: &BTreeMap<String, usize>| {
            of.get(text) > than.get(text)
        };
        for (text, item) in a_items.iter().filter(|(text, _)| more(text, &in_a, &in_b)) {
            let from = self.first.setting(item, None);
            self.push(&place.below(text), Some(from), None);
        }
        for (text, item) in b_items.iter().filter(|(text, _)| more(text, &in_b, &in_a)) {
            let to = self.second.setting(item, None);
            self.push(&place.below(text), None, Some(to));
        }
    }

    fn push(&mut self, place: &SettingPath, from: Option<Setting>, to: Option<Setting>) {
        self.found.push(SettingChange {
            section: place.section.clone(),
            name: place.name.clone(),
            path: place.path.clone(),
            from,
            to,
        });
    }
}

/// True for lists whose order means nothing.
fn is_set(place: &SettingPath) -> bool {
    matches!(
        place.path.first().map(String::as_str),
        Some("ports" | "expose" | "cap_add" | "cap_drop" | "profiles" | "devices" | "group_add")
    )
}

/// A value without the choices of syntax that its place allows.
fn plain(place: &SettingPath, value: &Value) -> Value {
    let path: Vec<&str> = place.path.iter().map(String::as_str).collect();
    let at = value.at;
    match (place.section.as_str(), path.as_slice()) {
        (
            "services",
            ["environment" | "labels" | "sysctls" | "annotations" | "extra_hosts"]
            | ["build", "args" | "labels"]
            | ["deploy", "labels"],
        )
        | ("volumes" | "networks", ["labels"]) => pairs(value),
        ("services", ["command" | "entrypoint"] | ["healthcheck", "test"]) => {
            Value::text(words(value), at)
        }
        ("services", ["ports"]) => each(value, port),
        ("services", ["env_file"]) => each(value, |file| text_of(file, "path")),
        ("services", ["volumes"]) => mounts(value),
        ("services", ["depends_on"]) => conditions(value),
        _ => value.clone(),
    }
}

/// `KEY=VALUE` and `KEY: VALUE` alike.
fn pairs(value: &Value) -> Value {
    let Data::List(items) = &value.data else {
        return value.clone();
    };
    let pair = |item: &Value| {
        let text = item.to_text()?;
        let (key, data) = match text.split_once(['=']) {
            Some((key, value)) => (key.to_owned(), Data::Text(value.to_owned())),
            None => match text.split_once(':') {
                Some((host, address)) => (host.to_owned(), Data::Text(address.to_owned())),
                None => (text, Data::Null),
            },
        };
        Some((key, Value::new(data, item.at)))
    };
    let map = items.iter().filter_map(pair).collect();
    Value::new(Data::Map(map), value.at)
}

/// A command's words, as a shell would take them.
fn words(value: &Value) -> String {
    let Data::List(items) = &value.data else {
        return shown(value).unwrap_or_default();
    };
    let words: Vec<String> = items.iter().filter_map(Value::to_text).collect();
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

fn each(value: &Value, text: impl Fn(&Value) -> Option<String>) -> Value {
    let Data::List(items) = &value.data else {
        return value.clone();
    };
    let items = items.iter().map(|item| match text(item) {
        Some(text) => Value::text(text, item.at),
        None => item.clone(),
    });
    Value::new(Data::List(items.collect()), value.at)
}

fn text_of(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.to_text()
}

/// `127.0.0.1:8080:80/udp`.
fn port(value: &Value) -> Option<String> {
    let target = text_of(value, "target")?;
    let protocol = text_of(value, "protocol").filter(|protocol| protocol != "tcp");
    let protocol = protocol.map_or(String::new(), |protocol| format!("/{protocol}"));
    let published = text_of(value, "published");
    Some(match (text_of(value, "host_ip"), published) {
        (Some(ip), published) => {
            format!("{ip}:{}:{target}{protocol}", published.unwrap_or_default())
        }
        (None, Some(published)) => format!("{published}:{target}{protocol}"),
        (None, None) => format!("{target}{protocol}"),
    })
}

/// Mounts by where they are mounted.
fn mounts(value: &Value) -> Value {
    let mount = |item: &Value| {
        let target = text_of(item, "target")?;
        let kind = text_of(item, "type").unwrap_or_default();
        let source = text_of(item, "source").unwrap_or(kind);
        let is_read_only = item.get("read_only").is_some_and(Value::is_true);
        let text = if is_read_only { source + ":ro" } else { source };
        Some((target, Value::text(text, item.at)))
    };
    let map: Option<Map> = value.items().iter().map(mount).collect();
    map.map_or_else(|| value.clone(), |map| Value::new(Data::Map(map), value.at))
}

/// What is waited for, and until when.
fn conditions(value: &Value) -> Value {
    let Some(map) = value.as_map() else {
        return value.clone();
    };
    let condition = |(name, value): (&String, &Value)| {
        let text = text_of(value, "condition").unwrap_or("service_started".to_owned());
        (name.clone(), Value::text(text, value.at))
    };
    Value::new(Data::Map(map.iter().map(condition).collect()), value.at)
}

/// A value in one line; none for a null.
fn shown(value: &Value) -> Option<String> {
    match &value.data {
        Data::Null => None,
        Data::List(items) => {
            let items: Vec<_> = items.iter().filter_map(shown).collect();
            Some(format!("[{}]", items.join(", ")))
        }
        Data::Map(map) => {
            let entry = |(key, value): (&String, &Value)| match shown(value) {
                Some(text) => format!("{key}: {text}"),
                None => key.clone(),
            };
            let entries: Vec<_> = map.iter().map(entry).collect();
            Some(format!("{{{}}}", entries.join(", ")))
        }
        _ => value.to_text(),
    }
}

#[cfg(test)]
mod tests;
