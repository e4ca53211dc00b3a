//! What each step comes to in a script, run in the install's folder.

use std::path::{Path, PathBuf};

use super::{PlanScript, parents};
use crate::release::{CheckQuestion, VendorReleaseKind};
use crate::upgrade::data_places::is_folder;
use crate::upgrade::planning::merging::ConfigMerge;
use crate::upgrade::step::{
    CarryConfig, CopyFolder, CopyVolume, CreateContainers, EditCompose, HoldImages, HookPoint,
    ReleaseProject, RunHook, STOP_PATIENCE, SmokeCheck, StageRelease, StartRelease, Step,
    VerifyVolume, WarmCopy, quote,
};

/// What a step comes to.
#[derive(Debug)]
pub(super) enum ScriptLines {
    /// These lines, and the programs that they need, besides those that every machine has.
    Do {
        lines: Vec<String>,
        programs: Vec<&'static str>,
    },
    /// No script does it.
    Cannot { why: String },
}

impl ScriptLines {
    pub(super) fn programs(&self) -> Vec<&'static str> {
        match self {
            Self::Do { programs, .. } => programs.clone(),
            Self::Cannot { .. } => Vec::new(),
        }
    }

    fn needing(lines: Vec<String>, program: &'static str) -> Self {
        Self::Do {
            lines,
            programs: vec![program],
        }
    }
}

impl From<Vec<String>> for ScriptLines {
    fn from(lines: Vec<String>) -> Self {
        Self::Do {
            lines,
            programs: Vec::new(),
        }
    }
}

/// What a step comes to.
pub(super) fn lines(step: &Step, script: &PlanScript<'_>) -> ScriptLines {
    if let Some(path) = unwritable(step) {
        return ScriptLines::Cannot {
            why: format!("the name of `{}` isn't UTF-8", path.display()),
        };
    }
    let shown = || step.commands(script.volumes);
    match step {
        Step::LoadImages(load) => {
            let there = load.images.iter().flat_map(|image| &image.names);
            let there = there.map(|name| format!("docker image inspect {} >/dev/null", word(name)));
            ScriptLines::needing(shown().into_iter().chain(there).collect(), "docker")
        }
        Step::StageRelease(stage) => stage_lines(stage).into(),
        Step::EditCompose(edit) => edit_lines(edit, shown()).into(),
        Step::Carry(carry) => carry_lines(carry, shown()),
        Step::CopyVolume(copy) => copy_lines(copy, script).into(),
        Step::CopyFolder(copy) => folder_lines(copy).into(),
        Step::Verify(verify) => verify_lines(verify, script).into(),
        Step::Switch(switch) => {
            let version = switch.to.file_name().unwrap_or_default();
            vec![format!("transship release use {}", quote(Path::new(version)))].into()
        }
        Step::HoldImages(hold) => ScriptLines::needing(hold_lines(hold), "docker"),
        Step::WarmCopy(copy) => warm_lines(copy, script).into(),
        Step::MakeVolume(_) => shown().into(),
        Step::MoveDatabase(_) => ScriptLines::Cannot {
            why: "each server has to run alone, on no network, and what was begun has to be taken back \
                  where it fails; `transship apply` does it"
                .to_owned(),
        },
        Step::CreateContainers(create) => ScriptLines::needing(create_lines(create, shown()), "docker"),
        Step::Hook(hook) => hook_lines(hook),
        Step::Stop(stop) => vec![stop_command(&stop.old)].into(),
        Step::Start(start) => ScriptLines::needing(start_lines(start, shown()), "docker"),
        Step::Check(check) => check_lines(check),
    }
}

/// What must be so before anything is changed, as lines.
pub(super) fn condition(step: &Step) -> String {
    let refused = |test: String, what: &str| format!("{test} || refuse {}\n", word(what));
    match step {
        Step::StageRelease(stage) => {
            let place = &stage.target;
            let there = format!("{} is there already", place.display());
            let mut text = refused(format!("[ ! -e {} ]", quote(place)), &there);
            if stage.form == VendorReleaseKind::Tarball {
                let test = format!("same {} {}", stage.sha256, quote(&stage.shipment));
                text += &refused(test, "the vendor's archive is another one");
            }
            text
        }
        Step::Carry(CarryConfig {
            from,
            merge: Some(merge),
            ..
        }) => refused(
            format!("same {} {}", merge.mine, quote(from)),
            "the old release was changed",
        ),
        Step::Switch(switch) => match &switch.from {
            None => refused("[ ! -e current ]".to_owned(), "there is a current release"),
            Some(from) => refused(
                format!(
                    "[ \"$(cd current && pwd -P)\" = \"$(cd {} && pwd -P)\" ]",
                    quote(from)
                ),
                "another release is current",
            ),
        },
        _ => String::new(),
    }
}

/// A path of the step that can't stand in a script.
fn unwritable(step: &Step) -> Option<PathBuf> {
    let paths: Vec<&PathBuf> = match step {
        Step::LoadImages(load) => vec![&load.archive],
        Step::StageRelease(stage) => vec![&stage.shipment, &stage.target],
        Step::EditCompose(edit) => vec![&edit.file],
        Step::Carry(carry) => [&carry.from, &carry.to]
            .into_iter()
            .chain(&carry.exclude)
            .collect(),
        Step::CopyFolder(copy) => vec![&copy.from, &copy.to],
        _ => Vec::new(),
    };
    let found = paths.into_iter().find(|path| path.to_str().is_none());
    found.cloned()
}

fn word(text: &str) -> String {
    quote(Path::new(text))
}

fn stage_lines(stage: &StageRelease) -> Vec<String> {
    vec![format!(
        "transship release new {} --from-release {}",
        word(stage.version.as_str()),
        quote(&stage.shipment)
    )]
}

fn edit_lines(edit: &EditCompose, mut shown: Vec<String>) -> Vec<String> {
    shown.push(format!("same {} {}", edit.after, quote(&edit.file)));
    shown
}

fn carry_lines(carry: &CarryConfig, mut shown: Vec<String>) -> ScriptLines {
    let mut lines = like_lines(&carry.from, &carry.to);
    let copy = format!("carry {} {}", quote(&carry.from), quote(&carry.to));
    if let Some(merge) = &carry.merge {
        lines.push(match &merge.resolved {
            Some(resolved) => format!("cp -T {} \"$work/merged\"", quote(resolved)),
            None => format!("{} -o \"$work/merged\"", merge_command(carry, merge)),
        });
        // The content is the merge's, the rest the old release's.
        lines.push(copy);
        let to = quote(&carry.to);
        lines.push(format!("cat \"$work/merged\" >{to}"));
        lines.push("rm -f \"$work/merged\"".to_owned());
        lines.push(format!("same {} {to}", merge.after));
        return lines.into();
    }
    if carry.exclude.is_empty() {
        lines.push(copy);
        return lines.into();
    }
    lines.extend(shown.pop());
    ScriptLines::needing(lines, "rsync")
}

/// The merge of a file, without where it goes.
fn merge_command(carry: &CarryConfig, merge: &ConfigMerge) -> String {
    let base = merge.base.as_deref().unwrap_or(Path::new("/dev/null"));
    let own: PathBuf = carry.to.components().skip(2).collect();
    let (name, vendors) = match &merge.over {
        None => (&own, carry.to.clone()),
        Some(over) => {
            let release: PathBuf = carry.to.components().take(2).collect();
            (over, release.join(over))
        }
    };
    let files = [base, &carry.from, &vendors].map(quote).join(" ");
    let mut text = format!("transship merge {files} --path {}", quote(name));
    if merge.over.is_some() {
        text += " --as-override";
    }
    for (option, paths) in [("--ours", &merge.ours), ("--theirs", &merge.theirs)] {
        for path in paths {
            text += &format!(" {option} {}", quote(path));
        }
    }
    text
}

fn like_lines(from: &Path, to: &Path) -> Vec<String> {
    let pairs = parents(from, to).into_iter();
    pairs
        .map(|(from, to)| format!("like {} {}", quote(&from), quote(&to)))
        .collect()
}

fn copy_lines(copy: &CopyVolume, script: &PlanScript<'_>) -> Vec<String> {
    let CopyVolume {
        project,
        source,
        target,
        key,
        ..
    } = copy;
    let mut lines = Vec::new();
    if copy.after.is_some() {
        let ends = [source, target].map(|name| word(name)).join(" ");
        let project = match is_folder(target) {
            true => String::new(),
            false => format!(" -p {}", word(project)),
        };
        lines.push(format!(
            "transship volume copy --update --delete-all{}{project} {ends}",
            assumed(script)
        ));
    } else {
        let verify = match script.path_of(source) {
            Some(_) => "",
            None => " --verify",
        };
        lines.extend(above(target));
        lines.push(format!(
            "transship volume copy{verify}{}{}",
            assumed(script),
            made_volume(project, [source, target], key)
        ));
    }
    if let Some(source) = script.path_of(&copy.source) {
        let folder = copy.manifest.parent().unwrap_or(Path::new("."));
        lines.extend([
            "(".to_owned(),
            // It names what nobody else may see the names of.
            "  umask 077".to_owned(),
            format!("  mkdir -p {}", quote(folder)),
            format!(
                "  transship manifest {} -o {}",
                quote(&source),
                quote(&copy.manifest)
            ),
            ")".to_owned(),
        ]);
    }
    lines
}

/// What makes the folders above a copy that is a folder.
fn above(target: &str) -> Option<String> {
    let folder = Path::new(target).parent().filter(|_| is_folder(target))?;
    Some(format!("mkdir -p -- {}", quote(folder)))
}

/// The ends of a copy, and whose it is to be; a folder is nobody's.
fn made_volume(project: &str, [source, target]: [&str; 2], key: &str) -> String {
    let (ends, project) = ([source, target].map(word).join(" "), word(project));
    match is_folder(target) {
        true => format!(" {ends}"),
        false => format!(" -p {project} {ends} --key {}", word(key)),
    }
}

fn assumed(script: &PlanScript<'_>) -> &'static str {
    match script.assume_stopped {
        true => " --assume-stopped",
        false => "",
    }
}

fn folder_lines(copy: &CopyFolder) -> Vec<String> {
    let mut lines = like_lines(&copy.from, &copy.to);
    lines.push(format!(
        "transship copy --verify {} {}",
        quote(&copy.from),
        quote(&copy.to)
    ));
    lines
}

fn verify_lines(verify: &VerifyVolume, script: &PlanScript<'_>) -> Vec<String> {
    match script.path_of(&verify.volume) {
        Some(copy) => vec![format!(
            "transship verify --media {} {}",
            quote(&copy),
            quote(&verify.manifest)
        )],
        None => vec![format!(
            "# The copy of {} was read back and compared when it was made.",
            verify.source
        )],
    }
}

fn hold_lines(hold: &HoldImages) -> Vec<String> {
    let mut lines = vec![
        "# `apply` gives each of these images a tag of its own meanwhile: prune no image until this is over."
            .to_owned(),
    ];
    lines.extend(hold.images.iter().map(|image| {
        let image = word(image);
        format!("docker image inspect {image} >/dev/null 2>&1 || docker pull {image}")
    }));
    lines
}

fn warm_lines(copy: &WarmCopy, script: &PlanScript<'_>) -> Vec<String> {
    let told = "# What changes meanwhile is listed, with exit code 4, and comes with the copy in the window.";
    let copied = format!(
        "transship volume copy --live{}{} || [ \"$?\" -eq 4 ]",
        assumed(script),
        made_volume(&copy.project, [&copy.source, &copy.target], &copy.key)
    );
    let mut lines = vec![told.to_owned()];
    lines.extend(above(&copy.target));
    lines.push(copied);
    lines
}

fn create_lines(create: &CreateContainers, shown: Vec<String>) -> Vec<String> {
    match create.beforehand {
        true => shown,
        false => vec![up_command(&create.new, &create.old, " --no-start")],
    }
}

fn start_lines(start: &StartRelease, shown: Vec<String>) -> Vec<String> {
    match start.services.is_empty() {
        true => vec![up_command(&start.new, &start.old, "")],
        // What is in the way of it has given way when its containers were made.
        false => shown,
    }
}

/// Starts `new` in the place of `old`.
pub(super) fn up_command(new: &ReleaseProject, old: &ReleaseProject, more: &str) -> String {
    format!(
        "transship up {}{} --replaces {} --replaces-project {} --never-pull{more}",
        word(new.version.as_str()),
        of_project(new),
        word(old.version.as_str()),
        word(&old.project)
    )
}

/// Stops what runs of `project`.
pub(super) fn stop_command(project: &ReleaseProject) -> String {
    format!(
        "transship stop {}{} --timeout {}",
        word(project.version.as_str()),
        of_project(project),
        STOP_PATIENCE.as_secs()
    )
}

fn of_project(project: &ReleaseProject) -> String {
    let files = project
        .env_files
        .iter()
        .map(|file| format!(" --env-file {}", quote(file)));
    let profiles = project
        .profiles
        .iter()
        .map(|name| format!(" --profile {}", word(name)));
    let more: String = files.chain(profiles).collect();
    format!(" -p {}{more}", word(&project.project))
}

fn hook_lines(hook: &RunHook) -> ScriptLines {
    let release = hook.release();
    let limit = format!("timeout {}", hook.hook.seconds);
    let argv = hook.hook.run.argv();
    let argv: Vec<_> = argv.iter().map(|one| word(one)).collect();
    let argv = argv.join(" ");
    // As `apply` tells them, with the paths of the install that this is run in.
    let path = |project: &ReleaseProject| {
        let folder = format!("/releases/{}", project.version.as_str());
        format!("\"$TRANSSHIP_INSTALL\"{}", word(&folder))
    };
    let told = [
        ("HOOK", word(hook.point.word())),
        ("INSTALL", "\"$TRANSSHIP_INSTALL\"".to_owned()),
        ("RUN", "script".to_owned()),
        ("FROM", word(hook.old.version.as_str())),
        ("TO", word(hook.new.version.as_str())),
        ("FROM_PROJECT", word(&hook.old.project)),
        ("PROJECT", word(&hook.new.project)),
        ("OLD_RELEASE", path(&hook.old)),
        ("NEW_RELEASE", path(&hook.new)),
    ];
    let Some(service) = &hook.hook.service else {
        let told = told.map(|(name, value)| format!("TRANSSHIP_{name}={value}"));
        let folder = format!("releases/{}", release.version.as_str());
        return vec![
            "(".to_owned(),
            format!("  cd -- {}", word(&folder)),
            format!("  exec env {} {limit} {argv}", told.join(" ")),
            ")".to_owned(),
        ]
        .into();
    };
    let told = told.map(|(name, value)| format!("--env TRANSSHIP_{name}={value}"));
    let how = match hook.point {
        HookPoint::Migrate => "run --rm --no-TTY",
        _ => "exec --no-TTY",
    };
    let words = format!("{how} {} {} {argv}", told.join(" "), word(service));
    ScriptLines::needing(
        vec![format!(
            "{limit} {} </dev/null",
            release.compose_command(&words)
        )],
        "docker",
    )
}

fn check_lines(check: &SmokeCheck) -> ScriptLines {
    let within = |what: String| vec![format!("within {} {what}", check.check.seconds)];
    match &check.check.question {
        CheckQuestion::Http(url) if *url != check.check.shown() => ScriptLines::Cannot {
            why: "its address has a password, which stands in no script".to_owned(),
        },
        CheckQuestion::Http(url) => ScriptLines::needing(
            within(format!("curl -sSf -m 10 -o /dev/null {}", word(url))),
            "curl",
        ),
        CheckQuestion::Tcp(address) => {
            let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
            ScriptLines::needing(within(format!("nc -z {} {}", word(host), word(port))), "nc")
        }
        CheckQuestion::Command { run, service } => {
            let argv = run.argv();
            let argv: Vec<_> = argv.iter().map(|one| word(one)).collect();
            let argv = argv.join(" ");
            match service {
                None => {
                    let folder = format!("releases/{}", check.new.version.as_str());
                    let there = "sh -c 'cd -- \"$1\" && shift && exec \"$@\"' sh";
                    within(format!("{there} {} {argv}", word(&folder))).into()
                }
                Some(service) => {
                    let words = format!("exec --no-TTY {} {argv}", word(service));
                    ScriptLines::needing(within(check.new.compose_command(&words)), "docker")
                }
            }
        }
    }
}
