//! What a project's containers keep where no compose file names it: in anonymous volumes (a mount
//! without a source, an image's `VOLUME` that nothing is mounted over), and in their own layers.
//!
//! Compose gives all of that to the container that it makes in an old one's place, and a project of
//! another name begins without. What containers write anyway isn't told of: temporary
//! files, logs, caches. What they have of settings and programs is told apart: it is somebody's hand,
//! or a start script's, and no data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::inspected::{InspectedContainer, inspected};
use crate::engine::docker::failed;
use crate::engine::{Docker, Error};

/// A place in a container that holds what no compose file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnseenData {
    /// The compose service.
    pub service: String,
    /// The container's name.
    pub container: String,
    /// The path as the container sees it.
    pub path: PathBuf,
    /// Where it really is.
    pub kind: UnseenPlace,
}

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnseenPlace {
    /// In an anonymous volume.
    AnonymousVolume {
        /// The volume's name: 64 digits.
        name: String,
    },
    /// In the container's own layer.
    Layer {
        /// The files and empty folders there.
        entries: u64,
    },
    /// In the container's own layer, among settings or programs.
    Settings,
}

/// All that the containers of `project`, running or not, keep so.
///
/// # Errors
/// [`Error::Call`] and [`Error::Answer`].
pub fn unseen_data(docker: &Docker, project: &str) -> Result<Vec<UnseenData>, Error> {
    let ours = format!("label=com.docker.compose.project={project}");
    let lasting = "label=com.docker.compose.oneoff=False";
    let mut found = Vec::new();
    for container in inspected(docker, &["--filter", &ours, "--filter", lasting])? {
        let labels = container.config.labels.as_ref();
        let service = labels.and_then(|labels| labels.get("com.docker.compose.service"));
        let name = container.name.trim_start_matches('/').to_owned();
        let service = service.unwrap_or(&name).clone();
        let mut add = |path: PathBuf, kind| {
            found.push(UnseenData {
                service: service.clone(),
                container: name.clone(),
                path,
                kind,
            });
        };
        for mount in &container.mounts {
            if let Some(name) = mount.name.as_ref().filter(|name| is_anonymous(name)) {
                let kind = UnseenPlace::AnonymousVolume { name: name.clone() };
                add(mount.destination.clone(), kind);
            }
        }
        for (path, kind) in layer(docker, &container)? {
            add(path, kind);
        }
    }
    Ok(found)
}

/// True for a name that only an engine gives: 64 digits of hexadecimal.
fn is_anonymous(name: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    name.len() == 64 && name.bytes().all(is_digit)
}

/// What is in the container's own layer. A layer in which no file has a byte has nothing.
fn layer(
    docker: &Docker,
    container: &InspectedContainer,
) -> Result<BTreeMap<PathBuf, UnseenPlace>, Error> {
    let what = format!("see what container `{}` has written", container.name);
    let ask = |args: &[&str]| {
        let called = docker.call(args).arg(&container.id).run_well();
        let output = called.map_err(failed(&what))?;
        Ok::<_, Error>(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let size = ask(&[
        "container",
        "inspect",
        "--size",
        "--format",
        "{{json .SizeRw}}",
    ])?;
    if size.trim() == "0" {
        return Ok(BTreeMap::new());
    }
    let tmpfs = container.host_config.tmpfs.iter().flatten();
    let mounts = container
        .mounts
        .iter()
        .map(|mount| mount.destination.as_path());
    let mounted = mounts.chain(tmpfs.map(|(path, _)| Path::new(path)));
    Ok(kept(&ask(&["diff"])?, &mounted.collect()))
}

/// What `docker diff` tells, `A /path` for what is new and `C /path` for what is changed, without what
/// containers write anyway, in groups: a new folder is one, and so is a folder with many.
fn kept(diff: &str, mounted: &BTreeSet<&Path>) -> BTreeMap<PathBuf, UnseenPlace> {
    let lines = diff.lines().filter_map(|line| line.split_once(' '));
    let (mut new, mut all) = (BTreeSet::new(), BTreeSet::new());
    for (kind, path) in lines.filter(|(kind, _)| *kind != "D") {
        let path = Path::new(path);
        if kind == "A" {
            new.insert(path);
        }
        all.insert(path);
    }
    let folders: BTreeSet<&Path> = all
        .iter()
        .flat_map(|path| path.ancestors().skip(1))
        .collect();
    let leaves = all.iter().filter(|path| !folders.contains(**path));
    let mut groups: BTreeMap<&Path, Vec<&Path>> = BTreeMap::new();
    for leaf in leaves.filter(|leaf| !mounted.contains(**leaf) && !is_usual(leaf)) {
        let topmost = leaf.ancestors().filter(|path| new.contains(path)).last();
        groups
            .entry(topmost.unwrap_or(leaf))
            .or_default()
            .push(leaf);
    }
    let mut data = BTreeMap::new();
    for (place, leaves) in in_few(groups) {
        let entries = leaves.iter().filter(|leaf| !is_settings(leaf)).count() as u64;
        let kind = match entries {
            0 => UnseenPlace::Settings,
            entries => UnseenPlace::Layer { entries },
        };
        data.insert(place.to_owned(), kind);
    }
    data
}

/// Groups of one folder are one where there are many.
fn in_few<'a>(groups: BTreeMap<&'a Path, Vec<&'a Path>>) -> BTreeMap<&'a Path, Vec<&'a Path>> {
    const MANY: usize = 3;
    let mut in_folder: BTreeMap<Option<&Path>, usize> = BTreeMap::new();
    for place in groups.keys() {
        *in_folder.entry(place.parent()).or_default() += 1;
    }
    let mut few: BTreeMap<&Path, Vec<&Path>> = BTreeMap::new();
    for (place, leaves) in groups {
        let parent = place.parent().filter(|parent| *parent != Path::new("/"));
        let is_many = in_folder[&place.parent()] > MANY;
        let place = parent.filter(|_| is_many).unwrap_or(place);
        few.entry(place).or_default().extend(leaves);
    }
    few
}

/// What every container writes, and nobody wants back.
fn is_usual(path: &Path) -> bool {
    const PLACES: &[&str] = &[
        "/tmp",
        "/var/tmp",
        "/run",
        "/var/run",
        "/var/lock",
        "/var/log",
        "/var/cache",
        "/dev",
        "/proc",
        "/sys",
        "/.dockerenv",
        "/etc/hosts",
        "/etc/hostname",
        "/etc/resolv.conf",
        "/etc/mtab",
    ];
    const NAMES: &[&str] = &[
        ".cache",
        "__pycache__",
        ".npm",
        ".ash_history",
        ".bash_history",
        ".lesshst",
        ".psql_history",
        ".python_history",
        ".rediscli_history",
        ".viminfo",
    ];
    const ENDINGS: &[&str] = &["pid", "sock", "lock", "pyc"];
    let is_name = |name: &&str| path.iter().any(|part| part == *name);
    let ending = path.extension().and_then(|ending| ending.to_str());
    PLACES.iter().any(|place| path.starts_with(place))
        || NAMES.iter().any(is_name)
        || ending.is_some_and(|ending| ENDINGS.contains(&ending))
}

/// Settings and programs: a container's start writes them, or somebody in it.
fn is_settings(path: &Path) -> bool {
    const PLACES: &[&str] = &[
        "/etc",
        "/bin",
        "/sbin",
        "/lib",
        "/lib64",
        "/usr/bin",
        "/usr/sbin",
        "/usr/lib",
        "/usr/lib64",
        "/usr/libexec",
        "/usr/include",
        "/usr/local/bin",
        "/usr/local/lib",
        "/usr/local/sbin",
        "/usr/share/ca-certificates",
        "/usr/share/doc",
        "/usr/share/locale",
        "/usr/share/man",
        "/usr/share/zoneinfo",
        "/var/lib/apk",
        "/var/lib/apt",
        "/var/lib/dpkg",
    ];
    PLACES.iter().any(|place| path.starts_with(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(diff: &str, mounted: &[&str], expect: &[(&str, u64)]) {
        let mounted = mounted.iter().map(Path::new).collect();
        let found = kept(diff, &mounted);
        let found: Vec<_> = found
            .iter()
            .map(|(path, kind)| match kind {
                UnseenPlace::Layer { entries } => (path.to_str().unwrap(), *entries),
                _ => (path.to_str().unwrap(), 0),
            })
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn what_every_container_writes_is_no_data() {
        check(
            "C /run\nA /run/nginx.pid\nC /tmp\nA /tmp/x\nC /var\nC /var/log\nA /var/log/a.log\n\
             C /root\nA /root/.bash_history\nA /app.sock\nC /app\nA /app/__pycache__\n\
             A /app/__pycache__/a.pyc\nC /etc\nC /etc/hosts\nD /opt/gone\n",
            &[],
            &[],
        );
    }

    #[test]
    fn a_new_folder_is_one_place_and_a_changed_file_another() {
        check(
            "C /app\nC /app/shop.sqlite\nC /srv\nA /srv/uploads\nA /srv/uploads/a\nA /srv/uploads/b\n",
            &[],
            &[("/app/shop.sqlite", 1), ("/srv/uploads", 2)],
        );
    }

    #[test]
    fn many_in_one_folder_are_that_folder_but_never_all() {
        check(
            "C /data\nA /data/1\nA /data/2\nA /data/3\nA /data/4\n",
            &[],
            &[("/data", 4)],
        );
        check(
            "A /1\nA /2\nA /3\nA /4\n",
            &[],
            &[("/1", 1), ("/2", 1), ("/3", 1), ("/4", 1)],
        );
    }

    #[test]
    fn where_something_is_mounted_the_layer_has_nothing() {
        check("A /d\nA /e\nA /e/f\n", &["/d", "/e/f"], &[]);
        check("A /e\nA /e/f\nA /e/kept\n", &["/e/f"], &[("/e", 1)]);
    }

    #[test]
    fn settings_and_programs_are_told_apart_from_data() {
        check(
            "C /etc\nC /etc/nginx\nC /etc/nginx/nginx.conf\nC /usr\nC /usr/src\nA /usr/src/app.db\n\
             C /usr/bin\nA /usr/bin/vim\n",
            &[],
            &[
                ("/etc/nginx/nginx.conf", 0),
                ("/usr/bin/vim", 0),
                ("/usr/src/app.db", 1),
            ],
        );
    }

    #[test]
    fn only_an_engine_gives_names_of_64_digits() {
        assert!(is_anonymous(&"0123456789abcdef".repeat(4)));
        for name in ["data", "v1_data", &"0".repeat(63), &"G".repeat(64)] {
            assert!(!is_anonymous(name), "{name}");
        }
    }
}
