//! How is told that an image wouldn't be the one that is meant, and the ways out of it.

use std::fmt;

use super::obstacle::{ImagePin, Obstacle};
use super::obstacle_words::{named, said, shell_word, some};

impl Obstacle {
    /// What is said of the new release's images, and of the files that name them.
    pub(super) fn fmt_images(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ImagePinned {
                service,
                image,
                meant,
                by,
            } => {
                let (names, holds) = match by {
                    ImagePin::Variables { names, .. } if names.len() > 1 => (named(names), "hold"),
                    ImagePin::Variables { names, .. } => (named(names), "holds"),
                    ImagePin::File { file } => (format!("`{}`", file.display()), "holds"),
                };
                write!(
                    f,
                    "`{service}` would still run `{image}`, and not `{meant}`: {names} {holds} it there"
                )
            }
            Self::ImageRuleIdle { rule, kept, .. } => match kept {
                None => write!(f, "`{rule}` names no image of the new release"),
                Some(kept) => write!(
                    f,
                    "`{rule}` would leave `{}` at `{}`",
                    kept.service, kept.image
                ),
            },
            Self::OldComposeFile { file, now } => write!(
                f,
                "`COMPOSE_FILE` names `{}`, which the vendor calls `{}` now: the new release would be read \
                 from the old one's file",
                file.display(),
                now.display()
            ),
            Self::TagOutOfReach { variable, place } => write!(
                f,
                "the tag is held in `{variable}`, which has its value from {place}"
            ),
            _ => Ok(()),
        }
    }

    pub(super) fn ways_to_images(&self) -> Vec<String> {
        match self {
            Self::ImagePinned {
                service,
                meant,
                by: ImagePin::File { file },
                ..
            } => vec![
                format!("for the vendor's image, add `--image service:{service}={meant}`"),
                format!(
                    "to stay on the old image, add `--ours {}`",
                    shell_word(&format!("{}:services.{service}.image", file.display()))
                ),
            ],
            Self::ImagePinned {
                by: ImagePin::Variables { names, file },
                ..
            } => {
                let first = names.first().map_or("", String::as_str);
                let kept = format!("{}:{first}", file.display());
                vec![
                    "name the new tag with `--image REPO=TAG --tag-var`".to_owned(),
                    format!(
                        "take {} out of `{}`, or give it the new value",
                        named(names),
                        file.display()
                    ),
                    format!(
                        "to stay on the old image, add `--ours {}`",
                        shell_word(&kept)
                    ),
                ]
            }
            Self::ImageRuleIdle {
                kept: None,
                present,
                ..
            } => vec![format!("its repositories are: {}", some(present))],
            Self::ImageRuleIdle {
                kept: Some(kept), ..
            } if !kept.variables.is_empty() => vec![
                "pass `--tag-var` to change it where it lives".to_owned(),
                format!("or set {} by hand", named(&kept.variables)),
            ],
            Self::ImageRuleIdle { .. } => {
                said(["name the service that it has its image from, or give it one by hand"])
            }
            Self::OldComposeFile { .. } => said([
                "have the vendor's value with `--theirs .env:COMPOSE_FILE`, where the vendor ships one",
                "or take `COMPOSE_FILE` out of the old release's `.env`, if Compose finds the files of both by \
                 itself",
            ]),
            Self::TagOutOfReach { variable, .. } => {
                vec![format!(
                    "set `{variable}` there, and leave the image's rule out"
                )]
            }
            _ => Vec::new(),
        }
    }
}
