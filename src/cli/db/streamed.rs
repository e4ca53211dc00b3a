//! What `db move` and `db compare` do with an engine that is streamed by lines for a shell.

use std::path::Path;

use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::size::human;
use crate::cli::terminal::ui::{Done, Ui};
use crate::database::{
    DatabaseEngine, DatabaseRecipe, STREAMED_FORMAT, StreamLines, StreamedDump, StreamedMove,
    StreamedMoveError,
};
use crate::doctor::DatabaseImage;
use crate::document;
use crate::engine::{self, Container, Docker, image_defaults};
use crate::error::Kind;
use crate::fs::Disk;

/// Which database it is.
#[derive(Debug, clap::Args)]
pub(super) struct WhichDatabase {
    /// The engine, where A's image doesn't tell it: mariadb, redis, ...
    #[arg(long, value_name = "NAME")]
    engine: Option<String>,
    /// Which of its databases; for SQLite the file, as the containers see it
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
}

/// Lines for a shell in the containers, in place of a recipe's.
#[derive(Debug, clap::Args)]
pub(super) struct OwnLines {
    /// Run in A: writes all that it has to standard output
    #[arg(
        long,
        value_name = "LINE",
        requires = "load",
        conflicts_with = "engine"
    )]
    dump: Option<String>,
    /// Run in B: reads that from standard input
    #[arg(long, value_name = "LINE", requires = "dump")]
    load: Option<String>,
    /// Run in both afterwards: prints the same where both have the same
    #[arg(long, value_name = "LINE", requires = "dump")]
    compare: Option<String>,
    /// Run in both before: ends with 0 once it answers
    #[arg(long, value_name = "LINE", requires = "dump")]
    ready: Option<String>,
}

impl OwnLines {
    /// The lines, if they are told.
    pub(super) fn read(&self) -> Option<StreamLines> {
        let line = |line: &String| ["sh", "-c", line].map(str::to_owned).to_vec();
        Some(StreamLines {
            ready: self.ready.as_ref().map(line),
            dump: self.dump.as_ref().map(line)?,
            load: self.load.as_ref().map(line)?,
            compare: self.compare.as_ref().map(line),
            ends_with: None,
            restarts: false,
            tells: false,
        })
    }
}

impl WhichDatabase {
    /// What is run for the engine of the container `a`; nothing for Postgres, which has more to it.
    pub(super) fn lines(&self, docker: &Docker, a: &str) -> Result<Option<StreamLines>, Failure> {
        let engine = match &self.engine {
            Some(name) => Some(named(name)?),
            None => engine_of(docker, a)?,
        };
        // What runs no database that is known is asked whether it is Postgres.
        let engine = engine.unwrap_or(DatabaseEngine::Postgres);
        if engine == DatabaseEngine::Postgres {
            return Ok(None);
        }
        let recipe = DatabaseRecipe::of(engine.name());
        let Some(stream) = recipe.and_then(|recipe| recipe.stream.as_ref()) else {
            return Err(without_way(engine.name()));
        };
        if self.database.is_none() && stream.dump.contains("$DATABASE") {
            let mut failure = Failure::new(Kind::Usage, format!("{engine} has to be told which"));
            failure.hints = vec!["name it: `--database NAME`".to_owned()];
            return Err(failure);
        }
        Ok(Some(StreamLines::from(stream)))
    }

    pub(super) fn between<'a>(
        &'a self,
        docker: &'a Docker,
        from: &'a str,
        to: &'a str,
        lines: &'a StreamLines,
    ) -> StreamedMove<'a> {
        StreamedMove {
            docker,
            from,
            to,
            lines,
            database: self.database.as_deref(),
        }
    }
}

/// Moves, and tells.
pub(super) fn move_database(
    stream: &StreamedMove<'_>,
    output: Option<&Path>,
    ui: &Ui,
) -> Result<Done, Failure> {
    let found = stream.run(ui.progress())?;
    ui.acted();
    if let Some(path) = output {
        document::save(&Disk::new(), STREAMED_FORMAT, path, &found)?;
    }
    if ui.json {
        ui.json(STREAMED_FORMAT.name, &found)?;
    } else {
        ui.print(&text(&found))?;
    }
    if found.equal == Some(false) {
        // Stdout has its document.
        let StreamedDump { from, to, .. } = found;
        ui.fail_in_words(&StreamedMoveError::NotEqual { from, to }.into());
        return Ok(Done::Incomplete);
    }
    Ok(Done::Same)
}

fn text(found: &StreamedDump) -> String {
    let StreamedDump { from, to, .. } = found;
    let compared = match found.equal {
        Some(true) => format!("equal: `{from}` and `{to}` have the same\n"),
        Some(false) => format!("different: `{from}` and `{to}`\n"),
        None => format!("unknown: nothing compares `{from}` and `{to}`\n"),
    };
    format!("{compared}moved {} as a stream\n", human(found.bytes))
}

/// Compares, and tells.
pub(super) fn compare(stream: &StreamedMove<'_>, ui: &Ui) -> Result<Done, Failure> {
    let (a, b) = (stream.from, stream.to);
    let equal = stream.compare(ui.progress())?;
    if ui.json {
        ui.json("transship-db-same", &SameJson { a, b, equal })?;
    } else {
        ui.print(&match equal {
            Some(true) => format!("equal: `{a}` and `{b}` have the same\n"),
            Some(false) => format!("different: `{a}` and `{b}`\n"),
            None => format!("unknown: nothing compares `{a}` and `{b}`\n"),
        })?;
    }
    Ok(Done::differs(equal != Some(true)))
}

/// Whether two servers have the same.
#[derive(serde::Serialize)]
struct SameJson<'a> {
    a: &'a str,
    b: &'a str,
    /// Nothing where there is no way to compare them.
    equal: Option<bool>,
}

/// That an option is for Postgres.
pub(super) fn postgres_alone(option: &str) -> Failure {
    Failure::new(Kind::Usage, format!("`{option}` is for Postgres alone"))
}

fn named(name: &str) -> Result<DatabaseEngine, Failure> {
    DatabaseEngine::named(name).ok_or_else(|| without_way(name))
}

fn without_way(name: &str) -> Failure {
    let what = format!("there is no way to move `{name}`");
    let mut failure = Failure::new(Kind::Usage, what);
    failure.hints = vec![
        "`transship inspect --list` tells what is; or name the lines: `--dump`, `--load`"
            .to_owned(),
    ];
    failure
}

/// The engine that a container's image runs, if it is known.
fn engine_of(docker: &Docker, name: &str) -> Result<Option<DatabaseEngine>, engine::Error> {
    let Some(container) = Container::find(docker, name)? else {
        return Ok(None);
    };
    let making = container.making(docker)?;
    // The image may be gone, and its container be there still.
    let defaults = image_defaults(docker, &[&container.image]).unwrap_or_default();
    let image = DatabaseImage::of(&making.image, defaults.values().next());
    Ok(image.and_then(|image| DatabaseEngine::named(image.kind)))
}
