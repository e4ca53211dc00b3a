//! Where the paths of a plan may lead. A plan or journal is sealed against damage, not against whoever
//! can write it: before anything is done by one, every path in it is held against what a planner
//! writes.

use std::path::{Component, Path, PathBuf};

use thiserror::Error;

use super::data_places::is_folder;
use super::step::ReleaseProject;
use crate::engine::check_name;
use crate::release::{Install, Version};

/// A path, or a name, that no planner would write.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{}` is not {expected}", path.display())]
pub struct OutOfBounds {
    /// The path or name.
    pub path: PathBuf,
    /// What it should be.
    pub expected: &'static str,
}

/// The releases of a plan, which the paths in its steps may lead into.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds<'a> {
    /// The release that the upgrade leaves.
    pub from: &'a Version,
    /// The release that it leads to.
    pub to: &'a Version,
}

impl Bounds<'_> {
    /// Something below the old release's folder.
    pub(super) fn of_old(&self, path: &Path) -> Result<(), OutOfBounds> {
        below(
            path,
            &["releases", self.from.as_str()],
            "below the old release",
        )
    }

    /// Something below the new release's folder.
    pub(super) fn of_new(&self, path: &Path) -> Result<(), OutOfBounds> {
        below(
            path,
            &["releases", self.to.as_str()],
            "below the new release",
        )
    }

    /// The new release's folder.
    pub(super) fn new_folder(&self, path: &Path) -> Result<(), OutOfBounds> {
        exactly(
            path,
            &Install::current_target(self.to),
            "the new release's folder",
        )
    }

    /// The old release itself.
    pub(super) fn old_release(&self, version: &Version) -> Result<(), OutOfBounds> {
        match version == self.from {
            true => Ok(()),
            false => out_of(Path::new(version.as_str()), "the old release"),
        }
    }

    /// The new release itself.
    pub(super) fn new_release(&self, version: &Version) -> Result<(), OutOfBounds> {
        match version == self.to {
            true => Ok(()),
            false => out_of(Path::new(version.as_str()), "the new release"),
        }
    }

    /// The old release, and the folder of its project.
    pub(super) fn old_project(&self, project: &ReleaseProject) -> Result<(), OutOfBounds> {
        self.old_release(&project.version)?;
        project.confine()
    }

    /// The new release, and the folder of its project.
    pub(super) fn new_project(&self, project: &ReleaseProject) -> Result<(), OutOfBounds> {
        self.new_release(&project.version)?;
        project.confine()
    }

    /// Data that is copied: a volume, something below the old release's folder, or a folder of the host.
    pub(super) fn data_of_old(&self, name: &str) -> Result<(), OutOfBounds> {
        match (is_folder(name), name.strip_prefix('/')) {
            (false, _) => volume(name),
            (true, Some(below_root)) => plain(Path::new(below_root), "a folder of the host"),
            (true, None) => self.of_old(Path::new(name)),
        }
    }

    /// What data is copied to: a volume, or something below the new release's folder.
    pub(super) fn data_of_new(&self, name: &str) -> Result<(), OutOfBounds> {
        match is_folder(name) {
            false => volume(name),
            true => self.of_new(Path::new(name)),
        }
    }

    /// Something below a folder of transship's own for the old release.
    pub(super) fn kept_of_old(&self, path: &Path, folder: &str) -> Result<(), OutOfBounds> {
        below(
            path,
            &[".transship", folder, self.from.as_str()],
            "kept of the old release",
        )
    }

    /// Something below a folder of transship's own for the new release.
    pub(super) fn kept_of_new(&self, path: &Path, folder: &str) -> Result<(), OutOfBounds> {
        below(
            path,
            &[".transship", folder, self.to.as_str()],
            "kept for the new release",
        )
    }
}

/// A path of names alone: no root, no `.` and no `..`.
pub(super) fn plain(path: &Path, expected: &'static str) -> Result<(), OutOfBounds> {
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if path.components().all(is_plain) && path.components().next().is_some() {
        return Ok(());
    }
    out_of(path, expected)
}

/// A folder of volumes: below the install, but in nothing that transship keeps for itself, or an
/// absolute path of names alone. Which absolute path an administrator gave can't be known here.
pub(super) fn volumes_folder(path: &Path) -> Result<(), OutOfBounds> {
    let expected = "a folder of volumes";
    match path.strip_prefix("/") {
        Ok(below_root) => plain(below_root, expected).or_else(|_| out_of(path, expected)),
        Err(_) if path.starts_with(".transship") => out_of(path, expected),
        Err(_) => plain(path, expected),
    }
}

/// The folder of any release.
pub(super) fn release(path: &Path) -> Result<(), OutOfBounds> {
    let name = path.strip_prefix("releases").ok().and_then(Path::to_str);
    let version = name.and_then(|name| name.parse::<Version>().ok());
    match version {
        Some(version) => exactly(
            path,
            &Install::current_target(&version),
            "a release's folder",
        ),
        None => out_of(path, "a release's folder"),
    }
}

/// The name of a volume.
pub(super) fn volume(name: &str) -> Result<(), OutOfBounds> {
    check_name(name).or_else(|_| out_of(Path::new(name), "a volume's name"))
}

fn below(path: &Path, above: &[&str], expected: &'static str) -> Result<(), OutOfBounds> {
    let above: PathBuf = above.iter().collect();
    match path.strip_prefix(above) {
        // `strip_prefix` takes `a/./b` for `a/b`, and the rest is looked at by itself.
        Ok(rest) => plain(rest, expected).or_else(|_| out_of(path, expected)),
        Err(_) => out_of(path, expected),
    }
}

fn exactly(path: &Path, wanted: &Path, expected: &'static str) -> Result<(), OutOfBounds> {
    if path.as_os_str() == wanted.as_os_str() {
        return Ok(());
    }
    out_of(path, expected)
}

fn out_of(path: &Path, expected: &'static str) -> Result<(), OutOfBounds> {
    Err(OutOfBounds {
        path: path.into(),
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_release_that_it_names() {
        let (from, to) = ("v1".parse().unwrap(), "v2".parse().unwrap());
        let bounds = Bounds {
            from: &from,
            to: &to,
        };
        for fine in ["releases/v2/.env", "releases/v2/a/b", "releases/v2/..a"] {
            assert_eq!(bounds.of_new(Path::new(fine)), Ok(()), "{fine}");
        }
        for out in [
            "",
            "..",
            "../victim",
            "/etc/passwd",
            "releases",
            "releases/v2",
            "releases/v2/",
            "releases/v2/.",
            "releases/v2/..",
            "releases/v2/../v1/.env",
            "releases/v2/a/../../../victim",
            "releases/v1/.env",
            "releases/v22/.env",
            ".transship/journal/x",
        ] {
            assert!(bounds.of_new(Path::new(out)).is_err(), "{out}");
        }
        for out in [
            "../victim",
            "releases/v2/",
            "releases/./v2",
            "/releases/v2",
            "releases/v1",
        ] {
            assert!(bounds.new_folder(Path::new(out)).is_err(), "{out}");
        }
        assert_eq!(bounds.new_folder(Path::new("releases/v2")), Ok(()));
        let manifest = Path::new(".transship/manifests/v2/x.mtree");
        assert_eq!(bounds.kept_of_new(manifest, "manifests"), Ok(()));
        assert!(bounds.kept_of_new(manifest, "journal").is_err());
        assert!(bounds.kept_of_old(manifest, "manifests").is_err());
    }

    #[test]
    fn volumes_are_in_nothing_of_transship_s_own_and_lead_nowhere_back() {
        for fine in ["volumes", "data/volumes", "/srv/volumes", "/var/..a"] {
            assert_eq!(volumes_folder(Path::new(fine)), Ok(()), "{fine}");
        }
        for out in [
            "",
            "/",
            "..",
            "volumes/../releases/v1",
            "/srv/volumes/../../etc",
            ".transship/made",
        ] {
            assert!(volumes_folder(Path::new(out)).is_err(), "{out}");
        }
    }

    #[test]
    fn a_volume_is_a_name() {
        for name in ["../x", "a/b", "", ".", "/etc"] {
            assert!(volume(name).is_err(), "{name}");
        }
        assert_eq!(volume("v2_data"), Ok(()));
    }
}
