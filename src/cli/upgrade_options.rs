//! What an upgrade is to be like: the options that `plan`, `upgrade` and `doctor` share, and the request
//! that they come to.

use std::path::{Path, PathBuf};

use super::terminal::failure::Failure;
use super::terminal::ui::Ui;
use crate::engine::VolumeBackend;
use crate::error::Kind;
use crate::release::{Install, Version};
use crate::upgrade::Request;
use crate::upgrade::projects::Arrangement;
use crate::upgrade::request::recorded;
use crate::upgrade::running::recorded_project::RecordedProject;
use crate::upgrade::service_path::ServicePath;

/// What is wanted of an upgrade, and the answers to what it asks.
#[derive(Debug, clap::Args)]
#[group(requires = "version")]
pub(super) struct UpgradeOptions {
    /// The vendor's tarball or folder; leave it out if the release is staged already
    #[arg(long, value_name = "PATH")]
    from_release: Option<PathBuf>,
    /// The release to upgrade from, instead of the one that `current` points to
    #[arg(long, value_name = "VERSION")]
    pub(super) from: Option<Version>,
    /// The prefix of the new volumes' names
    ///
    /// Without it: the recipe's, or the version, as `v2_10_5_`.
    #[arg(long)]
    prefix: Option<String>,
    /// Retag images, as `transship image set` does; repeatable
    #[arg(long = "image", value_name = "RULE")]
    images: Vec<String>,
    /// Follow a tag into the variable that holds it: the default in the compose file, or the key in
    /// the new release's `.env`
    #[arg(long)]
    tag_var: bool,
    /// Load the release's images from the vendor's archive first, such as `containers.tar.gz`
    ///
    /// An image that the release needs and that neither the archive nor the engine has stands
    /// against the plan. The digests of all images in it are recorded.
    #[arg(long, value_name = "ARCHIVE")]
    image_archive: Option<PathBuf>,
    /// A file or folder of the release to carry; repeatable
    ///
    /// Without it: what the recipe lists; else `.env` and what the old compose file mounts
    /// from inside of the release.
    #[arg(long, value_name = "PATH")]
    carry: Vec<PathBuf>,
    /// A place in the old release's containers, `SERVICE:/path`, whose data may stay behind; repeatable
    ///
    /// What containers keep in anonymous volumes or in their own layers, no step copies, so it
    /// stands against the plan.
    #[arg(long, value_name = "SERVICE:/PATH")]
    leave: Vec<ServicePath>,
    /// A volume's key that is not to be copied; repeatable
    #[arg(long, value_name = "KEY")]
    skip_volume: Vec<String>,
    /// Data outside of both releases that the new one gets a copy of; repeatable
    ///
    /// A volume's key, or an absolute path: an external volume, a folder of the host, a volume's
    /// device. The copy gets a name or a folder of the new release's, and its compose files say so.
    #[arg(long, value_name = "KEY|/PATH")]
    own: Vec<String>,
    /// Data outside of both releases that both go on using; repeatable
    ///
    /// What the new release writes there, `rollback` can't take back.
    #[arg(long, value_name = "KEY|/PATH")]
    share: Vec<String>,
    /// A file of variables instead of `.env`; repeatable, later ones win
    ///
    /// One of the old release's is carried, and stands for the new one's of its name. Without it: those
    /// that the last upgrade from or to the old release was planned with.
    #[arg(long = "env-file", value_name = "FILE")]
    env_files: Vec<PathBuf>,
    /// A profile whose services run, as well as those that always do; repeatable
    ///
    /// Without it: those that the last upgrade from or to the old release was planned with.
    #[arg(long = "profile", value_name = "NAME")]
    profiles: Vec<String>,
    /// The new release's compose project; Compose's own choice when absent
    #[arg(short, long, value_name = "NAME")]
    project: Option<String>,
    /// The compose project that the old release runs as; that of the last upgrade from or to it
    /// when absent, else Compose's own choice
    #[arg(long, value_name = "NAME")]
    from_project: Option<String>,
    /// The new release is to run beside the old one, rather than in its place
    ///
    /// `transship up` then leaves the old one as it runs, and parts what collides, in a copy of the
    /// compose files.
    #[arg(long)]
    beside: bool,
    /// Where both changed PATH take the old release's; repeatable
    ///
    /// PATH is a file or folder of the release, or `FILE:KEY` for one conflict.
    #[arg(long, value_name = "PATH")]
    ours: Vec<PathBuf>,
    /// Where both changed PATH take the vendor's; repeatable
    #[arg(long, value_name = "PATH")]
    theirs: Vec<PathBuf>,
    /// Leave the vendor's compose file as it is, and write your edits of the old one as a
    /// `docker-compose.override.yml` beside it
    #[arg(long)]
    as_override: bool,
}

impl UpgradeOptions {
    /// The request for an upgrade to `version`: what isn't said is as it was in the last upgrade from or
    /// to the old release, and told. That run's project of the old release comes beside it, since where
    /// that runs as another one now, that counts.
    pub(super) fn request(
        &self,
        install: &Install,
        version: &Version,
        place: VolumeBackend,
        ui: &Ui,
    ) -> Result<(Request, Option<String>), Failure> {
        let mut request = self.said(install, version, place)?;
        let old = match &request.from {
            Some(version) => version.clone(),
            None => install.active()?.version,
        };
        let Some(last) = RecordedProject::of(install, &old)? else {
            return Ok((request, None));
        };
        let mut taken = Vec::new();
        if request.env_files.is_empty() {
            let files = last.env_files.iter().map(|path| recorded(install, path));
            request.env_files = files.collect();
            let told = request.env_files.iter();
            taken.extend(told.map(|path| format!("--env-file {}", path.display())));
        }
        if request.profiles.is_empty() {
            request.profiles = last.profiles;
            taken.extend(
                request
                    .profiles
                    .iter()
                    .map(|name| format!("--profile {name}")),
            );
        }
        if !taken.is_empty() {
            ui.say(&format!(
                "note: as in the last upgrade: {}",
                taken.join(" ")
            ));
        }
        Ok((request, Some(last.project)))
    }

    /// What was said.
    fn said(
        &self,
        install: &Install,
        version: &Version,
        place: VolumeBackend,
    ) -> Result<Request, Failure> {
        let absolute = |path: &PathBuf| {
            let found = path.canonicalize().map_err(|error| {
                let text = format!("can't read `{}`", path.display());
                let failure = Failure::new(Kind::Usage, text).cause(&error);
                match self.in_old_release(install, path) {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            });
            found.map(|path| recorded(install, &path))
        };
        let env_files = self.env_files.iter().map(absolute);
        Ok(Request {
            version: version.clone(),
            from: self.from.clone(),
            shipment: self.from_release.as_ref().map(absolute).transpose()?,
            prefix: self.prefix.clone(),
            images: self.images.clone(),
            tag_var: self.tag_var,
            carry: self.carry.clone(),
            skip: self.skip_volume.clone(),
            own: self.own.clone(),
            share: self.share.clone(),
            env_files: env_files.collect::<Result<_, _>>()?,
            profiles: self.profiles.clone(),
            ours: self.ours.clone(),
            theirs: self.theirs.clone(),
            as_override: self.as_override,
            arrangement: match self.beside {
                true => Arrangement::Beside,
                false => Arrangement::Replace,
            },
            project: self.project.clone(),
            from_project: self.from_project.clone(),
            image_archive: self.image_archive.as_ref().map(absolute).transpose()?,
            leave: self.leave.clone(),
            up: false,
            place: match place {
                VolumeBackend::Dir { path } => VolumeBackend::Dir {
                    path: recorded(install, &path),
                },
                VolumeBackend::Local => VolumeBackend::Local,
            },
        })
    }

    /// What to say where a path that isn't here is one in the old release.
    fn in_old_release(&self, install: &Install, path: &Path) -> Option<String> {
        let old = match &self.from {
            Some(version) => version.clone(),
            None => install.active().ok()?.version,
        };
        let there = install.release_folder(&old).join(path);
        (path.is_relative() && there.exists()).then(|| {
            format!(
                "a path is meant from where you are: the one of {old} is `{}`",
                there.display()
            )
        })
    }
}
