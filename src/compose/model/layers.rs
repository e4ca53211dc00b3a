//! How Compose lays one file over another: mappings by key, lists one after the other,
//! and the many places with rules of their own (compose-go's `override/merge.go` and
//! `override/uncity.go`).

use std::collections::HashMap;

use super::mount;
use super::value::{Data, Map, Origin, Value};

/// Why two files can't be merged: what is where, and at which value it was noticed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clash {
    pub(crate) at: Origin,
    pub(crate) reason: String,
}

/// The rule for the value at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LayerRule {
    /// Mappings by key, lists appended, scalars replaced.
    Usual,
    /// The later value stands.
    Replace,
    /// Both become lists of `KEY=VALUE` or values, one after the other.
    Sequence,
    /// As [`LayerRule::Sequence`], leaving out what is there already.
    Hosts,
    /// A list of names is a mapping with this for each.
    Names(ListedName),
    /// A text is the build's context.
    Build,
    /// Options are merged only where both name the same driver.
    Logging,
    /// By subnet.
    Subnets,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListedName {
    Nothing,
    Dependency,
}

fn rule(path: &[&str]) -> LayerRule {
    match path {
        ["networks", _, "ipam", "config"] => LayerRule::Subnets,
        ["services", _, rest @ ..] => service_rule(rest),
        ["networks" | "volumes", _, "labels"] => LayerRule::Sequence,
        _ => LayerRule::Usual,
    }
}

fn service_rule(path: &[&str]) -> LayerRule {
    match path {
        ["command" | "entrypoint"] | ["healthcheck", "test"] | ["ulimits", _] => LayerRule::Replace,
        ["build"] => LayerRule::Build,
        ["depends_on"] => LayerRule::Names(ListedName::Dependency),
        ["networks" | "models"] => LayerRule::Names(ListedName::Nothing),
        ["extra_hosts"] | ["build", "extra_hosts"] => LayerRule::Hosts,
        ["logging"] => LayerRule::Logging,
        [
            "annotations" | "dns" | "dns_opt" | "dns_search" | "env_file" | "label_file"
            | "environment" | "labels" | "sysctls" | "tmpfs",
        ]
        | ["build", "args" | "additional_contexts" | "labels"]
        | ["deploy", "labels"]
        | ["volumes", _, "volume", "labels"] => LayerRule::Sequence,
        _ => LayerRule::Usual,
    }
}

/// Lays `over` over `base`; `path` is where both stand.
pub(crate) fn merge(base: Value, over: Value, path: &mut Vec<String>) -> Result<Value, Clash> {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let rule = rule(&keys);
    let at = over.at;
    let merged = |data| Ok(Value::new(data, at));
    match rule {
        LayerRule::Replace => Ok(over),
        LayerRule::Sequence => {
            let mut items = sequence(base);
            items.extend(sequence(over));
            merged(Data::List(items))
        }
        LayerRule::Hosts => {
            let mut items = sequence(base);
            for item in sequence(over) {
                if !items.iter().any(|other| other.data == item.data) {
                    items.push(item);
                }
            }
            merged(Data::List(items))
        }
        LayerRule::Names(named) => {
            let map = merge_maps(names(base, named), names(over, named), path)?;
            merged(Data::Map(map))
        }
        LayerRule::Build => {
            let map = merge_maps(build(base), build(over), path)?;
            merged(Data::Map(map))
        }
        LayerRule::Logging if different_drivers(&base, &over) => Ok(over),
        LayerRule::Subnets => merged(Data::List(subnets(&base, &over))),
        LayerRule::Usual | LayerRule::Logging => usual(base, over, path),
    }
}

fn usual(base: Value, over: Value, path: &mut Vec<String>) -> Result<Value, Clash> {
    let at = over.at;
    match (base.data, over.data) {
        (data, Data::Null) => Ok(Value { data, ..base }),
        (Data::Map(base), Data::Map(over)) => {
            Ok(Value::new(Data::Map(merge_maps(base, over, path)?), at))
        }
        (Data::List(mut base), Data::List(over)) => {
            base.extend(over);
            Ok(Value::new(Data::List(base), at))
        }
        (Data::Map(_) | Data::List(_), _) => Err(Clash {
            at,
            reason: format!("`{}` is of another kind in an earlier file", path.join(".")),
        }),
        (_, data) => Ok(Value { data, ..over }),
    }
}

fn merge_maps(mut base: Map, over: Map, path: &mut Vec<String>) -> Result<Map, Clash> {
    for (key, value) in over {
        let merged = match base.remove(&key) {
            None => value,
            Some(existing) => {
                path.push(key.clone());
                let merged = merge(existing, value, path)?;
                path.pop();
                merged
            }
        };
        base.insert(key, merged);
    }
    Ok(base)
}

/// A mapping as `KEY=VALUE` texts, a text as a list of itself.
fn sequence(value: Value) -> Vec<Value> {
    let at = value.at;
    match value.data {
        Data::List(items) => items,
        Data::Text(_) => vec![value],
        Data::Map(map) => {
            let mut items = Vec::new();
            for (key, value) in map {
                match &value.data {
                    Data::Null => items.push(Value::text(key, value.at)),
                    Data::List(values) => items.extend(values.iter().map(|item| {
                        let text = item.to_text().unwrap_or_default();
                        Value::text(format!("{key}={text}"), item.at)
                    })),
                    _ => {
                        let text = value.to_text().unwrap_or_default();
                        items.push(Value::text(format!("{key}={text}"), value.at));
                    }
                }
            }
            items
        }
        Data::Null => Vec::new(),
        data => vec![Value::new(data, at)],
    }
}

fn names(value: Value, named: ListedName) -> Map {
    match value.data {
        Data::Map(map) => map,
        Data::List(items) => items
            .into_iter()
            .filter_map(|item| Some((item.to_text()?, named_value(named, item.at))))
            .collect(),
        _ => Map::new(),
    }
}

fn named_value(named: ListedName, at: Origin) -> Value {
    match named {
        ListedName::Nothing => Value::new(Data::Null, at),
        ListedName::Dependency => {
            let condition = Value::text("service_started", at);
            let required = Value::new(Data::Bool(true), at);
            Value::new(
                Data::Map(Map::from([
                    ("condition".to_owned(), condition),
                    ("required".to_owned(), required),
                ])),
                at,
            )
        }
    }
}

fn build(value: Value) -> Map {
    match value.data {
        Data::Map(map) => map,
        Data::Text(_) => Map::from([("context".to_owned(), value)]),
        _ => Map::new(),
    }
}

fn different_drivers(base: &Value, over: &Value) -> bool {
    let driver = |value: &Value| value.get("driver").and_then(Value::to_text);
    matches!((driver(base), driver(over)), (Some(one), Some(other)) if one != other)
}

/// Every subnet of both, the later file's settings for one that both name.
fn subnets(base: &Value, over: &Value) -> Vec<Value> {
    let mut result: Vec<Value> = Vec::new();
    let subnet = |value: &Value| value.get("subnet").and_then(Value::to_text);
    for value in base.items().iter().chain(over.items()) {
        match result
            .iter_mut()
            .find(|other| subnet(other) == subnet(value))
        {
            None => result.push(value.clone()),
            Some(other) => {
                if let (Some(map), Some(more)) = (other.as_map_mut(), value.as_map()) {
                    map.extend(more.clone());
                }
            }
        }
    }
    result
}

/// Takes out of `value` what a later file's `!reset` and `!override` tags name.
pub(crate) fn clear(value: &mut Value, paths: &[Vec<String>]) {
    for path in paths {
        clear_path(value, path);
    }
}

fn clear_path(value: &mut Value, path: &[String]) {
    let Some(map) = value.as_map_mut() else {
        return;
    };
    match path {
        [] => {}
        [key] => {
            map.remove(key);
        }
        [key, rest @ ..] => {
            if let Some(value) = map.get_mut(key) {
                clear_path(value, rest);
            }
        }
    }
}

/// Keeps the last of each list's items that mean the same thing, in the first's place.
pub(crate) fn keep_last(value: &mut Value) {
    keep_last_below(value, &mut Vec::new());
}

fn keep_last_below(value: &mut Value, path: &mut Vec<String>) {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    match &mut value.data {
        Data::Map(map) => {
            for (key, value) in map {
                path.push(key.clone());
                keep_last_below(value, path);
                path.pop();
            }
        }
        Data::List(items) => {
            if let Some(identity) = identity(&keys) {
                *items = last_of_each(std::mem::take(items), identity);
            }
        }
        _ => {}
    }
}

type ItemKey = fn(&Value) -> Option<String>;

fn last_of_each(items: Vec<Value>, identity: ItemKey) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::with_capacity(items.len());
    let mut places: HashMap<String, usize> = HashMap::new();
    for item in items {
        let place = identity(&item).map(|key| *places.entry(key).or_insert(kept.len()));
        match place {
            Some(place) if place < kept.len() => kept[place] = item,
            _ => kept.push(item),
        }
    }
    kept
}

/// What makes two items of the list at `path` the same.
fn identity(path: &[&str]) -> Option<ItemKey> {
    match path {
        ["networks", _, "labels"] | ["networks", _, "ipam", "options"] => Some(key_of_pair),
        ["services", _, rest @ ..] => service_identity(rest),
        _ => None,
    }
}

fn service_identity(path: &[&str]) -> Option<ItemKey> {
    match path {
        [
            "annotations" | "cap_add" | "cap_drop" | "dns" | "dns_opt" | "dns_search"
            | "environment" | "labels" | "links" | "profiles" | "sysctls" | "tmpfs" | "expose",
        ]
        | [
            "build",
            "args" | "additional_contexts" | "platform" | "tags" | "labels",
        ]
        | ["deploy", "labels"]
        | ["networks", _, "aliases" | "link_local_ips"] => Some(key_of_pair),
        ["devices"] => Some(device_target),
        ["volumes"] => Some(mount::target),
        ["configs"] => Some(|value| file_target(value, "")),
        ["secrets"] => Some(|value| file_target(value, "/run/secrets")),
        ["env_file"] => Some(env_file_path),
        ["ports"] => Some(port),
        _ => None,
    }
}

fn key_of_pair(value: &Value) -> Option<String> {
    let text = value.to_text()?;
    let key = text.split_once('=').map(|(key, _)| key.to_owned());
    Some(key.unwrap_or(text))
}

fn device_target(value: &Value) -> Option<String> {
    match &value.data {
        Data::Text(text) => {
            let mut parts = text.split(':');
            let first = parts.next()?;
            Some(parts.next().unwrap_or(first).to_owned())
        }
        _ => value.get("target")?.to_text(),
    }
}

fn file_target(value: &Value, folder: &str) -> Option<String> {
    match &value.data {
        Data::Text(text) => Some(format!("{folder}/{text}")),
        _ => value.get("target").and_then(Value::to_text).or_else(|| {
            let source = value.get("source")?.to_text()?;
            Some(format!("{folder}/{source}"))
        }),
    }
}

fn env_file_path(value: &Value) -> Option<String> {
    match &value.data {
        Data::Text(text) => Some(text.clone()),
        _ => value.get("path")?.to_text(),
    }
}

fn port(value: &Value) -> Option<String> {
    if value.as_map().is_none() {
        return value.to_text();
    }
    let part = |key: &str, default: &str| {
        value
            .get(key)
            .and_then(Value::to_text)
            .unwrap_or_else(|| default.to_owned())
    };
    Some(format!(
        "{}:{}:{}/{}",
        part("host_ip", "0.0.0.0"),
        part("published", ""),
        part("target", ""),
        part("protocol", "tcp")
    ))
}
