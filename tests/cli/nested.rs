//! Trees that lie within each other, by whatever way: nothing copies itself into itself, nothing is
//! lost, and every verb ends.

use super::tree_cases::script;

/// How the two paths come to lead to one place: the commands that make `$A` and `$B` of the
/// outer folder `src` and the inner one `src/sub`.
const WAYS: [(&str, &str); 4] = [
    ("plain", "A=src; B=src/sub; S=src"),
    (
        "symlink",
        "ln -s src la; ln -s src/sub lb; A=src; B=lb; S=la",
    ),
    (
        "bind",
        "mkdir a b; mount --bind src a; mount --bind src/sub b; A=src; B=b; S=a",
    ),
    (
        "overlay",
        "mkdir low wa wb a b; mount -t overlay -o lowerdir=low,upperdir=src,workdir=wa none a && \
         A=src S=a; B=src/sub; mount -t overlay -o lowerdir=low,upperdir=src/sub,workdir=wb none b && B=b",
    ),
];

/// Source and target of each relation; `NEW` is where a new folder is to come.
const RELATIONS: [(&str, &str); 3] = [
    ("same", "SRC=$A; DST=$S; NEW=$S"),
    ("child", "SRC=$A; DST=$B; NEW=$B/new"),
    ("ancestor", "SRC=$B; DST=$A; NEW=$A"),
];

/// The verbs, and which exit codes are right.
const VERBS: [(&str, &str, &[&str]); 6] = [
    ("copy", "$T copy -q $SRC $NEW", &["3"]),
    (
        "update",
        // Without this, much would be refused for what it removes.
        "$T copy -q --update --delete-all $SRC $DST",
        &["3"],
    ),
    (
        "volume copy",
        "$T volume copy -q --volumes v ./$SRC ./$NEW",
        &["3"],
    ),
    (
        "volume copy --update",
        "$T volume copy -q --update --delete-all ./$SRC ./$DST",
        &["3"],
    ),
    (
        "merge -o",
        "$T merge -q base $SRC theirs -o $NEW",
        &["2", "3"],
    ),
    ("verify", "$T verify -q $SRC $DST", &["0", "1"]),
];

#[test]
fn nothing_is_copied_into_itself_whatever_way_leads_there() {
    for (way, make) in WAYS {
        for (relation, paths) in RELATIONS {
            for (verb, command, right) in VERBS {
                let text = format!(
                    "mkdir -p src/sub/deep base theirs v; echo 1 >src/f; echo 2 >src/sub/g
                    {make}
                    {paths}
                    look() {{ find src -printf '%p %y %s\\n' | sort; }}
                    look >before; {command}; echo =$?; look | diff before - >&2 && echo =unchanged"
                );
                let Some(ran) = script(&text, &[]) else {
                    return;
                };
                let said: Vec<&str> = ran
                    .out
                    .lines()
                    .filter_map(|l| l.strip_prefix('='))
                    .collect();
                let case = format!("{way}, {relation}, {verb}");
                // An overlay of the same tree is another tree, in which nothing differs.
                let same = (way, relation) == ("overlay", "same")
                    && ["update", "volume copy --update"].contains(&verb);
                let code = said.first().copied().unwrap_or_default();
                assert!(
                    right.contains(&code) || same && code == "0",
                    "{case}: {code}\n{}",
                    ran.err
                );
                assert_eq!(said.get(1), Some(&"unchanged"), "{case}\n{}", ran.err);
            }
        }
    }
}
