use super::*;
use crate::database::{CLibrary, InMemory, inspect_files};

/// What a line of the table says of both sides.
struct Case {
    kind: &'static str,
    disk: Option<&'static str>,
    format: Option<&'static str>,
    old: (&'static str, Option<&'static str>, Platform),
    new: (&'static str, Option<&'static str>, Platform),
    state: ShutdownState,
}

fn platform(words: &str) -> Platform {
    let (machine, library) = words.split_once('/').unwrap();
    Platform {
        machine: (machine != "?").then(|| machine.to_owned()),
        c_library: library.replace("glibc", "glibc ").parse::<CLibrary>().ok(),
    }
}

/// Some database, whose kind and version the caller sets.
fn some_database() -> Database {
    let redis = b"REDIS0011\xfa\x09redis-ver\x057.2.4\xff12345678";
    let tree = InMemory::default().file("dump.rdb", redis);
    inspect_files(&tree).databases.remove(0)
}

fn verdict(case: &Case) -> FilesVerdict {
    let mut database = some_database();
    database.kind = case.kind;
    database.version = Known::or_unknown(case.disk);
    database.state = case.state;
    database.details.clear();
    database.detail("dump format", case.format);
    let opener = |(kind, version, platform): &'_ (&'static str, Option<&'static str>, Platform)| {
        (*kind, *version, platform.clone())
    };
    let (old, new) = (opener(&case.old), opener(&case.new));
    Opening {
        database: &database,
        is_used: false,
        old: Some(Opener {
            id: None,
            kind: old.0,
            version: old.1,
            platform: &old.2,
        }),
        new: Opener {
            id: None,
            kind: new.0,
            version: new.1,
            platform: &new.2,
        },
    }
    .verdict()
}

const TABLE: &str = include_str!("../../../../fixtures/openings.txt");

/// A version, or nothing for `?`.
fn told(word: &'static str) -> Option<&'static str> {
    (word != "?").then_some(word)
}

#[test]
fn the_table_of_openings_holds() {
    let mut lines = 0;
    let openings = TABLE.lines().filter(|line| !line.starts_with('#'));
    for line in openings {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [kind, disk, left, from, from_on, to, to_on, expect, ..] = words[..] else {
            assert!(line.is_empty(), "{line}");
            continue;
        };
        let (disk, format) = disk.split_once('#').unwrap_or((disk, "?"));
        let image = |word: &'static str| {
            let (kind, version) = word.split_once(':').unwrap();
            (kind, told(version))
        };
        let ((from, old), (to, new)) = (image(from), image(to));
        let case = Case {
            kind,
            disk: told(disk),
            format: told(format),
            old: (from, old, platform(from_on)),
            new: (to, new, platform(to_on)),
            state: match left {
                "clean" => ShutdownState::Clean,
                "unclean" => ShutdownState::Unclean,
                "damaged" => ShutdownState::Damaged,
                other => panic!("{other}"),
            },
        };
        let verdict = verdict(&case);
        let (word, because) = match &verdict {
            FilesVerdict::Right(because) => ("files", because),
            FilesVerdict::Dump(because) => ("dump", because),
            FilesVerdict::Refused(because) => ("refused", because),
            FilesVerdict::Unknown(because) => ("unknown", because),
        };
        assert_eq!(word, expect, "{line}: {because}");
        let why = words[8..].join(" ");
        assert!(because.contains(&why), "{line}: {because}");
        lines += 1;
    }
    assert!(lines > 60, "{lines} lines");
}

#[test]
fn one_image_opens_what_it_wrote_whatever_is_known_of_it() {
    let database = some_database();
    let platform = Platform::default();
    let image = Opener {
        id: Some("sha256:1"),
        kind: "redis",
        version: None,
        platform: &platform,
    };
    let mut opening = Opening {
        database: &database,
        is_used: false,
        old: Some(image),
        new: image,
    };
    assert!(matches!(opening.verdict(), FilesVerdict::Right(_)));
    opening.new.id = Some("sha256:2");
    assert!(matches!(opening.verdict(), FilesVerdict::Unknown(_)));
    opening.old = None;
    opening.new.id = None;
    assert!(matches!(opening.verdict(), FilesVerdict::Unknown(_)));
}

#[test]
fn what_runs_needn_t_be_clean_yet() {
    let mut database = some_database();
    (database.kind, database.state) = ("mariadb", ShutdownState::Unclean);
    database.version = Known::Is("10.11".into());
    let platform = Platform::default();
    let opener = |version| Opener {
        id: None,
        kind: "mariadb",
        version: Some(version),
        platform: &platform,
    };
    let mut opening = Opening {
        database: &database,
        is_used: true,
        old: Some(opener("10.11")),
        new: opener("11.8"),
    };
    assert!(matches!(opening.verdict(), FilesVerdict::Right(_)));
    opening.is_used = false;
    assert!(matches!(opening.verdict(), FilesVerdict::Refused(_)));
}
