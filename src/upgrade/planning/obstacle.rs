//! What can stand against an upgrade, and the next move for each.

use std::path::PathBuf;

use thiserror::Error;

use super::hops::SkippedHop;
use super::minimum_versions::PartVersion;
use super::renamed_folders::ProposedRename;
use crate::doctor::Finding;
use crate::engine::UnseenData;
use crate::error::{Code, ErrorPart, Explain, Kind};
use crate::release::MinimumVersion;
use crate::tree::Survey;
use crate::upgrade::plan::Space;
use crate::upgrade::service_path::ServicePath;

/// Why there can be no plan: everything that stands against it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", summary(.0))]
pub struct Refused(pub Vec<Obstacle>);

/// Something that stands against an upgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// A rule of the doctor's stands against it.
    Found(Finding),
    /// The recipe's rules don't allow it in one hop.
    SkippedHop(SkippedHop),
    /// What the new release runs with is too old for it, by the recipe's rules, or isn't known.
    BelowMinimum {
        /// What has to be at which version.
        minimum: MinimumVersion,
        /// Which it is at.
        found: PartVersion,
    },
    /// The upgrade leads from a release to itself.
    SameRelease {
        /// The release's version.
        version: String,
    },
    /// Both releases would run as one compose project: each would recreate the other's containers.
    SameProject {
        /// The project's name.
        project: String,
    },
    /// A volume that the old release names isn't there.
    NoVolume {
        /// The volume's key below `volumes:`.
        key: String,
        /// The volume's real name, as the engine has it.
        name: String,
        /// The folder or engine that was looked into.
        place: String,
        /// Volumes with a name like it.
        similar: Vec<String>,
    },
    /// Old and new release would write the same volume.
    SameVolume {
        /// The volume's key below `volumes:`.
        key: String,
        /// The volume's real name, as the engine has it.
        name: String,
    },
    /// The new release's volume holds something.
    TargetFull {
        /// The volume's real name, as the engine has it.
        name: String,
    },
    /// An image is neither in the archive of images nor in the engine.
    NoImages {
        /// The archive.
        archive: PathBuf,
        /// The images' references.
        images: Vec<String>,
    },
    /// A filesystem is too small.
    NoSpace(Space),
    /// The new release, as it will be, uses a volume of the old one's.
    OldVolumeUsed {
        /// The volume's real name, as the engine has it.
        name: String,
        /// Where the new release defines it: `FILE:LINE:COLUMN`.
        at: String,
    },
    /// A volume is copied to one name, and the new release would use another.
    CopyUnused {
        /// The copy's real name.
        copy: String,
        /// The real name of the volume that the new release would use.
        used: String,
        /// Where the new release defines it: `FILE:LINE:COLUMN`.
        at: String,
    },
    /// A service's data was elsewhere in the old release, and would begin empty.
    DataMoved {
        /// The service.
        service: String,
        /// The path in the container.
        target: String,
        /// What was mounted there: `volume KEY` or a folder.
        from: String,
        /// What will be.
        to: String,
        /// What a recipe can say of it, if both are alike.
        rename: Option<ProposedRename>,
    },
    /// A service had data that nothing of the new release mounts.
    DataLeft {
        /// The service.
        service: String,
        /// The path in the container.
        target: String,
        /// What was mounted there: `volume KEY` or a folder.
        from: String,
        /// A new service of the same image, if the service is gone.
        heir: Option<String>,
    },
    /// A service has its data, and has it at another level of the container's folders.
    DataShifted {
        /// The service.
        service: String,
        /// The path in the container where it is.
        target: String,
        /// What is mounted there: `volume KEY` or a folder.
        from: String,
        /// The path in the container where that will be.
        to: String,
    },
    /// A service has data in a folder that both releases mount, and it doesn't come along.
    NotCarried {
        /// The service.
        service: String,
        /// The path in the container.
        target: String,
        /// The folder, below a release.
        folder: PathBuf,
    },
    /// A service would find the data of another volume or folder where it had its own.
    AnothersData {
        /// The service.
        service: String,
        /// The path in the container.
        target: String,
        /// What was mounted there: `volume KEY` or a folder.
        from: String,
        /// What will be.
        to: String,
        /// The real name of the volume whose data that has, or the folder.
        data: String,
    },
    /// Something of the administrator's keeps an old image.
    ImagePinned {
        /// The service.
        service: String,
        /// The image that would run, which is the old release's.
        image: String,
        /// The image that the new release means.
        meant: String,
        /// What keeps it.
        by: ImagePin,
    },
    /// A rule for images doesn't lead to what it asks for.
    ImageRuleIdle {
        /// The rule.
        rule: String,
        /// The image that it names and doesn't change; nothing where it names none.
        kept: Option<KeptImage>,
        /// The repositories that there are.
        present: Vec<String>,
    },
    /// The new release would be read from compose files of the old one's that its vendor calls otherwise now.
    OldComposeFile {
        /// The file, below the release.
        file: PathBuf,
        /// What the vendor ships in its place.
        now: PathBuf,
    },
    /// A variable holds the tag of an image, and has its value where no step changes it.
    TagOutOfReach {
        /// The variable.
        variable: String,
        /// Where its value is from, as a clause.
        place: String,
    },
    /// A container keeps data where no compose file names it, so that no step copies it.
    UnseenData {
        /// Where.
        data: UnseenData,
        /// What is in it, where that could be counted.
        survey: Option<Survey>,
    },
    /// A compose file has a volume without a name, and nobody could be asked what is in it.
    UnseenUnknown {
        /// Where it is mounted.
        place: ServicePath,
        /// Who couldn't be asked.
        why: String,
    },
    /// Both releases would write what is outside of them, or the new one would find its data there.
    OutsideData {
        /// A volume's key, or an absolute path.
        answer: String,
        /// The volume's real name, its disk or export, or the path again.
        name: String,
        /// Whether it is a volume.
        is_volume: bool,
        /// The services that use it.
        services: Vec<String>,
        /// Where the old release has that data, if it isn't there.
        was: Option<String>,
        /// Whether a copy can be made for the new release.
        can_own: bool,
    },
    /// A folder of the host that the new release was to have a copy of is mounted still.
    StillOutside {
        /// The folder.
        path: PathBuf,
        /// The services that mount it.
        services: Vec<String>,
    },
    /// A folder that is to be copied isn't there.
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The new release has something where the copy of a folder is to be.
    FolderTaken {
        /// The place below the new release.
        path: PathBuf,
    },
    /// Variables that nobody has set and that the new release needs.
    Unset {
        /// Their names, and in how many places each is used.
        variables: Vec<(String, usize)>,
    },
    /// A variable that is set has another name in the new release, where nothing sets that.
    VariableRenamed {
        /// The name in the old release's compose files.
        from: String,
        /// The name in the new one's.
        to: String,
        /// The file that sets it, below the old release, or its path.
        file: PathBuf,
        /// Where both are read: `services.web.ports.80`.
        places: Vec<String>,
    },
    /// A compose file would have to be edited and is a symlink that leads out of its release.
    LinkEdited {
        /// The file, below the release.
        file: PathBuf,
    },
    /// Names that no plan can hold: they aren't UTF-8.
    NotUtf8 {
        /// The paths, below a release or as they were given.
        paths: Vec<PathBuf>,
    },
    /// Compose refuses the new release's files.
    ComposeRefuses {
        /// Its complaint.
        said: String,
    },
    /// Compose reads the new release otherwise than transship does.
    ComposeDiffers {
        /// An image, volume or mount, as `image of SERVICE`.
        what: String,
        /// What transship takes it for.
        own: Option<String>,
        /// What Compose takes it for.
        compose: Option<String>,
    },
    /// A service of which only a carried part is left: nothing says what it runs.
    NoImage {
        /// The service.
        service: String,
        /// The carried file that speaks of it.
        at: String,
    },
    /// A service uses a volume or network that no file defines.
    Undefined {
        /// The service.
        service: String,
        /// `volume` or `network`.
        kind: &'static str,
        /// Its key.
        key: String,
    },
    /// Compose will read something that won't be there.
    NoFile {
        /// The file or folder, below the release; absolute where it is elsewhere.
        path: PathBuf,
        /// Where the new release names it: `FILE:LINE:COLUMN`.
        at: Option<String>,
        /// Whether the old release has it, and it doesn't come along.
        in_old: bool,
    },
}

/// An image that stays what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptImage {
    /// The service.
    pub service: String,
    /// What it would run.
    pub image: String,
    /// The variables in that.
    pub variables: Vec<String>,
}

/// What keeps an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImagePin {
    /// Variables that are set.
    Variables {
        /// Their names.
        names: Vec<String>,
        /// The file that sets them, below the release.
        file: PathBuf,
    },
    /// A compose file that the vendor doesn't ship.
    File {
        /// The file, below the release.
        file: PathBuf,
    },
}

impl Explain for Refused {
    fn code(&self) -> Code {
        Code::Obstacles
    }

    fn kind(&self) -> Kind {
        Kind::Refused
    }

    fn hints(&self) -> Vec<String> {
        let mut hints: Vec<_> = self.0.iter().flat_map(Obstacle::ways_out).collect();
        hints.dedup();
        hints
    }

    fn parts(&self) -> Vec<ErrorPart> {
        let part = |obstacle: &Obstacle| ErrorPart {
            message: obstacle.to_string(),
            hints: obstacle.ways_out(),
        };
        self.0.iter().map(part).collect()
    }
}

fn summary(obstacles: &[Obstacle]) -> String {
    obstacles
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
