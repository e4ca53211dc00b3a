//! `transship conflicts`.

mod fix;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files::edits::{EditArgs, FileJson};
use super::install_place::InstallArg;
use super::options::DockerArg;
use super::terminal::color;
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use crate::compose::{self, Claims, Conflict, LoadOptions, Model, PortOffset, find_project};
use crate::engine::{Docker, ExceptProject, claimed};
use crate::error::Kind;
use crate::launch::{self, Parting};
use crate::release::Install;

/// Find what collides if several projects run side by side.
///
/// Each SIDE is a compose file, several joined by `:`, a folder that holds one, or a release
/// of the install. Compared are project names, volumes, container names, host ports,
/// networks with their names and addresses, folders of the host, and the routes of Traefik,
/// Caddy, SWAG and nginx-proxy. `--running` adds what the engine has, and what else listens on its
/// machine; without it, a port of the last side that something holds here is told of, and is no
/// conflict. The exit code is 1 when something collides.
///
/// With `--fix` the last side is edited, and no byte more than it takes: container names that
/// collide get a suffix, volumes and networks a prefix, and host ports move by
/// `--port-offset`. Environment, commands, labels, `.env` and env files that surely mean what
/// gets another name are edited with it; whatever else uses, or may use, an old name is listed,
/// mounted files and the folder's scripts among them. What is left is listed. Where a name that should be edited can't be,
/// or a port would land on one that is taken by a side or on which something listens here, nothing
/// is written.
#[derive(Debug, clap::Args)]
pub(super) struct ConflictsArgs {
    /// What to compare: two or more, or one with `--running`
    #[arg(required = true, value_name = "SIDE")]
    sides: Vec<String>,
    /// Compare with what the Docker engine has and with what listens on its machine, too
    #[arg(long)]
    running: bool,
    /// The project name that the last side will have; Compose's own choice when absent
    #[arg(short, long, value_name = "NAME")]
    project: Option<String>,
    /// Edit the last side so that it can run beside the others
    #[arg(long)]
    fix: bool,
    /// Compare the services of this profile, too; repeatable, `*` for all [default: what
    /// `COMPOSE_PROFILES` says]
    #[arg(long, value_name = "NAME")]
    profile: Vec<String>,
    /// With `--fix`: add N to the host ports of services that collide; `auto` finds the smallest
    /// number with which every port is free
    #[arg(
        long,
        value_name = "N",
        requires = "fix",
        allow_negative_numbers = true
    )]
    port_offset: Option<PortOffset>,
    /// With `--fix`: what to put behind container names; `-` and the project's name when absent
    #[arg(
        long,
        value_name = "TEXT",
        requires = "fix",
        allow_hyphen_values = true
    )]
    suffix: Option<String>,
    /// With `--fix`: what to put before names of volumes and networks; the project's name
    /// and `_` when absent
    #[arg(long, value_name = "TEXT", requires = "fix")]
    prefix: Option<String>,
    /// With `--fix`: edit mounted files and the folder's scripts, too, where they surely mean what
    /// gets another name, and show the difference
    #[arg(long, requires = "fix")]
    mounted: bool,
    #[command(flatten)]
    output: EditArgs,
    #[command(flatten)]
    install: InstallArg,
    #[command(flatten)]
    docker: DockerArg,
}

#[derive(Serialize)]
struct ConflictsJson {
    conflicts: Vec<Conflict>,
    /// What of the sides can't be compared.
    unseen: Vec<String>,
    /// With `--fix`: the files of the last side.
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<FixedJson>,
}

#[derive(Serialize)]
struct FixedJson {
    dry_run: bool,
    files: Vec<FileJson>,
}

/// One side: its files, and what they come to.
struct ComparedProject {
    files: Vec<PathBuf>,
    model: Model,
}

pub(super) fn run(args: &ConflictsArgs, ui: &Ui) -> Result<Done, Failure> {
    check(args)?;
    let last = args.sides.len() - 1;
    let root = args.install.root(ui);
    let sides = args
        .sides
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let project = args.project.clone().filter(|_| number == last);
            ComparedProject::load(name, &root, project, &args.profile)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let claims: Vec<_> = sides.iter().map(|side| claims_of(&side.model)).collect();
    let mut found = among(&claims);
    let (engine, mut unseen_there) = (args.engine()?, Vec::new());
    if let Some(docker) = &engine {
        for (side, claims) in sides.iter().zip(&claims) {
            let theirs = claims_of_engine(docker, side)?;
            found.extend(compose::conflicts(&theirs, claims));
            unseen_there.extend(theirs.unseen);
        }
    }
    if args.fix
        && let Some((last, others)) = sides.split_last()
    {
        return fix::fix(args, last, others, engine.as_ref(), &found, ui);
    }
    found.extend(left_of_others(&sides, &claims)?);
    if let Some(last) = claims.last().filter(|_| engine.is_none()) {
        unseen_there.extend(launch::held_ports(last));
    }
    let unseen = unseen(&sides, unseen_there);
    if ui.json {
        let differs = !found.is_empty();
        ui.json(
            "transship-conflicts",
            &ConflictsJson {
                conflicts: found,
                unseen,
                fixed: None,
            },
        )?;
        return Ok(Done::differs(differs));
    }
    say_unseen(&unseen, ui);
    show(&found, ui)
}

/// The names of the other sides that the last one uses, though it has those services itself: what
/// is left where a name was changed.
fn left_of_others(sides: &[ComparedProject], claims: &[Claims]) -> Result<Vec<Conflict>, Failure> {
    let (Some((last, _)), Some((own, others))) = (sides.split_last(), claims.split_last()) else {
        return Ok(Vec::new());
    };
    let mut all = Claims::default();
    for other in others {
        all.extend(other.clone());
    }
    let stale = Parting::uses_of_others(&last.model, &last.model.files, &all)?;
    let mut found = compose::remaining(&all, own, own, &stale);
    let known = compose::conflicts(&all, own);
    found.retain(|conflict| !known.contains(conflict));
    Ok(found)
}

/// What can't be compared, each once; `there` is what the engine keeps to itself.
fn unseen(sides: &[ComparedProject], there: Vec<String>) -> Vec<String> {
    let several = sides.len() > 1;
    let all = sides.iter().flat_map(|side| {
        let project = &side.model.project;
        compose::unseen(&side.model)
            .into_iter()
            .map(move |what| match several {
                true => format!("{project}: {what}"),
                false => what,
            })
    });
    let mut all: Vec<String> = all.chain(there).collect();
    all.sort();
    all.dedup();
    all
}

fn say_unseen(unseen: &[String], ui: &Ui) {
    for what in unseen {
        ui.say(&format!("note: {what}"));
    }
}

fn check(args: &ConflictsArgs) -> Result<(), Failure> {
    if args.sides.len() < 2 && !args.running {
        return Err(Failure::new(
            Kind::Usage,
            format!("there is nothing to compare `{}` with", args.sides[0]),
        )
        .hint("name another side, or pass `--running` to compare it with what runs"));
    }
    if !args.fix && args.output.is_given() {
        return Err(Failure::new(
            Kind::Usage,
            "`--dry-run`, `--check` and `-o` say what becomes of edits, and only `--fix` makes any",
        )
        .hint("pass `--fix`, or leave them out: without it nothing is changed"));
    }
    Ok(())
}

impl ConflictsArgs {
    fn engine(&self) -> Result<Option<Docker>, Failure> {
        let find = || self.docker.find();
        Ok(self.running.then(find).transpose()?)
    }
}

impl ComparedProject {
    fn load(
        name: &str,
        install: &Path,
        project: Option<String>,
        profiles: &[String],
    ) -> Result<Self, Failure> {
        let (files, found) = files(name, install)?;
        let options = LoadOptions {
            project,
            profiles: profiles.to_vec(),
            lenient: true,
            ..found
        };
        let model = Model::load(&files, &options)?;
        Ok(Self { files, model })
    }
}

impl ComparedProject {
    /// True for a file that its containers are made of or see.
    fn reads(&self, path: &Path) -> bool {
        let services = self.model.services.values();
        let env_files = services.flat_map(|s| s.env_files.iter().chain(&s.label_files));
        let mut env_files = env_files.map(|file| real(file));
        let binds = self.model.binds.iter();
        let mut binds = binds.map(|bind| real(&self.model.root.join(&bind.source)));
        let path = real(path);
        env_files.any(|file| file == path) || binds.any(|bind| path.starts_with(bind))
    }

    /// True for a file that gives its compose files or its containers variables, or would.
    fn has_variables_of(&self, path: &Path) -> bool {
        let beside = self.model.project_dir.join(".env");
        let services = self.model.services.values();
        let of_containers = services.flat_map(|service| &service.env_files);
        let included = self.model.included_env.values().flatten();
        let files = self.model.env_files.iter().chain(included);
        let mut files = files.chain(of_containers).chain([&beside]);
        let path = real(path);
        files.any(|file| real(file) == path)
    }

    /// True for a file, such as a script, that stands in its folder rather than in that of `other`.
    fn runs_beside(&self, other: &Self, path: &Path) -> bool {
        let (own, theirs) = (real(&self.model.root), real(&other.model.root));
        let path = real(path);
        path.starts_with(&own) && (own.starts_with(&theirs) || !path.starts_with(&theirs))
    }
}

/// What a side claims, its folders by their real paths.
fn claims_of(model: &Model) -> Claims {
    let mut claims = Claims::of(model);
    claims.resolve_folders(&real);
    claims
}

/// The path without symlinks, as far as it is there.
fn real(path: &Path) -> PathBuf {
    let there = path
        .ancestors()
        .find_map(|above| Some((above.canonicalize().ok()?, path.strip_prefix(above).ok()?)));
    match there {
        Some((above, rest)) if rest == Path::new("") => above,
        Some((above, rest)) => above.join(rest),
        None => path.to_owned(),
    }
}

/// The compose files of a side, and how they are loaded.
fn files(name: &str, install: &Path) -> Result<(Vec<PathBuf>, LoadOptions), Failure> {
    let path = Path::new(name);
    if path.is_file() {
        return Ok((vec![path.to_owned()], LoadOptions::default()));
    }
    let release = || {
        let version = name.parse().ok()?;
        let release = Install::at(install).ok()?.release(&version).ok()?;
        let directory = release.directory().map(Path::to_owned);
        Some((release.path, directory))
    };
    let folder = Some((path.to_owned(), None)).filter(|_| path.is_dir());
    let Some((folder, directory)) = folder.or_else(release) else {
        let several: Vec<_> = std::env::split_paths(name).collect();
        if several.len() > 1 && several.iter().all(|path| path.is_file()) {
            return Ok((several, LoadOptions::default()));
        }
        return Err(Failure::new(
            Kind::Usage,
            format!("`{name}` is neither a compose file, nor a folder, nor a release"),
        )
        .hint("name the install of a release with `-C INSTALL`"));
    };
    let Some(found) = find_project(&folder, directory.as_deref())? else {
        let text = format!("there is no compose file in `{}`", folder.display());
        return Err(Failure::new(Kind::Usage, text).hint("name the file itself, or another folder"));
    };
    let options = found.options();
    Ok((found.files, options))
}

/// The conflicts of every two sides.
fn among(sides: &[Claims]) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (number, second) in sides.iter().enumerate() {
        for first in &sides[..number] {
            found.extend(compose::conflicts(first, second));
        }
    }
    found
}

/// What the engine has that isn't the side's own.
fn claims_of_engine(docker: &Docker, side: &ComparedProject) -> Result<Claims, Failure> {
    let own = ExceptProject {
        project: &side.model.project,
        folder: &side.model.project_dir,
    };
    let mut theirs = claimed(docker, &[own])?;
    theirs.resolve_folders(&real);
    Ok(theirs)
}

fn show(found: &[Conflict], ui: &Ui) -> Result<Done, Failure> {
    for conflict in found {
        let rule = ui.paint(color::HEADING, &conflict.rule.to_string());
        ui.line(&format!("{rule}: {}", conflict.subject))?;
        for holder in [&conflict.first, &conflict.second] {
            ui.line(&format!("  {holder}"))?;
        }
        ui.line(&format!("  try: {}", conflict.remedy))?;
    }
    ui.say(&match found.len() {
        0 => "nothing collides".to_owned(),
        1 => "1 conflict".to_owned(),
        count => format!("{count} conflicts"),
    });
    Ok(Done::differs(!found.is_empty()))
}
