//! Copying one volume, or a path, to another, wherever the two are.
//!
//! [`VolumeCopy::run`] finds the source, keeps containers from writing it or refuses, makes the
//! target, copies by the shortest way that there is (by path, in a helper container, or as a
//! stream from one place to the other), reads the copy back where that is wanted, lets the
//! containers go on, and takes back what it made where the copy failed. A step of an upgrade
//! uses the same parts one by one, since it has to go on after a crash between any two.

use std::path::{Path, PathBuf};

use crate::engine::{
    ByPath, Contents, CopyPair, Docker, Error, FolderUsers, MadeBy, NewVolume, Quiesce, Quiesced,
    Users, Volume, VolumeStore, transfer,
};
use crate::error::{Explain as _, Kind};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::tree::{
    self, Against, Copied, CopyOptions, Difference, Holds, Removals, Survey, VerifyOptions,
    VerifyScope,
};

/// What is copied, or where to, as somebody names it.
#[derive(Clone)]
pub enum CopyEnd<'a> {
    /// A tree of this machine.
    Path {
        /// Where it is.
        path: PathBuf,
        /// How those who use it are found out.
        users: &'a FolderUsers,
    },
    /// A volume.
    Volume {
        /// The place where it is, or will be.
        store: &'a dyn VolumeStore,
        /// The volume's real name.
        name: String,
    },
}

/// Whose the target will be where it is a volume that has to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetLabels {
    /// The compose project; a folder needs none.
    pub project: Option<String>,
    /// The key in the project's compose file; the volume's name when absent.
    pub key: Option<String>,
    /// The run of an upgrade that makes it, where one does.
    pub made_by: Option<MadeBy>,
}

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

/// What would be copied.
#[derive(Debug)]
pub struct SourceSurvey {
    /// The source's path, or its name where this process can't reach it.
    pub source: PathBuf,
    /// What it holds.
    pub survey: Survey,
}

/// One end of a copy, found or made.
pub(crate) struct FoundEnd<'a> {
    /// Nothing for a path.
    store: Option<&'a dyn VolumeStore>,
    /// Nothing for a volume.
    path_users: Option<&'a FolderUsers>,
    pub(crate) volume: Volume,
    /// True for a volume that was made for this copy.
    pub(crate) is_new: bool,
}

impl VolumeCopy<'_> {
    /// Counts what would be copied.
    ///
    /// # Errors
    /// [`Error::Missing`] where there is no such volume; those of reading it.
    pub fn survey(&self, progress: &dyn Progress) -> Result<SourceSurvey, Error> {
        let source = self.source.find()?;
        source.contents().prepare(&source.volume);
        Ok(SourceSurvey {
            source: source.shown(),
            survey: source.contents().survey(&source.volume, progress)?,
        })
    }

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
        let volume = source.volume.name.as_str();
        let users = source.users()?.writing();
        if users == Users::default() {
            return Ok(None);
        }
        match (self.in_use, source.docker()) {
            (InUse::CopyLive, _) => {
                let users = &users;
                tell(CopyNotice::Live { volume, users });
                Ok(None)
            }
            (InUse::Quiesce(how), Some(docker)) if users.unknown.is_none() => {
                let quiesced = Quiesced::hold(docker, disk, volume, &users.found, how, progress)?;
                let containers = quiesced.names().collect();
                tell(CopyNotice::Quiesced { how, containers });
                Ok(Some(quiesced))
            }
            (InUse::Refuse | InUse::Quiesce(_), _) => {
                users.require_none(volume)?;
                Ok(None)
            }
        }
    }

    /// What was there is written by nobody, and holds something only to be updated.
    fn require_free(&self, target: &FoundEnd<'_>, progress: &dyn Progress) -> Result<(), Error> {
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
        if let (Some(one), Some(other)) = (source.store, target.store)
            && is_same_place(one, other)
            && a.name == b.name
        {
            let (source_root, target) = (source.shown(), target.shown());
            return Err(tree::Error::Nested {
                source_root,
                target,
            }
            .into());
        }
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

impl<'a> CopyEnd<'a> {
    /// What is there already.
    ///
    /// # Errors
    /// [`Error::Missing`], and those of asking.
    pub(crate) fn find(&self) -> Result<FoundEnd<'a>, Error> {
        match self {
            Self::Path { path, users } => Ok(FoundEnd::at(path, users)),
            Self::Volume { store, name } => Ok(FoundEnd {
                store: Some(*store),
                path_users: None,
                volume: store.existing(name)?,
                is_new: false,
            }),
        }
    }

    /// What is there already, or a new and empty volume.
    ///
    /// # Errors
    /// [`Error::NoOwner`] where a volume is to be made and has to belong to a project; those of
    /// [`VolumeStore::create`]. What a failure leaves of the volume is empty, and goes.
    pub(crate) fn find_or_make(
        &self,
        disk: &Disk,
        labels: &TargetLabels,
    ) -> Result<FoundEnd<'a>, Error> {
        let (store, name) = match self {
            Self::Path { path, users } => return Ok(FoundEnd::at(path, users)),
            Self::Volume { store, name } => (*store, name),
        };
        if let Some(volume) = store.find(name)? {
            return Ok(FoundEnd {
                store: Some(store),
                path_users: None,
                volume,
                is_new: false,
            });
        }
        let project = match &labels.project {
            Some(project) => project.clone(),
            None if store.has_labels() => return Err(Error::NoOwner { name: name.clone() }),
            None => String::new(),
        };
        let new = NewVolume {
            name: name.clone(),
            project,
            key: labels.key.clone().unwrap_or_else(|| name.clone()),
            made_by: labels.made_by.clone(),
        };
        Ok(FoundEnd {
            store: Some(store),
            path_users: None,
            volume: make_volume(store, disk, &new)?,
            is_new: true,
        })
    }
}

impl<'a> FoundEnd<'a> {
    fn at(path: &Path, users: &'a FolderUsers) -> Self {
        Self {
            store: None,
            path_users: Some(users),
            volume: ByPath::volume(path),
            is_new: false,
        }
    }

    fn contents(&self) -> &dyn Contents {
        self.store.map_or(&ByPath, VolumeStore::contents)
    }

    fn users(&self) -> Result<Users, Error> {
        match (self.store, self.path_users) {
            (Some(store), _) => store.users(&self.volume),
            (None, Some(users)) => users.of(&self.volume.path),
            (None, None) => Ok(Users::default()),
        }
    }

    fn docker(&self) -> Option<&'a Docker> {
        let by_path = || self.path_users.and_then(FolderUsers::docker);
        self.store.map_or_else(by_path, VolumeStore::docker)
    }

    fn path(&self) -> Option<&Path> {
        self.contents().path(&self.volume)
    }

    /// Its path, or its name.
    fn shown(&self) -> PathBuf {
        let name = || PathBuf::from(&self.volume.name);
        self.path().map_or_else(name, Path::to_owned)
    }

    /// What it holds, in bytes, where that can be counted by path: a helper counts what it
    /// copies by itself.
    fn size_by_path(&self) -> Result<Option<u64>, Error> {
        let survey = self.path().map(tree::survey).transpose()?;
        Ok(survey.map(|survey| survey.bytes).filter(|bytes| *bytes > 0))
    }

    /// After a failure: removes the volume if it was made for the copy.
    pub(crate) fn take_back(&self, disk: &Disk) {
        if let Some(store) = self.store.filter(|_| self.is_new) {
            // The failure is what there is to tell; an empty volume does no harm.
            let _ = store.remove(disk, &self.volume.name);
        }
    }
}

/// Makes the volume. What a failure leaves of it is empty, and goes.
fn make_volume(store: &dyn VolumeStore, disk: &Disk, new: &NewVolume) -> Result<Volume, Error> {
    let made = store.create(disk, new);
    let is_empty = |left: &Volume| {
        let holds = store.contents().holds(left, &crate::progress::Silent);
        holds.is_ok_and(|holds| holds == Holds::Nothing)
    };
    // What was there before is nobody's to remove.
    if made
        .as_ref()
        .is_err_and(|error| !matches!(error, Error::Exists { .. }))
        && let Ok(Some(left)) = store.find(&new.name)
        && is_empty(&left)
    {
        // The failure is what there is to tell; an empty volume does no harm.
        let _ = store.remove(disk, &new.name);
    }
    made
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
