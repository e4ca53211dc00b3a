//! A service's volumes in the short syntax, `SOURCE:TARGET:OPTIONS`, by compose-go's rules
//! (`format/volume.go`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::value::{Data, Map, Origin, Value};

/// A mount in the short syntax, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Short<'a> {
    /// A volume's key or a path; absent for an anonymous volume.
    pub(crate) source: Option<&'a str>,
    pub(crate) target: &'a str,
    pub(crate) read_only: bool,
}

impl<'a> Short<'a> {
    /// Takes a mount apart; None if it is malformed.
    pub(crate) fn parse(spec: &'a str) -> Option<Self> {
        let sections = sections(spec)?;
        let short = |source, target, options: &str| Self {
            source,
            target,
            read_only: options.split(',').rfind(|o| matches!(*o, "ro" | "rw")) == Some("ro"),
        };
        match sections.as_slice() {
            [target] => Some(short(None, target, "")),
            [source, target] => Some(short(Some(source), target, "")),
            [source, target, options] => Some(short(Some(source), target, options)),
            _ => None,
        }
    }

    /// True if the source is a path rather than a volume's key.
    pub(crate) fn is_bind(&self) -> bool {
        self.source.is_some_and(is_path)
    }
}

/// Splits at colons, but for the one of a Windows drive.
fn sections(spec: &str) -> Option<Vec<&str>> {
    if matches!(spec.len(), 1 | 2) {
        return Some(vec![spec]);
    }
    let mut sections = Vec::new();
    let mut start = 0;
    for (at, _) in spec.match_indices(':') {
        if !is_drive(&spec[start..at]) {
            sections.push(&spec[start..at]);
            start = at + 1;
        }
    }
    sections.push(&spec[start..]);
    (!sections.iter().any(|section| section.is_empty())).then_some(sections)
}

fn is_drive(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
}

fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~'])
        || source.starts_with("\\\\")
        || source
            .split_once(':')
            .is_some_and(|(drive, _)| is_drive(drive))
}

/// What makes two mounts the same: where they are mounted.
pub(crate) fn target(value: &Value) -> Option<String> {
    match &value.data {
        Data::Text(text) => Some(Short::parse(text)?.target.to_owned()),
        _ => value.get("target")?.to_text(),
    }
}

/// The long syntax of a mount; None if the short one is malformed.
pub(crate) fn long(spec: &str, at: Origin) -> Option<Value> {
    let short = Short::parse(spec)?;
    let kind = if short.is_bind() { "bind" } else { "volume" };
    let mut map = Map::from([
        ("type".to_owned(), Value::text(kind, at)),
        (
            "target".to_owned(),
            Value::text(clean_target(short.target), at),
        ),
    ]);
    if let Some(source) = short.source {
        map.insert("source".to_owned(), Value::text(source, at));
    }
    if short.read_only {
        map.insert("read_only".to_owned(), Value::new(Data::Bool(true), at));
    }
    Some(Value::new(Data::Map(map), at))
}

/// A path in a container without a final `/`, `.` and `..`.
pub(crate) fn clean_target(target: &str) -> String {
    let mut clean: Vec<&str> = Vec::new();
    for component in target.split('/') {
        match component {
            "" | "." => {}
            ".." if clean.last().is_some_and(|last| *last != "..") => {
                clean.pop();
            }
            ".." if target.starts_with('/') => {}
            component => clean.push(component),
        }
    }
    let root = if target.starts_with('/') { "/" } else { "" };
    format!("{root}{}", clean.join("/"))
}

/// False for the folders and files of the host that are shared by design.
pub(crate) fn is_data(path: &Path) -> bool {
    const SYSTEM: [&str; 9] = [
        "/boot",
        "/dev",
        "/lib",
        "/proc",
        "/run",
        "/sys",
        "/usr/share",
        "/var/lib/docker",
        "/var/run",
    ];
    // What lies in there is nobody's for good; a folder below may be.
    const BARE: [&str; 3] = ["/", "/tmp", "/var/tmp"];
    // Below `/etc` there is data, too: `/etc/letsencrypt`.
    const CONFIGURATION: [&str; 12] = [
        "ca-certificates",
        "group",
        "hostname",
        "hosts",
        "localtime",
        "machine-id",
        "os-release",
        "passwd",
        "pki",
        "resolv.conf",
        "ssl",
        "timezone",
    ];
    let is_configuration = |file: &Path| CONFIGURATION.iter().any(|known| file.starts_with(known));
    if let Ok(rest) = path.strip_prefix("/etc") {
        return rest != Path::new("") && !is_configuration(rest);
    }
    let is_system = SYSTEM.iter().any(|system| path.starts_with(system));
    !is_system && !BARE.iter().any(|bare| path == Path::new(bare))
}

/// What a volume's options say that it is made of, where that is no folder of the engine's own.
pub(crate) enum Device {
    /// A folder of the host: a bind mount in disguise.
    Folder(PathBuf),
    /// A disk, or an export of a server.
    Elsewhere(String),
}

impl Device {
    pub(crate) fn of(options: &BTreeMap<String, String>) -> Option<Self> {
        let device = options.get("device")?;
        let flags = options.get("o").map_or("", String::as_str);
        if flags.split(',').any(|flag| flag == "bind") {
            return Some(Self::Folder(PathBuf::from(device)));
        }
        let kind = options.get("type").map_or("", String::as_str);
        let server = flags.split(',').find_map(|flag| flag.strip_prefix("addr="));
        let server = server.unwrap_or_default();
        let is_memory = matches!(kind, "tmpfs" | "ramfs");
        (!is_memory).then(|| Self::Elsewhere(format!("{kind} {server}{device}").trim().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(spec: &str, source: Option<&str>, target: &str, read_only: bool, bind: bool) {
        let short = Short::parse(spec).unwrap();
        let expect = Short {
            source,
            target,
            read_only,
        };
        assert_eq!((short.is_bind(), short), (bind, expect));
    }

    #[test]
    fn sources_are_volumes_or_paths() {
        check("db:/data", Some("db"), "/data", false, false);
        check("/data", None, "/data", false, false);
        check("./x:/data:ro", Some("./x"), "/data", true, true);
        check("~/x:/data:rw,z", Some("~/x"), "/data", false, true);
        check(
            "/data/pg:/var/lib:ro,z",
            Some("/data/pg"),
            "/var/lib",
            true,
            true,
        );
        check("C:\\x:/data", Some("C:\\x"), "/data", false, true);
        check("a", None, "a", false, false);
    }

    #[test]
    fn targets_are_clean() {
        for (target, expect) in [
            ("/abs/", "/abs"),
            ("/a/../b/./c", "/b/c"),
            ("/..", "/"),
            ("a/../../b", "../b"),
            ("/", "/"),
        ] {
            assert_eq!(clean_target(target), expect);
        }
    }

    #[test]
    fn malformed_mounts_are_none() {
        for spec in ["", "db::b", ":/data", "db:/b:cc:d"] {
            assert_eq!(Short::parse(spec), None, "{spec}");
        }
    }
}
