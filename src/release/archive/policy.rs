//! What a vendor's archive may hold. Narrower than what tar can: a release is files, folders
//! and links among them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::member::{Limits, Member, MemberKind, Summary};
use crate::release::error::VendorReleaseError;

/// What is known of the members so far, to judge the next one.
pub(super) struct Policy {
    pub limits: Limits,
    pub members: BTreeMap<PathBuf, MemberKind>,
    pub summary: Summary,
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
            MemberKind::File if member.path.as_os_str().is_empty() => {
                return Err("a file without a name");
            }
            _ => {}
        }
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
        if self.members.len() as u64 > self.limits.members || self.summary.bytes > self.limits.bytes
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
        for (path, kind) in &self.members {
            let MemberKind::Symlink(aim) = kind else {
                continue;
            };
            let below = path.strip_prefix(top.unwrap_or_default()).unwrap_or(path);
            if !stays_inside(below, aim) {
                return Err(VendorReleaseError::Member {
                    archive: archive.into(),
                    member: path.as_os_str().as_bytes().to_vec(),
                    reason: LEADS_OUT,
                });
            }
        }
        Ok(())
    }

    pub(super) fn single_top(&self) -> Option<OsString> {
        let mut tops = self
            .members
            .keys()
            .filter_map(|path| path.components().next());
        let first = tops.next()?.as_os_str().to_owned();
        let folder = self
            .members
            .iter()
            .any(|(path, kind)| path.as_os_str() != first || *kind == MemberKind::Folder);
        (folder && tops.all(|top| top.as_os_str() == first)).then_some(first)
    }
}

pub(in crate::release) const LEADS_OUT: &str = "a symlink that leads out of the release";

/// True when a symlink at `path` that holds `aim` stays below the root, read as text.
pub(in crate::release) fn stays_inside(path: &Path, aim: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for component in aim.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return false,
        }
    }
    true
}
