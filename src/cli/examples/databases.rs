//! Of commands that work on servers of databases.

use super::CommandExamples;

/// The examples, command by command.
pub(super) const EXAMPLES: &[CommandExamples] = &[
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
    (
        "db upgrade",
        &[
            (
                "Look whether it can be done, and keep nothing",
                "transship db upgrade /var/lib/postgresql/15/main /var/lib/postgresql/17/main --old-bin /usr/lib/postgresql/15/bin --new-bin /usr/lib/postgresql/17/bin --check",
            ),
            (
                "Do it, with the services stopped meanwhile",
                "transship db upgrade /srv/pg15 /srv/pg17 --old-bin /usr/lib/postgresql/15/bin --new-bin /usr/lib/postgresql/17/bin --stop 'systemctl stop nautobot' --start 'systemctl start nautobot'",
            ),
        ],
    ),
];
