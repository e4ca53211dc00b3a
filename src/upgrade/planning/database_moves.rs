//! Which volumes have a database in them that is moved, as the recipe says: pure.

use super::obstacle::Obstacle;
use super::releases::Releases;
use super::volume_pair::{PlannedMove, VolumePair};
use crate::compose::{Model, Service};
use crate::database::postgres::MovedLocale;
use crate::database::{DatabaseEngine, DatabaseMethod, DatabaseRecipe};
use crate::doctor::{DatabaseImage, Finding, Severity};
use crate::release::DatabaseRule;
use crate::upgrade::request::Request;

/// Marks the pairs whose databases are moved, and gives what can't be.
pub(super) fn mark(
    request: &Request,
    releases: &Releases,
    new: &Model,
    pairs: &mut [VolumePair],
) -> Vec<Obstacle> {
    let rules = releases.recipe.databases.iter();
    let (old, is_stopped) = (&releases.old.model, request.up);
    let rules = rules.filter(|rule| rule.method != DatabaseMethod::Files);
    let found = rules.filter_map(|rule| {
        let done = of_rule(rule, old, new, is_stopped, pairs);
        done.err().map(|(what, hint)| against(rule, &what, &hint))
    });
    found.collect()
}

type MoveRefusal = (String, String);

fn of_rule(
    rule: &DatabaseRule,
    old: &Model,
    new: &Model,
    is_stopped: bool,
    pairs: &mut [VolumePair],
) -> Result<(), MoveRefusal> {
    let hint = "name a service of the new release in the recipe's `databases`";
    let service = new.services.get(&rule.service);
    let service =
        service.ok_or_else(|| ("there is no such service".to_owned(), hint.to_owned()))?;
    let image = service.image.as_deref().unwrap_or_default();
    let runs = DatabaseImage::of(image, None);
    let engine = match rule.method {
        DatabaseMethod::Command => Some(rule.engine.unwrap_or(DatabaseEngine::Command)),
        _ => rule
            .engine
            .or_else(|| DatabaseEngine::named(runs.as_ref()?.kind)),
    };
    let engine = engine.ok_or_else(|| {
        (
            format!("which database `{image}` runs isn't known"),
            "say it: `engine: postgres`".to_owned(),
        )
    })?;
    require_way(rule, engine)?;
    if !is_stopped {
        return Err((
            "it is moved while both releases are stopped, and `--no-up` starts and stops nothing"
                .to_owned(),
            "leave out `--no-up`, or move it by hand: `transship db move`".to_owned(),
        ));
    }
    let pair = volume_of(rule, service, runs.as_ref(), pairs);
    let pair = pair.ok_or_else(|| {
        (
            "none of its volumes is the new release's own and has an old one".to_owned(),
            "name it (`volume: KEY`) where the service has several; a database in a folder of the host is moved \
             by hand: `transship db move`"
                .to_owned(),
        )
    })?;
    let mounts = |service: &&Service| old_mounts(service, old, &pair.source);
    let mut services = old.services.iter();
    let own = old.services.get_key_value(&rule.service);
    let own = own.filter(|(_, service)| mounts(service));
    let before = own.or_else(|| services.find(|(_, service)| mounts(service)));
    let old_service = before.map(|(name, _)| name.clone()).ok_or_else(|| {
        (
            format!("no service of the old release mounts `{}`", pair.source),
            "copy its files (`method: files`)".to_owned(),
        )
    })?;
    let image = old.services[&old_service].image.as_deref();
    let ran = image.and_then(|image| DatabaseImage::of(image, None));
    let ran = ran.and_then(|ran| DatabaseEngine::named(ran.kind));
    if ran.is_some_and(|ran| ran != engine) && rule.method != DatabaseMethod::Command {
        return Err((
            format!(
                "it is of {engine}, and `{}` is what wrote it",
                image.unwrap_or_default()
            ),
            "name the commands (`dump`, `load`, `compare`)".to_owned(),
        ));
    }
    pair.moved = Some(PlannedMove {
        engine,
        method: rule.method,
        old_service,
        service: rule.service.clone(),
        database: rule.database.clone(),
        commands: rule.commands.clone(),
        locale: rule.locale,
        programs: rule.programs.clone(),
    });
    Ok(())
}

/// Requires that an upgrade has a way for it.
fn require_way(rule: &DatabaseRule, engine: DatabaseEngine) -> Result<(), MoveRefusal> {
    let recipe = DatabaseRecipe::of(engine.name());
    let stream = recipe.and_then(|recipe| recipe.stream.as_ref());
    let has_way = match rule.method {
        DatabaseMethod::Command => rule.commands.is_some(),
        DatabaseMethod::Dumpall | DatabaseMethod::Upgrade => engine == DatabaseEngine::Postgres,
        _ => engine == DatabaseEngine::Postgres || stream.is_some(),
    };
    if !has_way {
        return Err((
            format!("an upgrade has no step that moves {engine}"),
            "copy its files (`method: files`), or name the commands (`dump`, `load`, `compare`)"
                .to_owned(),
        ));
    }
    if rule.locale != MovedLocale::AsItWas && engine != DatabaseEngine::Postgres {
        return Err((
            "a locale that is built in is Postgres's alone".to_owned(),
            "leave out `locale`".to_owned(),
        ));
    }
    let is_told = rule.database.is_some() || rule.method == DatabaseMethod::Command;
    if !is_told && stream.is_some_and(|stream| stream.dump.contains("$DATABASE")) {
        return Err((
            format!("{engine} has to be told which"),
            "say it: `database: NAME`, for SQLite the file's path in the container".to_owned(),
        ));
    }
    Ok(())
}

/// The volume that a service has its data in: the one that is named, the only one, or the one below which
/// its image keeps it.
fn volume_of<'a>(
    rule: &DatabaseRule,
    service: &Service,
    image: Option<&DatabaseImage>,
    pairs: &'a mut [VolumePair],
) -> Option<&'a mut VolumePair> {
    let data = image.and_then(|image| image.data_folder(None));
    let mounts: Vec<_> = service.mounts.iter().collect();
    let holds = |target: &str| data.as_ref().is_some_and(|data| data.starts_with(target));
    let keys: Vec<&String> = match &mounts[..] {
        [(_, key)] => vec![key],
        many if rule.volume.is_some() => {
            let named = |key: &&String| Some(*key) == rule.volume.as_ref();
            many.iter().map(|(_, key)| *key).filter(named).collect()
        }
        many => {
            let many = many.iter().filter(|(target, _)| holds(target));
            many.map(|(_, key)| *key).collect()
        }
    };
    pairs.iter_mut().find(|pair| keys.contains(&&pair.key))
}

fn old_mounts(service: &Service, old: &Model, volume: &str) -> bool {
    let mut keys = service.mounts.values();
    service.enabled && keys.any(|key| old.volumes.get(key).is_some_and(|one| one.name == volume))
}

fn against(rule: &DatabaseRule, what: &str, hint: &str) -> Obstacle {
    Obstacle::Found(Finding::new(
        Severity::Error,
        "database-version",
        format!("the database of `{}` can't be moved: {what}", rule.service),
        hint,
    ))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::compose::LoadOptions;

    const OLD: &str = "services: {db: {image: 'postgres:15', volumes: ['data:/var/lib/postgresql/data', 'dumps:/backup']}}\n\
        volumes: {data: {name: v1_data}, dumps: {name: v1_dumps}}\n";

    fn model(text: &str) -> Model {
        let read = |_: &Path| Ok(text.as_bytes().to_vec());
        let files = [PathBuf::from("/i/docker-compose.yml")];
        Model::load_with(&files, &LoadOptions::default(), &read).unwrap()
    }

    fn pairs() -> Vec<VolumePair> {
        let pair = |key: &str| VolumePair {
            key: key.to_owned(),
            source: format!("v1_{key}"),
            target: format!("v2_{key}"),
            is_used: true,
            moved: None,
        };
        ["data", "dumps"].map(pair).into()
    }

    fn a_rule(service: &str) -> DatabaseRule {
        DatabaseRule {
            service: service.to_owned(),
            engine: None,
            method: DatabaseMethod::Dump,
            database: None,
            volume: None,
            commands: None,
            locale: MovedLocale::default(),
            programs: None,
        }
    }

    /// What becomes of the new release's `db` where its volumes are the old one's.
    fn outcome(image: &str, service: &str, is_stopped: bool) -> Result<Vec<VolumePair>, String> {
        let rule = a_rule(service);
        let (old, new) = (model(OLD), model(&OLD.replace("postgres:15", image)));
        let mut pairs = pairs();
        let done = of_rule(&rule, &old, &new, is_stopped, &mut pairs);
        done.map(|()| pairs).map_err(|(what, _)| what)
    }

    #[test]
    fn the_volume_with_the_data_is_moved_and_no_other() {
        let pairs = outcome("postgres:17", "db", true).unwrap();
        let moved = pairs[0].moved.as_ref().unwrap();
        assert_eq!(
            (moved.old_service.as_str(), moved.engine),
            ("db", DatabaseEngine::Postgres)
        );
        assert_eq!(pairs[1].moved, None);
    }

    #[test]
    fn each_engine_has_its_way_and_the_volume_may_be_named() {
        let written = model(OLD);
        for (image, engine) in [
            ("mariadb:11.8", DatabaseEngine::Mariadb),
            ("valkey/valkey:8", DatabaseEngine::Redis),
        ] {
            let mut rule = a_rule("db");
            rule.volume = Some("dumps".to_owned());
            let model = model(&OLD.replace("postgres:15", image));
            let (old, new) = (&model, &model);
            let mut pairs = pairs();
            of_rule(&rule, old, new, true, &mut pairs).unwrap();
            assert_eq!(pairs[0].moved, None);
            assert_eq!(pairs[1].moved.as_ref().unwrap().engine, engine, "{image}");
            // Its programs don't read what another engine wrote.
            let (said, _) = of_rule(&rule, &written, new, true, &mut pairs).unwrap_err();
            assert!(said.contains("`postgres:15` is what wrote it"), "{said}");
        }
    }

    #[test]
    fn what_no_step_moves_is_named() {
        for (image, service, is_stopped, complaint) in [
            ("postgres:17", "cache", true, "no such service"),
            ("clickhouse:25", "db", true, "runs isn't known"),
            ("orientdb:3.2", "db", true, "has to be told which"),
            ("acme/db:2", "db", true, "runs isn't known"),
            ("postgres:17", "db", false, "`--no-up`"),
            // Its data is a level higher than anything that is mounted.
            ("postgres:18", "db", true, "none of its volumes"),
        ] {
            let said = outcome(image, service, is_stopped).unwrap_err();
            assert!(said.contains(complaint), "{image} {service}: {said}");
        }
    }
}
