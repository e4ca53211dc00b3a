//! Editing a compose file, or the variables of its images' tags: from the one content that was planned for to the one that was
//! shown, or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StepError;
use super::shell::quote;
use super::world::{self, Attempt, Phase, StepKind, StepOutcome, Undo, UndoEvidence, World};
use crate::compose::ReleaseEdit;
use crate::engine::VolumeStore;
use crate::tree::Digest;
use crate::upgrade::confine::{Bounds, OutOfBounds};

/// Retags images and prefixes volumes in a compose file of the new release, or in the file of variables
/// that holds a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditCompose {
    /// The file.
    pub file: PathBuf,
    /// Rules as `image set` takes them.
    pub images: Vec<String>,
    /// Where the rules follow a tag into a variable: the images as they are to be written, instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Vec<WrittenImage>>,
    /// The variables of a file of variables that are set, because a tag is held in them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<TagVariable>,
    /// The prefix for the names of its volumes.
    pub prefix: String,
    /// Keys of external volumes that get a name of the new release's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<String>,
    /// Folders of the host, and what is mounted in their place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<FolderMove>,
    /// Each change, for a reader: the key and the values before and after.
    pub changes: Vec<ValueChange>,
    /// SHA-256 of the file before.
    pub before: String,
    /// SHA-256 of the file after.
    pub after: String,
}

/// An image as it is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenImage {
    /// The service.
    pub service: String,
    /// The value of its `image`, before interpolation.
    pub value: String,
}

/// A variable that an image is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagVariable {
    /// The variable's name.
    pub name: String,
    /// The value that it gets.
    pub value: String,
}

/// A folder of the host that services mount, and what they mount instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderMove {
    /// The absolute path.
    pub from: PathBuf,
    /// The path in its place: below the release, as `./own/srv/data`, or absolute.
    pub to: PathBuf,
}

impl FolderMove {
    /// From one path to the other.
    pub(crate) fn of((from, to): &(PathBuf, PathBuf)) -> Self {
        Self {
            from: from.clone(),
            to: to.clone(),
        }
    }
}

/// A value that an edit changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueChange {
    /// The path of keys, such as `services.web.image`.
    pub key: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The value before; absent when the key is new.
    pub from: Option<String>,
    /// The value after.
    pub to: String,
}

impl StepKind for EditCompose {
    fn check(&self, world: World<'_>) -> Result<(), StepError> {
        real_file(world, &self.file).map(|_| ())
    }

    fn act(&self, world: World<'_>, _: Attempt) -> Result<StepOutcome, StepError> {
        let path = real_file(world, &self.file)?;
        let before = fs::read(&path).map_err(StepError::io(&path))?;
        let done = StepOutcome {
            files: 1,
            bytes: before.len() as u64,
            ..StepOutcome::default()
        };
        let digest = Digest::of(&before).to_string();
        if digest == self.after {
            return Ok(done);
        }
        if digest != self.before {
            return Err(StepError::FileChanged { path });
        }
        let after = self.edit().apply(&path, &before)?.bytes;
        if Digest::of(&after).to_string() != self.after {
            return Err(StepError::EditDiffers { path });
        }
        keep(world, &self.file, &before)?;
        world.disk.replace(&path, &before, &after)?;
        Ok(done)
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        bounds.of_new(&self.file)
    }

    fn check_undo(&self, _: World<'_>, _: Undo) -> Result<(), StepError> {
        Ok(())
    }

    fn undo(&self, world: World<'_>, Undo { evidence, .. }: Undo) -> Result<(), StepError> {
        // It failed because it would have led out of the release, and did nothing.
        if evidence == UndoEvidence::Failed && real_file(world, &self.file).is_err() {
            return Ok(());
        }
        let path = real_file(world, &self.file)?;
        let now = match fs::read(&path) {
            Ok(now) => now,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(StepError::io(&path)(error)),
        };
        let digest = Digest::of(&now).to_string();
        if digest == self.before {
            return Ok(());
        }
        if digest != self.after {
            // A failed edit may have failed because the file is another's by now.
            return match evidence {
                UndoEvidence::Failed => Ok(()),
                UndoEvidence::Done | UndoEvidence::Unknown => Err(StepError::FileChanged { path }),
            };
        }
        let kept = match kept(world, &self.file) {
            kept if kept.exists() => kept,
            // Where an earlier transship kept it.
            _ => world.kept(&self.file),
        };
        let original = fs::read(&kept).map_err(StepError::io(&kept))?;
        Ok(world.disk.replace(&path, &now, &original)?)
    }

    fn places(&self, world: World<'_>) -> Vec<PathBuf> {
        vec![
            world.install.root().join(&self.file),
            kept(world, &self.file),
        ]
    }

    fn title(&self) -> String {
        let count = self.changes.len();
        format!(
            "edit {} ({count} {})",
            self.file.display(),
            if count == 1 { "place" } else { "places" }
        )
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        let file = quote(&self.file);
        let mut commands: Vec<_> = self
            .variables
            .iter()
            .map(|one| one.command(&file))
            .collect();
        if !self.images.is_empty() {
            let rules: Vec<_> = self
                .images
                .iter()
                .map(|rule| quote(Path::new(rule)))
                .collect();
            let tag_var = self.written.as_ref().map_or("", |_| " --tag-var");
            commands.push(format!(
                "transship image set {}{tag_var} -f {file}",
                rules.join(" ")
            ));
        }
        if !self.prefix.is_empty() {
            commands.push(format!(
                "transship volume prefix {} -f {file}",
                quote(Path::new(&self.prefix))
            ));
        }
        commands.extend(self.moves.iter().map(|FolderMove { from, to }| {
            let rule = format!("{}={}", from.display(), to.display());
            format!(
                "transship volume rebase {} -f {file}",
                quote(Path::new(&rule))
            )
        }));
        commands
    }

    fn phase(&self) -> Phase {
        Phase::Before
    }
}

impl EditCompose {
    /// What is edited.
    fn edit(&self) -> ReleaseEdit {
        let moves = self.moves.iter();
        let written = self.written.as_ref().map(|images| {
            let images = images.iter();
            images
                .map(|image| (image.service.clone(), image.value.clone()))
                .collect()
        });
        let variables = self.variables.iter();
        ReleaseEdit {
            written,
            variables: variables
                .map(|one| (one.name.clone(), one.value.clone()))
                .collect(),
            images: self.images.clone(),
            prefix: self.prefix.clone(),
            own: self.own.clone(),
            moves: moves.map(|m| (m.from.clone(), m.to.clone())).collect(),
        }
    }
}

impl TagVariable {
    /// The command that sets it in `file`, which is quoted.
    fn command(&self, file: &str) -> String {
        let Self { name, value } = self;
        let script = format!("s|^{name}=.*|{name}={value}|");
        let script = match script.contains('\'') {
            true => quote(Path::new(&script)),
            false => format!("'{script}'"),
        };
        format!("sed -i {script} {file}")
    }
}

/// The file's path, which neither it nor a folder above leads out of the release.
fn real_file(world: World<'_>, file: &Path) -> Result<PathBuf, StepError> {
    let path = world::in_release(world, file)?;
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => Err(StepError::Outside { path }),
        _ => Ok(path),
    }
}

/// Keeps the original for undo.
fn keep(world: World<'_>, file: &Path, content: &[u8]) -> Result<(), StepError> {
    let kept = kept(world, file);
    world::make_folders(world, &kept)?;
    Ok(world.disk.save(&kept, content)?)
}

/// Where the original is kept: not where a step keeps what it carries onto the same file.
fn kept(world: World<'_>, file: &Path) -> PathBuf {
    world.kept(&Path::new("edited").join(file))
}
