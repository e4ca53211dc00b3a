//! Short syntax made long, so that files written either way merge and read alike
//! (compose-go's `transform`), and relative paths made absolute (its `paths`).

use std::path::{Component, Path, PathBuf};

use super::layers::Clash;
use super::mount;
use super::port::Port;
use super::value::{Data, Map, Origin, Value};

/// Mounts and ports that mean nothing without their variables.
pub(crate) struct LeftOut {
    /// Whether they stay in the short syntax, which no model reads; else they are refused.
    pub(crate) is_allowed: bool,
    /// The variables, and what each is missing from.
    pub(crate) variables: Vec<(String, Origin)>,
}

/// Makes every short syntax of a merged file long.
pub(crate) fn canonical(root: &mut Value, left_out: &mut LeftOut) -> Result<(), Clash> {
    let Some(root) = root.as_map_mut() else {
        return Ok(());
    };
    for (key, section) in root {
        let Some(section) = section.as_map_mut() else {
            continue;
        };
        for value in section.values_mut() {
            match key.as_str() {
                "services" => service(value, left_out)?,
                "volumes" | "networks" | "configs" | "secrets" => external(value),
                _ => {}
            }
        }
    }
    Ok(())
}

fn service(service: &mut Value, left_out: &mut LeftOut) -> Result<(), Clash> {
    let Some(service) = service.as_map_mut() else {
        return Ok(());
    };
    for (key, value) in service {
        let at = value.at;
        match key.as_str() {
            "build" if value.as_str().is_some() => *value = map_of("context", value.clone(), at),
            "extends" if value.as_str().is_some() => *value = map_of("service", value.clone(), at),
            "env_file" => env_files(value),
            "label_file" | "dns" | "tmpfs" => as_list(value),
            "networks" | "models" | "depends_on" => names_as_keys(value),
            "volumes" => mounts(value, left_out)?,
            "ports" => ports(value, left_out)?,
            _ => {}
        }
    }
    Ok(())
}

fn map_of(key: &str, value: Value, at: Origin) -> Value {
    Value::new(Data::Map(Map::from([(key.to_owned(), value)])), at)
}

fn as_list(value: &mut Value) {
    if value.as_str().is_some() {
        *value = Value::new(Data::List(vec![value.clone()]), value.at);
    }
}

fn env_files(value: &mut Value) {
    as_list(value);
    if let Data::List(items) = &mut value.data {
        for item in items {
            if item.as_str().is_some() {
                *item = map_of("path", item.clone(), item.at);
            }
        }
    }
}

fn names_as_keys(value: &mut Value) {
    let at = value.at;
    if let Data::List(items) = &value.data {
        let map = items
            .iter()
            .filter_map(|item| Some((item.to_text()?, Value::new(Data::Null, item.at))))
            .collect();
        *value = Value::new(Data::Map(map), at);
    }
}

fn mounts(value: &mut Value, left_out: &mut LeftOut) -> Result<(), Clash> {
    let Data::List(items) = &mut value.data else {
        return Ok(());
    };
    let mut long = Vec::new();
    for mut item in std::mem::take(items) {
        if let Data::Text(spec) = &item.data {
            let Some(mount) = mount::long(spec, item.at) else {
                blank(
                    &item,
                    "not a mount: `SOURCE:TARGET:OPTIONS` is meant",
                    left_out,
                )?;
                long.push(item);
                continue;
            };
            item.data = mount.data;
        }
        long.push(item);
    }
    *items = long;
    Ok(())
}

/// Notes the variables without values of an item that means nothing.
fn blank(item: &Value, reason: &str, left_out: &mut LeftOut) -> Result<(), Clash> {
    let unset = &item.unset;
    if left_out.is_allowed && !unset.is_empty() {
        let variables = unset.iter().map(|name| (name.clone(), item.at));
        left_out.variables.extend(variables);
        return Ok(());
    }
    let names: Vec<_> = unset.iter().map(|name| format!("`{name}`")).collect();
    let why = match names.is_empty() {
        true => String::new(),
        false => format!(", and {} has no value", names.join(", ")),
    };
    Err(Clash {
        at: item.at,
        reason: format!("{reason}{why}"),
    })
}

fn ports(value: &mut Value, left_out: &mut LeftOut) -> Result<(), Clash> {
    let Data::List(items) = &mut value.data else {
        return Ok(());
    };
    let mut long = Vec::new();
    for item in std::mem::take(items) {
        if item.as_map().is_some() {
            long.push(item);
            continue;
        }
        let parsed = item.to_text().and_then(|spec| Port::parse(&spec));
        let Some(mut parsed) = parsed else {
            blank(
                &item,
                "not a port: `IP:HOST:CONTAINER/PROTOCOL` is meant",
                left_out,
            )?;
            long.push(item);
            continue;
        };
        parsed.sort_by_key(|port| port.target.to_string());
        long.extend(parsed.into_iter().map(|port| Value {
            written: item.written.clone(),
            ..long_port(port, item.at)
        }));
    }
    *items = long;
    Ok(())
}

fn long_port(port: Port, at: Origin) -> Value {
    let mut map = Map::from([
        (
            "target".to_owned(),
            Value::new(Data::Int(port.target.into()), at),
        ),
        ("protocol".to_owned(), Value::text(port.protocol, at)),
        ("mode".to_owned(), Value::text("ingress", at)),
    ]);
    if let Some(published) = port.published {
        map.insert("published".to_owned(), Value::text(published, at));
    }
    if let Some(host_ip) = port.host_ip {
        map.insert("host_ip".to_owned(), Value::text(host_ip, at));
    }
    Value::new(Data::Map(map), at)
}

/// The old `external: {name: x}` is `external: true` and `name: x`.
fn external(value: &mut Value) {
    let Some(map) = value.as_map_mut() else {
        return;
    };
    let Some(external) = map.get("external") else {
        return;
    };
    if external.as_map().is_some() {
        let at = external.at;
        let name = external.get("name").cloned();
        map.insert("external".to_owned(), Value::new(Data::Bool(true), at));
        if let Some(name) = name {
            map.entry("name".to_owned()).or_insert(name);
        }
    }
}

/// What paths are relative to.
pub(crate) struct Base<'a> {
    pub(crate) folder: &'a Path,
    /// The home folder that `~` stands for; absent if the environment names none.
    pub(crate) home: Option<&'a str>,
}

/// Makes the relative paths of a file absolute.
pub(crate) fn resolve_paths(root: &mut Value, base: &Base<'_>) {
    let Some(root) = root.as_map_mut() else {
        return;
    };
    for (key, section) in root {
        let Some(section) = section.as_map_mut() else {
            continue;
        };
        for value in section.values_mut() {
            match key.as_str() {
                "services" => service_paths(value, base),
                "configs" | "secrets" => {
                    value
                        .as_map_mut()
                        .and_then(|map| map.get_mut("file"))
                        .into_iter()
                        .for_each(|file| make_absolute(file, base));
                }
                "volumes" => volume_device(value, base),
                _ => {}
            }
        }
    }
}

fn service_paths(service: &mut Value, base: &Base<'_>) {
    let Some(service) = service.as_map_mut() else {
        return;
    };
    for (key, value) in service {
        match (key.as_str(), &mut value.data) {
            ("build", Data::Map(build)) => build_paths(build, base),
            ("develop", Data::Map(develop)) => {
                if let Some(Data::List(rules)) =
                    develop.get_mut("watch").map(|watch| &mut watch.data)
                {
                    for path in rules
                        .iter_mut()
                        .filter_map(|rule| rule.as_map_mut()?.get_mut("path"))
                    {
                        make_absolute(path, base);
                    }
                }
            }
            ("extends", Data::Map(extends)) => {
                extends
                    .get_mut("file")
                    .into_iter()
                    .for_each(|file| make_absolute(file, base));
            }
            ("env_file", Data::List(items)) => {
                for path in items
                    .iter_mut()
                    .filter_map(|item| item.as_map_mut()?.get_mut("path"))
                {
                    make_absolute(path, base);
                }
            }
            ("label_file", Data::Text(_)) => make_absolute(value, base),
            ("label_file", Data::List(items)) => {
                for path in items {
                    make_absolute(path, base);
                }
            }
            ("volumes", Data::List(items)) => {
                for item in items.iter_mut().filter_map(Value::as_map_mut) {
                    let is_bind = item.get("type").and_then(Value::as_str) == Some("bind");
                    if let Some(source) = item.get_mut("source").filter(|_| is_bind) {
                        make_absolute(source, base);
                    }
                }
            }
            _ => {}
        }
    }
}

fn build_paths(build: &mut Map, base: &Base<'_>) {
    let is_path = |text: &str| !is_remote(text) && !text.starts_with("service:");
    if let Some(context) = build.get_mut("context")
        && !is_remote(context.as_str().unwrap_or_default())
    {
        make_absolute(context, base);
    }
    for key in ["additional_contexts", "ssh"] {
        match build.get_mut(key).map(|value| &mut value.data) {
            Some(Data::Map(map)) => map
                .values_mut()
                .filter(|value| value.as_str().is_some_and(is_path))
                .for_each(|value| make_absolute(value, base)),
            Some(Data::List(items)) => {
                for item in items {
                    named_path(item, base);
                }
            }
            _ => {}
        }
    }
}

/// `NAME=PATH`.
fn named_path(item: &mut Value, base: &Base<'_>) {
    let Some((name, path)) = item.as_str().and_then(|text| text.split_once('=')) else {
        return;
    };
    if is_remote(path) || path.starts_with("service:") {
        return;
    }
    let mut value = Value::text(path, item.at);
    make_absolute(&mut value, base);
    let text = format!("{name}={}", value.as_str().unwrap_or(path));
    item.data = Data::Text(text);
}

/// A build context that is fetched rather than read.
pub(super) fn is_remote(context: &str) -> bool {
    context.contains("://") || context.starts_with("git@") || context.starts_with("github.com/")
}

/// A volume of the local driver that is a bind mount in disguise.
fn volume_device(volume: &mut Value, base: &Base<'_>) {
    let local = volume
        .get("driver")
        .and_then(Value::as_str)
        .is_none_or(|driver| driver == "local");
    let Some(options) = volume
        .as_map_mut()
        .and_then(|map| map.get_mut("driver_opts"))
    else {
        return;
    };
    let option = |key: &str| options.get(key).and_then(Value::to_text);
    if local
        && option("o").as_deref() == Some("bind")
        && let Some(device) = options.as_map_mut().and_then(|map| map.get_mut("device"))
    {
        make_absolute(device, base);
    }
}

fn make_absolute(value: &mut Value, base: &Base<'_>) {
    let Data::Text(text) = &mut value.data else {
        return;
    };
    let path = match (text.strip_prefix('~'), base.home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            Path::new(home).join(rest.trim_start_matches('/'))
        }
        // Without a home to put in its place, a `~` stays.
        (Some(_), _) => return,
        _ if text.is_empty() || is_absolute(text) => return,
        _ => absolute(text, base.folder),
    };
    *text = path.to_string_lossy().into_owned();
}

/// An absolute path, of Windows too, is left as it is written.
fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || path.starts_with("\\\\") || path.get(1..3) == Some(":\\")
}

/// A path against a folder, without `.` and `..` components.
pub(crate) fn absolute(path: &str, folder: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in folder.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if clean.has_root() => {
                clean.pop();
            }
            component => clean.push(component),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_absolute_and_clean() {
        let at = |path: &str| absolute(path, Path::new("/a/b")).display().to_string();
        assert_eq!(at("./data"), "/a/b/data");
        assert_eq!(at("../c/./d"), "/a/c/d");
        assert_eq!(at("/x/../y"), "/y");
        assert_eq!(at("../../.."), "/");
        assert_eq!(at("."), "/a/b");
    }
}
