//! How what Compose makes of the new release is told, where it stands against an upgrade, and its ways out.

use std::fmt;

use super::obstacle::Obstacle;
use super::obstacle_words::{said, some};

impl Obstacle {
    /// What is said of what Compose makes of the new release.
    pub(super) fn fmt_compose(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ComposeRefuses { said } => {
                write!(f, "Compose refuses the new release: {}", said.trim())
            }
            Self::ComposeDiffers { what, own, compose } => {
                differs(f, what, own.as_deref(), compose.as_deref())
            }
            Self::Unset { variables } => write!(f, "unset: {}", places(variables)),
            Self::VariableRenamed {
                from,
                to,
                file,
                places,
            } => write!(
                f,
                "`{from}` is set in `{}`, and the new release reads `{to}` in its place, which isn't set: {}",
                file.display(),
                some(places)
            ),
            Self::NoImage { service, at } => write!(
                f,
                "{at}: `{service}` would have neither an image nor a build: no file of the new release \
                 gives it one"
            ),
            Self::Undefined { service, kind, key } => write!(
                f,
                "`{service}` uses the {kind} `{key}`, which nothing of the new release defines"
            ),
            Self::NoFile { path, at, in_old } => {
                let at = at.as_ref().map_or(String::new(), |at| format!("{at}: "));
                let path_told = path.display();
                match (path.is_absolute(), in_old) {
                    (true, _) => {
                        write!(f, "{at}Compose will read `{path_told}`, which isn't there")
                    }
                    (false, true) => write!(
                        f,
                        "{at}Compose will read `{path_told}` of the new release, and the old one's doesn't \
                         come along"
                    ),
                    (false, false) => write!(
                        f,
                        "{at}Compose will read `{path_told}` of the new release, and neither release has it"
                    ),
                }
            }
            _ => Ok(()),
        }
    }

    /// The ways out of that.
    pub(super) fn ways_to_compose(&self) -> Vec<String> {
        match self {
            Self::ComposeRefuses { .. } => {
                said(["mend what it complains of in the new release, or in what is carried"])
            }
            Self::ComposeDiffers { .. } => said([
                "transship reads these files otherwise than Compose does, and plans nothing by them: \
                 please report it; `docker compose config` shows what Compose makes of them",
            ]),
            Self::Unset { variables } => {
                let first = variables.first().map_or("", |(name, _)| name.as_str());
                vec![format!(
                    "give each a value in the old release's `.env`, from where it is carried; \
                     `{first}=` says that it is meant to be blank"
                )]
            }
            Self::VariableRenamed { from, to, file, .. } => vec![
                format!(
                    "if `{to}` is what `{from}` was, set it to the same in the old release's `{}`, from where it \
                     comes along",
                    file.display()
                ),
                format!(
                    "to have the vendor's value, add `--theirs {}:{from}`",
                    file.display()
                ),
            ],
            Self::NoImage { service, .. } => vec![
                format!("name what `{service}` is to run in an override of the old release's"),
                "take what speaks of it out of the old release's files".to_owned(),
            ],
            Self::Undefined { kind, key, .. } => vec![
                format!("define the {kind} `{key}` in an override of the old release's"),
                "take what uses it out of the old release's files".to_owned(),
            ],
            Self::NoFile { path, .. } if path.is_absolute() => {
                said(["put it there, or take what names it out of the old release's files"])
            }
            Self::NoFile {
                path, in_old: true, ..
            } => vec![format!(
                "have it come along with `--carry {}`",
                path.display()
            )],
            Self::NoFile { path, .. } => vec![format!(
                "put it into the old release, from where it can be carried with `--carry {}`",
                path.display()
            )],
            _ => Vec::new(),
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
