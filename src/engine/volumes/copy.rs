//! Copying one volume, or a path, to another, wherever the two are.
//!
//! [`VolumeCopy::run`] finds the source, keeps containers from writing it or refuses, makes the
//! target, copies by the shortest way that there is (by path, in a helper container, or as a
//! stream from one place to the other), reads the copy back where that is wanted, lets the
//! containers go on, and takes back what it made where the copy failed. A step of an upgrade
//! uses the same parts one by one, since it has to go on after a crash between any two.

use std::path::PathBuf;

use crate::engine::{
    CopyEnd, CopyPair, Error, FoundEnd, Quiesce, Quiesced, TargetLabels, Users, VolumeStore,
    transfer,
};
use crate::error::{Explain as _, Kind};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::tree::{
    self, Against, Copied, CopyOptions, Difference, Holds, Removals, VerifyOptions, VerifyScope,
};

/// How a volume is copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VolumeCopyOptions {
    /// Read the copy back and compare it with what was copied.
    pub verify: bool,
    /// Make the target equal to the source, whatever it holds, and copy only what differs.
    pub update: bool,
    /// How much that may remove.
    pub removals: Removals,
}

/// What is done about containers that may write the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InUse {
    /// Nothing is copied while a container may be writing the source.
    Refuse,
    /// The source is copied all the same, and what changes meanwhile is listed.
    CopyLive,
    /// The containers are paused or stopped until the copy is done, so that it is of one moment.
    Quiesce(Quiesce),
}

/// A copy that somebody wants.
pub struct VolumeCopy<'a> {
    /// What is copied.
    pub source: CopyEnd<'a>,
    /// Where to: a path or a volume that isn't there, that is empty, or, to be updated, an
    /// earlier copy.
    pub target: CopyEnd<'a>,
    /// Whose the target will be.
    pub labels: TargetLabels,
    /// How it is copied.
    pub options: VolumeCopyOptions,
    /// What is done about containers that may write the source.
    pub in_use: InUse,
}

/// What is worth knowing before the copy is there.
#[derive(Debug)]
pub enum CopyNotice<'a> {
    /// The source is copied while these may write it.
    Live {
        /// The volume's name.
        volume: &'a str,
        /// Who may write.
        users: &'a Users,
    },
    /// Containers that are kept from writing while it is copied.
    Quiesced {
        /// By which way.
        how: Quiesce,
        /// The containers' names.
        containers: Vec<&'a str>,
    },
    /// The copy failed, and containers that were kept from writing don't go on.
    NotReleased(&'a Error),
}

/// A copy that was made.
#[derive(Debug)]
pub struct VolumeCopied {
    /// What was copied, and what couldn't be kept.
    pub copied: Copied,
    /// Where the copy, read back, isn't what was copied.
    pub differences: Vec<Difference>,
    /// The source's path, or its name where this process can't reach it.
    pub source: PathBuf,
    /// The target's.
    pub target: PathBuf,
}

impl VolumeCopy<'_> {
    /// Copies. `tell` hears what is worth knowing on the way.
    ///
    /// # Errors
    /// [`Error::Missing`] for the source; [`Error::InUse`] where a container or process may
    /// write it, or the target; [`Error::NotEmpty`], [`Error::NoOwner`]; [`Error::NotReleased`]
    /// where all went well but for that; [`Error::LeftQuiesced`] where neither did; those of the
    /// copy itself. A target that was made for it is removed again, unless it holds part of a
    /// stream, with which the next copy goes on.
    pub fn run(
        &self,
        disk: &Disk,
        tell: &dyn Fn(CopyNotice<'_>),
        progress: &dyn Progress,
    ) -> Result<VolumeCopied, Error> {
        let source = self.source.find()?;
        source.contents().prepare(&source.volume);
        let expected_bytes = source.size_by_path()?;
        let quiesced = self.quiesce(&source, disk, tell, progress)?;
        let target = self.target.find_or_make(disk, &self.labels)?;
        if target.volume.path.is_dir() {
            // Also where the copy is there already: a run may have been killed after it was.
            tree::sweep_above(disk, &target.volume.path);
        }
        let copied = self.require_free(&target, progress).and_then(|()| {
            let options = CopyOptions {
                digest: self.options.verify,
                live: self.in_use == InUse::CopyLive,
                expected_bytes,
                ..CopyOptions::default()
            };
            self.between(disk, &source, &target, &options, progress)
        });
        let copied = release(quiesced, copied, tell);
        if let Err(error) = &copied
            && (!self.is_streamed(&source, &target) || error.kind() == Kind::Refused)
        {
            target.take_back(disk);
        }
        let (copied, differences) = copied?;
        Ok(VolumeCopied {
            copied,
            differences,
            source: source.shown(),
            target: target.shown(),
        })
    }

    /// Sees to it that nothing writes the source while what is given is held, or refuses.
    fn quiesce<'a>(
        &self,
        source: &FoundEnd<'a>,
        disk: &'a Disk,
        tell: &dyn Fn(CopyNotice<'_>),
        progress: &dyn Progress,
    ) -> Result<Option<Quiesced<'a>>, Error> {
        let Some(users) = self.writers(source)? else {
            return Ok(None);
        };
        let volume = source.volume.name.as_str();
        let (InUse::Quiesce(how), Some(docker)) = (self.in_use, source.docker()) else {
            let users = &users;
            tell(CopyNotice::Live { volume, users });
            return Ok(None);
        };
        let quiesced = Quiesced::hold(docker, disk, volume, &users.found, how, progress)?;
        let containers = quiesced.names().collect();
        tell(CopyNotice::Quiesced { how, containers });
        Ok(Some(quiesced))
    }

    /// Who may be writing the source, where that is borne or can be prevented; else it is refused.
    pub(super) fn writers(&self, source: &FoundEnd<'_>) -> Result<Option<Users>, Error> {
        let users = source.users()?.writing();
        if users == Users::default() {
            return Ok(None);
        }
        let goes_on = match self.in_use {
            InUse::Refuse => false,
            InUse::CopyLive => true,
            InUse::Quiesce(_) => source.docker().is_some() && users.unknown.is_none(),
        };
        if !goes_on {
            users.clone().require_none(&source.volume.name)?;
        }
        Ok(Some(users))
    }

    /// What was there is written by nobody, and holds something only to be updated.
    pub(super) fn require_free(
        &self,
        target: &FoundEnd<'_>,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let users = || target.users()?.writing().require_none(&target.volume.name);
        let Some(store) = target.store else {
            // Only an update touches a path that holds something: the copy itself refuses it.
            return match self.options.update && target.volume.path.exists() {
                true => users(),
                false => Ok(()),
            };
        };
        if target.is_new {
            return Ok(());
        }
        users()?;
        let holds = store.contents().holds(&target.volume, progress)?;
        if holds == Holds::Something && !self.options.update {
            let name = target.volume.name.clone();
            return Err(Error::NotEmpty { name });
        }
        Ok(())
    }

    fn between(
        &self,
        disk: &Disk,
        source: &FoundEnd<'_>,
        target: &FoundEnd<'_>,
        options: &CopyOptions,
        progress: &dyn Progress,
    ) -> Result<(Copied, Vec<Difference>), Error> {
        if self.is_streamed(source, target) {
            return self.stream(disk, source, target, progress);
        }
        let pair = CopyPair {
            source: &source.volume,
            target: &target.volume,
        };
        let contents = target.contents();
        match (self.options.verify, target.store, source.store) {
            (true, Some(_), Some(_)) => contents.copy_verified(disk, pair, options, progress),
            (_, Some(_), Some(_)) => {
                let copied = contents.copy(disk, pair, options, progress)?;
                Ok((copied, Vec::new()))
            }
            _ => by_path(disk, pair, options, progress),
        }
    }

    /// Whether the copy goes as a stream: to update, and wherever no single process can read the
    /// one and write the other.
    fn is_streamed(&self, source: &FoundEnd<'_>, target: &FoundEnd<'_>) -> bool {
        let is_near = match (source.store, target.store) {
            (Some(from), Some(to)) => is_same_place(from, to),
            _ => source.path().is_some() && target.path().is_some(),
        };
        self.options.update || !is_near
    }

    fn stream(
        &self,
        disk: &Disk,
        source: &FoundEnd<'_>,
        target: &FoundEnd<'_>,
        progress: &dyn Progress,
    ) -> Result<(Copied, Vec<Difference>), Error> {
        let path = &target.volume.path;
        let is_new = target.store.is_none() && !path.exists();
        if is_new {
            let made = disk.create_dir(path, 0o700);
            made.map_err(|source| Error::Folder {
                what: "create",
                path: path.clone(),
                source,
            })?;
        }
        let (from, to) = (source.contents(), target.contents());
        let (a, b) = (&source.volume, &target.volume);
        if let Err(error) = self.check_update(disk, source, target, progress) {
            if is_new {
                // The refusal is what there is to tell; an empty folder does no harm.
                let _ = disk.remove_dir(path);
            }
            return Err(error);
        }
        progress.start(&b.name, None);
        let copied = transfer(disk, (from, a), (to, b), self.options.update, progress);
        progress.finish();
        let copied = copied?;
        if !self.options.verify {
            return Ok((copied, Vec::new()));
        }
        let options = VerifyOptions::default();
        let expected = from.observe(a, &options, progress)?;
        let found = to.observe(b, &options, progress)?;
        Ok((copied, tree::compare(&expected, &found, &options)))
    }

    /// Before anything of the target is touched: refuses a target that the source is or that lies
    /// within it, or the other way round, and removals that may be a mistake.
    fn check_update(
        &self,
        disk: &Disk,
        source: &FoundEnd<'_>,
        target: &FoundEnd<'_>,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let (from, to) = (source.contents(), target.contents());
        let (a, b) = (&source.volume, &target.volume);
        let holds = to.holds(b, progress)?;
        // What a cut copy has arrived with was weighed when that began.
        let removals = match holds {
            Holds::Something if self.options.update => self.options.removals,
            _ => Removals::All,
        };
        if let (Some(from), Some(to)) = (source.path(), target.path()) {
            return Ok(tree::check_update(disk, from, to, removals, progress)?);
        }
        require_two(source, target)?;
        if removals == Removals::All {
            return Ok(());
        }
        let options = VerifyOptions {
            scope: VerifyScope::MetadataOnly,
            ..VerifyOptions::default()
        };
        let expected = from.observe(a, &options, progress)?;
        let found = to.observe(b, &options, progress)?;
        let target = target.shown();
        Ok(tree::check_removals(&expected, &found, removals, &target)?)
    }
}

/// Refuses one volume as both ends.
pub(super) fn require_two(source: &FoundEnd<'_>, target: &FoundEnd<'_>) -> Result<(), Error> {
    if let (Some(one), Some(other)) = (source.store, target.store)
        && is_same_place(one, other)
        && source.volume.name == target.volume.name
    {
        let (source_root, target) = (source.shown(), target.shown());
        return Err(tree::Error::Nested {
            source_root,
            target,
        }
        .into());
    }
    Ok(())
}

fn is_same_place(one: &dyn VolumeStore, other: &dyn VolumeStore) -> bool {
    let same = std::ptr::addr_eq(std::ptr::from_ref(one), std::ptr::from_ref(other));
    let servers = one.server().zip(other.server());
    same || servers.is_some_and(|(one, other)| one.is_same_engine(other))
}

fn by_path(
    disk: &Disk,
    pair: CopyPair<'_>,
    options: &CopyOptions,
    progress: &dyn Progress,
) -> Result<(Copied, Vec<Difference>), Error> {
    let (source, target) = (&pair.source.path, &pair.target.path);
    let copied = tree::copy(disk, source, target, options, progress)?;
    let mut differences = Vec::new();
    if let Some(manifest) = &copied.manifest {
        let against = Against::Manifest(manifest);
        differences = tree::verify(target, against, &VerifyOptions::default(), progress)?;
    }
    Ok((copied, differences))
}

/// Lets containers go on after the copy, and tells if they don't.
fn release<T>(
    quiesced: Option<Quiesced<'_>>,
    done: Result<T, Error>,
    tell: &dyn Fn(CopyNotice<'_>),
) -> Result<T, Error> {
    let Some(Err(left)) = quiesced.map(Quiesced::release) else {
        return done;
    };
    match done {
        Ok(_) => Err(left),
        Err(first) => {
            tell(CopyNotice::NotReleased(&left));
            Err(Error::LeftQuiesced(Box::new(first)))
        }
    }
}
