//! `transship inspect`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::options::VolumesArg;
use super::terminal::failure::Failure;
use super::terminal::table;
use super::terminal::ui::{Done, Ui};
use super::volume::is_path;
use crate::database::{self, Database, DatabaseKind, Inspection, KNOWN_DATABASES, Known};
use crate::engine;
use crate::error::Kind;

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
    /// List the databases that are known, and what is told of each
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
    marks: &'static [&'static [&'static str]],
    tells: &'static str,
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
    ui.fail_in_words(&failure.hint("run it as root, or as the user that the database runs as"));
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
        Failure::new(
            Kind::Refused,
            format!(
                "volume `{name}` of {} can't be read by path",
                store.describe()
            ),
        )
        .hint("run it as root on the engine's own machine")
        .hint(format!(
            "or copy it here, which goes through a helper container: `transship volume copy {name} ./{name}`, \
             then `transship inspect ./{name}`"
        ))
    })
}

fn list(ui: &Ui) -> Result<Done, Failure> {
    if ui.json {
        let kind = |kind: &DatabaseKind| KindJson {
            name: kind.name,
            title: kind.title,
            marks: kind.marks,
            tells: kind.tells,
        };
        ui.json(
            "transship-inspect-list",
            &ListJson {
                databases: KNOWN_DATABASES.iter().map(kind).collect(),
            },
        )?;
        return Ok(Done::Same);
    }
    let rows: Vec<_> = KNOWN_DATABASES.iter().map(row).collect();
    let headings = ["NAME", "DATABASE", "TOLD OF IT", "KNOWN BY"];
    ui.print(&table::render(headings, &rows))?;
    Ok(Done::Same)
}

fn row(kind: &DatabaseKind) -> [String; 4] {
    let marks = kind.marks.iter().map(|marks| {
        let present = marks.iter().filter(|mark| !mark.starts_with('!'));
        present.copied().collect::<Vec<_>>().join(" + ")
    });
    [
        kind.name.to_owned(),
        kind.title.to_owned(),
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
