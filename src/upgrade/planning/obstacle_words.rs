//! How each of what stands against an upgrade is told, and its ways out.

use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::obstacle::Obstacle;
use super::renamed_folders::RenamedKind;
use super::unseen_words;
use crate::upgrade::plan::Space;

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(finding) => f.write_str(&finding.told()),
            Self::SkippedHop(skipped) => skipped.fmt(f),
            Self::BelowMinimum { minimum, found } => write!(f, "{minimum}, and {found}"),
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
            Self::LinkEdited { file } => write!(
                f,
                "`{}` would have to be edited and leads out of the release: others would be changed with it",
                file.display()
            ),
            Self::NotUtf8 { paths } => {
                let names: Vec<_> = paths.iter().map(|path| told_bytes(path)).collect();
                write!(
                    f,
                    "no plan can hold names that aren't UTF-8: {}",
                    some(&names)
                )
            }
            Self::NoImages { archive, images } => {
                let (archive, images) = (archive.display(), list(images));
                write!(f, "`{archive}` lacks {images}, and so does the engine")
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
            Self::DataMoved { .. }
            | Self::DataLeft { .. }
            | Self::DataShifted { .. }
            | Self::NotCarried { .. }
            | Self::AnothersData { .. } => self.tell_moved(f),
            Self::ImagePinned { .. }
            | Self::ImageRuleIdle { .. }
            | Self::OldComposeFile { .. }
            | Self::TagOutOfReach { .. } => self.fmt_images(f),
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
            Self::ComposeRefuses { .. }
            | Self::ComposeDiffers { .. }
            | Self::Unset { .. }
            | Self::VariableRenamed { .. }
            | Self::NoImage { .. }
            | Self::Undefined { .. }
            | Self::NoFile { .. } => self.fmt_compose(f),
        }
    }
}

/// Names between ticks.
pub(super) fn named(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" and ")
}

/// The first of the names, and how many more there are.
pub(super) fn some(names: &[String]) -> String {
    const MOST: usize = 4;
    let shown = names[..names.len().min(MOST)].join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A name with what isn't text in it as `\xff`.
fn told_bytes(path: &Path) -> String {
    format!("`{}`", path.as_os_str().as_bytes().escape_ascii())
}

/// Names between ticks and commas.
fn list(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
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
                let services = some(services);
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

    /// The ways out, each by itself.
    pub(super) fn ways_out(&self) -> Vec<String> {
        match self {
            Self::Found(finding) => vec![finding.hint.clone()],
            Self::SkippedHop(skipped) => vec![skipped.hint()],
            Self::BelowMinimum { minimum, .. } => vec![format!(
                "bring {} there first; or, where the recipe is wrong, say `path:` otherwise in \
                 `transship.yml` in the install",
                minimum.of
            )],
            Self::SameRelease { .. } => {
                said(["name the release to upgrade to; `transship status` shows both"])
            }
            Self::SameProject { .. } => said(["give the new one its own with `--project NAME`"]),
            Self::NoVolume { similar, .. } if !similar.is_empty() => vec![format!(
                "there are {}; if the old release runs under another project, name it with \
                 `--from-project NAME`",
                list(similar)
            )],
            Self::NoVolume { key, .. } => {
                vec![format!("to go without its data, add `--skip-volume {key}`")]
            }
            Self::SameVolume { .. } => said(["choose another prefix with `--prefix`"]),
            Self::TargetFull { name } => vec![
                format!("look into `{name}`, which may be left from an earlier try, and remove it"),
                "choose another `--prefix`".to_owned(),
            ],
            Self::LinkEdited { .. } => {
                said(["put a copy of what it leads to in its place in the old release"])
            }
            Self::NotUtf8 { .. } => said([
                "rename it",
                "name all that is to come along with `--carry`, and it stays behind",
            ]),
            Self::NoImages { .. } => said([
                "get a complete archive",
                "leave out `--image-archive`, and let Compose pull",
            ]),
            Self::OldVolumeUsed { .. } | Self::CopyUnused { .. } => said([
                "that file isn't edited by a plan: give the volume another `name:` there, or take \
                 `name:` away",
            ]),
            Self::DataMoved { .. }
            | Self::DataLeft { .. }
            | Self::DataShifted { .. }
            | Self::NotCarried { .. } => self.ways_to_data(),
            Self::AnothersData {
                service, target, ..
            } => vec![format!(
                "if the vendor means it so, and what it has there may stay behind: `--leave \
                 {service}:{target}`"
            )],
            Self::ImagePinned { .. }
            | Self::ImageRuleIdle { .. }
            | Self::OldComposeFile { .. }
            | Self::TagOutOfReach { .. } => self.ways_to_images(),
            Self::UnseenData { data, .. } => unseen_words::ways_out(data),
            Self::UnseenUnknown { place, .. } => vec![
                "let the engine answer".to_owned(),
                format!("leave what is in it behind with `--leave {place}`"),
            ],
            Self::OutsideData { .. }
            | Self::StillOutside { .. }
            | Self::NoFolder { .. }
            | Self::FolderTaken { .. } => self.ways_to_outside(),
            Self::ComposeRefuses { .. }
            | Self::ComposeDiffers { .. }
            | Self::Unset { .. }
            | Self::VariableRenamed { .. }
            | Self::NoImage { .. }
            | Self::Undefined { .. }
            | Self::NoFile { .. } => self.ways_to_compose(),
            Self::NoSpace(_) => said([
                "free some room",
                "leave volumes out with `--skip-volume KEY`",
            ]),
        }
    }

    fn tell_moved(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
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
            Self::DataLeft {
                service,
                target,
                from,
                heir: None,
            } => write!(
                f,
                "`{service}` has `{target}` in {from} now, and nothing of the new release mounts that"
            ),
            Self::DataLeft {
                service,
                target,
                from,
                heir: Some(heir),
            } => write!(
                f,
                "`{service}` has `{target}` in {from} now, and `{heir}`, which has its image in the new \
                 release, mounts nothing"
            ),
            Self::DataShifted {
                service,
                target,
                from,
                to,
            } => write!(
                f,
                "`{service}` has {from} at `{target}` now and would have it at `{to}`: what is in it would be \
                 in another folder of the container"
            ),
            Self::NotCarried {
                service,
                target,
                folder,
            } => write!(
                f,
                "`{service}` has `{target}` in `{}`, and that doesn't come along",
                folder.display()
            ),
            Self::AnothersData {
                service,
                target,
                from,
                to,
                data,
            } => write!(
                f,
                "`{service}` has `{target}` in {from} now and would have it in {to}, with the data of \
                 `{data}`"
            ),
            _ => Ok(()),
        }
    }

    fn ways_to_data(&self) -> Vec<String> {
        match self {
            Self::DataMoved {
                service,
                target,
                rename: Some(rename),
                ..
            } => vec![
                format!(
                    "if `{}` is what `{}` was, say so in `transship.yml`: `{}`",
                    rename.to,
                    rename.from,
                    rename.written()
                ),
                match rename.kind {
                    RenamedKind::Volumes => {
                        format!("to let it begin empty, add `--skip-volume {}`", rename.from)
                    }
                    RenamedKind::Folders | RenamedKind::Between => {
                        format!("to leave it behind, add `--leave {service}:{target}`")
                    }
                },
            ],
            Self::DataMoved {
                service,
                target,
                from,
                to,
                ..
            } => vec![
                format!(
                    "mount {from} in the new release, or put what is in it into {to} by hand once it is there"
                ),
                format!("to leave it behind, add `--leave {service}:{target}`"),
            ],
            Self::DataShifted {
                service,
                target,
                from,
                ..
            } => vec![
                format!("mount {from} at `{target}` in an override of yours"),
                format!(
                    "if the new image looks for it where it would be, add `--leave {service}:{target}`"
                ),
            ],
            Self::DataLeft {
                service, target, ..
            } => vec![
                "mount it in the new release, or in an override of yours".to_owned(),
                format!("to leave it behind, add `--leave {service}:{target}`"),
            ],
            Self::NotCarried {
                service,
                target,
                folder,
            } => vec![
                format!(
                    "have it come along with `--carry {0}`; where whose `{0}` it is to be is asked, with `--ours {0}`",
                    folder.display()
                ),
                format!("to leave it behind, add `--leave {service}:{target}`"),
            ],
            _ => Vec::new(),
        }
    }

    fn ways_to_outside(&self) -> Vec<String> {
        match self {
            Self::OutsideData {
                answer, can_own, ..
            } => {
                let own =
                    can_own.then(|| format!("`--own {answer}` copies it for the new release"));
                let others = [
                    format!(
                        "`--share {answer}` leaves it to both (`rollback` brings nothing of it back)"
                    ),
                    format!(
                        "for good, in `transship.yml`: `volumes: {{{}: [{answer}]}}`",
                        if *can_own { "own" } else { "share" }
                    ),
                ];
                own.into_iter().chain(others).collect()
            }
            Self::StillOutside { path, .. } => vec![
                "its path is put together from variables or relative: mount another folder by hand"
                    .to_owned(),
                format!("add `--share {}`", path.display()),
            ],
            Self::NoFolder { path } if path.is_absolute() => vec![
                "make it".to_owned(),
                format!(
                    "leave it to both releases with `--share {}`",
                    path.display()
                ),
            ],
            Self::NoFolder { .. } => {
                said(["make it", "take it out of the `renames` of `transship.yml`"])
            }
            Self::FolderTaken { .. } => {
                said(["look into it, since it may be left from an earlier try, and remove it"])
            }
            _ => Vec::new(),
        }
    }
}

/// A word as a shell takes it.
pub(super) fn shell_word(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), Into::into)
}

pub(super) fn said<const N: usize>(ways: [&str; N]) -> Vec<String> {
    ways.map(str::to_owned).to_vec()
}
