//! `transship inspect`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::options::VolumesArg;
use super::terminal::failure::Failure;
use super::terminal::table;
use super::terminal::ui::{Done, Ui};
use super::volume::is_path;
use crate::database::{
    self, DATABASE_RECIPES, Database, DatabaseKind, DatabaseRecipe, Inspection, KNOWN_DATABASES,
    Known,
};
use crate::engine;
use crate::error::{Kind, root_hint};

/// Tell which databases are in a tree or volume, and how they were left.
///
/// SOURCE is the name of a volume; what contains a `/` is a path. Nothing is started and
/// nothing is changed: versions, checksums, identifiers and whether it was shut down in order
/// are read from the files, down to three folders below the root. What they don't tell is
/// unknown. No symlink is followed.
#[derive(Debug, clap::Args)]
pub(super) struct InspectArgs {
    /// The tree or volume to look through
    #[arg(required_unless_present = "list")]
    source: Option<String>,
    /// List the databases that are known, what is told of each, and what can be done with it
    #[arg(long, conflicts_with = "source")]
    list: bool,
    #[command(flatten)]
    volumes: VolumesArg,
}

/// The document of `--json`.
#[derive(Serialize)]
struct InspectJson<'a> {
    tree: PathBuf,
    /// The volume's name, where it is one.
    volume: Option<&'a str>,
    #[serde(flatten)]
    found: Inspection,
}

#[derive(Serialize)]
struct ListJson {
    databases: Vec<KindJson>,
}

#[derive(Serialize)]
struct KindJson {
    name: &'static str,
    title: &'static str,
    /// None where its files tell nothing, and it can only be moved.
    marks: &'static [&'static [&'static str]],
    tells: &'static str,
    /// Which versions open the files of which.
    files: &'static str,
    /// How its data gets into another server; null where only the recipe's `dump` and `load` do it.
    moves: Option<&'static str>,
    /// What doesn't come along with that.
    leaves: Option<&'static str>,
}

impl KindJson {
    /// Every database that is known on disk or has a recipe, by name.
    fn all() -> Vec<Self> {
        DATABASE_RECIPES.iter().map(Self::of).collect()
    }

    fn of(recipe: &'static DatabaseRecipe) -> Self {
        let mut kinds = KNOWN_DATABASES.iter();
        let kind: Option<&DatabaseKind> = kinds.find(|kind| kind.name == recipe.name);
        Self {
            name: recipe.name,
            title: kind.map_or(recipe.title, |kind| kind.title),
            marks: kind.map_or(&[], |kind| kind.marks),
            tells: kind.map_or("", |kind| kind.tells),
            files: recipe.files.versions.told(),
            moves: recipe.moves(),
            leaves: recipe.stream.as_ref().and_then(|stream| stream.leaves),
        }
    }
}

pub(super) fn run(args: &InspectArgs, ui: &Ui) -> Result<Done, Failure> {
    let Some(source) = &args.source else {
        return list(ui);
    };
    let volume = (!is_path(source)).then_some(source.as_str());
    let tree = match volume {
        Some(name) => volume_folder(args, name)?,
        None => PathBuf::from(source),
    };
    let found = database::inspect(&tree)?;
    let unread = found.unread.len();
    if ui.json {
        ui.json(
            "transship-inspect",
            &InspectJson {
                tree,
                volume,
                found,
            },
        )?;
    } else {
        ui.print(&text(source, &found))?;
    }
    match unread {
        0 => Ok(Done::Same),
        _ => Ok(unreadable(source, ui)),
    }
}

/// What there was to tell was told; but not all of it could be read.
fn unreadable(source: &str, ui: &Ui) -> Done {
    let failure = Failure::new(Kind::Usage, format!("not all of `{source}` could be read"));
    let hints = root_hint(
        "run it as root, or as the user that the database runs as",
        None,
    );
    ui.fail_in_words(&Failure { hints, ..failure });
    Done::Unreadable
}

/// The folder of a volume, where this process reaches it.
fn volume_folder(args: &InspectArgs, name: &str) -> Result<PathBuf, Failure> {
    let place = args.volumes.place(Path::new("."))?;
    let store = args.volumes.store(&place)?;
    let missing = || {
        let missing = engine::Error::Missing {
            name: name.to_owned(),
            place: store.describe(),
        };
        let failure = Failure::from(missing);
        match Path::new(name).is_dir() {
            true => failure.hint(format!("`./{name}` is a folder here")),
            false => failure,
        }
    };
    let volume = store.find(name)?.ok_or_else(missing)?;
    let path = store.contents().path(&volume).map(Path::to_owned);
    path.ok_or_else(|| {
        let place = store.describe();
        let message = format!("volume `{name}` of {place} can't be read by path");
        let failure = Failure::new(Kind::Refused, message);
        let hints = root_hint(
            "run it as root on the engine's own machine",
            Some("run it on the engine's own machine"),
        );
        Failure { hints, ..failure }.hint(format!(
            "or copy it here, which goes through a helper container: `transship volume copy {name} ./{name}`, \
             then `transship inspect ./{name}`"
        ))
    })
}

fn list(ui: &Ui) -> Result<Done, Failure> {
    let databases = KindJson::all();
    if ui.json {
        ui.json("transship-inspect-list", &ListJson { databases })?;
        return Ok(Done::Same);
    }
    let rows: Vec<_> = databases.iter().map(row).collect();
    let headings = [
        "NAME",
        "DATABASE",
        "FILES",
        "MOVED",
        "TOLD OF IT",
        "KNOWN BY",
    ];
    ui.print(&table::render(headings, &rows))?;
    ui.print("What isn't moved here is moved by the recipe's own commands (`dump`, `load`, `compare`).\n")?;
    Ok(Done::Same)
}

fn row(kind: &KindJson) -> [String; 6] {
    let marks = kind.marks.iter().map(|marks| {
        let present = marks.iter().filter(|mark| !mark.starts_with('!'));
        present.copied().collect::<Vec<_>>().join(" + ")
    });
    [
        kind.name.to_owned(),
        kind.title.to_owned(),
        kind.files.to_owned(),
        kind.moves.unwrap_or("by commands").to_owned(),
        kind.tells.to_owned(),
        marks.collect::<Vec<_>>().join(", "),
    ]
}

/// The answer for people.
fn text(source: &str, found: &Inspection) -> String {
    let mut text = String::new();
    for database in &found.databases {
        text += &one(database);
        text += "\n";
    }
    if found.empty {
        text += &format!("`{source}` is empty\n");
    } else if found.databases.is_empty() {
        text += &format!("no database that is known is in `{source}`\n");
    }
    for hint in &found.hints {
        text += &format!("hint: {hint}\n");
    }
    for left_out in &found.left_out {
        text += &format!("not searched: {left_out}\n");
    }
    for unread in &found.unread {
        text += &format!("not read: `{}`: {}\n", unread.place, unread.why);
    }
    text
}

fn one(found: &Database) -> String {
    let version = match found.version.shown() {
        "unknown" => "of unknown version",
        version => version,
    };
    let mut text = format!("{} {version} in `{}`\n", found.title, found.place);
    let mut line = |name: &str, value: &str| text += &format!("  {name:<18} {value}\n");
    line(
        "state",
        &format!("{}: {}", found.state.word(), found.because),
    );
    for (name, value) in [
        ("checksums", &found.checksums),
        ("identifier", &found.system_identifier),
    ] {
        if *value != Known::None {
            line(name, value.shown());
        }
    }
    for (name, value) in &found.details {
        line(name, value);
    }
    for outside in &found.outside {
        let leads = format!("{}: {} -> {}", outside.what, outside.link, outside.target);
        line("outside", &leads);
    }
    for hint in &found.hints {
        line("hint", hint);
    }
    text
}
