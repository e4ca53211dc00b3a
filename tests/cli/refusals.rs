//! What is refused changes nothing: after every exit code 2 or 3 the install is as it was to the byte, with all
//! that transship keeps there itself, in whatever state it was.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use rustix::fs::{FlockOperation, flock};

use crate::common::install::{Install, run};
use crate::common::program::Ran;

/// An install in a state, with what has to live as long as that.
struct State {
    install: Install,
    _lock: Option<File>,
    _original: Option<Install>,
}

impl From<Install> for State {
    fn from(install: Install) -> Self {
        Self {
            install,
            _lock: None,
            _original: None,
        }
    }
}

/// How a state is made, behind its name.
type NamedState = (&'static str, fn() -> State);

const STATES: &[NamedState] = &[
    ("not adopted", || Install::new().into()),
    ("adopted", || Install::adopted().into()),
    ("planned", || Install::planned().into()),
    ("applied", || applied().into()),
    ("rolled back", || {
        let install = applied();
        install.run(&["rollback", "--discard", "--yes"]).exits(0);
        install.into()
    }),
    ("interrupted", || {
        let install = Install::planned();
        let mut shell = Command::new("sh");
        shell.args(["-c", "ulimit -f 150; exec $0 apply"]);
        shell.arg(env!("CARGO_BIN_EXE_transship"));
        Ran::of(shell.current_dir(install.root())).exits(4);
        install.into()
    }),
    ("with a stale plan", || {
        let install = Install::planned();
        fs::write(
            install.at("releases/v1.3.2/.env"),
            "POSTGRES_PASSWORD=other\n",
        )
        .unwrap();
        install.into()
    }),
    ("with a damaged plan", || {
        let install = Install::planned();
        let plan = fs::read_dir(install.at(".transship/plans")).unwrap().next();
        let plan = plan.unwrap().unwrap().path();
        let text = fs::read_to_string(&plan).unwrap();
        fs::write(plan, &text[..text.len() / 2]).unwrap();
        install.into()
    }),
    ("a copy of another", || {
        let (original, install) = (Install::planned(), Install::new());
        fs::remove_dir_all(install.root()).unwrap();
        run(Command::new("cp")
            .arg("-a")
            .args([original.root(), install.root()]));
        State {
            install,
            _lock: None,
            _original: Some(original),
        }
    }),
    ("locked", || {
        let install = Install::planned();
        let lock = File::open(install.at(".transship/lock")).unwrap();
        flock(&lock, FlockOperation::LockExclusive).unwrap();
        State {
            install,
            _lock: Some(lock),
            _original: None,
        }
    }),
    ("writable for everybody", || {
        let install = Install::planned();
        fs::set_permissions(install.at(".transship"), Permissions::from_mode(0o777)).unwrap();
        install.into()
    }),
    ("without the old release", || {
        let install = applied();
        fs::remove_dir_all(install.at("releases/v1.3.2")).unwrap();
        install.into()
    }),
    ("with a volume in the way", || {
        let install = Install::planned();
        let taken = install.at("volumes/v2_10_5_postgres_data");
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("x"), "x").unwrap();
        install.into()
    }),
    ("with a bad release", || {
        let install = Install::adopted();
        install.stage();
        install.run(&["release", "bad", "v2.10.5"]).exits(0);
        install.into()
    }),
];

fn applied() -> Install {
    let install = Install::planned();
    install.run(&["apply"]).exits(0);
    install
}

/// What may be refused, where it isn't done.
const VERBS: &[&str] = &[
    "plan v2.10.5 --from-release v2.10.5.tar.gz --max-downtime 1ms",
    "plan v1.3.2",
    "plan v2.10.5",
    "plan v2.10.5 --from-release nowhere",
    "plan v2.10.5 --from-release v2.10.5.tar.gz --carry nowhere",
    "apply --dry-run",
    "apply nonsense",
    "apply --replay 7",
    "apply",
    "resume",
    "confirm",
    "rollback --dry-run",
    "rollback --discard",
    "rollback",
    "rollback --discard --yes",
    "upgrade v2.10.5 --from-release v2.10.5.tar.gz",
    "upgrade v2.10.5 --from-release v2.10.5.tar.gz --yes --max-downtime 1ms",
    "rehearse v2.10.5 --from-release v2.10.5.tar.gz --image-archive nowhere",
    "rehearse v2.10.5",
    "release new v1.3.2 --from-release v2.10.5.tar.gz",
    "release new v2.10.5 --from-release v2.10.5.tar.gz",
    "release use v9",
    "release use v2.10.5",
    "release bad v9 --undo",
    "release prune --keep 1",
    "release prune --keep 1 --volumes volumes",
    "init --current v9",
    "init --current v2.10.5",
    "up v1.3.2 --docker /bin/false",
    "stop v1.3.2 --docker /bin/false",
    "image set nowhere=9 -f releases/v1.3.2/docker-compose.yml",
    "image set postgres=9 -f releases/v1.3.2/docker-compose.yml -f nowhere.yml",
    "volume prefix new_ -f releases/v1.3.2/docker-compose.yml -f v2.10.5.tar.gz",
    "volume rebase nonsense -f releases/v1.3.2/docker-compose.yml",
    "volume copy v1_3_2_postgres_data v1_3_2_postgres_backups --volumes volumes",
    "volume copy nowhere new --volumes volumes",
    "volume copy ./volumes ./releases --update",
    "merge releases/v1.3.2/Caddyfile releases/v1.3.2/VERSION nowhere",
    "merge --solve releases/v1.3.2/Caddyfile",
    "copy volumes releases",
    "copy volumes volumes/in",
    "copy nowhere new",
    "copy volumes releases --update",
];

/// Each sixth call is tried; all of them, which takes minutes, with `TRANSSHIP_REFUSALS=all`.
const STRIDE: usize = 6;

#[test]
fn after_every_refusal_the_install_is_as_it_was() {
    let all = std::env::var("TRANSSHIP_REFUSALS").is_ok_and(|which| which == "all");
    let stride = if all { 1 } else { STRIDE };
    let (mut refused, mut wrong, mut of_verb) = (0, Vec::new(), BTreeMap::new());
    for (number, (name, make)) in STATES.iter().enumerate() {
        let mut state = make();
        let mut before = state.install.contents();
        for verb in VERBS.iter().skip(number % stride).step_by(stride) {
            let args: Vec<_> = verb.split(' ').collect();
            let ran = state.install.run(&args);
            if [2, 3].contains(&ran.code) {
                refused += 1;
                *of_verb.entry(verb).or_insert(0) += 1;
                let after = state.install.contents();
                if after == before {
                    continue;
                }
                let paths = before.keys().chain(after.keys());
                let mut paths: Vec<_> = paths
                    .filter(|path| before.get(*path) != after.get(*path))
                    .collect();
                paths.dedup();
                wrong.push(format!(
                    "{name}: `{verb}` exits {} and changes {paths:?}",
                    ran.code
                ));
            }
            // It was done, and there is nothing to say of it here.
            state = make();
            before = state.install.contents();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused >= 300 / stride, "{refused}");
    let never: Vec<_> = VERBS
        .iter()
        .filter(|verb| !of_verb.contains_key(verb))
        .collect();
    assert!(!all || never.is_empty(), "never refused: {never:?}");
}
