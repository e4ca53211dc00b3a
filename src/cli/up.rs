//! `transship up`.

mod stop;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::files::edits::{self, FileEdit, FileJson};
use super::held;
use super::install_place::InstallArg;
use super::options::DockerArg;
use super::rehearse;
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use super::terminal::{table, text_diff};
use crate::compose::{Conflict, ConflictRule, PortOffset};
use crate::engine::{Compose, Container, Docker, projects_from};
use crate::error::Kind;
use crate::fs::Disk;
use crate::launch::{GivesWay, Launch, LaunchOptions, OwnVolume, PartingNames, ReplacedProject};
use crate::release::{Install, Release, Version};
use crate::upgrade::projects::Arrangement;
use crate::upgrade::running::recorded_project::RecordedProject;

pub(super) use stop::{Stop, stop};

/// Which containers, of which engine.
#[derive(Debug, clap::Args)]
struct Which {
    /// The release
    release: Version,
    /// The compose project; when absent, the one that the last upgrade from or to it recorded,
    /// or that it has on the engine; else Compose's own choice
    #[arg(short, long, value_name = "NAME")]
    project: Option<String>,
    /// A file of variables instead of `.env`, repeatable, later ones winning; when absent, those that
    /// the last upgrade from or to the release was planned with
    #[arg(long = "env-file", value_name = "FILE")]
    env_files: Vec<PathBuf>,
    /// A profile whose services run, repeatable; when absent, those that the last upgrade was planned
    /// with
    #[arg(long = "profile", value_name = "NAME")]
    profiles: Vec<String>,
    #[command(flatten)]
    install: InstallArg,
    #[command(flatten)]
    docker: DockerArg,
}

/// The project that a release has without being told.
#[derive(Default)]
struct KnownProject {
    name: Option<String>,
    /// The files of variables; those that Compose reads by itself when empty.
    env_files: Vec<PathBuf>,
    /// The active profiles; those of `COMPOSE_PROFILES` when empty.
    profiles: Vec<String>,
    /// The release whose place it takes.
    replaces: Option<ReplacedProject>,
}

impl Which {
    /// What is known of the release's project: what was said, what a run recorded, or, where no
    /// run knows it, what the engine has from its folder.
    fn project(
        &self,
        install: &Install,
        release: &Release,
        docker: &Docker,
    ) -> Result<KnownProject, Failure> {
        let recorded = RecordedProject::of(install, &release.version)?;
        let (env_files, profiles) = self.read_with(recorded.as_ref())?;
        if let Some(recorded) = recorded {
            let is_it = self
                .project
                .as_ref()
                .is_none_or(|name| *name == recorded.project);
            let is_replaced = is_it && recorded.arrangement == Arrangement::Replace;
            let other = || {
                let other = install.release(&recorded.other);
                other.map_or_else(
                    |_| install.release_folder(&recorded.other),
                    |release| release.project_folder(),
                )
            };
            return Ok(KnownProject {
                name: self.project.clone().or(Some(recorded.project)),
                env_files,
                profiles,
                replaces: is_replaced.then(|| ReplacedProject {
                    project: recorded.other_project,
                    folder: other(),
                }),
            });
        }
        let known = |name: Option<String>| KnownProject {
            name,
            env_files,
            profiles,
            replaces: None,
        };
        if self.project.is_some() {
            return Ok(known(self.project.clone()));
        }
        let projects = projects_from(docker, &release.project_folder())?;
        match projects.as_slice() {
            [] => Ok(known(None)),
            [project] => Ok(known(Some(project.clone()))),
            several => Err(Failure::new(
                Kind::Usage,
                format!(
                    "{} has several projects: {}",
                    release.version,
                    several.join(", ")
                ),
            )
            .hint("say which one with `-p NAME`")),
        }
    }

    /// The files of variables and the profiles: what was said, else what a run recorded.
    fn read_with(
        &self,
        recorded: Option<&RecordedProject>,
    ) -> Result<(Vec<PathBuf>, Vec<String>), Failure> {
        let absolute = |path: &PathBuf| {
            path.canonicalize().map_err(|error| {
                Failure::new(Kind::Usage, format!("can't read `{}`", path.display())).cause(&error)
            })
        };
        let named: Vec<_> = self
            .env_files
            .iter()
            .map(absolute)
            .collect::<Result<_, _>>()?;
        let env_files = recorded.map(|recorded| recorded.env_files.clone());
        let profiles = recorded.map(|recorded| recorded.profiles.clone());
        Ok((
            Some(named)
                .filter(|named| !named.is_empty())
                .or(env_files)
                .unwrap_or_default(),
            Some(self.profiles.clone())
                .filter(|own| !own.is_empty())
                .or(profiles)
                .unwrap_or_default(),
        ))
    }
}

/// Start a release, beside whatever else runs, or in the place of the one that it replaces.
///
/// After an upgrade it takes the place of the other release of that, if that is stopped: its
/// project is the one that was planned, names, ports, networks and external volumes are as the
/// files have them, and the stopped containers and networks that have them make way (containers
/// get another name, volumes are never touched). `--beside`, or an old release that still runs,
/// means side by side.
///
/// What collides with other projects on the engine is edited out in a copy of the compose
/// files, which Compose is then given; the release itself isn't touched. Container names get
/// a suffix, volumes and networks a prefix, and ports move by `--port-offset`. What no edit
/// can part is refused. It waits until all services are up and healthy; a one-shot that
/// ended with exit code 0 is.
///
/// Images that are there are never pulled.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line of its own"
)]
pub(super) struct Up {
    #[command(flatten)]
    which: Which,
    /// Add N to the host ports of services that collide; `auto` finds the smallest that works
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    port_offset: Option<PortOffset>,
    /// What to put behind container names; `-` and the project's name when absent
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    suffix: Option<String>,
    /// What to put before names of volumes and networks; the project's name and `_` when
    /// absent
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// Take the place of this release, which is stopped, whatever upgrade there was
    #[arg(long, value_name = "RELEASE", conflicts_with = "beside")]
    replaces: Option<Version>,
    /// The project of the release that it takes the place of
    #[arg(long, value_name = "NAME", requires = "replaces")]
    replaces_project: Option<String>,
    /// Don't take the place of the release that the last upgrade came from, though that is stopped
    #[arg(long)]
    beside: bool,
    /// Start in spite of collisions of this kind, as `conflicts` calls it; repeatable
    #[arg(long, value_name = "RULE")]
    accept: Vec<ConflictRule>,
    /// Refuse where an image is missing, rather than pull it
    #[arg(long)]
    never_pull: bool,
    /// Don't wait until it is up
    #[arg(long)]
    no_wait: bool,
    /// Make its containers and networks, and start nothing
    #[arg(long)]
    no_start: bool,
    /// Wait this long for services to come up, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    /// Print the edits and the command, and start nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct UpJson<'a> {
    dry_run: bool,
    release: &'a Version,
    project: &'a str,
    /// The command that started it, or would.
    command: String,
    files: Vec<FileJson>,
    variables: Vec<VariableJson<'a>>,
    volumes: &'a [OwnVolume],
    gives_way: &'a [GivesWay],
    accepted: &'a [Conflict],
    pulled: &'a [String],
    containers: Vec<ContainerJson>,
}

#[derive(Serialize)]
struct VariableJson<'a> {
    name: &'a str,
    to: &'a str,
}

#[derive(Serialize)]
struct ContainerJson {
    service: Option<String>,
    name: String,
    running: bool,
    exit_code: Option<i32>,
}

impl From<Container> for ContainerJson {
    fn from(container: Container) -> Self {
        Self {
            service: container.service,
            name: container.name,
            running: container.running,
            exit_code: container.exit_code,
        }
    }
}

pub(super) fn up(args: &Up, ui: &Ui) -> Result<Done, Failure> {
    let install = args.which.install.adopted(ui)?;
    let disk = Disk::new();
    let lock = install.lock(&disk, "up")?;
    let release = install.release(&args.which.release)?;
    let docker = args.which.docker.find()?;
    // It says best what is wrong with the engine, if anything is.
    docker.server()?;
    held::warn(&args.which.docker, ui);
    rehearse::sweep(&install, &disk, &args.which.docker, ui);
    let mut known = args.which.project(&install, &release, &docker)?;
    if let Some(replaced) = args.replaced(&install, &docker)? {
        known.replaces = Some(replaced);
    }
    let launch = Launch::prepare(&install, &release, &args.options(known), &docker)?;
    let project = launch.compose(&Compose::find(&docker)?)?;
    say_beforehand(&launch, ui);
    let command = project.up_command(&launch.up());
    if args.dry_run {
        return report(args, launch, command, Vec::new(), ui);
    }
    launch.write(&disk)?;
    launch.make_way(&docker, &disk)?;
    if args.no_start {
        project.create(&disk, ui.progress())?;
        ui.acted();
        return report(args, launch, command, project.containers()?, ui);
    }
    project.up(&disk, &launch.up(), ui.progress())?;
    // Others may work on the install while containers take their time.
    drop(lock);
    if !args.no_wait {
        project.wait(Duration::from_secs(args.timeout), ui.progress())?;
    }
    let containers = project.containers()?;
    ui.acted();
    report(args, launch, command, containers, ui)
}

impl Up {
    /// The release that it is to take the place of, where one was named.
    fn replaced(
        &self,
        install: &Install,
        docker: &Docker,
    ) -> Result<Option<ReplacedProject>, Failure> {
        let Some(version) = &self.replaces else {
            return Ok(None);
        };
        let release = install.release(version)?;
        let folder = release.project_folder();
        let project = match &self.replaces_project {
            Some(name) => name.clone(),
            None => match projects_from(docker, &folder)?.as_slice() {
                [project] => project.clone(),
                found => {
                    let what = match found.is_empty() {
                        true => format!("{version} has no containers to take the place of"),
                        false => format!("{version} has several projects: {}", found.join(", ")),
                    };
                    let failure = Failure::new(Kind::Usage, what);
                    return Err(failure.hint("say which one with `--replaces-project NAME`"));
                }
            },
        };
        Ok(Some(ReplacedProject { project, folder }))
    }

    fn options(&self, known: KnownProject) -> LaunchOptions {
        LaunchOptions {
            project: known.name,
            env_files: known.env_files,
            profiles: known.profiles,
            replaces: known.replaces.filter(|_| !self.beside),
            names: PartingNames {
                suffix: self.suffix.clone(),
                prefix: self.prefix.clone(),
                port_offset: self.port_offset,
                edits_mounted: false,
                kept_variables: Vec::new(),
            },
            accept: self.accept.clone(),
            never_pull: self.never_pull,
            ..LaunchOptions::default()
        }
    }
}

/// What an administrator should know before the containers start.
fn say_beforehand(launch: &Launch, ui: &Ui) {
    for OwnVolume { key, shared, name } in &launch.volumes {
        ui.say(&format!(
            "note: `{shared}` is another project's, so `{name}` is used, and is new and empty if \
             it isn't there yet; to have the data in it, first run `transship volume copy \
             {shared} {name} -p {} --key {key}`",
            launch.project
        ));
    }
    for gives_way in &launch.gives_way {
        ui.say(&format!("note: {gives_way}"));
    }
    if let Some(project) = &launch.beside {
        ui.say(&format!(
            "note: project {project}, which this would replace, runs still: this comes up beside it"
        ));
    }
    for Conflict { rule, subject, .. } in &launch.accepted {
        ui.say(&format!("note: {rule} {subject} collides, as accepted"));
    }
    if !launch.to_pull.is_empty() {
        ui.say(&format!(
            "note: to be pulled: {}",
            launch.to_pull.join(", ")
        ));
    }
}

fn report(
    args: &Up,
    launch: Launch,
    command: String,
    containers: Vec<Container>,
    ui: &Ui,
) -> Result<Done, Failure> {
    let edits = launch.files.into_iter().map(FileEdit::from);
    let edits: Vec<_> = edits.filter(FileEdit::is_change).collect();
    if ui.json {
        let variables = launch.variables.iter();
        ui.json(
            "transship-up",
            &UpJson {
                dry_run: args.dry_run,
                release: &args.which.release,
                project: &launch.project,
                command,
                files: edits.into_iter().map(FileJson::from).collect(),
                variables: variables
                    .map(|change| VariableJson {
                        name: &change.name,
                        to: &change.to,
                    })
                    .collect(),
                volumes: &launch.volumes,
                gives_way: &launch.gives_way,
                accepted: &launch.accepted,
                pulled: &launch.to_pull,
                containers: containers.into_iter().map(ContainerJson::from).collect(),
            },
        )?;
        return Ok(Done::Same);
    }
    if args.dry_run {
        for edit in &edits {
            let diff = text_diff::render(ui, &edit.path, &edit.before, &edit.edited.bytes);
            ui.print(&diff)?;
        }
        for change in &launch.variables {
            ui.line(&format!("{}={}", change.name, change.to))?;
        }
        ui.line(&command)?;
        return Ok(Done::Same);
    }
    for change in edits.iter().flat_map(|edit| &edit.edited.changes) {
        ui.say(&edits::describe(change));
    }
    let rows: Vec<_> = containers.into_iter().map(row).collect();
    ui.print(&table::render(["SERVICE", "CONTAINER", "STATE"], &rows))?;
    let state = if args.no_start { "made" } else { "up" };
    ui.say(&format!(
        "{} is {state} as project {}",
        args.which.release, launch.project
    ));
    Ok(Done::Same)
}

fn row(container: Container) -> [String; 3] {
    let state = match (container.running, container.exit_code) {
        (true, _) => "running".to_owned(),
        (false, Some(code)) => format!("exit code {code}"),
        (false, None) => "not started".to_owned(),
    };
    [container.service.unwrap_or_default(), container.name, state]
}
