//! Of commands that work on trees and files, and on the command line itself.

use super::CommandExamples;

/// The examples, command by command.
pub(super) const EXAMPLES: &[CommandExamples] = &[
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
];
