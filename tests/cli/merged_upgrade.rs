//! Upgrades that carry the administrator's edits onto the vendor's new files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::common::install::Install;
use super::common::program::Ran;

const COMPOSE: &str = "docker-compose.yml";

/// What the vendor shipped as v1.3.2, in a folder; the install has edits of it.
fn with_pristine() -> Install {
    let install = Install::adopted();
    let old = install.at("releases/v1.3.2");
    let shipped = install.at("shipped");
    fs::create_dir(&shipped).unwrap();
    let compose = fs::read_to_string(old.join(COMPOSE)).unwrap();
    let pristine = compose
        .replace("    name: v1_3_2_postgres_data\n", "")
        .replace(
            "name: v1_3_2_postgres_backups",
            "name: insight_postgres_backups",
        );
    fs::write(shipped.join(COMPOSE), pristine).unwrap();
    let edited = compose
        .replace("\"80:80\"", "\"8080:80\" # behind the proxy")
        .replace(
            "    restart: unless-stopped\n",
            "    restart: always\n    mem_limit: 2g\n",
        );
    fs::write(old.join(COMPOSE), edited).unwrap();
    let env = "# Acme Insight: settings of this site\nDOMAIN=localhost\nPOSTGRES_PASSWORD=change-me\n\
               SESSION_SECRET=change-me\n";
    fs::write(shipped.join(".env"), env).unwrap();
    fs::write(
        shipped.join("Caddyfile"),
        "{$DOMAIN} {\n\treverse_proxy web:8000\n}\n",
    )
    .unwrap();
    install
}

fn plan(install: &Install, more: &[&str]) -> Ran {
    let args = ["plan", "v2.10.5", "--from-release", "v2.10.5.tar.gz"];
    install.run(&[&args[..], more].concat())
}

fn new(install: &Install, name: &str) -> String {
    fs::read_to_string(install.at("releases/v2.10.5").join(name)).unwrap()
}

#[test]
fn edits_of_compose_env_and_caddyfile_come_along_and_so_does_what_is_new() {
    let install = with_pristine();
    let old = install.picture("releases/v1.3.2");
    let ran = plan(&install, &["--pristine", "shipped"]).exits(0);
    let ran = ran.prints("docker-compose.yml: ").prints("of yours kept");
    let ran = ran.prints("    new from the vendor: WORKERS\n");
    let ran = ran.prints("    yours: DOMAIN, POSTGRES_PASSWORD, SESSION_SECRET\n");
    assert!(!ran.out.contains("correct-horse"), "{}", ran.out);
    install.run(&["apply"]).exits(0);
    let compose = new(&install, COMPOSE);
    for text in [
        "- \"8080:80\"",
        "    restart: always\n",
        "    mem_limit: 2g\n",
        "  worker:\n    image: registry.example.com:5000/acme/insight-worker:v2.10.5\n",
        "insight-web:v2.10.5   # keep in step with VERSION\n",
        "caddy:2.8-alpine",
        "name: v2_10_5_postgres_data",
        "name: v2_10_5_postgres_backups   # nightly dumps, kept for a week",
    ] {
        assert!(compose.contains(text), "no {text} in\n{compose}");
    }
    assert!(!compose.contains("v1_3_2"), "{compose}");
    let env = new(&install, ".env");
    assert_eq!(
        env,
        "# Acme Insight: settings of this site\nDOMAIN=insight.example.org\n\
         POSTGRES_PASSWORD=correct-horse-battery-staple\nSESSION_SECRET='a b c # not a comment'\n\
         WORKERS=4\n"
    );
    let mode = install
        .at("releases/v2.10.5/.env")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(new(&install, "Caddyfile").contains("insight.example.org"));
    assert_eq!(install.picture("releases/v1.3.2"), old);
    install.run(&["rollback", "--discard", "--yes"]).exits(0);
    assert!(!install.at("releases/v2.10.5").exists());
}

#[test]
fn what_either_side_removed_is_listed() {
    let install = with_pristine();
    let env = fs::read_to_string(install.at("shipped/.env")).unwrap();
    fs::write(install.at("shipped/.env"), env + "WORKERS=4\nLEGACY=1\n").unwrap();
    let path = install.at("releases/v1.3.2/.env");
    let env = fs::read_to_string(&path).unwrap();
    fs::write(&path, env + "LEGACY=1\n").unwrap();
    plan(&install, &["--pristine", "shipped"])
        .exits(0)
        .prints("    removed by you: WORKERS\n    removed by the vendor: LEGACY\n");
}

#[test]
fn without_a_pristine_copy_edits_of_the_compose_file_are_a_question() {
    for (answer, is_kept) in [("--theirs", false), ("--ours", true)] {
        let install = with_pristine();
        let ran = plan(&install, &[]).exits(1).prints("--pristine PATH");
        let ran = ran.prints("yours says otherwise of `services.");
        ran.prints("from yours to the vendor's:")
            .prints("mem_limit");
        install.run(&["apply"]).exits(3).complains("--ours");
        plan(&install, &[answer, COMPOSE]).exits(0);
        install.run(&["apply"]).exits(0);
        let text = new(&install, COMPOSE);
        assert_eq!(text.contains("mem_limit"), is_kept, "{text}");
        assert!(
            text.contains("v2.10.5") && text.contains("name: v2_10_5_"),
            "{text}"
        );
    }
}

#[test]
fn what_a_staged_release_was_is_known_at_the_next_upgrade() {
    let install = Install::planned();
    install.run(&["apply"]).exits(0);
    let file = install.at("releases/v2.10.5").join(COMPOSE);
    let compose = fs::read_to_string(&file).unwrap();
    fs::write(&file, compose.replace("\"443:443\"", "\"8443:443\"")).unwrap();
    let next = install.at("v3.0.0");
    fs::create_dir(&next).unwrap();
    let story = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/story/v2.10.5/");
    let shipped = fs::read_to_string(format!("{story}{COMPOSE}")).unwrap();
    let shipped = shipped
        .replace("caddy:2.8-alpine", "caddy:2.9-alpine")
        .replace(":v2.10.5", ":v3.0.0");
    fs::write(next.join(COMPOSE), shipped).unwrap();
    install
        .run(&["plan", "v3.0.0", "--from-release", "v3.0.0"])
        .exits(0);
    install.run(&["apply"]).exits(0);
    let compose = fs::read_to_string(install.at("releases/v3.0.0").join(COMPOSE)).unwrap();
    for text in [
        "\"8443:443\"",
        "caddy:2.9-alpine",
        "insight-worker:v3.0.0",
        "name: v3_0_0_postgres_data",
    ] {
        assert!(compose.contains(text), "no {text} in\n{compose}");
    }
}

/// The vendor gives `DOMAIN` another default, and the administrator has changed it.
fn with_conflict() -> Install {
    let install = with_pristine();
    let env = fs::read_to_string(install.at("shipped/.env")).unwrap();
    let env = env.replace("DOMAIN=localhost", "DOMAIN=old.localhost");
    fs::write(install.at("shipped/.env"), env).unwrap();
    install
}

#[test]
fn a_conflict_is_shown_without_secrets_and_apply_refuses() {
    let install = with_conflict();
    let ran = plan(&install, &["--pristine", "shipped"]).exits(1);
    let ran = ran
        .prints("conflict: .env:DOMAIN")
        .prints("yours     line 2: insight.example.org")
        .prints("vendor's  line 2: localhost");
    ran.prints("--ours .env");
    install.run(&["apply"]).exits(3).complains("`.env:DOMAIN`");
    assert!(!install.at("releases/v2.10.5").exists());
    let json = plan(&install, &["--json"]).exits(1).json();
    assert_eq!(json["plan"]["conflicts"][0]["what"], "DOMAIN");
    // What is saved has no line of a file; what is shown has what the text shows.
    assert!(!json["plan"].to_string().contains("insight.example.org"));
    let env = fs::read_to_string(install.at("releases/v1.3.2/.env")).unwrap();
    let env = env.lines().filter_map(|line| line.split_once('='));
    let secrets: Vec<_> = env
        .filter(|(key, _)| key.contains("PASSWORD") || key.contains("SECRET"))
        .map(|(_, value)| value)
        .collect();
    assert_eq!(secrets.len(), 2);
    let document = json.to_string();
    assert!(secrets.iter().all(|secret| !document.contains(secret)));
    assert!(document.contains("POSTGRES_PASSWORD=********"));
}

#[test]
fn a_conflict_is_answered_by_an_option() {
    for (option, expect) in [("--ours", "insight.example.org"), ("--theirs", "localhost")] {
        let install = with_conflict();
        plan(&install, &["--pristine", "shipped", option, ".env:DOMAIN"]).exits(0);
        install.run(&["apply"]).exits(0);
        let env = new(&install, ".env");
        assert!(env.contains(&format!("DOMAIN={expect}\n")), "{env}");
        assert!(env.contains("POSTGRES_PASSWORD=correct-horse"), "{env}");
    }
}

#[test]
fn a_conflict_is_answered_by_an_edited_file() {
    let install = with_conflict();
    plan(&install, &["--pristine", "shipped"]).exits(1);
    let marked = install.at(".transship/merge/v2.10.5/.env.merge");
    let text = fs::read_to_string(&marked).unwrap();
    assert!(text.contains("<<<<<<<"), "{text}");
    let mode = marked.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let resolved = install.at(".transship/merge/v2.10.5/.env");
    fs::write(&resolved, &text).unwrap();
    plan(&install, &[]).exits(1);
    fs::write(&resolved, "DOMAIN=both\nPOSTGRES_PASSWORD=x\n").unwrap();
    plan(&install, &[]).exits(0).prints("as you resolved it");
    fs::write(&resolved, "DOMAIN=changed\nPOSTGRES_PASSWORD=x\n").unwrap();
    install.run(&["apply"]).exits(3).complains("stale");
    plan(&install, &[]).exits(0);
    install.run(&["apply"]).exits(0);
    assert_eq!(
        new(&install, ".env"),
        "DOMAIN=changed\nPOSTGRES_PASSWORD=x\n"
    );
    assert!(!marked.exists());
}

#[test]
fn a_file_that_changes_after_the_plan_is_drift() {
    let install = with_pristine();
    plan(&install, &["--pristine", "shipped"]).exits(0);
    fs::write(install.at("releases/v1.3.2/.env"), "DOMAIN=other\n").unwrap();
    install.run(&["apply"]).exits(3).complains("stale");
}

#[test]
fn what_is_called_secret_is_masked_in_a_conflict() {
    let install = with_conflict();
    fs::write(install.at("transship.yml"), "secrets: [domain]\n").unwrap();
    let ran = plan(&install, &["--pristine", "shipped"]).exits(1);
    ran.prints("yours     line 2: ********")
        .prints("vendor's  line 2: ********");
}

#[test]
fn a_conflict_is_answered_by_the_recipe_and_an_option_wins_over_it() {
    let recipe = "merge: {theirs: ['.env:DOMAIN']}\n";
    for (options, expect) in [
        (&[][..], "localhost"),
        (&["--ours", ".env:DOMAIN"], "insight.example.org"),
    ] {
        let install = with_conflict();
        fs::write(install.at("transship.yml"), recipe).unwrap();
        plan(&install, &[&["--pristine", "shipped"], options].concat()).exits(0);
        install.run(&["apply"]).exits(0);
        let env = new(&install, ".env");
        assert!(env.contains(&format!("DOMAIN={expect}\n")), "{env}");
    }
}

#[test]
fn a_conflict_is_answered_by_settling_the_file_with_markers_itself() {
    let install = with_conflict();
    plan(&install, &["--pristine", "shipped"]).exits(1);
    let marked = install.at(".transship/merge/v2.10.5/.env.merge");
    let text = fs::read_to_string(&marked).unwrap();
    let half = text.replace("<<<<<<< mine\n", "");
    fs::write(&marked, &half).unwrap();
    plan(&install, &[]).exits(1);
    let kept = install.at(".transship/merge/v2.10.5/.env.merge~");
    assert_eq!(fs::read_to_string(kept).unwrap(), half);
    fs::write(&marked, "DOMAIN=settled\nPOSTGRES_PASSWORD=x\n").unwrap();
    plan(&install, &[]).exits(0).prints("as you resolved it");
    install.run(&["apply"]).exits(0);
    assert_eq!(
        new(&install, ".env"),
        "DOMAIN=settled\nPOSTGRES_PASSWORD=x\n"
    );
}

#[test]
fn an_answer_to_no_conflict_is_told() {
    let install = with_conflict();
    let options = ["--pristine", "shipped", "--ours", ".env:DOMIAN"];
    plan(&install, &options)
        .exits(1)
        .prints("`.env:DOMIAN`: answers no conflict");
}

const OVERRIDE: &str = "docker-compose.override.yml";

/// An override of the administrator's, with a volume of its own that runs from an image of
/// the release.
fn with_override(install: &Install) {
    let text = "services:\n  web:\n    mem_limit: 3g\n  extra:\n    \
                image: registry.example.com:5000/acme/insight-extra:v1.3.2\n    \
                volumes: ['extra:/data']\nvolumes:\n  extra:\n    name: v1_3_2_extra\n";
    fs::write(install.at("releases/v1.3.2").join(OVERRIDE), text).unwrap();
    fs::create_dir_all(install.at("volumes/v1_3_2_extra")).unwrap();
    fs::write(install.at("volumes/v1_3_2_extra/file"), "data").unwrap();
}

#[test]
fn an_override_of_mine_comes_along_with_its_volumes() {
    for pristine in [["--theirs", COMPOSE], ["--pristine", "shipped"]] {
        let install = with_pristine();
        with_override(&install);
        let ran = plan(&install, &pristine).exits(0);
        ran.prints("`docker-compose.override.yml`: not the vendor's, and carried");
        install.run(&["apply"]).exits(0);
        let text = new(&install, OVERRIDE);
        assert!(text.contains("mem_limit: 3g"), "{text}");
        assert!(text.contains("insight-extra:v2.10.5"), "{text}");
        assert!(text.contains("name: v2_10_5_extra"), "{text}");
        let copied = install.at("volumes/v2_10_5_extra/file");
        assert_eq!(fs::read_to_string(copied).unwrap(), "data");
        install.run(&["rollback", "--discard", "--yes"]).exits(0);
        assert!(!install.at("releases/v2.10.5").exists());
    }
}

#[test]
fn edits_are_written_as_an_override_if_that_is_asked_for() {
    let install = with_pristine();
    let options = ["--pristine", "shipped", "--as-override"];
    plan(&install, &options)
        .exits(0)
        .prints("write the edits of releases/v1.3.2/docker-compose.yml as")
        .prints("+    mem_limit: 2g");
    install.run(&["apply"]).exits(0);
    let text = new(&install, OVERRIDE);
    for edit in [
        "!override",
        "\"8080:80\"",
        "mem_limit: 2g",
        "restart: always",
    ] {
        assert!(text.contains(edit), "no {edit} in\n{text}");
    }
    let compose = new(&install, COMPOSE);
    assert!(
        compose.contains("\"80:80\"") && !compose.contains("mem_limit"),
        "{compose}"
    );
    let old = install.at("releases/v1.3.2").join(COMPOSE);
    let mode = |path: std::path::PathBuf| path.metadata().unwrap().permissions().mode();
    assert_eq!(
        mode(install.at("releases/v2.10.5").join(OVERRIDE)),
        mode(old)
    );
    install.run(&["rollback", "--discard", "--yes"]).exits(0);
    assert!(!install.at("releases/v2.10.5").exists());
}

#[test]
fn an_override_is_not_written_where_it_would_not_be_read_or_not_be_known() {
    let install = with_pristine();
    plan(&install, &["--as-override"])
        .exits(3)
        .complains("`--pristine PATH`");
    with_override(&install);
    plan(&install, &["--pristine", "shipped", "--as-override"])
        .exits(3)
        .complains("leave out `--as-override`");
}

#[test]
fn what_differs_from_what_was_shipped_comes_along_and_what_is_astray_is_told() {
    let install = with_pristine();
    let old = install.at("releases/v1.3.2");
    let put = |folder: &std::path::Path, name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let shipped = install.at("shipped");
    for folder in [&old, &shipped] {
        put(folder, "scripts/same.sh", "same");
        put(folder, "scripts/mine.sh", "vendor");
    }
    put(&old, "scripts/mine.sh", "mine!!");
    put(&old, "notes/of/mine.txt", "mine");
    put(&shipped, "Caddyfile.example", "gone");
    let vendor = install.at("unpacked");
    fs::create_dir(&vendor).unwrap();
    let story = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/story/v2.10.5/");
    let compose = fs::read_to_string(format!("{story}{COMPOSE}")).unwrap();
    let without_recipe = compose.replace("x-transship:", "x-other:");
    put(&vendor, COMPOSE, &without_recipe);
    put(&vendor, "Caddyfile.example", "again");
    let args = [
        "plan",
        "v2.10.5",
        "--from-release",
        "unpacked",
        "--pristine",
        "shipped",
    ];
    install
        .run(&args)
        .exits(0)
        .prints("`Caddyfile.example`: you removed it from v1.3.2, and v2.10.5 has it again")
        .prints("`scripts/mine.sh`: carried, though the vendor ships it no longer with v2.10.5");
    install.run(&["apply"]).exits(0);
    assert_eq!(new(&install, "scripts/mine.sh"), "mine!!");
    assert_eq!(new(&install, "notes/of/mine.txt"), "mine");
    assert!(!install.at("releases/v2.10.5/scripts/same.sh").exists());
}

#[test]
fn a_tag_that_would_hold_the_upgrade_back_is_said_of_a_merged_file_too() {
    let install = with_pristine();
    let env = install.at("releases/v1.3.2/.env");
    let text = fs::read_to_string(&env).unwrap();
    fs::write(&env, text + "TAG=v1.3.2\nIMAGE=acme/web:1.3.2-alpine\n").unwrap();
    for options in [["--theirs", COMPOSE], ["--pristine", "shipped"]] {
        plan(&install, &options)
            .exits(0)
            .prints("`TAG` in `.env` holds the old version, v1.3.2")
            .prints("`IMAGE` in `.env` holds the old version, v1.3.2");
    }
}
