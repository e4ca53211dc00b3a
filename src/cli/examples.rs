//! Two examples for each command: shown behind its help and in its man page.

use clap::Command;

/// A command's words, and examples: what one wants, and what one types.
const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
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
    (
        "image ls",
        &[
            (
                "Every image of a compose file, resolved",
                "transship image ls -f docker-compose.yml",
            ),
            ("For a script", "transship image ls --json"),
        ],
    ),
    (
        "image set",
        &[
            ("Retag one image", "transship image set postgres=16"),
            (
                "Fail if a file isn't as it should be",
                "transship image set 'acme/*=v2' --check",
            ),
        ],
    ),
    (
        "image load",
        &[
            (
                "Load what the vendor delivers",
                "transship image load containers.tar.gz",
            ),
            (
                "With another program than docker",
                "transship image load containers.tar.gz --docker podman",
            ),
        ],
    ),
    (
        "volume ls",
        &[
            (
                "The volumes, with their users and databases",
                "transship volume ls",
            ),
            ("With their sizes", "transship volume ls --size"),
        ],
    ),
    (
        "volume prefix",
        &[
            (
                "Give every volume a name of its own",
                "transship volume prefix v9_",
            ),
            (
                "See the edit first",
                "transship volume prefix v9_ --dry-run",
            ),
        ],
    ),
    (
        "volume copy",
        &[
            (
                "Copy a volume while its container stands still",
                "transship volume copy pgdata pgcopy -p shop --pause",
            ),
            (
                "Bring an earlier copy up to date",
                "transship volume copy pgdata pgcopy -p shop --update",
            ),
        ],
    ),
    (
        "volume rebase",
        &[
            (
                "Mount a copy instead of a folder that is shared",
                "transship volume rebase /data=/srv/data",
            ),
            (
                "See the edit first",
                "transship volume rebase /data=/srv/data --dry-run",
            ),
        ],
    ),
    (
        "volume unpause",
        &[
            (
                "Let go on what a killed copy paused",
                "transship volume unpause",
            ),
            ("For a script", "transship volume unpause --json"),
        ],
    ),
    (
        "db collation",
        &[
            (
                "Find the indexes that another C library sorted",
                "transship db collation postgres-1",
            ),
            (
                "Make every index anew that sorts texts, whatever versions are recorded",
                "transship db collation postgres-1 --all --mend",
            ),
        ],
    ),
    (
        "db compare",
        &[
            (
                "Hold two servers against each other",
                "transship db compare old-postgres-1 new-postgres-1",
            ),
            (
                "Keep the proof",
                "transship db compare old-postgres-1 new-postgres-1 -o proof.json",
            ),
        ],
    ),
    (
        "copy",
        &[
            (
                "Copy a tree and prove the copy",
                "transship copy /data /srv/data --verify",
            ),
            (
                "Bring an earlier copy up to date",
                "transship copy /data /srv/data --update",
            ),
        ],
    ),
    (
        "manifest",
        &[
            (
                "Write down what is in a tree",
                "transship manifest /data -o data.mtree",
            ),
            (
                "Digests for `sha256sum -c`",
                "transship manifest /data --format sha256sum",
            ),
        ],
    ),
    (
        "verify",
        &[
            (
                "Hold a copy against its original",
                "transship verify /srv/data /data",
            ),
            (
                "Hold a tree against its manifest",
                "transship verify /srv/data data.mtree",
            ),
        ],
    ),
    (
        "diff",
        &[
            ("What a release changes", "transship diff v1.3.2 v2.10.5"),
            (
                "The same for a ticket",
                "transship diff v1.3.2 v2.10.5 --md",
            ),
        ],
    ),
    (
        "conflicts",
        &[
            (
                "What collides if these run side by side",
                "transship conflicts v1.3.2 v2.10.5",
            ),
            (
                "Edit the last one so that nothing does",
                "transship conflicts a.yml b.yml --fix --port-offset 1000",
            ),
        ],
    ),
    (
        "inspect",
        &[
            (
                "Which database is in a volume",
                "transship inspect v1_3_2_postgres_data",
            ),
            ("Those that are known", "transship inspect --list"),
        ],
    ),
    (
        "merge",
        &[
            (
                "Carry your edits onto the vendor's new file",
                "transship merge old/.env mine/.env new/.env",
            ),
            (
                "See what would change",
                "transship merge old mine new --dry-run",
            ),
        ],
    ),
    (
        "completions",
        &[
            ("For bash", "transship completions bash"),
            ("For zsh", "transship completions zsh"),
        ],
    ),
    (
        "db dump",
        &[
            (
                "Dump a server, with a manifest of what is in it",
                "transship db dump old-postgres-1 -o old.sql.gz",
            ),
            (
                "For a script",
                "transship db dump old-postgres-1 -o old.sql --json",
            ),
        ],
    ),
    (
        "db load",
        &[
            (
                "Load a dump into an empty server",
                "transship db load old.sql.gz new-postgres-1",
            ),
            (
                "Load what one database had into another",
                "transship db load old.sql.gz new-postgres-1 --database trial",
            ),
        ],
    ),
    (
        "db move",
        &[
            (
                "Move a server's data into a newer one",
                "transship db move old-postgres-1 new-postgres-1",
            ),
            (
                "Keep a dump and the proof, too",
                "transship db move old-postgres-1 new-postgres-1 --keep-dump old.sql.gz -o proof.json",
            ),
        ],
    ),
];

/// The definition of the command line with the examples in it.
pub(super) fn with_examples(program: Command) -> Command {
    visit(program, "")
}

fn visit(mut command: Command, words: &str) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|below| below.get_name().to_owned())
        .collect();
    for name in names {
        let words = format!("{words} {name}");
        command = command.mut_subcommand(&name, |below| visit(below, words.trim()));
    }
    match EXAMPLES.iter().find(|(of, _)| *of == words) {
        Some((_, examples)) => command.after_help(text(examples)),
        None => command,
    }
}

fn text(examples: &[(&str, &str)]) -> String {
    let lines = examples.iter();
    let lines: Vec<_> = lines
        .map(|(wanted, typed)| format!("  {wanted}:\n      {typed}"))
        .collect();
    format!("Examples:\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests;
