//! `transship path`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files::compose_files::read;
use super::install_place::InstallArg;
use super::terminal::failure::Failure;
use super::terminal::table;
use super::terminal::ui::{Done, Ui};
use crate::compose::{LoadOptions, Model};
use crate::error::Kind;
use crate::release::{Hop, HopReason, Install, KnownReleases, Recipe, UpgradePath, Version};
use crate::upgrade::planning::hops::recipe_to;

/// Show the hops from one version to another that the recipe allows.
///
/// Its key `path` says how many majors may be gone up at once, whether a major is left from its
/// last release only, which versions no upgrade may pass by, and at which version services and databases
/// have to be for a release. The recipe is that of release TO, under the install's `transship.yml`.
///
/// The exit code is 0 where there is a path, however long; 3 where the rules allow none, or
/// where not enough is known to tell.
#[derive(Debug, clap::Args)]
pub(super) struct PathArgs {
    /// The version that the upgrade begins at
    from: Version,
    /// The version that it leads to
    to: Version,
    /// All releases that the vendor made: `1.8.7,1.9.0`, a file with a `/` in its name, or `-` for
    /// standard input; repeatable
    ///
    /// Without it: those that the recipe's key `releases` lists, which is taken for all, and those
    /// in the install, which tell nothing of others.
    #[arg(long, value_name = "LIST")]
    available: Vec<String>,
    /// A recipe by itself, or the compose file that it stands in, instead of the install's
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    #[command(flatten)]
    install: InstallArg,
}

/// The document of `--json`.
#[derive(Serialize)]
struct PathJson<'a> {
    from: &'a Version,
    to: &'a Version,
    hops: Vec<HopJson<'a>>,
}

#[derive(Serialize)]
struct HopJson<'a> {
    #[serde(flatten)]
    hop: &'a Hop,
    /// Whether the release is in the install; null where there is no install.
    here: Option<bool>,
}

pub(super) fn run(args: &PathArgs, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.at(ui).ok();
    let recipe = match &args.recipe {
        Some(file) => recipe_in(file)?,
        None => recipe_of(args, install.as_ref(), ui)?,
    };
    let known = match (&install, args.available.is_empty()) {
        (_, false) => KnownReleases::all(available(&args.available)?),
        (Some(install), true) => KnownReleases::of_install(install, &recipe)?,
        (None, true) if recipe.releases.is_empty() => KnownReleases::default(),
        (None, true) => KnownReleases::all(recipe.releases.iter().cloned()),
    };
    let path = UpgradePath::find(&recipe.path, &args.from, &args.to, &known)?;
    let here = install.map(|install| install.releases()).transpose()?;
    let is_here = |hop: &Hop| {
        let here = here.as_ref()?;
        Some(
            here.iter()
                .any(|release| release.version.is_same_as(&hop.to)),
        )
    };
    if ui.json {
        let hops = path.hops.iter();
        ui.json(
            "transship-path",
            &PathJson {
                from: &args.from,
                to: &args.to,
                hops: hops
                    .map(|hop| HopJson {
                        hop,
                        here: is_here(hop),
                    })
                    .collect(),
            },
        )?;
        return Ok(Done::Same);
    }
    if path.hops.is_empty() {
        ui.line(&format!(
            "{} and {} are the same version",
            args.from, args.to
        ))?;
        return Ok(Done::Same);
    }
    let rows: Vec<_> = path.hops.iter().map(|hop| row(hop, is_here(hop))).collect();
    ui.print(&table::render(
        ["FROM", "TO", "IN THE INSTALL", "BECAUSE"],
        &rows,
    ))?;
    for minimum in path.hops.iter().flat_map(|hop| &hop.needs) {
        ui.line(&minimum.to_string())?;
    }
    Ok(Done::Same)
}

fn row(hop: &Hop, is_here: Option<bool>) -> [String; 4] {
    let here = match is_here {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    let because = match &hop.because {
        HopReason::Target => String::new(),
        HopReason::Stop(stop) => format!("no upgrade may pass {stop} by"),
        HopReason::LastOfMajor(major) => format!("{major}.x is left from its last release only"),
        HopReason::MajorJump(1) => "at most one major at once".into(),
        HopReason::MajorJump(max) => format!("at most {max} majors at once"),
    };
    [
        hop.from.to_string(),
        hop.to.to_string(),
        here.to_owned(),
        because,
    ]
}

/// The recipe of the release that it leads to.
fn recipe_of(args: &PathArgs, install: Option<&Install>, ui: &Ui) -> Result<Recipe, Failure> {
    let lacking = |what: String| {
        Failure::new(Kind::Usage, what)
            .hint("name the recipe, or the compose file that it stands in, with `--recipe FILE`")
    };
    let Some(install) = install else {
        let root = args.install.root(ui);
        let root = root.display();
        let failure = lacking(format!("there is no recipe: `{root}` is no install"));
        return Err(failure.hint("or name the install with `-C INSTALL`"));
    };
    let is_staged = install.release_folder(&args.to).is_dir();
    if !is_staged && !install.root().join("transship.yml").exists() {
        return Err(lacking(format!(
            "there is no recipe: {} isn't in the install, and neither is a `transship.yml`",
            args.to
        )));
    }
    if !is_staged {
        ui.warn(&format!(
            "{} isn't in the install: its own rules aren't known, and those of `transship.yml` are \
             taken for all",
            args.to
        ));
    }
    Ok(recipe_to(install, &args.to)?)
}

/// A recipe by itself, or that of a compose file.
fn recipe_in(file: &Path) -> Result<Recipe, Failure> {
    let bytes = read(file)?;
    let text = String::from_utf8_lossy(&bytes);
    let is_compose = text
        .lines()
        .any(|line| line.starts_with("services:") || line.starts_with("x-transship:"));
    if !is_compose {
        return Ok(Recipe::read(None, &[], file)?);
    }
    let model = Model::load(&[file.to_owned()], &LoadOptions::default())?;
    let nowhere = Path::new("/dev/null");
    Ok(Recipe::read(
        model.recipe.as_ref(),
        &[(file, &bytes)],
        nowhere,
    )?)
}

/// The versions of the lists that were named.
fn available(lists: &[String]) -> Result<Vec<Version>, Failure> {
    let mut versions = Vec::new();
    for list in lists {
        let text = match list.as_str() {
            file if file == "-" || file.contains('/') => {
                String::from_utf8_lossy(&read(Path::new(file))?).into_owned()
            }
            versions => versions.replace(',', "\n"),
        };
        let names = text.lines().map(str::trim).filter(|name| !name.is_empty());
        for name in names {
            versions.push(name.parse::<Version>()?);
        }
    }
    Ok(versions)
}
