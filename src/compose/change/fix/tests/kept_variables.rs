//! Variables whose values stay, since others have them from the same file.

use super::*;

/// What becomes of a file whose variables `kept` stay, and what is left.
#[track_caller]
fn check(own: &str, kept: &[&str], expect: &str, stale: &[&str]) {
    let beside = Beside {
        kept,
        ..Beside::of(own)
    };
    let fixed = beside.fixed(own, &rule());
    let after = String::from_utf8(fixed.files[0].bytes.clone()).unwrap();
    assert_eq!(after, expect);
    let changed: Vec<_> = fixed.variables.iter().map(|v| v.name.as_str()).collect();
    assert!(
        !changed.iter().any(|name| kept.contains(name)),
        "{changed:?}"
    );
    let left = fixed.stale.iter();
    let left: Vec<_> = left
        .map(|left| format!("{} {}", left.owner, left.reason))
        .collect();
    assert_eq!(left, stale);
    assert!(fixed.refusals.is_empty(), "{:?}", fixed.refusals);
}

const KEPT: &str = "another side has the value of the variable from the same file";

#[test]
fn a_port_is_written_out_for_a_variable_that_stays() {
    for (ports, expect) in [
        ("'${PORT}:80'", "'8180:80'"),
        ("'127.0.0.1:$PORT:80/tcp'", "'127.0.0.1:8180:80/tcp'"),
        ("'${PORT:-1}:${PORT}'", "'8180:${PORT}'"),
        (
            "{target: 80, published: '${PORT}'}",
            "{target: 80, published: '8180'}",
        ),
        ("'${RANGE}:80-81'", "'8185-8186:80-81'"),
        ("'${RANGE}:${RANGE}'", "'8185-8186:${RANGE}'"),
        ("'${UNSET:-8080}:80'", "'${UNSET:-8180}:80'"),
    ] {
        let text = |ports: &str| format!("services: {{web: {{image: x, ports: [{ports}]}}}}");
        let kept = ["PORT", "RANGE", "UNSET"];
        check(&text(ports), &kept, &text(expect), &[]);
    }
}

#[test]
fn a_port_that_cannot_be_written_out_is_refused() {
    let text = "services: {web: {image: x, ports: ['${UNSET:-${PORT}}:80']}}";
    let beside = Beside {
        kept: &["UNSET", "PORT"],
        ..Beside::of(text)
    };
    let fixed = beside.fixed(text, &rule());
    assert!(fixed.variables.is_empty());
    assert_eq!(
        fixed.refusals[0].to_string(),
        "/b/c.yml:1:36: the ports of `web` can't be changed: a variable within a variable holds the \
         port"
    );
}

#[test]
fn a_name_gets_its_suffix_behind_a_variable_that_stays_or_is_written_out() {
    let shop = |rest: &str, name: &str| shop(rest).replace("name: shop-db}", name);
    let check = |rest: &str, expect: &str, stale: &[&str]| {
        let expect = shop(expect, "name: shop-db-b}");
        check(
            &shop(rest, "name: shop-db}"),
            &["DB", "URL", "API"],
            &expect,
            stale,
        );
    };
    check(
        "    environment: {DB_HOST: '${DB}', A_URL: 'pg://${DB}:5432/x'}\n",
        "    environment: {DB_HOST: '${DB}-b', A_URL: 'pg://${DB}-b:5432/x'}\n",
        &[],
    );
    check(
        "    environment: {API: '${API}/v1'}\n",
        "    environment: {API: 'http://shop-db-b:80/$$x/v1'}\n",
        &[],
    );
    // A value with a password in it is no compose file's.
    let url = "    environment: {A_URL: '${URL}'}\n";
    check(url, url, &[&format!("web {KEPT}")]);
}

#[test]
fn a_variable_named_alone_that_stays_is_set_in_the_file() {
    let kept = ["DB_HOST", "API", "URL"];
    let before =
        shop("    environment: [DB_HOST, API, URL, 'A=b']\n    build: {args: [DB_HOST]}\n");
    let expect = before
        .replace("name: shop-db}", "name: shop-db-b}")
        .replace("DB_HOST", "DB_HOST=shop-db-b")
        .replace("API", "API=http://shop-db-b:80/$$x");
    check(&before, &kept, &expect, &[&format!("web {KEPT}")]);
    let before = shop("    environment: {DB_HOST: , A: b}\n");
    let expect = before.replace("name: shop-db}", "name: shop-db-b}");
    check(&before, &kept, &expect, &[&format!("web {KEPT}")]);
}

#[test]
fn an_env_file_that_is_made_of_a_variable_that_stays_is_told_of() {
    let text = shop("    env_file: web.env\n");
    let env = EnvFile::parse(Path::new("/b/web.env"), b"DB_HOST=${DB}\n").unwrap();
    let beside = Beside {
        kept: &["DB"],
        env_files: &[env],
        ..Beside::of(&text)
    };
    let fixed = beside.fixed(&text, &rule());
    assert!(fixed.variables.is_empty());
    let reasons: Vec<_> = fixed
        .stale
        .iter()
        .map(|left| left.reason.as_str())
        .collect();
    assert_eq!(reasons, [KEPT]);
}
