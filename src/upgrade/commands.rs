//! Steps as the commands that a person would type, from the install's folder.

use std::path::Path;

use super::step::{Carry, CopyVolume, EditCompose, Merge, StageRelease, Step, Switch};
use crate::engine::{NewVolume, VolumeStore};
use crate::release::VendorReleaseKind;

/// The equivalent commands of one step, in order. Words are quoted for a POSIX shell.
pub fn of(step: &Step, volumes: &dyn VolumeStore) -> Vec<String> {
    match step {
        Step::LoadImages(step) => {
            vec![command(["docker", "load", "--input"], [&step.archive])]
        }
        Step::StageRelease(step) => stage(step),
        Step::EditCompose(step) => edit(step),
        Step::Carry(step) => carry(step),
        Step::CopyVolume(step) => copy(step, volumes),
        Step::Verify(step) => match volumes.path_of(&step.volume) {
            Some(path) => vec![command(["transship", "verify"], [&path, &step.manifest])],
            // Done by the copy that is shown.
            None => Vec::new(),
        },
        Step::Switch(step) => switch(step),
    }
}

fn stage(step: &StageRelease) -> Vec<String> {
    match step.form {
        VendorReleaseKind::Folder => {
            vec![command(["cp", "-a", "-T"], [&step.shipment, &step.target])]
        }
        VendorReleaseKind::Tarball => {
            let strip = if step.top.is_some() {
                " --strip-components=1"
            } else {
                ""
            };
            let unpack = command(["tar", "-x", "--no-same-owner", "-f"], [&step.shipment]);
            vec![
                command(["mkdir"], [&step.target]),
                format!("{unpack}{strip} -C {}", quote(&step.target)),
            ]
        }
    }
}

fn carry(step: &Carry) -> Vec<String> {
    if let Some(step_merge) = &step.merge {
        return merge(step, step_merge);
    }
    let copy = command(["cp", "-a", "-T"], [&step.from, &step.to]);
    match step
        .to
        .parent()
        .filter(|above| above.components().count() > 2)
    {
        Some(above) => vec![command(["mkdir", "-p"], [above]), copy],
        None => vec![copy],
    }
}

fn merge(step: &Carry, merge: &Merge) -> Vec<String> {
    let like_the_old = |program: &str| {
        let like = format!("--reference={}", quote(&step.from));
        format!("{program} {like} {}", quote(&step.to))
    };
    let content = if let Some(resolved) = &merge.resolved {
        command(["cp", "-T"], [resolved, &step.to])
    } else {
        let base = merge.base.as_deref().unwrap_or(Path::new("/dev/null"));
        let vendors = match &merge.over {
            Some(over) => step.to.with_file_name(over.file_name().unwrap_or_default()),
            None => step.to.clone(),
        };
        let mut text = command(["transship", "merge"], [base, &step.from, &vendors]);
        if merge.over.is_some() {
            text += " --as-override";
        }
        let answers = [("--ours", &merge.ours), ("--theirs", &merge.theirs)];
        for (option, paths) in answers {
            for path in paths {
                text += &format!(" {option} {}", quote(path));
            }
        }
        format!("{text} -o {}", quote(&step.to))
    };
    vec![content, like_the_old("chown"), like_the_old("chmod")]
}

fn edit(step: &EditCompose) -> Vec<String> {
    let file = quote(&step.file);
    let mut commands = Vec::new();
    if !step.images.is_empty() {
        let rules: Vec<_> = step
            .images
            .iter()
            .map(|rule| quote(Path::new(rule)))
            .collect();
        commands.push(format!("transship image set {} -f {file}", rules.join(" ")));
    }
    if !step.prefix.is_empty() {
        commands.push(format!(
            "transship volume prefix {} -f {file}",
            quote(Path::new(&step.prefix))
        ));
    }
    commands
}

fn copy(step: &CopyVolume, volumes: &dyn VolumeStore) -> Vec<String> {
    let new = NewVolume {
        name: step.target.clone(),
        project: step.project.clone(),
        key: step.key.clone(),
    };
    let paths = (volumes.path_of(&step.source), volumes.path_of(&step.target));
    let (Some(source), Some(target)) = paths else {
        let words = ["transship", "volume", "copy", "--verify", "-p"];
        let names = [&step.project, &step.source, &step.target].map(Path::new);
        let key = command(["--key"], [Path::new(&step.key)]);
        return vec![format!("{} {key}", command(words, names))];
    };
    let folder = step.manifest.parent().unwrap_or(Path::new("."));
    let list = command(["transship", "manifest"], [&source]);
    vec![
        volumes.create_command(&new),
        command(["transship", "copy"], [&source, &target]),
        command(["mkdir", "-p"], [folder]),
        format!("{list} -o {}", quote(&step.manifest)),
    ]
}

fn switch(step: &Switch) -> Vec<String> {
    vec![
        command(["ln", "-s"], [step.to.as_path(), Path::new("current.new")]),
        "mv -T current.new current".into(),
    ]
}

fn command<const N: usize, const M: usize>(words: [&str; N], paths: [&Path; M]) -> String {
    let paths = paths.map(quote);
    words
        .iter()
        .copied()
        .chain(paths.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The text as one word of a POSIX shell. What is not UTF-8 is shown by its escapes.
fn quote(path: &Path) -> String {
    let text = path.to_string_lossy();
    shlex::try_quote(&text).map_or_else(|_| format!("'{}'", text.escape_debug()), Into::into)
}
