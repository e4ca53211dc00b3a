//! Data that a release has behind a symlink which leads out of it, as `data -> ../../data`: the link
//! comes along, and both releases would write what it leads to. So it is data outside of both, as
//! a folder by its absolute path is. Only reads.

use std::path::{Component, Path, PathBuf};

use super::decisions::OutsideFolder;
use super::obstacle::Obstacle;
use super::releases::Releases;
use crate::upgrade::shared_with_old::SharedWithOld;

/// A symlink of the old release that leads out of it, and that something the new one writes is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkedData {
    /// The symlink, below a release.
    link: PathBuf,
    /// Where it leads, without any symlink.
    leads_to: PathBuf,
    /// The services of the new release that write what is behind it.
    services: Vec<String>,
    /// Whether the new release has nothing in the link's place, so that a copy can be there.
    can_own: bool,
}

impl LinkedData {
    /// All that the new release's services would write.
    pub(crate) fn all(releases: &Releases) -> Vec<Self> {
        let model = &releases.new.model;
        let is_enabled = |name: &String| model.services.get(name).is_some_and(|s| s.enabled);
        let binds = model.binds.iter();
        let written = binds.filter(|bind| !bind.read_only && !bind.source.is_absolute());
        let mut found: Vec<Self> = Vec::new();
        for bind in written.filter(|bind| is_enabled(&bind.service)) {
            let Some(linked) = Self::of(releases, &bind.source) else {
                continue;
            };
            let known = found.iter().position(|known| known.link == linked.link);
            let at = known.unwrap_or(found.len());
            if known.is_none() {
                found.push(linked);
            }
            if !found[at].services.contains(&bind.service) {
                found[at].services.push(bind.service.clone());
            }
        }
        found
    }

    /// The link that a place below both releases is behind, as long as both would have it.
    fn of(
        Releases {
            old, new, carry, ..
        }: &Releases,
        place: &Path,
    ) -> Option<Self> {
        let above: Vec<_> = place.ancestors().collect();
        let mut links = above.into_iter().rev();
        let found = links.find_map(|link| Some((link, leads_out(&old.folder, link)?)));
        let (link, leads_to) = found?;
        let is_taken = new.folder.join(link).symlink_metadata().is_ok();
        let is_carried = carry.iter().any(|carry| carry.brings(link));
        let is_in_both = leads_out(&new.folder, link).is_some_and(|theirs| theirs == leads_to);
        (is_carried || is_in_both).then(|| Self {
            link: link.to_owned(),
            leads_to,
            services: Vec::new(),
            can_own: !is_taken,
        })
    }

    /// What an answer calls it.
    pub(crate) fn answer(&self) -> String {
        self.leads_to.display().to_string()
    }

    /// As a plan records that both releases use it.
    pub(crate) fn shared(&self) -> SharedWithOld {
        SharedWithOld {
            what: self.answer(),
            name: self.answer(),
            services: self.services.clone(),
        }
    }

    /// The copy that takes the place of the link; none where something is there.
    pub(crate) fn folder(&self) -> Option<OutsideFolder> {
        self.can_own.then(|| OutsideFolder {
            path: self.leads_to.clone(),
            from: self.leads_to.clone(),
            to: self.link.clone(),
        })
    }

    /// What stands against it while nobody has said whose it is to be.
    pub(crate) fn question(&self) -> Obstacle {
        Obstacle::OutsideData {
            answer: self.answer(),
            name: self.answer(),
            is_volume: false,
            services: self.services.clone(),
            was: None,
            can_own: self.can_own,
        }
    }
}

/// Where a path below a release leads, if it is a symlink by which another release, too, would come to
/// the same place: out of the release, or into it by way of what is outside.
pub(super) fn leads_out(folder: &Path, name: &Path) -> Option<PathBuf> {
    let path = folder.join(name);
    let text = path.read_link().ok()?;
    let real = path.canonicalize().ok()?;
    let is_out = !real.starts_with(folder.canonicalize().ok()?);
    let above = name.parent().unwrap_or(Path::new(""));
    (is_out || leaves(above, &text)).then_some(real)
}

/// Whether a link's text, read in the folder `above`, names something outside of the release.
fn leaves(above: &Path, text: &Path) -> bool {
    let mut depth = above.components().count();
    text.components().any(|part| match part {
        Component::Normal(_) => {
            depth += 1;
            false
        }
        Component::CurDir => false,
        Component::ParentDir if depth > 0 => {
            depth -= 1;
            false
        }
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leaves_by_an_absolute_path_or_by_more_steps_up_than_there_are() {
        let check = |above: &str, text: &str, expect: bool| {
            assert_eq!(
                leaves(Path::new(above), Path::new(text)),
                expect,
                "{above} {text}"
            );
        };
        check("", "pgdata", false);
        check("", "./a/../pgdata", false);
        check("volumes", "../pgdata", false);
        check("", "../pgdata", true);
        check("volumes", "../../v1/pgdata", true);
        check("", "a/../../pgdata", true);
        check("", "/srv/pgdata", true);
    }
}
