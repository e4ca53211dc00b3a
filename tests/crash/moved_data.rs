//! A crash while what was in a folder is copied into a volume, and what was in a volume into a folder.

use std::fs;

use transship::fs::Disk;
use transship::upgrade::{Plan, Runner};

use super::small_install::SmallInstall;
use super::{changes, done, stops_at};

/// Two releases, whose data changes places.
struct Moved(SmallInstall);

const OLD: &str = "services: {db: {image: 'acme/db', volumes: ['./data:/data', 'mail:/mail']}}\nvolumes: {mail: }\n";
const NEW: &str = "services: {db: {image: 'acme/db', volumes: ['data:/data', './kept/mail:/mail']}}\nvolumes: {data: }\n";
const RECIPE: &str = "renames: {volumes: {./data: data, mail: ./kept/mail}}\n";

impl Moved {
    fn new() -> Self {
        Self(SmallInstall::new(&[
            ("releases/v1/compose.yaml", OLD),
            ("releases/v1/data/a/f", "rows"),
            ("releases/v2/compose.yaml", NEW),
            ("volumes/v1_mail/a/f", "rows"),
            ("transship.yml", RECIPE),
        ]))
    }

    fn plan(&self) -> Plan {
        self.0
            .plan(|request| request.theirs = vec!["compose.yaml".into()])
    }

    fn runner<'a>(&'a self, disk: &'a Disk) -> Runner<'a> {
        self.0.runner(disk)
    }

    /// Whether both copies are there, whole, or nothing of either.
    #[track_caller]
    fn expect(&self, is_new: bool, point: usize) {
        let root = self.0.root.path();
        for copy in ["volumes/v2_data", "releases/v2/kept/mail"] {
            let rows = fs::read_to_string(root.join(copy).join("a/f"));
            match is_new {
                true => assert_eq!(rows.unwrap(), "rows", "{copy}, point {point}"),
                false => assert!(!root.join(copy).exists(), "{copy}, point {point}"),
            }
        }
        // What was made above a folder goes with it.
        let above = root.join("releases/v2/kept");
        assert_eq!(above.exists(), is_new, "point {point}");
        for original in ["releases/v1/data", "volumes/v1_mail"] {
            let rows = fs::read_to_string(root.join(original).join("a/f")).unwrap();
            assert_eq!(rows, "rows", "{original}, point {point}");
        }
        let made = root.join(".transship/made");
        let count = fs::read_dir(&made).map_or(0, Iterator::count);
        assert_eq!(count, if is_new { 2 } else { 0 }, "point {point}");
    }
}

#[test]
fn after_a_crash_at_any_point_data_that_changes_places_is_copied_whole_or_not_at_all() {
    let all = {
        let world = Moved::new();
        changes(|disk| {
            world.runner(disk).apply(world.plan()).unwrap();
        })
    };
    assert!(all > 40, "{all}");
    // All of them take a minute and a half; each by itself is one that others copy by, too.
    let step = match std::env::var_os("TRANSSHIP_POINTS") {
        Some(_) => 1,
        None => 7,
    };
    for point in (0..all).step_by(step) {
        let world = Moved::new();
        let plan = world.plan();
        world
            .runner(&stops_at(point))
            .apply(plan.clone())
            .unwrap_err();
        if point % 2 == 0 {
            done(world.runner(&Disk::new()).roll_back(true), point);
            world.expect(false, point);
        } else {
            let went_on = done(world.runner(&Disk::new()).resume(), point);
            if !went_on && !world.0.root.path().join("volumes/v2_data").exists() {
                world.runner(&Disk::new()).apply(plan).unwrap();
            }
            world.expect(true, point);
        }
    }
}
