//! Of commands that work on an install.

use super::CommandExamples;

/// The examples, command by command.
pub(super) const EXAMPLES: &[CommandExamples] = &[
    (
        "init",
        &[
            (
                "Adopt a folder of releases",
                "transship init -C /srv/insight",
            ),
            (
                "The same, and say which release is active",
                "transship init --current v1.3.2",
            ),
        ],
    ),
    (
        "doctor",
        &[
            (
                "What is wrong with the install as it stands",
                "transship doctor",
            ),
            (
                "What would stop an upgrade",
                "transship doctor v2.10.5 --from-release v2.10.5.tar.gz",
            ),
        ],
    ),
    (
        "path",
        &[
            (
                "The hops from one version to another",
                "transship path v1.3.2 v3.0.0",
            ),
            (
                "By the rules of a recipe that isn't in the install",
                "transship path v1 v3 --recipe transship.yml",
            ),
        ],
    ),
    (
        "plan",
        &[
            (
                "Plan an upgrade from the vendor's tarball",
                "transship plan v2.10.5 --from-release v2.10.5.tar.gz",
            ),
            (
                "Keep your own values in a conflict",
                "transship plan v2.10.5 --ours .env",
            ),
        ],
    ),
    (
        "rehearse",
        &[
            (
                "Try an upgrade on a clone, and report of it",
                "transship rehearse v2.10.5 --report r.html",
            ),
            ("Remove the clones that stand", "transship rehearse --clean"),
        ],
    ),
    (
        "upgrade",
        &[
            (
                "Plan, ask, and do it",
                "transship upgrade v2.10.5 --from-release v2.10.5.tar.gz",
            ),
            (
                "From a script, at night",
                "transship upgrade v2.10.5 --yes --window 02:00-04:00 --wait",
            ),
        ],
    ),
    (
        "apply",
        &[
            ("Do what the newest plan says", "transship apply"),
            (
                "Do what was rehearsed, or say what has drifted",
                "transship apply --replay last",
            ),
        ],
    ),
    (
        "resume",
        &[
            ("Go on after a crash or a Ctrl-C", "transship resume"),
            (
                "Stay where something fails, instead of going back",
                "transship resume --no-rollback",
            ),
        ],
    ),
    (
        "rollback",
        &[
            (
                "See what going back would undo",
                "transship rollback --dry-run",
            ),
            (
                "Go back, and remove what the upgrade made",
                "transship rollback --discard --yes",
            ),
        ],
    ),
    (
        "confirm",
        &[
            ("Keep the new release", "transship confirm"),
            (
                "From a monitor, of an install elsewhere",
                "transship confirm -C /srv/insight",
            ),
        ],
    ),
    (
        "status",
        &[
            ("Where the install stands", "transship status"),
            ("For a script", "transship status --json"),
        ],
    ),
    (
        "log note",
        &[
            (
                "What whoever does step 8 for real is to know",
                "transship log note last 8 'takes minutes; that is as it should be'",
            ),
            (
                "The same of a rehearsal by its number",
                "transship log note 2 3 'asks nothing, and is slow'",
            ),
        ],
    ),
    (
        "log",
        &[
            ("All runs", "transship log"),
            ("All that the last one did and said", "transship log last"),
        ],
    ),
    (
        "up",
        &[
            ("Start a release", "transship up v2.10.5"),
            (
                "Start a second copy beside what runs",
                "transship up v2.10.5 -p trial --port-offset 1000",
            ),
        ],
    ),
    (
        "stop",
        &[
            (
                "Stop a release, giving its databases time",
                "transship stop v1.3.2",
            ),
            (
                "Stop the copy that was started as a project of its own",
                "transship stop v2.10.5 -p trial",
            ),
        ],
    ),
    (
        "release ls",
        &[
            ("The releases, oldest first", "transship release ls"),
            ("For a script", "transship release ls --json"),
        ],
    ),
    (
        "release new",
        &[
            (
                "Stage what the vendor delivers",
                "transship release new v2.10.5 --from-release v2.10.5.tar.gz",
            ),
            (
                "Only look into it",
                "transship release new v2.10.5 --from-release v2.10.5.tar.gz --dry-run",
            ),
        ],
    ),
    (
        "release use",
        &[
            (
                "Repoint `current`, and nothing else",
                "transship release use v1.3.2",
            ),
            (
                "Only say what would be done",
                "transship release use v1.3.2 --dry-run",
            ),
        ],
    ),
    (
        "release prune",
        &[
            (
                "See what would go",
                "transship release prune --keep 3 --dry-run",
            ),
            (
                "Remove it, from cron",
                "transship release prune --keep 3 --yes",
            ),
        ],
    ),
    (
        "release bad",
        &[
            (
                "Write down that a release is bad",
                "transship release bad v2.10.4 --because 'loses sessions'",
            ),
            ("Take that back", "transship release bad v2.10.4 --undo"),
        ],
    ),
];
