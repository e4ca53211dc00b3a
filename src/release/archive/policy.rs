//! What a vendor's archive may hold. Narrower than what tar can: a release is files, folders
//! and links among them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::member::{Limits, Member, MemberKind, Summary};
use crate::compose;
use crate::release::error::VendorReleaseError;

/// What is known of the members so far, to judge the next one.
pub(super) struct Policy {
    pub limits: Limits,
    pub members: BTreeMap<PathBuf, MemberKind>,
    pub summary: Summary,
    /// Bytes of all names and of what links hold.
    pub names: u64,
}

impl Policy {
    pub(super) fn admit(&mut self, member: &Member) -> Result<(), &'static str> {
        match &member.kind {
            MemberKind::Symlink(aim) if aim.is_absolute() => {
                return Err("a symlink to an absolute path");
            }
            MemberKind::HardLink(original)
                if self.members.get(original) != Some(&MemberKind::File) =>
            {
                return Err("a hard link to what is not an earlier file of the archive");
            }
            MemberKind::Folder => {}
            _ if member.path.as_os_str().is_empty() => return Err("a file without a name"),
            _ => {}
        }
        let link = match &member.kind {
            MemberKind::Symlink(aim) | MemberKind::HardLink(aim) => aim.as_os_str().len(),
            MemberKind::File | MemberKind::Folder => 0,
        };
        self.names += (member.path.as_os_str().len() + link) as u64;
        match self
            .members
            .insert(member.path.clone(), member.kind.clone())
        {
            Some(MemberKind::Folder) if member.kind == MemberKind::Folder => {}
            Some(_) => return Err("a second one of its name"),
            None => self
                .summary
                .count(member.kind == MemberKind::Folder, member.size),
        }
        if self.members.len() as u64 > self.limits.members
            || self.summary.bytes > self.limits.bytes
            || self.names > self.limits.names
        {
            return Err("beyond the largest release that is accepted");
        }
        Ok(())
    }

    /// A symlink or file may not be used as a folder by any other member, earlier or later.
    pub(super) fn no_member_below_a_leaf(&self, archive: &Path) -> Result<(), VendorReleaseError> {
        for path in self.members.keys() {
            let leaf = path.ancestors().skip(1).any(|above| {
                self.members
                    .get(above)
                    .is_some_and(|kind| *kind != MemberKind::Folder)
            });
            if leaf {
                return Err(VendorReleaseError::Member {
                    archive: archive.into(),
                    member: path.as_os_str().as_bytes().to_vec(),
                    reason: "below another member that is no folder",
                });
            }
        }
        Ok(())
    }

    /// Every symlink stays in the release, which begins below the single top folder.
    pub(super) fn no_link_out_of_the_release(
        &self,
        archive: &Path,
        top: Option<&OsStr>,
    ) -> Result<(), VendorReleaseError> {
        let top = Path::new(top.unwrap_or_default());
        let mut links = MemberLinks::new(|path: &Path| match self.members.get(&top.join(path)) {
            Some(MemberKind::Symlink(aim)) => Some(aim.as_path()),
            _ => None,
        });
        for (path, kind) in &self.members {
            let MemberKind::Symlink(aim) = kind else {
                continue;
            };
            let below = path.strip_prefix(top).unwrap_or(path);
            if !links.stays_inside(below, aim) {
                return Err(VendorReleaseError::Member {
                    archive: archive.into(),
                    member: path.as_os_str().as_bytes().to_vec(),
                    reason: LEADS_OUT,
                });
            }
        }
        Ok(())
    }

    /// The folder that everything is in, if there is one. The root itself doesn't count, nor do documents
    /// that lie beside a folder with a compose file.
    pub(super) fn single_top(&self) -> Option<OsString> {
        let is_beside = |path: &&PathBuf| {
            let is_file = self.members.get(*path) == Some(&MemberKind::File);
            is_litter(path) || is_file && path.components().count() == 1 && is_document(path)
        };
        let has_compose = |top: &OsStr| {
            let below = self
                .members
                .keys()
                .filter_map(|path| path.strip_prefix(top).ok());
            // That folder is a part of the release, which has no folder around it.
            let is_part = top.to_str().is_some_and(compose::is_known_folder);
            !is_part && below.into_iter().any(compose::is_project_file)
        };
        let all = self.top_of(&|_| false);
        all.or_else(|| {
            self.top_of(&|path| is_beside(&path))
                .filter(|top| has_compose(top))
        })
    }

    /// The folder that everything is in, but for what is `beside` it.
    fn top_of(&self, beside: &dyn Fn(&PathBuf) -> bool) -> Option<OsString> {
        let paths = || self.members.keys().filter(|path| !beside(path));
        let tops = || paths().filter_map(|path| path.iter().next());
        let first = tops().next()?;
        let is_folder = self.members.iter().any(|(path, kind)| {
            path.starts_with(first) && (path.as_os_str() != first || *kind == MemberKind::Folder)
        });
        (is_folder && tops().all(|top| top == first)).then(|| first.to_owned())
    }
}

/// True for what the programs leave that archives are made with, at their top.
fn is_litter(path: &Path) -> bool {
    let names = ["__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"];
    let top = path.iter().next().and_then(OsStr::to_str);
    top.is_some_and(|top| names.contains(&top))
}

/// True for what a vendor lays beside a release's folder for people to read.
fn is_document(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let plain = [
        "readme",
        "license",
        "licence",
        "changelog",
        "changes",
        "notice",
        "release-notes",
    ];
    plain.contains(&name.as_str())
        || [".md", ".txt", ".rst", ".pdf"]
            .iter()
            .any(|end| name.ends_with(end))
}

pub(in crate::release) const LEADS_OUT: &str = "a symlink that leads out of the release";

/// As many symlinks as the kernel follows for one path.
const MOST_LINKS: u32 = 40;

/// How many names are looked at for all symlinks of a release: a guard against those that are
/// made to be slow.
const MOST_STEPS: u32 = 20_000_000;

/// Follows symlinks as the kernel would, among what a release has.
pub(in crate::release) struct MemberLinks<F> {
    /// What a symlink holds; nothing for a path that is none.
    aim_of: F,
    steps: u32,
}

impl<'a, F: Fn(&Path) -> Option<&'a Path>> MemberLinks<F> {
    pub(in crate::release) const fn new(aim_of: F) -> Self {
        Self { aim_of, steps: 0 }
    }

    /// True when a symlink at `path` that holds `aim` never leaves the release on its way,
    /// whatever other symlinks it passes. What goes round in circles doesn't stay.
    pub(in crate::release) fn stays_inside(&mut self, path: &Path, aim: &Path) -> bool {
        let mut at = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut left: Vec<Component<'_>> = aim.components().rev().collect();
        let mut links = 0;
        while let Some(component) = left.pop() {
            self.steps += 1;
            if self.steps > MOST_STEPS {
                return false;
            }
            match component {
                Component::Normal(name) => {
                    at.push(name);
                    if let Some(aim) = (self.aim_of)(&at) {
                        links += 1;
                        at.pop();
                        left.extend(aim.components().rev());
                    }
                }
                Component::CurDir => {}
                Component::ParentDir if at.pop() => {}
                _ => return false,
            }
            if links > MOST_LINKS {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symlinks_are_followed_through_others() {
        let links = [
            ("x", "."),
            ("up", "a/.."),
            ("deep", "a/b"),
            ("loop", "loop"),
            ("a/back", "../x"),
        ];
        let aim_of = |path: &Path| {
            let found = links.iter().find(|(at, _)| Path::new(at) == path);
            found.map(|(_, aim)| Path::new(*aim))
        };
        for (path, aim, stays) in [
            ("y", "x/x/x/../victim", false),
            ("y", "x/x/a/../victim", true),
            ("y", "deep/../../c", true),
            ("y", "deep/../../../c", false),
            ("y", "up/..", false),
            ("y", "missing/../c", true),
            ("y", "missing/../../c", false),
            ("y", "loop", false),
            ("a/y", "back/..", false),
            ("a/y", "back/c", true),
            ("a/y", "../../c", false),
            ("y", "/etc", false),
            ("y", "", true),
        ] {
            let said = MemberLinks::new(aim_of).stays_inside(Path::new(path), Path::new(aim));
            assert_eq!(said, stays, "{path} -> {aim}");
        }
    }
}
