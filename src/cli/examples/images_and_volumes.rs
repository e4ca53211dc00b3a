//! Of commands that work on images and volumes, and the compose files that name them.

use super::CommandExamples;

/// The examples, command by command.
pub(super) const EXAMPLES: &[CommandExamples] = &[
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
];
