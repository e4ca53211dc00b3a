# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_transship_global_optspecs
    string join \n C/install= json q/quiet v/verbose no-pager color= h/help V/version
end

function __fish_transship_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_transship_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_transship_using_subcommand
    set -l cmd (__fish_transship_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c transship -n "__fish_transship_needs_command" -s C -l install -d 'The install that the command works on; it may stand behind the command, too' -r -F
complete -c transship -n "__fish_transship_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_needs_command" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_needs_command" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_needs_command" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_needs_command" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_needs_command" -s V -l version -d 'Print version'
complete -c transship -n "__fish_transship_needs_command" -f -a "init" -d 'Adopt a folder of releases'
complete -c transship -n "__fish_transship_needs_command" -f -a "doctor" -d 'Find what would stop an upgrade, and what to know before one'
complete -c transship -n "__fish_transship_needs_command" -f -a "path" -d 'Show the hops from one version to another that the recipe allows'
complete -c transship -n "__fish_transship_needs_command" -f -a "plan" -d 'Show what an upgrade would do, and save it for `transship apply`'
complete -c transship -n "__fish_transship_needs_command" -f -a "rehearse" -d 'Rehearse an upgrade on a clone, and the way back, too'
complete -c transship -n "__fish_transship_needs_command" -f -a "upgrade" -d 'Upgrade: plan it, show the plan, ask, and do it'
complete -c transship -n "__fish_transship_needs_command" -f -a "apply" -d 'Do what a plan says'
complete -c transship -n "__fish_transship_needs_command" -f -a "resume" -d 'Go on with an interrupted run'
complete -c transship -n "__fish_transship_needs_command" -f -a "rollback" -d 'Undo the last run'
complete -c transship -n "__fish_transship_needs_command" -f -a "confirm" -d 'Keep the new release, where the upgrade waits for that'
complete -c transship -n "__fish_transship_needs_command" -f -a "status" -d 'Show where an install stands'
complete -c transship -n "__fish_transship_needs_command" -f -a "log" -d 'List the runs of an install, or show what one of them did and said'
complete -c transship -n "__fish_transship_needs_command" -f -a "up" -d 'Start a release, beside whatever else runs, or in the place of the one that it replaces'
complete -c transship -n "__fish_transship_needs_command" -f -a "stop" -d 'Stop the containers of a release'
complete -c transship -n "__fish_transship_needs_command" -f -a "release" -d 'List, stage, switch and remove releases'
complete -c transship -n "__fish_transship_needs_command" -f -a "image" -d 'List, retag and load the images of compose files'
complete -c transship -n "__fish_transship_needs_command" -f -a "volume" -d 'List, prefix and copy volumes'
complete -c transship -n "__fish_transship_needs_command" -f -a "db" -d 'Compare databases that run'
complete -c transship -n "__fish_transship_needs_command" -f -a "copy" -d 'Copy a tree with all of its metadata'
complete -c transship -n "__fish_transship_needs_command" -f -a "manifest" -d 'List a tree with the metadata and digest of everything in it'
complete -c transship -n "__fish_transship_needs_command" -f -a "verify" -d 'Compare a tree with another or with a manifest'
complete -c transship -n "__fish_transship_needs_command" -f -a "diff" -d 'Compare two releases, folders or files'
complete -c transship -n "__fish_transship_needs_command" -f -a "conflicts" -d 'Find what collides if several projects run side by side'
complete -c transship -n "__fish_transship_needs_command" -f -a "inspect" -d 'Tell which databases are in a tree or volume, and how they were left'
complete -c transship -n "__fish_transship_needs_command" -f -a "merge" -d 'Merge configuration three ways'
complete -c transship -n "__fish_transship_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c transship -n "__fish_transship_using_subcommand init" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand init" -l current -d 'The release that is running, where there are several' -r
complete -c transship -n "__fish_transship_using_subcommand init" -l project-directory -d 'The folder below each release that Compose is started in, such as `docker`' -r -F
complete -c transship -n "__fish_transship_using_subcommand init" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand init" -l moved -d 'Say that this is the install that it was, in a new place'
complete -c transship -n "__fish_transship_using_subcommand init" -l clone -d 'Say that this is an install of its own, whatever it is a copy of'
complete -c transship -n "__fish_transship_using_subcommand init" -l dry-run -d 'Only say what would be made'
complete -c transship -n "__fish_transship_using_subcommand init" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand init" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand init" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand init" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand doctor" -l from-release -d 'The vendor\'s tarball or folder; leave it out if the release is staged already' -r -F
complete -c transship -n "__fish_transship_using_subcommand doctor" -l from -d 'The release to upgrade from, instead of the one that `current` points to' -r
complete -c transship -n "__fish_transship_using_subcommand doctor" -l prefix -d 'The prefix of the new volumes\' names' -r
complete -c transship -n "__fish_transship_using_subcommand doctor" -l image -d 'Retag images, as `transship image set` does; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand doctor" -l image-archive -d 'Load the release\'s images from the vendor\'s archive first, such as `containers.tar.gz`' -r -F
complete -c transship -n "__fish_transship_using_subcommand doctor" -l carry -d 'A file or folder of the release to carry; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand doctor" -l leave -d 'A place in the old release\'s containers, `SERVICE:/path`, whose data may stay behind; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand doctor" -l skip-volume -d 'A volume\'s key that is not to be copied; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand doctor" -l own -d 'Data outside of both releases that the new one gets a copy of; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand doctor" -l share -d 'Data outside of both releases that both go on using; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand doctor" -l env-file -d 'A file of variables instead of `.env`; repeatable, later ones win' -r -F
complete -c transship -n "__fish_transship_using_subcommand doctor" -l profile -d 'A profile whose services run, as well as those that always do; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand doctor" -s p -l project -d 'The new release\'s compose project; Compose\'s own choice when absent' -r
complete -c transship -n "__fish_transship_using_subcommand doctor" -l from-project -d 'The compose project that the old release runs as; that of the last upgrade from or to it when absent, else Compose\'s own choice' -r
complete -c transship -n "__fish_transship_using_subcommand doctor" -l ours -d 'Where both changed PATH take the old release\'s; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand doctor" -l theirs -d 'Where both changed PATH take the vendor\'s; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand doctor" -l ignore -d 'A rule whose findings are to be left out; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand doctor" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand doctor" -l volumes -d 'Where volumes live: a folder that holds one folder for each, or `docker`' -r -F
complete -c transship -n "__fish_transship_using_subcommand doctor" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand doctor" -l helper -d 'A static transship for the engine\'s processor, to work on volumes out of reach' -r -F
complete -c transship -n "__fish_transship_using_subcommand doctor" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand doctor" -l tag-var -d 'Follow a tag into the variable that holds it: the default in the compose file, or the key in the new release\'s `.env`'
complete -c transship -n "__fish_transship_using_subcommand doctor" -l beside -d 'The new release is to run beside the old one, rather than in its place'
complete -c transship -n "__fish_transship_using_subcommand doctor" -l as-override -d 'Leave the vendor\'s compose file as it is, and write your edits of the old one as a `docker-compose.override.yml` beside it'
complete -c transship -n "__fish_transship_using_subcommand doctor" -l list -d 'List the rules'
complete -c transship -n "__fish_transship_using_subcommand doctor" -l assume-stopped -d 'Take for unused what nobody can be asked about'
complete -c transship -n "__fish_transship_using_subcommand doctor" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand doctor" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand doctor" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand doctor" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand path" -l available -d 'All releases that the vendor made: `1.8.7,1.9.0`, a file with a `/` in its name, or `-` for standard input; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand path" -l recipe -d 'A recipe by itself, or the compose file that it stands in, instead of the install\'s' -r -F
complete -c transship -n "__fish_transship_using_subcommand path" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand path" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand path" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand path" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand path" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand path" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand plan" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand plan" -l from-release -d 'The vendor\'s tarball or folder; leave it out if the release is staged already' -r -F
complete -c transship -n "__fish_transship_using_subcommand plan" -l from -d 'The release to upgrade from, instead of the one that `current` points to' -r
complete -c transship -n "__fish_transship_using_subcommand plan" -l prefix -d 'The prefix of the new volumes\' names' -r
complete -c transship -n "__fish_transship_using_subcommand plan" -l image -d 'Retag images, as `transship image set` does; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand plan" -l image-archive -d 'Load the release\'s images from the vendor\'s archive first, such as `containers.tar.gz`' -r -F
complete -c transship -n "__fish_transship_using_subcommand plan" -l carry -d 'A file or folder of the release to carry; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand plan" -l leave -d 'A place in the old release\'s containers, `SERVICE:/path`, whose data may stay behind; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand plan" -l skip-volume -d 'A volume\'s key that is not to be copied; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand plan" -l own -d 'Data outside of both releases that the new one gets a copy of; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand plan" -l share -d 'Data outside of both releases that both go on using; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand plan" -l env-file -d 'A file of variables instead of `.env`; repeatable, later ones win' -r -F
complete -c transship -n "__fish_transship_using_subcommand plan" -l profile -d 'A profile whose services run, as well as those that always do; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand plan" -s p -l project -d 'The new release\'s compose project; Compose\'s own choice when absent' -r
complete -c transship -n "__fish_transship_using_subcommand plan" -l from-project -d 'The compose project that the old release runs as; that of the last upgrade from or to it when absent, else Compose\'s own choice' -r
complete -c transship -n "__fish_transship_using_subcommand plan" -l ours -d 'Where both changed PATH take the old release\'s; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand plan" -l theirs -d 'Where both changed PATH take the vendor\'s; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand plan" -l pristine -d 'The vendor\'s tarball or folder of the old release, to tell its files from your edits' -r -F
complete -c transship -n "__fish_transship_using_subcommand plan" -l volumes -d 'Where volumes live: a folder that holds one folder for each, or `docker`' -r -F
complete -c transship -n "__fish_transship_using_subcommand plan" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand plan" -l helper -d 'A static transship for the engine\'s processor, to work on volumes out of reach' -r -F
complete -c transship -n "__fish_transship_using_subcommand plan" -l max-downtime -d 'Refuse a plan that is expected to be down for longer: `30s`, `5m`, `1h`' -r
complete -c transship -n "__fish_transship_using_subcommand plan" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand plan" -l tag-var -d 'Follow a tag into the variable that holds it: the default in the compose file, or the key in the new release\'s `.env`'
complete -c transship -n "__fish_transship_using_subcommand plan" -l beside -d 'The new release is to run beside the old one, rather than in its place'
complete -c transship -n "__fish_transship_using_subcommand plan" -l as-override -d 'Leave the vendor\'s compose file as it is, and write your edits of the old one as a `docker-compose.override.yml` beside it'
complete -c transship -n "__fish_transship_using_subcommand plan" -l no-up -d 'Plan no stop and no start, though the old release runs: both are yours, before and after'
complete -c transship -n "__fish_transship_using_subcommand plan" -l assume-stopped -d 'Take for unused what nobody can be asked about'
complete -c transship -n "__fish_transship_using_subcommand plan" -l accept-unknown-downtime -d 'Go on although it isn\'t known how long it will be down'
complete -c transship -n "__fish_transship_using_subcommand plan" -l dry-run -d 'Show the plan without saving it'
complete -c transship -n "__fish_transship_using_subcommand plan" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand plan" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand plan" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand plan" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l from-release -d 'The vendor\'s tarball or folder; leave it out if the release is staged already' -r -F
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l from -d 'The release to upgrade from, instead of the one that `current` points to' -r
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l prefix -d 'The prefix of the new volumes\' names' -r
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l image -d 'Retag images, as `transship image set` does; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l image-archive -d 'Load the release\'s images from the vendor\'s archive first, such as `containers.tar.gz`' -r -F
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l carry -d 'A file or folder of the release to carry; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l leave -d 'A place in the old release\'s containers, `SERVICE:/path`, whose data may stay behind; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l skip-volume -d 'A volume\'s key that is not to be copied; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l own -d 'Data outside of both releases that the new one gets a copy of; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l share -d 'Data outside of both releases that both go on using; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l env-file -d 'A file of variables instead of `.env`; repeatable, later ones win' -r -F
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l profile -d 'A profile whose services run, as well as those that always do; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand rehearse" -s p -l project -d 'The new release\'s compose project; Compose\'s own choice when absent' -r
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l from-project -d 'The compose project that the old release runs as; that of the last upgrade from or to it when absent, else Compose\'s own choice' -r
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l ours -d 'Where both changed PATH take the old release\'s; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l theirs -d 'Where both changed PATH take the vendor\'s; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l pristine -d 'The vendor\'s tarball or folder of the old release, to tell its files from your edits' -r -F
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l volumes -d 'Where volumes live: a folder that holds one folder for each, or `docker`' -r -F
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l helper -d 'A static transship for the engine\'s processor, to work on volumes out of reach' -r -F
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l report -d 'Write a report to FILE, Markdown or, for `.html`, one page that needs nothing else; without VERSION, of an earlier rehearsal, with what has drifted since' -r -F
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l run -d 'With --report: which rehearsal is meant, by its name or number; the newest when absent' -r
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l tag-var -d 'Follow a tag into the variable that holds it: the default in the compose file, or the key in the new release\'s `.env`'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l beside -d 'The new release is to run beside the old one, rather than in its place'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l as-override -d 'Leave the vendor\'s compose file as it is, and write your edits of the old one as a `docker-compose.override.yml` beside it'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l no-up -d 'Rehearse no stop and no start, though the old release runs: what is done to its files and volumes, which nothing may be writing'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l assume-stopped -d 'Take for unused what nobody can be asked about'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l pause -d 'Have what runs of the old release stand still while it is copied: the copy is then what a power cut would have left'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l stop -d 'Have what runs of the old release stopped while it is copied, and started again'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l on-host -d 'Run the recipe\'s hooks and checks that are run on this machine, too: `$TRANSSHIP_INSTALL` is the clone then'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l keep -d 'Leave the clone for people to try; `status` tells of it'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l clean -d 'Remove all clones that stand, those that were kept, too'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -s y -l yes -d 'With --clean: don\'t ask about clones that were kept'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand rehearse" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l from-release -d 'The vendor\'s tarball or folder; leave it out if the release is staged already' -r -F
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l from -d 'The release to upgrade from, instead of the one that `current` points to' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l prefix -d 'The prefix of the new volumes\' names' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l image -d 'Retag images, as `transship image set` does; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l image-archive -d 'Load the release\'s images from the vendor\'s archive first, such as `containers.tar.gz`' -r -F
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l carry -d 'A file or folder of the release to carry; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l leave -d 'A place in the old release\'s containers, `SERVICE:/path`, whose data may stay behind; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l skip-volume -d 'A volume\'s key that is not to be copied; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l own -d 'Data outside of both releases that the new one gets a copy of; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l share -d 'Data outside of both releases that both go on using; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l env-file -d 'A file of variables instead of `.env`; repeatable, later ones win' -r -F
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l profile -d 'A profile whose services run, as well as those that always do; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -s p -l project -d 'The new release\'s compose project; Compose\'s own choice when absent' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l from-project -d 'The compose project that the old release runs as; that of the last upgrade from or to it when absent, else Compose\'s own choice' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l ours -d 'Where both changed PATH take the old release\'s; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l theirs -d 'Where both changed PATH take the vendor\'s; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l pristine -d 'The vendor\'s tarball or folder of the old release, to tell its files from your edits' -r -F
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l volumes -d 'Where volumes live: a folder that holds one folder for each, or `docker`' -r -F
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l helper -d 'A static transship for the engine\'s processor, to work on volumes out of reach' -r -F
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l max-downtime -d 'Refuse a plan that is expected to be down for longer: `30s`, `5m`, `1h`' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l window -d 'Stop the old release only in this window, in local time: `02:00-04:00`, or for one day `2026-11-28T02:00/04:00`' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l confirm-within -d 'Once it is done, go back (exit code 5) unless `transship confirm` comes in time: `10m`' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l replay -d 'Do just what was rehearsed, step for step: by the rehearsal\'s name, its number, or `last`' -r
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l tag-var -d 'Follow a tag into the variable that holds it: the default in the compose file, or the key in the new release\'s `.env`'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l beside -d 'The new release is to run beside the old one, rather than in its place'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l as-override -d 'Leave the vendor\'s compose file as it is, and write your edits of the old one as a `docker-compose.override.yml` beside it'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l no-up -d 'Plan no stop and no start, though the old release runs: both are yours, before and after'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l assume-stopped -d 'Take for unused what nobody can be asked about'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l accept-unknown-downtime -d 'Go on although it isn\'t known how long it will be down'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l dry-run -d 'Show the plan without saving it'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l rollback-on-failure -d 'Undo everything if a step fails before the old release is stopped, or where the plan stops none; the exit code is then 5. An interruption is none'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l no-rollback -d 'Leave all as it stands where something fails after the old release was stopped (exit code 4), instead of starting it again'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l notes-read -d 'You have read the vendor\'s notes that the plan names'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l wait -d 'Make everything ready, and wait for the window'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l all-hops -d 'Do all hops that the recipe\'s `path` asks for, one after the other'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -s y -l yes -d 'Don\'t ask'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand upgrade" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand apply" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand apply" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand apply" -l helper -d 'A static transship for the engine\'s processor, to work on volumes out of reach' -r -F
complete -c transship -n "__fish_transship_using_subcommand apply" -l window -d 'Stop the old release only in this window, in local time: `02:00-04:00`, or for one day `2026-11-28T02:00/04:00`' -r
complete -c transship -n "__fish_transship_using_subcommand apply" -l confirm-within -d 'Once it is done, go back (exit code 5) unless `transship confirm` comes in time: `10m`' -r
complete -c transship -n "__fish_transship_using_subcommand apply" -l replay -d 'Do the plan of the rehearsal RUN, step for step as it was rehearsed' -r
complete -c transship -n "__fish_transship_using_subcommand apply" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand apply" -l assume-stopped -d 'Take for unused what nobody can be asked about'
complete -c transship -n "__fish_transship_using_subcommand apply" -l rollback-on-failure -d 'Undo everything if a step fails before the old release is stopped, or where the plan stops none; the exit code is then 5. An interruption is none'
complete -c transship -n "__fish_transship_using_subcommand apply" -l no-rollback -d 'Leave all as it stands where something fails after the old release was stopped (exit code 4), instead of starting it again'
complete -c transship -n "__fish_transship_using_subcommand apply" -l notes-read -d 'You have read the vendor\'s notes that the plan names'
complete -c transship -n "__fish_transship_using_subcommand apply" -l wait -d 'Make everything ready, and wait for the window'
complete -c transship -n "__fish_transship_using_subcommand apply" -l accept-unknown-downtime -d 'With `--window`: go on although it isn\'t known how long it will be down'
complete -c transship -n "__fish_transship_using_subcommand apply" -l dry-run -d 'Observe again and show the plan, and do nothing'
complete -c transship -n "__fish_transship_using_subcommand apply" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand apply" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand apply" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand apply" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand resume" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand resume" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand resume" -l helper -d 'A static transship for the engine\'s processor, to work on volumes out of reach' -r -F
complete -c transship -n "__fish_transship_using_subcommand resume" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand resume" -l assume-stopped -d 'Take for unused what nobody can be asked about'
complete -c transship -n "__fish_transship_using_subcommand resume" -l no-rollback -d 'Leave all as it stands where something fails after the old release was stopped (exit code 4), instead of starting it again'
complete -c transship -n "__fish_transship_using_subcommand resume" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand resume" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand resume" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand resume" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand rollback" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand rollback" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand rollback" -l helper -d 'A static transship for the engine\'s processor, to work on volumes out of reach' -r -F
complete -c transship -n "__fish_transship_using_subcommand rollback" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand rollback" -l assume-stopped -d 'Take for unused what nobody can be asked about'
complete -c transship -n "__fish_transship_using_subcommand rollback" -l discard -d 'Remove the new release and its volumes, too, with all that was written into them'
complete -c transship -n "__fish_transship_using_subcommand rollback" -l accept-data-loss -d 'Go back although the new release was written since: that stays in its volumes, and the old one doesn\'t have it'
complete -c transship -n "__fish_transship_using_subcommand rollback" -l dry-run -d 'Only say what would be undone, and what would be lost'
complete -c transship -n "__fish_transship_using_subcommand rollback" -s y -l yes -d 'Don\'t ask'
complete -c transship -n "__fish_transship_using_subcommand rollback" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand rollback" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand rollback" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand rollback" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand confirm" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand confirm" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand confirm" -l helper -d 'A static transship for the engine\'s processor, to work on volumes out of reach' -r -F
complete -c transship -n "__fish_transship_using_subcommand confirm" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand confirm" -l assume-stopped -d 'Take for unused what nobody can be asked about'
complete -c transship -n "__fish_transship_using_subcommand confirm" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand confirm" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand confirm" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand confirm" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand confirm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand status" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand status" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand status" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand status" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand status" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand status" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand status" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand log; and not __fish_seen_subcommand_from note" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand log; and not __fish_seen_subcommand_from note" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand log; and not __fish_seen_subcommand_from note" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand log; and not __fish_seen_subcommand_from note" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand log; and not __fish_seen_subcommand_from note" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand log; and not __fish_seen_subcommand_from note" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand log; and not __fish_seen_subcommand_from note" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand log; and not __fish_seen_subcommand_from note" -a "note" -d 'Write down what whoever does a step of a rehearsed plan is to know'
complete -c transship -n "__fish_transship_using_subcommand log; and __fish_seen_subcommand_from note" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand log; and __fish_seen_subcommand_from note" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand log; and __fish_seen_subcommand_from note" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand log; and __fish_seen_subcommand_from note" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand log; and __fish_seen_subcommand_from note" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand log; and __fish_seen_subcommand_from note" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand log; and __fish_seen_subcommand_from note" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand up" -s p -l project -d 'The compose project; when absent, the one that the last upgrade from or to it recorded, or that it has on the engine; else Compose\'s own choice' -r
complete -c transship -n "__fish_transship_using_subcommand up" -l env-file -d 'A file of variables instead of `.env`, repeatable, later ones winning; when absent, those that the last upgrade from or to the release was planned with' -r -F
complete -c transship -n "__fish_transship_using_subcommand up" -l profile -d 'A profile whose services run, repeatable; when absent, those that the last upgrade was planned with' -r
complete -c transship -n "__fish_transship_using_subcommand up" -l port-offset -d 'Add N to the host ports of services that collide; `auto` finds the smallest that works' -r
complete -c transship -n "__fish_transship_using_subcommand up" -l suffix -d 'What to put behind container names; `-` and the project\'s name when absent' -r
complete -c transship -n "__fish_transship_using_subcommand up" -l prefix -d 'What to put before names of volumes and networks; the project\'s name and `_` when absent' -r
complete -c transship -n "__fish_transship_using_subcommand up" -l accept -d 'Start in spite of collisions of this kind, as `conflicts` calls it; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand up" -l timeout -d 'Wait this long for services to come up, in seconds' -r
complete -c transship -n "__fish_transship_using_subcommand up" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand up" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand up" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand up" -l beside -d 'Don\'t take the place of the release that the last upgrade came from, though that is stopped'
complete -c transship -n "__fish_transship_using_subcommand up" -l never-pull -d 'Refuse where an image is missing, rather than pull it'
complete -c transship -n "__fish_transship_using_subcommand up" -l no-wait -d 'Don\'t wait until it is up'
complete -c transship -n "__fish_transship_using_subcommand up" -l dry-run -d 'Print the edits and the command, and start nothing'
complete -c transship -n "__fish_transship_using_subcommand up" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand up" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand up" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand up" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand up" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand stop" -s p -l project -d 'The compose project; when absent, the one that the last upgrade from or to it recorded, or that it has on the engine; else Compose\'s own choice' -r
complete -c transship -n "__fish_transship_using_subcommand stop" -l env-file -d 'A file of variables instead of `.env`, repeatable, later ones winning; when absent, those that the last upgrade from or to the release was planned with' -r -F
complete -c transship -n "__fish_transship_using_subcommand stop" -l profile -d 'A profile whose services run, repeatable; when absent, those that the last upgrade was planned with' -r
complete -c transship -n "__fish_transship_using_subcommand stop" -l timeout -d 'How long a container that keeps data may take to end, in seconds: a database may need minutes' -r
complete -c transship -n "__fish_transship_using_subcommand stop" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand stop" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand stop" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand stop" -l dry-run -d 'Only print the command'
complete -c transship -n "__fish_transship_using_subcommand stop" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand stop" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand stop" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand stop" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand release; and not __fish_seen_subcommand_from ls new use prune bad" -s C -l install -d 'The install that the command works on' -r -F
complete -c transship -n "__fish_transship_using_subcommand release; and not __fish_seen_subcommand_from ls new use prune bad" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand release; and not __fish_seen_subcommand_from ls new use prune bad" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand release; and not __fish_seen_subcommand_from ls new use prune bad" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand release; and not __fish_seen_subcommand_from ls new use prune bad" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand release; and not __fish_seen_subcommand_from ls new use prune bad" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand release; and not __fish_seen_subcommand_from ls new use prune bad" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand release; and not __fish_seen_subcommand_from ls new use prune bad" -f -a "ls" -d 'List the releases of an install, oldest first'
complete -c transship -n "__fish_transship_using_subcommand release; and not __fish_seen_subcommand_from ls new use prune bad" -f -a "new" -d 'Stage a release from the vendor\'s tarball or folder'
complete -c transship -n "__fish_transship_using_subcommand release; and not __fish_seen_subcommand_from ls new use prune bad" -f -a "use" -d 'Switch `current` to a release'
complete -c transship -n "__fish_transship_using_subcommand release; and not __fish_seen_subcommand_from ls new use prune bad" -f -a "prune" -d 'Remove old releases with their volumes, plans and held images'
complete -c transship -n "__fish_transship_using_subcommand release; and not __fish_seen_subcommand_from ls new use prune bad" -f -a "bad" -d 'Write down that a release is bad: nobody goes to it, forwards or back'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from ls" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from ls" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from ls" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from ls" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from new" -l from-release -d 'The vendor\'s tarball or folder' -r -F
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from new" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from new" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from new" -l dry-run -d 'Only look at what would be staged'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from new" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from new" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from new" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from new" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from use" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from use" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from use" -l dry-run -d 'Only say what would be done'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from use" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from use" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from use" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from use" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from use" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -l keep -d 'How many of the newest releases stay, the current one among them' -r
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -l volumes -d 'Where volumes live: a folder that holds one folder for each, or `docker`' -r -F
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -l helper -d 'A static transship for the engine\'s processor, to work on volumes out of reach' -r -F
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -l assume-stopped -d 'Take for unused what nobody can be asked about'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -l dry-run -d 'Only show what would go, and what stays for which reason'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -s y -l yes -d 'Don\'t ask'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from bad" -l because -d 'What is bad about it, for whoever is refused' -r
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from bad" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from bad" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from bad" -l undo -d 'It isn\'t bad after all'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from bad" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from bad" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from bad" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from bad" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand release; and __fish_seen_subcommand_from bad" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand image; and not __fish_seen_subcommand_from ls set load" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand image; and not __fish_seen_subcommand_from ls set load" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand image; and not __fish_seen_subcommand_from ls set load" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand image; and not __fish_seen_subcommand_from ls set load" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand image; and not __fish_seen_subcommand_from ls set load" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand image; and not __fish_seen_subcommand_from ls set load" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand image; and not __fish_seen_subcommand_from ls set load" -f -a "ls" -d 'List every image reference of the compose files, with its variables resolved'
complete -c transship -n "__fish_transship_using_subcommand image; and not __fish_seen_subcommand_from ls set load" -f -a "set" -d 'Retag images without touching another byte'
complete -c transship -n "__fish_transship_using_subcommand image; and not __fish_seen_subcommand_from ls set load" -f -a "load" -d 'Load images from a vendor\'s archive into the Docker engine'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from ls" -s f -l file -d 'A compose file; repeatable. `-` for standard input' -r -F
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from ls" -l env-file -d 'A file of variables instead of `.env`; repeatable, later ones win' -r -F
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from ls" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from ls" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from ls" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from set" -s f -l file -d 'A compose file; repeatable. `-` for standard input' -r -F
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from set" -l env-file -d 'A file of variables instead of `.env`; repeatable, later ones win' -r -F
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from set" -s o -l output -d 'Write the result to a new file and leave the original as it is; `-` for stdout' -r -F
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from set" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from set" -l tag-var -d 'Follow a tag into the variable that holds it: the default in the compose file, or the key in `.env`'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from set" -l keep-digest -d 'Refuse to change a tag that a digest stands beside'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from set" -l dry-run -d 'Print the difference and change nothing'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from set" -l check -d 'Change nothing; the exit code is 1 if something would change'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from set" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from set" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from load" -s f -l file -d 'A compose file; repeatable. `-` for standard input' -r -F
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from load" -l env-file -d 'A file of variables instead of `.env`; repeatable, later ones win' -r -F
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from load" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from load" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from load" -l dry-run -d 'Only look whether everything is there'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from load" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from load" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from load" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from load" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand image; and __fish_seen_subcommand_from load" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand volume; and not __fish_seen_subcommand_from ls prefix rebase copy unpause" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand volume; and not __fish_seen_subcommand_from ls prefix rebase copy unpause" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand volume; and not __fish_seen_subcommand_from ls prefix rebase copy unpause" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand volume; and not __fish_seen_subcommand_from ls prefix rebase copy unpause" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand volume; and not __fish_seen_subcommand_from ls prefix rebase copy unpause" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand volume; and not __fish_seen_subcommand_from ls prefix rebase copy unpause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand volume; and not __fish_seen_subcommand_from ls prefix rebase copy unpause" -f -a "ls" -d 'List the volumes of the compose files, where they live and who uses them'
complete -c transship -n "__fish_transship_using_subcommand volume; and not __fish_seen_subcommand_from ls prefix rebase copy unpause" -f -a "prefix" -d 'Give every top-level volume a unique `name:` that begins with PREFIX'
complete -c transship -n "__fish_transship_using_subcommand volume; and not __fish_seen_subcommand_from ls prefix rebase copy unpause" -f -a "rebase" -d 'Move bind mounts from one folder of the host to another'
complete -c transship -n "__fish_transship_using_subcommand volume; and not __fish_seen_subcommand_from ls prefix rebase copy unpause" -f -a "copy" -d 'Copy a volume to a new one, with all of its metadata'
complete -c transship -n "__fish_transship_using_subcommand volume; and not __fish_seen_subcommand_from ls prefix rebase copy unpause" -f -a "unpause" -d 'Let containers go on that a killed `volume copy` left paused or stopped'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -s f -l file -d 'A compose file; repeatable. `-` for standard input' -r -F
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -l env-file -d 'A file of variables instead of `.env`; repeatable, later ones win' -r -F
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -s p -l project -d 'The compose project; Compose\'s own choice when absent' -r
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -l volumes -d 'Where volumes live: a folder that holds one folder for each, or `docker`' -r -F
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -l helper -d 'A static transship for the engine\'s processor, to work on volumes out of reach' -r -F
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -l all -d 'Every volume that there is, whatever compose files say'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -l size -d 'Count what is in them, too'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -l assume-stopped -d 'Take for unused what nobody can be asked about'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -l replace -d 'Put PREFIX in place of OLD in the names that begin with OLD, and leave others alone' -r
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -l only -d 'Only the volume with this key; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -l own -d 'The external volume with this key gets a name, too, once it was copied to that; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -s f -l file -d 'A compose file; repeatable. `-` for standard input' -r -F
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -l env-file -d 'A file of variables instead of `.env`; repeatable, later ones win' -r -F
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -s o -l output -d 'Write the result to a new file and leave the original as it is; `-` for stdout' -r -F
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -l dry-run -d 'Print the difference and change nothing'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -l check -d 'Change nothing; the exit code is 1 if something would change'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from prefix" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from rebase" -s f -l file -d 'A compose file; repeatable. `-` for standard input' -r -F
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from rebase" -l env-file -d 'A file of variables instead of `.env`; repeatable, later ones win' -r -F
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from rebase" -s o -l output -d 'Write the result to a new file and leave the original as it is; `-` for stdout' -r -F
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from rebase" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from rebase" -l dry-run -d 'Print the difference and change nothing'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from rebase" -l check -d 'Change nothing; the exit code is 1 if something would change'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from rebase" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from rebase" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from rebase" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from rebase" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from rebase" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -s p -l project -d 'The compose project that the new volume belongs to; a new one in an engine needs it' -r
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l key -d 'The new volume\'s key in the compose file; its name when absent' -r
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l stop-timeout -d 'With --stop: how long each may take to end, in seconds' -r
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l from-context -d 'The engine that SOURCE is in: a context of `docker`, or an address (`ssh://HOST`)' -r
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l to-context -d 'The engine that TARGET is in, or will be' -r
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l max-delete -d 'With --update: remove at most so many files and folders, or do nothing' -r
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l volumes -d 'Where volumes live: a folder that holds one folder for each, or `docker`' -r -F
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l helper -d 'A static transship for the engine\'s processor, to work on volumes out of reach' -r -F
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l verify -d 'Read the copy back and compare it with what was copied'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l dry-run -d 'Only say what would be copied; with --update, what differs'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l live -d 'Copy while containers go on writing, and list what changed meanwhile'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l pause -d 'Let the containers that write SOURCE stand still while it is copied'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l stop -d 'Stop them, and start them again afterwards, also after a failure'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l update -d 'Make TARGET equal to SOURCE, and send only what differs'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l delete-all -l yes -d 'With --update: remove whatever is gone from the source, be it all'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l assume-stopped -d 'Take for unused what nobody can be asked about'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from copy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from unpause" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from unpause" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from unpause" -l all -d 'Also what is held by runs of which it can\'t be known whether they are at work still: of another machine or container'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from unpause" -l dry-run -d 'Only say what would go on'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from unpause" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from unpause" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from unpause" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from unpause" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand volume; and __fish_seen_subcommand_from unpause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand db; and not __fish_seen_subcommand_from collation compare dump load move" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand db; and not __fish_seen_subcommand_from collation compare dump load move" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand db; and not __fish_seen_subcommand_from collation compare dump load move" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand db; and not __fish_seen_subcommand_from collation compare dump load move" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand db; and not __fish_seen_subcommand_from collation compare dump load move" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand db; and not __fish_seen_subcommand_from collation compare dump load move" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand db; and not __fish_seen_subcommand_from collation compare dump load move" -f -a "collation" -d 'Find the indexes of a Postgres server that another C library sorted, and make them anew'
complete -c transship -n "__fish_transship_using_subcommand db; and not __fish_seen_subcommand_from collation compare dump load move" -f -a "compare" -d 'Tell whether two Postgres servers have the same'
complete -c transship -n "__fish_transship_using_subcommand db; and not __fish_seen_subcommand_from collation compare dump load move" -f -a "dump" -d 'Dump all that a Postgres server has into a file'
complete -c transship -n "__fish_transship_using_subcommand db; and not __fish_seen_subcommand_from collation compare dump load move" -f -a "load" -d 'Load a dump into a Postgres server that is empty'
complete -c transship -n "__fish_transship_using_subcommand db; and not __fish_seen_subcommand_from collation compare dump load move" -f -a "move" -d 'Move all that one Postgres server has into another, which is empty'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from collation" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from collation" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from collation" -l mend -d 'Make the indexes anew, and record the versions'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from collation" -l all -d 'Believe no version that is recorded: the files came from elsewhere'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from collation" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from collation" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from collation" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from collation" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from collation" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from compare" -s o -l output -d 'Keep what was found as a sealed document, with the hash of every table' -r -F
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from compare" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from compare" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from compare" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from compare" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from compare" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from compare" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from compare" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from dump" -s o -l output -d 'The file, which must not be there yet: .sql or .sql.gz' -r -F
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from dump" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from dump" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from dump" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from dump" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from dump" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from dump" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from dump" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from load" -l database -d 'Load what one database had into this one, which is made if it isn\'t there' -r
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from load" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from load" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from load" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from load" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from load" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from load" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from load" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from move" -s o -l output -d 'Keep the comparison as a sealed document, with the hash of every table' -r -F
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from move" -l keep-dump -d 'Keep a dump of A, too, which `db load` reads: .sql or .sql.gz; A is read once more for it' -r -F
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from move" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from move" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from move" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from move" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from move" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from move" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand db; and __fish_seen_subcommand_from move" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand copy" -l max-delete -d 'With --update: remove at most so many files and folders, or do nothing' -r
complete -c transship -n "__fish_transship_using_subcommand copy" -l exclude -d 'Leave out what matches, as rsync does: `*.log`, `cache/`, `/top/*`; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand copy" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand copy" -l verify -d 'Read the copy back and compare it with what was copied'
complete -c transship -n "__fish_transship_using_subcommand copy" -l media -d 'With --verify: read it from the disk rather than from what is cached of it'
complete -c transship -n "__fish_transship_using_subcommand copy" -l update -d 'Bring an earlier copy up to date: copy what differs, remove what is gone'
complete -c transship -n "__fish_transship_using_subcommand copy" -l checksum -d 'With --update: compare files by content, not by size and time alone'
complete -c transship -n "__fish_transship_using_subcommand copy" -l delete-all -l yes -d 'With --update: remove whatever is gone from the source, be it all'
complete -c transship -n "__fish_transship_using_subcommand copy" -l live -d 'Take what changes while it is copied as it comes, and list it: the first pass over a tree that is in use, before --update'
complete -c transship -n "__fish_transship_using_subcommand copy" -l cross-mounts -d 'Copy what is mounted within the tree, too'
complete -c transship -n "__fish_transship_using_subcommand copy" -l no-reflink -d 'Copy all blocks, where the filesystem could share them'
complete -c transship -n "__fish_transship_using_subcommand copy" -l no-sync -d 'Don\'t wait until the copy is on the disk'
complete -c transship -n "__fish_transship_using_subcommand copy" -l dry-run -d 'Only say what would be copied; with --update, what differs'
complete -c transship -n "__fish_transship_using_subcommand copy" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand copy" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand copy" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand copy" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand copy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand manifest" -l format -d 'The manifest\'s format: mtree without it, JSON with --json' -r -f -a "mtree\t'Everything, one line an entry'
sha256sum\t'Digests of regular files only'
json\t'Everything, as one JSON document'"
complete -c transship -n "__fish_transship_using_subcommand manifest" -s o -l output -d 'Write the manifest to a new file instead of standard output' -r -F
complete -c transship -n "__fish_transship_using_subcommand manifest" -l exclude -d 'Leave out what matches, as rsync does: `*.log`, `cache/`; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand manifest" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand manifest" -l cross-mounts -d 'Look into what is mounted within the tree, too'
complete -c transship -n "__fish_transship_using_subcommand manifest" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand manifest" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand manifest" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand manifest" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand manifest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand verify" -l exclude -d 'Leave out what matches, on both sides, as rsync does: `*.log`, `cache/`; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand verify" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand verify" -l content-only -d 'Compare contents, types and links alone'
complete -c transship -n "__fish_transship_using_subcommand verify" -l metadata-only -d 'Compare metadata alone: no file is read'
complete -c transship -n "__fish_transship_using_subcommand verify" -l media -d 'Read from the disk rather than from what is cached of it'
complete -c transship -n "__fish_transship_using_subcommand verify" -l cross-mounts -d 'Look into what is mounted within the trees, too'
complete -c transship -n "__fish_transship_using_subcommand verify" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand verify" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand verify" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand verify" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand diff" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand diff" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand diff" -l stat -d 'Only list what differs, without lines of text'
complete -c transship -n "__fish_transship_using_subcommand diff" -l text -d 'Show the lines of compose files, too'
complete -c transship -n "__fish_transship_using_subcommand diff" -l md -d 'Write Markdown, for a change ticket'
complete -c transship -n "__fish_transship_using_subcommand diff" -l show-secrets -d 'Show passwords, tokens and the values of `.env`'
complete -c transship -n "__fish_transship_using_subcommand diff" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand diff" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand diff" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand diff" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand conflicts" -s p -l project -d 'The project name that the last side will have; Compose\'s own choice when absent' -r
complete -c transship -n "__fish_transship_using_subcommand conflicts" -l profile -d 'Compare the services of this profile, too; repeatable, `*` for all [default: what `COMPOSE_PROFILES` says]' -r
complete -c transship -n "__fish_transship_using_subcommand conflicts" -l port-offset -d 'With `--fix`: add N to the host ports of services that collide; `auto` finds the smallest number with which every port is free' -r
complete -c transship -n "__fish_transship_using_subcommand conflicts" -l suffix -d 'With `--fix`: what to put behind container names; `-` and the project\'s name when absent' -r
complete -c transship -n "__fish_transship_using_subcommand conflicts" -l prefix -d 'With `--fix`: what to put before names of volumes and networks; the project\'s name and `_` when absent' -r
complete -c transship -n "__fish_transship_using_subcommand conflicts" -s o -l output -d 'Write the result to a new file and leave the original as it is; `-` for stdout' -r -F
complete -c transship -n "__fish_transship_using_subcommand conflicts" -s C -l install -d 'The install: the folder that holds `releases/`' -r -F
complete -c transship -n "__fish_transship_using_subcommand conflicts" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand conflicts" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand conflicts" -l running -d 'Compare with what the Docker engine has and with what listens on its machine, too'
complete -c transship -n "__fish_transship_using_subcommand conflicts" -l fix -d 'Edit the last side so that it can run beside the others'
complete -c transship -n "__fish_transship_using_subcommand conflicts" -l mounted -d 'With `--fix`: edit mounted files and the folder\'s scripts, too, where they surely mean what gets another name, and show the difference'
complete -c transship -n "__fish_transship_using_subcommand conflicts" -l dry-run -d 'Print the difference and change nothing'
complete -c transship -n "__fish_transship_using_subcommand conflicts" -l check -d 'Change nothing; the exit code is 1 if something would change'
complete -c transship -n "__fish_transship_using_subcommand conflicts" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand conflicts" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand conflicts" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand conflicts" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand conflicts" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand inspect" -l volumes -d 'Where volumes live: a folder that holds one folder for each, or `docker`' -r -F
complete -c transship -n "__fish_transship_using_subcommand inspect" -l docker -d 'The docker program, such as `sudo -n docker`' -r
complete -c transship -n "__fish_transship_using_subcommand inspect" -l helper -d 'A static transship for the engine\'s processor, to work on volumes out of reach' -r -F
complete -c transship -n "__fish_transship_using_subcommand inspect" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand inspect" -l list -d 'List the databases that are known, what is told of each, and what can be done with it'
complete -c transship -n "__fish_transship_using_subcommand inspect" -l assume-stopped -d 'Take for unused what nobody can be asked about'
complete -c transship -n "__fish_transship_using_subcommand inspect" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand inspect" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand inspect" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand inspect" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand merge" -l solve -d 'Settle the conflicts of a file that has them between markers, as git leaves them' -r -F
complete -c transship -n "__fish_transship_using_subcommand merge" -s o -l output -d 'Write the result there instead; `-` for standard output (files only)' -r -F
complete -c transship -n "__fish_transship_using_subcommand merge" -l path -d 'What the file is called, where its name doesn\'t say its kind' -r -F
complete -c transship -n "__fish_transship_using_subcommand merge" -l ours -d 'In a conflict over PATH take mine; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand merge" -l theirs -d 'In a conflict over PATH take theirs; repeatable' -r -F
complete -c transship -n "__fish_transship_using_subcommand merge" -l secret -d 'A part of the names of what is secret, besides what sounds so; repeatable' -r
complete -c transship -n "__fish_transship_using_subcommand merge" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand merge" -l dry-run -d 'Show what would change, and change nothing'
complete -c transship -n "__fish_transship_using_subcommand merge" -l as-override -d 'For a compose file: give the changes of MINE as a `docker-compose.override.yml`'
complete -c transship -n "__fish_transship_using_subcommand merge" -l show-secrets -d 'Don\'t mask secrets'
complete -c transship -n "__fish_transship_using_subcommand merge" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand merge" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand merge" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand merge" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c transship -n "__fish_transship_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c transship -n "__fish_transship_using_subcommand completions" -l json -d 'Print one JSON document instead of text'
complete -c transship -n "__fish_transship_using_subcommand completions" -s q -l quiet -d 'Say nothing on stderr but warnings and errors'
complete -c transship -n "__fish_transship_using_subcommand completions" -s v -l verbose -d 'Show every command that is run, and how it ended'
complete -c transship -n "__fish_transship_using_subcommand completions" -l no-pager -d 'Show long text at once, and not through `$TRANSSHIP_PAGER`, `$PAGER` or `less`'
complete -c transship -n "__fish_transship_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
