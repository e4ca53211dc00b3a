//! What can stand against an upgrade, and the next move for each.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use super::hops::SkippedHop;
use super::unseen_words;
use crate::doctor::Finding;
use crate::engine::UnseenData;
use crate::error::{Explain, Kind};
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
        /// The keys, if both are volumes.
        rename: Option<(String, String)>,
        /// A key that, skipped, lets it begin empty.
        skip: String,
    },
    /// A variable that the administrator has set keeps an old image.
    ImagePinned {
        /// The service.
        service: String,
        /// The image that would run, which is the old release's.
        image: String,
        /// The image that the new release means.
        meant: String,
        /// The variables that have a part in it.
        variables: Vec<String>,
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
    /// Compose will read a file that won't be there.
    NoFile {
        /// The file, below the release.
        path: PathBuf,
    },
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(finding) => f.write_str(&finding.told()),
            Self::SkippedHop(skipped) => skipped.fmt(f),
            Self::SameRelease { version } => {
                write!(f, "`{version}` is the release that is active already")
            }
            Self::SameProject { project } => {
                write!(f, "both releases would be the compose project `{project}`")
            }
            Self::NoVolume {
                key, name, place, ..
            } => {
                write!(
                    f,
                    "volume `{name}` (`volumes.{key}` of the old release) is not in {place}"
                )
            }
            Self::SameVolume { key, name } => {
                write!(
                    f,
                    "both releases would use the volume `{name}` (`volumes.{key}`)"
                )
            }
            Self::TargetFull { name } => {
                write!(f, "the new volume `{name}` is there already and not empty")
            }
            Self::NoImages { archive, images } => {
                let images: Vec<_> = images.iter().map(|image| format!("`{image}`")).collect();
                let archive = archive.display();
                write!(
                    f,
                    "`{archive}` lacks {}, and so does the engine",
                    images.join(", ")
                )
            }
            Self::NoSpace(Space { path, needed, free }) => {
                write!(
                    f,
                    "`{}` has {free} bytes free, and the copies need {needed}",
                    path.display()
                )
            }
            Self::OldVolumeUsed { name, at } => {
                write!(
                    f,
                    "{at}: the new release would write `{name}`, the old one's volume"
                )
            }
            Self::CopyUnused { copy, used, at } => write!(
                f,
                "{at}: the new release would use the volume `{used}`, and not the copy `{copy}`"
            ),
            Self::DataMoved {
                service,
                target,
                from,
                to,
                ..
            } => write!(
                f,
                "`{service}` has `{target}` in {from} now and would have it in {to}, which begins \
                 empty"
            ),
            Self::ImagePinned {
                service,
                image,
                meant,
                variables,
            } => write!(
                f,
                "`{service}` would still run `{image}`, and not `{meant}`: {} holds it there",
                named(variables)
            ),
            Self::UnseenData { data, survey } => unseen_words::tell(f, data, *survey),
            Self::UnseenUnknown { place, why } => write!(
                f,
                "`{}` has a volume without a name at `{}`, and what is in it can't be known: {why}",
                place.service,
                place.path.display()
            ),
            Self::OutsideData { .. }
            | Self::StillOutside { .. }
            | Self::NoFolder { .. }
            | Self::FolderTaken { .. } => self.fmt_outside(f),
            Self::ComposeRefuses { said } => {
                write!(f, "Compose refuses the new release: {}", said.trim())
            }
            Self::ComposeDiffers { what, own, compose } => {
                differs(f, what, own.as_deref(), compose.as_deref())
            }
            Self::Unset { variables } => write!(f, "unset: {}", places(variables)),
            Self::NoFile { path } => write!(
                f,
                "Compose will read `{}` of the new release, and neither release has it",
                path.display()
            ),
        }
    }
}

fn differs(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    own: Option<&str>,
    compose: Option<&str>,
) -> fmt::Result {
    let word = |name: Option<&str>| match name {
        Some(name) => format!("`{name}`"),
        None => "nothing".to_owned(),
    };
    let (own, compose) = (word(own), word(compose));
    write!(
        f,
        "{what} would be {own}, and Compose says otherwise: {compose}"
    )
}

/// Variables with the number of places that name each.
fn places(variables: &[(String, usize)]) -> String {
    let told = variables.iter().map(|(name, count)| {
        let noun = if *count == 1 { "place" } else { "places" };
        format!("`{name}` ({count} {noun})")
    });
    told.collect::<Vec<_>>().join(", ")
}

/// Names between ticks.
fn named(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" and ")
}

impl Obstacle {
    /// What is said of data outside of the releases.
    fn fmt_outside(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutsideData {
                name,
                is_volume,
                services,
                was,
                ..
            } => {
                let kind = if *is_volume { "volume " } else { "" };
                let services = services.join(", ");
                match was {
                    None => write!(
                        f,
                        "both releases would write {kind}`{name}` ({services}), which is outside of them"
                    ),
                    Some(was) => write!(
                        f,
                        "{kind}`{name}` ({services}) is outside of the new release, and the old one has \
                         that data in {was}"
                    ),
                }
            }
            Self::StillOutside { path, services } => write!(
                f,
                "`{}` can't be made the new release's own: {} would mount it still",
                path.display(),
                named(services)
            ),
            Self::NoFolder { path } => {
                write!(f, "`{}` is to be copied and isn't there", path.display())
            }
            Self::FolderTaken { path } => write!(
                f,
                "the new release has `{}`, where a copy is to be",
                path.display()
            ),
            _ => Ok(()),
        }
    }

    pub(super) fn hint(&self) -> String {
        match self {
            Self::Found(finding) => finding.hint.clone(),
            Self::SkippedHop(skipped) => skipped.hint(),
            Self::SameRelease { .. } => {
                "name the release to upgrade to; `transship status` shows both".into()
            }
            Self::SameProject { .. } => "give the new one its own with `--project NAME`".into(),
            Self::NoVolume { similar, .. } if !similar.is_empty() => format!(
                "there are {}; if the old release runs under another project, name it with `--from-project NAME`",
                similar
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            Self::NoVolume { key, .. } => {
                format!("to go without its data, add `--skip-volume {key}`")
            }
            Self::SameVolume { .. } => "choose another prefix with `--prefix`".into(),
            Self::TargetFull { name } => format!(
                "it may be left from an earlier try; look into `{name}`, then remove it, or choose another `--prefix`"
            ),
            Self::NoImages { .. } => {
                "get a complete archive, or leave out `--image-archive` and let Compose pull".into()
            }
            Self::OldVolumeUsed { .. } | Self::CopyUnused { .. } => {
                "that file isn't edited by a plan: give the volume another `name:` there, or take \
                 `name:` away"
                    .into()
            }
            Self::DataMoved {
                rename: Some((from, to)),
                ..
            } => format!(
                "if `{to}` is what `{from}` was, say so in `transship.yml`: `renames: {{volumes: \
                 {{{from}: {to}}}}}`; to let it begin empty, add `--skip-volume {from}`"
            ),
            Self::DataMoved { from, to, skip, .. } => format!(
                "put what is in {from} into {to} by hand once it is there, and add \
                 `--skip-volume {skip}`"
            ),
            Self::ImagePinned { variables, .. } => format!(
                "take {} out of `.env`, or give it the new value; to stay on the old image, say so \
                 with `--ours .env:{}`",
                named(variables),
                variables.first().map_or("", String::as_str)
            ),
            Self::UnseenData { data, .. } => unseen_words::hint(data),
            Self::UnseenUnknown { place, .. } => format!(
                "let the engine answer, or leave what is in it behind with `--leave {place}`"
            ),
            Self::OutsideData {
                answer, can_own, ..
            } => {
                let own = match can_own {
                    true => format!("`--own {answer}` copies it for the new release; "),
                    false => String::new(),
                };
                format!(
                    "{own}`--share {answer}` leaves it to both (`rollback` brings nothing of it back); \
                     for good, in `transship.yml`: `volumes: {{share: [{answer}]}}`"
                )
            }
            Self::StillOutside { path, .. } => format!(
                "its path is put together from variables or relative: mount another folder by hand, \
                 or add `--share {}`",
                path.display()
            ),
            Self::NoFolder { path } => format!(
                "make it, or leave it to both releases with `--share {}`",
                path.display()
            ),
            Self::FolderTaken { .. } => {
                "it may be left from an earlier try: look into it, then remove it".into()
            }
            Self::ComposeRefuses { .. } => {
                "mend what it complains of in the new release, or in what is carried".into()
            }
            Self::ComposeDiffers { .. } => {
                "transship reads these files otherwise than Compose does, and plans nothing by them: \
                 please report it; `docker compose config` shows what Compose makes of them"
                    .into()
            }
            Self::Unset { variables } => {
                let first = variables.first().map_or("", |(name, _)| name.as_str());
                format!(
                    "give each a value in the old release's `.env`, from where it is carried; \
                     `{first}=` says that it is meant to be blank"
                )
            }
            Self::NoFile { path } => format!(
                "put it into the old release, from where it can be carried with `--carry {}`",
                path.display()
            ),
            Self::NoSpace(_) => {
                "free some room, or leave volumes out with `--skip-volume KEY`".into()
            }
        }
    }
}

impl Explain for Refused {
    fn kind(&self) -> Kind {
        Kind::Refused
    }

    fn hints(&self) -> Vec<String> {
        let mut hints: Vec<_> = self.0.iter().map(Obstacle::hint).collect();
        hints.dedup();
        hints
    }
}

fn summary(obstacles: &[Obstacle]) -> String {
    obstacles
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
