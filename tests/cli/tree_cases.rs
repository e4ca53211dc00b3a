//! Situations that people reported of other tools, each with what is right: mounts, links, clocks
//! and names in which a copy can be fooled. Each runs as a script in a small filesystem in memory,
//! in a mount namespace of its own and for a limited time.

use std::process::Command;

use super::common::need;
use super::common::program::Ran;

/// A filesystem of that size and number of files, in which a runaway copy ends soon.
const BOUNDS: &str = "size=16m,nr_inodes=4000";

/// Runs a script with `$T` as the program; nothing if the machine can't.
pub(super) fn script(text: &str, needs: &[&str]) -> Option<Ran> {
    if !need::root() || !need::program("unshare") || !needs.iter().all(|name| need::program(name)) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let begin = format!("set -u; mount -t tmpfs -o {BOUNDS} none . && cd \"$PWD\"\n");
    let mut command = Command::new("unshare");
    command
        .args(["-m", "timeout", "-k", "5", "60", "bash", "-c"])
        .arg(begin + text)
        .env("T", env!("CARGO_BIN_EXE_transship"))
        .env("LC_ALL", "C.UTF-8")
        .current_dir(folder.path());
    Some(Ran::of(&mut command))
}

/// Runs a script that says `NAME VALUE` in lines beginning with `=`, and compares them.
#[track_caller]
fn check(text: &str, needs: &[&str], expected: &[&str]) {
    let Some(ran) = script(text, needs) else {
        return;
    };
    let said: Vec<&str> = ran
        .out
        .lines()
        .filter_map(|line| line.strip_prefix('='))
        .collect();
    assert_eq!(said, expected, "\n{}\n{}", ran.out, ran.err);
}

#[test]
fn a_slash_at_the_end_of_a_pattern_is_about_folders() {
    check(
        r"mkdir -p s/a s/cache.d s/d/cache; echo 1 >s/top; echo 2 >s/a/cache; echo 3 >s/d/cache/x
        $T copy -q --verify --exclude 'cache/' s t; echo =copy $?
        $T verify -q t s --exclude 'cache/'; echo =verify $?
        (cd t; find . -type f | sort | sed 's/^/=/')
        $T copy -q --exclude '*/' s t2; (cd t2; find . -mindepth 1 | sed 's/^/=/')
        $T manifest s --exclude '*/' --format sha256sum | cut -c67- | sed 's/^/=/'
        $T copy --dry-run --exclude '*/' s t3 | sed 's/^/=/'",
        &[],
        &[
            "copy 0",
            "verify 0",
            "./a/cache",
            "./top",
            "./top",
            "top",
            "would copy 1 file, 2 B, from s to t3",
        ],
    );
}

#[test]
fn an_anchored_pattern_holds_in_a_folder_that_an_update_brings() {
    check(
        r"mkdir -p s/a/b t; echo 1 >s/a/b/x; echo 2 >s/a/y
        $T copy -q --update --exclude /a/b s t; echo =update $?
        (cd t; find . -type f | sed 's/^/=/')
        $T verify -q t s --exclude /a/b; echo =verify $?",
        &[],
        &["update 0", "./a/y", "verify 0"],
    );
}

#[test]
fn what_is_excluded_stays_in_a_folder_that_goes() {
    check(
        r"mkdir -p s t/gone/deep t/gone/more; for i in 1 2 3 4; do echo $i >s/$i; done
        $T copy -q --update s t2; cp -a s/. t/; echo k >t/gone/deep/keep.log; echo x >t/gone/x
        $T copy --update --exclude '*.log' s t 2>err; echo =update $?
        grep -c 'gone: not removed' err | sed 's/^/=/'
        (cd t; find gone | sort | sed 's/^/=/')
        $T verify -q t s --exclude '*.log'; echo =verify $?",
        &[],
        &[
            "update 4",
            "1",
            "gone",
            "gone/deep",
            "gone/deep/keep.log",
            "verify 1",
        ],
    );
}

#[test]
fn a_target_may_be_a_mounted_disk_or_have_one_in_it() {
    check(
        r#"mkdir -p s m; echo 1 >s/f; mount -t tmpfs -o size=2m none m
        $T copy -q s m 2>err; echo =copy $?; grep -c -- --update err | sed 's/^/=/'
        $T copy -q --update s m; echo =first $?; echo 22 >s/f
        $T copy --update --json -q s m | grep -o '"files": 1,' | sed 's/^/=/'
        $T copy --update --json -q s m | grep -oE '"(files|adjusted)": 0' | sed 's/^/=/'
        $T verify -q m s; echo =verify $?; ls -A m | sed 's/^/=/'
        mkdir -p t/d s/d; cp -p s/f t/; mount -t tmpfs -o size=2m none t/d; echo q >s/d/q
        $T copy -q --update s t; echo =below $?; cat t/d/q | sed 's/^/=/'; ls -A t/d | sed 's/^/=/'
        $T copy --update --json -q s t | grep -oE '"(files|adjusted)": 0' | sed 's/^/=/'"#,
        &[],
        &[
            "copy 3",
            "1",
            "first 0",
            "\"files\": 1,",
            "\"files\": 0",
            "\"adjusted\": 0",
            "verify 0",
            "f",
            "below 0",
            "q",
            "q",
            "\"files\": 0",
            "\"adjusted\": 0",
        ],
    );
}

#[test]
fn what_is_mounted_in_a_folder_that_goes_is_not_emptied() {
    check(
        r"mkdir -p s t home; echo 1 >s/a; echo 1 >s/b; $T copy -q --update s t; echo dear >home/letter
        mkdir -p t/gone/in; echo x >t/gone/x; mount --bind home t/gone/in
        $T copy -q --update --delete-all s t; echo =update $?
        cat home/letter | sed 's/^/=/'; ls t t/gone | sed 's/^/=/'
        umount t/gone/in; $T copy -q --update --delete-all s t; echo =again $?; ls t | sed 's/^/=/'",
        &[],
        &[
            "update 4", "dear", "t:", "a", "b", "gone", "", "t/gone:", "in", "again 0", "a", "b",
        ],
    );
}

#[test]
fn a_root_is_followed_everywhere() {
    check(
        r"mkdir -p releases/v1 bak v real; echo data >releases/v1/f; ln -s releases/v1 current
        $T copy -q --dry-run current bak/a; $T copy -q current bak/a; echo =copy $?
        test -d bak/a -a ! -L bak/a && echo =a folder; cat bak/a/f | sed 's/^/=/'
        $T copy -q --verify current bak/c; echo =verified $?
        $T verify -q bak/a current; echo =verify $?
        $T copy -q --update current bak/a; echo =update $?
        ln -s ../real bak/link; $T copy -q --update current bak/link; echo =through $?; ls real | sed 's/^/=/'
        $T volume copy -q --volumes v ./current new; echo =volume $?; ls v/new | sed 's/^/=/'
        ln -s nowhere dangling; $T copy -q dangling bak/d; echo =dangling $?",
        &[],
        &[
            "copy 0",
            "a folder",
            "data",
            "verified 0",
            "verify 0",
            "update 0",
            "through 0",
            "f",
            "volume 0",
            "f",
            "dangling 2",
        ],
    );
}

#[test]
fn links_from_outside_of_the_tree_dont_count() {
    check(
        r#"mkdir base x; for i in 1 2 3; do echo $i >base/$i; done; cp -al base snap
        n() { $T copy -q --json --update "$@" | grep -oE '"(files|adjusted)": [0-9]*' | tr '\n' ' '; echo; }
        $T copy -q snap t; $T copy --dry-run --json -q --update snap t | sed -n 's/^ *"differences"/=&/p'
        echo "=$(n snap t)"; $T verify -q t snap; echo =verify $?
        ln base/1 x/1; ln base/1 x/2; $T copy -q --exclude 2 x y; echo "=$(n --exclude 2 x y)"
        cp -al t kept; chmod 600 snap/1; echo "=$(n snap t)"; stat -c =%a kept/1"#,
        &[],
        &[
            "  \"differences\": []",
            "\"files\": 0 \"adjusted\": 0 ",
            "verify 0",
            "\"files\": 0 \"adjusted\": 0 ",
            "\"files\": 1 \"adjusted\": 1 ",
            "644",
        ],
    );
}

#[test]
fn a_manifest_gets_the_mode_that_a_redirection_would_give_it() {
    check(
        r"mkdir -m 700 s; echo 1 >s/secret-name
        for u in 077 022 007; do (umask $u; $T manifest -q s -o a$u; $T manifest s >b$u); done
        stat -c '=%a' a077 b077 a022 b022 a007 b007",
        &[],
        &["600", "600", "644", "644", "660", "660"],
    );
}

#[test]
fn manifests_are_read_as_other_programs_write_them() {
    check(
        r"mkdir s; echo 1 >s/ő; mtree -c -K sha256 -p s >m; $T verify -q s m; echo =meta $?
        rm s/ő; echo 2 >s/$'a\x01b c#\\'; mtree -c -K sha256 -p s >m; $T verify -q s m; echo =control $?
        rm s/*; echo 3 >s/ok; echo 4 >s/$'new\nline'
        (cd s; sha256sum --tag * >../tag; sha256sum -z * >../z; (echo '# today'; echo; sha256sum *) >../cm
          sha256sum ok *line | sed 's/$/\r/' >../crlf; printf '\xef\xbb\xbf' | cat - ../cm >../bom
          sha256sum -z --tag * >../ztag)
        for f in tag z cm crlf bom ztag; do $T verify -q s $f; echo =$f $?; done; echo 5 >s/ok
        for f in tag z cm crlf bom ztag; do $T verify -q s $f; echo =$f $?; done",
        &["mtree", "sha256sum"],
        &[
            "meta 0",
            "control 0",
            "tag 0",
            "z 0",
            "cm 0",
            "crlf 0",
            "bom 0",
            "ztag 0",
            "tag 1",
            "z 1",
            "cm 1",
            "crlf 1",
            "bom 1",
            "ztag 1",
        ],
    );
}

#[test]
fn a_target_that_keeps_whole_seconds_is_updated_once_and_says_what_it_lost() {
    check(
        r#"truncate -s 8m i; mkfs.ext4 -q -I 128 i 2>/dev/null; mkdir m s; mount -o loop i m
        mkdir s/d; echo 1 >s/f; touch -d '2024-01-01 00:00:00.5' s/d s/f; touch -d 2024-01-01 s
        $T copy -q s m/t 2>/dev/null; echo =copy $?
        for n in 1 2; do
          $T copy -q --json --update s m/t 2>err | grep -oE '"(files|adjusted)": 0' | sed 's/^/=/'
          grep -c 'times not kept' err | sed 's/^/=/'; done
        $T copy -q --update s m/t 2>/dev/null; echo =update $?; $T verify -q m/t s; echo =verify $?
        umount m"#,
        &["mkfs.ext4"],
        &[
            "copy 4",
            "\"files\": 0",
            "\"adjusted\": 0",
            "2",
            "\"files\": 0",
            "\"adjusted\": 0",
            "2",
            "update 4",
            "verify 1",
        ],
    );
}

#[test]
fn more_attributes_than_the_system_lists_are_not_kept_and_said() {
    // Nothing but xfs has room for as many; and that not in the bounds of the others.
    if !need::root() || !need::program("mkfs.xfs") || !need::program("python3") {
        return;
    }
    let script = r"set -u; truncate -s 320m i; mkfs.xfs -q i; mkdir m; mount -o loop i m || exit 0
        mkdir m/s; echo 1 >m/s/f; python3 -c '
import os
for i in range(400): os.setxattr(`m/s/f`, `user.` + `n`*200 + str(i), b``)
'
        $T copy -q m/s m/t 2>err; echo =copy $?; grep -c 'f: extended attribute not kept' err | sed 's/^/=/'
        $T copy -q --update m/s m/t 2>/dev/null; echo =update $?; cat m/t/f | sed 's/^/=/'
        $T verify -q m/t m/s; echo =verify $?; $T manifest m/s -q -o x 2>err; echo =manifest $?
        grep -c '^warning: f: ' err | sed 's/^/=/'; umount m"
        .replace('`', "\"");
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command
        .args(["-m", "timeout", "60", "bash", "-c", &script])
        .env("T", env!("CARGO_BIN_EXE_transship"))
        .current_dir(folder.path());
    let ran = Ran::of(&mut command);
    let lines = ran.out.lines().filter_map(|line| line.strip_prefix('='));
    let said: String = lines.flat_map(|line| [line, " "]).collect();
    let expected = "copy 4 1 update 4 1 verify 1 manifest 0 1 ";
    assert!(said == expected || said.is_empty(), "{said}\n{}", ran.err);
}

#[test]
fn what_looks_like_a_mistake_is_asked_about_before_anything_goes() {
    check(
        r"mkdir -p mnt bak/d home/letters s few; for i in 1 2 3; do echo $i >bak/d/$i; done
        echo dear >home/letters/x; echo 1 >s/a
        $T copy -q --update mnt bak; echo =empty $?; ls bak/d | wc -l | sed 's/^/=/'
        $T copy -q --update s home; echo =strange $?; ls home | sed 's/^/=/'
        for i in 1 2 3 4; do echo $i >few/$i; done; $T copy -q --update few all; rm few/[123]
        $T copy -q --update few all; echo =half $?; ls all | wc -l | sed 's/^/=/'
        $T copy -q --update --max-delete 2 few all; echo =most $?; ls all | wc -l | sed 's/^/=/'
        $T copy -q --update --max-delete 3 few all; echo =allowed $?; ls all | sed 's/^/=/'
        $T copy --update --delete-all mnt bak | sed 's/^/=/'; ls bak | wc -l | sed 's/^/=/'
        $T copy --update --dry-run s home >/dev/null 2>&1; echo =foretold $?",
        &[],
        &[
            "empty 3",
            "3",
            "strange 3",
            "letters",
            "half 3",
            "4",
            "most 3",
            "4",
            "allowed 0",
            "4",
            "copied 0 files, 0 B, to bak, 4 removed, 1 adjusted",
            "0",
            "foretold 3",
        ],
    );
}

#[test]
fn an_update_gets_past_flags_that_lock_and_leaves_them_as_the_source_has_them() {
    let text = r#"truncate -s 8m i; mkfs.ext4 -q i; mkdir m; mount -o loop i m || exit; cd m
        mkdir -p s/d t/gone/shut; chmod 500 t/gone/shut; chattr +a t t/gone/shut || exit
        echo 1 >s/f; ln s/f s/d/g; chattr +a s/f; chmod 500 s
        $T copy -q --update --delete-all s t; echo =update $?; $T verify -q t s; echo =verify $?
        stat -c =%h t/f; lsattr -d t t/f | cut -c6 | sed 's/^/=/'
        $T copy -q --update --json s t | grep -oE '"(files|adjusted)": 0' | sed 's/^/=/'
        mkdir s2 t/d/k; $T copy -q --update --delete-all --exclude k s2 t; echo =stays $?
        n() { $T copy -q --json --update --exclude k s2 t 2>/dev/null | grep -oE '"adjusted": .'; }
        chmod 500 s2; n | sed 's/^/=/'; n | sed 's/^/=/'; chattr -a s/f"#;
    check(
        text,
        &["mkfs.ext4", "chattr"],
        &[
            "update 0",
            "verify 0",
            "2",
            "-",
            "a",
            "\"files\": 0",
            "\"adjusted\": 0",
            "stays 4",
            "\"adjusted\": 1",
            "\"adjusted\": 0",
        ],
    );
}

#[test]
fn a_volume_is_updated_with_the_same_care_as_a_tree() {
    check(
        r"mkdir -p v/empty v/home/letters v/few; echo dear >v/home/letters/x
        for i in 1 2 3 4; do echo $i >v/few/$i; done; touch -d @1500000000.5 v/home
        copy() { $T volume copy -q --volumes v --update $@; echo =$?; }
        copy few all; rm v/few/[123]; copy few all; ls v/all | wc -l | sed 's/^/=/'
        copy few all --max-delete 2; ls v/all | wc -l | sed 's/^/=/'
        copy few all --max-delete 3; ls v/all | sed 's/^/=/'
        copy empty home; copy few home; copy few few; copy few ./v/few --delete-all
        ls v/home | sed 's/^/=/'; date -r v/home +=%s.%1N; ls -A v | grep -c transship | sed 's/^/=/'
        copy empty new --delete-all; copy empty home --delete-all; ls v/home | wc -l | sed 's/^/=/'
        $T volume copy -q --volumes v few x --delete-all; echo =alone $?",
        &[],
        &[
            "0",
            "3",
            "4",
            "3",
            "4",
            "0",
            "4",
            "3",
            "3",
            "3",
            "3",
            "letters",
            "1500000000.5",
            "0",
            "0",
            "0",
            "0",
            "alone 2",
        ],
    );
}

#[test]
fn folders_that_keep_their_owner_out_are_opened_for_the_time() {
    check(
        r"chmod 777 .; mkdir -p s/ro/in; echo 1 >s/ro/f; chown -R 999:999 s; chmod 555 s/ro
        n() { setpriv --reuid=999 --regid=999 --clear-groups $T copy -q --update s t; echo =$?; }
        n; chmod 755 s/ro; echo 2 >s/ro/g; rm s/ro/f; chown 999:999 s/ro/g; chmod 555 s/ro; n
        ls t/ro | sed 's/^/=/'; stat -c =%a t/ro; setpriv --reuid=999 --regid=999 --clear-groups $T verify -q t s; echo =verify $?",
        &["setpriv"],
        &["0", "0", "g", "in", "555", "verify 0"],
    );
}

#[test]
fn folders_with_flags_are_unlocked_for_the_time_and_locked_again() {
    let text = r"truncate -s 8m i; mkfs.ext4 -q i; mkdir m; mount -o loop i m || exit; cd m
        mkdir -p s/a s/i; echo 1 >s/a/1; echo 1 >s/i/1; echo 2 >s/i/2
        chattr +a s/a; chattr +i s/i || exit; $T copy -q s t; echo =copy $?
        chattr -a s/a; chattr -i s/i; rm s/i/1; echo 3 >s/a/3; echo 22 >s/a/1; chattr +a s/a; chattr +i s/i
        $T copy -q --update s t; echo =update $?; $T verify -q t s; echo =verify $?
        lsattr -d t/a t/i | cut -c5,6 | sed 's/^/=/'
        chattr -a s/a t/a; chattr -i s/i t/i; cd ..; umount m";
    check(
        text,
        &["mkfs.ext4", "chattr"],
        &["copy 0", "update 0", "verify 0", "-a", "i-"],
    );
}

#[test]
fn what_is_mounted_within_is_named_by_whoever_doesnt_look_into_it() {
    check(
        r"mkdir -p s/b t/b; mount -t tmpfs -o size=1m none s/b; echo data >s/b/x
        chmod --reference=s/b t/b; touch -r s/b t/b; touch -r s t
        $T verify t s | sed 's/^/=/'; $T verify -q t s; echo =$?; $T verify -q s t; echo =$?
        $T copy -q s u 2>/dev/null; echo =copy $?; $T manifest s 2>&1 >m | sed 's/^/=/'
        $T verify -q --cross-mounts s s; echo =crossed $?; $T verify -q t s --exclude b; echo =excluded $?",
        &[],
        &[
            "b: another filesystem is mounted there, and wasn't looked into",
            "1",
            "1",
            "copy 4",
            "warning: b: another filesystem is mounted there, and wasn't looked into",
            "crossed 0",
            "excluded 0",
        ],
    );
}

#[test]
fn a_mount_of_a_folder_in_itself_is_no_way_without_an_end() {
    check(
        r"mkdir -p s/a/b; echo 1 >s/f; mount --make-rprivate . ; mount --rbind s s/a/b
        $T verify -q --cross-mounts s s; echo =$?; $T copy -q --cross-mounts s t; echo =$?; ls | sed 's/^/=/'",
        &[],
        &["3", "3", "s"],
    );
}

#[test]
fn a_single_file_is_taken_by_every_verb() {
    check(
        r"echo 1 >f; $T copy -q f g; echo =copy $?; $T copy -q --update f g; echo =same $?
        $T verify -q f g; echo =verify $?; sleep 0.01; echo 2 >f; $T verify -q f g; echo =differs $?
        $T copy --update --dry-run f g >/dev/null 2>&1; echo =foretold $?; cat g | sed 's/^/=/'
        $T copy -q --update f g; echo =update $?; cat g | sed 's/^/=/'; $T verify -q g f; echo =verify $?
        $T manifest f -q -o m; $T verify -q g m; echo =manifest $?; $T verify -q m m; echo =itself $?
        mkdir s; echo 1 >s/a; $T copy -q --update s f; echo =onto $?; $T copy -q --update f s; echo =into $?
        $T copy -q f g; echo =taken $?; ls -A | tr '\n' ' ' | sed 's/^/=/'",
        &[],
        &[
            "copy 0",
            "same 0",
            "verify 0",
            "differs 1",
            "foretold 0",
            "1",
            "update 0",
            "2",
            "verify 0",
            "manifest 0",
            "itself 0",
            "onto 3",
            "into 3",
            "taken 3",
            "f g m s ",
        ],
    );
}

#[test]
fn a_manifest_that_never_comes_is_waited_for_until_the_first_signal() {
    check(
        r"mkdir t; echo x >t/f; mkfifo pipe; sleep 20 >pipe & s=$!
        $T verify -q t pipe & p=$!; sleep 1; kill -TERM $p; wait $p; echo =$?; kill $s",
        &[],
        &["130"],
    );
}
